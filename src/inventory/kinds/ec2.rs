//! Bulk listings of EC2 that several kinds share; each is read once per region.

use std::sync::Arc;

use aws_sdk_ec2::types::{
    Address, DhcpOptions, EgressOnlyInternetGateway, FlowLog, InternetGateway, LaunchTemplate, ManagedPrefixList,
    NatGateway, NetworkAcl, NetworkInterface, PrefixList, Reservation, RouteTable, SecurityGroup, SecurityGroupRule,
    SpotInstanceRequest, Subnet, TransitGateway, TransitGatewayRouteTable, TransitGatewayVpcAttachment, Volume, Vpc,
    VpcEndpoint, VpcPeeringConnection,
};

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use crate::aws::{ReadError, not_found};
use crate::inventory::ScopeReader;

pub(super) mod entries;
pub(super) mod security_group_rules;
pub(super) mod single;

/// A shared listing: a method-like function per call, `name: Item = "action", operation, page size`.
macro_rules! listings {
    ($($(#[$doc:meta])* $name:ident: $item:ty = $action:literal, $operation:ident $(, $page:literal)?;)*) => {$(
        $(#[$doc])*
        pub(super) async fn $name(aws: &ScopeReader) -> Result<Arc<Vec<$item>>, ReadError> {
            aws.cached($action, || {
                aws.pages($action, aws.ec2().$operation().into_paginator()$(.page_size($page))?.items().send())
            }).await
        }
    )*};
}

listings! {
    dhcp_options: DhcpOptions = "ec2:DescribeDhcpOptions", describe_dhcp_options, 1000;
    /// At most 255 a page.
    egress_only_internet_gateways: EgressOnlyInternetGateway = "ec2:DescribeEgressOnlyInternetGateways", describe_egress_only_internet_gateways, 255;
    flow_logs: FlowLog = "ec2:DescribeFlowLogs", describe_flow_logs, 1000;
    internet_gateways: InternetGateway = "ec2:DescribeInternetGateways", describe_internet_gateways, 1000;
    /// At most 200 a page.
    launch_templates: LaunchTemplate = "ec2:DescribeLaunchTemplates", describe_launch_templates, 200;
    /// At most 100 a page.
    managed_prefix_lists: ManagedPrefixList = "ec2:DescribeManagedPrefixLists", describe_managed_prefix_lists, 100;
    nat_gateways: NatGateway = "ec2:DescribeNatGateways", describe_nat_gateways, 1000;
    network_acls: NetworkAcl = "ec2:DescribeNetworkAcls", describe_network_acls, 1000;
    network_interfaces: NetworkInterface = "ec2:DescribeNetworkInterfaces", describe_network_interfaces, 1000;
    prefix_lists: PrefixList = "ec2:DescribePrefixLists", describe_prefix_lists, 1000;
    /// Instances come in reservations.
    reservations: Reservation = "ec2:DescribeInstances", describe_instances, 1000;
    /// At most 100 a page.
    route_tables: RouteTable = "ec2:DescribeRouteTables", describe_route_tables, 100;
    security_group_rules: SecurityGroupRule = "ec2:DescribeSecurityGroupRules", describe_security_group_rules, 1000;
    security_groups: SecurityGroup = "ec2:DescribeSecurityGroups", describe_security_groups, 1000;
    spot_instance_requests: SpotInstanceRequest = "ec2:DescribeSpotInstanceRequests", describe_spot_instance_requests, 1000;
    subnets: Subnet = "ec2:DescribeSubnets", describe_subnets, 1000;
    transit_gateway_route_tables: TransitGatewayRouteTable = "ec2:DescribeTransitGatewayRouteTables", describe_transit_gateway_route_tables, 1000;
    transit_gateway_vpc_attachments: TransitGatewayVpcAttachment = "ec2:DescribeTransitGatewayVpcAttachments", describe_transit_gateway_vpc_attachments, 1000;
    transit_gateways: TransitGateway = "ec2:DescribeTransitGateways", describe_transit_gateways, 1000;
    /// At most 500 a page.
    volumes: Volume = "ec2:DescribeVolumes", describe_volumes, 500;
    vpc_endpoints: VpcEndpoint = "ec2:DescribeVpcEndpoints", describe_vpc_endpoints, 1000;
    vpc_peering_connections: VpcPeeringConnection = "ec2:DescribeVpcPeeringConnections", describe_vpc_peering_connections, 1000;
    /// <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeVpcs.html>
    vpcs: Vpc = "ec2:DescribeVpcs", describe_vpcs, 1000;
}

/// Every address in one answer; the call has no pages.
pub(super) async fn addresses(aws: &ScopeReader) -> Result<Arc<Vec<Address>>, ReadError> {
    let action = "ec2:DescribeAddresses";
    let read = || items(aws, action, aws.ec2().describe_addresses().send(), &[], |answer| answer.addresses);
    aws.cached(action, read).await
}

/// The first of [`items`], for a call about one resource.
pub(super) async fn first<O, T, E>(
    aws: &ScopeReader,
    action: &'static str,
    call: impl Future<Output = Result<O, SdkError<E, HttpResponse>>>,
    absent: &[&str],
    list: impl FnOnce(O) -> Option<Vec<T>>,
) -> Result<Option<T>, ReadError>
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    Ok(items(aws, action, call, absent, list).await?.into_iter().next())
}

/// The items of a call's answer. Empty when AWS says that there are none: by one of these error codes, or by an empty list. An
/// answer without the list says nothing.
pub(super) async fn items<O, T, E>(
    aws: &ScopeReader,
    action: &'static str,
    call: impl Future<Output = Result<O, SdkError<E, HttpResponse>>>,
    absent: &[&str],
    list: impl FnOnce(O) -> Option<Vec<T>>,
) -> Result<Vec<T>, ReadError>
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let Some(answer) = not_found(aws.call(action, call).await, absent)? else { return Ok(Vec::new()) };
    list(answer).ok_or_else(|| ReadError::unexpected(action, "the answer lacks the list that was asked for"))
}
