//! `aws_ec2_transit_gateway_route_table`. The default ones come with the gateway.

use async_trait::async_trait;
use aws_sdk_ec2::types::TransitGatewayRouteTable;
use serde_json::json;

use super::ec2::{self, single};
use super::network;
use crate::aws::ReadError;
use crate::inventory::value::{attributes, ec2_tags};
use crate::inventory::{Kind, ListRequest, Listed, ScopeReader};
use crate::model::{Live, Owner, PriorState};

pub(super) struct AwsEc2TransitGatewayRouteTable;

#[async_trait]
impl Kind for AwsEc2TransitGatewayRouteTable {
    fn name(&self) -> &'static str {
        "aws_ec2_transit_gateway_route_table"
    }

    fn actions(&self) -> &'static [&'static str] {
        &["ec2:DescribeTransitGatewayRouteTables"]
    }

    async fn list(&self, aws: &ScopeReader, _request: &ListRequest<'_>) -> Result<Listed, ReadError> {
        let tables = ec2::transit_gateway_route_tables(aws).await?;
        Ok(tables.iter().filter(|table| is_there(table)).map(|table| live(aws, table)).collect())
    }

    async fn read(&self, aws: &ScopeReader, prior: &PriorState<'_>) -> Result<Option<Live>, ReadError> {
        let table = single::transit_gateway_route_table(aws, prior.id).await?;
        Ok(table.filter(|table| is_there(table)).map(|table| live(aws, &table)))
    }
}

fn is_there(table: &TransitGatewayRouteTable) -> bool {
    !table.state().is_some_and(|state| network::gone(state.as_str()))
}

fn live(aws: &ScopeReader, table: &TransitGatewayRouteTable) -> Live {
    let id = table.transit_gateway_route_table_id().unwrap_or_default();
    let gateway = table.transit_gateway_id().unwrap_or_default();
    let association = table.default_association_route_table() == Some(true);
    let propagation = table.default_propagation_route_table() == Some(true);
    let values = json!({
        "arn": network::arn(aws, None, &format!("transit-gateway-route-table/{id}")),
        "default_association_route_table": association,
        "default_propagation_route_table": propagation,
        "id": id,
        "tags_all": ec2_tags(table.tags()),
        "transit_gateway_id": gateway,
    });
    let owner = if association || propagation {
        Owner::Parent { kind: "aws_ec2_transit_gateway", id: gateway.to_owned() }
    } else {
        Owner::None
    };
    Live { id: id.to_owned(), attributes: attributes(values), owner }
}
