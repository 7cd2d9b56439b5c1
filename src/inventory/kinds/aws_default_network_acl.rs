//! `aws_default_network_acl`: the ACL that AWS makes with every VPC, once Terraform has adopted it. AWS itself puts every new subnet
//! into it, and Terraform takes out what it gives to another ACL: subnets and other ACLs say which are theirs.

use async_trait::async_trait;
use aws_sdk_ec2::types::NetworkAcl;

use super::ec2::{self, entries, single};
use super::{aws_network_acl, network};
use crate::aws::ReadError;
use crate::inventory::{Kind, ListRequest, Listed, ScopeReader};
use crate::model::{CompareRules, Live, OwnedField, PriorState};

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
        CompareRules { normalize: Some(entries::normalize), ..CompareRules::default() }
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

/// What the default ACLs have to do with a subnet: it lies in another one (`subnet_ids`), or it is declared at all.
pub(super) fn part_of_default(attribute: &'static str, subnet: &str) -> OwnedField {
    OwnedField {
        parent_kind: "aws_default_network_acl",
        // A subnet does not name the default ACL of its VPC.
        parent_id: "*".to_owned(),
        attribute,
        element: Some(subnet.into()),
    }
}

fn live(aws: &ScopeReader, acl: &NetworkAcl) -> Live {
    let mut live = network::adopted("aws_network_acl", aws_network_acl::live(aws, acl));
    live.attributes.insert("default_network_acl_id".to_owned(), live.id.clone().into());
    live
}
