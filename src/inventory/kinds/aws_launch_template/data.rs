//! The data of a launch template version in Terraform's form: every block of `aws_launch_template`. Switches that the
//! provider keeps as text ("", "true", "false") are texts here.

use aws_sdk_ec2::types::{
    InstanceRequirements, LaunchTemplateBlockDeviceMapping, LaunchTemplateInstanceMarketOptions,
    LaunchTemplateInstanceNetworkInterfaceSpecification, LaunchTemplateInstanceSecondaryInterfaceSpecification,
    LaunchTemplatePlacement, ResponseLaunchTemplateData,
};
use serde_json::{Value, json};

use super::super::aws_instance;
use crate::inventory::value::{attributes, ec2_tags, time};
use crate::model::Attributes;

/// All attributes that stand in the version's data; `state` gives the one that the provider may leave alone.
pub(super) fn map(data: &ResponseLaunchTemplateData, state: &Attributes) -> Attributes {
    let mut values = attributes(json!({
        "disable_api_stop": data.disable_api_stop(),
        "disable_api_termination": data.disable_api_termination(),
        "ebs_optimized": switch(data.ebs_optimized()),
        "image_id": data.image_id(),
        "instance_initiated_shutdown_behavior": data.instance_initiated_shutdown_behavior().map(|value| value.as_str()),
        "instance_type": data.instance_type().map(|value| value.as_str()),
        "kernel_id": data.kernel_id(),
        "key_name": data.key_name(),
        "ram_disk_id": data.ram_disk_id(),
        "security_group_names": data.security_groups(),
        "user_data": data.user_data(),
        "vpc_security_group_ids": data.security_group_ids(),
        "block_device_mappings": each(data.block_device_mappings(), block_device),
        "network_interfaces": each(data.network_interfaces(), network_interface),
        "secondary_interfaces": each(data.secondary_interfaces(), secondary_interface),
        "instance_market_options": one(data.instance_market_options().map(market)),
        "instance_requirements": one(data.instance_requirements().map(requirements)),
        "placement": one(data.placement().map(placement)),
    }));
    values.extend(options(data));
    values.extend(lists(data));
    values.insert("credit_specification".to_owned(), credit_specification(data, state));
    values
}

/// At most one block.
fn one(block: Option<Value>) -> Value {
    Value::Array(Vec::from_iter(block))
}

fn each<T>(items: &[T], block: impl Fn(&T) -> Value) -> Value {
    Value::Array(items.iter().map(block).collect())
}

fn words<T: AsRef<str>>(items: &[T]) -> Value {
    items.iter().map(AsRef::as_ref).collect()
}

fn switch(flag: Option<bool>) -> Value {
    flag.map(|flag| flag.to_string()).into()
}

/// Left alone by the provider unless the template names a burstable type.
fn credit_specification(data: &ResponseLaunchTemplateData, state: &Attributes) -> Value {
    let is_burstable = data.instance_type().is_some_and(|name| aws_instance::is_burstable(name.as_str()));
    match data.credit_specification() {
        Some(credits) if is_burstable => json!([{"cpu_credits": credits.cpu_credits()}]),
        _ => state.get("credit_specification").cloned().unwrap_or_default(),
    }
}

