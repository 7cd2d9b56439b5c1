//! `aws_internet_gateway`. The gateway of a default VPC is part of what AWS made.

use async_trait::async_trait;
use aws_sdk_ec2::types::InternetGateway;
use serde_json::json;

use super::{ec2, network};
use crate::aws::{ReadError, not_found};
use crate::inventory::value::{attributes, ec2_tags};
use crate::inventory::{Kind, ListRequest, Listed, ScopeReader};
use crate::model::{Live, Owner, PriorState};

pub(super) struct AwsInternetGateway;

#[async_trait]
impl Kind for AwsInternetGateway {
    fn name(&self) -> &'static str {
        "aws_internet_gateway"
    }

    fn actions(&self) -> &'static [&'static str] {
        &["ec2:DescribeInternetGateways", "ec2:DescribeVpcs"]
    }

    async fn list(&self, aws: &ScopeReader, request: &ListRequest<'_>) -> Result<Listed, ReadError> {
        let gateways = ec2::internet_gateways(aws).await?;
        let vpcs = if request.unmanaged { Some(ec2::vpcs(aws).await?) } else { None };
        let vpcs = vpcs.iter().flat_map(|vpcs| vpcs.iter());
        let defaults: Vec<_> = vpcs.filter(|vpc| vpc.is_default() == Some(true)).filter_map(|v| v.vpc_id()).collect();
        let ours = gateways.iter().filter(|gateway| {
            network::concerns(aws, &request, gateway.owner_id(), gateway.internet_gateway_id().unwrap_or_default())
        });
        Ok(ours.map(|gateway| live(aws, gateway, &defaults)).collect::<Vec<_>>().into())
    }

    async fn exists(&self, aws: &ScopeReader, desired: &PriorState<'_>) -> Result<bool, ReadError> {
        Ok(find(aws, &desired.id).await?.is_some())
    }
}

/// A single read by id.
pub(super) async fn find(aws: &ScopeReader, id: &str) -> Result<Option<InternetGateway>, ReadError> {
    let call = aws.ec2().describe_internet_gateways().internet_gateway_ids(id).send();
    let answer = aws.call("ec2:DescribeInternetGateways", call).await;
    let answer = not_found(answer, &["InvalidInternetGatewayID.NotFound"])?;
    Ok(answer.and_then(|answer| answer.internet_gateways.unwrap_or_default().into_iter().next()))
}

/// The VPC that it is attached to: a gateway has one attachment at most.
pub(super) fn vpc(gateway: &InternetGateway) -> Option<&str> {
    gateway.attachments().first().and_then(|attachment| attachment.vpc_id())
}

fn live(aws: &ScopeReader, gateway: &InternetGateway, default_vpcs: &[&str]) -> Live {
    let id = gateway.internet_gateway_id().unwrap_or_default();
    let values = json!({
        "arn": network::arn(aws, gateway.owner_id(), &format!("internet-gateway/{id}")),
        "id": id,
        "owner_id": gateway.owner_id(),
        "tags_all": ec2_tags(gateway.tags()),
        "vpc_id": vpc(gateway),
    });
    let of_default = vpc(gateway).is_some_and(|vpc| default_vpcs.contains(&vpc));
    let owner = if of_default { Owner::Aws("internet gateway of a default VPC") } else { Owner::None };
    Live { id: id.to_owned(), attributes: attributes(values), owner }
}
