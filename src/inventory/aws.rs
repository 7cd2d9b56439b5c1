//! The only place where AWS clients are made: credentials, endpoints, time limits, retries, concurrency and the count
//! of calls. Knows nothing of kinds.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use aws_config::identity::IdentityCache;
use aws_config::retry::RetryConfig;
use aws_config::sts::AssumeRoleProvider;
use aws_config::timeout::TimeoutConfig;
use aws_config::{AppName, BehaviorVersion, SdkConfig};
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_s3::config::retry::RetryPartition;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeTransmitInterceptorContextMut, BeforeTransmitInterceptorContextRef,
};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use aws_types::region::Region as RegionName;
use tokio::sync::Mutex;

use super::ReadError;
use super::intact::RejectTruncated;
use super::region::Region;
use crate::model::account::is_account_id;
use crate::model::{Arn, GLOBAL};

/// Tries of one call, the first included.
const MAX_ATTEMPTS: u32 = 5;
/// The longest pause between two tries.
const MAX_BACKOFF: Duration = Duration::from_secs(10);
/// One try: connect, send, receive.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(20);
/// One call with all its tries.
const OPERATION_TIMEOUT: Duration = Duration::from_secs(90);

/// One call of LookupEvents, which takes half a minute on bad days.
const LOOKUP_TIMEOUT: Duration = Duration::from_secs(45);

/// A role to assume for an account that the base credentials are not of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssumeRole {
    /// ARN of the role.
    pub arn: String,
    pub external_id: Option<String>,
    /// Session name in CloudTrail; `driftd` when `None`.
    pub session_name: Option<String>,
}

/// Where a state object lies; `None` leaves it to the environment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct S3Access {
    pub region: Option<String>,
    pub role: Option<AssumeRole>,
    pub profile: Option<String>,
    /// Base URL of an S3 that is not AWS's.
    pub endpoint: Option<String>,
    pub path_style: Option<bool>,
}

/// How AWS is reached; everything else comes from the standard environment and profile files.
#[derive(Debug, Clone, Default)]
pub struct AwsOptions {
    /// Region for calls without one, when the environment names none.
    pub region: Option<String>,
    /// Account -> role.
    pub roles: HashMap<String, AssumeRole>,
}

/// All of AWS that the scan can reach.
pub struct Aws {
    base: SdkConfig,
    /// The account of the base credentials.
    account: String,
    /// `aws`, `aws-cn`, `aws-us-gov`.
    partition: String,
    roles: HashMap<String, AssumeRole>,
    calls: Arc<AtomicU64>,
    regions: Mutex<HashMap<(String, String), Arc<Region>>>,
}

impl Aws {
    /// Finds credentials by the standard chain and asks whose they are.
    ///
    /// # Errors
    /// No credentials, or STS refuses them.
    pub async fn connect(options: AwsOptions) -> Result<Self, ReadError> {
        let calls = Arc::new(AtomicU64::new(0));
        let base = load_base(options.region.as_deref(), None).await;
        let sts = aws_sdk_sts::config::Builder::from(&base)
            .interceptor(CountCalls(calls.clone()))
            .interceptor(RejectTruncated)
            .build();
        let caller = aws_sdk_sts::Client::from_conf(sts)
            .get_caller_identity()
            .send()
            .await
            .map_err(|error| ReadError::new("sts:GetCallerIdentity", &error))?;
        let account = caller.account().unwrap_or_default().to_owned();
        if !is_account_id(&account) {
            return Err(ReadError::unexpected("sts:GetCallerIdentity", "the answer names no account"));
        }
        let partition = caller.arn().and_then(Arn::parse).map_or("aws", |arn| arn.partition).to_owned();
        Ok(Self { base, account, partition, roles: options.roles, calls, regions: Mutex::default() })
    }

    /// The account of the base credentials.
    pub fn account(&self) -> &str {
        &self.account
    }

    /// The region of the environment, or the partition's first.
    pub fn default_region(&self) -> String {
        match self.base.region() {
            Some(region) => region.to_string(),
            None => home_region(&self.partition).to_owned(),
        }
    }

    /// Where the partition's global services log and are signed.
    pub fn home_region(&self) -> &'static str {
        home_region(&self.partition)
    }

    /// AWS API calls so far, retries included.
    pub fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }

    /// Clients for one account and region ([`GLOBAL`]: the partition's home region). `None` when neither the base
    /// credentials nor a configured role belong to the account.
    pub async fn region(&self, account: &str, region: &str) -> Option<Arc<Region>> {
        let mut regions = self.regions.lock().await;
        if let Some(known) = regions.get(&(account.to_owned(), region.to_owned())) {
            return Some(known.clone());
        }
        let real = if region == GLOBAL { home_region(&self.partition) } else { region };
        let config = self.config(account, real).await?;
        let made = Arc::new(Region::new(account, region, &self.partition, &config, self.calls.clone()));
        regions.insert((account.to_owned(), region.to_owned()), made.clone());
        Some(made)
    }

    /// An S3 client for reading state objects, which may lie in another account, region or S3 than what is watched.
    pub async fn state_client(&self, place: &S3Access) -> aws_sdk_s3::Client {
        let profiled = match &place.profile {
            Some(profile) => Some(load_base(None, Some(profile)).await),
            None => None,
        };
        let base = profiled.as_ref().unwrap_or(&self.base);
        let region = place.region.clone().unwrap_or_else(|| self.default_region());
        let mut config = match &place.role {
            Some(role) => assume(base, role, &region).await,
            None => base.to_builder().region(RegionName::new(region)).build(),
        };
        if let Some(endpoint) = &place.endpoint {
            config = config.to_builder().endpoint_url(endpoint).build();
        }
        let s3 = s3_config(&config, "state", &self.calls);
        let s3 = match place.path_style {
            Some(path_style) => s3.to_builder().force_path_style(path_style).build(),
            None => s3,
        };
        aws_sdk_s3::Client::from_conf(s3)
    }

    /// CloudTrail of one account and region. Its client never tries again by itself: two calls a second are all that AWS
    /// allows an account and region, and the caller shares them out. `None` as for [`Aws::region`].
    pub async fn cloudtrail(&self, account: &str, region: &str) -> Option<aws_sdk_cloudtrail::Client> {
        let config = self.config(account, region).await?;
        let timeouts = TimeoutConfig::builder().operation_attempt_timeout(LOOKUP_TIMEOUT).build();
        let cloudtrail = aws_sdk_cloudtrail::config::Builder::from(&config)
            .retry_config(RetryConfig::disabled())
            .timeout_config(timeouts)
            .retry_partition(partition(account, region, "cloudtrail"))
            .interceptor(RejectTruncated)
            .interceptor(CountCalls(self.calls.clone()))
            .build();
        Some(aws_sdk_cloudtrail::Client::from_conf(cloudtrail))
    }

    async fn config(&self, account: &str, region: &str) -> Option<SdkConfig> {
        if let Some(role) = self.roles.get(account) {
            return Some(assume(&self.base, role, region).await);
        }
        (account == self.account).then(|| self.base.to_builder().region(RegionName::new(region.to_owned())).build())
    }
}

