//! The part `aws.organization`: which accounts of an AWS organization are reached, and by which role.

use std::collections::BTreeSet;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_saphyr::Spanned;

use super::{account_id, is_role_arn, not_a_role, regions};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::yaml::{duration, position};

/// The name that driftd's own pages give the role.
const ROLE_NAME: &str = "driftd-read";
/// Accounts come and go by the week; Organizations allows few requests, and shares them out among all who ask.
const REFRESH: Duration = Duration::from_secs(60 * 60);

/// Which accounts of an organization are reached, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrganizationConfig {
    /// Of the role that is assumed in each account, with its path if it has one, without a slash at its beginning.
    pub role_name: String,
    /// What these roles' trust policies ask for.
    pub external_id: Option<String>,
    /// Organizational units and roots whose accounts count, nested ones among them; empty: all.
    pub include: BTreeSet<String>,
    /// Those whose accounts do not count; stronger than `include`.
    pub exclude: BTreeSet<String>,
    pub exclude_accounts: BTreeSet<String>,
    /// Regions to list in these accounts besides those of all.
    pub regions: Vec<String>,
    /// Who asks; `None`: the credentials themselves.
    pub organizations_role: Option<OrganizationsRole>,
    /// How often the daemon asks.
    pub refresh: Duration,
}

/// A role of the management account or of a delegated administrator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrganizationsRole {
    pub role_arn: String,
    pub external_id: Option<String>,
}

impl Default for OrganizationConfig {
    /// Every account.
    fn default() -> Self {
        Self {
            role_name: ROLE_NAME.to_owned(),
            external_id: None,
            include: BTreeSet::new(),
            exclude: BTreeSet::new(),
            exclude_accounts: BTreeSet::new(),
            regions: Vec::new(),
            organizations_role: None,
            refresh: REFRESH,
        }
    }
}

impl OrganizationConfig {
    /// The IAM actions that asking takes.
    pub fn actions(&self) -> Vec<&'static str> {
        use crate::aws::organization::{ACCOUNTS, ACCOUNTS_OF, PARENTS, ROOTS, UNITS_OF};
        match (self.include.is_empty(), self.exclude.is_empty()) {
            (true, true) => vec![ACCOUNTS],
            (true, false) => vec![ACCOUNTS_OF, UNITS_OF, ROOTS],
            (false, true) => vec![ACCOUNTS_OF, UNITS_OF],
            (false, false) => vec![ACCOUNTS_OF, UNITS_OF, PARENTS],
        }
    }
}

/// The accounts of an AWS organization, as AWS Organizations lists them.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawOrganization {
    /// The name of the role to assume in each account, with its path if it has one; by default driftd-read.
    #[schemars(with = "Option<String>")]
    role_name: Option<Spanned<String>>,
    /// What these roles' trust policies ask for.
    external_id: Option<String>,
    /// Organizational units and roots, by id, whose accounts count, those of nested units among them; empty: all accounts.
    #[schemars(with = "Vec<String>")]
    include: Vec<Spanned<String>>,
    /// Those whose accounts do not count; stronger than `include`.
    #[schemars(with = "Vec<String>")]
    exclude: Vec<Spanned<String>>,
    /// Accounts that do not count: twelve digits, in quotes.
    #[schemars(with = "Vec<String>")]
    exclude_accounts: Vec<Spanned<String>>,
    /// Regions in which unmanaged resources of these accounts are looked for, besides those of all accounts.
    #[schemars(with = "Vec<String>")]
    regions: Vec<Spanned<String>>,
    /// Who asks AWS Organizations, if not the credentials themselves.
    organizations_role: Option<RawOrganizationsRole>,
    /// How often the daemon asks.
    #[schemars(with = "Option<String>")]
    refresh: Option<Spanned<String>>,
}

/// A role of the management account or of a delegated administrator.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct RawOrganizationsRole {
    /// The role's ARN.
    #[schemars(with = "String")]
    role_arn: Spanned<String>,
    /// What its trust policy asks for.
    external_id: Option<String>,
}

