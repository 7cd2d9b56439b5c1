//! `aws_ami_copy`: an image of the account, read as `aws_ami` is. What it was copied from is only in the state.

use async_trait::async_trait;

use super::aws_ami;
use crate::inventory::{Found, Kind, ReadError, Region, Wanted};
use crate::model::{Desired, Shape};

pub(super) struct AwsAmiCopy;

#[async_trait]
impl Kind for AwsAmiCopy {
    fn name(&self) -> &'static str {
        "aws_ami_copy"
    }

    fn actions(&self) -> &'static [&'static str] {
        &[aws_ami::DESCRIBE]
    }

    fn shape(&self) -> Shape {
        let unread =
            &["destination_outpost_arn", "encrypted", "kms_key_id", "source_ami_id", "source_ami_region", "uefi_data"];
        Shape { unread, compared: &["public"], ..Shape::default() }
    }

    async fn list(&self, aws: &Region, wanted: Wanted<'_>) -> Result<Found, ReadError> {
        Ok(aws_ami::live(aws, |id| wanted.desired.iter().any(|desired| desired.id == id)).await?.into())
    }

    async fn exists(&self, aws: &Region, desired: &Desired) -> Result<bool, ReadError> {
        aws_ami::exists(aws, &desired.id).await
    }
}
