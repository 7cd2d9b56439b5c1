//! `aws_s3_bucket_policy`.

use async_trait::async_trait;
use serde_json::json;

use super::s3::{self, BucketPart, PartId};
use crate::aws::ReadError;
use crate::inventory::ScopeReader;
use crate::inventory::value::attributes;
use crate::model::{Attributes, CompareRules};

pub(super) struct AwsS3BucketPolicy;

#[async_trait]
impl BucketPart for AwsS3BucketPolicy {
    fn name(&self) -> &'static str {
        "aws_s3_bucket_policy"
    }

    fn actions(&self) -> &'static [&'static str] {
        &["s3:GetBucketPolicy", "s3:GetBucketLocation", "s3:ListAllMyBuckets"]
    }

    fn compare_rules(&self) -> CompareRules {
        CompareRules { policies: &["policy"], ..CompareRules::default() }
    }

    fn repeated_in(&self) -> &'static [&'static str] {
        &["policy"]
    }

    async fn read(&self, aws: &ScopeReader, id: &PartId<'_>) -> Result<Option<Attributes>, ReadError> {
        let answer = s3::policy(aws, id.bucket).await?;
        let policy = s3::part("s3:GetBucketPolicy", &answer, |it| it.policy())?;
        Ok(policy.map(|policy| attributes(json!({ "policy": policy }))))
    }
}
