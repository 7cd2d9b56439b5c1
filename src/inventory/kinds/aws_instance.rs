//! `aws_instance`. One listing shows most; of declared ones, devices come from the volumes, and four attributes need a call
//! each. A stopped instance is no drift, a terminated one is gone.
//! What AWS does not return, the provider leaves in the state as it was: so do we ([`KEPT`]).

mod attribute;
mod described;
pub(super) mod devices;
mod owner;
mod related;

use std::collections::HashSet;

use async_trait::async_trait;
use aws_sdk_ec2::types::{Instance, InstanceLifecycleType, InstanceNetworkInterface, InstanceStateName, Reservation};
use serde_json::{Value, json};

pub(super) use attribute::is_burstable;

use described::{live, primary};
use related::Related;

use super::ec2;
use crate::aws::ReadError;
use crate::inventory::value::{attributes, text, time};
use crate::inventory::{Completion, Kind, ListRequest, Listed, ScopeReader};
use crate::model::{Attributes, CompareRules, Live, OwnedField, PriorState};

/// Attributes that the provider does not touch when AWS's answer lacks them.
const KEPT: &[&str] = &[
    "associate_public_ip_address",
    "cpu_core_count",
    "cpu_threads_per_core",
    "enable_primary_ipv6",
    "ephemeral_block_device",
    "hibernation",
    "host_resource_group_arn",
    "monitoring",
    "source_dest_check",
];

const NOT_FOUND: &str = "InvalidInstanceID.NotFound";

pub(super) struct AwsInstance;

#[async_trait]
impl Kind for AwsInstance {
    fn name(&self) -> &'static str {
        "aws_instance"
    }

    fn actions(&self) -> &'static [&'static str] {
        &[
            "ec2:DescribeInstances",
            "ec2:DescribeInstanceAttribute",
            "ec2:DescribeInstanceCreditSpecifications",
            "ec2:DescribeLaunchTemplates",
            "ec2:DescribeSpotInstanceRequests",
            "ec2:DescribeTags",
            "ec2:DescribeVolumes",
            "ec2:DescribeVpcs",
        ]
    }

    fn compare_rules(&self) -> CompareRules {
        let not_returned = &["force_destroy", "get_password_data", "password_data", "user_data_replace_on_change"];
        CompareRules { not_returned, normalize: Some(normalize), ..CompareRules::default() }
    }

    async fn list(&self, aws: &ScopeReader, request: &ListRequest<'_>) -> Result<Listed, ReadError> {
        let reservations = ec2::reservations(aws).await?;
        let is_declared = |instance: &&Instance| instance.instance_id().is_some_and(|id| request.declares(id));
        let related = Related::of_all(aws, &Vec::from_iter(all(&reservations).filter(is_declared))).await;
        let mut listed = Listed::default();
        for instance in all(&reservations) {
            let mut live = live(aws, instance);
            if let Some(prior) = request.prior(&live.id) {
                let errors = join(&mut live, instance, &related, &prior.attributes());
                listed.errors.extend(errors.into_iter().map(|error| (Some(live.id.clone()), error)));
            }
            listed.live.push(live);
        }
        Ok(listed)
    }

    async fn complete(&self, aws: &ScopeReader, prior: &PriorState<'_>, live: &mut Live) -> Completion {
        let state = prior.attributes();
        let mut errors = Vec::new();
        if let Err(error) = devices::complete(aws, live, &state).await {
            errors.push(error);
        }
        for part in attribute::read(aws, &live.id, &state).await {
            match part {
                Ok(part) => live.attributes.extend(part),
                Err(error) if error.is(&[NOT_FOUND]) => return Completion::Gone,
                Err(error) => errors.push(error),
            }
        }
        Completion::of(errors)
    }

    /// A join that fails fails the whole read: afterwards it would not be known what is absent for that reason.
    async fn read(&self, aws: &ScopeReader, prior: &PriorState<'_>) -> Result<Option<Live>, ReadError> {
        let call = aws.ec2().describe_instances().instance_ids(prior.id).send();
        let answer = ec2::first(aws, "ec2:DescribeInstances", call, &[NOT_FOUND], |answer| answer.reservations).await?;
        let Some(instance) = all(answer.as_slice()).next() else { return Ok(None) };
        let mut live = live(aws, instance);
        let state = prior.attributes();
        // What nobody declares is known by what the instance itself shows, as in the listing.
        if !state.is_empty() {
            let related = Related::of_one(aws, instance).await;
            if let Some(error) = join(&mut live, instance, &related, &state).into_iter().next() {
                return Err(error);
            }
        }
        Ok(Some(live))
    }

    /// An interface of its own shows the instance as its attachment.
    fn owned_fields(&self, attributes: &Attributes) -> Vec<OwnedField> {
        let blocks = attributes.get("network_interface").and_then(Value::as_array).into_iter().flatten();
        let part = |block: &Value| {
            Some(OwnedField {
                parent_kind: "aws_network_interface",
                parent_id: block.get("network_interface_id")?.as_str()?.to_owned(),
                attribute: "attachment",
                element: None,
            })
        };
        blocks.filter_map(part).collect()
    }
}