fn options(data: &ResponseLaunchTemplateData) -> Attributes {
    let reservation = data.capacity_reservation_specification().map(|specification| {
        let target = specification.capacity_reservation_target().map(|target| {
            json!({
                "capacity_reservation_id": target.capacity_reservation_id(),
                "capacity_reservation_resource_group_arn": target.capacity_reservation_resource_group_arn(),
            })
        });
        let preference = specification.capacity_reservation_preference().map(|value| value.as_str());
        json!({"capacity_reservation_preference": preference, "capacity_reservation_target": one(target)})
    });
    let cpu = data.cpu_options().map(|cpu| {
        json!({
            "amd_sev_snp": cpu.amd_sev_snp().map(|value| value.as_str()),
            "core_count": cpu.core_count(),
            "nested_virtualization": cpu.nested_virtualization().map(|value| value.as_str()),
            "threads_per_core": cpu.threads_per_core(),
        })
    });
    let metadata = data.metadata_options().map(|options| {
        json!({
            "http_endpoint": options.http_endpoint().map(|value| value.as_str()),
            "http_protocol_ipv6": options.http_protocol_ipv6().map(|value| value.as_str()),
            "http_put_response_hop_limit": options.http_put_response_hop_limit(),
            "http_tokens": options.http_tokens().map(|value| value.as_str()),
            "instance_metadata_tags": options.instance_metadata_tags().map(|value| value.as_str()),
        })
    });
    let names = data.private_dns_name_options().map(|options| {
        json!({
            "enable_resource_name_dns_a_record": options.enable_resource_name_dns_a_record(),
            "enable_resource_name_dns_aaaa_record": options.enable_resource_name_dns_aaaa_record(),
            "hostname_type": options.hostname_type().map(|value| value.as_str()),
        })
    });
    let enclave = data.enclave_options().map(|options| json!({"enabled": options.enabled()}));
    let hibernation = data.hibernation_options().map(|options| json!({"configured": options.configured()}));
    let maintenance = data
        .maintenance_options()
        .map(|options| json!({"auto_recovery": options.auto_recovery().map(|value| value.as_str())}));
    let monitoring = data.monitoring().map(|monitoring| json!({"enabled": monitoring.enabled()}));
    let performance = data
        .network_performance_options()
        .map(|options| json!({"bandwidth_weighting": options.bandwidth_weighting().map(|value| value.as_str())}));
    let profile = data.iam_instance_profile().map(|profile| json!({"arn": profile.arn(), "name": profile.name()}));
    attributes(json!({
        "capacity_reservation_specification": one(reservation),
        "cpu_options": one(cpu),
        "enclave_options": one(enclave),
        "hibernation_options": one(hibernation),
        "iam_instance_profile": one(profile),
        "maintenance_options": one(maintenance),
        "metadata_options": one(metadata),
        "monitoring": one(monitoring),
        "network_performance_options": one(performance),
        "private_dns_name_options": one(names),
    }))
}

