//! What the kinds around a VPC share: ARNs, states of things on their way out, and CIDR blocks in one form.

use std::net::IpAddr;

use aws_sdk_ec2::types::Filter;
use serde_json::Value;

use crate::inventory::ScopeReader;
use crate::model::{Attributes, Live, Owner};

/// `arn:PARTITION:ec2:REGION:OWNER:RESOURCE`; the owner is this account where AWS names none.
pub(super) fn arn(aws: &ScopeReader, owner: Option<&str>, resource: &str) -> String {
    format!("arn:{}:ec2:{}:{}:{resource}", aws.partition, aws.region, owner.unwrap_or(&aws.account))
}

/// Whose a listed object is: listings also show what other accounts share with this one.
pub(super) fn owner(aws: &ScopeReader, account: Option<&str>) -> Owner {
    match account {
        Some(account) if account != aws.account => Owner::Account(account.to_owned()),
        _ => Owner::None,
    }
}

/// Whose an object is that AWS or another object may have brought along (`own`); what another account shares stays that
/// account's.
pub(super) fn owner_or(aws: &ScopeReader, account: Option<&str>, own: Owner) -> Owner {
    match owner(aws, account) {
        Owner::None => own,
        other => other,
    }
}

/// The twin that Terraform has for objects which AWS makes by default (`aws_default_subnet`): an unmanaged resource is judged
/// under the name of `kind` only.
pub(super) fn adopted(kind: &'static str, live: Live) -> Live {
    let owner = match live.owner {
        Owner::None => Owner::Parent { kind, id: live.id.clone() },
        other => other,
    };
    Live { owner, ..live }
}

/// Deleted for good; AWS goes on listing such things for up to an hour.
pub(super) fn gone(state: &str) -> bool {
    state.eq_ignore_ascii_case("deleted") || state.eq_ignore_ascii_case("deleting")
}

/// A filter with one value.
pub(super) fn filter(name: &str, value: &str) -> Filter {
    Filter::builder().name(name).values(value).build()
}

/// One spelling of a CIDR block: IPv6 has several (`::/0`, `0::/0`). What is none comes back as it is.
pub(super) fn canonical_cidr(text: &str) -> String {
    let parsed = text.split_once('/').and_then(|(address, length)| Some((address.parse::<IpAddr>().ok()?, length)));
    parsed.map_or_else(|| text.to_owned(), |(address, length)| format!("{address}/{length}"))
}

/// Rewrites the CIDR block in a member of `attributes`, if it is one.
pub(super) fn canonicalise(attributes: &mut Attributes, name: &str) {
    if let Some(Value::String(text)) = attributes.get_mut(name) {
        *text = canonical_cidr(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cidr_blocks_have_one_spelling() {
        assert_eq!(canonical_cidr("0::/0"), "::/0");
        assert_eq!(canonical_cidr("2001:DB8:0:0::/64"), "2001:db8::/64");
        assert_eq!(canonical_cidr("10.0.0.0/16"), "10.0.0.0/16");
        assert_eq!(canonical_cidr("pl-12345678"), "pl-12345678");
    }

    #[test]
    fn deleting_is_as_good_as_gone() {
        assert!(gone("Deleted") && gone("deleting"));
        assert!(!gone("available") && !gone("failed") && !gone(""));
    }
}
