//! `aws_vpc_dhcp_options_association`: which DHCP options a VPC has. Another set is another association.

use async_trait::async_trait;
use serde_json::json;

use super::ec2;
use crate::aws::{ReadError, not_found};
use crate::inventory::value::{attributes, text};
use crate::inventory::{Kind, ListRequest, Listed, ScopeReader};
use crate::model::{Live, Owner, PriorState};

pub(super) struct AwsVpcDhcpOptionsAssociation;

#[async_trait]
impl Kind for AwsVpcDhcpOptionsAssociation {
    fn name(&self) -> &'static str {
        "aws_vpc_dhcp_options_association"
    }

    fn actions(&self) -> &'static [&'static str] {
        &["ec2:DescribeVpcs"]
    }

    async fn list(&self, aws: &ScopeReader, request: &ListRequest<'_>) -> Result<Listed, ReadError> {
        if request.desired.is_empty() {
            return Ok(Listed::default());
        }
        let vpcs = ec2::vpcs(aws).await?;
        let live = request.desired.iter().filter_map(|desired| {
            let known = desired.attributes();
            let (id, options) = (text(&known, "vpc_id"), text(&known, "dhcp_options_id"));
            vpcs.iter().find(|vpc| vpc.vpc_id() == Some(id) && vpc.dhcp_options_id() == Some(options))?;
            let values = json!({"dhcp_options_id": options, "id": desired.id, "vpc_id": id});
            let owner = Owner::Parent { kind: "aws_vpc", id: id.to_owned() };
            Some(Live { id: desired.id.clone(), attributes: attributes(values), owner })
        });
        Ok(live.collect::<Vec<_>>().into())
    }

    async fn exists(&self, aws: &ScopeReader, desired: &PriorState<'_>) -> Result<bool, ReadError> {
        let known = desired.attributes();
        let (id, options) = (text(&known, "vpc_id"), text(&known, "dhcp_options_id"));
        if id.is_empty() || options.is_empty() {
            return Err(ReadError::unexpected("ec2:DescribeVpcs", "the state names no VPC or no DHCP options"));
        }
        let answer = aws.call("ec2:DescribeVpcs", aws.ec2().describe_vpcs().vpc_ids(id).send()).await;
        Ok(not_found(answer, &["InvalidVpcID.NotFound"])?
            .is_some_and(|answer| answer.vpcs().iter().any(|vpc| vpc.dhcp_options_id() == Some(options))))
    }
}