fn lists(data: &ResponseLaunchTemplateData) -> Attributes {
    attributes(json!({
        "elastic_gpu_specifications": each(data.elastic_gpu_specifications(), |gpu| json!({"type": gpu.r#type()})),
        "elastic_inference_accelerator":
            each(data.elastic_inference_accelerators(), |accelerator| json!({"type": accelerator.r#type()})),
        "license_specification": each(data.license_specifications(), |license| {
            json!({"license_configuration_arn": license.license_configuration_arn()})
        }),
        "tag_specifications": each(data.tag_specifications(), |specification| {
            let kind = specification.resource_type().map(|value| value.as_str());
            json!({"resource_type": kind, "tags": ec2_tags(specification.tags())})
        }),
    }))
}

fn block_device(mapping: &LaunchTemplateBlockDeviceMapping) -> Value {
    let ebs = mapping.ebs().map(|ebs| {
        json!({
            "delete_on_termination": switch(ebs.delete_on_termination()),
            "encrypted": switch(ebs.encrypted()),
            "iops": ebs.iops(),
            "kms_key_id": ebs.kms_key_id(),
            "snapshot_id": ebs.snapshot_id(),
            "throughput": ebs.throughput(),
            "volume_initialization_rate": ebs.volume_initialization_rate(),
            "volume_size": ebs.volume_size(),
            "volume_type": ebs.volume_type().map(|value| value.as_str()),
        })
    });
    json!({
        "device_name": mapping.device_name(),
        "ebs": one(ebs),
        "no_device": mapping.no_device(),
        "virtual_name": mapping.virtual_name(),
    })
}

fn network_interface(interface: &LaunchTemplateInstanceNetworkInterfaceSpecification) -> Value {
    let tracking = interface.connection_tracking_specification().map(|specification| {
        json!({
            "tcp_established_timeout": specification.tcp_established_timeout(),
            "udp_stream_timeout": specification.udp_stream_timeout(),
            "udp_timeout": specification.udp_timeout(),
        })
    });
    let ena = interface.ena_srd_specification().map(|specification| {
        let udp = specification.ena_srd_udp_specification();
        let udp = udp.map(|udp| json!({"ena_srd_udp_enabled": udp.ena_srd_udp_enabled()}));
        json!({"ena_srd_enabled": specification.ena_srd_enabled(), "ena_srd_udp_specification": one(udp)})
    });
    let ipv4 = interface.private_ip_addresses().iter().filter_map(|address| address.private_ip_address());
    let ipv6 = interface.ipv6_addresses().iter().filter_map(|address| address.ipv6_address());
    let ipv4_prefixes = interface.ipv4_prefixes().iter().filter_map(|prefix| prefix.ipv4_prefix());
    let ipv6_prefixes = interface.ipv6_prefixes().iter().filter_map(|prefix| prefix.ipv6_prefix());
    json!({
        "associate_carrier_ip_address": switch(interface.associate_carrier_ip_address()),
        "associate_public_ip_address": switch(interface.associate_public_ip_address()),
        "connection_tracking_specification": one(tracking),
        "delete_on_termination": switch(interface.delete_on_termination()),
        "description": interface.description(),
        "device_index": interface.device_index(),
        "ena_queue_count": interface.ena_queue_count(),
        "ena_srd_specification": one(ena),
        "interface_type": interface.interface_type(),
        "ipv4_address_count": interface.secondary_private_ip_address_count(),
        "ipv4_addresses": ipv4.collect::<Value>(),
        "ipv4_prefix_count": interface.ipv4_prefix_count(),
        "ipv4_prefixes": ipv4_prefixes.collect::<Value>(),
        "ipv6_address_count": interface.ipv6_address_count(),
        "ipv6_addresses": ipv6.collect::<Value>(),
        "ipv6_prefix_count": interface.ipv6_prefix_count(),
        "ipv6_prefixes": ipv6_prefixes.collect::<Value>(),
        "network_card_index": interface.network_card_index(),
        "network_interface_id": interface.network_interface_id(),
        "primary_ipv6": switch(interface.primary_ipv6()),
        "private_ip_address": interface.private_ip_address(),
        "security_groups": interface.groups(),
        "subnet_id": interface.subnet_id(),
    })
}

fn secondary_interface(interface: &LaunchTemplateInstanceSecondaryInterfaceSpecification) -> Value {
    let addresses = interface.private_ip_addresses().iter().filter_map(|address| address.private_ip_address());
    json!({
        "delete_on_termination": interface.delete_on_termination(),
        "device_index": interface.device_index(),
        "interface_type": interface.interface_type().map(|value| value.as_str()),
        "network_card_index": interface.network_card_index(),
        "private_ip_address_count": interface.private_ip_address_count(),
        "private_ip_addresses": addresses.collect::<Value>(),
        "secondary_subnet_id": interface.secondary_subnet_id(),
    })
}

/// Nullable switches: provider 5 wrote some of them as "1" and "0", provider 6 takes words only.
pub(super) fn normalize(values: &mut Attributes) {
    put_words(values, &["ebs_optimized"]);
    for (block, names) in SWITCHES {
        let blocks = values.get_mut(*block).and_then(Value::as_array_mut).into_iter().flatten();
        for element in blocks.filter_map(Value::as_object_mut) {
            put_words(element, names);
            let ebs = element.get_mut("ebs").and_then(Value::as_array_mut).into_iter().flatten();
            ebs.filter_map(Value::as_object_mut).for_each(|ebs| put_words(ebs, names));
        }
    }
}

/// Blocks with nullable switches, in them or in their `ebs`.
const SWITCHES: &[(&str, &[&str])] = &[
    ("block_device_mappings", &["delete_on_termination", "encrypted"]),
    (
        "network_interfaces",
        &["associate_carrier_ip_address", "associate_public_ip_address", "delete_on_termination", "primary_ipv6"],
    ),
];

fn put_words(members: &mut Attributes, names: &[&str]) {
    for name in names {
        let Some(value) = members.get_mut(*name) else { continue };
        match value.as_str() {
            Some("1") => *value = "true".into(),
            Some("0") => *value = "false".into(),
            _ => {}
        }
    }
}

fn market(options: &LaunchTemplateInstanceMarketOptions) -> Value {
    let spot = options.spot_options().map(|spot| {
        json!({
            "block_duration_minutes": spot.block_duration_minutes(),
            "instance_interruption_behavior": spot.instance_interruption_behavior().map(|value| value.as_str()),
            "max_price": spot.max_price(),
            "spot_instance_type": spot.spot_instance_type().map(|value| value.as_str()),
            "valid_until": time(spot.valid_until()),
        })
    });
    json!({"market_type": options.market_type().map(|value| value.as_str()), "spot_options": one(spot)})
}

fn placement(placement: &LaunchTemplatePlacement) -> Value {
    json!({
        "affinity": placement.affinity(),
        "availability_zone": placement.availability_zone(),
        "group_id": placement.group_id(),
        "group_name": placement.group_name(),
        "host_id": placement.host_id(),
        "host_resource_group_arn": placement.host_resource_group_arn(),
        "partition_number": placement.partition_number(),
        "spread_domain": placement.spread_domain(),
        "tenancy": placement.tenancy().map(|value| value.as_str()),
    })
}

/// A block with `min` and `max`.
macro_rules! range {
    ($range:expr) => {
        one($range.map(|range| json!({"max": range.max(), "min": range.min()})))
    };
}

fn requirements(request: &InstanceRequirements) -> Value {
    json!({
        "accelerator_count": range!(request.accelerator_count()),
        "accelerator_manufacturers": words(request.accelerator_manufacturers()),
        "accelerator_names": words(request.accelerator_names()),
        "accelerator_total_memory_mib": range!(request.accelerator_total_memory_mib()),
        "accelerator_types": words(request.accelerator_types()),
        "allowed_instance_types": words(request.allowed_instance_types()),
        "bare_metal": request.bare_metal().map(|value| value.as_str()),
        "baseline_ebs_bandwidth_mbps": range!(request.baseline_ebs_bandwidth_mbps()),
        "burstable_performance": request.burstable_performance().map(|value| value.as_str()),
        "cpu_manufacturers": words(request.cpu_manufacturers()),
        "excluded_instance_types": words(request.excluded_instance_types()),
        "instance_generations": words(request.instance_generations()),
        "local_storage": request.local_storage().map(|value| value.as_str()),
        "local_storage_types": words(request.local_storage_types()),
        "max_spot_price_as_percentage_of_optimal_on_demand_price":
            request.max_spot_price_as_percentage_of_optimal_on_demand_price(),
        "memory_gib_per_vcpu": range!(request.memory_gib_per_v_cpu()),
        "memory_mib": range!(request.memory_mib()),
        "network_bandwidth_gbps": range!(request.network_bandwidth_gbps()),
        "network_interface_count": range!(request.network_interface_count()),
        "on_demand_max_price_percentage_over_lowest_price": request.on_demand_max_price_percentage_over_lowest_price(),
        "require_hibernate_support": request.require_hibernate_support(),
        "spot_max_price_percentage_over_lowest_price": request.spot_max_price_percentage_over_lowest_price(),
        "total_local_storage_gb": range!(request.total_local_storage_gb()),
        "vcpu_count": range!(request.v_cpu_count()),
    })
}

#[cfg(test)]
mod tests {
    use aws_sdk_ec2::types::{CreditSpecification, InstanceType, MemoryMiB};

    use super::*;
    use crate::model::schema;

    #[test]
    fn every_attribute_of_the_schema_that_a_version_holds() {
        let values = map(&ResponseLaunchTemplateData::builder().build(), &Attributes::new());
        let of_the_template = [
            "arn",
            "default_version",
            "description",
            "id",
            "latest_version",
            "name",
            "name_prefix",
            "tags",
            "tags_all",
            "update_default_version",
        ];
        let schema = schema::of("aws_launch_template").unwrap();
        let names = schema.block.attributes.keys().chain(schema.block.blocks.keys());
        let unmapped: Vec<_> =
            names.filter(|name| !values.contains_key(*name) && !of_the_template.contains(&name.as_str())).collect();
        assert!(unmapped.is_empty(), "{unmapped:?}");
    }

    #[test]
    fn credits_of_burstable_types_only() {
        let data = |name| {
            ResponseLaunchTemplateData::builder()
                .instance_type(name)
                .credit_specification(CreditSpecification::builder().cpu_credits("unlimited").build())
                .build()
        };
        let state = attributes(json!({"credit_specification": [{"cpu_credits": "standard"}]}));
        let credits = |name| map(&data(name), &state)["credit_specification"][0]["cpu_credits"].clone();
        assert_eq!(credits(InstanceType::T3Micro), "unlimited");
        assert_eq!(credits(InstanceType::M5Large), "standard");
    }

    #[test]
    fn old_switches_are_words() {
        let mut old =
            attributes(json!({"ebs_optimized": "1", "block_device_mappings": [{"ebs": [{"encrypted": "0"}]}],
            "network_interfaces": [{"primary_ipv6": "", "delete_on_termination": "true", "device_index": 1}]}));
        normalize(&mut old);
        let words = json!({"ebs_optimized": "true", "block_device_mappings": [{"ebs": [{"encrypted": "false"}]}],
            "network_interfaces": [{"primary_ipv6": "", "delete_on_termination": "true", "device_index": 1}]});
        assert_eq!(Value::Object(old), words);
    }

    #[test]
    fn switches_are_texts_and_ranges_blocks() {
        assert_eq!(switch(Some(false)), "false");
        assert_eq!(switch(None), Value::Null);
        let request = InstanceRequirements::builder().memory_mib(MemoryMiB::builder().min(512).build()).build();
        assert_eq!(requirements(&request)["memory_mib"], json!([{"max": null, "min": 512}]));
        assert_eq!(requirements(&request)["vcpu_count"], json!([]));
    }
}
