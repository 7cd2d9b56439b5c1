//! Narrow reads of EC2: one object by its id, and what lies in one VPC. Each is made once per cycle and shared between kinds, so
//! that many parts of one object (rules of a group, routes of a table) cost one call.

use std::sync::Arc;

use aws_sdk_ec2::types::{
    Address, CustomerGateway, DhcpOptions, Filter, FlowLog, InternetGateway, LaunchTemplate, ManagedPrefixList,
    NatGateway, NetworkAcl, NetworkInterface, PlacementGroup, RouteTable, SecurityGroup, SecurityGroupRule, Snapshot,
    Subnet, TransitGateway, TransitGatewayRouteTable, TransitGatewayVpcAttachment, Volume, Vpc, VpcEndpoint,
    VpcPeeringConnection, VpnGateway,
};

use super::{first, items};
use crate::aws::{ReadError, not_found};
use crate::inventory::ScopeReader;
use crate::inventory::kinds::network::filter;

/// Values of one filter:
/// <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Filtering.html>.
const FILTER_VALUES: usize = 200;

/// One object by its id: `name: Item = "action", operation, parameter, member of the answer, codes of "there is none"`.
macro_rules! by_id {
    ($($name:ident: $item:ty = $action:literal, $operation:ident, $ids:ident, $items:ident, $absent:expr;)*) => {$(
        pub(in crate::inventory::kinds) async fn $name(
            aws: &ScopeReader,
            id: &str,
        ) -> Result<Option<Arc<$item>>, ReadError> {
            if id.is_empty() {
                return Err(ReadError::unexpected($action, "the state does not name it"));
            }
            let read = || async {
                let call = aws.ec2().$operation().$ids(id).send();
                Ok(first(aws, $action, call, $absent, |answer| answer.$items).await?.map(Arc::new))
            };
            let shared: Arc<Option<Arc<$item>>> = Box::pin(aws.cached_for(concat!($action, " by id"), id, read)).await?;
            Ok((*shared).clone())
        }
    )*};
}

/// The VPC that has a part: those that pass the filter.
pub(in crate::inventory::kinds) async fn vpcs_with(
    aws: &ScopeReader,
    name: &str,
    value: &str,
) -> Result<Vec<Vpc>, ReadError> {
    let call = aws.ec2().describe_vpcs().filters(filter(name, value)).send();
    items(aws, "ec2:DescribeVpcs", call, &[], |answer| answer.vpcs).await
}

