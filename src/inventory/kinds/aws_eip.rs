//! `aws_eip`. `instance` and `network_interface` are filled by whoever uses the address: `aws_eip_association` and the
//! like own them. `address`, `associate_with_private_ip` and `ipam_pool_id` are wishes that AWS does not repeat.

use std::collections::HashMap;

use async_trait::async_trait;
use aws_sdk_ec2::types::{Address, AddressAttributeName};
use serde_json::{Value, json};

use super::ec2::{self, single};
use crate::aws::{Partition, ReadError};
use crate::inventory::value::{attributes, ec2_tags, text};
use crate::inventory::{Completion, Kind, ListRequest, Listed, ScopeReader};
use crate::model::{Attributes, CompareRules, Live, Owner, PriorState};

pub(super) struct AwsEip;

#[async_trait]
impl Kind for AwsEip {
    fn name(&self) -> &'static str {
        "aws_eip"
    }

    fn actions(&self) -> &'static [&'static str] {
        &["ec2:DescribeAddresses", "ec2:DescribeAddressesAttribute", "ec2:DescribeNetworkInterfaces"]
    }

    fn compare_rules(&self) -> CompareRules {
        CompareRules {
            not_returned: &["address", "associate_with_private_ip", "ipam_pool_id", "timeouts"],
            ..CompareRules::default()
        }
    }

    async fn list(&self, aws: &ScopeReader, request: &ListRequest<'_>) -> Result<Listed, ReadError> {
        let addresses = ec2::addresses(aws).await?;
        let in_vpc = addresses.iter().filter(|address| address.allocation_id().is_some());
        let mut listed: Listed = in_vpc.map(|address| live(aws, address)).collect();
        if request.desired.is_empty() {
            return Ok(listed);
        }
        let names = domain_names(aws, None).await;
        let mut newly_used = false;
        for live in &mut listed.live {
            let Some(prior) = request.prior(&live.id) else { continue };
            add_domain_name(live, names.as_ref());
            newly_used |= is_newly_used(&prior.attributes(), live);
        }
        if newly_used {
            // For completing them: one listing instead of a call per address. What fails here fails there again.
            let _ = ec2::network_interfaces(aws).await;
        }
        Ok(listed)
    }

    async fn complete(&self, aws: &ScopeReader, prior: &PriorState<'_>, live: &mut Live) -> Completion {
        let state = prior.attributes();
        let mut completion = Completion::Whole;
        if !state.is_empty() && is_newly_used(&state, live) {
            match is_used_by_service(aws, text(&live.attributes, "network_interface")).await {
                Ok(true) => {
                    live.attributes.insert("network_interface".to_owned(), Value::Null);
                }
                Ok(false) => {}
                Err(error) => {
                    live.attributes.remove("network_interface");
                    completion = Completion::Partly(vec![error]);
                }
            }
        }
        forget_carrier(&state, live);
        completion
    }

    async fn read(&self, aws: &ScopeReader, prior: &PriorState<'_>) -> Result<Option<Live>, ReadError> {
        let Some(address) = single::address(aws, prior.id).await? else { return Ok(None) };
        let mut live = live(aws, &address);
        // As in the listing: of declared ones only.
        if !prior.attributes().is_empty() {
            add_domain_name(&mut live, domain_names(aws, Some(prior.id)).await.as_ref());
        }
        Ok(Some(live))
    }
}

fn live(aws: &ScopeReader, address: &Address) -> Live {
    let id = address.allocation_id().unwrap_or_default();
    let domain = address.domain().map(|domain| domain.as_str());
    let values = json!({
        "allocation_id": id,
        "arn": aws.arn("ec2", &format!("elastic-ip/{id}")),
        "association_id": address.association_id(),
        "carrier_ip": address.carrier_ip(),
        "customer_owned_ip": address.customer_owned_ip(),
        "customer_owned_ipv4_pool": address.customer_owned_ipv4_pool(),
        "domain": domain,
        "id": id,
        "instance": address.instance_id(),
        "network_border_group": address.network_border_group(),
        "network_interface": address.network_interface_id(),
        "private_dns": address.private_ip_address().map(|ip| private_dns(&aws.region, ip)),
        "private_ip": address.private_ip_address(),
        "public_dns": address.public_ip().map(|ip| public_dns(aws, ip)),
        "public_ip": address.public_ip(),
        "public_ipv4_pool": address.public_ipv4_pool(),
        "tags_all": ec2_tags(address.tags()),
        "vpc": domain == Some("vpc"),
    });
    // Allocated by a load balancer, a NAT gateway or a database for its own use.
    let service = address.service_managed().is_some();
    let owner = if service { Owner::Aws("address of an AWS service") } else { Owner::None };
    Live { id: id.to_owned(), attributes: attributes(values), owner }
}

