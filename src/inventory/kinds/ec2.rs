//! Bulk listings of EC2 that several kinds share; each is read once per region.

use std::sync::Arc;

use aws_sdk_ec2::types::{Address, NetworkAcl, NetworkInterface, RouteTable, SecurityGroup, SecurityGroupRule, Vpc};

use crate::inventory::{ReadError, Region};

pub(super) mod atoms;
pub(super) mod cidr;
pub(super) mod entries;

/// A shared listing: a method-like function per call, `name: Item = "action", operation, page size`.
macro_rules! listings {
    ($($(#[$doc:meta])* $name:ident: $item:ty = $action:literal, $operation:ident $(, $page:literal)?;)*) => {$(
        $(#[$doc])*
        pub(super) async fn $name(aws: &Region) -> Result<Arc<Vec<$item>>, ReadError> {
            aws.once($action, || {
                aws.pages($action, aws.ec2.$operation().into_paginator()$(.page_size($page))?.items().send())
            }).await
        }
    )*};
}

listings! {
    /// <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeVpcs.html>
    vpcs: Vpc = "ec2:DescribeVpcs", describe_vpcs, 1000;
    network_acls: NetworkAcl = "ec2:DescribeNetworkAcls", describe_network_acls, 1000;
    network_interfaces: NetworkInterface = "ec2:DescribeNetworkInterfaces", describe_network_interfaces, 1000;
    /// At most 100 a page.
    route_tables: RouteTable = "ec2:DescribeRouteTables", describe_route_tables, 100;
    security_group_rules: SecurityGroupRule = "ec2:DescribeSecurityGroupRules", describe_security_group_rules, 1000;
    security_groups: SecurityGroup = "ec2:DescribeSecurityGroups", describe_security_groups, 1000;
}

/// Every address in one answer; the call has no pages.
pub(super) async fn addresses(aws: &Region) -> Result<Arc<Vec<Address>>, ReadError> {
    let action = "ec2:DescribeAddresses";
    let read = || async { aws.call(action, aws.ec2.describe_addresses().send()).await };
    aws.once(action, || async { Ok(read().await?.addresses.unwrap_or_default()) }).await
}
