//! `aws_ebs_encryption_by_default`: one switch per region. Its id in a state is random, so every desired one is it.

use async_trait::async_trait;
use serde_json::json;

use crate::aws::ReadError;
use crate::inventory::value::attributes;
use crate::inventory::{Kind, ListRequest, Listed, ScopeReader};
use crate::model::{CompareRules, Live, Owner, PriorState};

pub(super) struct AwsEbsEncryptionByDefault;

#[async_trait]
impl Kind for AwsEbsEncryptionByDefault {
    fn name(&self) -> &'static str {
        "aws_ebs_encryption_by_default"
    }

    fn actions(&self) -> &'static [&'static str] {
        &["ec2:GetEbsEncryptionByDefault"]
    }

    fn compare_rules(&self) -> CompareRules {
        CompareRules::default()
    }

    async fn list(&self, aws: &ScopeReader, request: &ListRequest<'_>) -> Result<Listed, ReadError> {
        if request.desired.is_empty() {
            return Ok(Listed::default());
        }
        let enabled = read(aws).await?;
        let live = request.desired.iter().map(|desired| Live {
            id: desired.id.clone(),
            attributes: attributes(json!({"enabled": enabled, "id": desired.id})),
            owner: Owner::Aws("setting of a region"),
        });
        Ok(live.collect::<Vec<_>>().into())
    }

    /// The switch is always there.
    async fn exists(&self, aws: &ScopeReader, _desired: &PriorState<'_>) -> Result<bool, ReadError> {
        read(aws).await.map(|_| true)
    }
}

async fn read(aws: &ScopeReader) -> Result<bool, ReadError> {
    let call = aws.ec2().get_ebs_encryption_by_default().send();
    let answer = aws.call("ec2:GetEbsEncryptionByDefault", call).await?;
    Ok(answer.ebs_encryption_by_default().unwrap_or_default())
}
