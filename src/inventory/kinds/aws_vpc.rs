//! `aws_vpc`. Its DNS switches have no bulk form: one call each, for the desired ones only.

use async_trait::async_trait;
use aws_sdk_ec2::types::{Vpc, VpcAttributeName};
use futures::future::try_join3;
use serde_json::{Value, json};

use super::ec2;
use crate::inventory::value::{attributes, ec2_tags};
use crate::inventory::{Found, Kind, ReadError, Region, Wanted, not_found};
use crate::model::{Attributes, Desired, Live, Origin, Shape};

pub(super) struct AwsVpc;

#[async_trait]
impl Kind for AwsVpc {
    fn name(&self) -> &'static str {
        "aws_vpc"
    }

    fn actions(&self) -> &'static [&'static str] {
        &[
            "ec2:DescribeVpcs",
            "ec2:DescribeVpcAttribute",
            "ec2:DescribeNetworkAcls",
            "ec2:DescribeRouteTables",
            "ec2:DescribeSecurityGroups",
        ]
    }

    fn shape(&self) -> Shape {
        Shape { unread: &["ipv4_ipam_pool_id", "ipv4_netmask_length"], ..Shape::default() }
    }

    async fn list(&self, aws: &Region, wanted: Wanted<'_>) -> Result<Found, ReadError> {
        let mut found = Found::default();
        for vpc in ec2::vpcs(aws).await?.iter() {
            let id = vpc.vpc_id().unwrap_or_default();
            let mut live = live(aws, vpc);
            if wanted.desired.iter().any(|desired| desired.id == id) {
                match details(aws, id).await {
                    Ok(more) => live.attributes.extend(more),
                    Err(error) => found.errors.push((Some(id.to_owned()), error)),
                }
            }
            found.live.push(live);
        }
        Ok(found)
    }

    async fn exists(&self, aws: &Region, desired: &Desired) -> Result<bool, ReadError> {
        let answer = aws.call("ec2:DescribeVpcs", aws.ec2.describe_vpcs().vpc_ids(&desired.id).send()).await;
        Ok(not_found(answer, &["InvalidVpcID.NotFound"])?.is_some_and(|answer| !answer.vpcs().is_empty()))
    }
}

/// What DescribeVpcs tells.
pub(super) fn live(aws: &Region, vpc: &Vpc) -> Live {
    let id = vpc.vpc_id().unwrap_or_default();
    let owner = vpc.owner_id().unwrap_or(&aws.account);
    let ipv6 = vpc.ipv6_cidr_block_association_set().iter().find(|association| {
        association.ipv6_cidr_block_state().and_then(|state| state.state()).is_some_and(|s| s.as_str() == "associated")
    });
    let values = json!({
        "arn": format!("arn:{}:ec2:{}:{owner}:vpc/{id}", aws.partition, aws.name),
        "assign_generated_ipv6_cidr_block": ipv6.is_some_and(|a| a.ipv6_pool() == Some("Amazon")),
        "cidr_block": vpc.cidr_block(),
        "dhcp_options_id": vpc.dhcp_options_id(),
        "id": id,
        "instance_tenancy": vpc.instance_tenancy().map(|tenancy| tenancy.as_str()),
        "ipv6_association_id": ipv6.and_then(|a| a.association_id()),
        "ipv6_cidr_block": ipv6.and_then(|a| a.ipv6_cidr_block()),
        "ipv6_cidr_block_network_border_group": ipv6.and_then(|a| a.network_border_group()),
        "owner_id": owner,
        "tags_all": ec2_tags(vpc.tags()),
    });
    let origin = if vpc.is_default() == Some(true) { Origin::Aws("default VPC") } else { Origin::Made };
    Live { id: id.to_owned(), attributes: attributes(values), origin }
}

/// What needs calls of its own: three attributes, and the ids of the default parts out of shared listings.
pub(super) async fn details(aws: &Region, id: &str) -> Result<Attributes, ReadError> {
    let (hostnames, support, metrics) = try_join3(
        attribute(aws, id, VpcAttributeName::EnableDnsHostnames),
        attribute(aws, id, VpcAttributeName::EnableDnsSupport),
        attribute(aws, id, VpcAttributeName::EnableNetworkAddressUsageMetrics),
    )
    .await?;
    let (acls, tables, groups) =
        try_join3(ec2::network_acls(aws), ec2::route_tables(aws), ec2::security_groups(aws)).await?;
    let acl = acls.iter().find(|acl| acl.vpc_id() == Some(id) && acl.is_default() == Some(true));
    let table = tables.iter().find(|table| {
        table.vpc_id() == Some(id) && table.associations().iter().any(|association| association.main() == Some(true))
    });
    let group = groups.iter().find(|group| group.vpc_id() == Some(id) && group.group_name() == Some("default"));
    let main = table.and_then(|table| table.route_table_id());
    Ok(attributes(json!({
        "default_network_acl_id": acl.and_then(|acl| acl.network_acl_id()),
        "default_route_table_id": main,
        "default_security_group_id": group.and_then(|group| group.group_id()),
        "enable_dns_hostnames": hostnames,
        "enable_dns_support": support,
        "enable_network_address_usage_metrics": metrics,
        "main_route_table_id": main,
    })))
}

/// <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeVpcAttribute.html>: one attribute a call.
async fn attribute(aws: &Region, id: &str, name: VpcAttributeName) -> Result<Value, ReadError> {
    let call = aws.ec2.describe_vpc_attribute().vpc_id(id).attribute(name.clone()).send();
    let answer = aws.call("ec2:DescribeVpcAttribute", call).await?;
    let value = match name {
        VpcAttributeName::EnableDnsHostnames => answer.enable_dns_hostnames(),
        VpcAttributeName::EnableDnsSupport => answer.enable_dns_support(),
        _ => answer.enable_network_address_usage_metrics(),
    };
    Ok(json!(value.and_then(|value| value.value())))
}
