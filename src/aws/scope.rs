//! One account and region: its clients, and how many calls run at a time.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use aws_config::SdkConfig;
use aws_smithy_async::future::pagination_stream::PaginationStream;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::region::Region;

use super::ReadError;
use super::pacing::Pacing;
use super::services::{self, Clients};

/// The way to one account and region. Outlives a cycle, and keeps nothing that was read.
#[derive(Debug)]
pub struct ScopeClient {
    /// Twelve digits.
    pub account: String,
    /// A region's name, or [`crate::model::GLOBAL`].
    pub region: String,
    /// `aws`, `aws-cn`, `aws-us-gov`.
    pub partition: String,
    /// How long after it was not found a resource is looked for once more. AWS answers out of copies that catch up within seconds:
    /// <https://docs.aws.amazon.com/ec2/latest/devguide/eventual-consistency.html>. Zero: not at all.
    pub second_look_delay: Duration,
    pub(super) config: SdkConfig,
    pub(super) clients: Clients,
    pacing: Pacing,
    /// S3 clients for buckets of other regions, by region.
    buckets: Mutex<HashMap<String, aws_sdk_s3::Client>>,
}

impl ScopeClient {
    pub(super) fn new(account: &str, region: &str, partition: &str, config: SdkConfig, pacing: Pacing) -> Self {
        Self {
            account: account.to_owned(),
            region: region.to_owned(),
            partition: partition.to_owned(),
            second_look_delay: Duration::ZERO,
            config,
            clients: Clients::default(),
            pacing,
            buckets: Mutex::default(),
        }
    }

    /// `arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE` of something in this region and account.
    pub fn arn(&self, service: &str, resource: &str) -> String {
        format!("arn:{}:{service}:{}:{}:{resource}", self.partition, self.region, self.account)
    }

    /// Is what answers no AWS, as far as the configuration says (`AWS_ENDPOINT_URL`)?
    pub fn is_emulated(&self) -> bool {
        self.config.endpoint_url().is_some()
    }

    /// S3 in the region where a bucket lies.
    pub fn s3_in(&self, region: &str) -> aws_sdk_s3::Client {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let make = || {
            let config = self.config.to_builder().region(Region::new(region.to_owned())).build();
            services::s3(&config, &self.account, region)
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
        let _permit = self.pacing.permit(action).await;
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
        let _permit = self.pacing.permit(action).await;
        pages.try_collect().await.map_err(|error| ReadError::new(action, &error))
    }
}
