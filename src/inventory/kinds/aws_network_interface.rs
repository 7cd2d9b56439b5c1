//! `aws_network_interface`. Most interfaces belong to something else: an instance, a NAT gateway, a load balancer.
//! `private_ip_list_enabled` and `ipv6_address_list_enabled` only say to Terraform which list rules.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_ec2::primitives::DateTime;
use aws_sdk_ec2::types::{NatGateway, NetworkInterface, NetworkInterfaceAttachment, VpcEndpoint};
use futures::future::join;
use serde_json::{Value, json};

use super::ec2::{self, single};
use super::network;
use crate::aws::ReadError;
use crate::inventory::value::{attributes, ec2_tags};
use crate::inventory::{Kind, ListRequest, Listed, ScopeReader};
use crate::model::{CompareRules, Live, Owner, PriorState};

pub(super) struct AwsNetworkInterface;

#[async_trait]
impl Kind for AwsNetworkInterface {
    fn name(&self) -> &'static str {
        "aws_network_interface"
    }

    fn actions(&self) -> &'static [&'static str] {
        &["ec2:DescribeNetworkInterfaces", "ec2:DescribeNatGateways", "ec2:DescribeVpcEndpoints"]
    }

    fn compare_rules(&self) -> CompareRules {
        CompareRules {
            not_returned: &["ipv6_address_list_enabled", "private_ip_list_enabled"],
            suppress_diff: Some(suppress_diff),
            ..CompareRules::default()
        }
    }

    async fn list(&self, aws: &ScopeReader, request: &ListRequest<'_>) -> Result<Listed, ReadError> {
        let interfaces = ec2::network_interfaces(aws).await?;
        let launches = launches(&interfaces);
        let mut found: Vec<_> = interfaces.iter().map(|one| live(aws, one, &launches)).collect();
        if request.unmanaged {
            let (gateways, endpoints) = join(ec2::nat_gateways(aws), ec2::vpc_endpoints(aws)).await;
            fold_all(&mut found, gateways, endpoints);
        }
        Ok(found.into())
    }

    async fn read(&self, aws: &ScopeReader, prior: &PriorState<'_>) -> Result<Option<Live>, ReadError> {
        let Some(interface) = single::network_interface(aws, prior.id).await? else { return Ok(None) };
        let instance = interface.attachment().and_then(|attachment| attachment.instance_id());
        let beside = match instance.filter(|_| may_have_come_along(&interface)) {
            Some(instance) => single::network_interfaces_of(aws, instance).await?,
            None => Arc::default(),
        };
        let mut found = [live(aws, &interface, &launches(&beside))];
        // AWS finds neither of them by its interface. What an instance has is none of theirs.
        if let (Some(vpc), None) = (interface.vpc_id(), instance) {
            let (gateways, endpoints) = join(single::nat_gateways(aws, vpc), single::vpc_endpoints(aws, vpc)).await;
            fold_all(&mut found, gateways, endpoints);
        }
        Ok(found.into_iter().next())
    }
}

