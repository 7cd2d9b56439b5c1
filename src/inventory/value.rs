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

/// Key and value pairs as Terraform's `tags_all`: AWS's own `aws:` tags are not Terraform's.
pub fn tags<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Value {
    let kept = pairs.into_iter().filter(|(key, _)| !key.starts_with("aws:"));
    Value::Object(kept.map(|(key, value)| (key.to_owned(), Value::from(value))).collect())
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