/// The base configuration with the credentials of a role.
async fn assume(base: &SdkConfig, role: &AssumeRole, region: &str) -> SdkConfig {
    let region = RegionName::new(region.to_owned());
    let session = role.session_name.as_deref().unwrap_or("driftd");
    let mut provider = AssumeRoleProvider::builder(&role.arn).session_name(session).region(region.clone());
    if let Some(id) = &role.external_id {
        provider = provider.external_id(id);
    }
    let provider = provider.configure(base);
    let provider = match base.credentials_provider() {
        Some(credentials) => provider.build_from_provider(credentials).await,
        None => provider.build().await,
    };
    base.to_builder()
        .region(region)
        .credentials_provider(SharedCredentialsProvider::new(provider))
        .identity_cache(IdentityCache::lazy().build())
        .build()
}

async fn load_base(region: Option<&str>, profile: Option<&str>) -> SdkConfig {
    let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12())
        .retry_config(
            RetryConfig::adaptive()
                .with_max_attempts(MAX_ATTEMPTS)
                .with_initial_backoff(Duration::from_millis(200))
                .with_max_backoff(MAX_BACKOFF),
        )
        .timeout_config(
            TimeoutConfig::builder()
                .operation_attempt_timeout(ATTEMPT_TIMEOUT)
                .operation_timeout(OPERATION_TIMEOUT)
                .build(),
        );
    // The name is valid by the rules of AppName::new; without it calls are merely not marked.
    if let Ok(name) = AppName::new("driftd") {
        loader = loader.app_name(name);
    }
    if let Some(profile) = profile {
        loader = loader.profile_name(profile);
    }
    let loaded = loader.load().await;
    match (loaded.region(), region) {
        (None, Some(region)) => loaded.to_builder().region(RegionName::new(region.to_owned())).build(),
        (None, None) => loaded.to_builder().region(RegionName::from_static("us-east-1")).build(),
        _ => loaded,
    }
}

/// Where a partition's global services are signed.
fn home_region(partition: &str) -> &'static str {
    match partition {
        "aws-cn" => "cn-north-1",
        "aws-us-gov" => "us-gov-west-1",
        _ => "us-east-1",
    }
}

/// A token bucket and rate limiter of its own per account, region and service: the SDK's are shared by the whole
/// process, so that throttling in one account would slow all others.
pub(super) fn partition(account: &str, region: &str, service: &str) -> RetryPartition {
    RetryPartition::custom(format!("{account}-{region}-{service}")).build()
}

/// S3 with the addressing that the endpoint needs.
pub(super) fn s3_config(config: &SdkConfig, account: &str, calls: &Arc<AtomicU64>) -> aws_sdk_s3::Config {
    let region = config.region().map(ToString::to_string).unwrap_or_default();
    aws_sdk_s3::config::Builder::from(config)
        .force_path_style(path_style(config))
        .retry_partition(partition(account, &region, "s3"))
        .interceptor(CountCalls(calls.clone()))
        .interceptor(RejectTruncated)
        .build()
}

/// Path-style when `AWS_S3_USE_PATH_STYLE=true` or the endpoint is an IP address.
pub(super) fn path_style(config: &SdkConfig) -> bool {
    std::env::var("AWS_S3_USE_PATH_STYLE").is_ok_and(|value| value.eq_ignore_ascii_case("true"))
        || endpoint_is_address(config.endpoint_url())
        || endpoint_is_address(std::env::var("AWS_ENDPOINT_URL_S3").ok().as_deref())
}

/// Is this endpoint an IP address (no host name can be put before it)?
pub(super) fn endpoint_is_address(endpoint: Option<&str>) -> bool {
    let host = endpoint.and_then(|endpoint| url::Url::parse(endpoint).ok());
    host.as_ref()
        .and_then(url::Url::host_str)
        .is_some_and(|host| host == "localhost" || host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok())
}

/// Counts every try that goes out.
#[derive(Debug)]
pub(super) struct CountCalls(pub(super) Arc<AtomicU64>);

impl Intercept for CountCalls {
    fn name(&self) -> &'static str {
        "CountCalls"
    }

    fn read_before_transmit(
        &self,
        _context: &BeforeTransmitInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
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
