//! `aws_vpc_endpoint_route_table_association`: a gateway endpoint's routes in one table (its state id is a hash).
//! Owns its element of the endpoint's `route_table_ids`.

use async_trait::async_trait;
use aws_sdk_ec2::types::VpcEndpoint;
use serde_json::{Value, json};

use super::aws_vpc_endpoint;
use super::ec2::{self, single};
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
        let found = request.desired.iter().filter_map(|prior| {
            let known = prior.attributes();
            let id = text(&known, "vpc_endpoint_id");
            let endpoint = endpoints.iter().find(|endpoint| endpoint.vpc_endpoint_id() == Some(id))?;
            live(prior.id, &known, endpoint)
        });
        Ok(found.collect())
    }

    async fn read(&self, aws: &ScopeReader, prior: &PriorState<'_>) -> Result<Option<Live>, ReadError> {
        let known = prior.attributes();
        let (endpoint, table) = (text(&known, "vpc_endpoint_id"), text(&known, "route_table_id"));
        if endpoint.is_empty() || table.is_empty() {
            return Err(ReadError::unexpected(
                "ec2:DescribeVpcEndpoints",
                "the state names no endpoint or no route table",
            ));
        }
        Ok(single::vpc_endpoint(aws, endpoint).await?.and_then(|endpoint| live(prior.id, &known, &endpoint)))
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

/// The association, if the endpoint is there and has the route table that it names.
fn live(id: &str, known: &Attributes, endpoint: &VpcEndpoint) -> Option<Live> {
    let (endpoint_id, table) = (text(known, "vpc_endpoint_id"), text(known, "route_table_id"));
    let values = json!({"id": id, "route_table_id": table, "vpc_endpoint_id": endpoint_id});
    let owner = Owner::Parent { kind: ENDPOINT, id: endpoint_id.to_owned() };
    let live = Live { id: id.to_owned(), attributes: attributes(values), owner };
    let has = endpoint.route_table_ids().iter().any(|id| id == table);
    (has && aws_vpc_endpoint::is_there(endpoint)).then_some(live)
}
