//! Every Terraform resource type that is read natively: one file each, named like the type; shared readers of one
//! service stand in `ec2`, `iam` and `s3`. To add one: a file, its `mod` line, its line in [`ALL`]; a test compares.

use super::Kind;

mod aws_s3_access_point;
mod aws_s3_account_public_access_block;
mod aws_s3_bucket;
mod aws_s3_bucket_accelerate_configuration;
mod aws_s3_bucket_acl;
mod aws_s3_bucket_cors_configuration;
mod aws_s3_bucket_intelligent_tiering_configuration;
mod aws_s3_bucket_inventory;
mod aws_s3_bucket_lifecycle_configuration;
mod aws_s3_bucket_logging;
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
mod aws_vpc;
mod ec2;
mod s3;
mod s3_bucket_blocks;

/// Every kind, in alphabetical order.
pub static ALL: &[&dyn Kind] = &[
    &aws_s3_access_point::AwsS3AccessPoint,
    &aws_s3_account_public_access_block::AwsS3AccountPublicAccessBlock,
    &aws_s3_bucket::AwsS3Bucket,
    &aws_s3_bucket_accelerate_configuration::AwsS3BucketAccelerateConfiguration,
    &aws_s3_bucket_acl::AwsS3BucketAcl,
    &aws_s3_bucket_cors_configuration::AwsS3BucketCorsConfiguration,
    &aws_s3_bucket_intelligent_tiering_configuration::AwsS3BucketIntelligentTieringConfiguration,
    &aws_s3_bucket_inventory::AwsS3BucketInventory,
    &aws_s3_bucket_lifecycle_configuration::AwsS3BucketLifecycleConfiguration,
    &aws_s3_bucket_logging::AwsS3BucketLogging,
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