by_id! {
    address: Address = "ec2:DescribeAddresses",
        describe_addresses, allocation_ids, addresses, &["InvalidAllocationID.NotFound", "InvalidAddress.NotFound"];
    customer_gateway: CustomerGateway = "ec2:DescribeCustomerGateways",
        describe_customer_gateways, customer_gateway_ids, customer_gateways, &["InvalidCustomerGatewayID.NotFound"];
    dhcp_options: DhcpOptions = "ec2:DescribeDhcpOptions",
        describe_dhcp_options, dhcp_options_ids, dhcp_options,
        &["InvalidDhcpOptionID.NotFound", "InvalidDhcpOptionsID.NotFound"];
    flow_log: FlowLog = "ec2:DescribeFlowLogs",
        describe_flow_logs, flow_log_ids, flow_logs, &["InvalidFlowLogId.NotFound"];
    internet_gateway: InternetGateway = "ec2:DescribeInternetGateways",
        describe_internet_gateways, internet_gateway_ids, internet_gateways, &["InvalidInternetGatewayID.NotFound"];
    launch_template: LaunchTemplate = "ec2:DescribeLaunchTemplates",
        describe_launch_templates, launch_template_ids, launch_templates,
        &["InvalidLaunchTemplateId.NotFound", "InvalidLaunchTemplateId.VersionNotFound"];
    managed_prefix_list: ManagedPrefixList = "ec2:DescribeManagedPrefixLists",
        describe_managed_prefix_lists, prefix_list_ids, prefix_lists, &["InvalidPrefixListID.NotFound"];
    nat_gateway: NatGateway = "ec2:DescribeNatGateways",
        describe_nat_gateways, nat_gateway_ids, nat_gateways, &["NatGatewayNotFound", "InvalidNatGatewayID.NotFound"];
    network_acl: NetworkAcl = "ec2:DescribeNetworkAcls",
        describe_network_acls, network_acl_ids, network_acls,
        &["InvalidNetworkAclID.NotFound", "InvalidNetworkAclId.NotFound"];
    network_interface: NetworkInterface = "ec2:DescribeNetworkInterfaces",
        describe_network_interfaces, network_interface_ids, network_interfaces, &["InvalidNetworkInterfaceID.NotFound"];
    // Its name is its id.
    placement_group: PlacementGroup = "ec2:DescribePlacementGroups",
        describe_placement_groups, group_names, placement_groups, &["InvalidPlacementGroup.Unknown"];
    route_table: RouteTable = "ec2:DescribeRouteTables",
        describe_route_tables, route_table_ids, route_tables, &["InvalidRouteTableID.NotFound"];
    security_group: SecurityGroup = "ec2:DescribeSecurityGroups",
        describe_security_groups, group_ids, security_groups, &["InvalidGroup.NotFound", "InvalidGroupId.NotFound"];
    security_group_rule: SecurityGroupRule = "ec2:DescribeSecurityGroupRules",
        describe_security_group_rules, security_group_rule_ids, security_group_rules,
        &["InvalidSecurityGroupRuleId.NotFound", "InvalidGroup.NotFound"];
    snapshot: Snapshot = "ec2:DescribeSnapshots",
        describe_snapshots, snapshot_ids, snapshots, &["InvalidSnapshot.NotFound"];
    subnet: Subnet = "ec2:DescribeSubnets", describe_subnets, subnet_ids, subnets, &["InvalidSubnetID.NotFound"];
    transit_gateway: TransitGateway = "ec2:DescribeTransitGateways",
        describe_transit_gateways, transit_gateway_ids, transit_gateways, &["InvalidTransitGatewayID.NotFound"];
    transit_gateway_route_table: TransitGatewayRouteTable = "ec2:DescribeTransitGatewayRouteTables",
        describe_transit_gateway_route_tables, transit_gateway_route_table_ids, transit_gateway_route_tables,
        &["InvalidRouteTableID.NotFound"];
    transit_gateway_vpc_attachment: TransitGatewayVpcAttachment = "ec2:DescribeTransitGatewayVpcAttachments",
        describe_transit_gateway_vpc_attachments, transit_gateway_attachment_ids, transit_gateway_vpc_attachments,
        &["InvalidTransitGatewayAttachmentID.NotFound"];
    volume: Volume = "ec2:DescribeVolumes", describe_volumes, volume_ids, volumes, &["InvalidVolume.NotFound"];
    vpc: Vpc = "ec2:DescribeVpcs", describe_vpcs, vpc_ids, vpcs, &["InvalidVpcID.NotFound"];
    vpc_endpoint: VpcEndpoint = "ec2:DescribeVpcEndpoints",
        describe_vpc_endpoints, vpc_endpoint_ids, vpc_endpoints,
        &["InvalidVpcEndpointId.NotFound", "InvalidVpcEndpoint.NotFound"];
    vpc_peering_connection: VpcPeeringConnection = "ec2:DescribeVpcPeeringConnections",
        describe_vpc_peering_connections, vpc_peering_connection_ids, vpc_peering_connections,
        &["InvalidVpcPeeringConnectionID.NotFound"];
    vpn_gateway: VpnGateway = "ec2:DescribeVpnGateways",
        describe_vpn_gateways, vpn_gateway_ids, vpn_gateways, &["InvalidVpnGatewayID.NotFound"];
}

