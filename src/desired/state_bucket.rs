//! S3 as a place where states lie: the real [`ObjectStore`].

use async_trait::async_trait;
use aws_sdk_s3::Client;
use jiff::Timestamp;

use super::tfstate::MAX_STATE_BYTES;
use super::{Object, ObjectAddress, ObjectStore, StoreError};
use crate::aws::{AssumeRole, Aws, ReadError, S3Access, S3Reader};
use crate::model::GapReason;

/// Reads state objects with the base credentials, or with the role or profile that the backend names.
pub struct StateBucket<'a>(S3Reader<'a>);

impl<'a> StateBucket<'a> {
    pub fn new(aws: &'a Aws) -> Self {
        Self(S3Reader::new(aws))
    }
}

#[async_trait]
impl ObjectStore for StateBucket<'_> {
    async fn get(&self, address: &ObjectAddress) -> Result<Object, StoreError> {
        let get = |client: Client| {
            client.get_object().bucket(&address.bucket).key(&address.key).set_version_id(address.version.clone()).send()
        };
        let answer = self.0.call(&access(address), &address.bucket, "s3:GetObject", get).await;
        let mut output = answer.map_err(|error| store_error(&error))?;
        let mut pieces = Vec::new();
        let mut length = output.content_length.and_then(|said| u64::try_from(said).ok()).unwrap_or_default();
        let mut received = 0;
        while length <= MAX_STATE_BYTES {
            let Some(piece) = output.body.next().await else {
                let last_modified = output.last_modified.and_then(|time| Timestamp::from_second(time.secs()).ok());
                return Ok(Object { pieces, etag: output.e_tag, version_id: output.version_id, last_modified });
            };
            let piece = piece.map_err(|error| StoreError::Timeout(format!("the body broke off: {error}")))?.to_vec();
            received += piece.len() as u64;
            length = length.max(received);
            pieces.push(piece);
        }
        Err(StoreError::TooLarge(MAX_STATE_BYTES))
    }

    async fn list(&self, address: &ObjectAddress) -> Result<Vec<String>, StoreError> {
        let list = |client: Client| {
            let pages = client.list_objects_v2().bucket(&address.bucket).prefix(&address.key).into_paginator();
            pages.send().try_collect()
        };
        let answer = self.0.call(&access(address), &address.bucket, "s3:ListBucket", list).await;
        let pages: Vec<_> = answer.map_err(|error| store_error(&error))?;
        let mut keys: Vec<String> =
            pages.iter().flat_map(|page| page.contents()).filter_map(|object| object.key.clone()).collect();
        keys.sort();
        Ok(keys)
    }
}

fn access(address: &ObjectAddress) -> S3Access {
    let role = address.role.as_ref().map(|role| AssumeRole {
        arn: role.arn.clone(),
        external_id: role.external_id.clone(),
        session_name: role.session_name.clone(),
    });
    S3Access {
        region: address.region.clone(),
        role,
        profile: address.profile.clone(),
        endpoint: address.endpoint.clone(),
        path_style: address.path_style,
    }
}

fn store_error(error: &ReadError) -> StoreError {
    let detail = error.detail();
    match error.reason {
        _ if error.status == Some(404) => StoreError::NotFound,
        GapReason::Denied => StoreError::Denied(detail),
        GapReason::NotConfigured => StoreError::NoCredentials(detail),
        GapReason::Throttled => StoreError::Throttled(detail),
        GapReason::Timeout => StoreError::Timeout(detail),
        GapReason::Unsupported | GapReason::Unreadable | GapReason::Failed => StoreError::Failed(detail),
    }
}
