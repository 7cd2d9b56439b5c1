//! `aws_ami_copy`: an image of the account, read as `aws_ami` is. What it was copied from is only in the state.

use async_trait::async_trait;

use super::aws_ami;
use crate::aws::ReadError;
use crate::inventory::{Kind, ListRequest, Listed, ScopeReader};
use crate::model::{CompareRules, Live, PriorState};

pub(super) struct AwsAmiCopy;

#[async_trait]
impl Kind for AwsAmiCopy {
    fn name(&self) -> &'static str {
        "aws_ami_copy"
    }

    fn actions(&self) -> &'static [&'static str] {
        &[aws_ami::DESCRIBE]
    }

    fn compare_rules(&self) -> CompareRules {
        let not_returned =
            &["destination_outpost_arn", "encrypted", "kms_key_id", "source_ami_id", "source_ami_region", "uefi_data"];
        CompareRules { not_returned, compare_computed: &["public"], ..CompareRules::default() }
    }

    async fn list(&self, aws: &ScopeReader, request: &ListRequest<'_>) -> Result<Listed, ReadError> {
        aws_ami::declared(aws, request).await
    }

    async fn read(&self, aws: &ScopeReader, prior: &PriorState<'_>) -> Result<Option<Live>, ReadError> {
        aws_ami::read(aws, prior.id).await
    }
}
