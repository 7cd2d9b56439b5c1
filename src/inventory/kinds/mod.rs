//! Every Terraform resource type that is read natively: one file each, named like the type; shared readers of one
//! service stand in `ec2`, `iam` and `s3`. To add one: a file, its `mod` line, its line in [`ALL`]; a test compares.

use super::Kind;

mod aws_ami;
mod aws_ami_copy;
mod aws_ami_from_instance;
mod aws_ami_launch_permission;
mod aws_customer_gateway;
mod aws_default_network_acl;
mod aws_default_route_table;
mod aws_default_security_group;
mod aws_default_subnet;
mod aws_default_vpc;
mod aws_ebs_encryption_by_default;
mod aws_ebs_snapshot;
mod aws_ebs_volume;
mod aws_ec2_managed_prefix_list;
mod aws_ec2_managed_prefix_list_entry;
mod aws_ec2_tag;
mod aws_ec2_transit_gateway;
mod aws_ec2_transit_gateway_route;
mod aws_ec2_transit_gateway_route_table;
mod aws_ec2_transit_gateway_vpc_attachment;
mod aws_egress_only_internet_gateway;
mod aws_eip;
mod aws_eip_association;
mod aws_flow_log;
mod aws_iam_access_key;
mod aws_iam_account_alias;
mod aws_iam_account_password_policy;
mod aws_iam_group;
mod aws_iam_group_membership;
mod aws_iam_group_policies_exclusive;
mod aws_iam_group_policy;
mod aws_iam_group_policy_attachment;
mod aws_iam_group_policy_attachments_exclusive;
mod aws_iam_instance_profile;
mod aws_iam_openid_connect_provider;
mod aws_iam_policy;
mod aws_iam_policy_attachment;
mod aws_iam_role;
mod aws_iam_role_policies_exclusive;
mod aws_iam_role_policy;
mod aws_iam_role_policy_attachment;
mod aws_iam_role_policy_attachments_exclusive;
mod aws_iam_saml_provider;
mod aws_iam_server_certificate;
mod aws_iam_service_linked_role;
mod aws_iam_service_specific_credential;
mod aws_iam_signing_certificate;
mod aws_iam_user;
mod aws_iam_user_group_membership;
mod aws_iam_user_login_profile;
mod aws_iam_user_policies_exclusive;
mod aws_iam_user_policy;
mod aws_iam_user_policy_attachment;
mod aws_iam_user_policy_attachments_exclusive;
mod aws_iam_user_ssh_key;
mod aws_iam_virtual_mfa_device;
mod aws_instance;
mod aws_internet_gateway;
mod aws_internet_gateway_attachment;
mod aws_key_pair;
mod aws_launch_template;
mod aws_main_route_table_association;
mod aws_nat_gateway;
mod aws_network_acl;
mod aws_network_acl_association;
mod aws_network_acl_rule;
mod aws_network_interface;
mod aws_placement_group;
mod aws_route;
mod aws_route_table;
mod aws_route_table_association;
mod aws_s3_access_point;
mod aws_s3_account_public_access_block;
mod aws_s3_bucket;
mod aws_s3_bucket_accelerate_configuration;
mod aws_s3_bucket_acl;
mod aws_s3_bucket_analytics_configuration;
mod aws_s3_bucket_cors_configuration;
mod aws_s3_bucket_intelligent_tiering_configuration;
mod aws_s3_bucket_inventory;
mod aws_s3_bucket_lifecycle_configuration;
mod aws_s3_bucket_logging;
mod aws_s3_bucket_metric;
mod aws_s3_bucket_notification;
mod aws_s3_bucket_object_lock_configuration;
mod aws_s3_bucket_ownership_controls;
mod aws_s3_bucket_policy;
mod aws_s3_bucket_public_access_block;
mod aws_s3_bucket_replication_configuration;
mod aws_s3_bucket_request_payment_configuration;
mod aws_s3_bucket_server_side_encryption_configuration;
mod aws_s3_bucket_versioning;
mod aws_s3_bucket_website_configuration;
mod aws_s3_object;
mod aws_security_group;
mod aws_security_group_rule;
mod aws_snapshot_create_volume_permission;
mod aws_subnet;
mod aws_volume_attachment;
mod aws_vpc;
mod aws_vpc_dhcp_options;
mod aws_vpc_dhcp_options_association;
mod aws_vpc_endpoint;
mod aws_vpc_endpoint_route_table_association;
mod aws_vpc_ipv4_cidr_block_association;
mod aws_vpc_ipv6_cidr_block_association;
mod aws_vpc_peering_connection;
mod aws_vpc_peering_connection_options;
mod aws_vpc_security_group_egress_rule;
mod aws_vpc_security_group_ingress_rule;
mod aws_vpn_gateway;
mod ec2;
mod iam;
mod network;
mod routes;
mod s3;
mod s3_bucket_blocks;