/// What lies in one VPC, and more: the region's listing if this cycle has made it, so the caller looks at the VPC again.
/// `name: Item = "action", operation, parameter, further filters`.
macro_rules! in_vpc {
    ($($name:ident: $item:ty = $action:literal, $operation:ident, $filters:ident $(, $key:literal: $value:literal)?;)*) => {$(
        pub(in crate::inventory::kinds) async fn $name(
            aws: &ScopeReader,
            vpc: &str,
        ) -> Result<Arc<Vec<$item>>, ReadError> {
            if let Some(all) = aws.already_read($action) {
                return Ok(all);
            }
            let read = || {
                let call = aws.ec2().$operation().$filters(filter("vpc-id", vpc))$(.$filters(filter($key, $value)))?;
                aws.pages($action, call.into_paginator().items().send())
            };
            Box::pin(aws.cached_for(concat!($action, " in a VPC"), vpc, read)).await
        }
    )*};
}

in_vpc! {
    default_network_acls: NetworkAcl = "ec2:DescribeNetworkAcls", describe_network_acls, filters, "default": "true";
    default_security_groups: SecurityGroup = "ec2:DescribeSecurityGroups", describe_security_groups, filters, "group-name": "default";
    main_route_tables: RouteTable = "ec2:DescribeRouteTables", describe_route_tables, filters, "association.main": "true";
    nat_gateways: NatGateway = "ec2:DescribeNatGateways", describe_nat_gateways, filter;
    vpc_endpoints: VpcEndpoint = "ec2:DescribeVpcEndpoints", describe_vpc_endpoints, filters;
}

/// The rules of one group; none when there is no such group.
pub(in crate::inventory::kinds) async fn rules_of(
    aws: &ScopeReader,
    group: &str,
) -> Result<Arc<Vec<SecurityGroupRule>>, ReadError> {
    let action = "ec2:DescribeSecurityGroupRules";
    let read = || async {
        let call = aws.ec2().describe_security_group_rules().filters(filter("group-id", group));
        let rules = aws.pages(action, call.into_paginator().items().send()).await;
        Ok(not_found(rules, &["InvalidGroup.NotFound", "InvalidGroupId.NotFound"])?.unwrap_or_default())
    };
    Box::pin(aws.cached_for("ec2:DescribeSecurityGroupRules of a group", group, read)).await
}

/// The interfaces that are attached to one instance, and maybe others: the region's listing if this cycle has made it.
pub(in crate::inventory::kinds) async fn network_interfaces_of(
    aws: &ScopeReader,
    instance: &str,
) -> Result<Arc<Vec<NetworkInterface>>, ReadError> {
    let action = "ec2:DescribeNetworkInterfaces";
    if let Some(all) = aws.already_read(action) {
        return Ok(all);
    }
    let read = || {
        let call = aws.ec2().describe_network_interfaces().filters(filter("attachment.instance-id", instance));
        aws.pages(action, call.into_paginator().items().send())
    };
    Box::pin(aws.cached_for("ec2:DescribeNetworkInterfaces of an instance", instance, read)).await
}

/// These interfaces, as far as they exist, and maybe others: the region's listing if this cycle has made it.
pub(in crate::inventory::kinds) async fn network_interfaces(
    aws: &ScopeReader,
    ids: &[&str],
) -> Result<Arc<Vec<NetworkInterface>>, ReadError> {
    let action = "ec2:DescribeNetworkInterfaces";
    if let Some(all) = aws.already_read(action) {
        return Ok(all);
    }
    let mut found = Vec::new();
    for some in ids.chunks(FILTER_VALUES) {
        // A filter, not a list of ids: one that is gone is no error then.
        let ids = some.iter().map(|id| (*id).to_owned()).collect();
        let these = Filter::builder().name("network-interface-id").set_values(Some(ids)).build();
        let call = aws.ec2().describe_network_interfaces().filters(these);
        found.extend(aws.pages(action, call.into_paginator().items().send()).await?);
    }
    Ok(Arc::new(found))
}
