//! `aws_vpc_endpoint`. The CIDR blocks come from the region's prefix lists, the addresses per subnet from the
//! endpoint's network interfaces: a sweep lists both once, and only when a declared endpoint needs them.

use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_ec2::types::{PrefixList, VpcEndpoint};
use serde_json::{Value, json};

use super::ec2::{self, single};
use super::network;
use crate::aws::ReadError;
use crate::inventory::value::{attributes, ec2_tags, text};
use crate::inventory::{Completion, Kind, ListRequest, Listed, ScopeReader};
use crate::model::{Attributes, CompareRules, Live, Owner, PriorState};

pub(super) struct AwsVpcEndpoint;

#[async_trait]
impl Kind for AwsVpcEndpoint {
    fn name(&self) -> &'static str {
        "aws_vpc_endpoint"
    }

    fn actions(&self) -> &'static [&'static str] {
        &["ec2:DescribeVpcEndpoints", "ec2:DescribePrefixLists", "ec2:DescribeNetworkInterfaces"]
    }

    fn compare_rules(&self) -> CompareRules {
        CompareRules { not_returned: &["auto_accept"], policies: &["policy"], ..CompareRules::default() }
    }

    async fn list(&self, aws: &ScopeReader, request: &ListRequest<'_>) -> Result<Listed, ReadError> {
        let endpoints = ec2::vpc_endpoints(aws).await?;
        let found: Vec<Live> =
            endpoints.iter().filter(|endpoint| is_there(endpoint)).map(|endpoint| live(aws, endpoint)).collect();
        // What `complete` needs for any of the declared ones, once for all of them. A listing that fails is left to it: it asks
        // for one endpoint alone then.
        let declared = || found.iter().filter(|live| request.declares(&live.id));
        if declared().any(|live| !text(&live.attributes, "service_name").is_empty()) {
            let _ = ec2::prefix_lists(aws).await;
        }
        if declared().any(|live| !interfaces(&live.attributes).is_empty()) {
            let _ = ec2::network_interfaces(aws).await;
        }
        Ok(found.into())
    }

    async fn complete(&self, aws: &ScopeReader, _prior: &PriorState<'_>, live: &mut Live) -> Completion {
        let mut errors = Vec::new();
        for details in [prefix_list(aws, &live.attributes).await, subnets(aws, &live.attributes).await] {
            match details {
                Ok(more) => live.attributes.extend(more),
                Err(error) => errors.push(error),
            }
        }
        Completion::of(errors)
    }

    async fn read(&self, aws: &ScopeReader, prior: &PriorState<'_>) -> Result<Option<Live>, ReadError> {
        let endpoint = single::vpc_endpoint(aws, prior.id).await?;
        Ok(endpoint.filter(|endpoint| is_there(endpoint)).map(|endpoint| live(aws, &endpoint)))
    }
}

pub(super) fn is_there(endpoint: &VpcEndpoint) -> bool {
    !endpoint.state().is_some_and(|state| network::gone(state.as_str()))
}