fn live(aws: &ScopeReader, interface: &NetworkInterface, launches: &Launches<'_>) -> Live {
    let id = interface.network_interface_id().unwrap_or_default();
    let owner = interface.owner_id().unwrap_or(&aws.account);
    let private: Vec<_> = interface.private_ip_addresses().iter().filter_map(|ip| ip.private_ip_address()).collect();
    let ipv6: Vec<_> = interface.ipv6_addresses().iter().filter_map(|ip| ip.ipv6_address()).collect();
    let prefixes: Vec<_> = interface.ipv4_prefixes().iter().filter_map(|prefix| prefix.ipv4_prefix()).collect();
    let ipv6_prefixes: Vec<_> = interface.ipv6_prefixes().iter().filter_map(|prefix| prefix.ipv6_prefix()).collect();
    let values = json!({
        "arn": format!("arn:{}:ec2:{}:{owner}:network-interface/{id}", aws.partition, aws.region),
        "attachment": attachment(interface),
        "description": interface.description(),
        "ena_srd_specification": ena_srd(interface),
        "enable_primary_ipv6": interface.ipv6_addresses().iter().any(|ip| ip.is_primary_ipv6() == Some(true)),
        "id": id,
        "interface_type": interface.interface_type().map(|kind| kind.as_str()),
        "ipv4_prefix_count": prefixes.len(),
        "ipv4_prefixes": prefixes,
        "ipv6_address_count": ipv6.len(),
        "ipv6_address_list": ipv6,
        "ipv6_addresses": ipv6,
        "ipv6_prefix_count": ipv6_prefixes.len(),
        "ipv6_prefixes": ipv6_prefixes,
        "mac_address": interface.mac_address(),
        "outpost_arn": interface.outpost_arn(),
        "owner_id": owner,
        "private_dns_name": interface.private_dns_name(),
        "private_ip": interface.private_ip_address(),
        "private_ip_list": private,
        "private_ips": private,
        "private_ips_count": private.len().saturating_sub(1),
        "security_groups": interface.groups().iter().filter_map(|group| group.group_id()).collect::<Vec<_>>(),
        "source_dest_check": interface.source_dest_check(),
        "subnet_id": interface.subnet_id(),
        "tags_all": ec2_tags(interface.tag_set()),
    });
    Live {
        id: id.to_owned(),
        attributes: attributes(values),
        owner: network::owner_or(aws, interface.owner_id(), owner_of(interface, launches)),
    }
}

/// What has interfaces of its own: its type, its id, its interfaces.
type Keeper<'a> = (&'static str, &'a str, Vec<&'a str>);

/// A listing that failed folds nothing: the interfaces' own marks mostly show the same.
fn fold_all(
    found: &mut [Live],
    gateways: Result<Arc<Vec<NatGateway>>, ReadError>,
    endpoints: Result<Arc<Vec<VpcEndpoint>>, ReadError>,
) {
    if let Ok(gateways) = gateways {
        fold(found, gateways.iter().map(of_gateway));
    }
    if let Ok(endpoints) = endpoints {
        fold(found, endpoints.iter().map(of_endpoint));
    }
}

/// AWS marks the interfaces of NAT gateways and endpoints by type as well; their owner's own word holds everywhere.
fn fold<'a>(found: &mut [Live], owners: impl Iterator<Item = Keeper<'a>>) {
    for (kind, owner, owned) in owners {
        for interface in found.iter_mut().filter(|interface| owned.contains(&interface.id.as_str())) {
            interface.owner = Owner::Parent { kind, id: owner.to_owned() };
        }
    }
}

fn of_gateway(gateway: &NatGateway) -> Keeper<'_> {
    let owned = gateway.nat_gateway_addresses().iter().filter_map(|address| address.network_interface_id());
    ("aws_nat_gateway", gateway.nat_gateway_id().unwrap_or_default(), owned.collect())
}

fn of_endpoint(endpoint: &VpcEndpoint) -> Keeper<'_> {
    let owned = endpoint.network_interface_ids().iter().map(String::as_str);
    ("aws_vpc_endpoint", endpoint.vpc_endpoint_id().unwrap_or_default(), owned.collect())
}

/// The one attachment that there can be, in the form of the `attachment` block.
fn attachment(interface: &NetworkInterface) -> Value {
    interface.attachment().map_or(json!([]), |attachment| {
        json!([{
            "attachment_id": attachment.attachment_id(),
            "device_index": attachment.device_index(),
            "instance": attachment.instance_id(),
            "network_card_index": attachment.network_card_index(),
        }])
    })
}

/// What the one attachment says of ENA Express.
fn ena_srd(interface: &NetworkInterface) -> Value {
    let specification = interface.attachment().and_then(|attachment| attachment.ena_srd_specification());
    Value::from_iter(specification.map(|specification| {
        let udp = specification.ena_srd_udp_specification();
        let udp = udp.map(|udp| json!({"ena_srd_udp_enabled": udp.ena_srd_udp_enabled()}));
        json!({"ena_srd_enabled": specification.ena_srd_enabled(), "ena_srd_udp_specification": Value::from_iter(udp)})
    }))
}

