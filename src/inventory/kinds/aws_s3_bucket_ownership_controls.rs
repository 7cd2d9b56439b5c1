//! `aws_s3_bucket_ownership_controls`.

use async_trait::async_trait;
use serde_json::{Value, json};

use super::s3::{self, BucketPart, PartId, Strangers};
use crate::aws::ReadError;
use crate::inventory::ScopeReader;
use crate::inventory::value::attributes;
use crate::model::Attributes;

pub(super) struct AwsS3BucketOwnershipControls;

#[async_trait]
impl BucketPart for AwsS3BucketOwnershipControls {
    fn name(&self) -> &'static str {
        "aws_s3_bucket_ownership_controls"
    }

    fn actions(&self) -> &'static [&'static str] {
        &["s3:GetBucketOwnershipControls", "s3:GetBucketLocation", "s3:ListAllMyBuckets"]
    }

    /// AWS lets the owner of every new bucket own its objects:
    /// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html>.
    fn strangers(&self) -> Strangers {
        Strangers::One(|values| {
            let rules = values.get("rule").and_then(Value::as_array);
            rules.into_iter().flatten().any(|rule| rule["object_ownership"] != "BucketOwnerEnforced")
        })
    }

    async fn read(&self, aws: &ScopeReader, id: &PartId<'_>) -> Result<Option<Attributes>, ReadError> {
        let answer = s3::ownership(aws, id.bucket).await?;
        let controls = s3::part("s3:GetBucketOwnershipControls", &answer, |it| it.ownership_controls())?;
        Ok(controls.map(|controls| {
            let rules =
                controls.rules().iter().map(|rule| json!({"object_ownership": rule.object_ownership().as_str()}));
            attributes(json!({ "rule": Value::from_iter(rules) }))
        }))
    }
}
