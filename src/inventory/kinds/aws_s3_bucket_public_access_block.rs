//! `aws_s3_bucket_public_access_block`.

use async_trait::async_trait;
use serde_json::json;

use super::s3::{self, BucketPart, PartId, Strangers};
use crate::aws::ReadError;
use crate::inventory::ScopeReader;
use crate::inventory::value::attributes;
use crate::model::{Attributes, CompareRules};

pub(super) struct AwsS3BucketPublicAccessBlock;

const FLAGS: [&str; 4] = ["block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets"];

#[async_trait]
impl BucketPart for AwsS3BucketPublicAccessBlock {
    fn name(&self) -> &'static str {
        "aws_s3_bucket_public_access_block"
    }

    fn actions(&self) -> &'static [&'static str] {
        &["s3:GetBucketPublicAccessBlock", "s3:GetBucketLocation", "s3:ListAllMyBuckets"]
    }

    fn compare_rules(&self) -> CompareRules {
        // Terraform's own: whether a destroy is one.
        CompareRules { not_returned: &["skip_destroy"], ..CompareRules::default() }
    }

    /// AWS blocks everything for every new bucket:
    /// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html>.
    fn strangers(&self) -> Strangers {
        Strangers::One(|values| FLAGS.iter().any(|flag| values.get(*flag) != Some(&json!(true))))
    }

    async fn read(&self, aws: &ScopeReader, id: &PartId<'_>) -> Result<Option<Attributes>, ReadError> {
        let answer = s3::public_access(aws, id.bucket).await?;
        let block = s3::part("s3:GetBucketPublicAccessBlock", &answer, |it| it.public_access_block_configuration())?;
        Ok(block.map(|block| {
            attributes(json!({
                "block_public_acls": block.block_public_acls(),
                "block_public_policy": block.block_public_policy(),
                "ignore_public_acls": block.ignore_public_acls(),
                "restrict_public_buckets": block.restrict_public_buckets(),
            }))
        }))
    }
}
