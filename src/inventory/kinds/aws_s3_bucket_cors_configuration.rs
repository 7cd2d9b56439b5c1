//! `aws_s3_bucket_cors_configuration`. Its lists are sets, those of the bucket's `cors_rule` are lists.

use async_trait::async_trait;
use aws_sdk_s3::types::CorsRule;
use serde_json::{Value, json};

use super::s3::{self, BucketPart, PartId};
use crate::aws::ReadError;
use crate::inventory::ScopeReader;
use crate::inventory::value::attributes;
use crate::model::Attributes;

pub(super) struct AwsS3BucketCorsConfiguration;

#[async_trait]
impl BucketPart for AwsS3BucketCorsConfiguration {
    fn name(&self) -> &'static str {
        "aws_s3_bucket_cors_configuration"
    }

    fn actions(&self) -> &'static [&'static str] {
        &["s3:GetBucketCORS", "s3:GetBucketLocation", "s3:ListAllMyBuckets"]
    }

    fn repeated_in(&self) -> &'static [&'static str] {
        &["cors_rule"]
    }

    async fn read(&self, aws: &ScopeReader, id: &PartId<'_>) -> Result<Option<Attributes>, ReadError> {
        let answer = s3::cors(aws, id.bucket).await?;
        let rules = answer.as_ref().as_ref().map(|answer| answer.cors_rules()).filter(|rules| !rules.is_empty());
        Ok(rules.map(|rules| {
            let rules = rules.iter().map(|rule| {
                let mut element = cors_rule(rule);
                element.insert("id".to_owned(), json!(rule.id()));
                Value::Object(element)
            });
            attributes(json!({ "cors_rule": Value::from_iter(rules) }))
        }))
    }
}

/// What the bucket's own block has, too.
pub(super) fn cors_rule(rule: &CorsRule) -> Attributes {
    attributes(json!({
        "allowed_headers": rule.allowed_headers(),
        "allowed_methods": rule.allowed_methods(),
        "allowed_origins": rule.allowed_origins(),
        "expose_headers": rule.expose_headers(),
        "max_age_seconds": rule.max_age_seconds(),
    }))
}
