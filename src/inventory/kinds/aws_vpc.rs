//! `aws_vpc`. Its DNS switches have no bulk form: one call each, for the declared ones only; those
//! alone show the ids of their default parts, too.

use async_trait::async_trait;
use aws_sdk_ec2::types::{NetworkAcl, RouteTable, SecurityGroup, Vpc, VpcAttributeName, VpcIpv6CidrBlockAssociation};
use futures::future::{join, join_all, join3};
use serde_json::json;

use super::ec2::{self, single};
use super::network;
use crate::aws::ReadError;
use crate::inventory::value::{attributes, ec2_tags, text};
use crate::inventory::{Completion, Kind, ListRequest, Listed, ScopeReader};
use crate::model::{Attributes, CompareRules, Live, Owner, PriorState};

pub(super) struct AwsVpc;

const NOT_FOUND: &str = "InvalidVpcID.NotFound";

/// What decides over everything in a VPC that has nothing of its own: where traffic goes, which names resolve, who may connect.
pub(super) const LINKS: &[&str] = &["default_security_group_id", "dhcp_options_id", "main_route_table_id"];

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
        CompareRules {
            identity: LINKS,
            not_returned: &["ipv4_ipam_pool_id", "ipv4_netmask_length"],
            ..CompareRules::default()
        }
    }

    async fn list(&self, aws: &ScopeReader, request: &ListRequest<'_>) -> Result<Listed, ReadError> {
        let vpcs = ec2::vpcs(aws).await?;
        list_parts(aws, &vpcs, request).await;
        Ok(vpcs.iter().map(|vpc| live(aws, vpc, request.prior(vpc.vpc_id().unwrap_or_default()).as_ref())).collect())
    }

    async fn complete(&self, aws: &ScopeReader, _prior: &PriorState<'_>, live: &mut Live) -> Completion {
        complete(aws, live).await
    }

    async fn read(&self, aws: &ScopeReader, prior: &PriorState<'_>) -> Result<Option<Live>, ReadError> {
        Ok(single::vpc(aws, prior.id).await?.map(|vpc| live(aws, &vpc, Some(prior))))
    }
}

/// Makes the listings that [`complete`] needs for any declared VPC, once for all of them. One that fails is left to
/// [`complete`], which asks for one VPC alone then.
pub(super) async fn list_parts(aws: &ScopeReader, vpcs: &[Vpc], request: &ListRequest<'_>) {
    if vpcs.iter().any(|vpc| vpc.vpc_id().is_some_and(|id| request.declares(id))) {
        let _ = join3(ec2::network_acls(aws), ec2::route_tables(aws), ec2::security_groups(aws)).await;
    }
}

/// What DescribeVpcs returns.
pub(super) fn live(aws: &ScopeReader, vpc: &Vpc, prior: Option<&PriorState<'_>>) -> Live {
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
    let known = prior.map(PriorState::attributes).unwrap_or_default();
    let mut attributes = attributes(values);
    attributes.extend(ipv6(vpc, text(&known, "ipv6_association_id")));
    let own = if vpc.is_default() == Some(true) { Owner::Aws("default VPC") } else { Owner::None };
    Live { id: id.to_owned(), attributes, owner: network::owner_or(aws, vpc.owner_id(), own) }
}

/// The IPv6 block that Terraform follows: the association it knows, else any. Of a block from IPAM, AWS does not name
/// the pool (`IPAM Managed`): then that key stays unread.
fn ipv6(vpc: &Vpc, known: &str) -> Attributes {
    let associated = || ipv6_blocks(vpc);
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

/// The IPv6 blocks that a VPC has.
pub(super) fn ipv6_blocks(vpc: &Vpc) -> impl Iterator<Item = &VpcIpv6CidrBlockAssociation> {
    vpc.ipv6_cidr_block_association_set().iter().filter(|association| {
        let state = association.ipv6_cidr_block_state().and_then(|state| state.state());
        state.is_some_and(|state| state.as_str() == "associated")
    })
}

/// Adds what needs calls of its own: three attributes, and the ids of the default parts. For the default twin, too.
pub(super) async fn complete(aws: &ScopeReader, live: &mut Live) -> Completion {
    let id = live.id.as_str();
    let switches = [
        VpcAttributeName::EnableDnsHostnames,
        VpcAttributeName::EnableDnsSupport,
        VpcAttributeName::EnableNetworkAddressUsageMetrics,
    ];
    let switches = join_all(switches.into_iter().map(|name| attribute(aws, id, name)));
    let parts = join3(
        single::default_network_acls(aws, id),
        single::main_route_tables(aws, id),
        single::default_security_groups(aws, id),
    );
    let (switches, (acls, tables, groups)) = join(switches, parts).await;
    let parts = [
        acls.map(|acls| default_acl(&acls, id)),
        tables.map(|tables| main_table(&tables, id)),
        groups.map(|groups| default_group(&groups, id)),
    ];
    let mut errors = Vec::new();
    for read in switches.into_iter().chain(parts) {
        match read {
            Ok(more) => live.attributes.extend(more),
            Err(error) if error.is(&[NOT_FOUND]) => return Completion::Gone,
            Err(error) if errors.contains(&error) => {}
            Err(error) => errors.push(error),
        }
    }
    Completion::of(errors)
}

fn default_acl(acls: &[NetworkAcl], vpc: &str) -> Attributes {
    let acl = acls.iter().find(|acl| acl.vpc_id() == Some(vpc) && acl.is_default() == Some(true));
    attributes(json!({"default_network_acl_id": acl.and_then(|acl| acl.network_acl_id())}))
}

fn main_table(tables: &[RouteTable], vpc: &str) -> Attributes {
    let is_main = |table: &&RouteTable| table.associations().iter().any(|association| association.main() == Some(true));
    let table = tables.iter().filter(|table| table.vpc_id() == Some(vpc)).find(is_main);
    let main = table.and_then(|table| table.route_table_id());
    attributes(json!({"default_route_table_id": main, "main_route_table_id": main}))
}

fn default_group(groups: &[SecurityGroup], vpc: &str) -> Attributes {
    let group = groups.iter().find(|group| group.vpc_id() == Some(vpc) && group.group_name() == Some("default"));
    attributes(json!({"default_security_group_id": group.and_then(|group| group.group_id())}))
}

/// <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeVpcAttribute.html>: one attribute a call.
async fn attribute(aws: &ScopeReader, id: &str, name: VpcAttributeName) -> Result<Attributes, ReadError> {
    let call = aws.ec2().describe_vpc_attribute().vpc_id(id).attribute(name.clone()).send();
    let answer = aws.call("ec2:DescribeVpcAttribute", call).await?;
    let (name, value) = match name {
        VpcAttributeName::EnableDnsHostnames => ("enable_dns_hostnames", answer.enable_dns_hostnames()),
        VpcAttributeName::EnableDnsSupport => ("enable_dns_support", answer.enable_dns_support()),
        _ => ("enable_network_address_usage_metrics", answer.enable_network_address_usage_metrics()),
    };
    Ok(Attributes::from_iter([(name.to_owned(), json!(value.and_then(|value| value.value())))]))
}

#[cfg(test)]
mod tests {
    use aws_sdk_ec2::types::{VpcCidrBlockState, VpcCidrBlockStateCode, VpcIpv6CidrBlockAssociation};
    use serde_json::Value;

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
