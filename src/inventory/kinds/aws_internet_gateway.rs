//! `aws_internet_gateway`. The gateway of a default VPC is part of what AWS made, as long as the main route table leads to it.

use std::collections::HashSet;
use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_ec2::types::{InternetGateway, RouteTable, Vpc};
use serde_json::json;

use super::ec2::{self, single};
use super::network;
use crate::aws::ReadError;
use crate::inventory::value::{attributes, ec2_tags};
use crate::inventory::{Kind, ListRequest, Listed, ScopeReader};
use crate::model::{Live, Owner, PriorState};

pub(super) struct AwsInternetGateway;

const DEFAULT_VPC: &str = "aws_default_vpc";

#[async_trait]
impl Kind for AwsInternetGateway {
    fn name(&self) -> &'static str {
        "aws_internet_gateway"
    }

    fn actions(&self) -> &'static [&'static str] {
        &["ec2:DescribeInternetGateways", "ec2:DescribeRouteTables", "ec2:DescribeVpcs"]
    }

    async fn list(&self, aws: &ScopeReader, request: &ListRequest<'_>) -> Result<Listed, ReadError> {
        let gateways = ec2::internet_gateways(aws).await?;
        let vpcs = if request.unmanaged { ec2::vpcs(aws).await? } else { Arc::default() };
        let defaults: HashSet<_> = vpcs.iter().filter(|vpc| is_default(vpc)).filter_map(|vpc| vpc.vpc_id()).collect();
        let of_default = |gateway| vpc(gateway).filter(|vpc| defaults.contains(vpc));
        let any = gateways.iter().any(|gateway| of_default(gateway).is_some());
        let tables = if any { ec2::route_tables(aws).await? } else { Arc::default() };
        Ok(gateways.iter().map(|gateway| live(aws, gateway, of_default(gateway), &tables)).collect())
    }

    async fn read(&self, aws: &ScopeReader, prior: &PriorState<'_>) -> Result<Option<Live>, ReadError> {
        let Some(gateway) = single::internet_gateway(aws, prior.id).await? else { return Ok(None) };
        let vpc = match vpc(&gateway) {
            Some(id) => single::vpc(aws, id).await?,
            None => None,
        };
        let default = vpc.as_deref().filter(|vpc| is_default(vpc)).and_then(|vpc| vpc.vpc_id());
        let tables = match default {
            Some(vpc) => single::main_route_tables(aws, vpc).await?,
            None => Arc::default(),
        };
        Ok(Some(live(aws, &gateway, default, &tables)))
    }

    fn unmanaged_children_of(&self) -> &'static [&'static str] {
        &[DEFAULT_VPC]
    }

    async fn list_children(&self, aws: &ScopeReader, parent: &str) -> Result<Vec<Live>, ReadError> {
        let tables = single::main_route_tables(aws, parent).await?;
        let gateways = ec2::internet_gateways(aws).await?;
        let here = gateways.iter().filter(|gateway| vpc(gateway) == Some(parent));
        Ok(here.map(|gateway| live(aws, gateway, Some(parent), &tables)).collect())
    }
}

fn is_default(vpc: &Vpc) -> bool {
    vpc.is_default() == Some(true)
}

/// Does traffic leave the VPC through the gateway unless it is told otherwise? So AWS sets up a default VPC:
/// <https://docs.aws.amazon.com/vpc/latest/userguide/default-vpc-components.html>.
fn is_default_route(tables: &[RouteTable], vpc: &str, gateway: &str) -> bool {
    let main = |table: &&RouteTable| {
        table.vpc_id() == Some(vpc) && table.associations().iter().any(|association| association.main() == Some(true))
    };
    let mut routes = tables.iter().filter(main).flat_map(|table| table.routes());
    routes.any(|route| route.gateway_id() == Some(gateway) && route.destination_cidr_block() == Some("0.0.0.0/0"))
}

/// The VPC that it is attached to: a gateway has one attachment at most.
pub(super) fn vpc(gateway: &InternetGateway) -> Option<&str> {
    gateway.attachments().first().and_then(|attachment| attachment.vpc_id())
}

/// `of_default`: the default VPC that it is attached to; `tables` has the main one of that.
fn live(aws: &ScopeReader, gateway: &InternetGateway, of_default: Option<&str>, tables: &[RouteTable]) -> Live {
    let id = gateway.internet_gateway_id().unwrap_or_default();
    let values = json!({
        "arn": network::arn(aws, gateway.owner_id(), &format!("internet-gateway/{id}")),
        "id": id,
        "owner_id": gateway.owner_id(),
        "tags_all": ec2_tags(gateway.tags()),
        "vpc_id": vpc(gateway),
    });
    let own = match of_default {
        None => Owner::None,
        Some(vpc) if is_default_route(tables, vpc, id) => Owner::Aws("internet gateway of a default VPC"),
        // Somebody may have attached it, or taken the route away: it counts where the VPC is declared.
        Some(vpc) => Owner::Parent { kind: DEFAULT_VPC, id: vpc.to_owned() },
    };
    let owner = network::owner_or(aws, gateway.owner_id(), own);
    Live { id: id.to_owned(), attributes: attributes(values), owner }
}

#[cfg(test)]
mod tests {
    use aws_sdk_ec2::types::{Route, RouteTableAssociation};

    use super::*;

    #[test]
    fn aws_routes_a_default_vpc_to_its_gateway() {
        let main = RouteTableAssociation::builder().main(true).build();
        let table = |to: &str| {
            let route = Route::builder().destination_cidr_block("0.0.0.0/0").gateway_id(to).build();
            RouteTable::builder().vpc_id("vpc-1").associations(main.clone()).routes(route).build()
        };
        assert!(is_default_route(&[table("igw-1")], "vpc-1", "igw-1"));
        assert!(!is_default_route(&[table("igw-2")], "vpc-1", "igw-1"));
        assert!(!is_default_route(&[table("igw-1")], "vpc-2", "igw-1"));
        assert!(!is_default_route(&[], "vpc-1", "igw-1"));
    }
}
