//! What a managed resource brought along: the state names objects that AWS made for it (the volumes of an instance, the
//! snapshots of an image, the group of a cluster). They are undeclared, and not unmanaged.

use serde_json::Value;

use crate::model::Attributes;

/// Type and attributes that hold ids of such objects; below a list or a block, `*` stands for every element.
const OWNED: &[(&str, &[&str])] = &[
    ("aws_ami", SNAPSHOTS),
    ("aws_ami_copy", SNAPSHOTS),
    ("aws_ami_from_instance", SNAPSHOTS),
    ("aws_cloudhsm_v2_cluster", &["security_group_id"]),
    ("aws_default_vpc", VPC),
    ("aws_directory_service_directory", &["security_group_id"]),
    ("aws_ec2_transit_gateway", &["association_default_route_table_id", "propagation_default_route_table_id"]),
    ("aws_efs_mount_target", &["network_interface_id"]),
    ("aws_eks_cluster", &["vpc_config/*/cluster_security_group_id"]),
    ("aws_eks_node_group", &["resources/*/remote_access_security_group_id"]),
    (
        "aws_emr_cluster",
        &[
            "ec2_attributes/*/emr_managed_master_security_group",
            "ec2_attributes/*/emr_managed_slave_security_group",
            "ec2_attributes/*/service_access_security_group",
        ],
    ),
    ("aws_fsx_lustre_file_system", &["network_interface_ids/*"]),
    ("aws_fsx_ontap_file_system", &["network_interface_ids/*"]),
    ("aws_fsx_openzfs_file_system", &["network_interface_ids/*"]),
    ("aws_fsx_windows_file_system", &["network_interface_ids/*"]),
    ("aws_instance", INSTANCE),
    ("aws_nat_gateway", &["network_interface_id"]),
    ("aws_networkfirewall_firewall", &["firewall_status/*/sync_states/*/attachment/*/endpoint_id"]),
    ("aws_spot_instance_request", INSTANCE),
    ("aws_vpc", VPC),
    ("aws_vpc_endpoint", &["network_interface_ids/*"]),
    ("aws_workspaces_directory", &["workspace_security_group_id"]),
];

const SNAPSHOTS: &[&str] = &["ebs_block_device/*/snapshot_id", "root_snapshot_id"];

/// The instance that a spot request got is one, too: the request's own id is another.
const INSTANCE: &[&str] = &[
    "ebs_block_device/*/volume_id",
    "network_interface/*/network_interface_id",
    "primary_network_interface_id",
    "root_block_device/*/volume_id",
    "spot_instance_id",
];

/// The parts that every VPC comes with, and the IPv6 block that its state follows.
const VPC: &[&str] =
    &["default_network_acl_id", "default_route_table_id", "default_security_group_id", "ipv6_association_id"];

/// Declared type, where its attributes name what it made, and the type of that: it makes further resources in turn.
const MAKERS: &[(&str, &str, &str)] = &[
    ("aws_cloudformation_stack_instances", "stack_instance_summaries/*/stack_id", "aws_cloudformation_stack"),
    ("aws_cloudformation_stack_set_instance", "stack_id", "aws_cloudformation_stack"),
    ("aws_cloudformation_stack_set_instance", "stack_instance_summaries/*/stack_id", "aws_cloudformation_stack"),
    ("aws_eks_node_group", "resources/*/autoscaling_groups/*/name", "aws_autoscaling_group"),
    ("aws_elastic_beanstalk_environment", "autoscaling_groups/*", "aws_autoscaling_group"),
    ("aws_serverlessapplicationrepository_cloudformation_stack", "id", "aws_cloudformation_stack"),
];

/// Resources (type and id) that a resource made and that make others.
pub(super) fn makers(kind: &str, attributes: &Attributes) -> Vec<(&'static str, String)> {
    let mut found = Vec::new();
    for (_, path, made) in MAKERS.iter().filter(|(owner, ..)| *owner == kind) {
        let mut ids = Vec::new();
        at(path, attributes, &mut ids);
        found.extend(ids.into_iter().map(|id| (*made, id)));
    }
    found
}

/// Ids of the objects that came with a resource.
pub(super) fn ids(kind: &str, attributes: &Attributes) -> Vec<String> {
    let mut found = Vec::new();
    for path in OWNED.iter().filter(|(owner, _)| *owner == kind).flat_map(|(_, paths)| *paths) {
        at(path, attributes, &mut found);
    }
    found
}

fn at(path: &str, attributes: &Attributes, found: &mut Vec<String>) {
    let (first, rest) = path.split_once('/').map_or((path, None), |(first, rest)| (first, Some(rest)));
    if let Some(value) = attributes.get(first) {
        collect(value, rest, found);
    }
}

fn collect(value: &Value, path: Option<&str>, found: &mut Vec<String>) {
    let Some(path) = path else {
        found.extend(value.as_str().filter(|id| !id.is_empty()).map(str::to_owned));
        return;
    };
    let (first, rest) = path.split_once('/').map_or((path, None), |(first, rest)| (first, Some(rest)));
    match value {
        Value::Array(items) if first == "*" => items.iter().for_each(|item| collect(item, rest, found)),
        Value::Object(members) => members.get(first).into_iter().for_each(|member| collect(member, rest, found)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::schema;

    #[test]
    fn every_name_is_the_providers() {
        let makers = MAKERS.iter().map(|(kind, path, _)| (*kind, std::slice::from_ref(path)));
        for (kind, paths) in OWNED.iter().copied().chain(makers) {
            let block = &schema::of(kind).unwrap_or_else(|| panic!("{kind}")).block;
            let known = |name: &str| block.attributes.contains_key(name) || block.blocks.contains_key(name);
            // Lists that several types share name what only some of them have.
            assert!(paths.iter().any(|path| known(path.split('/').next().unwrap_or_default())), "{kind}");
        }
    }

    #[test]
    fn ids_at_every_depth() {
        let of = |kind: &str, value: Value| ids(kind, value.as_object().unwrap());
        let instance = json!({"root_block_device": [{"volume_id": "vol-1"}], "ebs_block_device": [{"volume_id": "vol-2"},
            {"volume_id": ""}], "primary_network_interface_id": "eni-1"});
        assert_eq!(of("aws_instance", instance.clone()), ["vol-2", "eni-1", "vol-1"]);
        assert_eq!(of("aws_subnet", instance), Vec::<String>::new());
        let endpoint = json!({"network_interface_ids": ["eni-1", "eni-2"]});
        assert_eq!(of("aws_vpc_endpoint", endpoint), ["eni-1", "eni-2"]);
        let group = json!({"resources": [{"autoscaling_groups": [{"name": "eks-a"}, {"name": "eks-b"}]}]});
        let groups = makers("aws_eks_node_group", group.as_object().unwrap());
        assert_eq!(groups, ["eks-a", "eks-b"].map(|id| ("aws_autoscaling_group", id.to_owned())));
    }
}
