//! `aws_default_subnet`: a subnet that AWS made and Terraform adopted. Reads like `aws_subnet`; a stranger is never
//! unmanaged under this name.

use async_trait::async_trait;

use super::{aws_subnet, ec2, network};
use crate::aws::ReadError;
use crate::inventory::{Kind, ListRequest, Listed, ScopeReader};
use crate::model::{CompareRules, PriorState};

pub(super) struct AwsDefaultSubnet;

#[async_trait]
impl Kind for AwsDefaultSubnet {
    fn name(&self) -> &'static str {
        "aws_default_subnet"
    }

    fn actions(&self) -> &'static [&'static str] {
        &["ec2:DescribeSubnets"]
    }

    fn compare_rules(&self) -> CompareRules {
        let not_returned = &["existing_default_subnet", "force_destroy"];
        CompareRules { not_returned, normalize: Some(aws_subnet::normalize), ..CompareRules::default() }
    }

    async fn list(&self, aws: &ScopeReader, request: &ListRequest<'_>) -> Result<Listed, ReadError> {
        if request.desired.is_empty() {
            return Ok(Listed::default());
        }
        let subnets = ec2::subnets(aws).await?;
        let adopted =
            subnets.iter().filter(|s| s.subnet_id().is_some_and(|id| network::desired(&request, id).is_some()));
        Ok(adopted.map(|subnet| aws_subnet::live(aws, subnet)).collect::<Vec<_>>().into())
    }

    async fn exists(&self, aws: &ScopeReader, desired: &PriorState<'_>) -> Result<bool, ReadError> {
        aws_subnet::exists(aws, desired).await
    }
}
