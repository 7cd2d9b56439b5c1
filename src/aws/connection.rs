//! The way into AWS: the base credentials, whose they are, and the scopes that they and the configured roles reach.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_config::identity::IdentityCache;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{AppName, BehaviorVersion, SdkConfig};
use aws_types::region::Region;

use super::config::OrganizationConfig;
use super::credentials::{self, RoleCredentials};
use super::organization::Organization;
use super::pacing::Pacing;
use super::partition::{Partition, serves};
use super::{AssumeRole, ReadError, S3Access, ScopeClient, http, services};
use crate::model::{GLOBAL, Scope, is_account_id};

/// Tries of one call, the first included.
const MAX_ATTEMPTS: u32 = 5;
/// The longest pause between two tries.
const MAX_BACKOFF: Duration = Duration::from_secs(10);
/// One try: connect, send, receive.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(20);
/// One call with all its tries.
const OPERATION_TIMEOUT: Duration = Duration::from_secs(90);
/// One call of LookupEvents, which takes half a minute on bad days.
pub(super) const LOOKUP_TIMEOUT: Duration = Duration::from_secs(45);
/// One call of a queue, which waits up to 20 s for a message.
pub(super) const LONG_POLL_TIMEOUT: Duration = Duration::from_secs(40);

/// Scopes whose clients are kept, about 1 MiB each at most; 1,000 accounts in 17 regions are more. Of others the least
/// recently used one is dropped, and made again when it is needed.
const KEPT_SCOPES: usize = 256;

/// Credentials that are kept, one set for each role. The SDK keeps 64 unless it is told otherwise, and forgets any other one for the next: with
/// more accounts than that, roles are assumed again and again.
const KEPT_CREDENTIALS: usize = 100_000;

/// How AWS is reached; everything else comes from the standard environment and profile files.
#[derive(Debug, Clone, Default)]
pub struct AwsOptions {
    /// Region for calls without one, when the environment names none.
    pub region: Option<String>,
    /// Account -> role.
    pub roles: HashMap<String, AssumeRole>,
    /// Where more accounts are found; one that has a role above keeps it.
    pub organization: Option<OrganizationConfig>,
    /// See [`ScopeClient::second_look_delay`].
    pub second_look_delay: Duration,
    /// The most calls that begin in a second to one service in one account and region; `None`: as fast as AWS answers.
    pub requests_per_second: Option<NonZeroU32>,
}

/// All of AWS that the program can reach. Lives as long as the program.
pub struct Aws {
    base: SdkConfig,
    /// The account of the base credentials.
    account: String,
    /// `aws`, `aws-cn`, `aws-us-gov`.
    partition: String,
    roles: HashMap<String, AssumeRole>,
    pub(super) organization: Option<Organization>,
    credentials: Arc<RoleCredentials>,
    second_look_delay: Duration,
    requests_per_second: Option<NonZeroU32>,
    scopes: Mutex<Scopes>,
}

/// Clients by scope, each with the time of its last use, counted in uses.
#[derive(Default)]
struct Scopes {
    known: HashMap<Scope, (u64, Arc<ScopeClient>)>,
    uses: u64,
}

impl Aws {
    /// Finds credentials by the standard chain and asks whose they are; then, if it is configured, which accounts the organization has.
    /// That this cannot be said is no error: see [`Aws::organization_gap`].
    ///
    /// # Errors
    /// No credentials, or STS refuses them.
    pub async fn connect(options: AwsOptions) -> Result<Self, ReadError> {
        const ACTION: &str = "sts:GetCallerIdentity";
        let base = load_base(options.region.as_deref(), None).await;
        let sts = services::sts(&base, "base", "");
        let caller = sts.get_caller_identity().send().await.map_err(|error| ReadError::new(ACTION, &error))?;
        let account = caller.account().unwrap_or_default().to_owned();
        if !is_account_id(&account) {
            return Err(ReadError::unexpected(ACTION, "the answer names no account"));
        }
        let partition = caller.arn().and_then(|arn| arn.split(':').nth(1)).unwrap_or("aws").to_owned();
        let mut aws = Self {
            base,
            account,
            partition,
            roles: options.roles,
            organization: None,
            credentials: Arc::default(),
            second_look_delay: options.second_look_delay,
            requests_per_second: options.requests_per_second,
            scopes: Mutex::default(),
        };
        if let Some(config) = &options.organization {
            aws.organization = Some(aws.ask_organization(config).await);
        }
        Ok(aws)
    }

