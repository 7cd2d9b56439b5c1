//! `aws_ec2_transit_gateway`. A deleted one stays in AWS's listing for a while.

use async_trait::async_trait;
use aws_sdk_ec2::types::TransitGateway;
use serde_json::{Value, json};

use super::ec2::{self, single};
use super::network;
use crate::aws::ReadError;
use crate::inventory::value::{attributes, ec2_tags};
use crate::inventory::{Kind, ListRequest, Listed, ScopeReader};
use crate::model::{Attributes, CompareRules, Live, PriorState};

pub(super) struct AwsEc2TransitGateway;

#[async_trait]
impl Kind for AwsEc2TransitGateway {
    fn name(&self) -> &'static str {
        "aws_ec2_transit_gateway"
    }

    fn actions(&self) -> &'static [&'static str] {
        &["ec2:DescribeTransitGateways"]
    }

    fn compare_rules(&self) -> CompareRules {
        CompareRules { normalize: Some(normalize), ..CompareRules::default() }
    }

    async fn list(&self, aws: &ScopeReader, _request: &ListRequest<'_>) -> Result<Listed, ReadError> {
        let gateways = ec2::transit_gateways(aws).await?;
        Ok(gateways.iter().filter(|gateway| is_there(gateway)).map(|gateway| live(aws, gateway)).collect())
    }

    async fn read(&self, aws: &ScopeReader, prior: &PriorState<'_>) -> Result<Option<Live>, ReadError> {
        let gateway = single::transit_gateway(aws, prior.id).await?;
        Ok(gateway.filter(|gateway| is_there(gateway)).map(|gateway| live(aws, &gateway)))
    }
}

fn is_there(gateway: &TransitGateway) -> bool {
    !gateway.state().is_some_and(|state| network::gone(state.as_str()))
}

/// <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_TransitGatewayOptions.html>: switches are `enable` and
/// `disable`.
fn live(aws: &ScopeReader, gateway: &TransitGateway) -> Live {
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
    let mut attributes = attributes(values);
    if let Some(state) = options.and_then(|o| o.encryption_support()).and_then(|support| support.encryption_state()) {
        attributes.insert("encryption_support".to_owned(), state.as_str().into());
    }
    Live { id: id.to_owned(), attributes, owner: network::owner(aws, gateway.owner_id()) }
}

fn normalize(values: &mut Attributes) {
    if let Some(Value::String(support)) = values.get_mut("encryption_support") {
        *support = switch(support).to_owned();
    }
}

/// The switch that a state of encryption comes from: AWS tells how far it is, Terraform what was asked for.
fn switch(state: &str) -> &str {
    match state {
        "enabled" | "enabling" => "enable",
        "disabled" | "disabling" => "disable",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encryption_is_a_switch() {
        assert_eq!(["enabling", "enabled", "disabled", "x"].map(switch), ["enable", "enable", "disable", "x"]);
    }
}
