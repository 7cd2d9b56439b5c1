//! `aws_default_vpc`: the region's default VPC, adopted by Terraform. Reads like `aws_vpc`; none is unmanaged
//! under this name.

use async_trait::async_trait;
use aws_sdk_ec2::types::Vpc;

use super::ec2::{self, single};
use super::{aws_vpc, network};
use crate::aws::ReadError;
use crate::inventory::{Completion, Kind, ListRequest, Listed, ScopeReader};
use crate::model::{CompareRules, Live, PriorState};

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
        CompareRules {
            identity: aws_vpc::LINKS,
            not_returned: &["existing_default_vpc", "force_destroy"],
            ..CompareRules::default()
        }
    }

    async fn list(&self, aws: &ScopeReader, request: &ListRequest<'_>) -> Result<Listed, ReadError> {
        if request.desired.is_empty() {
            return Ok(Listed::default());
        }
        let vpcs = ec2::vpcs(aws).await?;
        aws_vpc::list_parts(aws, &vpcs, request).await;
        let declared = vpcs.iter().filter_map(|vpc| Some((vpc, request.prior(vpc.vpc_id()?)?)));
        Ok(declared.map(|(vpc, prior)| live(aws, vpc, &prior)).collect())
    }

    async fn complete(&self, aws: &ScopeReader, _prior: &PriorState<'_>, live: &mut Live) -> Completion {
        aws_vpc::complete(aws, live).await
    }

    async fn read(&self, aws: &ScopeReader, prior: &PriorState<'_>) -> Result<Option<Live>, ReadError> {
        Ok(single::vpc(aws, prior.id).await?.map(|vpc| live(aws, &vpc, prior)))
    }
}

fn live(aws: &ScopeReader, vpc: &Vpc, prior: &PriorState<'_>) -> Live {
    network::adopted("aws_vpc", aws_vpc::live(aws, vpc, Some(prior)))
}
