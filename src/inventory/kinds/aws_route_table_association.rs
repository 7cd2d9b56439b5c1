//! `aws_route_table_association`: of a subnet or a gateway with a table. Out of the listing of route tables.

use async_trait::async_trait;
use aws_sdk_ec2::types::{RouteTable, RouteTableAssociation};
use serde_json::json;

use super::{ec2, network};
use crate::aws::ReadError;
use crate::inventory::value::attributes;
use crate::inventory::{Kind, ListRequest, Listed, ScopeReader};
use crate::model::{Live, Owner, PriorState};

pub(super) struct AwsRouteTableAssociation;

#[async_trait]
impl Kind for AwsRouteTableAssociation {
    fn name(&self) -> &'static str {
        "aws_route_table_association"
    }

    fn actions(&self) -> &'static [&'static str] {
        &["ec2:DescribeRouteTables"]
    }

    async fn list(&self, aws: &ScopeReader, request: &ListRequest<'_>) -> Result<Listed, ReadError> {
        if request.desired.is_empty() {
            return Ok(Listed::default());
        }
        let tables = ec2::route_tables(aws).await?;
        Ok(tables.iter().flat_map(associations).map(live).collect())
    }

    async fn read(&self, aws: &ScopeReader, prior: &PriorState<'_>) -> Result<Option<Live>, ReadError> {
        let tables = tables_with(aws, prior.id).await?;
        Ok(tables.iter().flat_map(associations).map(live).find(|live| live.id == prior.id))
    }
}

/// The tables that have this association: none when there is no such association.
pub(super) async fn tables_with(aws: &ScopeReader, id: &str) -> Result<Vec<RouteTable>, ReadError> {
    let filter = network::filter("association.route-table-association-id", id);
    let call = aws.ec2().describe_route_tables().filters(filter).send();
    let absent = ["InvalidAssociationID.NotFound"];
    ec2::items(aws, "ec2:DescribeRouteTables", call, &absent, |answer| answer.route_tables).await
}

pub(super) fn associations(table: &RouteTable) -> impl Iterator<Item = &RouteTableAssociation> {
    table.associations().iter().filter(|association| is_there(association))
}

fn is_there(association: &RouteTableAssociation) -> bool {
    association.association_state().and_then(|state| state.state()).is_none_or(|s| s.as_str() != "disassociated")
}

fn live(association: &RouteTableAssociation) -> Live {
    let id = association.route_table_association_id().unwrap_or_default();
    let table = association.route_table_id().unwrap_or_default();
    let values = json!({
        "gateway_id": association.gateway_id(),
        "id": id,
        "route_table_id": table,
        "subnet_id": association.subnet_id(),
    });
    let owner = Owner::Parent { kind: "aws_route_table", id: table.to_owned() };
    Live { id: id.to_owned(), attributes: attributes(values), owner }
}
