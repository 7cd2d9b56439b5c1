//! S3 as a place where states lie: joins the desired side's wish to read an object with the inventory's clients.

use async_trait::async_trait;
use aws_sdk_s3::Client;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;

use crate::desired::{Object, ObjectAddress, ObjectStore, StoreError};
use crate::inventory::{AssumeRole, Aws, ReadError, S3Access};
use crate::model::GapReason;

/// Reads state objects with the scan's credentials, or with the role or profile that the backend names.
pub struct StateBucket<'a> {
    aws: &'a Aws,
}

impl<'a> StateBucket<'a> {
    pub fn new(aws: &'a Aws) -> Self {
        Self { aws }
    }

    async fn client(&self, address: &ObjectAddress, region: Option<String>) -> Client {
        let role = address.role.as_ref().map(|role| AssumeRole {
            arn: role.arn.clone(),
            external_id: role.external_id.clone(),
            session_name: role.session_name.clone(),
        });
        let place = S3Access {
            region: region.or_else(|| address.region.clone()),
            role,
            profile: address.profile.clone(),
            endpoint: address.endpoint.clone(),
            path_style: address.path_style,
        };
        self.aws.state_client(&place).await
    }
}

#[async_trait]
impl ObjectStore for StateBucket<'_> {
    async fn get(&self, address: &ObjectAddress) -> Result<Object, StoreError> {
        let request = |client: Client| {
            client.get_object().bucket(&address.bucket).key(&address.key).set_version_id(address.version.clone()).send()
        };
        let mut answer = request(self.client(address, None).await).await;
        if let Err(error) = &answer
            && let Some(region) = other_region(error)
        {
            answer = request(self.client(address, Some(region)).await).await;
        }
        let mut output = answer.map_err(|error| store_error("s3:GetObject", &error))?;
        let mut pieces = Vec::new();
        while let Some(piece) = output.body.next().await {
            pieces.push(piece.map_err(|error| StoreError::Timeout(format!("the body broke off: {error}")))?.to_vec());
        }
        Ok(Object { pieces, etag: output.e_tag, version_id: output.version_id })
    }

    async fn list(&self, address: &ObjectAddress) -> Result<Vec<String>, StoreError> {
        let request = |client: Client| {
            let pages = client.list_objects_v2().bucket(&address.bucket).prefix(&address.key).into_paginator();
            pages.send().try_collect()
        };
        let mut answer = request(self.client(address, None).await).await;
        if let Err(error) = &answer
            && let Some(region) = other_region(error)
        {
            answer = request(self.client(address, Some(region)).await).await;
        }
        let pages = answer.map_err(|error| store_error("s3:ListBucket", &error))?;
        let mut keys: Vec<String> =
            pages.iter().flat_map(|page| page.contents()).filter_map(|object| object.key.clone()).collect();
        keys.sort();
        Ok(keys)
    }
}

/// S3 names the bucket's region when it was asked in another:
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/Redirects.html>.
pub(super) fn other_region<E>(error: &SdkError<E, HttpResponse>) -> Option<String> {
    let response = error.raw_response()?;
    matches!(response.status().as_u16(), 301 | 307 | 400)
        .then(|| response.headers().get("x-amz-bucket-region").map(str::to_owned))
        .flatten()
}

fn store_error<E>(action: &'static str, error: &SdkError<E, HttpResponse>) -> StoreError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let error = ReadError::new(action, error);
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
