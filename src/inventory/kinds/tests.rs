//! What holds for every kind: names, attributes, and who tells of what nobody declares.

use super::*;
use crate::model::{CompareRules, schema};

#[test]
fn names_are_the_providers_and_in_order() {
    let names: Vec<_> = ALL.iter().map(|kind| kind.name()).collect();
    assert!(names.is_sorted(), "sort ALL");
    for kind in ALL {
        let schema = schema::of(kind.name()).unwrap_or_else(|| panic!("{} is no type of the provider", kind.name()));
        let known =
            |name: &&str| schema.block.attributes.contains_key(*name) || schema.block.blocks.contains_key(*name);
        let compare_rules = kind.compare_rules();
        let CompareRules {
            not_returned,
            policies,
            compare_computed,
            identity,
            creation_time,
            normalize: _,
            suppress_diff: _,
        } = compare_rules;
        for list in [not_returned, policies, compare_computed, identity, creation_time.as_slice()] {
            assert_eq!(list.iter().find(|name| !known(name)), None, "{}: no such attribute", kind.name());
        }
        assert!(!kind.actions().is_empty(), "{} names no IAM action", kind.name());
    }
}

/// Kinds that are a part of something else, and what tells of one that nobody declares: an attribute of the parent that is
/// compared, or (`itself`) the kind's own list of what a declared parent has.
const STRANGERS: &[(&str, &str)] = &[
    ("aws_ami_launch_permission", "itself"),
    ("aws_ec2_managed_prefix_list_entry", "aws_ec2_managed_prefix_list.entry"),
    ("aws_ec2_tag", "aws_vpc.tags"),
    ("aws_ec2_transit_gateway_route", "itself"),
    ("aws_eip_association", "aws_eip.network_interface"),
    ("aws_iam_group_membership", "aws_iam_user_group_membership"),
    ("aws_iam_group_policies_exclusive", "aws_iam_group_policy"),
    ("aws_iam_group_policy", "itself"),
    ("aws_iam_group_policy_attachment", "itself"),
    ("aws_iam_group_policy_attachments_exclusive", "aws_iam_group_policy_attachment"),
    ("aws_iam_role_policies_exclusive", "aws_iam_role_policy"),
    ("aws_iam_role_policy", "itself"),
    ("aws_iam_role_policy_attachment", "itself"),
    ("aws_iam_role_policy_attachments_exclusive", "aws_iam_role_policy_attachment"),
    ("aws_iam_service_specific_credential", "itself"),
    ("aws_iam_signing_certificate", "itself"),
    ("aws_iam_user_group_membership", "itself"),
    ("aws_iam_user_login_profile", "itself"),
    ("aws_iam_user_policies_exclusive", "aws_iam_user_policy"),
    ("aws_iam_user_policy", "itself"),
    ("aws_iam_user_policy_attachment", "itself"),
    ("aws_iam_user_policy_attachments_exclusive", "aws_iam_user_policy_attachment"),
    ("aws_iam_user_ssh_key", "itself"),
    // Of a default VPC; elsewhere it stands for itself.
    ("aws_internet_gateway", "itself"),
    ("aws_internet_gateway_attachment", "aws_internet_gateway.vpc_id"),
    ("aws_main_route_table_association", "aws_vpc.main_route_table_id"),
    ("aws_network_acl_association", "aws_network_acl.subnet_ids"),
    ("aws_network_acl_rule", "aws_network_acl.ingress"),
    ("aws_route", "aws_route_table.route"),
    ("aws_route_table_association", "itself"),
    ("aws_s3_bucket_accelerate_configuration", "aws_s3_bucket.acceleration_status"),
    ("aws_s3_bucket_acl", "aws_s3_bucket.grant"),
    ("aws_s3_bucket_analytics_configuration", "itself"),
    ("aws_s3_bucket_cors_configuration", "aws_s3_bucket.cors_rule"),
    ("aws_s3_bucket_intelligent_tiering_configuration", "itself"),
    ("aws_s3_bucket_inventory", "itself"),
    ("aws_s3_bucket_lifecycle_configuration", "aws_s3_bucket.lifecycle_rule"),
    ("aws_s3_bucket_logging", "aws_s3_bucket.logging"),
    ("aws_s3_bucket_metric", "itself"),
    ("aws_s3_bucket_notification", "itself"),
    ("aws_s3_bucket_object_lock_configuration", "aws_s3_bucket.object_lock_configuration"),
    ("aws_s3_bucket_ownership_controls", "itself"),
    ("aws_s3_bucket_policy", "aws_s3_bucket.policy"),
    ("aws_s3_bucket_public_access_block", "itself"),
    ("aws_s3_bucket_replication_configuration", "aws_s3_bucket.replication_configuration"),
    ("aws_s3_bucket_request_payment_configuration", "aws_s3_bucket.request_payer"),
    ("aws_s3_bucket_server_side_encryption_configuration", "aws_s3_bucket.server_side_encryption_configuration"),
    ("aws_s3_bucket_versioning", "aws_s3_bucket.versioning"),
    ("aws_s3_bucket_website_configuration", "aws_s3_bucket.website"),
    ("aws_security_group_rule", "aws_security_group.ingress"),
    ("aws_snapshot_create_volume_permission", "itself"),
    ("aws_volume_attachment", "aws_instance.ebs_block_device"),
    ("aws_vpc_dhcp_options_association", "aws_vpc.dhcp_options_id"),
    ("aws_vpc_endpoint_route_table_association", "aws_vpc_endpoint.route_table_ids"),
    ("aws_vpc_ipv4_cidr_block_association", "itself"),
    ("aws_vpc_ipv6_cidr_block_association", "itself"),
    ("aws_vpc_peering_connection_options", "aws_vpc_peering_connection.requester"),
    ("aws_vpc_security_group_egress_rule", "aws_security_group.egress"),
    ("aws_vpc_security_group_ingress_rule", "aws_security_group.ingress"),
];

