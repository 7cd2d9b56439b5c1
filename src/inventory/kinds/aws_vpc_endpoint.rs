//! `aws_vpc_endpoint`. The CIDR blocks come from the region's prefix lists, the addresses per subnet from the
//! endpoint's network interfaces: both out of bulk listings, and only when a desired endpoint needs them.

use async_trait::async_trait;
use aws_sdk_ec2::types::{PrefixList, VpcEndpoint};
use serde_json::{Value, json};

use super::{ec2, network};
use crate::aws::{ReadError, not_found};
use crate::inventory::value::{attributes, ec2_tags};
use crate::inventory::{Kind, ListRequest, Listed, ScopeReader};
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
        let mut found = Listed::default();
        for endpoint in ec2::vpc_endpoints(aws).await?.iter().filter(|endpoint| is_there(endpoint)) {
            let id = endpoint.vpc_endpoint_id().unwrap_or_default();
            if !network::concerns(aws, &request, endpoint.owner_id(), id) {
                continue;
            }
            let mut live = live(aws, endpoint);
            if network::desired(&request, id).is_some() {
                for details in [prefix_list(aws, endpoint).await, subnets(aws, endpoint).await] {
                    match details {
                        Ok(more) => live.attributes.extend(more),
                        Err(error) => found.errors.push((Some(id.to_owned()), error)),
                    }
                }
            }
            found.live.push(live);
        }
        Ok(found)
    }

    async fn exists(&self, aws: &ScopeReader, desired: &PriorState<'_>) -> Result<bool, ReadError> {
        Ok(find(aws, &desired.id).await?.is_some())
    }
}

/// A single read by id.
pub(super) async fn find(aws: &ScopeReader, id: &str) -> Result<Option<VpcEndpoint>, ReadError> {
    let call = aws.ec2().describe_vpc_endpoints().vpc_endpoint_ids(id).send();
    let answer = aws.call("ec2:DescribeVpcEndpoints", call).await;
    let answer = not_found(answer, &["InvalidVpcEndpointId.NotFound", "InvalidVpcEndpoint.NotFound"])?;
    Ok(answer.and_then(|answer| answer.vpc_endpoints.unwrap_or_default().into_iter().find(is_there)))
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
    // GuardDuty's runtime monitoring makes its endpoints in our name and tags them.
    let tagged = |tag: &aws_sdk_ec2::types::Tag| tag.key() == Some("GuardDutyManaged") && tag.value() == Some("true");
    let by_service = endpoint.requester_managed() == Some(true) || endpoint.tags().iter().any(tagged);
    let owner = if by_service { Owner::Aws("endpoint made by an AWS service") } else { Owner::None };
    Live { id: id.to_owned(), attributes: attributes(values), owner }
}

/// The prefix list of the endpoint's service, if it has one.
async fn prefix_list(aws: &ScopeReader, endpoint: &VpcEndpoint) -> Result<Attributes, ReadError> {
    let lists = match endpoint.service_name() {
        Some(_) => Some(ec2::prefix_lists(aws).await?),
        None => None,
    };
    let same = |list: &&PrefixList| list.prefix_list_name() == endpoint.service_name();
    let list = lists.as_ref().and_then(|lists| lists.iter().find(same));
    Ok(attributes(json!({
        "cidr_blocks": list.map(|list| list.cidrs()).unwrap_or_default(),
        "prefix_list_id": list.and_then(|list| list.prefix_list_id()),
    })))
}

/// One address pair per subnet, read off the endpoint's interfaces.
async fn subnets(aws: &ScopeReader, endpoint: &VpcEndpoint) -> Result<Attributes, ReadError> {
    let mut configurations = Vec::new();
    if !endpoint.network_interface_ids().is_empty() {
        let all = ec2::network_interfaces(aws).await?;
        for id in endpoint.network_interface_ids() {
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
