//! The sections `aws` (regions to look at, and roles of other accounts) and `limits` (how hard AWS is asked). Knows no credentials.

mod organization;

use std::collections::BTreeSet;
use std::num::NonZeroU32;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_saphyr::Spanned;

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::model::arn::is_arn;
use crate::model::{is_account_id, is_region};
use crate::yaml::position;

pub use organization::{OrganizationConfig, OrganizationsRole};

use organization::RawOrganization;

/// A valid section.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AwsConfig {
    /// Regions to list besides those of the states; the first is where calls without a region go.
    pub regions: Vec<String>,
    /// Each account once.
    pub accounts: Vec<AccountConfig>,
    /// Where more accounts are found.
    pub organization: Option<OrganizationConfig>,
}

/// An account that the credentials are not of, and how it is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountConfig {
    /// Twelve digits.
    pub id: String,
    /// A role of this account.
    pub role_arn: String,
    pub external_id: Option<String>,
}

/// A valid section `limits`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LimitsConfig {
    /// The most requests a second to one service in one account and region.
    pub requests_per_second: NonZeroU32,
}

impl Default for LimitsConfig {
    /// Half of what EC2 refills for reads, which is the quota that deployments meet first:
    /// <https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html>.
    fn default() -> Self {
        Self { requests_per_second: NonZeroU32::MIN.saturating_add(9) }
    }
}

/// How AWS is reached.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RawAws {
    /// Regions in which unmanaged resources are looked for, besides the regions of the states.
    #[schemars(with = "Vec<String>")]
    regions: Vec<Spanned<String>>,
    /// Roles to assume for accounts that the credentials are not of.
    accounts: Vec<RawAccount>,
    /// Finds the accounts of an AWS organization.
    organization: Option<RawOrganization>,
}

/// An account that the credentials are not of.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct RawAccount {
    /// Twelve digits, in quotes.
    #[schemars(with = "String")]
    id: Spanned<String>,
    /// A role of this account.
    #[schemars(with = "String")]
    role_arn: Spanned<String>,
    /// What the role's trust policy asks for.
    external_id: Option<String>,
}

/// How hard AWS is asked.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RawLimits {
    /// The most requests a second to one service in one account and region.
    requests_per_second: Option<NonZeroU32>,
}

impl RawLimits {
    /// What it says, and the defaults.
    pub fn validate(self) -> LimitsConfig {
        let Self { requests_per_second } = self;
        let default = LimitsConfig::default();
        LimitsConfig { requests_per_second: requests_per_second.unwrap_or(default.requests_per_second) }
    }
}

impl RawAws {
    /// What of it is valid; every mistake goes to `diagnostics`.
    pub fn validate(self, diagnostics: &mut Diagnostics) -> AwsConfig {
        let mut known = BTreeSet::new();
        let mut accounts = Vec::new();
        for account in self.accounts {
            if !known.insert(account.id.value.clone()) {
                let message = format!("account {:?} is configured twice", account.id.value);
                diagnostics.error("config/duplicate-account", position(&account.id), message);
            }
            accounts.extend(account.validate(diagnostics));
        }
        let organization = self.organization.map(|organization| organization.validate(diagnostics));
        AwsConfig { regions: regions(self.regions, diagnostics), accounts, organization }
    }
}

impl RawAccount {
    fn validate(self, diagnostics: &mut Diagnostics) -> Option<AccountConfig> {
        let before = diagnostics.errors();
        let Self { id, role_arn, external_id } = self;
        let id = account_id(id, diagnostics);
        if !is_role_arn(&role_arn.value) {
            diagnostics.add(not_a_role(&role_arn.value), position(&role_arn));
        } else if let Some(id) = &id
            && role_arn.value.split(':').nth(4) != Some(id)
        {
            let message = format!("the role is not one of account {id}");
            diagnostics.error("config/role-of-another-account", position(&role_arn), message);
        }
        let id = id.filter(|_| diagnostics.errors() == before)?;
        Some(AccountConfig { id, role_arn: role_arn.value, external_id })
    }
}

pub(crate) fn is_role_arn(text: &str) -> bool {
    is_arn(text) && text.contains(":role/")
}

pub(crate) fn not_a_role(text: &str) -> Diagnostic {
    Diagnostic::error("config/not-a-role", format!("{text:?} is not the ARN of a role"))
        .with_hint("write e.g. arn:aws:iam::123456789012:role/driftd-read")
}

/// The names among these that can be regions.
pub(crate) fn regions(raw: Vec<Spanned<String>>, diagnostics: &mut Diagnostics) -> Vec<String> {
    let valid = |region: Spanned<String>| match not_a_region(&region.value) {
        None => Some(region.value),
        Some(mistake) => {
            diagnostics.add(mistake, position(&region));
            None
        }
    };
    raw.into_iter().filter_map(valid).collect()
}

/// The mistake, if it is one.
pub(crate) fn not_a_region(text: &str) -> Option<Diagnostic> {
    let mistake = || Diagnostic::error("config/not-a-region", format!("{text:?} is not a region"));
    (!is_region(text)).then(|| mistake().with_hint("write e.g. eu-central-1"))
}

/// The text if it can be an account's id.
pub(crate) fn account_id(raw: Spanned<String>, diagnostics: &mut Diagnostics) -> Option<String> {
    if is_account_id(&raw.value) {
        return Some(raw.value);
    }
    let mistake = Diagnostic::error("config/not-an-account-id", format!("{:?} is not an account id", raw.value))
        .with_hint("write its twelve digits, in quotes: \"012345678901\"");
    diagnostics.add(mistake, position(&raw));
    None
}
