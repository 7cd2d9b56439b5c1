//! `aws_eip`. `instance` and `network_interface` are filled by whoever uses the address: `aws_eip_association` and the
//! like speak for them. `address`, `associate_with_private_ip` and `ipam_pool_id` are wishes that AWS does not repeat.

use std::collections::HashMap;

use async_trait::async_trait;
use aws_sdk_ec2::types::{Address, AddressAttributeName};
use serde_json::{Value, json};

use super::ec2;
use crate::aws::{ReadError, not_found};
use crate::inventory::value::{attributes, ec2_tags, text};
use crate::inventory::{Kind, ListRequest, Listed, ScopeReader};
use crate::model::{CompareRules, Live, Owner, PriorState};

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
        let mut found = Listed::from(in_vpc.map(|address| live(aws, address)).collect::<Vec<_>>());
        let desired: HashMap<&str, &PriorState<'_>> =
            request.desired.iter().map(|one| (one.id.as_str(), *one)).collect();
        if desired.is_empty() {
            return Ok(found);
        }
        match domain_names(aws).await {
            Ok(names) => {
                for live in found.live.iter_mut().filter(|live| desired.contains_key(live.id.as_str())) {
                    live.attributes.insert("ptr_record".to_owned(), json!(names.get(&live.id)));
                }
            }
            // Never compare_computed: what nobody may see of it takes nothing from the verdict.
            Err(error) => tracing::debug!("no domain names of addresses: {}", error.detail()),
        }
        for live in &mut found.live {
            if desired.get(live.id.as_str()).is_some_and(|desired| is_newly_used(desired, live)) {
                forget_service_use(aws, live, &mut found.errors).await;
            }
            if let Some(desired) = desired.get(live.id.as_str()) {
                forget_carrier(desired, live);
            }
        }
        Ok(found)
    }

    async fn exists(&self, aws: &ScopeReader, desired: &PriorState<'_>) -> Result<bool, ReadError> {
        let call = aws.ec2().describe_addresses().allocation_ids(&desired.id).send();
        let answer = aws.call("ec2:DescribeAddresses", call).await;
        let answer = not_found(answer, &["InvalidAllocationID.NotFound", "InvalidAddress.NotFound"])?;
        Ok(answer.is_some_and(|answer| !answer.addresses().is_empty()))
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
fn is_newly_used(desired: &PriorState<'_>, live: &Live) -> bool {
    let state = desired.attributes();
    text(&state, "network_interface").is_empty() && !text(&live.attributes, "network_interface").is_empty()
}

/// An address on an interface goes where the interface goes: the instance that has it now is the interface's story.
fn forget_carrier(desired: &PriorState<'_>, live: &mut Live) {
    let state = desired.attributes();
    let interface = text(&state, "network_interface");
    let same = !interface.is_empty() && interface == text(&live.attributes, "network_interface");
    if same && text(&state, "instance").is_empty() {
        live.attributes.insert("instance".to_owned(), Value::Null);
    }
}

/// A load balancer takes an address after Terraform wrote the state of the address, and no resource of EC2 speaks for
/// it: such a use is the load balancer's story, and the address counts as free as it was.
async fn forget_service_use(aws: &ScopeReader, live: &mut Live, errors: &mut Vec<(Option<String>, ReadError)>) {
    let interfaces = match ec2::network_interfaces(aws).await {
        Ok(interfaces) => interfaces,
        Err(error) => {
            live.attributes.remove("network_interface");
            return errors.push((Some(live.id.clone()), error));
        }
    };
    let user = text(&live.attributes, "network_interface");
    let user = interfaces.iter().find(|interface| interface.network_interface_id() == Some(user));
    let kind = user.and_then(|user| user.interface_type()).map(|kind| kind.as_str());
    let by_service = user.and_then(|user| user.requester_managed()) == Some(true);
    if by_service || matches!(kind, Some("network_load_balancer" | "load_balancer" | "global_accelerator_managed")) {
        live.attributes.insert("network_interface".to_owned(), Value::Null);
    }
}

/// Allocation id -> domain name, of those that have one.
/// <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeAddressesAttribute.html>
async fn domain_names(aws: &ScopeReader) -> Result<HashMap<String, String>, ReadError> {
    let call = aws.ec2().describe_addresses_attribute().attribute(AddressAttributeName::DomainName);
    let pages = call.into_paginator().page_size(1000).items().send();
    let names = aws.pages("ec2:DescribeAddressesAttribute", pages).await?;
    Ok(names.into_iter().filter_map(|name| Some((name.allocation_id?, name.ptr_record?))).collect())
}

/// <https://docs.aws.amazon.com/vpc/latest/userguide/vpc-dns.html>
fn private_dns(region: &str, ip: &str) -> String {
    let zone = if region == "us-east-1" { "ec2.internal".to_owned() } else { format!("{region}.compute.internal") };
    format!("ip-{}.{zone}", ip.replace('.', "-"))
}

fn public_dns(aws: &ScopeReader, ip: &str) -> String {
    let zone = if aws.region == "us-east-1" { "compute-1".to_owned() } else { format!("{}.compute", aws.region) };
    let suffix = if aws.partition == "aws-cn" { "amazonaws.com.cn" } else { "amazonaws.com" };
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
