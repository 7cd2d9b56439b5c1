//! S3 beyond a scope's own clients: how it is addressed, and buckets that may lie in another account, region or S3 than what
//! is watched (states, trails).

use std::collections::HashMap;
use std::error::Error;
use std::net::IpAddr;

use aws_config::SdkConfig;
use aws_sdk_s3::Client;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::BeforeTransmitInterceptorContextMut;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use tokio::sync::Mutex;

use super::{AssumeRole, Aws, ReadError};
use crate::model::is_account_id;

/// How a bucket is reached; `None` leaves it to the environment.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct S3Access {
    pub region: Option<String>,
    pub role: Option<AssumeRole>,
    pub profile: Option<String>,
    /// Base URL of an S3 that is not AWS's.
    pub endpoint: Option<String>,
    pub path_style: Option<bool>,
}

/// Makes calls to buckets whose region need not be known: S3 names it when it was asked in another.
pub struct S3Reader<'a> {
    aws: &'a Aws,
    /// Access and bucket -> the client that reached it.
    clients: Mutex<HashMap<(S3Access, String), Client>>,
}

impl<'a> S3Reader<'a> {
    pub fn new(aws: &'a Aws) -> Self {
        Self { aws, clients: Mutex::default() }
    }

    /// Makes a call, and makes it again where S3 says that the bucket is.
    ///
    /// # Errors
    /// The call failed for good, retries included.
    pub async fn call<T, E, F>(
        &self,
        access: &S3Access,
        bucket: &str,
        action: &'static str,
        call: impl Fn(Client) -> F,
    ) -> Result<T, ReadError>
    where
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
        E: ProvideErrorMetadata + Error + 'static,
    {
        let mut answer = call(self.client(access, bucket, None).await).await;
        if let Err(error) = &answer
            && let Some(region) = other_region(error)
        {
            answer = call(self.client(access, bucket, Some(region)).await).await;
        }
        answer.map_err(|error| ReadError::new(action, &error))
    }

    /// The bucket's client; with a region, a new one that is kept.
    async fn client(&self, access: &S3Access, bucket: &str, region: Option<String>) -> Client {
        let key = (access.clone(), bucket.to_owned());
        let mut clients = self.clients.lock().await;
        if let (Some(client), None) = (clients.get(&key), &region) {
            return client.clone();
        }
        let region = region.or_else(|| access.region.clone());
        let client = self.aws.s3(&S3Access { region, ..access.clone() }).await;
        clients.insert(key, client.clone());
        client
    }
}

/// S3 names the bucket's region when it was asked in another:
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/Redirects.html>.
fn other_region<E>(error: &SdkError<E, HttpResponse>) -> Option<String> {
    let response = error.raw_response()?;
    matches!(response.status().as_u16(), 301 | 307 | 400)
        .then(|| response.headers().get("x-amz-bucket-region").map(str::to_owned))
        .flatten()
}

/// Path-style when `AWS_S3_USE_PATH_STYLE=true` or the endpoint is an IP address.
#[expect(clippy::disallowed_methods, reason = "settings of the SDK that SdkConfig does not carry")]
pub(super) fn path_style(config: &SdkConfig) -> bool {
    std::env::var("AWS_S3_USE_PATH_STYLE").is_ok_and(|value| value.eq_ignore_ascii_case("true"))
        || endpoint_is_address(config.endpoint_url())
        || endpoint_is_address(std::env::var("AWS_ENDPOINT_URL_S3").ok().as_deref())
}

/// Is this endpoint an IP address (no host name can be put before it)?
fn endpoint_is_address(endpoint: Option<&str>) -> bool {
    let host = endpoint.and_then(|endpoint| url::Url::parse(endpoint).ok());
    host.as_ref()
        .and_then(url::Url::host_str)
        .is_some_and(|host| host == "localhost" || host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok())
}

/// S3 Control puts the account before the host, `123456789012.127.0.0.1`, which is no name that anything resolves
/// when the endpoint is an IP address: there the host stays what it was; the header `x-amz-account-id` says the same.
#[derive(Debug)]
pub(super) struct AccountInHost;

impl Intercept for AccountInHost {
    fn name(&self) -> &'static str {
        "AccountInHost"
    }

    fn modify_before_signing(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let request = context.request_mut();
        if let Some(uri) = without_account(request.uri()) {
            request.set_uri(uri)?;
        }
        Ok(())
    }
}

/// `http://123456789012.127.0.0.1:5000/x` -> `http://127.0.0.1:5000/x`; `None` where a host name follows the account.
fn without_account(uri: &str) -> Option<String> {
    let (scheme, rest) = uri.split_once("://")?;
    let (account, rest) = rest.split_once('.')?;
    let plain = format!("{scheme}://{rest}");
    (is_account_id(account) && endpoint_is_address(Some(&plain))).then_some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn account_goes_from_addresses_only() {
        let plain = |uri| without_account(uri).unwrap_or_default();
        assert_eq!(
            plain("http://123456789012.127.0.0.1:5000/v20180820/x?y=1.2"),
            "http://127.0.0.1:5000/v20180820/x?y=1.2"
        );
        assert_eq!(plain("http://123456789012.localhost:5000/"), "http://localhost:5000/");
        for uri in ["http://127.0.0.1:5000/", "https://123456789012.s3-control.eu-west-1.amazonaws.com/v20180820"] {
            assert_eq!(without_account(uri), None, "{uri}");
        }
    }

    #[test]
    fn addresses_and_names() {
        for endpoint in ["http://127.0.0.1:5000", "http://[::1]:5000", "http://localhost:4566"] {
            assert!(endpoint_is_address(Some(endpoint)), "{endpoint}");
        }
        assert!(!endpoint_is_address(Some("https://s3.example.com")));
        assert!(!endpoint_is_address(None));
    }
}
