//! Bulk listings of EC2 that several kinds share; each is read once per region.

use std::sync::Arc;

use aws_sdk_ec2::types::{
    LaunchTemplate, NetworkAcl, Reservation, RouteTable, SecurityGroup, SpotInstanceRequest, Volume, Vpc,
};

use crate::inventory::{ReadError, Region};

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
    /// At most 200 a page.
    launch_templates: LaunchTemplate = "ec2:DescribeLaunchTemplates", describe_launch_templates, 200;
    network_acls: NetworkAcl = "ec2:DescribeNetworkAcls", describe_network_acls, 1000;
    /// Instances come in reservations.
    reservations: Reservation = "ec2:DescribeInstances", describe_instances, 1000;
    /// At most 100 a page.
    route_tables: RouteTable = "ec2:DescribeRouteTables", describe_route_tables, 100;
    security_groups: SecurityGroup = "ec2:DescribeSecurityGroups", describe_security_groups, 1000;
    spot_instance_requests: SpotInstanceRequest = "ec2:DescribeSpotInstanceRequests", describe_spot_instance_requests, 1000;
    /// At most 500 a page.
    volumes: Volume = "ec2:DescribeVolumes", describe_volumes, 500;
}
