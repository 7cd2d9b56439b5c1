//! Credentials: one provider per account and role, shared by all regions and services, so that a role is assumed once and
//! not once per region. The SDK caches what a provider gives by the provider's own partition of the identity cache.

use std::collections::HashMap;

use aws_config::SdkConfig;
use aws_config::sts::AssumeRoleProvider;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_types::region::Region;
use tokio::sync::Mutex;

/// A role to assume for an account that the base credentials are not of.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AssumeRole {
    /// ARN of the role.
    pub arn: String,
    pub external_id: Option<String>,
    /// Session name in CloudTrail; `driftd` when `None`.
    pub session_name: Option<String>,
}

/// The providers of roles that were asked for so far.
#[derive(Debug, Default)]
pub(super) struct RoleCredentials(Mutex<HashMap<AssumeRole, SharedCredentialsProvider>>);

impl RoleCredentials {
    /// The base configuration with the credentials of a role. Nothing is sent yet: the role is assumed by the first call.
    pub(super) async fn assume(&self, base: &SdkConfig, role: &AssumeRole, sts_region: &str) -> SdkConfig {
        let mut providers = self.0.lock().await;
        let provider = match providers.get(role) {
            Some(provider) => provider.clone(),
            None => {
                let provider = provider(base, role, sts_region).await;
                providers.insert(role.clone(), provider.clone());
                provider
            }
        };
        base.to_builder().credentials_provider(provider).build()
    }
}

/// A provider that assumes the role with the base's credentials, at the STS of this region.
pub(super) async fn provider(base: &SdkConfig, role: &AssumeRole, sts_region: &str) -> SharedCredentialsProvider {
    let session = role.session_name.as_deref().unwrap_or("driftd");
    let mut builder =
        AssumeRoleProvider::builder(&role.arn).session_name(session).region(Region::new(sts_region.to_owned()));
    if let Some(id) = &role.external_id {
        builder = builder.external_id(id);
    }
    let builder = builder.configure(base);
    SharedCredentialsProvider::new(match base.credentials_provider() {
        Some(credentials) => builder.build_from_provider(credentials).await,
        None => builder.build().await,
    })
}
