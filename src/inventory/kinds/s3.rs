//! Shared readers of S3: the buckets of the account, where each lies, and each setting of a bucket read once, for
//! `aws_s3_bucket` and for the resource that is split from it alike. Knows no Terraform attribute but ids.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_s3::Client;
use aws_sdk_s3::operation::{
    get_bucket_accelerate_configuration::GetBucketAccelerateConfigurationOutput, get_bucket_acl::GetBucketAclOutput,
    get_bucket_cors::GetBucketCorsOutput, get_bucket_encryption::GetBucketEncryptionOutput,
    get_bucket_lifecycle_configuration::GetBucketLifecycleConfigurationOutput,
    get_bucket_logging::GetBucketLoggingOutput,
    get_bucket_notification_configuration::GetBucketNotificationConfigurationOutput,
    get_bucket_ownership_controls::GetBucketOwnershipControlsOutput, get_bucket_policy::GetBucketPolicyOutput,
    get_bucket_replication::GetBucketReplicationOutput, get_bucket_request_payment::GetBucketRequestPaymentOutput,
    get_bucket_tagging::GetBucketTaggingOutput, get_bucket_versioning::GetBucketVersioningOutput,
    get_bucket_website::GetBucketWebsiteOutput, get_object_lock_configuration::GetObjectLockConfigurationOutput,
    get_public_access_block::GetPublicAccessBlockOutput,
};
use aws_sdk_s3::types::{Bucket, BucketLocationConstraint, Tag};
use futures::{StreamExt as _, stream};
use serde_json::{Value, json};

use crate::inventory::value::{tags, text};
use crate::inventory::{Kind, ListRequest, Listed, Reach, ReadError, Region, not_found};
use crate::model::account::is_account_id;
use crate::model::{Attributes, CompareRules, Desired, Live, OwnedField, Owner};

/// Resources read at a time; the limit of the service bounds the calls.
const PARALLEL: usize = 8;

/// May the answer be one that another kind has read in this scan?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    Shared,
    /// A second look: ask again.
    Fresh,
}

/// A resource that is one part of a bucket: read by the bucket's name, never listed, never unmanaged by itself.
/// Whoever implements it is a [`Kind`].
#[async_trait]
pub(super) trait BucketPart: Send + Sync {
    fn name(&self) -> &'static str;

    /// The calls of [`BucketPart::read`], with [`buckets`] and [`region_of`].
    fn actions(&self) -> &'static [&'static str];

    fn compare_rules(&self) -> CompareRules {
        CompareRules::default()
    }

    /// The attributes of `aws_s3_bucket` that say the same.
    fn repeated_in(&self) -> &'static [&'static str] {
        &[]
    }

    /// The resource's own attributes (`id`, `bucket` and `expected_bucket_owner` are added), `None` when the bucket
    /// has no such part.
    async fn read(&self, aws: &Region, id: &PartId<'_>, look: Look) -> Result<Option<Attributes>, ReadError>;
}

/// The id of a part of a bucket, taken apart: `bucket`, `bucket,owner`, `bucket,owner,acl`, `bucket:name`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PartId<'a> {
    pub bucket: &'a str,
    /// `expected_bucket_owner`, empty when there is none.
    pub owner: &'a str,
    /// Canned ACL, or the name of a configuration; empty when there is none.
    pub name: &'a str,
}

impl<'a> PartId<'a> {
    /// Bucket names hold neither comma nor colon; an owner is twelve digits.
    pub(super) fn parse(id: &'a str) -> Self {
        if let Some((bucket, name)) = id.split_once(':') {
            return Self { bucket, owner: "", name };
        }
        let mut parts = id.split(',');
        let bucket = parts.next().unwrap_or_default();
        let (owner, name) = match (parts.next(), parts.next()) {
            (Some(owner), name) if is_account_id(owner) => (owner, name.unwrap_or_default()),
            (name, _) => ("", name.unwrap_or_default()),
        };
        Self { bucket, owner, name }
    }
}

#[async_trait]
impl<T: BucketPart> Kind for T {
    fn name(&self) -> &'static str {
        BucketPart::name(self)
    }

    fn reach(&self) -> Reach {
        Reach::Global
    }

    fn actions(&self) -> &'static [&'static str] {
        BucketPart::actions(self)
    }

    fn compare_rules(&self) -> CompareRules {
        BucketPart::compare_rules(self)
    }

    async fn list(&self, aws: &Region, request: ListRequest<'_>) -> Result<Listed, ReadError> {
        let reads = request.desired.iter().map(|desired| (*desired, read_part(self, aws, desired, Look::Shared)));
        Ok(each(reads.collect()).await)
    }

    async fn exists(&self, aws: &Region, desired: &Desired) -> Result<bool, ReadError> {
        Ok(read_part(self, aws, desired, Look::Fresh).await?.is_some())
    }

    fn owned_fields(&self, attributes: &Attributes) -> Vec<OwnedField> {
        let part = |attribute: &&'static str| OwnedField {
            parent_kind: "aws_s3_bucket",
            parent_id: text(attributes, "bucket").to_owned(),
            attribute,
            element: None,
        };
        self.repeated_in().iter().map(part).collect()
    }
}

