//! `aws_s3_bucket_logging`.

use async_trait::async_trait;
use aws_sdk_s3::types::TargetObjectKeyFormat;
use serde_json::{Value, json};

use super::aws_s3_bucket_acl::{forget, grantee};
use super::s3::{self, BucketPart, PartId};
use crate::aws::ReadError;
use crate::inventory::ScopeReader;
use crate::inventory::value::attributes;
use crate::model::{Attributes, CompareRules};

pub(super) struct AwsS3BucketLogging;

#[async_trait]
impl BucketPart for AwsS3BucketLogging {
    fn name(&self) -> &'static str {
        "aws_s3_bucket_logging"
    }

    fn actions(&self) -> &'static [&'static str] {
        &["s3:GetBucketLogging", "s3:GetBucketLocation", "s3:ListAllMyBuckets"]
    }

    fn compare_rules(&self) -> CompareRules {
        CompareRules { normalize: Some(normalize), ..CompareRules::default() }
    }

    fn repeated_in(&self) -> &'static [&'static str] {
        &["logging"]
    }

    async fn read(&self, aws: &ScopeReader, id: &PartId<'_>) -> Result<Option<Attributes>, ReadError> {
        let answer = s3::logging(aws, id.bucket).await?;
        let logging = answer.as_ref().as_ref().and_then(|answer| answer.logging_enabled());
        Ok(logging.map(|logging| {
            let grants = logging.target_grants().iter().map(|grant| {
                json!({
                    "grantee": grant.grantee().map(|to| [grantee(to)]),
                    "permission": grant.permission().map(|permission| permission.as_str()),
                })
            });
            attributes(json!({
                "target_bucket": logging.target_bucket(),
                "target_grant": Value::from_iter(grants),
                "target_object_key_format": logging.target_object_key_format().map(|format| [key_format(format)]),
                "target_prefix": logging.target_prefix(),
            }))
        }))
    }
}

/// AWS no longer sends display names.
fn normalize(attributes: &mut Attributes) {
    if let Some(grants) = attributes.get_mut("target_grant") {
        forget(grants, "display_name");
    }
}

fn key_format(format: &TargetObjectKeyFormat) -> Value {
    let partitioned = format.partitioned_prefix();
    json!({
        "partitioned_prefix": partitioned.map(|prefix| [json!({
            "partition_date_source": prefix.partition_date_source().map(|source| source.as_str()),
        })]),
        "simple_prefix": format.simple_prefix().map(|_| [json!({})]),
    })
}
