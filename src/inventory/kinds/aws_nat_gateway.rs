//! `aws_nat_gateway`. A deleted one stays in AWS's listing for about an hour.

use std::collections::BTreeMap;

use async_trait::async_trait;
use aws_sdk_ec2::types::{AvailabilityMode, NatGateway, NatGatewayAddress};
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

    async fn list(&self, aws: &ScopeReader, request: &ListRequest<'_>) -> Result<Listed, ReadError> {
        let gateways = ec2::nat_gateways(aws).await?;
        let there = gateways.iter().filter(|gateway| is_there(gateway));
        Ok(there.map(|gateway| live(gateway, request.prior(gateway.nat_gateway_id().unwrap_or_default()))).collect())
    }

    async fn read(&self, aws: &ScopeReader, prior: &PriorState<'_>) -> Result<Option<Live>, ReadError> {
        let gateway = single::nat_gateway(aws, prior.id).await?;
        Ok(gateway.filter(|gateway| is_there(gateway)).map(|gateway| live(&gateway, Some(*prior))))
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
fn live(gateway: &NatGateway, prior: Option<PriorState<'_>>) -> Live {
    let id = gateway.nat_gateway_id().unwrap_or_default();
    let all = gateway.nat_gateway_addresses();
    let is_primary = |address: &&NatGatewayAddress| address.is_primary() == Some(true) || all.len() == 1;
    let primary = all.iter().find(is_primary);
    let secondary = || all.iter().filter(|address| !is_primary(address));
    let private: Vec<_> = secondary().filter_map(|a| a.private_ip()).filter(|ip| !ip.is_empty()).collect();
    let allocations: Vec<_> = secondary().filter_map(|a| a.allocation_id()).filter(|id| !id.is_empty()).collect();
    let mut values = attributes(json!({
        "allocation_id": primary.and_then(|address| address.allocation_id()),
        "association_id": primary.and_then(|address| address.association_id()),
        "auto_provision_zones": gateway.auto_provision_zones().map(|state| state.as_str()),
        "auto_scaling_ips": gateway.auto_scaling_ips().map(|state| state.as_str()),
        "availability_mode": gateway.availability_mode().map(|mode| mode.as_str()),
        "availability_zone_address": [],
        "connectivity_type": gateway.connectivity_type().map(|kind| kind.as_str()),
        "id": id,
        "network_interface_id": primary.and_then(|address| address.network_interface_id()),
        "private_ip": primary.and_then(|address| address.private_ip()),
        "public_ip": primary.and_then(|address| address.public_ip()),
        "route_table_id": gateway.route_table_id(),
        "secondary_allocation_ids": allocations,
        "secondary_private_ip_address_count": private.len(),
        "secondary_private_ip_addresses": private,
        "subnet_id": gateway.subnet_id(),
        "tags_all": ec2_tags(gateway.tags()),
        "vpc_id": gateway.vpc_id(),
    }));
    if gateway.availability_mode() == Some(&AvailabilityMode::Regional) {
        values.extend(regional(gateway, &prior.map(|prior| prior.attributes()).unwrap_or_default()));
    }
    Live { id: id.to_owned(), attributes: values, owner: Owner::None }
}

/// What a gateway in one zone tells of its addresses and a regional one does not.
const OF_ONE_ZONE: &[&str] = &[
    "allocation_id",
    "association_id",
    "network_interface_id",
    "private_ip",
    "public_ip",
    "secondary_allocation_ids",
    "secondary_private_ip_address_count",
    "secondary_private_ip_addresses",
    "subnet_id",
];

/// A regional gateway has addresses in many zones. Where the code names none, AWS adds and drops them by itself.
/// <https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateways-regional.html>
fn regional(gateway: &NatGateway, state: &Attributes) -> Attributes {
    let kept = |name: &str| (name.to_owned(), state.get(name).cloned().unwrap_or_default());
    let mut values: Attributes = OF_ONE_ZONE.iter().map(|name| kept(name)).collect();
    let held = state.get("availability_zone_address").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let mut zones: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
    for address in gateway.nat_gateway_addresses().iter().filter(|_| !held.is_empty()) {
        let zone =
            (address.availability_zone_id().unwrap_or_default(), address.availability_zone().unwrap_or_default());
        zones.entry(zone).or_default().extend(address.allocation_id());
    }
    let elements = zones.into_iter().map(|((id, name), allocations)| {
        // The code calls a zone by its name or by its id, and may leave the other open.
        let known = held.iter().find(|one| one["availability_zone_id"] == id || one["availability_zone"] == name);
        let told = |key: &str, live: &str| match known {
            Some(known) if known[key].as_str().unwrap_or_default().is_empty() => known[key].clone(),
            _ => live.into(),
        };
        json!({
            "allocation_ids": allocations,
            "availability_zone": told("availability_zone", name),
            "availability_zone_id": told("availability_zone_id", id),
        })
    });
    values.insert("availability_zone_address".to_owned(), elements.collect());
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_regional_gateway_has_the_addresses_that_the_code_names() {
        let address = |zone: &str, allocation: &str| {
            let address =
                NatGatewayAddress::builder().availability_zone_id(zone).availability_zone(format!("us-{zone}"));
            address.allocation_id(allocation).build()
        };
        let gateway = NatGateway::builder()
            .availability_mode(AvailabilityMode::Regional)
            .nat_gateway_addresses(address("az1", "eipalloc-1"))
            .nat_gateway_addresses(address("az1", "eipalloc-2"))
            .build();
        let of = |state: Value| {
            let raw = serde_json::value::to_raw_value(&state).unwrap();
            live(&gateway, Some(PriorState::new("nat-1", Some(&raw)))).attributes
        };
        assert_eq!(of(json!({"availability_zone_address": []}))["availability_zone_address"], json!([]));
        let held =
            json!([{"availability_zone": null, "availability_zone_id": "az1", "allocation_ids": ["eipalloc-1"]}]);
        let told = of(json!({"availability_zone_address": held, "allocation_id": null}));
        let zone = json!({"availability_zone": null, "availability_zone_id": "az1", "allocation_ids": ["eipalloc-1", "eipalloc-2"]});
        assert_eq!((&told["availability_zone_address"], &told["allocation_id"]), (&json!([zone]), &Value::Null));
    }

    #[test]
    fn primary_and_secondary_addresses() {
        let address = |ip: &str, primary: Option<bool>| {
            NatGatewayAddress::builder().private_ip(ip).allocation_id(format!("e-{ip}")).set_is_primary(primary).build()
        };
        let one = NatGateway::builder().nat_gateway_addresses(address("10.0.0.1", None)).build();
        assert_eq!(live(&one, None).attributes["private_ip"], "10.0.0.1");
        assert_eq!(live(&one, None).attributes["secondary_private_ip_address_count"], 0);
        let two = NatGateway::builder()
            .nat_gateway_addresses(address("10.0.0.2", Some(false)))
            .nat_gateway_addresses(address("10.0.0.1", Some(true)))
            .build();
        assert_eq!(live(&two, None).attributes["allocation_id"], "e-10.0.0.1");
        assert_eq!(live(&two, None).attributes["secondary_private_ip_addresses"], json!(["10.0.0.2"]));
    }
}
