//! `aws_subnet`. One bulk listing shows everything; the default subnets of a region are AWS's own.

use async_trait::async_trait;
use aws_sdk_ec2::types::Subnet;
use serde_json::json;

use super::aws_default_network_acl::part_of_default;
use super::ec2::{self, single};
use super::network;
use crate::aws::ReadError;
use crate::inventory::value::{attributes, ec2_tags, text};
use crate::inventory::{Kind, ListRequest, Listed, ScopeReader};
use crate::model::{Attributes, CompareRules, Live, OwnedField, Owner, PriorState};

pub(super) struct AwsSubnet;

#[async_trait]
impl Kind for AwsSubnet {
    fn name(&self) -> &'static str {
        "aws_subnet"
    }

    fn actions(&self) -> &'static [&'static str] {
        &["ec2:DescribeSubnets"]
    }

    fn compare_rules(&self) -> CompareRules {
        // What was asked of an address pool; the block that came of it is compared.
        let not_returned = &["ipv4_ipam_pool_id", "ipv4_netmask_length", "ipv6_ipam_pool_id", "ipv6_netmask_length"];
        CompareRules { not_returned, normalize: Some(normalize), ..CompareRules::default() }
    }

    async fn list(&self, aws: &ScopeReader, _request: &ListRequest<'_>) -> Result<Listed, ReadError> {
        Ok(ec2::subnets(aws).await?.iter().map(|subnet| live(aws, subnet)).collect())
    }

    async fn read(&self, aws: &ScopeReader, prior: &PriorState<'_>) -> Result<Option<Live>, ReadError> {
        Ok(single::subnet(aws, prior.id).await?.map(|subnet| live(aws, &subnet)))
    }

    fn owned_fields(&self, attributes: &Attributes) -> Vec<OwnedField> {
        vec![part_of_default("declared_subnet_ids", text(attributes, "id"))]
    }
}

pub(super) fn normalize(attributes: &mut Attributes) {
    network::canonicalise(attributes, "ipv6_cidr_block");
}

/// <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Subnet.html>; at most one IPv6 block is associated.
pub(super) fn live(aws: &ScopeReader, subnet: &Subnet) -> Live {
    let id = subnet.subnet_id().unwrap_or_default();
    let ipv6 = subnet.ipv6_cidr_block_association_set().iter().find(|association| {
        association.ipv6_cidr_block_state().and_then(|state| state.state()).is_some_and(|s| s.as_str() == "associated")
    });
    let names = subnet.private_dns_name_options_on_launch();
    let arn = subnet.subnet_arn().map(str::to_owned);
    let values = json!({
        "arn": arn.unwrap_or_else(|| network::arn(aws, subnet.owner_id(), &format!("subnet/{id}"))),
        "assign_ipv6_address_on_creation": subnet.assign_ipv6_address_on_creation(),
        "availability_zone": subnet.availability_zone(),
        "availability_zone_id": subnet.availability_zone_id(),
        "cidr_block": subnet.cidr_block(),
        "customer_owned_ipv4_pool": subnet.customer_owned_ipv4_pool(),
        "enable_dns64": subnet.enable_dns64(),
        "enable_lni_at_device_index": subnet.enable_lni_at_device_index(),
        "enable_resource_name_dns_a_record_on_launch": names.and_then(|n| n.enable_resource_name_dns_a_record()),
        "enable_resource_name_dns_aaaa_record_on_launch": names.and_then(|n| n.enable_resource_name_dns_aaaa_record()),
        "id": id,
        "ipv6_cidr_block": ipv6.and_then(|association| association.ipv6_cidr_block()),
        "ipv6_cidr_block_association_id": ipv6.and_then(|association| association.association_id()),
        "ipv6_native": subnet.ipv6_native(),
        "map_customer_owned_ip_on_launch": subnet.map_customer_owned_ip_on_launch(),
        "map_public_ip_on_launch": subnet.map_public_ip_on_launch(),
        "outpost_arn": subnet.outpost_arn(),
        "owner_id": subnet.owner_id(),
        "private_dns_hostname_type_on_launch": names.and_then(|n| n.hostname_type()).map(|kind| kind.as_str()),
        "tags_all": ec2_tags(subnet.tags()),
        "vpc_id": subnet.vpc_id(),
    });
    let own = if subnet.default_for_az() == Some(true) { Owner::Aws("default subnet") } else { Owner::None };
    let owner = network::owner_or(aws, subnet.owner_id(), own);
    Live { id: id.to_owned(), attributes: attributes(values), owner }
}
