//! `aws_s3_account_public_access_block`: one per account, and none until somebody sets it.

use async_trait::async_trait;
use serde_json::json;

use super::s3;
use crate::aws::{ReadError, not_found};
use crate::inventory::value::attributes;
use crate::inventory::{Kind, ListRequest, Listed, Reach, ScopeReader};
use crate::model::{Live, Owner, PriorState};

pub(super) struct AwsS3AccountPublicAccessBlock;

const ACTION: &str = "s3:GetAccountPublicAccessBlock";

#[async_trait]
impl Kind for AwsS3AccountPublicAccessBlock {
    fn name(&self) -> &'static str {
        "aws_s3_account_public_access_block"
    }

    fn reach(&self) -> Reach {
        Reach::Global
    }

    fn actions(&self) -> &'static [&'static str] {
        &[ACTION]
    }

    async fn list(&self, _aws: &ScopeReader, _request: &ListRequest<'_>) -> Result<Listed, ReadError> {
        Ok(Listed::one_by_one())
    }

    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_control_GetPublicAccessBlock.html>
    async fn read(&self, aws: &ScopeReader, prior: &PriorState<'_>) -> Result<Option<Live>, ReadError> {
        let call = aws.s3control().get_public_access_block().account_id(prior.id).send();
        let answer = not_found(aws.call(ACTION, call).await, &["NoSuchPublicAccessBlockConfiguration"])?;
        let part = s3::part(ACTION, &answer, |it| it.public_access_block_configuration())?;
        Ok(part.map(|block| {
            let attributes = attributes(json!({
                "account_id": prior.id,
                "block_public_acls": block.block_public_acls(),
                "block_public_policy": block.block_public_policy(),
                "id": prior.id,
                "ignore_public_acls": block.ignore_public_acls(),
                "restrict_public_buckets": block.restrict_public_buckets(),
            }));
            Live { id: prior.id.to_owned(), attributes, owner: Owner::None }
        }))
    }
}
