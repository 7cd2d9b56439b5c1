//! The identity of a resource, and so of a finding about it, over its whole life.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Scope, arn};

/// Account, region, kind and id; and the address where ids of the kind are not unique. Two findings with one key are the same
/// finding at two times, whatever differs.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ResourceKey {
    #[serde(flatten)]
    pub scope: Scope,
    /// Terraform resource type.
    pub kind: String,
    pub id: String,
    /// Terraform address; only where [`id_is_unique`] is false and a source declares the resource.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
}

impl ResourceKey {
    /// The key of a resource; its address counts only where its id does not name one object.
    pub fn new(scope: Scope, kind: &str, id: &str, address: Option<&str>) -> Self {
        let address = address.filter(|_| !id_is_unique(kind, id)).map(str::to_owned);
        Self { scope, kind: kind.to_owned(), id: id.to_owned(), address }
    }
}

/// `123456789012/eu-west-1/aws_vpc/vpc-0a1b`; an address follows after `@`.
impl fmt::Display for ResourceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { scope, kind, id, address } = self;
        write!(f, "{}/{}/{kind}/{id}", scope.account, scope.region)?;
        address.iter().try_for_each(|address| write!(f, "@{address}"))
    }
}

/// Kinds whose ids are free names, keys of objects, or made up by Terraform: two resources of one id need not be one object.
const SHARED_IDS: &[&str] = &[
    "aws_iam_group_membership",
    "aws_iam_policy_attachment",
    "aws_iam_user_group_membership",
    "aws_s3_bucket_object",
    "aws_s3_object",
    "aws_s3_object_copy",
];

/// Does the id name one object of its kind in its account and region? When in doubt, no.
pub fn id_is_unique(kind: &str, id: &str) -> bool {
    let by_name = kind.starts_with("aws_s3_") || kind.starts_with("aws_iam_") || kind == "aws_sqs_queue";
    is_generated(id) || by_name && !SHARED_IDS.contains(&kind)
}

/// Made by AWS, or by Terraform of what the resource is (`vpc-0a1b...`, `sgrule-1234567890`).
fn is_generated(id: &str) -> bool {
    let hex = |text: &str| text.len() >= 8 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    arn::is_arn(id) || id.rsplit_once('-').is_some_and(|(prefix, tail)| !prefix.is_empty() && hex(tail))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_counts_only_where_ids_are_shared() {
        let key = |kind: &str, id: &str| {
            ResourceKey::new(Scope::new("123456789012", "global"), kind, id, Some("aws_x.y")).to_string()
        };
        assert_eq!(key("aws_vpc", "vpc-0a1b2c3d"), "123456789012/global/aws_vpc/vpc-0a1b2c3d");
        assert_eq!(key("aws_iam_role", "deploy"), "123456789012/global/aws_iam_role/deploy");
        assert_eq!(key("aws_s3_object", "a/b"), "123456789012/global/aws_s3_object/a/b@aws_x.y");
        assert_eq!(key("aws_key_pair", "ops"), "123456789012/global/aws_key_pair/ops@aws_x.y");
    }
}