/// ENA Express that is off and ENA Express that nobody speaks of are one.
fn suppress_diff(path: &str, desired: &Value, live: &Value) -> bool {
    path.starts_with("/ena_srd_specification") && is_off(desired) && is_off(live)
}

fn is_off(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.iter().all(is_off),
        Value::Object(members) => members.values().all(is_off),
        other => *other != Value::Bool(true),
    }
}

/// How services describe the interfaces that they make. Most are marked as the requester's as well:
/// <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/requester-managed-eni.html>
const SERVICES: &[&str] = &[
    "AWS Lambda VPC ENI",
    "AWS created network interface for ",
    "Amazon EKS ",
    "EFS mount target for ",
    "ELB ",
    "Interface for NAT Gateway ",
    "Network Interface for Transit Gateway Attachment ",
    "RDSNetworkInterface",
    "Route 53 Resolver: ",
    "VPC Endpoint Interface ",
];

/// When each instance got its primary interface: that one comes with the launch and stays until the end.
type Launches<'a> = HashMap<&'a str, DateTime>;

fn launches(interfaces: &[NetworkInterface]) -> Launches<'_> {
    let attachments = interfaces.iter().filter_map(|interface| interface.attachment());
    let primary = attachments.filter(|attachment| attachment.device_index() == Some(0));
    primary.filter_map(|attachment| Some((attachment.instance_id()?, *attachment.attach_time()?))).collect()
}

/// Only its time tells: whoever attaches an interface can let it go away with the instance, too.
fn may_have_come_along(interface: &NetworkInterface) -> bool {
    interface.attachment().is_some_and(|attachment| {
        attachment.device_index() != Some(0) && attachment.delete_on_termination() == Some(true) //
    })
}

fn came_along(attachment: &NetworkInterfaceAttachment, instance: &str, launches: &Launches<'_>) -> bool {
    // One launch attaches all of its interfaces at one time; nobody can attach another before it runs.
    attachment.attach_time().is_some_and(|attached| launches.get(instance) == Some(attached))
}

/// Who made an interface: what a service requested or manages is AWS's, what came with the launch of an instance is the
/// instance's. <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/requester-managed-eni.html>
fn owner_of(interface: &NetworkInterface, launches: &Launches<'_>) -> Owner {
    let kind = interface.interface_type().map_or("interface", |kind| kind.as_str());
    if interface.requester_managed() == Some(true) {
        return Owner::Aws("network interface of an AWS service");
    }
    if !matches!(kind, "interface" | "efa" | "efa-only" | "branch" | "trunk") {
        return Owner::Aws("network interface of an AWS service");
    }
    if interface.operator().and_then(|operator| operator.managed()) == Some(true) {
        return Owner::Aws("network interface managed by an AWS service");
    }
    // Of pods and tasks: only AWS's own controllers can associate them, and by itself such an interface carries nothing.
    if kind == "branch" {
        return Owner::Aws("network interface of a Kubernetes node or a container task");
    }
    match interface.attachment().map(|attachment| (attachment, attachment.instance_id())) {
        Some((attachment, Some(id)))
            if attachment.device_index() == Some(0)
                || may_have_come_along(interface) && came_along(attachment, id, launches) =>
        {
            Owner::Parent { kind: "aws_instance", id: id.to_owned() }
        }
        // The instance does not show what was attached later.
        Some((_, Some(id))) if may_have_come_along(interface) => {
            Owner::AddedTo { kind: "aws_instance", id: id.to_owned(), claim: claim(interface) }
        }
        // Attached to something that is no instance of ours: a service's own machine.
        Some((_, None)) => Owner::Aws("network interface of an AWS service"),
        Some((_, Some(_))) | None => claim(interface).map_or(Owner::None, Owner::Claimed),
    }
}

