//! `aws_s3_bucket_object_lock_configuration`. The token of AWS Support is only ever sent.

use async_trait::async_trait;
use aws_sdk_s3::types::DefaultRetention;
use serde_json::{Value, json};

use super::s3::{self, BucketPart, PartId};
use crate::aws::ReadError;
use crate::inventory::ScopeReader;
use crate::inventory::value::attributes;
use crate::model::{Attributes, CompareRules};

pub(super) struct AwsS3BucketObjectLockConfiguration;

#[async_trait]
impl BucketPart for AwsS3BucketObjectLockConfiguration {
    fn name(&self) -> &'static str {
        "aws_s3_bucket_object_lock_configuration"
    }

    fn actions(&self) -> &'static [&'static str] {
        &["s3:GetBucketObjectLockConfiguration", "s3:GetBucketLocation", "s3:ListAllMyBuckets"]
    }

    fn compare_rules(&self) -> CompareRules {
        CompareRules { not_returned: &["token"], ..CompareRules::default() }
    }

    fn repeated_in(&self) -> &'static [&'static str] {
        &["object_lock_configuration", "object_lock_enabled"]
    }

    async fn read(&self, aws: &ScopeReader, id: &PartId<'_>) -> Result<Option<Attributes>, ReadError> {
        let answer = s3::object_lock(aws, id.bucket).await?;
        let lock = s3::part("s3:GetBucketObjectLockConfiguration", &answer, |it| it.object_lock_configuration())?;
        Ok(lock.map(|lock| {
            let retention = lock.rule().map(|rule| {
                [json!({ "default_retention": rule.default_retention().map(|retention| [default_retention(retention)]) })]
            });
            attributes(json!({
                "object_lock_enabled": lock.object_lock_enabled().map(|enabled| enabled.as_str()),
                "rule": retention,
            }))
        }))
    }
}

/// The same in the bucket's own block.
pub(super) fn default_retention(retention: &DefaultRetention) -> Value {
    json!({
        "days": retention.days(),
        "mode": retention.mode().map(|mode| mode.as_str()),
        "years": retention.years(),
    })
}
