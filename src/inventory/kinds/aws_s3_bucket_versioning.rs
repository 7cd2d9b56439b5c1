//! `aws_s3_bucket_versioning`. The serial of the MFA device is only ever sent.

use async_trait::async_trait;
use serde_json::json;

use super::s3::{self, BucketPart, PartId};
use crate::aws::ReadError;
use crate::inventory::ScopeReader;
use crate::inventory::value::attributes;
use crate::model::{Attributes, CompareRules};

pub(super) struct AwsS3BucketVersioning;

#[async_trait]
impl BucketPart for AwsS3BucketVersioning {
    fn name(&self) -> &'static str {
        "aws_s3_bucket_versioning"
    }

    fn actions(&self) -> &'static [&'static str] {
        &["s3:GetBucketVersioning", "s3:GetBucketLocation", "s3:ListAllMyBuckets"]
    }

    fn compare_rules(&self) -> CompareRules {
        CompareRules { not_returned: &["mfa"], ..CompareRules::default() }
    }

    fn repeated_in(&self) -> &'static [&'static str] {
        &["versioning"]
    }

    async fn read(&self, aws: &ScopeReader, id: &PartId<'_>) -> Result<Option<Attributes>, ReadError> {
        let answer = s3::versioning(aws, id.bucket).await?;
        Ok(answer.as_ref().as_ref().map(|versioning| {
            attributes(json!({ "versioning_configuration": [{
                "mfa_delete": versioning.mfa_delete().map(|status| status.as_str()),
                // A bucket that never had versioning says nothing.
                "status": versioning.status().map_or("Disabled", |status| status.as_str()),
            }] }))
        }))
    }
}
