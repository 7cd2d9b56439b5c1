//! Every Terraform resource type that is read natively: one file each, named like the type; shared readers of one
//! service stand in `ec2`, `iam` and `s3`. To add one: a file, its `mod` line, its line in [`ALL`]; a test compares.

use super::Kind;

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
mod aws_iam_user;
mod aws_iam_user_group_membership;
mod aws_iam_user_login_profile;
mod aws_iam_user_policies_exclusive;
mod aws_iam_user_policy;
mod aws_iam_user_policy_attachment;
mod aws_iam_user_policy_attachments_exclusive;
mod aws_iam_user_ssh_key;
mod aws_iam_virtual_mfa_device;
mod aws_vpc;
mod ec2;
mod iam;

/// Every kind, in alphabetical order.
pub static ALL: &[&dyn Kind] = &[
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
    &aws_iam_user::AwsIamUser,
    &aws_iam_user_group_membership::AwsIamUserGroupMembership,
    &aws_iam_user_login_profile::AwsIamUserLoginProfile,
    &aws_iam_user_policies_exclusive::AwsIamUserPoliciesExclusive,
    &aws_iam_user_policy::AwsIamUserPolicy,
    &aws_iam_user_policy_attachment::AwsIamUserPolicyAttachment,
    &aws_iam_user_policy_attachments_exclusive::AwsIamUserPolicyAttachmentsExclusive,
    &aws_iam_user_ssh_key::AwsIamUserSshKey,
    &aws_iam_virtual_mfa_device::AwsIamVirtualMfaDevice,
    &aws_vpc::AwsVpc,
];

/// The reader of a Terraform type, if there is one.
pub fn get(name: &str) -> Option<&'static dyn Kind> {
    ALL.iter().copied().find(|kind| kind.name() == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::schema;

    #[test]
    fn names_are_the_providers_and_in_order() {
        let names: Vec<_> = ALL.iter().map(|kind| kind.name()).collect();
        assert!(names.is_sorted(), "sort ALL");
        for kind in ALL {
            let schema =
                schema::of(kind.name()).unwrap_or_else(|| panic!("{} is no type of the provider", kind.name()));
            let known =
                |name: &&str| schema.block.attributes.contains_key(*name) || schema.block.blocks.contains_key(*name);
            let shape = kind.shape();
            for list in [shape.unread, shape.policies, shape.compared] {
                assert_eq!(list.iter().find(|name| !known(name)), None, "{}: no such attribute", kind.name());
            }
            assert!(!kind.actions().is_empty(), "{} names no IAM action", kind.name());
        }
    }
}
