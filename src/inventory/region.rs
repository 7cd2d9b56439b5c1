//! One account and region: its clients, its listings read once, and how many calls run at a time.

use std::any::Any;
use std::collections::HashMap;
use std::fmt::Debug;
use std::future::Future;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError};

use aws_config::SdkConfig;
use aws_smithy_async::future::pagination_stream::PaginationStream;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use tokio::sync::{OnceCell, Semaphore};

use super::ReadError;
use super::aws::{AccountInHost, CountCalls, partition, s3_config};
use super::intact::RejectTruncated;

/// Calls at a time per account, region and service.
const CONCURRENCY: usize = 16;

type Shared = Arc<OnceCell<Result<Arc<dyn Any + Send + Sync>, ReadError>>>;

/// Clients of one account and region, with what has been listed there.
pub struct Region {
    pub account: String,
    /// A region's name, or [`crate::model::GLOBAL`].
    pub name: String,
    /// `aws`, `aws-cn`, `aws-us-gov`.
    pub partition: String,
    pub ec2: aws_sdk_ec2::Client,
    pub iam: aws_sdk_iam::Client,
    pub s3: aws_sdk_s3::Client,
    pub s3control: aws_sdk_s3control::Client,
    config: SdkConfig,
    calls: Arc<AtomicU64>,
    limits: Mutex<HashMap<&'static str, Arc<Semaphore>>>,
    /// (what, of which resource) -> what was read; the second is empty for listings.
    listings: Mutex<HashMap<(&'static str, String), Shared>>,
    buckets: Mutex<HashMap<String, aws_sdk_s3::Client>>,
}

impl Region {
    pub(super) fn new(
        account: &str,
        name: &str,
        partition_name: &str,
        config: &SdkConfig,
        calls: Arc<AtomicU64>,
    ) -> Self {
        let count = || CountCalls(calls.clone());
        let ec2 = aws_sdk_ec2::config::Builder::from(config)
            .retry_partition(partition(account, name, "ec2"))
            .interceptor(RejectTruncated)
            .interceptor(count())
            .build();
        let iam = aws_sdk_iam::config::Builder::from(config)
            .retry_partition(partition(account, name, "iam"))
            .interceptor(RejectTruncated)
            .interceptor(count())
            .build();
        let s3control = aws_sdk_s3control::config::Builder::from(config)
            .retry_partition(partition(account, name, "s3control"))
            .interceptor(RejectTruncated)
            .interceptor(count())
            .interceptor(AccountInHost)
            .build();
        Self {
            account: account.to_owned(),
            name: name.to_owned(),
            partition: partition_name.to_owned(),
            ec2: aws_sdk_ec2::Client::from_conf(ec2),
            iam: aws_sdk_iam::Client::from_conf(iam),
            s3: aws_sdk_s3::Client::from_conf(s3_config(config, account, &calls)),
            s3control: aws_sdk_s3control::Client::from_conf(s3control),
            config: config.clone(),
            calls,
            limits: Mutex::default(),
            listings: Mutex::default(),
            buckets: Mutex::default(),
        }
    }

    /// `arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE` of something in this region and account.
    pub fn arn(&self, service: &str, resource: &str) -> String {
        format!("arn:{}:{service}:{}:{}:{resource}", self.partition, self.name, self.account)
    }

    /// S3 in the region where a bucket lies.
    pub fn s3_in(&self, region: &str) -> aws_sdk_s3::Client {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let make = || {
            let config = self.config.to_builder().region(aws_types::region::Region::new(region.to_owned())).build();
            aws_sdk_s3::Client::from_conf(s3_config(&config, &self.account, &self.calls))
        };
        buckets.entry(region.to_owned()).or_insert_with(make).clone()
    }

    /// Makes one call within the limit of its service; `action` is its IAM action, `ec2:DescribeVpcs`.
    ///
    /// # Errors
    /// The call failed for good, retries included.
    pub async fn call<T, E>(
        &self,
        action: &'static str,
        call: impl Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    ) -> Result<T, ReadError>
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        let limit = self.limit(action);
        let _permit = limit.acquire().await;
        call.await.map_err(|error| ReadError::new(action, &error))
    }

    /// Reads all pages of a listing: the stream of a paginator's `.items().send()`.
    ///
    /// # Errors
    /// Any page failed: a listing is whole or it is an error.
    pub async fn pages<T, E>(
        &self,
        action: &'static str,
        pages: PaginationStream<Result<T, SdkError<E, HttpResponse>>>,
    ) -> Result<Vec<T>, ReadError>
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        let limit = self.limit(action);
        let _permit = limit.acquire().await;
        pages.try_collect().await.map_err(|error| ReadError::new(action, &error))
    }

    /// Reads something once per scan and shares it between kinds; `key` is its name, mostly the action.
    ///
    /// # Errors
    /// The first reader's error, again.
    pub async fn cached<T, F>(&self, key: &'static str, read: impl FnOnce() -> F) -> Result<Arc<T>, ReadError>
    where
        T: Send + Sync + 'static,
        F: Future<Output = Result<T, ReadError>>,
    {
        self.cached_for(key, "", read).await
    }

    /// Reads something of one resource once per scan and shares it between kinds; `key` is its name, mostly the
    /// action, `id` the resource.
    ///
    /// # Errors
    /// The first reader's error, again.
    pub async fn cached_for<T, F>(
        &self,
        key: &'static str,
        id: &str,
        read: impl FnOnce() -> F,
    ) -> Result<Arc<T>, ReadError>
    where
        T: Send + Sync + 'static,
        F: Future<Output = Result<T, ReadError>>,
    {
        let cell = {
            let mut listings = self.listings.lock().unwrap_or_else(PoisonError::into_inner);
            listings.entry((key, id.to_owned())).or_default().clone()
        };
        let shared = cell
            .get_or_init(|| async { read().await.map(|value| Arc::new(value) as Arc<dyn Any + Send + Sync>) })
            .await
            .clone()?;
        shared.downcast().map_err(|_| ReadError::unexpected(key, "listed under one name with two types"))
    }

    /// Forgets what was listed; the clients stay.
    pub fn clear(&self) {
        self.listings.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn limit(&self, action: &'static str) -> Arc<Semaphore> {
        let service = action.split(':').next().unwrap_or(action);
        let mut limits = self.limits.lock().unwrap_or_else(PoisonError::into_inner);
        limits.entry(service).or_insert_with(|| Arc::new(Semaphore::new(CONCURRENCY))).clone()
    }
}

impl Debug for Region {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Region({}, {})", self.account, self.name)
    }
}
