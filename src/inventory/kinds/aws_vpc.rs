//! `aws_vpc`. Its DNS switches have no bulk form: one call each, for the desired ones only.

use async_trait::async_trait;
use aws_sdk_ec2::types::{Vpc, VpcAttributeName};
use futures::future::try_join3;
use serde_json::{Value, json};

use super::{ec2, network};
use crate::aws::{ReadError, not_found};
use crate::inventory::value::{attributes, ec2_tags, text};
use crate::inventory::{Kind, ListRequest, Listed, ScopeReader};
use crate::model::{Attributes, CompareRules, Live, Owner, PriorState};

pub(super) struct AwsVpc;

const NOT_FOUND: &str = "InvalidVpcID.NotFound";

pub(super) const ACTIONS: &[&str] = &[
    "ec2:DescribeVpcs",
    "ec2:DescribeVpcAttribute",
    "ec2:DescribeNetworkAcls",
    "ec2:DescribeRouteTables",
    "ec2:DescribeSecurityGroups",
];

#[async_trait]
impl Kind for AwsVpc {
    fn name(&self) -> &'static str {
        "aws_vpc"
    }

    fn actions(&self) -> &'static [&'static str] {
        ACTIONS
    }

    fn compare_rules(&self) -> CompareRules {
        CompareRules { not_returned: &["ipv4_ipam_pool_id", "ipv4_netmask_length"], ..CompareRules::default() }
    }

    async fn list(&self, aws: &ScopeReader, request: &ListRequest<'_>) -> Result<Listed, ReadError> {
        let mut found = Listed::default();
        for vpc in ec2::vpcs(aws).await?.iter() {
            let id = vpc.vpc_id().unwrap_or_default();
            if network::concerns(aws, &request, vpc.owner_id(), id) {
                add(aws, vpc, network::desired(&request, id), &mut found).await;
            }
        }
        Ok(found)
    }

    async fn exists(&self, aws: &ScopeReader, desired: &PriorState<'_>) -> Result<bool, ReadError> {
        exists(aws, desired).await
    }
}

/// A single read by id, for the default twin too.
pub(super) async fn exists(aws: &ScopeReader, desired: &PriorState<'_>) -> Result<bool, ReadError> {
    let answer = aws.call("ec2:DescribeVpcs", aws.ec2().describe_vpcs().vpc_ids(&desired.id).send()).await;
    Ok(not_found(answer, &[NOT_FOUND])?.is_some_and(|answer| !answer.vpcs().is_empty()))
}

/// Adds one listed VPC; a desired one in full. One that was deleted since the listing is left out.
pub(super) async fn add(aws: &ScopeReader, vpc: &Vpc, desired: Option<&PriorState<'_>>, found: &mut Listed) {
    let mut live = live(aws, vpc, desired);
    if desired.is_some() {
        match not_found(details(aws, &live.id).await, &[NOT_FOUND]) {
            Ok(Some(more)) => live.attributes.extend(more),
            Ok(None) => return,
            Err(error) => found.errors.push((Some(live.id.clone()), error)),
        }
    }
    found.live.push(live);
}

/// What DescribeVpcs tells.
fn live(aws: &ScopeReader, vpc: &Vpc, desired: Option<&PriorState<'_>>) -> Live {
    let id = vpc.vpc_id().unwrap_or_default();
    let owner = vpc.owner_id().unwrap_or(&aws.account);
    let values = json!({
        "arn": network::arn(aws, Some(owner), &format!("vpc/{id}")),
        "cidr_block": vpc.cidr_block(),
        "dhcp_options_id": vpc.dhcp_options_id(),
        "id": id,
        "instance_tenancy": vpc.instance_tenancy().map(|tenancy| tenancy.as_str()),
        "owner_id": owner,
        "tags_all": ec2_tags(vpc.tags()),
    });
    let known = desired.map(PriorState::attributes).unwrap_or_default();
    let mut attributes = attributes(values);
    attributes.extend(ipv6(vpc, text(&known, "ipv6_association_id")));
    let owner = if vpc.is_default() == Some(true) { Owner::Aws("default VPC") } else { Owner::None };
    Live { id: id.to_owned(), attributes, owner }
}

