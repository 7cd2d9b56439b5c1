//! `aws_default_network_acl`: the ACL that AWS makes with every VPC, once Terraform has adopted it. Its `subnet_ids` are
//! not compared: AWS itself puts every new subnet into it, and Terraform takes out whatever it gives to another ACL
//! after it wrote this one down. A subnet that somebody moves shows in `aws_network_acl`.

use async_trait::async_trait;
use aws_sdk_ec2::types::NetworkAcl;

use super::ec2::{self, entries, single};
use super::{aws_network_acl, network};
use crate::aws::ReadError;
use crate::inventory::{Kind, ListRequest, Listed, ScopeReader};
use crate::model::{CompareRules, Live, PriorState};

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

    async fn list(&self, aws: &ScopeReader, request: &ListRequest<'_>) -> Result<Listed, ReadError> {
        if request.desired.is_empty() {
            return Ok(Listed::default());
        }
        let acls = ec2::network_acls(aws).await?;
        let adopted = acls.iter().filter(|acl| {
            acl.is_default() == Some(true) || acl.network_acl_id().is_some_and(|id| request.declares(id)) //
        });
        Ok(adopted.map(|acl| live(aws, acl)).collect())
    }

    async fn read(&self, aws: &ScopeReader, prior: &PriorState<'_>) -> Result<Option<Live>, ReadError> {
        Ok(single::network_acl(aws, prior.id).await?.map(|acl| live(aws, &acl)))
    }
}

fn live(aws: &ScopeReader, acl: &NetworkAcl) -> Live {
    let mut live = network::adopted("aws_network_acl", aws_network_acl::live(aws, acl));
    live.attributes.insert("default_network_acl_id".to_owned(), live.id.clone().into());
    live
}
