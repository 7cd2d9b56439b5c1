//! `aws_ec2_transit_gateway`. A deleted one stays in AWS's listing for a while.

use async_trait::async_trait;
use aws_sdk_ec2::types::TransitGateway;
use serde_json::json;

use super::{ec2, network};
use crate::aws::{ReadError, not_found};
use crate::inventory::value::{attributes, ec2_tags};
use crate::inventory::{Kind, ListRequest, Listed, ScopeReader};
use crate::model::{Live, Owner, PriorState};

pub(super) struct AwsEc2TransitGateway;

#[async_trait]
impl Kind for AwsEc2TransitGateway {
    fn name(&self) -> &'static str {
        "aws_ec2_transit_gateway"
    }

    fn actions(&self) -> &'static [&'static str] {
        &["ec2:DescribeTransitGateways"]
    }

    async fn list(&self, aws: &ScopeReader, request: &ListRequest<'_>) -> Result<Listed, ReadError> {
        let gateways = ec2::transit_gateways(aws).await?;
        let ours = gateways.iter().filter(|gateway| {
            let id = gateway.transit_gateway_id().unwrap_or_default();
            is_there(gateway) && network::concerns(aws, &request, gateway.owner_id(), id)
        });
        Ok(ours.map(live).collect::<Vec<_>>().into())
    }

    async fn exists(&self, aws: &ScopeReader, desired: &PriorState<'_>) -> Result<bool, ReadError> {
        let call = aws.ec2().describe_transit_gateways().transit_gateway_ids(&desired.id).send();
        let answer = aws.call("ec2:DescribeTransitGateways", call).await;
        Ok(not_found(answer, &["InvalidTransitGatewayID.NotFound"])?
            .is_some_and(|answer| answer.transit_gateways().iter().any(is_there)))
    }
}

fn is_there(gateway: &TransitGateway) -> bool {
    !gateway.state().is_some_and(|state| network::gone(state.as_str()))
}

/// <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_TransitGatewayOptions.html>: switches are `enable` and
/// `disable`.
fn live(gateway: &TransitGateway) -> Live {
    let id = gateway.transit_gateway_id().unwrap_or_default();
    let options = gateway.options();
    let values = json!({
        "amazon_side_asn": options.and_then(|o| o.amazon_side_asn()),
        "arn": gateway.transit_gateway_arn(),
        "association_default_route_table_id": options.and_then(|o| o.association_default_route_table_id()),
        "auto_accept_shared_attachments":
            options.and_then(|o| o.auto_accept_shared_attachments()).map(|switch| switch.as_str()),
        "default_route_table_association":
            options.and_then(|o| o.default_route_table_association()).map(|switch| switch.as_str()),
        "default_route_table_propagation":
            options.and_then(|o| o.default_route_table_propagation()).map(|switch| switch.as_str()),
        "description": gateway.description(),
        "dns_support": options.and_then(|o| o.dns_support()).map(|switch| switch.as_str()),
        "id": id,
        "multicast_support": options.and_then(|o| o.multicast_support()).map(|switch| switch.as_str()),
        "owner_id": gateway.owner_id(),
        "propagation_default_route_table_id": options.and_then(|o| o.propagation_default_route_table_id()),
        "security_group_referencing_support":
            options.and_then(|o| o.security_group_referencing_support()).map(|switch| switch.as_str()),
        "tags_all": ec2_tags(gateway.tags()),
        "transit_gateway_cidr_blocks": options.map(|o| o.transit_gateway_cidr_blocks()).unwrap_or_default(),
        "vpn_ecmp_support": options.and_then(|o| o.vpn_ecmp_support()).map(|switch| switch.as_str()),
    });
    Live { id: id.to_owned(), attributes: attributes(values), owner: Owner::None }
}
