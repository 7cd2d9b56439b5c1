//! `aws_s3_bucket_request_payment_configuration`.

use async_trait::async_trait;
use serde_json::json;

use super::s3::{self, BucketPart, PartId};
use crate::aws::ReadError;
use crate::inventory::ScopeReader;
use crate::inventory::value::attributes;
use crate::model::Attributes;

pub(super) struct AwsS3BucketRequestPaymentConfiguration;

#[async_trait]
impl BucketPart for AwsS3BucketRequestPaymentConfiguration {
    fn name(&self) -> &'static str {
        "aws_s3_bucket_request_payment_configuration"
    }

    fn actions(&self) -> &'static [&'static str] {
        &["s3:GetBucketRequestPayment", "s3:GetBucketLocation", "s3:ListAllMyBuckets"]
    }

    fn repeated_in(&self) -> &'static [&'static str] {
        &["request_payer"]
    }

    async fn read(&self, aws: &ScopeReader, id: &PartId<'_>) -> Result<Option<Attributes>, ReadError> {
        let answer = s3::request_payment(aws, id.bucket).await?;
        Ok(answer
            .as_ref()
            .as_ref()
            .map(|payment| attributes(json!({ "payer": payment.payer().map(|payer| payer.as_str()) }))))
    }
}
