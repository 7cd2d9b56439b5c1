//! `aws_vpc_ipv4_cidr_block_association`: a secondary CIDR block of a VPC, which shows it nowhere else.

use async_trait::async_trait;
use aws_sdk_ec2::types::{Vpc, VpcCidrBlockAssociation};
use serde_json::json;

use super::ec2::{self, single};
use super::network;
use crate::aws::ReadError;
use crate::inventory::value::{attributes, text};
use crate::inventory::{Kind, ListRequest, Listed, ScopeReader};
use crate::model::{Attributes, CompareRules, Live, Owner, PriorState};

pub(super) struct AwsVpcIpv4CidrBlockAssociation;

#[async_trait]
impl Kind for AwsVpcIpv4CidrBlockAssociation {
    fn name(&self) -> &'static str {
        "aws_vpc_ipv4_cidr_block_association"
    }

    fn actions(&self) -> &'static [&'static str] {
        &["ec2:DescribeVpcs"]
    }

    fn compare_rules(&self) -> CompareRules {
        CompareRules { not_returned: &["ipv4_ipam_pool_id", "ipv4_netmask_length"], ..CompareRules::default() }
    }

    async fn list(&self, aws: &ScopeReader, request: &ListRequest<'_>) -> Result<Listed, ReadError> {
        if request.desired.is_empty() && !request.unmanaged {
            return Ok(Listed::default());
        }
        Ok(ec2::vpcs(aws).await?.iter().flat_map(all).collect())
    }

    async fn read(&self, aws: &ScopeReader, prior: &PriorState<'_>) -> Result<Option<Live>, ReadError> {
        let vpcs = single::vpcs_with(aws, "cidr-block-association.association-id", prior.id).await?;
        Ok(vpcs.iter().flat_map(all).find(|live| live.id == prior.id))
    }

    fn unmanaged_children_of(&self) -> &'static [&'static str] {
        network::VPCS
    }

    async fn list_children(&self, aws: &ScopeReader, parent: &str) -> Result<Vec<Live>, ReadError> {
        Ok(single::vpc(aws, parent).await?.iter().flat_map(|vpc| all(vpc)).collect())
    }

    fn parents(&self, attributes: &Attributes) -> Vec<(&'static str, String)> {
        network::VPCS.iter().map(|kind| (*kind, text(attributes, "vpc_id").to_owned())).collect()
    }
}

fn all(vpc: &Vpc) -> impl Iterator<Item = Live> {
    vpc.cidr_block_association_set().iter().filter(|association| is_there(association)).map(|association| {
        let id = association.association_id().unwrap_or_default();
        let values = json!({"cidr_block": association.cidr_block(), "id": id, "vpc_id": vpc.vpc_id()});
        // The block that the VPC was made with is in the same set.
        let owner = match association.cidr_block() == vpc.cidr_block() {
            true => Owner::Aws("first CIDR block of a VPC"),
            false => Owner::Parent { kind: "aws_vpc", id: vpc.vpc_id().unwrap_or_default().to_owned() },
        };
        Live { id: id.to_owned(), attributes: attributes(values), owner }
    })
}

fn is_there(association: &VpcCidrBlockAssociation) -> bool {
    let state = association.cidr_block_state().and_then(|state| state.state()).map(|state| state.as_str());
    !matches!(state, Some("disassociated" | "failed"))
}