async fn read_part<T: BucketPart + ?Sized>(
    kind: &T,
    aws: &Region,
    desired: &Desired,
    look: Look,
) -> Result<Option<Attributes>, ReadError> {
    let id = PartId::parse(&desired.id);
    let Some(mut attributes) = there(kind.read(aws, &id, look).await)? else { return Ok(None) };
    attributes.insert("id".to_owned(), json!(desired.id));
    attributes.insert("bucket".to_owned(), json!(id.bucket));
    if desired.attributes().contains_key("expected_bucket_owner") {
        attributes.insert("expected_bucket_owner".to_owned(), json!(id.owner));
    }
    Ok(Some(attributes))
}

/// Awaits reads of desired resources, some at a time.
pub(super) async fn each<F>(reads: Vec<(&Desired, F)>) -> Listed
where
    F: Future<Output = Result<Option<Attributes>, ReadError>>,
{
    let reads: Vec<_> = reads.into_iter().map(|(desired, read)| async move { (desired, read.await) }).collect();
    let mut found = Listed::default();
    let mut answers = stream::iter(reads).buffer_unordered(PARALLEL);
    while let Some((desired, answer)) = answers.next().await {
        match answer {
            Ok(Some(attributes)) => {
                found.live.push(Live { id: desired.id.clone(), attributes, owner: Owner::None });
            }
            Ok(None) => {}
            Err(error) => found.errors.push((Some(desired.id.clone()), error)),
        }
    }
    found
}

/// A bucket that is gone has no parts.
pub(super) fn there<T>(answer: Result<Option<T>, ReadError>) -> Result<Option<T>, ReadError> {
    not_found(answer, &["NoSuchBucket"]).map(Option::flatten)
}

/// The buckets of the account with the regions where they lie, as far as the listing tells.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListBuckets.html>: a region stands there only in answers to
/// requests with a parameter.
pub(super) async fn buckets(aws: &Region) -> Result<Arc<BTreeMap<String, Option<String>>>, ReadError> {
    const ACTION: &str = "s3:ListAllMyBuckets";
    aws.cached(ACTION, || async {
        let pages = aws.s3.list_buckets().max_buckets(10_000).into_paginator().items().send();
        let listed: Vec<Bucket> = aws.pages(ACTION, pages).await?;
        let named = listed.into_iter().filter_map(|bucket| Some((bucket.name?, bucket.bucket_region)));
        Ok(named.collect())
    })
    .await
}

/// Where a bucket lies.
pub(super) async fn region_of(aws: &Region, bucket: &str, look: Look) -> Result<Arc<String>, ReadError> {
    const ACTION: &str = "s3:GetBucketLocation";
    let read = || async {
        if let Ok(buckets) = buckets(aws).await
            && let Some(Some(region)) = buckets.get(bucket)
        {
            return Ok(region.clone());
        }
        let answer = aws.call(ACTION, aws.s3.get_bucket_location().bucket(bucket).send()).await?;
        Ok(location(answer.location_constraint()))
    };
    match look {
        Look::Shared => Box::pin(aws.cached_for(ACTION, bucket, read)).await,
        Look::Fresh => read().await.map(Arc::new),
    }
}

/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketLocation.html>: null is us-east-1, `EU` is eu-west-1.
fn location(constraint: Option<&BucketLocationConstraint>) -> String {
    match constraint.map(BucketLocationConstraint::as_str) {
        None | Some("") => "us-east-1".to_owned(),
        Some("EU") => "eu-west-1".to_owned(),
        Some(region) => region.to_owned(),
    }
}

/// A client that reaches a bucket.
pub(super) async fn client(aws: &Region, bucket: &str, look: Look) -> Result<Client, ReadError> {
    // Boxed: the futures of S3 lie deep in each other.
    let region = Box::pin(region_of(aws, bucket, look)).await?;
    Ok(aws.s3_in(&region))
}

/// A setting of buckets: a function per call, `name: Answer = "action", operation, codes that mean "not set"`.
macro_rules! settings {
    ($($name:ident: $answer:ty = $action:literal, $operation:ident $(, $unset:literal)*;)*) => {$(
        /// `None`: not set.
        pub(super) async fn $name(aws: &Region, bucket: &str, look: Look) -> Result<Arc<Option<$answer>>, ReadError> {
            let read = || async {
                let client = Box::pin(client(aws, bucket, look)).await?;
                not_found(aws.call($action, client.$operation().bucket(bucket).send()).await, &[$($unset),*])
            };
            match look {
                Look::Shared => Box::pin(aws.cached_for($action, bucket, read)).await,
                Look::Fresh => read().await.map(Arc::new),
            }
        }
    )*};
}

