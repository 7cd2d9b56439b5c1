//! `aws_ebs_encryption_by_default`: one switch per region. Its id in a state is random, so every desired one is it.

use async_trait::async_trait;
use serde_json::json;

use crate::inventory::value::attributes;
use crate::inventory::{Found, Kind, ReadError, Region, Wanted};
use crate::model::{Desired, Live, Origin, Shape};

pub(super) struct AwsEbsEncryptionByDefault;

#[async_trait]
impl Kind for AwsEbsEncryptionByDefault {
    fn name(&self) -> &'static str {
        "aws_ebs_encryption_by_default"
    }

    fn actions(&self) -> &'static [&'static str] {
        &["ec2:GetEbsEncryptionByDefault"]
    }

    fn shape(&self) -> Shape {
        Shape::default()
    }

    async fn list(&self, aws: &Region, wanted: Wanted<'_>) -> Result<Found, ReadError> {
        if wanted.desired.is_empty() {
            return Ok(Found::default());
        }
        let enabled = read(aws).await?;
        let live = wanted.desired.iter().map(|desired| Live {
            id: desired.id.clone(),
            attributes: attributes(json!({"enabled": enabled, "id": desired.id})),
            origin: Origin::Aws("setting of a region"),
        });
        Ok(live.collect::<Vec<_>>().into())
    }

    /// The switch is always there.
    async fn exists(&self, aws: &Region, _desired: &Desired) -> Result<bool, ReadError> {
        read(aws).await.map(|_| true)
    }
}

async fn read(aws: &Region) -> Result<bool, ReadError> {
    let call = aws.ec2.get_ebs_encryption_by_default().send();
    let answer = aws.call("ec2:GetEbsEncryptionByDefault", call).await?;
    Ok(answer.ebs_encryption_by_default().unwrap_or_default())
}