/// <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_VpcEndpoint.html>
fn live(aws: &ScopeReader, endpoint: &VpcEndpoint) -> Live {
    let id = endpoint.vpc_endpoint_id().unwrap_or_default();
    let names: Vec<_> = endpoint.dns_entries().iter().map(|entry| {
        json!({"dns_name": entry.dns_name().unwrap_or_default(), "hosted_zone_id": entry.hosted_zone_id().unwrap_or_default()})
    }).collect();
    let options = endpoint.dns_options().map(|options| {
        json!([{
            "dns_record_ip_type": options.dns_record_ip_type().map(|kind| kind.as_str()),
            "private_dns_only_for_inbound_resolver_endpoint": options.private_dns_only_for_inbound_resolver_endpoint(),
            "private_dns_preference": options.private_dns_preference(),
            "private_dns_specified_domains": options.private_dns_specified_domains(),
        }])
    });
    let values = json!({
        "arn": network::arn(aws, endpoint.owner_id(), &format!("vpc-endpoint/{id}")),
        "dns_entry": names,
        "dns_options": options.unwrap_or_else(|| json!([])),
        "id": id,
        "ip_address_type": endpoint.ip_address_type().map(|kind| kind.as_str()),
        "network_interface_ids": endpoint.network_interface_ids(),
        "owner_id": endpoint.owner_id(),
        "policy": endpoint.policy_document(),
        "private_dns_enabled": endpoint.private_dns_enabled(),
        "requester_managed": endpoint.requester_managed(),
        "resource_configuration_arn": endpoint.resource_configuration_arn(),
        "route_table_ids": endpoint.route_table_ids(),
        "security_group_ids": endpoint.groups().iter().filter_map(|group| group.group_id()).collect::<Vec<_>>(),
        "service_name": endpoint.service_name(),
        "service_network_arn": endpoint.service_network_arn(),
        "service_region": endpoint.service_region(),
        "state": endpoint.state().map(|state| state.as_str()),
        "subnet_ids": endpoint.subnet_ids(),
        "tags_all": ec2_tags(endpoint.tags()),
        // GovCloud names no type: there are only gateways then.
        "vpc_endpoint_type": endpoint.vpc_endpoint_type().map_or("Gateway", |kind| kind.as_str()),
        "vpc_id": endpoint.vpc_id(),
    });
    // GuardDuty's runtime monitoring makes its endpoints in our name and tags them, as anybody could.
    let tagged = |tag: &aws_sdk_ec2::types::Tag| tag.key() == Some("GuardDutyManaged") && tag.value() == Some("true");
    let own = match endpoint.requester_managed() {
        Some(true) => Owner::Aws("endpoint made by an AWS service"),
        _ if endpoint.tags().iter().any(tagged) => Owner::Claimed("endpoint of GuardDuty"),
        _ => Owner::None,
    };
    let owner = network::owner_or(aws, endpoint.owner_id(), own);
    Live { id: id.to_owned(), attributes: attributes(values), owner }
}

/// The prefix list of the endpoint's service, if it has one.
async fn prefix_list(aws: &ScopeReader, endpoint: &Attributes) -> Result<Attributes, ReadError> {
    let service = text(endpoint, "service_name");
    let lists = if service.is_empty() { Arc::default() } else { prefix_lists(aws, service).await? };
    let list = lists.iter().find(|list| list.prefix_list_name() == Some(service));
    Ok(attributes(json!({
        "cidr_blocks": list.map(|list| list.cidrs()).unwrap_or_default(),
        "prefix_list_id": list.and_then(|list| list.prefix_list_id()),
    })))
}

/// The lists of one service, or the region's listing if this cycle has made it.
async fn prefix_lists(aws: &ScopeReader, service: &str) -> Result<Arc<Vec<PrefixList>>, ReadError> {
    let action = "ec2:DescribePrefixLists";
    if let Some(all) = aws.already_read(action) {
        return Ok(all);
    }
    let read = || {
        let call = aws.ec2().describe_prefix_lists().filters(network::filter("prefix-list-name", service));
        aws.pages(action, call.into_paginator().items().send())
    };
    Box::pin(aws.cached_for("ec2:DescribePrefixLists of a service", service, read)).await
}

/// One address pair per subnet, read off the endpoint's interfaces.
async fn subnets(aws: &ScopeReader, endpoint: &Attributes) -> Result<Attributes, ReadError> {
    let mut configurations = Vec::new();
    let ids = interfaces(endpoint);
    if !ids.is_empty() {
        let all = single::network_interfaces(aws, &ids).await?;
        for id in ids {
            let interface = all.iter().find(|interface| interface.network_interface_id() == Some(id));
            let missing =
                || ReadError::unexpected("ec2:DescribeNetworkInterfaces", format!("{id} is not in the listing"));
            let interface = interface.ok_or_else(missing)?;
            configurations.push(json!({
                "ipv4": interface.private_ip_address(),
                "ipv6": interface.ipv6_address(),
                "subnet_id": interface.subnet_id(),
            }));
        }
    }
    Ok(attributes(json!({"subnet_configuration": Value::Array(configurations)})))
}

fn interfaces(endpoint: &Attributes) -> Vec<&str> {
    let ids = endpoint.get("network_interface_ids").and_then(Value::as_array);
    ids.into_iter().flatten().filter_map(Value::as_str).collect()
}