/// Free in the state, in use in AWS.
fn is_newly_used(state: &Attributes, live: &Live) -> bool {
    text(state, "network_interface").is_empty() && !text(&live.attributes, "network_interface").is_empty()
}

/// An address on an interface goes where the interface goes: the instance that has it now is a matter of the interface.
fn forget_carrier(state: &Attributes, live: &mut Live) {
    let interface = text(state, "network_interface");
    let same = !interface.is_empty() && interface == text(&live.attributes, "network_interface");
    if same && text(state, "instance").is_empty() {
        live.attributes.insert("instance".to_owned(), Value::Null);
    }
}

/// A load balancer takes an address after Terraform wrote the state of the address, and no resource of EC2 owns its
/// fields: such a use is a matter of the load balancer, and the address counts as free as it was.
async fn is_used_by_service(aws: &ScopeReader, interface: &str) -> Result<bool, ReadError> {
    let users = single::network_interfaces(aws, &[interface]).await?;
    let user = users.iter().find(|one| one.network_interface_id() == Some(interface));
    let Some(user) = user else { return Ok(false) };
    let kind = user.interface_type().map(|kind| kind.as_str());
    Ok(user.requester_managed() == Some(true)
        || matches!(kind, Some("network_load_balancer" | "load_balancer" | "global_accelerator_managed")))
}

fn add_domain_name(live: &mut Live, names: Option<&HashMap<String, String>>) {
    if let Some(names) = names {
        live.attributes.insert("ptr_record".to_owned(), json!(names.get(&live.id)));
    }
}

/// Allocation id -> domain name, of those that have one; of one address or of all. `None` when it cannot be read: it is never
/// in compare_computed, and what nobody may see of it takes nothing from the verdict.
/// <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeAddressesAttribute.html>
async fn domain_names(aws: &ScopeReader, only: Option<&str>) -> Option<HashMap<String, String>> {
    let call = aws.ec2().describe_addresses_attribute().attribute(AddressAttributeName::DomainName);
    let call = call.set_allocation_ids(only.map(|id| vec![id.to_owned()])).into_paginator();
    let call = if only.is_some() { call } else { call.page_size(1000) };
    let names = aws.pages("ec2:DescribeAddressesAttribute", call.items().send()).await;
    let names = names.inspect_err(|error| tracing::debug!("no domain names of addresses: {}", error.detail())).ok()?;
    Some(names.into_iter().filter_map(|name| Some((name.allocation_id?, name.ptr_record?))).collect())
}

/// <https://docs.aws.amazon.com/vpc/latest/userguide/vpc-dns.html>
fn private_dns(region: &str, ip: &str) -> String {
    let zone = if region == "us-east-1" { "ec2.internal".to_owned() } else { format!("{region}.compute.internal") };
    format!("ip-{}.{zone}", ip.replace('.', "-"))
}

fn public_dns(aws: &ScopeReader, ip: &str) -> String {
    let zone = if aws.region == "us-east-1" { "compute-1".to_owned() } else { format!("{}.compute", aws.region) };
    let suffix = Partition::named(&aws.partition).dns_suffix;
    format!("ec2-{}.{zone}.{suffix}", ip.replace('.', "-"))
}

#[cfg(test)]
mod tests {
    use super::private_dns;

    #[test]
    fn dns_names_follow_the_region() {
        assert_eq!(private_dns("us-east-1", "10.0.0.7"), "ip-10-0-0-7.ec2.internal");
        assert_eq!(private_dns("eu-west-1", "10.0.0.7"), "ip-10-0-0-7.eu-west-1.compute.internal");
    }
}
