//! `aws_internet_gateway`. The gateway of a default VPC is part of what AWS made.

use std::collections::HashSet;
use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_ec2::types::{InternetGateway, Vpc};
use serde_json::json;

use super::ec2::{self, single};
use super::network;
use crate::aws::ReadError;
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
        let vpcs = if request.unmanaged { ec2::vpcs(aws).await? } else { Arc::default() };
        let defaults: HashSet<_> = vpcs.iter().filter(|vpc| is_default(vpc)).filter_map(|vpc| vpc.vpc_id()).collect();
        let of_default = |gateway| vpc(gateway).is_some_and(|vpc| defaults.contains(vpc));
        Ok(gateways.iter().map(|gateway| live(aws, gateway, of_default(gateway))).collect())
    }

    async fn read(&self, aws: &ScopeReader, prior: &PriorState<'_>) -> Result<Option<Live>, ReadError> {
        let Some(gateway) = single::internet_gateway(aws, prior.id).await? else { return Ok(None) };
        let vpc = match vpc(&gateway) {
            Some(id) => single::vpc(aws, id).await?,
            None => None,
        };
        Ok(Some(live(aws, &gateway, vpc.is_some_and(|vpc| is_default(&vpc)))))
    }
}

fn is_default(vpc: &Vpc) -> bool {
    vpc.is_default() == Some(true)
}

/// The VPC that it is attached to: a gateway has one attachment at most.
pub(super) fn vpc(gateway: &InternetGateway) -> Option<&str> {
    gateway.attachments().first().and_then(|attachment| attachment.vpc_id())
}

fn live(aws: &ScopeReader, gateway: &InternetGateway, of_default: bool) -> Live {
    let id = gateway.internet_gateway_id().unwrap_or_default();
    let values = json!({
        "arn": network::arn(aws, gateway.owner_id(), &format!("internet-gateway/{id}")),
        "id": id,
        "owner_id": gateway.owner_id(),
        "tags_all": ec2_tags(gateway.tags()),
        "vpc_id": vpc(gateway),
    });
    let own = if of_default { Owner::Aws("internet gateway of a default VPC") } else { Owner::None };
    let owner = network::owner_or(aws, gateway.owner_id(), own);
    Live { id: id.to_owned(), attributes: attributes(values), owner }
}