    /// The same with this in the place of what was known of the organization. What reaches an account as before is shared with it: the
    /// credentials, the clients, the pace.
    pub(super) fn with_organization(&self, organization: Organization) -> Self {
        let other = Self {
            base: self.base.clone(),
            account: self.account.clone(),
            partition: self.partition.clone(),
            roles: self.roles.clone(),
            organization: Some(organization),
            credentials: Arc::clone(&self.credentials),
            second_look_delay: self.second_look_delay,
            requests_per_second: self.requests_per_second,
            scopes: Mutex::default(),
        };
        let is_as_before = |account: &str| {
            other.reaches(account) == self.reaches(account) && other.role_of(account) == self.role_of(account)
        };
        let scopes = self.scopes.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = scopes.known.iter().filter(|(scope, _)| is_as_before(&scope.account));
        let kept = kept.map(|(scope, known)| (scope.clone(), known.clone())).collect();
        Self { scopes: Mutex::new(Scopes { known: kept, uses: scopes.uses }), ..other }
    }

    /// The account of the base credentials.
    pub fn account(&self) -> &str {
        &self.account
    }

    /// How long AWS's copies are given to agree before something is looked at once more.
    pub fn second_look_delay(&self) -> Duration {
        self.second_look_delay
    }

    /// The region of the environment, or the partition's first.
    pub fn default_region(&self) -> String {
        match self.base.region() {
            Some(region) => region.to_string(),
            None => self.home_region().to_owned(),
        }
    }

    /// Where the partition's global services log and are signed.
    pub fn home_region(&self) -> &'static str {
        Partition::named(&self.partition).home_region
    }

    /// The clients of one account and region ([`GLOBAL`]: the partition's home region). Makes no call. `None` when neither
    /// the base credentials nor a role belong to the account, or the region is one of another partition.
    pub async fn scope(&self, scope: &Scope) -> Option<Arc<ScopeClient>> {
        if !self.serves(&scope.region) {
            return None;
        }
        if let Some(known) = self.scopes.lock().unwrap_or_else(PoisonError::into_inner).get(scope) {
            return Some(known);
        }
        let Scope { account, region } = scope;
        let real = if region == GLOBAL { self.home_region() } else { region };
        let config = self.account_config(account).await?.to_builder().region(Region::new(real.to_owned())).build();
        let pacing = Pacing::at_most(self.requests_per_second);
        let mut client = ScopeClient::new(account, region, &self.partition, config, pacing);
        client.second_look_delay = self.second_look_delay;
        let made = Arc::new(client);
        // Two callers may have made one each: both get the first, whose pacing counts.
        Some(self.scopes.lock().unwrap_or_else(PoisonError::into_inner).keep(scope, made))
    }

    /// Do the base credentials or a role, configured or of an account of the organization, belong to this account?
    pub fn reaches(&self, account: &str) -> bool {
        account == self.account || self.role_of(account).is_some()
    }

    /// Is a role of this account configured by itself?
    pub(super) fn is_listed(&self, account: &str) -> bool {
        self.roles.contains_key(account)
    }

    /// Asks STS who driftd is in this account: its role can be assumed, or the credentials are of it.
    ///
    /// # Errors
    /// Nothing belongs to the account, the role cannot be assumed, or it is one of another account.
    pub async fn identify(&self, account: &str) -> Result<(), ReadError> {
        const ACTION: &str = "sts:GetCallerIdentity";
        let scope = self.scope(&Scope::new(account, self.default_region())).await;
        let scope = scope.ok_or_else(|| ReadError::unexpected(ACTION, "no credentials or role of this account"))?;
        let caller = scope.call(ACTION, scope.sts().get_caller_identity().send()).await?;
        if caller.account() == Some(account) {
            return Ok(());
        }
        Err(ReadError::unexpected(ACTION, "the role is one of another account"))
    }

    /// Is the region one of the credentials' partition? Requests to another would only show it the credentials' id.
    pub fn serves(&self, region: &str) -> bool {
        region == GLOBAL || serves(&self.partition, region)
    }

    /// An S3 client for a bucket that may lie in another account, region or S3 than what is watched.
    #[expect(clippy::disallowed_methods, reason = "a client of services::s3 with one more setting")]
    pub async fn s3(&self, access: &S3Access) -> aws_sdk_s3::Client {
        let region = access.region.clone().unwrap_or_else(|| self.default_region());
        let mut config = match (&access.profile, &access.role) {
            (None, None) => self.base.clone(),
            (None, Some(role)) => self.credentials.assume(&self.base, role, &self.default_region()).await,
            (Some(profile), None) => load_base(None, Some(profile)).await,
            (Some(profile), Some(role)) => {
                let base = load_base(None, Some(profile)).await;
                let provider = credentials::provider(&base, role, &region).await;
                base.to_builder().credentials_provider(provider).build()
            }
        };
        config = config.to_builder().region(Region::new(region.clone())).build();
        if let Some(endpoint) = &access.endpoint {
            config = config.to_builder().endpoint_url(endpoint).build();
        }
        let client = services::s3(&config, "source", &region);
        match access.path_style {
            Some(path_style) => {
                aws_sdk_s3::Client::from_conf(client.config().to_builder().force_path_style(path_style).build())
            }
            None => client,
        }
    }

    /// The clients of one region with a role of its own, or the base credentials: for what is no account that is watched (a queue).
    pub async fn with_role(&self, region: &str, role: Option<&AssumeRole>) -> Arc<ScopeClient> {
        let config = self.config_with(region, role).await;
        Arc::new(ScopeClient::new(&self.account, region, &self.partition, config, Pacing::default()))
    }

    /// The configuration of one region with a role of its own, or the base credentials.
    pub(super) async fn config_with(&self, region: &str, role: Option<&AssumeRole>) -> SdkConfig {
        let config = match role {
            Some(role) => self.credentials.assume(&self.base, role, &self.default_region()).await,
            None => self.base.clone(),
        };
        config.to_builder().region(Region::new(region.to_owned())).build()
    }

    /// The role to assume in an account, its own or that of the organization's accounts; `None`: the credentials are of it, or nothing reaches it.
    pub fn role_of(&self, account: &str) -> Option<AssumeRole> {
        self.roles.get(account).cloned().or_else(|| {
            let organization = self.organization.as_ref().filter(|_| account != self.account)?;
            organization.role(account, &self.partition)
        })
    }

    /// AWS as something at this address plays it, for tests: fixed credentials, a try each, and little patience.
    #[cfg(test)]
    #[expect(clippy::disallowed_methods, reason = "the settings of a test in the place of the environment's")]
    pub(crate) async fn at(endpoint: &str, patience: Duration) -> Self {
        let timeouts = TimeoutConfig::builder().operation_attempt_timeout(patience).build();
        let base = aws_config::defaults(BehaviorVersion::v2026_01_12())
            .http_client(http::shared_client())
            .identity_cache(IdentityCache::lazy().build())
            .retry_config(RetryConfig::disabled())
            .timeout_config(timeouts)
            .region(Region::from_static("eu-central-1"))
            .credentials_provider(aws_credential_types::Credentials::new("AKIATEST", "hunter2", None, None, "test"))
            .endpoint_url(endpoint)
            .load()
            .await;
        Self {
            base,
            account: "123456789012".to_owned(),
            partition: "aws".to_owned(),
            roles: HashMap::new(),
            credentials: Arc::default(),
            organization: None,
            second_look_delay: Duration::ZERO,
            requests_per_second: None,
            scopes: Mutex::default(),
        }
    }

    async fn account_config(&self, account: &str) -> Option<SdkConfig> {
        match self.role_of(account) {
            Some(role) => Some(self.credentials.assume(&self.base, &role, &self.default_region()).await),
            None => (account == self.account).then(|| self.base.clone()),
        }
    }
}

