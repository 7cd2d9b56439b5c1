//! S3 as a place where CloudTrail's logs lie: the real [`LogStore`].

use async_trait::async_trait;
use aws_sdk_s3::Client;
use futures::{StreamExt as _, stream};

use super::{Keys, LogStore, Pieces};
use crate::attribution::source::SourceError;
use crate::aws::{Aws, ReadError, S3Access, S3Reader};
use crate::model::GapReason;

/// Reads log objects with the base credentials.
pub(in crate::attribution::source) struct LogBucket<'a>(S3Reader<'a>);

impl<'a> LogBucket<'a> {
    pub(in crate::attribution::source) fn new(aws: &'a Aws) -> Self {
        Self(S3Reader::new(aws))
    }
}

#[async_trait]
impl LogStore for LogBucket<'_> {
    async fn folders(&self, bucket: &str, prefix: &str) -> Result<Vec<String>, SourceError> {
        let list = |client: Client| {
            let pages = client.list_objects_v2().bucket(bucket).prefix(prefix).delimiter("/").into_paginator();
            pages.send().try_collect()
        };
        let answer = self.0.call(&S3Access::default(), bucket, "s3:ListBucket", list).await;
        let pages: Vec<_> = answer.map_err(source_error)?;
        let folders = pages.iter().flat_map(|page| page.common_prefixes()).filter_map(|folder| folder.prefix());
        let name = |folder: &str| Some(folder.strip_prefix(prefix)?.trim_end_matches('/').to_owned());
        Ok(folders.filter_map(name).collect())
    }

    async fn keys(&self, bucket: &str, prefix: &str, after: &str) -> Result<Keys, SourceError> {
        let list = |client: Client| client.list_objects_v2().bucket(bucket).prefix(prefix).start_after(after).send();
        let answer = self.0.call(&S3Access::default(), bucket, "s3:ListBucket", list).await;
        let page = answer.map_err(source_error)?;
        let keys = page.contents().iter().filter_map(|object| object.key.clone()).collect();
        Ok(Keys { keys, more: page.is_truncated().unwrap_or_default() })
    }

    async fn get(&self, bucket: &str, key: &str) -> Result<Pieces, SourceError> {
        let get = |client: Client| client.get_object().bucket(bucket).key(key).send();
        let answer = self.0.call(&S3Access::default(), bucket, "s3:GetObject", get).await;
        let output = answer.map_err(source_error)?;
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