// Codes: <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>.
settings! {
    acceleration: GetBucketAccelerateConfigurationOutput = "s3:GetAccelerateConfiguration", get_bucket_accelerate_configuration;
    acl: GetBucketAclOutput = "s3:GetBucketAcl", get_bucket_acl;
    cors: GetBucketCorsOutput = "s3:GetBucketCORS", get_bucket_cors, "NoSuchCORSConfiguration";
    encryption: GetBucketEncryptionOutput = "s3:GetEncryptionConfiguration", get_bucket_encryption, "ServerSideEncryptionConfigurationNotFoundError";
    lifecycle: GetBucketLifecycleConfigurationOutput = "s3:GetLifecycleConfiguration", get_bucket_lifecycle_configuration, "NoSuchLifecycleConfiguration";
    logging: GetBucketLoggingOutput = "s3:GetBucketLogging", get_bucket_logging;
    notification: GetBucketNotificationConfigurationOutput = "s3:GetBucketNotification", get_bucket_notification_configuration;
    object_lock: GetObjectLockConfigurationOutput = "s3:GetBucketObjectLockConfiguration", get_object_lock_configuration, "ObjectLockConfigurationNotFoundError", "ObjectLockConfigurationNotFound";
    ownership: GetBucketOwnershipControlsOutput = "s3:GetBucketOwnershipControls", get_bucket_ownership_controls, "OwnershipControlsNotFoundError";
    policy: GetBucketPolicyOutput = "s3:GetBucketPolicy", get_bucket_policy, "NoSuchBucketPolicy";
    public_access: GetPublicAccessBlockOutput = "s3:GetBucketPublicAccessBlock", get_public_access_block, "NoSuchPublicAccessBlockConfiguration";
    replication: GetBucketReplicationOutput = "s3:GetReplicationConfiguration", get_bucket_replication, "ReplicationConfigurationNotFoundError";
    request_payment: GetBucketRequestPaymentOutput = "s3:GetBucketRequestPayment", get_bucket_request_payment;
    tagging: GetBucketTaggingOutput = "s3:GetBucketTagging", get_bucket_tagging, "NoSuchTagSet";
    versioning: GetBucketVersioningOutput = "s3:GetBucketVersioning", get_bucket_versioning;
    website: GetBucketWebsiteOutput = "s3:GetBucketWebsite", get_bucket_website, "NoSuchWebsiteConfiguration";
}

/// Tags as a map, without AWS's own.
pub(super) fn tag_map(list: &[Tag]) -> Value {
    tags(list.iter().map(|tag| (tag.key(), tag.value())))
}

/// The name of a partition's DNS: `amazonaws.com`.
pub(super) fn dns_suffix(aws: &Region) -> &'static str {
    if aws.partition == "aws-cn" { "amazonaws.com.cn" } else { "amazonaws.com" }
}

/// The host of a region's websites, without the bucket.
/// <https://docs.aws.amazon.com/general/latest/gr/s3.html#s3_website_region_endpoints>: older regions have a dash.
pub(super) fn website_domain(aws: &Region, region: &str) -> String {
    const DASHED: &[&str] = &[
        "ap-northeast-1",
        "ap-southeast-1",
        "ap-southeast-2",
        "eu-west-1",
        "sa-east-1",
        "us-east-1",
        "us-gov-west-1",
        "us-west-1",
        "us-west-2",
    ];
    let separator = if DASHED.contains(&region) { '-' } else { '.' };
    format!("s3-website{separator}{region}.{}", dns_suffix(aws))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_come_apart() {
        let id = |bucket, owner, name| PartId { bucket, owner, name };
        assert_eq!(PartId::parse("b.x"), id("b.x", "", ""));
        assert_eq!(PartId::parse("b,123456789012"), id("b", "123456789012", ""));
        assert_eq!(PartId::parse("b,public-read"), id("b", "", "public-read"));
        assert_eq!(PartId::parse("b,123456789012,private"), id("b", "123456789012", "private"));
        assert_eq!(PartId::parse("b:EntireBucket"), id("b", "", "EntireBucket"));
    }

    #[test]
    fn locations_of_old() {
        assert_eq!(location(None), "us-east-1");
        assert_eq!(location(Some(&BucketLocationConstraint::Eu)), "eu-west-1");
        assert_eq!(location(Some(&"eu-central-1".into())), "eu-central-1");
    }
}
