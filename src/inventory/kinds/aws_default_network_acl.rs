//! `aws_default_network_acl`: the ACL that AWS makes with every VPC, once Terraform has adopted it. Its `subnet_ids` are
//! not compare_computed: AWS itself puts every new subnet into it, and Terraform takes out whatever it gives to another ACL
//! after it wrote this one down. A subnet that somebody moves shows in `aws_network_acl`.

use async_trait::async_trait;

use super::aws_network_acl::{live, read};
use super::ec2::{self, entries};
use crate::aws::ReadError;
use crate::inventory::{Kind, ListRequest, Listed, ScopeReader};
use crate::model::{CompareRules, PriorState};

pub(super) struct AwsDefaultNetworkAcl;

#[async_trait]
impl Kind for AwsDefaultNetworkAcl {
    fn name(&self) -> &'static str {
        "aws_default_network_acl"
    }

    fn actions(&self) -> &'static [&'static str] {
        &["ec2:DescribeNetworkAcls"]
    }

    fn compare_rules(&self) -> CompareRules {
        CompareRules { not_returned: &["subnet_ids"], normalize: Some(entries::normalize), ..CompareRules::default() }
    }

    async fn list(&self, aws: &ScopeReader, _wanted: ListRequest<'_>) -> Result<Listed, ReadError> {
        let acls = ec2::network_acls(aws).await?;
        let defaults = acls.iter().filter(|acl| acl.is_default() == Some(true)).map(|acl| {
            let mut live = live(aws, acl);
            live.attributes.insert("default_network_acl_id".to_owned(), live.id.clone().into());
            live
        });
        Ok(defaults.collect::<Vec<_>>().into())
    }

    async fn exists(&self, aws: &ScopeReader, desired: &PriorState<'_>) -> Result<bool, ReadError> {
        Ok(read(aws, &desired.id).await?.is_some())
    }
}
