//! The section `aws`: regions to look at, and roles of other accounts. Knows no credentials.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_saphyr::Spanned;

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::model::arn::is_arn;
use crate::model::{is_account_id, is_region};
use crate::yaml::position;

/// A valid section.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AwsConfig {
    /// Regions to list besides those of the states; the first is where calls without a region go.
    pub regions: Vec<String>,
    /// Each account once.
    pub accounts: Vec<AccountConfig>,
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

/// The section's keys.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RawAws {
    regions: Vec<Spanned<String>>,
    accounts: Vec<RawAccount>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawAccount {
    id: Spanned<String>,
    role_arn: Spanned<String>,
    external_id: Option<String>,
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
        AwsConfig { regions: regions(self.regions, diagnostics), accounts }
    }
}

impl RawAccount {
    fn validate(self, diagnostics: &mut Diagnostics) -> Option<AccountConfig> {
        let before = diagnostics.errors();
        let Self { id, role_arn, external_id } = self;
        let id = account_id(id, diagnostics);
        if !is_arn(&role_arn.value) || !role_arn.value.contains(":role/") {
            let mistake =
                Diagnostic::error("config/not-a-role", format!("{:?} is not the ARN of a role", role_arn.value))
                    .with_hint("write e.g. arn:aws:iam::123456789012:role/driftd-read");
            diagnostics.add(mistake, position(&role_arn));
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
