//! What the kinds around a VPC share: ARNs, states of things on their way out, and CIDR blocks in one form.

use aws_sdk_ec2::types::Filter;
use serde_json::Value;

use crate::inventory::ScopeReader;
use crate::model::{Attributes, Live, Owner, cidr};

/// The types under which a VPC is declared.
pub(super) const VPCS: &[&str] = &["aws_default_vpc", "aws_vpc"];

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
        Owner::None | Owner::Altered { .. } => Owner::Parent { kind, id: live.id.clone() },
        other => other,
    };
    Live { owner, ..live }
}

/// Whose an object is that AWS made with a VPC: the elements of these attributes that are not as AWS makes them were added.
pub(super) fn made_with_vpc(
    what: &'static str,
    attributes: &Attributes,
    lists: &[&'static str],
    is_made_by_aws: impl Fn(&str, &Value) -> bool,
) -> Owner {
    let elements = |name: &'static str| {
        let all = attributes.get(name).and_then(Value::as_array).into_iter().flatten();
        all.map(move |element| (name, element.clone()))
    };
    let added = lists.iter().copied().flat_map(elements).filter(|(name, element)| !is_made_by_aws(name, element));
    match Vec::from_iter(added) {
        added if added.is_empty() => Owner::Aws(what),
        added => Owner::Altered { what, added },
    }
}

/// Deleted for good; AWS goes on listing such things for up to an hour.
pub(super) fn gone(state: &str) -> bool {
    state.eq_ignore_ascii_case("deleted") || state.eq_ignore_ascii_case("deleting")
}

/// A filter with one value.
pub(super) fn filter(name: &str, value: &str) -> Filter {
    Filter::builder().name(name).values(value).build()
}

/// Rewrites the CIDR block in a member of `attributes`, if it is one.
pub(super) fn canonicalise(attributes: &mut Attributes, name: &str) {
    if let Some(Value::String(text)) = attributes.get_mut(name) {
        *text = cidr::canonical(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deleting_is_as_good_as_gone() {
        assert!(gone("Deleted") && gone("deleting"));
        assert!(!gone("available") && !gone("failed") && !gone(""));
    }
}
