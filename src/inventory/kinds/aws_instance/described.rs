//! What DescribeInstances alone shows of an instance. Knows nothing of the state, and of no other listing.

use aws_sdk_ec2::types::{Instance, InstanceNetworkInterface, InstanceStateName};
use serde_json::{Value, json};

use super::owner;
use crate::inventory::ScopeReader;
use crate::inventory::value::{attributes, ec2_tags};
use crate::model::{Attributes, Live};

/// What DescribeInstances returns.
pub(super) fn live(aws: &ScopeReader, instance: &Instance) -> Live {
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
    let derived = [
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
    values.extend(derived.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
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

pub(super) fn primary(instance: &Instance) -> Option<&InstanceNetworkInterface> {
    let is_first = |interface: &&InstanceNetworkInterface| {
        interface.attachment().and_then(|attachment| attachment.device_index()).unwrap_or_default() == 0
    };
    instance.network_interfaces().iter().find(is_first)
}

/// Whether the instance was given a public address at launch. Not shown by an instance that does not run (it has given
/// its address back), nor by one with an elastic address, which is another resource's.
pub(super) fn public_address(instance: &Instance, primary: Option<&InstanceNetworkInterface>) -> Option<Value> {
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
