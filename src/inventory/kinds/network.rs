//! What the kinds around a VPC share: ARNs, states of things on their way out, and CIDR blocks in one form.

use aws_sdk_ec2::types::Filter;
use serde_json::Value;

use crate::inventory::{ListRequest, Region};
use crate::model::{Attributes, Desired, cidr};

/// `arn:PARTITION:ec2:REGION:OWNER:RESOURCE`; the owner is this account where AWS names none.
pub(super) fn arn(aws: &Region, owner: Option<&str>, resource: &str) -> String {
    format!("arn:{}:ec2:{}:{}:{resource}", aws.partition, aws.name, owner.unwrap_or(&aws.account))
}

/// The desired resource with this id.
pub(super) fn desired<'a>(request: &ListRequest<'a>, id: &str) -> Option<&'a Desired> {
    request.desired.iter().find(|desired| desired.id == id).copied()
}

/// Listings also show what other accounts share with this one: that is theirs to declare, unless it is desired here.
pub(super) fn concerns(aws: &Region, request: &ListRequest<'_>, owner: Option<&str>, id: &str) -> bool {
    owner.is_none_or(|owner| owner == aws.account) || desired(request, id).is_some()
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
