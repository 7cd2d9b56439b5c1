//! `aws_network_acl`. Its entries have one form in `ec2/entries.rs`; the two last rules of AWS's own are left out.

use async_trait::async_trait;
use aws_sdk_ec2::types::NetworkAcl;
use serde_json::{Value, json};

use super::aws_default_network_acl::part_of_default;
use super::ec2::{self, entries, single};
use super::network;
use crate::aws::ReadError;
use crate::inventory::value::{attributes, ec2_tags};
use crate::inventory::{Kind, ListRequest, Listed, ScopeReader};
use crate::model::{Attributes, CompareRules, Live, OwnedField, Owner, PriorState};

pub(super) struct AwsNetworkAcl;

#[async_trait]
impl Kind for AwsNetworkAcl {
    fn name(&self) -> &'static str {
        "aws_network_acl"
    }

    fn actions(&self) -> &'static [&'static str] {
        &["ec2:DescribeNetworkAcls"]
    }

    fn compare_rules(&self) -> CompareRules {
        CompareRules { normalize: Some(entries::normalize), ..CompareRules::default() }
    }

    async fn list(&self, aws: &ScopeReader, _request: &ListRequest<'_>) -> Result<Listed, ReadError> {
        Ok(ec2::network_acls(aws).await?.iter().map(|acl| live(aws, acl)).collect())
    }

    async fn read(&self, aws: &ScopeReader, prior: &PriorState<'_>) -> Result<Option<Live>, ReadError> {
        Ok(single::network_acl(aws, prior.id).await?.map(|acl| live(aws, &acl)))
    }

    fn owned_fields(&self, attributes: &Attributes) -> Vec<OwnedField> {
        let subnets = attributes.get("subnet_ids").and_then(Value::as_array).into_iter().flatten();
        subnets.filter_map(Value::as_str).map(|subnet| part_of_default("subnet_ids", subnet)).collect()
    }
}

/// What DescribeNetworkAcls returns.
pub(super) fn live(aws: &ScopeReader, acl: &NetworkAcl) -> Live {
    let id = acl.network_acl_id().unwrap_or_default();
    let owner = acl.owner_id().unwrap_or(&aws.account);
    let values = json!({
        "arn": format!("arn:{}:ec2:{}:{owner}:network-acl/{id}", aws.partition, aws.region),
        "egress": entries::elements_of(acl, true),
        "id": id,
        "ingress": entries::elements_of(acl, false),
        "owner_id": owner,
        "subnet_ids": acl.associations().iter().filter_map(|one| one.subnet_id()).collect::<Vec<_>>(),
        "tags_all": ec2_tags(acl.tags()),
        "vpc_id": acl.vpc_id(),
    });
    let default = acl.is_default() == Some(true);
    let attributes = attributes(values);
    let own = if default {
        let lists = &["ingress", "egress"];
        network::made_with_vpc("default network ACL of a VPC", &attributes, lists, |_, entry| is_made_by_aws(entry))
    } else {
        Owner::None
    };
    let owner = network::owner_or(aws, acl.owner_id(), own);
    Live { id: id.to_owned(), attributes, owner }
}

/// Everything may pass: <https://docs.aws.amazon.com/vpc/latest/userguide/default-network-acl.html>.
fn is_made_by_aws(entry: &Value) -> bool {
    let everything = (entry["action"] == "allow") && entry["protocol"] == "-1";
    everything
        && (entry["rule_no"] == 100 && entry["cidr_block"] == "0.0.0.0/0"
            || entry["rule_no"] == 101 && entry["ipv6_cidr_block"] == "::/0")
}
