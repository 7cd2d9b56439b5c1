//! Small conversions from the SDK's types into Terraform's attribute values. Knows no kind.

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use serde_json::{Map, Value};

use crate::model::Attributes;

/// The members of a `json!({...})` object.
pub fn attributes(value: Value) -> Attributes {
    match value {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

/// All tags of an object, for `tags_all`: the collector takes out AWS's own (see [`split_reserved`]).
pub fn tags<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Value {
    Value::Object(pairs.into_iter().map(|(key, value)| (key.to_owned(), Value::from(value))).collect())
}

/// Takes AWS's own tags out: Terraform's provider ignores `aws:*`, and nobody but AWS can set them
/// (<https://docs.aws.amazon.com/tag-editor/latest/userguide/tagging.html>).
pub fn split_reserved(tags: &mut Value) -> Attributes {
    let Value::Object(members) = tags else { return Map::new() };
    let (reserved, own) = std::mem::take(members).into_iter().partition(|(key, _)| key.starts_with("aws:"));
    *members = own;
    reserved
}

/// The tags of an EC2 object that people can set.
pub fn own_ec2_tags(list: &[aws_sdk_ec2::types::Tag]) -> Value {
    let mut tags = ec2_tags(list);
    split_reserved(&mut tags);
    tags
}

/// The tags of an EC2 object.
pub fn ec2_tags(list: &[aws_sdk_ec2::types::Tag]) -> Value {
    tags(list.iter().map(|tag| (tag.key().unwrap_or_default(), tag.value().unwrap_or_default())))
}

/// The tags of an IAM object.
pub fn iam_tags(list: &[aws_sdk_iam::types::Tag]) -> Value {
    tags(list.iter().map(|tag| (tag.key(), tag.value())))
}

/// RFC 3339 in UTC with whole seconds, as the provider writes times: `2026-11-23T14:03:00Z`.
pub fn time(at: Option<&DateTime>) -> Option<String> {
    let at = DateTime::from_secs(at?.secs());
    at.fmt(Format::DateTime).ok()
}

/// A string attribute out of attributes; empty when absent or not a string.
pub fn text<'a>(attributes: &'a Attributes, name: &str) -> &'a str {
    attributes.get(name).and_then(Value::as_str).unwrap_or_default()
}
