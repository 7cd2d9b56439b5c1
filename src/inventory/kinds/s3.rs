//! Shared readers of S3: the buckets of the account, where each lies, and each setting of a bucket read once, for
//! `aws_s3_bucket` and for the resource that is split from it alike. Knows no Terraform attribute but ids.

use std::collections::BTreeMap;
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
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use serde_json::{Value, json};

use super::aws_s3_bucket::NOT_OFFERED;
use crate::aws::{Partition, ReadError, not_found};
use crate::inventory::value::{tags, text};
use crate::inventory::{Kind, ListRequest, Listed, Reach, ScopeReader};
use crate::model::account::is_account_id;
use crate::model::{Attributes, CompareRules, GLOBAL, Live, OwnedField, Owner, PriorState};

type Buckets = BTreeMap<String, Option<String>>;

const BUCKET: &str = "aws_s3_bucket";
const LIST: &str = "s3:ListAllMyBuckets";
const LOCATE: &str = "s3:GetBucketLocation";

/// A resource that is one part of a bucket: read by the bucket's name, never listed. Most are repeated by `aws_s3_bucket`, which tells
/// of those that nobody declares; the others are unmanaged on a declared bucket. Whoever implements it is a [`Kind`].
#[async_trait]
pub(super) trait BucketPart: Send + Sync {
    fn name(&self) -> &'static str;

    /// The calls of [`BucketPart::read`], with those of [`buckets`] and [`region_of`].
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
    async fn read(&self, aws: &ScopeReader, id: &PartId<'_>) -> Result<Option<Attributes>, ReadError>;

    /// Where `aws_s3_bucket` does not say the same.
    fn strangers(&self) -> Strangers {
        Strangers::ToldByBucket
    }

    /// Ids of all parts of this sort that a bucket has; for [`Strangers::Several`].
    async fn ids(&self, _aws: &ScopeReader, _bucket: &str) -> Result<Vec<String>, ReadError> {
        Ok(Vec::new())
    }
}

/// How parts that nobody declares are found.
#[derive(Clone, Copy)]
pub(super) enum Strangers {
    /// Not at all: the bucket shows them.
    ToldByBucket,
    /// The bucket has one, with the bucket's name as id. AWS gives some to every bucket: whether these attributes are of
    /// somebody's making.
    One(fn(&Attributes) -> bool),
    /// The bucket has any number, each with a name: [`BucketPart::ids`].
    Several,
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

    async fn list(&self, aws: &ScopeReader, request: &ListRequest<'_>) -> Result<Listed, ReadError> {
        if !request.desired.is_empty() {
            prefetch_regions(aws).await;
        }
        Ok(Listed::one_by_one())
    }

    async fn read(&self, aws: &ScopeReader, prior: &PriorState<'_>) -> Result<Option<Live>, ReadError> {
        let id = PartId::parse(prior.id);
        let Some(mut attributes) = there(BucketPart::read(self, aws, &id).await)? else { return Ok(None) };
        attributes.insert("id".to_owned(), json!(prior.id));
        attributes.insert("bucket".to_owned(), json!(id.bucket));
        let state = prior.attributes();
        if state.contains_key("expected_bucket_owner") {
            attributes.insert("expected_bucket_owner".to_owned(), json!(id.owner));
        }
        if let (Strangers::One(by_somebody), true) = (self.strangers(), state.is_empty())
            && !by_somebody(&attributes)
        {
            return Ok(None);
        }
        let owner = Owner::Parent { kind: BUCKET, id: id.bucket.to_owned() };
        Ok(Some(Live { id: prior.id.to_owned(), attributes, owner }))
    }

    fn unmanaged_children_of(&self) -> &'static [&'static str] {
        if matches!(self.strangers(), Strangers::ToldByBucket) { &[] } else { &[BUCKET] }
    }

    fn lists_children(&self) -> bool {
        false
    }

