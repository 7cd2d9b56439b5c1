//! `aws_instance`. One listing tells most; of declared ones, devices come from the volumes, and four attributes need a call
//! each. A stopped instance is no drift, a terminated one is gone.
//! What AWS does not tell, the provider leaves in the state as it was: so do we ([`KEPT`]).

mod attribute;
pub(super) mod devices;
mod owner;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_ec2::types::{
    Instance, InstanceLifecycleType, InstanceNetworkInterface, InstanceStateName, LaunchTemplate, Reservation,
    SpotInstanceRequest, Vpc,
};
use serde_json::{Value, json};

pub(super) use attribute::is_burstable;

use super::{aws_launch_template, ec2, network};
use crate::aws::{ReadError, not_found};
use crate::inventory::value::{attributes, ec2_tags, text, time};
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
    "instance_market_options",
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
        let mut errors = Vec::new();
        for part in attribute::read(aws, &live.id, &prior.attributes()).await {
            match part {
                Ok(part) => live.attributes.extend(part),
                Err(error) if error.is(&[NOT_FOUND]) => return Completion::Gone,
                Err(error) => errors.push(error),
            }
        }
        Completion::of(errors)
    }

    /// A join that fails fails the whole read: nobody could tell afterwards what is absent for that reason.
    async fn read(&self, aws: &ScopeReader, prior: &PriorState<'_>) -> Result<Option<Live>, ReadError> {
        let call = aws.ec2().describe_instances().instance_ids(prior.id).send();
        let answer = ec2::first(aws, "ec2:DescribeInstances", call, &[NOT_FOUND], |answer| answer.reservations).await?;
        let Some(instance) = all(answer.as_slice()).next() else { return Ok(None) };
        let mut live = live(aws, instance);
        let state = prior.attributes();
        // What nobody declares is known by what the instance itself tells, as in the listing.
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

/// What other resources tell of declared instances; a call that failed fails for those that need it.
struct Related {
    volumes: Result<devices::Volumes, ReadError>,
    default_vpcs: Result<HashSet<String>, ReadError>,
    templates: Result<Vec<LaunchTemplate>, ReadError>,
    spot: Result<Vec<SpotInstanceRequest>, ReadError>,
    credits: HashMap<String, Result<Option<String>, ReadError>>,
}

impl Related {
    /// Of many instances, out of the region's listings.
    async fn of_all(aws: &ScopeReader, declared: &[&Instance]) -> Self {
        let any = |is: fn(&Instance) -> bool| declared.iter().any(|instance| is(instance));
        let volumes = async {
            if declared.is_empty() { Ok(HashMap::new()) } else { Ok(devices::by_id(&ec2::volumes(aws).await?)) }
        };
        let default_vpcs =
            async { if declared.is_empty() { Ok(HashSet::new()) } else { Ok(default_ids(&ec2::vpcs(aws).await?)) } };
        let templates = async {
            let needed = any(|instance| owner::tag(instance.tags(), TEMPLATE_ID).is_some());
            if needed { Ok(ec2::launch_templates(aws).await?.to_vec()) } else { Ok(Vec::new()) }
        };
        let spot =
            async { if any(is_spot) { Ok(ec2::spot_instance_requests(aws).await?.to_vec()) } else { Ok(Vec::new()) } };
        let burstable: Vec<&str> = declared.iter().copied().filter_map(burstable).collect();
        let credits = attribute::credits(aws, &burstable);
        let (volumes, default_vpcs, templates, spot, credits) =
            futures::join!(volumes, default_vpcs, templates, spot, credits);
        Self { volumes, default_vpcs, templates, spot, credits }
    }

    /// Of one instance, by calls that ask for no more.
    async fn of_one(aws: &ScopeReader, instance: &Instance) -> Self {
        let id = instance.instance_id().unwrap_or_default();
        let volumes = async {
            let filter = network::filter("attachment.instance-id", id);
            let pages = aws.ec2().describe_volumes().filters(filter).into_paginator().items().send();
            Ok(devices::by_id(&aws.pages("ec2:DescribeVolumes", pages).await?))
        };
        let default_vpcs = async {
            let Some(vpc) = instance.vpc_id().filter(|vpc| !vpc.is_empty()) else { return Ok(HashSet::new()) };
            Ok(default_ids(&vpc_of_instances(aws, vpc).await?))
        };
        let templates = async {
            let Some(template) = owner::tag(instance.tags(), TEMPLATE_ID) else { return Ok(Vec::new()) };
            Ok(Vec::from_iter(aws_launch_template::by_id(aws, template).await?.as_ref().clone()))
        };
        let spot = async {
            let Some(request) = instance.spot_instance_request_id().filter(|_| is_spot(instance)) else {
                return Ok(Vec::new());
            };
            // By a filter, which leaves out what AWS has forgotten instead of failing.
            let filter = network::filter("spot-instance-request-id", request);
            let pages = aws.ec2().describe_spot_instance_requests().filters(filter).into_paginator().items().send();
            aws.pages("ec2:DescribeSpotInstanceRequests", pages).await
        };
        let burstable = Vec::from_iter(burstable(instance));
        let credits = attribute::credits(aws, &burstable);
        let (volumes, default_vpcs, templates, spot, credits) =
            futures::join!(volumes, default_vpcs, templates, spot, credits);
        Self { volumes, default_vpcs, templates, spot, credits }
    }
}

/// One VPC, shared by the instances in it; none when AWS says that there is none.
async fn vpc_of_instances(aws: &ScopeReader, vpc: &str) -> Result<Arc<Vec<Vpc>>, ReadError> {
    aws.cached_for("VPC of instances", vpc, || async {
        let call = aws.ec2().describe_vpcs().vpc_ids(vpc).send();
        let answer = not_found(aws.call("ec2:DescribeVpcs", call).await, &["InvalidVpcID.NotFound"])?;
        Ok(answer.and_then(|answer| answer.vpcs).unwrap_or_default())
    })
    .await
}

fn default_ids(vpcs: &[Vpc]) -> HashSet<String> {
    let default = vpcs.iter().filter(|vpc| vpc.is_default() == Some(true)).filter_map(|vpc| vpc.vpc_id());
    default.map(str::to_owned).collect()
}

/// The id of an instance whose type has credits.
fn burstable(instance: &Instance) -> Option<&str> {
    let is_burstable = instance.instance_type().is_some_and(|name| attribute::is_burstable(name.as_str()));
    instance.instance_id().filter(|_| is_burstable)
}

/// Adds what other resources tell of a declared instance; -> what of it could not be read.
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

/// What DescribeInstances tells.
fn live(aws: &ScopeReader, instance: &Instance) -> Live {
    let id = instance.instance_id().unwrap_or_default();
    let placement = instance.placement();
    let primary = primary(instance);
    let subnet = primary.and_then(|interface| interface.subnet_id()).or(instance.subnet_id());
    let mut values = attributes(json!({
        "ami": instance.image_id(),
        "arn": aws.arn("ec2", &format!("instance/{id}")),
        "availability_zone": placement.and_then(|placement| placement.availability_zone()),
        "ebs_optimized": instance.ebs_optimized(),
        "host_id": placement.and_then(|placement| placement.host_id()),
        "iam_instance_profile": profile(instance),
        "id": id,
        "instance_lifecycle": instance.instance_lifecycle().map(|lifecycle| lifecycle.as_str()),
        "instance_state": instance.state().and_then(|state| state.name()).map(|name| name.as_str()),
        "instance_type": instance.instance_type().map(|name| name.as_str()),
        "key_name": instance.key_name(),
        "outpost_arn": instance.outpost_arn(),
        "placement_group": placement.and_then(|placement| placement.group_name()),
        "placement_group_id": placement.and_then(|placement| placement.group_id()),
        "placement_partition_number": placement.and_then(|placement| placement.partition_number()),
        "primary_network_interface_id": primary.and_then(|interface| interface.network_interface_id()),
        "private_dns": instance.private_dns_name(),
        "private_ip": instance.private_ip_address(),
        "public_dns": instance.public_dns_name(),
        "public_ip": instance.public_ip_address(),
        "spot_instance_request_id": instance.spot_instance_request_id(),
        "subnet_id": subnet,
        "tags_all": ec2_tags(instance.tags()),
        "tenancy": placement.and_then(|placement| placement.tenancy()).map(|tenancy| tenancy.as_str()),
    }));
    values.extend(options(instance));
    values.extend(addresses(primary));
    let told = [
        ("associate_public_ip_address", public_address(instance, primary)),
        ("cpu_core_count", instance.cpu_options().and_then(|cpu| cpu.core_count()).map(Value::from)),
        ("cpu_threads_per_core", instance.cpu_options().and_then(|cpu| cpu.threads_per_core()).map(Value::from)),
        ("hibernation", instance.hibernation_options().and_then(|options| options.configured()).map(Value::from)),
        (
            "host_resource_group_arn",
            placement.and_then(|placement| placement.host_resource_group_arn()).map(Value::from),
        ),
        (
            "monitoring",
            instance.monitoring().and_then(|m| m.state()).map(|s| matches!(s.as_str(), "enabled" | "pending").into()),
        ),
        ("source_dest_check", source_dest_check(instance, primary).map(Value::from)),
    ];
    values.extend(told.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
    Live { id: id.to_owned(), attributes: values, owner: owner::of(instance) }
}

/// The blocks that hold options.
fn options(instance: &Instance) -> Attributes {
    let reservation = instance.capacity_reservation_specification().map(|specification| {
        let target = specification.capacity_reservation_target().map(|target| {
            json!({
                "capacity_reservation_id": target.capacity_reservation_id(),
                "capacity_reservation_resource_group_arn": target.capacity_reservation_resource_group_arn(),
            })
        });
        json!({
            "capacity_reservation_preference":
                specification.capacity_reservation_preference().map(|preference| preference.as_str()),
            "capacity_reservation_target": Vec::from_iter(target),
        })
    });
    let cpu = instance.cpu_options().map(|cpu| {
        json!({
            "amd_sev_snp": cpu.amd_sev_snp().map(|value| value.as_str()),
            "core_count": cpu.core_count(),
            "nested_virtualization": cpu.nested_virtualization().map(|value| value.as_str()),
            "threads_per_core": cpu.threads_per_core(),
        })
    });
    let metadata = instance.metadata_options().map(|options| {
        json!({
            "http_endpoint": options.http_endpoint().map(|value| value.as_str()),
            "http_protocol_ipv6": options.http_protocol_ipv6().map(|value| value.as_str()),
            "http_put_response_hop_limit": options.http_put_response_hop_limit(),
            "http_tokens": options.http_tokens().map(|value| value.as_str()),
            "instance_metadata_tags": options.instance_metadata_tags().map(|value| value.as_str()),
        })
    });
    let names = instance.private_dns_name_options().map(|options| {
        json!({
            "enable_resource_name_dns_a_record": options.enable_resource_name_dns_a_record(),
            "enable_resource_name_dns_aaaa_record": options.enable_resource_name_dns_aaaa_record(),
            "hostname_type": options.hostname_type().map(|value| value.as_str()),
        })
    });
    let maintenance = instance
        .maintenance_options()
        .map(|options| json!({"auto_recovery": options.auto_recovery().map(|value| value.as_str())}));
    let enclave = instance.enclave_options().map(|options| json!({"enabled": options.enabled()}));
    attributes(json!({
        "capacity_reservation_specification": Vec::from_iter(reservation),
        "cpu_options": Vec::from_iter(cpu),
        "enclave_options": Vec::from_iter(enclave),
        "maintenance_options": Vec::from_iter(maintenance),
        "metadata_options": Vec::from_iter(metadata),
        "private_dns_name_options": Vec::from_iter(names),
    }))
}

/// The addresses of the primary interface.
fn addresses(primary: Option<&InstanceNetworkInterface>) -> Attributes {
    let ipv6 = primary.map(|interface| interface.ipv6_addresses()).unwrap_or_default();
    let secondary: Vec<_> = primary
        .map(|interface| interface.private_ip_addresses())
        .unwrap_or_default()
        .iter()
        .filter(|address| address.primary() != Some(true))
        .filter_map(|address| address.private_ip_address())
        .collect();
    let mut values = attributes(json!({
        "ipv6_address_count": ipv6.len(),
        "ipv6_addresses": ipv6.iter().filter_map(|address| address.ipv6_address()).collect::<Vec<_>>(),
        "secondary_private_ips": secondary,
    }));
    if ipv6.iter().any(|address| address.is_primary_ipv6() == Some(true)) {
        values.insert("enable_primary_ipv6".to_owned(), Value::Bool(true));
    }
    values
}

fn primary(instance: &Instance) -> Option<&InstanceNetworkInterface> {
    let is_first = |interface: &&InstanceNetworkInterface| {
        interface.attachment().and_then(|attachment| attachment.device_index()).unwrap_or_default() == 0
    };
    instance.network_interfaces().iter().find(is_first)
}

/// Whether the instance was given a public address at launch. Not told by an instance that does not run (it has given
/// its address back), nor by one with an elastic address, which is another resource's.
fn public_address(instance: &Instance, primary: Option<&InstanceNetworkInterface>) -> Option<Value> {
    if instance.state().and_then(|state| state.name()) != Some(&InstanceStateName::Running) {
        return None;
    }
    let Some(primary) = primary else { return Some(instance.public_ip_address().is_some().into()) };
    let owner = primary.association().and_then(|association| association.ip_owner_id());
    let is_elastic = owner.is_some_and(|owner| owner.bytes().all(|byte| byte.is_ascii_digit()));
    (!is_elastic).then(|| primary.association().is_some().into())
}

fn source_dest_check(instance: &Instance, primary: Option<&InstanceNetworkInterface>) -> Option<bool> {
    match instance.subnet_id() {
        Some(_) => instance.source_dest_check(),
        None => primary.and_then(|interface| interface.source_dest_check()),
    }
}

/// The name of the profile, the last part of its ARN.
fn profile(instance: &Instance) -> Option<&str> {
    instance.iam_instance_profile()?.arn()?.rsplit('/').next()
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

/// The template is told by tags of AWS; `$Default` and `$Latest` stay as long as they mean the version in use.
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
mod tests {
    use aws_sdk_ec2::types::{
        GroupIdentifier, InstanceNetworkInterfaceAssociation, InstanceNetworkInterfaceAttachment, InstanceState, Tag,
    };

    use super::*;

    fn instance(state: InstanceStateName, ip_owner: Option<&str>) -> Instance {
        let association = InstanceNetworkInterfaceAssociation::builder().set_ip_owner_id(ip_owner.map(str::to_owned));
        let interface = InstanceNetworkInterface::builder()
            .network_interface_id("eni-1")
            .attachment(InstanceNetworkInterfaceAttachment::builder().device_index(0).build())
            .set_association(ip_owner.map(|_| association.build()))
            .build();
        Instance::builder()
            .instance_id("i-1")
            .subnet_id("subnet-1")
            .vpc_id("vpc-1")
            .state(InstanceState::builder().name(state).build())
            .network_interfaces(interface)
            .security_groups(GroupIdentifier::builder().group_id("sg-1").group_name("web").build())
            .build()
    }

    #[test]
    fn a_public_address_is_told_only_by_what_runs_with_amazons() {
        let told = |state, owner| {
            let instance = instance(state, owner);
            public_address(&instance, primary(&instance))
        };
        assert_eq!(told(InstanceStateName::Running, Some("amazon")), Some(true.into()));
        assert_eq!(told(InstanceStateName::Running, None), Some(false.into()));
        assert_eq!(told(InstanceStateName::Running, Some("123456789012")), None);
        assert_eq!(told(InstanceStateName::Stopped, None), None);
    }

    #[test]
    fn names_of_groups_in_the_default_vpc_only() {
        let instance = instance(InstanceStateName::Running, None);
        let default = HashSet::from(["vpc-1".to_owned()]);
        assert_eq!(security_groups(&instance, &default)["security_groups"], json!(["web"]));
        assert_eq!(security_groups(&instance, &HashSet::new())["security_groups"], json!([]));
        assert_eq!(security_groups(&instance, &HashSet::new())["vpc_security_group_ids"], json!(["sg-1"]));
    }

    #[test]
    fn only_interfaces_that_the_code_names() {
        let instance = instance(InstanceStateName::Running, None);
        let blocks = |state: Value| network_interfaces(&instance, &attributes(state))["network_interface"].clone();
        assert_eq!(blocks(json!({"network_interface": []})), json!([]));
        assert_eq!(blocks(json!({"network_interface": [{"device_index": 1}]})), json!([]));
        let named = blocks(json!({"network_interface": [{"device_index": 0}]}));
        assert_eq!(named[0]["network_interface_id"], "eni-1");
    }

    #[test]
    fn a_primary_interface_where_the_state_has_one() {
        let instance = instance(InstanceStateName::Running, None);
        let blocks = |state: Value| interfaces_of_6(&instance, &attributes(state))["primary_network_interface"].clone();
        assert_eq!(blocks(json!({"primary_network_interface": []})), json!([]));
        let held = json!({"primary_network_interface": [{"network_interface_id": "eni-0"}]});
        assert_eq!(blocks(held)[0]["network_interface_id"], "eni-1");
    }

    #[test]
    fn a_word_for_a_version_stays_while_it_is_true() {
        let tag = |key: &str, value: &str| Tag::builder().key(key).value(value).build();
        let instance = Instance::builder().tags(tag(TEMPLATE_ID, "lt-1")).tags(tag(TEMPLATE_VERSION, "2")).build();
        let related = |default, latest| Related {
            volumes: Ok(HashMap::new()),
            default_vpcs: Ok(HashSet::new()),
            templates: Ok(vec![
                LaunchTemplate::builder()
                    .launch_template_id("lt-1")
                    .default_version_number(default)
                    .latest_version_number(latest)
                    .build(),
            ]),
            spot: Ok(Vec::new()),
            credits: HashMap::new(),
        };
        let version = |word: &str, default, latest| {
            let state = attributes(json!({"launch_template": [{"id": "lt-1", "version": word}]}));
            launch_template(&instance, &related(default, latest), &state).unwrap()["launch_template"][0]["version"]
                .clone()
        };
        assert_eq!(version("$Default", 2, 3), "$Default");
        assert_eq!(version("$Default", 1, 2), "2");
        assert_eq!(version("$Latest", 1, 2), "$Latest");
        assert_eq!(version("2", 1, 3), "2");
    }

    #[test]
    fn terminated_is_gone() {
        let running = instance(InstanceStateName::Running, None);
        let stopped = instance(InstanceStateName::Stopped, None);
        let gone = instance(InstanceStateName::Terminated, None);
        let reservation = Reservation::builder().instances(running).instances(stopped).instances(gone).build();
        assert_eq!(all(&[reservation]).count(), 2);
    }
}
