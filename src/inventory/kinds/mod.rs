//! Every Terraform resource type that is read natively: one file each, named like the type; shared readers of one
//! service stand in `ec2`, `iam` and `s3`. To add one: a file, its `mod` line, its line in [`ALL`]; a test compares.

use super::Kind;

mod aws_ami;
mod aws_ami_copy;
mod aws_ami_from_instance;
mod aws_ami_launch_permission;
mod aws_ebs_snapshot;
mod aws_ebs_volume;
mod aws_instance;
mod aws_launch_template;
mod aws_volume_attachment;
mod aws_vpc;
mod ec2;

/// Every kind, in alphabetical order.
pub static ALL: &[&dyn Kind] = &[
    &aws_ami::AwsAmi,
    &aws_ami_copy::AwsAmiCopy,
    &aws_ami_from_instance::AwsAmiFromInstance,
    &aws_ami_launch_permission::AwsAmiLaunchPermission,
    &aws_ebs_snapshot::AwsEbsSnapshot,
    &aws_ebs_volume::AwsEbsVolume,
    &aws_instance::AwsInstance,
    &aws_launch_template::AwsLaunchTemplate,
    &aws_volume_attachment::AwsVolumeAttachment,
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