    async fn list_children(&self, aws: &ScopeReader, parent: &str) -> Result<Vec<Live>, ReadError> {
        let ids = match self.strangers() {
            Strangers::ToldByBucket => Vec::new(),
            Strangers::One(_) => vec![parent.to_owned()],
            Strangers::Several => match there(self.ids(aws, parent).await.map(Some)) {
                Err(error) if error.is(NOT_OFFERED) => Vec::new(),
                ids => ids?.unwrap_or_default(),
            },
        };
        let reads: Vec<_> = ids.iter().map(|id| PriorState::new(id, None)).collect();
        let reads: Vec<_> = reads.iter().map(|prior| Kind::read(self, aws, prior)).collect();
        let read: Result<Vec<_>, _> = stream::iter(reads).buffered(8).try_collect().await;
        match read {
            Ok(read) => Ok(read.into_iter().flatten().collect()),
            // What an S3 of others does not have nobody can have set there.
            Err(error) if error.is(NOT_OFFERED) => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    fn parents(&self, attributes: &Attributes) -> Vec<(&'static str, String)> {
        vec![(BUCKET, text(attributes, "bucket").to_owned())]
    }

    fn owned_fields(&self, attributes: &Attributes) -> Vec<OwnedField> {
        let part = |attribute: &&'static str| OwnedField {
            parent_kind: BUCKET,
            parent_id: text(attributes, "bucket").to_owned(),
            attribute,
            element: None,
        };
        self.repeated_in().iter().map(part).collect()
    }
}

/// A bucket that is gone has no parts.
pub(super) fn there<T>(answer: Result<Option<T>, ReadError>) -> Result<Option<T>, ReadError> {
    not_found(answer, &["NoSuchBucket"]).map(Option::flatten)
}

/// A part of an answer; `None` where AWS said that it is not set. An answer without the part says nothing.
pub(super) fn part<'a, A, T: ?Sized>(
    action: &'static str,
    answer: &'a Option<A>,
    part: impl FnOnce(&'a A) -> Option<&'a T>,
) -> Result<Option<&'a T>, ReadError> {
    let lacks = || ReadError::unexpected(action, "the answer lacks what was asked for");
    answer.as_ref().map(|answer| part(answer).ok_or_else(lacks)).transpose()
}

/// The buckets of the account with the regions where they lie, as far as the listing shows.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListBuckets.html>: a region stands there only in answers to
/// requests with a parameter.
pub(super) async fn buckets(aws: &ScopeReader) -> Result<Arc<Buckets>, ReadError> {
    aws.cached(LIST, || async {
        let pages = aws.s3().list_buckets().max_buckets(10_000).into_paginator().items().send();
        let listed: Vec<Bucket> = aws.pages(LIST, pages).await?;
        let named = listed.into_iter().filter_map(|bucket| Some((bucket.name?, bucket.bucket_region)));
        Ok(named.collect())
    })
    .await
}

/// One call that shows where all buckets lie, before many of their parts are read.
pub(super) async fn prefetch_regions(aws: &ScopeReader) {
    // A refused listing hides nothing: GetBucketLocation shows it, too.
    let _ = buckets(aws).await;
}

/// Where a bucket lies: as the listing of this cycle says, if there is one.
pub(super) async fn region_of(aws: &ScopeReader, bucket: &str) -> Result<Arc<String>, ReadError> {
    if let Some(buckets) = aws.already_read::<Buckets>(LIST)
        && let Some(Some(region)) = buckets.get(bucket)
    {
        return Ok(Arc::new(region.clone()));
    }
    let read = || async {
        let answer = aws.call(LOCATE, aws.s3().get_bucket_location().bucket(bucket).send()).await?;
        Ok(location(answer.location_constraint(), &aws.partition))
    };
    Box::pin(aws.cached_for(LOCATE, bucket, read)).await
}

/// The region in which AWS logs events about a resource: its own; of what is global the partition's home region, but of buckets
/// theirs. `None`: nothing shows it. Makes no call for a bucket that was read in this cycle.
pub(in crate::inventory) async fn logged_in(aws: &ScopeReader, kind: &str, live: &Live) -> Option<String> {
    if aws.region != GLOBAL {
        return Some(aws.region.clone());
    }
    if !kind.starts_with("aws_s3") {
        return Some(Partition::named(&aws.partition).home_region.to_owned());
    }
    let bucket = live.attributes.get("bucket")?.as_str()?;
    region_of(aws, bucket).await.ok().map(|region| region.as_ref().clone())
}