impl Scopes {
    fn get(&mut self, scope: &Scope) -> Option<Arc<ScopeClient>> {
        self.uses += 1;
        let (used, client) = self.known.get_mut(scope)?;
        *used = self.uses;
        Some(client.clone())
    }

    fn keep(&mut self, scope: &Scope, client: Arc<ScopeClient>) -> Arc<ScopeClient> {
        if let Some(known) = self.get(scope) {
            return known;
        }
        if self.known.len() >= KEPT_SCOPES
            && let Some(oldest) = self.known.iter().min_by_key(|(_, (used, _))| *used).map(|(scope, _)| scope.clone())
        {
            self.known.remove(&oldest);
        }
        self.known.insert(scope.clone(), (self.uses, client.clone()));
        client
    }
}

/// The configuration of the environment or of a profile, with driftd's retries and time limits.
#[expect(clippy::disallowed_methods, reason = "the one place where the SDK is configured")]
async fn load_base(region: Option<&str>, profile: Option<&str>) -> SdkConfig {
    let retries = RetryConfig::adaptive()
        .with_max_attempts(MAX_ATTEMPTS)
        .with_initial_backoff(Duration::from_millis(200))
        .with_max_backoff(MAX_BACKOFF);
    let timeouts = TimeoutConfig::builder()
        .operation_attempt_timeout(ATTEMPT_TIMEOUT)
        .operation_timeout(OPERATION_TIMEOUT)
        .build();
    let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12())
        .http_client(http::shared_client())
        // One for all clients: what a provider gave is not asked for again by the next client.
        .identity_cache(IdentityCache::lazy().max_partitions(KEPT_CREDENTIALS).build())
        .retry_config(retries)
        .timeout_config(timeouts);
    // The name is valid by the rules of AppName::new; without it calls are merely not marked.
    if let Ok(name) = AppName::new("driftd") {
        loader = loader.app_name(name);
    }
    if let Some(profile) = profile {
        loader = loader.profile_name(profile);
    }
    let loaded = loader.load().await;
    match (loaded.region(), region) {
        (None, Some(region)) => loaded.to_builder().region(Region::new(region.to_owned())).build(),
        (None, None) => loaded.to_builder().region(Region::from_static("us-east-1")).build(),
        _ => loaded,
    }
}

#[cfg(test)]
mod tests;