/// Kinds of which AWS itself, or a service, makes some for a resource that is told of: those are its parts.
const BROUGHT_ALONG: &[&str] = &[
    "aws_ami",
    "aws_ebs_snapshot",
    "aws_ebs_volume",
    "aws_ec2_transit_gateway_route_table",
    "aws_network_interface",
    "aws_route_table",
    "aws_security_group",
    "aws_vpc_peering_connection",
];

/// Whatever somebody puts on a declared parent is told: read off the source, every kind that makes parts of a parent names here
/// who tells of those that nobody declares.
#[test]
fn somebody_tells_of_every_stranger() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/inventory/kinds");
    for kind in ALL {
        let source = std::fs::read_to_string(folder.join(format!("{}.rs", kind.name()))).unwrap();
        let code = source.split("#[cfg(test)]").next().unwrap_or_default();
        let is_part = code.contains("Owner::Parent") || code.contains("impl BucketPart");
        let teller = STRANGERS.iter().find(|(name, _)| *name == kind.name()).map(|(_, teller)| *teller);
        let children = !kind.unmanaged_children_of().is_empty();
        assert!(!is_part || teller.is_some() || BROUGHT_ALONG.contains(&kind.name()), "{}: who tells?", kind.name());
        assert_eq!(teller == Some("itself"), children, "{}", kind.name());
        let Some((parent, attribute)) = teller.and_then(|teller| teller.split_once('.')) else {
            let other = teller.filter(|teller| *teller != "itself");
            assert!(other.is_none_or(|kind| STRANGERS.contains(&(kind, "itself"))), "{}: {other:?}", kind.name());
            continue;
        };
        let (rules, schema) = (get(parent).unwrap().compare_rules(), schema::of(parent).unwrap());
        let settable = match schema.block.attributes.get(attribute) {
            Some(attribute) => !attribute.computed_only(),
            None => schema.block.blocks.contains_key(attribute),
        };
        let compared = settable || rules.identity.contains(&attribute) || rules.compare_computed.contains(&attribute);
        assert!(compared && !rules.not_returned.contains(&attribute), "{}: {parent}.{attribute}", kind.name());
    }
}

/// An attribute that people can set and that no line of the kind names is neither compared nor known to be left out. Read off
/// the source: the kind's own file and folder, and the shared readers that it imports.
#[test]
fn every_attribute_is_mapped_or_excused() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/inventory/kinds");
    let mut forgotten = Vec::new();
    for kind in ALL {
        let schema = schema::of(kind.name()).unwrap();
        let source = source_of(&folder, kind.name(), &mut Vec::new());
        let excused = kind.compare_rules().not_returned;
        let settable = |name: &&String| match schema.block.attributes.get(*name) {
            Some(attribute) => !attribute.computed_only() && !attribute.write_only,
            None => true,
        };
        let names = schema.block.attributes.keys().chain(schema.block.blocks.keys()).filter(settable);
        let known = |name: &str| {
            // `tags` is derived from `tags_all`; time limits are Terraform's own.
            ["id", "tags", "timeouts"].contains(&name)
                || excused.contains(&name)
                || source.contains(&format!("\"{name}\""))
        };
        forgotten.extend(names.filter(|name| !known(name)).map(|name| format!("{}.{name}", kind.name())));
    }
    assert_eq!(forgotten, [""; 0], "map them, or list them in compare_rules().not_returned");
}

/// The text of a module without its tests, and of what it imports from its neighbours.
fn source_of(folder: &std::path::Path, module: &str, seen: &mut Vec<String>) -> String {
    if seen.iter().any(|one| one == module) {
        return String::new();
    }
    seen.push(module.to_owned());
    let mut files = vec![folder.join(format!("{module}.rs"))];
    let parts = std::fs::read_dir(folder.join(module)).into_iter().flatten().flatten();
    files.extend(parts.map(|part| part.path()).filter(|path| !path.ends_with("tests.rs")));
    let code_of = |path: &std::path::PathBuf| {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        text.split("#[cfg(test)]").next().unwrap_or_default().to_owned()
    };
    let code: String = files.iter().map(code_of).collect();
    if code.contains("use crate::model::security_group_rule") {
        let model = folder.join("../../model");
        return code + &code_of(&model.join("security_group_rule.rs"));
    }
    let imports: Vec<&str> = code.lines().filter(|line| line.starts_with("use super::")).collect();
    let words = imports.iter().flat_map(|line| line.split(|c: char| !c.is_alphanumeric() && c != '_'));
    let modules: Vec<String> = words.filter(|word| is_module(folder, word)).map(str::to_owned).collect();
    modules.iter().fold(code, |code, module| code + &source_of(folder, module, seen))
}

fn is_module(folder: &std::path::Path, word: &str) -> bool {
    !word.is_empty() && (folder.join(format!("{word}.rs")).is_file() || folder.join(word).is_dir())
}
