//! `aws_default_vpc`: the region's default VPC, adopted by Terraform. Reads like `aws_vpc`; a stranger is never
//! unmanaged under this name.

use async_trait::async_trait;

use super::{aws_vpc, ec2, network};
use crate::aws::ReadError;
use crate::inventory::{Kind, ListRequest, Listed, ScopeReader};
use crate::model::{CompareRules, PriorState};

pub(super) struct AwsDefaultVpc;

#[async_trait]
impl Kind for AwsDefaultVpc {
    fn name(&self) -> &'static str {
        "aws_default_vpc"
    }

    fn actions(&self) -> &'static [&'static str] {
        aws_vpc::ACTIONS
    }

    fn compare_rules(&self) -> CompareRules {
        CompareRules { not_returned: &["existing_default_vpc", "force_destroy"], ..CompareRules::default() }
    }

    async fn list(&self, aws: &ScopeReader, request: &ListRequest<'_>) -> Result<Listed, ReadError> {
        let mut found = Listed::default();
        if request.desired.is_empty() {
            return Ok(found);
        }
        for vpc in ec2::vpcs(aws).await?.iter() {
            if let Some(desired) = network::desired(&request, vpc.vpc_id().unwrap_or_default()) {
                aws_vpc::add(aws, vpc, Some(desired), &mut found).await;
            }
        }
        Ok(found)
    }

    async fn exists(&self, aws: &ScopeReader, desired: &PriorState<'_>) -> Result<bool, ReadError> {
        aws_vpc::exists(aws, desired).await
    }
}
