//! `aws_default_security_group`: the group that AWS makes with every VPC, once Terraform has adopted it.

use async_trait::async_trait;

use super::aws_security_group::{live, read};
use super::ec2;
use crate::inventory::{Kind, ListRequest, Listed, ReadError, Region};
use crate::model::{CompareRules, Desired, security_group_rule};

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

    async fn list(&self, aws: &Region, _wanted: ListRequest<'_>) -> Result<Listed, ReadError> {
        let groups = ec2::security_groups(aws).await?;
        let defaults = groups.iter().filter(|group| group.group_name() == Some("default"));
        Ok(defaults.map(|group| live(aws, group)).collect::<Vec<_>>().into())
    }

    async fn exists(&self, aws: &Region, desired: &Desired) -> Result<bool, ReadError> {
        Ok(read(aws, &desired.id).await?.is_some())
    }
}