/// What its description says, which anybody can write.
fn claim(interface: &NetworkInterface) -> Option<&'static str> {
    let description = interface.description().unwrap_or_default();
    // The pool of the Amazon VPC CNI plugin.
    if description.get(..8).is_some_and(|start| start.eq_ignore_ascii_case("aws-K8S-")) {
        return Some("network interface of a Kubernetes node");
    }
    let service = SERVICES.iter().any(|service| description.starts_with(service));
    service.then_some("network interface of an AWS service")
}

#[cfg(test)]
mod tests {
    use aws_sdk_ec2::types::NetworkInterfaceType;

    use super::*;

    #[test]
    fn ena_express_is_on_or_not() {
        let off = json!([{"ena_srd_enabled": false, "ena_srd_udp_specification": [{"ena_srd_udp_enabled": false}]}]);
        let on = json!([{"ena_srd_enabled": true, "ena_srd_udp_specification": []}]);
        assert!(suppress_diff("/ena_srd_specification", &json!([]), &off));
        assert!(!suppress_diff("/ena_srd_specification", &json!([]), &on));
        assert!(!suppress_diff("/ena_srd_specification", &on, &off));
    }

    #[test]
    fn an_endpoint_owns_its_interfaces() {
        let endpoint = VpcEndpoint::builder().vpc_endpoint_id("vpce-1").network_interface_ids("eni-1").build();
        let live = |id: &str| Live { id: id.to_owned(), ..Live::default() };
        let mut found = [live("eni-1"), live("eni-2")];
        fold(&mut found, [of_endpoint(&endpoint)].into_iter());
        assert_eq!(found[0].owner, Owner::Parent { kind: "aws_vpc_endpoint", id: "vpce-1".to_owned() });
        assert_eq!(found[1].owner, Owner::None);
    }

    #[test]
    fn only_what_somebody_made_can_be_unmanaged() {
        let plain = NetworkInterface::builder;
        let attachment = |index: i32, ends_with_it: bool, second: i64| {
            let attachment = NetworkInterfaceAttachment::builder()
                .instance_id("i-1")
                .device_index(index)
                .attach_time(DateTime::from_secs(second))
                .delete_on_termination(ends_with_it);
            plain().attachment(attachment.build()).build()
        };
        let primary = [attachment(0, true, 1000)];
        let attached = |index, ends, second| owner_of(&attachment(index, ends, second), &launches(&primary));
        let owner_of = |interface: &NetworkInterface| owner_of(interface, &Launches::new());
        let part = Owner::Parent { kind: "aws_instance", id: "i-1".to_owned() };
        assert_eq!(owner_of(&plain().build()), Owner::None);
        assert_eq!(attached(0, true, 1000), part);
        assert_eq!(attached(1, true, 1000), part, "a launch template has two");
        let added = Owner::AddedTo { kind: "aws_instance", id: "i-1".to_owned(), claim: None };
        assert_eq!(attached(1, true, 1060), added, "by hand, and told to end with the instance");
        assert_eq!(owner_of(&attachment(1, true, 1000)), added, "nobody knows when the instance began");
        assert_eq!(attached(1, false, 1060), Owner::None);
        let later = attachment(1, true, 1060);
        let of_pod = plain().set_attachment(later.attachment().cloned()).description("aws-K8S-i-1").build();
        let Owner::AddedTo { claim, .. } = owner_of(&of_pod) else { panic!("{:?}", owner_of(&of_pod)) };
        assert_eq!(claim, Some("network interface of a Kubernetes node"));
        let service = plain().attachment(NetworkInterfaceAttachment::builder().instance_owner_id("amazon-elb").build());
        assert!(matches!(owner_of(&service.build()), Owner::Aws(_)));
        assert!(matches!(owner_of(&plain().requester_managed(true).build()), Owner::Aws(_)));
        let described = |text: &str| owner_of(&plain().description(text).build());
        assert!(matches!(described("Route 53 Resolver: rslvr-in-1:rni-1"), Owner::Claimed(_)));
        assert_eq!(described("Route 53 forwarder of mine"), Owner::None);
        let nat = plain().interface_type(NetworkInterfaceType::NatGateway).build();
        assert!(matches!(owner_of(&nat), Owner::Aws(_)));
    }
}