/// The instances that are there: a terminated one is listed for an hour, but it is gone.
pub(super) fn all(reservations: &[Reservation]) -> impl Iterator<Item = &Instance> {
    let is_gone = |instance: &&Instance| {
        let state = instance.state().and_then(|state| state.name());
        matches!(state, Some(InstanceStateName::ShuttingDown | InstanceStateName::Terminated))
    };
    reservations.iter().flat_map(|reservation| reservation.instances()).filter(move |instance| !is_gone(instance))
}

/// Adds what other resources show of a declared instance; -> what of it could not be read.
fn join(live: &mut Live, instance: &Instance, related: &Related, state: &Attributes) -> Vec<ReadError> {
    let parts = [
        related.volumes.as_ref().map_err(Clone::clone).and_then(|volumes| devices::blocks(instance, volumes, state)),
        related.default_vpcs.as_ref().map_err(Clone::clone).map(|default| security_groups(instance, default)),
        launch_template(instance, related, state),
        market(instance, related, state),
        credit_specification(instance, related, state),
        Ok(network_interfaces(instance, state)),
        Ok(interfaces_of_6(instance, state)),
    ];
    let mut errors = Vec::new();
    for part in parts {
        match part {
            Ok(part) => live.attributes.extend(part),
            Err(error) => errors.push(error),
        }
    }
    for name in KEPT {
        let kept = || state.get(*name).cloned().unwrap_or_default();
        live.attributes.entry(*name).or_insert_with(kept);
    }
    errors
}

/// In the default VPC groups have names as well as ids; the provider keeps both there.
fn security_groups(instance: &Instance, default_vpcs: &HashSet<String>) -> Attributes {
    let in_subnet = instance.subnet_id().is_some_and(|id| !id.is_empty());
    let by_name = instance.vpc_id().map_or(!in_subnet, |vpc| default_vpcs.contains(vpc));
    let groups = instance.security_groups();
    let ids: Vec<_> = groups.iter().filter_map(|group| group.group_id()).filter(|_| in_subnet).collect();
    let names: Vec<_> = groups.iter().filter_map(|group| group.group_name()).filter(|_| by_name).collect();
    attributes(json!({"security_groups": names, "vpc_security_group_ids": ids}))
}

/// Only the interfaces that the code names by index: others are attached by resources of their own.
fn network_interfaces(instance: &Instance, state: &Attributes) -> Attributes {
    let named = state.get("network_interface").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let is_named =
        |index: i32| named.iter().any(|block| block.get("device_index").and_then(Value::as_i64) == Some(index.into()));
    let block = |interface: &InstanceNetworkInterface| {
        let attachment = interface.attachment()?;
        let index = attachment.device_index().unwrap_or_default();
        is_named(index).then(|| {
            json!({
                "delete_on_termination": attachment.delete_on_termination(),
                "device_index": index,
                "network_card_index": attachment.network_card_index(),
                "network_interface_id": interface.network_interface_id(),
            })
        })
    };
    let blocks: Vec<_> = instance.network_interfaces().iter().filter_map(block).collect();
    attributes(json!({"network_interface": blocks}))
}

/// The blocks that provider 6 has beside `network_interface`. It fills the primary one whether the code names it or not, but not
/// from the first on: where the state has none, none is expected.
fn interfaces_of_6(instance: &Instance, state: &Attributes) -> Attributes {
    let held = |name: &str| state.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let primary = primary(instance).filter(|_| !held("primary_network_interface").is_empty()).map(|interface| {
        json!({
            "delete_on_termination": interface.attachment().and_then(|attachment| attachment.delete_on_termination()),
            "network_interface_id": interface.network_interface_id(),
        })
    });
    let secondary = instance.secondary_interfaces().iter().map(|interface| {
        let attachment = interface.attachment();
        let id = interface.secondary_interface_id();
        // A wish that AWS does not repeat; the addresses that came of it are here.
        let known = held("secondary_network_interface").iter().find(|one| one["secondary_interface_id"].as_str() == id);
        let addresses = interface.private_ip_addresses().iter().filter_map(|address| address.private_ip_address());
        json!({
            "delete_on_termination": attachment.and_then(|attachment| attachment.delete_on_termination()),
            "device_index": attachment.and_then(|attachment| attachment.device_index()),
            "interface_type": interface.interface_type().map(|kind| kind.as_str()),
            "mac_address": interface.mac_address(),
            "network_card_index": attachment.and_then(|attachment| attachment.network_card_index()),
            "private_ip_address_count": known.map(|one| &one["private_ip_address_count"]),
            "private_ip_addresses": addresses.collect::<Vec<_>>(),
            "secondary_interface_id": id,
            "secondary_network_id": interface.secondary_network_id(),
            "secondary_subnet_id": interface.secondary_subnet_id(),
            "source_dest_check": interface.source_dest_check(),
            "status": interface.status().map(|status| status.as_str()),
        })
    });
    attributes(json!({
        "primary_network_interface": Vec::from_iter(primary),
        "secondary_network_interface": secondary.collect::<Value>(),
    }))
}

