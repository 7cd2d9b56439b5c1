//! `aws_nat_gateway`. A deleted one stays in AWS's listing for about an hour.

use async_trait::async_trait;
use aws_sdk_ec2::types::{NatGateway, NatGatewayAddress};
use serde_json::{Value, json};

use super::ec2::{self, single};
use super::network;
use crate::aws::ReadError;
use crate::inventory::value::{attributes, ec2_tags, text};
use crate::inventory::{Kind, ListRequest, Listed, ScopeReader};
use crate::model::{Attributes, Live, OwnedField, Owner, PriorState};

pub(super) struct AwsNatGateway;

#[async_trait]
impl Kind for AwsNatGateway {
    fn name(&self) -> &'static str {
        "aws_nat_gateway"
    }

    fn actions(&self) -> &'static [&'static str] {
        &["ec2:DescribeNatGateways"]
    }

    async fn list(&self, aws: &ScopeReader, _request: &ListRequest<'_>) -> Result<Listed, ReadError> {
        let gateways = ec2::nat_gateways(aws).await?;
        Ok(gateways.iter().filter(|gateway| is_there(gateway)).map(live).collect())
    }

    async fn read(&self, aws: &ScopeReader, prior: &PriorState<'_>) -> Result<Option<Live>, ReadError> {
        let gateway = single::nat_gateway(aws, prior.id).await?;
        Ok(gateway.filter(|gateway| is_there(gateway)).map(|gateway| live(&gateway)))
    }

    /// An address shows the gateway's interface from the moment on that the gateway has it.
    fn owned_fields(&self, attributes: &Attributes) -> Vec<OwnedField> {
        let secondary = attributes.get("secondary_allocation_ids").and_then(Value::as_array).into_iter().flatten();
        let allocations = secondary.filter_map(Value::as_str).chain([text(attributes, "allocation_id")]);
        let part = |allocation: &str| OwnedField {
            parent_kind: "aws_eip",
            parent_id: allocation.to_owned(),
            attribute: "network_interface",
            element: None,
        };
        allocations.filter(|allocation| !allocation.is_empty()).map(part).collect()
    }
}

fn is_there(gateway: &NatGateway) -> bool {
    !gateway.state().is_some_and(|state| network::gone(state.as_str()))
}

/// One address is the primary one; AWS marks it, but did not always do so when it is the only one.
fn live(gateway: &NatGateway) -> Live {
    let id = gateway.nat_gateway_id().unwrap_or_default();
    let all = gateway.nat_gateway_addresses();
    let is_primary = |address: &&NatGatewayAddress| address.is_primary() == Some(true) || all.len() == 1;
    let primary = all.iter().find(is_primary);
    let secondary = || all.iter().filter(|address| !is_primary(address));
    let private: Vec<_> = secondary().filter_map(|a| a.private_ip()).filter(|ip| !ip.is_empty()).collect();
    let allocations: Vec<_> = secondary().filter_map(|a| a.allocation_id()).filter(|id| !id.is_empty()).collect();
    let values = json!({
        "allocation_id": primary.and_then(|address| address.allocation_id()),
        "association_id": primary.and_then(|address| address.association_id()),
        "connectivity_type": gateway.connectivity_type().map(|kind| kind.as_str()),
        "id": id,
        "network_interface_id": primary.and_then(|address| address.network_interface_id()),
        "private_ip": primary.and_then(|address| address.private_ip()),
        "public_ip": primary.and_then(|address| address.public_ip()),
        "secondary_allocation_ids": allocations,
        "secondary_private_ip_address_count": private.len(),
        "secondary_private_ip_addresses": private,
        "subnet_id": gateway.subnet_id(),
        "tags_all": ec2_tags(gateway.tags()),
    });
    Live { id: id.to_owned(), attributes: attributes(values), owner: Owner::None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn primary_and_secondary_addresses() {
        let address = |ip: &str, primary: Option<bool>| {
            NatGatewayAddress::builder().private_ip(ip).allocation_id(format!("e-{ip}")).set_is_primary(primary).build()
        };
        let one = NatGateway::builder().nat_gateway_addresses(address("10.0.0.1", None)).build();
        assert_eq!(live(&one).attributes["private_ip"], "10.0.0.1");
        assert_eq!(live(&one).attributes["secondary_private_ip_address_count"], 0);
        let two = NatGateway::builder()
            .nat_gateway_addresses(address("10.0.0.2", Some(false)))
            .nat_gateway_addresses(address("10.0.0.1", Some(true)))
            .build();
        assert_eq!(live(&two).attributes["allocation_id"], "e-10.0.0.1");
        assert_eq!(live(&two).attributes["secondary_private_ip_addresses"], json!(["10.0.0.2"]));
    }
}
