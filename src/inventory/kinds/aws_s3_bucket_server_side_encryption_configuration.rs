//! `aws_s3_bucket_server_side_encryption_configuration`. AWS gives every bucket one.

use async_trait::async_trait;
use aws_sdk_s3::types::ServerSideEncryptionRule;
use serde_json::{Value, json};

use super::s3::{self, BucketPart, PartId};
use crate::aws::ReadError;
use crate::inventory::ScopeReader;
use crate::inventory::value::attributes;
use crate::model::{Attributes, CompareRules};

pub(super) struct AwsS3BucketServerSideEncryptionConfiguration;

#[async_trait]
impl BucketPart for AwsS3BucketServerSideEncryptionConfiguration {
    fn name(&self) -> &'static str {
        "aws_s3_bucket_server_side_encryption_configuration"
    }

    fn actions(&self) -> &'static [&'static str] {
        &["s3:GetEncryptionConfiguration", "s3:GetBucketLocation", "s3:ListAllMyBuckets"]
    }

    fn compare_rules(&self) -> CompareRules {
        CompareRules { suppress_diff: Some(suppress_diff), ..CompareRules::default() }
    }

    fn repeated_in(&self) -> &'static [&'static str] {
        &["server_side_encryption_configuration"]
    }

    async fn read(&self, aws: &ScopeReader, id: &PartId<'_>) -> Result<Option<Attributes>, ReadError> {
        let answer = s3::encryption(aws, id.bucket).await?;
        let encryption =
            s3::part("s3:GetEncryptionConfiguration", &answer, |it| it.server_side_encryption_configuration())?;
        Ok(encryption.map(|encryption| attributes(json!({ "rule": rules(encryption.rules()) }))))
    }
}

/// The same in the bucket's own block.
pub(super) fn rules(rules: &[ServerSideEncryptionRule]) -> Value {
    let rules = rules.iter().map(|rule| {
        let default = rule.apply_server_side_encryption_by_default();
        let blocked = rule.blocked_encryption_types().map(|blocked| blocked.encryption_type()).unwrap_or_default();
        let blocked: Vec<_> = blocked.iter().map(|kind| kind.as_str()).collect();
        json!({
            "apply_server_side_encryption_by_default": default.map(|default| [json!({
                "kms_master_key_id": default.kms_master_key_id(),
                "sse_algorithm": default.sse_algorithm().as_str(),
            })]),
            "blocked_encryption_types": blocked,
            "bucket_key_enabled": rule.bucket_key_enabled(),
        })
    });
    Value::from_iter(rules)
}

/// AWS blocks keys of the customer (SSE-C) by itself since 2026: where the state names no blocked types, that is no change. To
/// allow them again is one, and has a value of its own.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/blocking-unblocking-s3-c-encryption-gpb.html>
fn suppress_diff(path: &str, desired: &Value, live: &Value) -> bool {
    let rules = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let (mut desired, mut live) = (rules(desired), rules(live));
    if path != "/rule" || desired.len() != live.len() {
        return false;
    }
    let blocked = |rule: &Value| rule["blocked_encryption_types"].as_array().cloned().unwrap_or_default();
    let by_itself = desired.iter().all(|rule| blocked(rule).is_empty())
        && live.iter().flat_map(blocked).all(|kind| kind == "SSE-C");
    for rule in desired.iter_mut().chain(&mut live) {
        strip(rule);
    }
    by_itself && desired.iter().all(|rule| live.contains(rule))
}

/// Without blocked types, and without what is empty.
fn strip(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(strip),
        Value::Object(members) => {
            members.remove("blocked_encryption_types");
            members.values_mut().for_each(strip);
            members.retain(|_, member| match member {
                Value::Null => false,
                Value::Bool(flag) => *flag,
                Value::String(text) => !text.is_empty(),
                Value::Array(items) => !items.is_empty(),
                _ => true,
            });
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aws_blocks_customer_keys_by_itself() {
        let rule = |blocked: Value, key: bool| {
            json!([{"apply_server_side_encryption_by_default": [{"sse_algorithm": "AES256", "kms_master_key_id": ""}],
                "bucket_key_enabled": key, "blocked_encryption_types": blocked}])
        };
        let same = |desired: &Value, live: &Value| suppress_diff("/rule", desired, live);
        assert!(same(&rule(Value::Null, false), &rule(json!(["SSE-C"]), false)));
        assert!(same(&rule(json!([]), false), &rule(json!(["SSE-C"]), false)));
        assert!(!same(&rule(json!([]), false), &rule(json!(["SSE-C"]), true)), "something else changed, too");
        assert!(!same(&rule(json!([]), false), &rule(json!(["NONE"]), false)));
        assert!(!same(&rule(json!(["SSE-C"]), false), &rule(json!([]), false)));
        assert!(!same(&rule(json!(["SSE-C"]), false), &rule(json!(["NONE"]), false)));
    }
}
