//! `aws_vpc_ipv6_cidr_block_association`: an IPv6 block of a VPC. A VPC shows one of its blocks, the first or the one that its state
//! follows; the others are seen here only.

use async_trait::async_trait;
use aws_sdk_ec2::types::Vpc;
use serde_json::json;

use super::aws_vpc::ipv6_blocks;
use super::ec2::{self, single};
use super::network;
use crate::aws::ReadError;
use crate::inventory::value::{attributes, text};
use crate::inventory::{Kind, ListRequest, Listed, ScopeReader};
use crate::model::{Attributes, CompareRules, Live, OwnedField, Owner, PriorState};

pub(super) struct AwsVpcIpv6CidrBlockAssociation;

/// What of its VPC a block is, and which attribute has the value there, if the state shows it.
const OWNED: &[(&str, Option<&str>)] = &[
    ("assign_generated_ipv6_cidr_block", Some("assign_generated_ipv6_cidr_block")),
    ("ipv6_cidr_block", Some("ipv6_cidr_block")),
    ("ipv6_cidr_block_network_border_group", None),
    ("ipv6_ipam_pool_id", None),
    ("ipv6_netmask_length", None),
];

#[async_trait]
impl Kind for AwsVpcIpv6CidrBlockAssociation {
    fn name(&self) -> &'static str {
        "aws_vpc_ipv6_cidr_block_association"
    }

    fn actions(&self) -> &'static [&'static str] {
        &["ec2:DescribeVpcs"]
    }

    fn compare_rules(&self) -> CompareRules {
        CompareRules { not_returned: &["ipv6_ipam_pool_id", "ipv6_netmask_length"], ..CompareRules::default() }
    }

    async fn list(&self, aws: &ScopeReader, request: &ListRequest<'_>) -> Result<Listed, ReadError> {
        if request.desired.is_empty() && !request.unmanaged {
            return Ok(Listed::default());
        }
        Ok(ec2::vpcs(aws).await?.iter().flat_map(all).collect())
    }

    async fn read(&self, aws: &ScopeReader, prior: &PriorState<'_>) -> Result<Option<Live>, ReadError> {
        let vpcs = single::vpcs_with(aws, "ipv6-cidr-block-association.association-id", prior.id).await?;
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

    fn owned_fields(&self, attributes: &Attributes) -> Vec<OwnedField> {
        let of = |(attribute, own): &(&'static str, Option<&str>)| OwnedField {
            parent_kind: "aws_vpc",
            parent_id: text(attributes, "vpc_id").to_owned(),
            attribute,
            element: own.and_then(|own| attributes.get(own).cloned()),
        };
        OWNED.iter().map(of).collect()
    }
}

/// As `internal/service/ec2/vpc_ipv6_cidr_block_association.go` of the provider has them.
fn all(vpc: &Vpc) -> Vec<Live> {
    let is_only = ipv6_blocks(vpc).count() == 1;
    let live = ipv6_blocks(vpc).map(|block| {
        let id = block.association_id().unwrap_or_default();
        let pool = block.ipv6_pool().unwrap_or_default();
        let values = json!({
            "assign_generated_ipv6_cidr_block": pool == "Amazon",
            "id": id,
            "ip_source": block.ip_source().map(|source| source.as_str()),
            "ipv6_address_attribute": block.ipv6_address_attribute().map(|attribute| attribute.as_str()),
            "ipv6_cidr_block": block.ipv6_cidr_block(),
            "ipv6_pool": pool,
            "vpc_id": vpc.vpc_id(),
        });
        let owner = match is_only {
            true => Owner::Aws("the IPv6 block that its VPC shows"),
            false => Owner::Parent { kind: "aws_vpc", id: vpc.vpc_id().unwrap_or_default().to_owned() },
        };
        Live { id: id.to_owned(), attributes: attributes(values), owner }
    });
    live.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_ec2::types::{VpcCidrBlockState, VpcCidrBlockStateCode, VpcIpv6CidrBlockAssociation};

    fn block(id: &str, cidr: &str, state: VpcCidrBlockStateCode) -> VpcIpv6CidrBlockAssociation {
        let state = VpcCidrBlockState::builder().state(state).build();
        VpcIpv6CidrBlockAssociation::builder()
            .association_id(id)
            .ipv6_cidr_block(cidr)
            .ipv6_pool("Amazon")
            .ipv6_cidr_block_state(state)
            .build()
    }

    #[test]
    fn a_second_block_is_a_part_that_the_vpc_does_not_show() {
        let first = block("vpc-cidr-assoc-0000000a", "2600:1f18:1::/56", VpcCidrBlockStateCode::Associated);
        let gone = block("vpc-cidr-assoc-0000000b", "2600:1f18:2::/56", VpcCidrBlockStateCode::Disassociated);
        let second = block("vpc-cidr-assoc-0000000c", "2600:1f18:3::/56", VpcCidrBlockStateCode::Associated);
        let vpc = Vpc::builder().vpc_id("vpc-0000000a").ipv6_cidr_block_association_set(first);
        let alone = all(&vpc.clone().ipv6_cidr_block_association_set(gone.clone()).build());
        assert_eq!(
            alone.iter().map(|live| &live.owner).collect::<Vec<_>>(),
            [&Owner::Aws("the IPv6 block that its VPC shows")]
        );
        let both = all(&vpc.ipv6_cidr_block_association_set(gone).ipv6_cidr_block_association_set(second).build());
        let ids: Vec<&str> = both.iter().map(|live| live.id.as_str()).collect();
        assert_eq!(ids, ["vpc-cidr-assoc-0000000a", "vpc-cidr-assoc-0000000c"]);
        assert!(both.iter().all(|live| matches!(&live.owner, Owner::Parent { id, .. } if id == "vpc-0000000a")));
        assert_eq!(both[1].attributes["assign_generated_ipv6_cidr_block"], true);
        assert_eq!(AwsVpcIpv6CidrBlockAssociation.owned_fields(&both[1].attributes).len(), 5);
    }
}
