//! `aws_ebs_encryption_by_default`: one switch per region. Its id in a state is random, so every desired one is it.

use async_trait::async_trait;
use serde_json::json;

use crate::aws::ReadError;
use crate::inventory::value::attributes;
use crate::inventory::{Kind, ListRequest, Listed, ScopeReader};
use crate::model::{CompareRules, Live, Owner, PriorState};

const ACTION: &str = "ec2:GetEbsEncryptionByDefault";

pub(super) struct AwsEbsEncryptionByDefault;

#[async_trait]
impl Kind for AwsEbsEncryptionByDefault {
    fn name(&self) -> &'static str {
        "aws_ebs_encryption_by_default"
    }

    fn actions(&self) -> &'static [&'static str] {
        &[ACTION]
    }

    fn compare_rules(&self) -> CompareRules {
        CompareRules::default()
    }

    async fn list(&self, aws: &ScopeReader, request: &ListRequest<'_>) -> Result<Listed, ReadError> {
        if request.desired.is_empty() {
            return Ok(Listed::default());
        }
        let enabled = enabled(aws).await?;
        Ok(request.desired.iter().map(|prior| live(prior.id, enabled)).collect())
    }

    /// The switch is always there.
    async fn read(&self, aws: &ScopeReader, prior: &PriorState<'_>) -> Result<Option<Live>, ReadError> {
        Ok(Some(live(prior.id, enabled(aws).await?)))
    }
}

fn live(id: &str, enabled: bool) -> Live {
    Live {
        id: id.to_owned(),
        attributes: attributes(json!({"enabled": enabled, "id": id})),
        owner: Owner::Aws("setting of a region"),
    }
}

async fn enabled(aws: &ScopeReader) -> Result<bool, ReadError> {
    let enabled = aws.cached(ACTION, || async {
        let answer = aws.call(ACTION, aws.ec2().get_ebs_encryption_by_default().send()).await?;
        Ok(answer.ebs_encryption_by_default().unwrap_or_default())
    });
    Ok(*enabled.await?)
}