pub(super) use s3::logged_in;

/// Every kind, in alphabetical order.
pub static ALL: &[&dyn Kind] = &[
    &aws_ami::AwsAmi,
    &aws_ami_copy::AwsAmiCopy,
    &aws_ami_from_instance::AwsAmiFromInstance,
    &aws_ami_launch_permission::AwsAmiLaunchPermission,
    &aws_customer_gateway::AwsCustomerGateway,
    &aws_default_network_acl::AwsDefaultNetworkAcl,
    &aws_default_route_table::AwsDefaultRouteTable,
    &aws_default_security_group::AwsDefaultSecurityGroup,
    &aws_default_subnet::AwsDefaultSubnet,
    &aws_default_vpc::AwsDefaultVpc,
    &aws_ebs_encryption_by_default::AwsEbsEncryptionByDefault,
    &aws_ebs_snapshot::AwsEbsSnapshot,
    &aws_ebs_volume::AwsEbsVolume,
    &aws_ec2_managed_prefix_list::AwsEc2ManagedPrefixList,
    &aws_ec2_managed_prefix_list_entry::AwsEc2ManagedPrefixListEntry,
    &aws_ec2_tag::AwsEc2Tag,
    &aws_ec2_transit_gateway::AwsEc2TransitGateway,
    &aws_ec2_transit_gateway_route::AwsEc2TransitGatewayRoute,
    &aws_ec2_transit_gateway_route_table::AwsEc2TransitGatewayRouteTable,
    &aws_ec2_transit_gateway_vpc_attachment::AwsEc2TransitGatewayVpcAttachment,
    &aws_egress_only_internet_gateway::AwsEgressOnlyInternetGateway,
    &aws_eip::AwsEip,
    &aws_eip_association::AwsEipAssociation,
    &aws_flow_log::AwsFlowLog,
    &aws_iam_access_key::AwsIamAccessKey,
    &aws_iam_account_alias::AwsIamAccountAlias,
    &aws_iam_account_password_policy::AwsIamAccountPasswordPolicy,
    &aws_iam_group::AwsIamGroup,
    &aws_iam_group_membership::AwsIamGroupMembership,
    &aws_iam_group_policies_exclusive::AwsIamGroupPoliciesExclusive,
    &aws_iam_group_policy::AwsIamGroupPolicy,
    &aws_iam_group_policy_attachment::AwsIamGroupPolicyAttachment,
    &aws_iam_group_policy_attachments_exclusive::AwsIamGroupPolicyAttachmentsExclusive,
    &aws_iam_instance_profile::AwsIamInstanceProfile,
    &aws_iam_openid_connect_provider::AwsIamOpenidConnectProvider,
    &aws_iam_policy::AwsIamPolicy,
    &aws_iam_policy_attachment::AwsIamPolicyAttachment,
    &aws_iam_role::AwsIamRole,
    &aws_iam_role_policies_exclusive::AwsIamRolePoliciesExclusive,
    &aws_iam_role_policy::AwsIamRolePolicy,
    &aws_iam_role_policy_attachment::AwsIamRolePolicyAttachment,
    &aws_iam_role_policy_attachments_exclusive::AwsIamRolePolicyAttachmentsExclusive,
    &aws_iam_saml_provider::AwsIamSamlProvider,
    &aws_iam_server_certificate::AwsIamServerCertificate,
    &aws_iam_service_linked_role::AwsIamServiceLinkedRole,
    &aws_iam_service_specific_credential::AwsIamServiceSpecificCredential,
    &aws_iam_signing_certificate::AwsIamSigningCertificate,
    &aws_iam_user::AwsIamUser,
    &aws_iam_user_group_membership::AwsIamUserGroupMembership,
    &aws_iam_user_login_profile::AwsIamUserLoginProfile,
    &aws_iam_user_policies_exclusive::AwsIamUserPoliciesExclusive,
    &aws_iam_user_policy::AwsIamUserPolicy,
    &aws_iam_user_policy_attachment::AwsIamUserPolicyAttachment,
    &aws_iam_user_policy_attachments_exclusive::AwsIamUserPolicyAttachmentsExclusive,
    &aws_iam_user_ssh_key::AwsIamUserSshKey,
    &aws_iam_virtual_mfa_device::AwsIamVirtualMfaDevice,
    &aws_instance::AwsInstance,
    &aws_internet_gateway::AwsInternetGateway,
    &aws_internet_gateway_attachment::AwsInternetGatewayAttachment,
    &aws_key_pair::AwsKeyPair,
    &aws_launch_template::AwsLaunchTemplate,
    &aws_main_route_table_association::AwsMainRouteTableAssociation,
    &aws_nat_gateway::AwsNatGateway,
    &aws_network_acl::AwsNetworkAcl,
    &aws_network_acl_association::AwsNetworkAclAssociation,
    &aws_network_acl_rule::AwsNetworkAclRule,
    &aws_network_interface::AwsNetworkInterface,
    &aws_placement_group::AwsPlacementGroup,
    &aws_route::AwsRoute,
    &aws_route_table::AwsRouteTable,
    &aws_route_table_association::AwsRouteTableAssociation,
    &aws_s3_access_point::AwsS3AccessPoint,
    &aws_s3_account_public_access_block::AwsS3AccountPublicAccessBlock,
    &aws_s3_bucket::AwsS3Bucket,
    &aws_s3_bucket_accelerate_configuration::AwsS3BucketAccelerateConfiguration,
    &aws_s3_bucket_acl::AwsS3BucketAcl,
    &aws_s3_bucket_analytics_configuration::AwsS3BucketAnalyticsConfiguration,
    &aws_s3_bucket_cors_configuration::AwsS3BucketCorsConfiguration,
    &aws_s3_bucket_intelligent_tiering_configuration::AwsS3BucketIntelligentTieringConfiguration,
    &aws_s3_bucket_inventory::AwsS3BucketInventory,
    &aws_s3_bucket_lifecycle_configuration::AwsS3BucketLifecycleConfiguration,
    &aws_s3_bucket_logging::AwsS3BucketLogging,
    &aws_s3_bucket_metric::AwsS3BucketMetric,
    &aws_s3_bucket_notification::AwsS3BucketNotification,
    &aws_s3_bucket_object_lock_configuration::AwsS3BucketObjectLockConfiguration,
    &aws_s3_bucket_ownership_controls::AwsS3BucketOwnershipControls,
    &aws_s3_bucket_policy::AwsS3BucketPolicy,
    &aws_s3_bucket_public_access_block::AwsS3BucketPublicAccessBlock,
    &aws_s3_bucket_replication_configuration::AwsS3BucketReplicationConfiguration,
    &aws_s3_bucket_request_payment_configuration::AwsS3BucketRequestPaymentConfiguration,
    &aws_s3_bucket_server_side_encryption_configuration::AwsS3BucketServerSideEncryptionConfiguration,
    &aws_s3_bucket_versioning::AwsS3BucketVersioning,
    &aws_s3_bucket_website_configuration::AwsS3BucketWebsiteConfiguration,
    &aws_s3_object::AwsS3Object,
    &aws_security_group::AwsSecurityGroup,
    &aws_security_group_rule::AwsSecurityGroupRule,
    &aws_snapshot_create_volume_permission::AwsSnapshotCreateVolumePermission,
    &aws_subnet::AwsSubnet,
    &aws_volume_attachment::AwsVolumeAttachment,
    &aws_vpc::AwsVpc,
    &aws_vpc_dhcp_options::AwsVpcDhcpOptions,
    &aws_vpc_dhcp_options_association::AwsVpcDhcpOptionsAssociation,
    &aws_vpc_endpoint::AwsVpcEndpoint,
    &aws_vpc_endpoint_route_table_association::AwsVpcEndpointRouteTableAssociation,
    &aws_vpc_ipv4_cidr_block_association::AwsVpcIpv4CidrBlockAssociation,
    &aws_vpc_ipv6_cidr_block_association::AwsVpcIpv6CidrBlockAssociation,
    &aws_vpc_peering_connection::AwsVpcPeeringConnection,
    &aws_vpc_peering_connection_options::AwsVpcPeeringConnectionOptions,
    &aws_vpc_security_group_egress_rule::AwsVpcSecurityGroupEgressRule,
    &aws_vpc_security_group_ingress_rule::AwsVpcSecurityGroupIngressRule,
    &aws_vpn_gateway::AwsVpnGateway,
];

/// The reader of a Terraform type, if there is one.
pub fn get(name: &str) -> Option<&'static dyn Kind> {
    ALL.iter().copied().find(|kind| kind.name() == name)
}

#[cfg(test)]
mod tests;