impl RawOrganization {
    /// What of it is valid; every mistake goes to `diagnostics`.
    pub(super) fn validate(self, diagnostics: &mut Diagnostics) -> OrganizationConfig {
        let Self {
            role_name,
            external_id,
            include,
            exclude,
            exclude_accounts,
            regions: raw_regions,
            organizations_role,
            refresh,
        } = self;
        let (default, mut known) = (OrganizationConfig::default(), BTreeSet::new());
        OrganizationConfig {
            role_name: role_name.and_then(|name| checked_name(name, diagnostics)).unwrap_or(default.role_name),
            external_id,
            include: units(include, &mut known, diagnostics),
            exclude: units(exclude, &mut known, diagnostics),
            exclude_accounts: exclude_accounts.into_iter().filter_map(|id| account_id(id, diagnostics)).collect(),
            regions: regions(raw_regions, diagnostics),
            organizations_role: organizations_role.map(|role| role.validate(diagnostics)),
            refresh: refresh.and_then(|text| duration(&text, diagnostics)).unwrap_or(default.refresh),
        }
    }
}

impl RawOrganizationsRole {
    fn validate(self, diagnostics: &mut Diagnostics) -> OrganizationsRole {
        let Self { role_arn, external_id } = self;
        if !is_role_arn(&role_arn.value) {
            diagnostics.add(not_a_role(&role_arn.value), position(&role_arn));
        }
        OrganizationsRole { role_arn: role_arn.value, external_id }
    }
}

fn checked_name(name: Spanned<String>, diagnostics: &mut Diagnostics) -> Option<String> {
    if is_role_name(&name.value) {
        return Some(name.value);
    }
    let message = format!("{:?} is not the name of a role", name.value);
    let hint = match is_role_arn(&name.value) {
        true => "write its name alone: the account is that of each member",
        false => "write e.g. driftd-read, or with its path: platform/driftd-read",
    };
    diagnostics.add(Diagnostic::error("config/not-a-role-name", message).with_hint(hint), position(&name));
    None
}

/// A name, maybe behind a path: <https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html>.
fn is_role_name(text: &str) -> bool {
    let (path, name) = text.rsplit_once('/').unwrap_or(("", text));
    let is_named = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c);
    let is_path = path.is_empty() && !text.starts_with('/')
        || path.split('/').all(|part| !part.is_empty() && part.chars().all(|c| c.is_ascii_graphic() && c != ':'));
    is_path && path.len() <= 510 && (1..=64).contains(&name.len()) && name.chars().all(is_named)
}

/// The ids among these, each of which may be `known` once.
fn units(raw: Vec<Spanned<String>>, known: &mut BTreeSet<String>, diagnostics: &mut Diagnostics) -> BTreeSet<String> {
    let mut units = BTreeSet::new();
    for unit in raw {
        if !is_unit(&unit.value) {
            let message = format!("{:?} is not the id of an organizational unit or a root", unit.value);
            let mistake = Diagnostic::error("config/not-an-organizational-unit", message)
                .with_hint("write e.g. ou-ab12-cdef3456 or r-ab12; `exclude_accounts` takes accounts");
            diagnostics.add(mistake, position(&unit));
        } else if !known.insert(unit.value.clone()) {
            let message = format!("{} is listed twice: a unit is included or excluded, once", unit.value);
            diagnostics.error("config/duplicate-organizational-unit", position(&unit), message);
        } else {
            units.insert(unit.value);
        }
    }
    units
}

/// <https://docs.aws.amazon.com/organizations/latest/APIReference/API_OrganizationalUnit.html>,
/// <https://docs.aws.amazon.com/organizations/latest/APIReference/API_Root.html>.
fn is_unit(text: &str) -> bool {
    let is_part = |part: &str, shortest: usize| {
        (shortest..=32).contains(&part.len())
            && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    match text.split('-').collect::<Vec<_>>().as_slice() {
        ["r", root] => is_part(root, 4),
        ["ou", root, unit] => is_part(root, 4) && is_part(unit, 8),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_and_roots_by_their_ids() {
        for good in ["r-ab12", "ou-ab12-cdef3456", "ou-abcd-0123456789abcdefghijklmnopqrstuv"] {
            assert!(is_unit(good), "{good}");
        }
        for bad in [
            "",
            "r-",
            "r-abc",
            "ou-ab12",
            "ou-ab12-short",
            "OU-ab12-cdef3456",
            "123456789012",
            "Sandbox",
            "ou-ab12-cdef3456-x",
        ] {
            assert!(!is_unit(bad), "{bad}");
        }
    }

    #[test]
    fn names_of_roles() {
        for good in ["driftd-read", "platform/driftd-read", "a/b/c+d=e,f.g@h_i-j"] {
            assert!(is_role_name(good), "{good}");
        }
        for bad in ["", "/driftd", "a//b", "a/", "arn:aws:iam::123456789012:role/x", "dr*ftd", "driftd read"] {
            assert!(!is_role_name(bad), "{bad}");
        }
        assert!(!is_role_name(&"x".repeat(65)));
    }
}
