//! Every Terraform resource type that is read natively: one file each, named like the type; shared readers of one
//! service stand in `ec2`, `iam` and `s3`. To add one: a file, its `mod` line, its line in [`ALL`]; a test compares.

use super::Kind;

mod aws_default_network_acl;
mod aws_default_security_group;
mod aws_ebs_encryption_by_default;
mod aws_ec2_tag;
mod aws_eip;
mod aws_eip_association;
mod aws_key_pair;
mod aws_network_acl;
mod aws_network_acl_association;
mod aws_network_acl_rule;
mod aws_network_interface;
mod aws_placement_group;
mod aws_security_group;
mod aws_security_group_rule;
mod aws_vpc;
mod aws_vpc_security_group_egress_rule;
mod aws_vpc_security_group_ingress_rule;
mod ec2;

/// Every kind, in alphabetical order.
pub static ALL: &[&dyn Kind] = &[
    &aws_default_network_acl::AwsDefaultNetworkAcl,
    &aws_default_security_group::AwsDefaultSecurityGroup,
    &aws_ebs_encryption_by_default::AwsEbsEncryptionByDefault,
    &aws_ec2_tag::AwsEc2Tag,
    &aws_eip::AwsEip,
    &aws_eip_association::AwsEipAssociation,
    &aws_key_pair::AwsKeyPair,
    &aws_network_acl::AwsNetworkAcl,
    &aws_network_acl_association::AwsNetworkAclAssociation,
    &aws_network_acl_rule::AwsNetworkAclRule,
    &aws_network_interface::AwsNetworkInterface,
    &aws_placement_group::AwsPlacementGroup,
    &aws_security_group::AwsSecurityGroup,
    &aws_security_group_rule::AwsSecurityGroupRule,
    &aws_vpc::AwsVpc,
    &aws_vpc_security_group_egress_rule::AwsVpcSecurityGroupEgressRule,
    &aws_vpc_security_group_ingress_rule::AwsVpcSecurityGroupIngressRule,
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
