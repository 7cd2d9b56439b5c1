//! `aws_s3_bucket_accelerate_configuration`.

use async_trait::async_trait;
use serde_json::json;

use super::s3::{self, BucketPart, PartId};
use crate::aws::ReadError;
use crate::inventory::ScopeReader;
use crate::inventory::value::attributes;
use crate::model::Attributes;

pub(super) struct AwsS3BucketAccelerateConfiguration;

#[async_trait]
impl BucketPart for AwsS3BucketAccelerateConfiguration {
    fn name(&self) -> &'static str {
        "aws_s3_bucket_accelerate_configuration"
    }

    fn actions(&self) -> &'static [&'static str] {
        &["s3:GetAccelerateConfiguration", "s3:GetBucketLocation", "s3:ListAllMyBuckets"]
    }

    fn repeated_in(&self) -> &'static [&'static str] {
        &["acceleration_status"]
    }

    async fn read(&self, aws: &ScopeReader, id: &PartId<'_>) -> Result<Option<Attributes>, ReadError> {
        let answer = s3::acceleration(aws, id.bucket).await?;
        Ok(answer
            .as_ref()
            .as_ref()
            .map(|acceleration| attributes(json!({ "status": acceleration.status().map(|status| status.as_str()) }))))
    }
}
