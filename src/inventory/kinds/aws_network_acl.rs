//! `aws_network_acl`. Its entries have one form in `ec2/entries.rs`; the two last rules of AWS's own are left out.

use async_trait::async_trait;
use aws_sdk_ec2::types::NetworkAcl;
use serde_json::json;

use super::{
    ec2::{self, entries},
    network,
};
use crate::aws::{ReadError, not_found};
use crate::inventory::value::{attributes, ec2_tags};
use crate::inventory::{Kind, ListRequest, Listed, ScopeReader};
use crate::model::{CompareRules, Live, Owner, PriorState};

pub(super) struct AwsNetworkAcl;

#[async_trait]
impl Kind for AwsNetworkAcl {
    fn name(&self) -> &'static str {
        "aws_network_acl"
    }

    fn actions(&self) -> &'static [&'static str] {
        &["ec2:DescribeNetworkAcls"]
    }

    fn compare_rules(&self) -> CompareRules {
        CompareRules { normalize: Some(entries::normalize), ..CompareRules::default() }
    }

    async fn list(&self, aws: &ScopeReader, request: &ListRequest<'_>) -> Result<Listed, ReadError> {
        let acls = ec2::network_acls(aws).await?;
        let ours = acls.iter().filter(|acl| {
            network::concerns(aws, &request, acl.owner_id(), acl.network_acl_id().unwrap_or_default()) //
        });
        Ok(ours.map(|acl| live(aws, acl)).collect::<Vec<_>>().into())
    }

    async fn exists(&self, aws: &ScopeReader, desired: &PriorState<'_>) -> Result<bool, ReadError> {
        Ok(read(aws, &desired.id).await?.is_some())
    }
}

/// What DescribeNetworkAcls tells.
pub(super) fn live(aws: &ScopeReader, acl: &NetworkAcl) -> Live {
    let id = acl.network_acl_id().unwrap_or_default();
    let owner = acl.owner_id().unwrap_or(&aws.account);
    let values = json!({
        "arn": format!("arn:{}:ec2:{}:{owner}:network-acl/{id}", aws.partition, aws.region),
        "egress": entries::elements_of(acl, true),
        "id": id,
        "ingress": entries::elements_of(acl, false),
        "owner_id": owner,
        "subnet_ids": acl.associations().iter().filter_map(|one| one.subnet_id()).collect::<Vec<_>>(),
        "tags_all": ec2_tags(acl.tags()),
        "vpc_id": acl.vpc_id(),
    });
    let default = acl.is_default() == Some(true);
    let owner = if default { Owner::Aws("default network ACL of a VPC") } else { Owner::None };
    Live { id: id.to_owned(), attributes: attributes(values), owner }
}

/// One ACL by a read of its own; `None` when AWS says that there is none.
pub(super) async fn read(aws: &ScopeReader, id: &str) -> Result<Option<NetworkAcl>, ReadError> {
    let answer =
        aws.call("ec2:DescribeNetworkAcls", aws.ec2().describe_network_acls().network_acl_ids(id).send()).await;
    let answer = not_found(answer, &["InvalidNetworkAclID.NotFound", "InvalidNetworkAclId.NotFound"])?;
    Ok(answer.and_then(|answer| answer.network_acls.unwrap_or_default().into_iter().next()))
}
