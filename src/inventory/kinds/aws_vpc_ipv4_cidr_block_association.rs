//! `aws_vpc_ipv4_cidr_block_association`: a secondary CIDR block of a VPC.

use async_trait::async_trait;
use aws_sdk_ec2::types::{Vpc, VpcCidrBlockAssociation};
use serde_json::json;

use super::{ec2, network};
use crate::inventory::value::attributes;
use crate::inventory::{Found, Kind, ReadError, Region, Wanted};
use crate::model::{Desired, Live, Origin, Shape};

pub(super) struct AwsVpcIpv4CidrBlockAssociation;

#[async_trait]
impl Kind for AwsVpcIpv4CidrBlockAssociation {
    fn name(&self) -> &'static str {
        "aws_vpc_ipv4_cidr_block_association"
    }

    fn actions(&self) -> &'static [&'static str] {
        &["ec2:DescribeVpcs"]
    }

    fn shape(&self) -> Shape {
        Shape { unread: &["ipv4_ipam_pool_id", "ipv4_netmask_length"], ..Shape::default() }
    }

    async fn list(&self, aws: &Region, wanted: Wanted<'_>) -> Result<Found, ReadError> {
        if wanted.desired.is_empty() {
            return Ok(Found::default());
        }
        Ok(ec2::vpcs(aws).await?.iter().flat_map(all).collect::<Vec<_>>().into())
    }

    async fn exists(&self, aws: &Region, desired: &Desired) -> Result<bool, ReadError> {
        let filter = network::filter("cidr-block-association.association-id", &desired.id);
        let answer = aws.call("ec2:DescribeVpcs", aws.ec2.describe_vpcs().filters(filter).send()).await?;
        Ok(answer.vpcs().iter().flat_map(all).any(|live| live.id == desired.id))
    }
}

fn all(vpc: &Vpc) -> impl Iterator<Item = Live> {
    vpc.cidr_block_association_set().iter().filter(|association| is_there(association)).map(|association| {
        let id = association.association_id().unwrap_or_default();
        let values = json!({"cidr_block": association.cidr_block(), "id": id, "vpc_id": vpc.vpc_id()});
        let origin = Origin::PartOf { kind: "aws_vpc", id: vpc.vpc_id().unwrap_or_default().to_owned() };
        Live { id: id.to_owned(), attributes: attributes(values), origin }
    })
}

fn is_there(association: &VpcCidrBlockAssociation) -> bool {
    let state = association.cidr_block_state().and_then(|state| state.state()).map(|state| state.as_str());
    !matches!(state, Some("disassociated" | "failed"))
}