const TEMPLATE_ID: &str = "aws:ec2launchtemplate:id";
const TEMPLATE_VERSION: &str = "aws:ec2launchtemplate:version";

/// The template is known from tags of AWS; `$Default` and `$Latest` stay as long as they mean the version in use.
fn launch_template(instance: &Instance, related: &Related, state: &Attributes) -> Result<Attributes, ReadError> {
    let tag = |key| owner::tag(instance.tags(), key);
    let Some(id) = tag(TEMPLATE_ID) else { return Ok(attributes(json!({"launch_template": []}))) };
    let templates = related.templates.as_ref().map_err(Clone::clone)?;
    let template = templates.iter().find(|template| template.launch_template_id() == Some(id)).map(|template| {
        let version = tag(TEMPLATE_VERSION).unwrap_or_default();
        let word = state.get("launch_template").and_then(|block| block.pointer("/0/version")).and_then(Value::as_str);
        let meant = match word {
            Some("$Default") => template.default_version_number(),
            Some("$Latest") => template.latest_version_number(),
            _ => None,
        };
        let version = if meant.is_some_and(|meant| meant.to_string() == version) { word } else { Some(version) };
        json!({"id": id, "name": template.launch_template_name(), "version": version})
    });
    Ok(attributes(json!({"launch_template": Vec::from_iter(template)})))
}

fn is_spot(instance: &Instance) -> bool {
    instance.instance_lifecycle() == Some(&InstanceLifecycleType::Spot)
}

/// Market options stand on the spot request, which AWS forgets some time after it closed.
fn market(instance: &Instance, related: &Related, state: &Attributes) -> Result<Attributes, ReadError> {
    let name = "instance_market_options";
    let kept = || attributes(json!({name: state.get(name)}));
    if instance.instance_lifecycle().is_none() {
        return Ok(attributes(json!({name: []})));
    }
    if !is_spot(instance) {
        return Ok(kept());
    }
    let requests = related.spot.as_ref().map_err(Clone::clone)?;
    let id = instance.spot_instance_request_id();
    let Some(request) = requests.iter().find(|request| request.spot_instance_request_id() == id) else {
        return Ok(kept());
    };
    let options = json!({
        "instance_interruption_behavior": request.instance_interruption_behavior().map(|value| value.as_str()),
        "max_price": request.spot_price(),
        "spot_instance_type": request.r#type().map(|value| value.as_str()),
        "valid_until": time(request.valid_until()),
    });
    Ok(attributes(json!({name: [{"market_type": "spot", "spot_options": [options]}]})))
}

/// Read for burstable types only; for others the state keeps what it had.
fn credit_specification(instance: &Instance, related: &Related, state: &Attributes) -> Result<Attributes, ReadError> {
    let name = "credit_specification";
    let Some(credits) = instance.instance_id().and_then(|id| related.credits.get(id)) else {
        return Ok(attributes(json!({name: state.get(name)})));
    };
    let block = credits.clone()?.map(|credits| json!({"cpu_credits": credits}));
    Ok(attributes(json!({name: Vec::from_iter(block)})))
}

/// No user data as nothing, base64 without line breaks, device tags under one name, IPv6 addresses in order.
fn normalize(values: &mut Attributes) {
    if let Some(user_data) = values.get_mut("user_data")
        && *user_data == attribute::HASH_OF_NOTHING
    {
        *user_data = "".into();
    }
    let encoded = attribute::canonical_base64(text(values, "user_data_base64"));
    if let Some(user_data) = values.get_mut("user_data_base64") {
        *user_data = encoded.into();
    }
    if let Some(Value::Array(addresses)) = values.get_mut("ipv6_addresses") {
        addresses.sort_by_key(Value::to_string);
    }
    devices::normalize(values);
}

#[cfg(test)]
mod tests;
