//! `aws_s3_bucket_server_side_encryption_configuration`. AWS gives every bucket one.

use async_trait::async_trait;
use aws_sdk_s3::types::ServerSideEncryptionRule;
use serde_json::{Value, json};

use super::s3::{self, BucketPart, PartId};
use crate::aws::ReadError;
use crate::inventory::ScopeReader;
use crate::inventory::value::attributes;
use crate::model::Attributes;

pub(super) struct AwsS3BucketServerSideEncryptionConfiguration;

#[async_trait]
impl BucketPart for AwsS3BucketServerSideEncryptionConfiguration {
    fn name(&self) -> &'static str {
        "aws_s3_bucket_server_side_encryption_configuration"
    }

    fn actions(&self) -> &'static [&'static str] {
        &["s3:GetEncryptionConfiguration", "s3:GetBucketLocation", "s3:ListAllMyBuckets"]
    }

    fn repeated_in(&self) -> &'static [&'static str] {
        &["server_side_encryption_configuration"]
    }

    async fn read(&self, aws: &ScopeReader, id: &PartId<'_>) -> Result<Option<Attributes>, ReadError> {
        let answer = s3::encryption(aws, id.bucket).await?;
        let encryption = answer.as_ref().as_ref().and_then(|answer| answer.server_side_encryption_configuration());
        Ok(encryption.map(|encryption| attributes(json!({ "rule": rules(encryption.rules()) }))))
    }
}

/// The same in the bucket's own block.
pub(super) fn rules(rules: &[ServerSideEncryptionRule]) -> Value {
    let rules = rules.iter().map(|rule| {
        let default = rule.apply_server_side_encryption_by_default();
        json!({
            "apply_server_side_encryption_by_default": default.map(|default| [json!({
                "kms_master_key_id": default.kms_master_key_id(),
                "sse_algorithm": default.sse_algorithm().as_str(),
            })]),
            "bucket_key_enabled": rule.bucket_key_enabled(),
        })
    });
    Value::from_iter(rules)
}