/// Does the bucket exist? -> the region where it lies, as far as the answer says. [`region_of`] then knows it, too.
pub(super) async fn head(aws: &ScopeReader, bucket: &str) -> Result<Option<Option<String>>, ReadError> {
    let head = async {
        match aws.s3().head_bucket().bucket(bucket).send().await {
            Ok(answer) => Ok(answer.bucket_region),
            Err(error) => elsewhere(error.raw_response()).ok_or(error),
        }
    };
    let region = match aws.call("s3:ListBucket", head).await {
        Ok(region) => region.filter(|region| !region.is_empty()),
        // The answer to HEAD has no body and so no code.
        Err(error) if error.status == Some(404) => return Ok(None),
        Err(error) => return Err(error),
    };
    if let Some(region) = &region {
        // Whatever GetBucketLocation may have answered before: the bucket is there.
        let _ = aws.cached_for(LOCATE, bucket, || async { Ok(region.clone()) }).await;
    }
    Ok(Some(region))
}

/// Does a failed HEAD say that the bucket lies in another region? -> which one, as far as it says.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadBucket.html>: 301 or 400, and a header with the region.
fn elsewhere(answer: Option<&HttpResponse>) -> Option<Option<String>> {
    let answer = answer?;
    let region = answer.headers().get("x-amz-bucket-region").map(str::to_owned);
    match answer.status().as_u16() {
        301 => Some(region),
        400 => region.map(Some),
        _ => None,
    }
}

/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketLocation.html>: null is us-east-1, `EU` is eu-west-1.
/// A partition of its own says null of its first region, if at all.
fn location(constraint: Option<&BucketLocationConstraint>, partition: &str) -> String {
    match constraint.map(BucketLocationConstraint::as_str) {
        None | Some("") => Partition::named(partition).home_region.to_owned(),
        Some("EU") => "eu-west-1".to_owned(),
        Some(region) => region.to_owned(),
    }
}

/// A client that reaches a bucket.
pub(super) async fn client(aws: &ScopeReader, bucket: &str) -> Result<Client, ReadError> {
    // Boxed: the futures of S3 lie deep in each other.
    let region = Box::pin(region_of(aws, bucket)).await?;
    Ok(aws.s3_in(&region))
}

/// A setting of buckets: a function per call, `name: Answer = "action", operation, codes that mean "not set"`.
macro_rules! settings {
    ($($name:ident: $answer:ty = $action:literal, $operation:ident $(, $unset:literal)*;)*) => {$(
        /// `None`: not set.
        pub(super) async fn $name(aws: &ScopeReader, bucket: &str) -> Result<Arc<Option<$answer>>, ReadError> {
            let read = || async {
                let client = Box::pin(client(aws, bucket)).await?;
                not_found(aws.call($action, client.$operation().bucket(bucket).send()).await, &[$($unset),*])
            };
            Box::pin(aws.cached_for($action, bucket, read)).await
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

/// Tags as a map: of an object all of them (see [`tags`]), of a filter those that it names.
pub(super) fn tag_map(list: &[Tag]) -> Value {
    tags(list.iter().map(|tag| (tag.key(), tag.value())))
}

/// The name of a partition's DNS: `amazonaws.com`.
pub(super) fn dns_suffix(aws: &ScopeReader) -> &'static str {
    Partition::named(&aws.partition).dns_suffix
}

/// The host of a region's websites, without the bucket.
/// <https://docs.aws.amazon.com/general/latest/gr/s3.html#s3_website_region_endpoints>: older regions have a dash.
pub(super) fn website_domain(aws: &ScopeReader, region: &str) -> String {
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

/// The ids (`BUCKET:NAME`) of all configurations of one sort that a bucket has: at most 100 a page.
macro_rules! configuration_ids {
    ($aws:expr, $bucket:expr, $action:expr, $list:ident, $items:ident) => {{
        let client = s3::client($aws, $bucket).await?;
        let (mut ids, mut token) = (Vec::new(), None);
        loop {
            let page = $aws.call($action, client.$list().bucket($bucket).set_continuation_token(token).send()).await?;
            ids.extend(page.$items().iter().map(|one| format!("{}:{}", $bucket, one.id())));
            match (page.is_truncated, page.next_continuation_token) {
                (Some(true), Some(next)) => token = Some(next),
                (Some(true), None) => {
                    return Err(ReadError::unexpected($action, "the list is truncated and has no continuation token"));
                }
                _ => return Ok(ids),
            }
        }
    }};
}
pub(super) use configuration_ids;

#[cfg(test)]
mod tests;
