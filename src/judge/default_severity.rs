//! The severity of a drift that no rule matches: by what its kind protects.

use crate::model::{Drift, DriftStatus, pointer, report::Severity};

/// Kinds that control access, by permission or by network: prefixes of Terraform resource types.
const ACCESS_CONTROL_KINDS: &[&str] = &[
    "aws_iam_",
    "aws_ssoadmin_",
    "aws_organizations_policy",
    "aws_kms_",
    "aws_security_group",
    "aws_vpc_security_group_",
    "aws_default_security_group",
    "aws_network_acl",
    "aws_default_network_acl",
    "aws_s3_bucket_policy",
    "aws_s3_bucket_acl",
    "aws_s3_bucket_public_access_block",
    "aws_s3_bucket_ownership_controls",
    "aws_s3_account_public_access_block",
    "aws_s3_access_point",
    "aws_s3control_access_point_policy",
    "aws_cloudtrail",
    "aws_guardduty_detector",
];

/// Kinds that allow network access or logins when nobody declared them, besides those above.
const EXPOSING_KINDS: &[&str] = &[
    "aws_instance",
    "aws_internet_gateway",
    "aws_egress_only_internet_gateway",
    "aws_nat_gateway",
    "aws_eip",
    "aws_vpc_peering_connection",
    "aws_vpc_endpoint",
    "aws_vpn_",
    "aws_ec2_transit_gateway",
    "aws_route",
    "aws_lb",
    "aws_launch_template",
    "aws_key_pair",
];

/// Attributes of other kinds that control access just as much, e.g. the policy in the bucket itself.
const ACCESS_ATTRIBUTES: &[&str] = &["policy", "acl", "assume_role_policy", "grant", "ingress", "egress"];

/// The severity of a drift that no rule matches.
pub fn default_severity(drift: &Drift) -> Severity {
    let controls_access = starts_with_any(&drift.kind, ACCESS_CONTROL_KINDS);
    match drift.status {
        DriftStatus::Unknown => Severity::Info,
        DriftStatus::Unmanaged if controls_access || starts_with_any(&drift.kind, EXPOSING_KINDS) => Severity::Medium,
        DriftStatus::Unmanaged => Severity::Low,
        DriftStatus::Changed if only_tags(drift) => Severity::Low,
        DriftStatus::Changed | DriftStatus::Missing if controls_access => Severity::High,
        DriftStatus::Changed if touches_access_control(drift) => Severity::High,
        DriftStatus::Changed | DriftStatus::Missing => Severity::Medium,
    }
}

fn only_tags(drift: &Drift) -> bool {
    !drift.changes.is_empty()
        && drift.changes.iter().all(|change| matches!(pointer::top(&change.path).as_str(), "tags" | "tags_all" | "tag"))
}

fn touches_access_control(drift: &Drift) -> bool {
    drift.changes.iter().any(|change| ACCESS_ATTRIBUTES.contains(&pointer::top(&change.path).as_str()))
}

fn starts_with_any(kind: &str, prefixes: &[&str]) -> bool {
    prefixes.iter().any(|prefix| kind.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::cases::made_up;

    #[test]
    fn severity_follows_what_the_kind_protects() {
        for (kind, drift, path, expected) in [
            ("aws_iam_role", DriftStatus::Changed, "/description", Severity::High),
            ("aws_iam_role", DriftStatus::Changed, "/tags/env", Severity::Low),
            ("aws_security_group", DriftStatus::Missing, "", Severity::High),
            ("aws_s3_bucket", DriftStatus::Changed, "/policy", Severity::High),
            ("aws_s3_bucket", DriftStatus::Changed, "/force_destroy", Severity::Medium),
            ("aws_subnet", DriftStatus::Missing, "", Severity::Medium),
            ("aws_instance", DriftStatus::Unmanaged, "", Severity::Medium),
            ("aws_ebs_volume", DriftStatus::Unmanaged, "", Severity::Low),
            ("aws_iam_role", DriftStatus::Unknown, "", Severity::Info),
        ] {
            assert_eq!(default_severity(&made_up(kind, drift, path)), expected, "{kind} {drift:?} {path}");
        }
    }
}
