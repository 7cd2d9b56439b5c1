//! `aws_vpc_endpoint_route_table_association`: a gateway endpoint's routes in one table (its state id is a hash).
//! Speaks for its element of the endpoint's `route_table_ids`.

use async_trait::async_trait;
use aws_sdk_ec2::types::VpcEndpoint;
use serde_json::{Value, json};

use super::{aws_vpc_endpoint, ec2};
use crate::aws::ReadError;
use crate::inventory::value::{attributes, text};
use crate::inventory::{Kind, ListRequest, Listed, ScopeReader};
use crate::model::{Attributes, Live, OwnedField, Owner, PriorState};

pub(super) struct AwsVpcEndpointRouteTableAssociation;

const ENDPOINT: &str = "aws_vpc_endpoint";

#[async_trait]
impl Kind for AwsVpcEndpointRouteTableAssociation {
    fn name(&self) -> &'static str {
        "aws_vpc_endpoint_route_table_association"
    }

    fn actions(&self) -> &'static [&'static str] {
        &["ec2:DescribeVpcEndpoints"]
    }

    async fn list(&self, aws: &ScopeReader, request: &ListRequest<'_>) -> Result<Listed, ReadError> {
        if request.desired.is_empty() {
            return Ok(Listed::default());
        }
        let endpoints = ec2::vpc_endpoints(aws).await?;
        let live = request.desired.iter().filter_map(|desired| {
            let known = desired.attributes();
            let id = text(&known, "vpc_endpoint_id");
            let endpoint = endpoints.iter().find(|endpoint| endpoint.vpc_endpoint_id() == Some(id))?;
            has(endpoint, &known).then(|| live(&desired.id, &known))
        });
        Ok(live.collect::<Vec<_>>().into())
    }

    async fn exists(&self, aws: &ScopeReader, desired: &PriorState<'_>) -> Result<bool, ReadError> {
        let known = desired.attributes();
        let (endpoint, table) = (text(&known, "vpc_endpoint_id"), text(&known, "route_table_id"));
        if endpoint.is_empty() || table.is_empty() {
            return Err(ReadError::unexpected(
                "ec2:DescribeVpcEndpoints",
                "the state names no endpoint or no route table",
            ));
        }
        Ok(aws_vpc_endpoint::find(aws, endpoint).await?.is_some_and(|endpoint| has(&endpoint, &known)))
    }

    fn owned_fields(&self, attributes: &Attributes) -> Vec<OwnedField> {
        vec![OwnedField {
            parent_kind: ENDPOINT,
            parent_id: text(attributes, "vpc_endpoint_id").to_owned(),
            attribute: "route_table_ids",
            element: Some(Value::from(text(attributes, "route_table_id"))),
        }]
    }
}

fn has(endpoint: &VpcEndpoint, known: &Attributes) -> bool {
    let table = text(known, "route_table_id");
    aws_vpc_endpoint::is_there(endpoint) && endpoint.route_table_ids().iter().any(|id| id == table)
}

fn live(id: &str, known: &Attributes) -> Live {
    let (endpoint, table) = (text(known, "vpc_endpoint_id"), text(known, "route_table_id"));
    let values = json!({"id": id, "route_table_id": table, "vpc_endpoint_id": endpoint});
    let owner = Owner::Parent { kind: ENDPOINT, id: endpoint.to_owned() };
    Live { id: id.to_owned(), attributes: attributes(values), owner }
}
