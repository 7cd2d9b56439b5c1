//! S3 as a place where CloudTrail's logs lie: joins the event source's wish to list and read with the inventory's clients.

use std::collections::HashMap;
use std::error::Error;
use std::future::Future;

use async_trait::async_trait;
use aws_sdk_s3::Client;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use futures::{StreamExt as _, stream};
use tokio::sync::Mutex;

use super::state_bucket::other_region;
use crate::attribution::source::SourceError;
use crate::attribution::source::s3::{Keys, LogStore, Pieces};
use crate::inventory::{Aws, ReadError, S3Access};
use crate::model::GapReason;

/// Reads log objects with the scan's credentials.
pub(super) struct LogBucket<'a> {
    aws: &'a Aws,
    /// Bucket -> a client for the region where it lies.
    clients: Mutex<HashMap<String, Client>>,
}

impl<'a> LogBucket<'a> {
    pub(super) fn new(aws: &'a Aws) -> Self {
        Self { aws, clients: Mutex::default() }
    }

    /// Makes a call, and makes it again where S3 says that the bucket is.
    async fn ask<T, E, F>(
        &self,
        bucket: &str,
        action: &'static str,
        call: impl Fn(Client) -> F,
    ) -> Result<T, SourceError>
    where
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
        E: ProvideErrorMetadata + Error + 'static,
    {
        let mut answer = call(self.client(bucket, None).await).await;
        if let Err(error) = &answer
            && let Some(region) = other_region(error)
        {
            answer = call(self.client(bucket, Some(region)).await).await;
        }
        answer.map_err(|error| source_error(ReadError::new(action, &error)))
    }

    /// The bucket's client; with a region, a new one that is kept.
    async fn client(&self, bucket: &str, region: Option<String>) -> Client {
        let mut clients = self.clients.lock().await;
        if let (Some(client), None) = (clients.get(bucket), &region) {
            return client.clone();
        }
        let client = self.aws.state_client(&S3Access { region, ..S3Access::default() }).await;
        clients.insert(bucket.to_owned(), client.clone());
        client
    }
}

#[async_trait]
impl LogStore for LogBucket<'_> {
    async fn folders(&self, bucket: &str, prefix: &str) -> Result<Vec<String>, SourceError> {
        let list = |client: Client| {
            let pages = client.list_objects_v2().bucket(bucket).prefix(prefix).delimiter("/").into_paginator();
            pages.send().try_collect()
        };
        let pages = self.ask(bucket, "s3:ListBucket", list).await?;
        let folders = pages.iter().flat_map(|page| page.common_prefixes()).filter_map(|folder| folder.prefix());
        let name = |folder: &str| Some(folder.strip_prefix(prefix)?.trim_end_matches('/').to_owned());
        Ok(folders.filter_map(name).collect())
    }

    async fn keys(&self, bucket: &str, prefix: &str, after: &str) -> Result<Keys, SourceError> {
        let list = |client: Client| client.list_objects_v2().bucket(bucket).prefix(prefix).start_after(after).send();
        let page = self.ask(bucket, "s3:ListBucket", list).await?;
        let keys = page.contents().iter().filter_map(|object| object.key.clone()).collect();
        Ok(Keys { keys, more: page.is_truncated().unwrap_or_default() })
    }

    async fn get(&self, bucket: &str, key: &str) -> Result<Pieces, SourceError> {
        let get = |client: Client| client.get_object().bucket(bucket).key(key).send();
        let output = self.ask(bucket, "s3:GetObject", get).await?;
        let pieces = stream::unfold(output.body, |mut body| async move {
            let piece = body.next().await?.map_err(|error| SourceError {
                reason: GapReason::Timeout,
                action: "s3:GetObject",
                detail: format!("s3:GetObject: the body broke off: {error}"),
            });
            Some((piece, body))
        });
        Ok(pieces.boxed())
    }
}

fn source_error(error: ReadError) -> SourceError {
    let reason = if error.code.as_deref() == Some("NoSuchBucket") { GapReason::NotConfigured } else { error.reason };
    SourceError { reason, action: error.action, detail: error.detail() }
}