/// The IPv6 block that Terraform follows: the association it knows, else any. Of a block from IPAM, AWS does not name
/// the pool (`IPAM Managed`): then that key stays unread.
fn ipv6(vpc: &Vpc, known: &str) -> Attributes {
    let associated = || {
        vpc.ipv6_cidr_block_association_set().iter().filter(|association| {
            let state = association.ipv6_cidr_block_state().and_then(|state| state.state());
            state.is_some_and(|state| state.as_str() == "associated")
        })
    };
    let block = associated().find(|a| a.association_id() == Some(known)).or_else(|| associated().next());
    let cidr = block.and_then(|block| block.ipv6_cidr_block());
    let pool = block.and_then(|block| block.ipv6_pool());
    let own_pool = pool.filter(|pool| !pool.is_empty() && *pool != "Amazon");
    let length = own_pool.and(cidr).and_then(|cidr| cidr.split_once('/')?.1.parse::<u8>().ok());
    let mut values = attributes(json!({
        "assign_generated_ipv6_cidr_block": pool == Some("Amazon"),
        "ipv6_association_id": block.and_then(|block| block.association_id()),
        "ipv6_cidr_block": cidr,
        "ipv6_cidr_block_network_border_group": block.and_then(|block| block.network_border_group()),
        "ipv6_netmask_length": length,
    }));
    if own_pool != Some("IPAM Managed") {
        values.insert("ipv6_ipam_pool_id".to_owned(), json!(own_pool));
    }
    values
}

/// What needs calls of its own: three attributes, and the ids of the default parts out of shared listings.
async fn details(aws: &ScopeReader, id: &str) -> Result<Attributes, ReadError> {
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
async fn attribute(aws: &ScopeReader, id: &str, name: VpcAttributeName) -> Result<Value, ReadError> {
    let call = aws.ec2().describe_vpc_attribute().vpc_id(id).attribute(name.clone()).send();
    let answer = aws.call("ec2:DescribeVpcAttribute", call).await?;
    let value = match name {
        VpcAttributeName::EnableDnsHostnames => answer.enable_dns_hostnames(),
        VpcAttributeName::EnableDnsSupport => answer.enable_dns_support(),
        _ => answer.enable_network_address_usage_metrics(),
    };
    Ok(json!(value.and_then(|value| value.value())))
}

#[cfg(test)]
mod tests {
    use aws_sdk_ec2::types::{VpcCidrBlockState, VpcCidrBlockStateCode, VpcIpv6CidrBlockAssociation};

    use super::*;

    fn block(id: &str, pool: &str, cidr: &str, state: VpcCidrBlockStateCode) -> VpcIpv6CidrBlockAssociation {
        VpcIpv6CidrBlockAssociation::builder()
            .association_id(id)
            .ipv6_pool(pool)
            .ipv6_cidr_block(cidr)
            .ipv6_cidr_block_state(VpcCidrBlockState::builder().state(state).build())
            .build()
    }

    #[test]
    fn follows_the_known_ipv6_block_and_no_disassociated_one() {
        let vpc = Vpc::builder()
            .ipv6_cidr_block_association_set(block(
                "a-0",
                "Amazon",
                "2001:db8::/56",
                VpcCidrBlockStateCode::Disassociated,
            ))
            .ipv6_cidr_block_association_set(block(
                "a-1",
                "Amazon",
                "2001:db8:1::/56",
                VpcCidrBlockStateCode::Associated,
            ))
            .ipv6_cidr_block_association_set(block(
                "a-2",
                "IPAM Managed",
                "2001:db8:2::/52",
                VpcCidrBlockStateCode::Associated,
            ))
            .build();
        let any = ipv6(&vpc, "");
        assert_eq!(any["ipv6_association_id"], "a-1");
        assert_eq!(any["assign_generated_ipv6_cidr_block"], true);
        assert_eq!(any["ipv6_ipam_pool_id"], Value::Null);
        let known = ipv6(&vpc, "a-2");
        assert_eq!(known["ipv6_netmask_length"], 52);
        assert!(!known.contains_key("ipv6_ipam_pool_id"));
    }
}
