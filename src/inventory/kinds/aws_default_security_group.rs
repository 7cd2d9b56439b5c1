//! `aws_default_security_group`: the group that AWS makes with every VPC, once Terraform has adopted it.

use async_trait::async_trait;
use aws_sdk_ec2::types::SecurityGroup;

use super::ec2::{self, single};
use super::{aws_security_group, network};
use crate::aws::ReadError;
use crate::inventory::{Kind, ListRequest, Listed, ScopeReader};
use crate::model::{CompareRules, Live, PriorState, security_group_rule};

pub(super) struct AwsDefaultSecurityGroup;

#[async_trait]
impl Kind for AwsDefaultSecurityGroup {
    fn name(&self) -> &'static str {
        "aws_default_security_group"
    }

    fn actions(&self) -> &'static [&'static str] {
        &["ec2:DescribeSecurityGroups"]
    }

    fn compare_rules(&self) -> CompareRules {
        CompareRules {
            not_returned: &["name_prefix", "revoke_rules_on_delete"],
            normalize: Some(security_group_rule::normalize),
            ..CompareRules::default()
        }
    }

    async fn list(&self, aws: &ScopeReader, request: &ListRequest<'_>) -> Result<Listed, ReadError> {
        if request.desired.is_empty() {
            return Ok(Listed::default());
        }
        let groups = ec2::security_groups(aws).await?;
        let adopted = groups.iter().filter(|group| {
            group.group_name() == Some("default") || group.group_id().is_some_and(|id| request.declares(id)) //
        });
        Ok(adopted.map(|group| live(aws, group)).collect())
    }

    async fn read(&self, aws: &ScopeReader, prior: &PriorState<'_>) -> Result<Option<Live>, ReadError> {
        Ok(single::security_group(aws, prior.id).await?.map(|group| live(aws, &group)))
    }
}

fn live(aws: &ScopeReader, group: &SecurityGroup) -> Live {
    network::adopted("aws_security_group", aws_security_group::live(aws, group))
}
