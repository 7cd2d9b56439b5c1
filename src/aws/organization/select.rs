//! The accounts of an organization -> those that are reached, and of the others why not. Pure; knows no AWS.

use std::collections::BTreeMap;
use std::fmt;

use crate::aws::config::OrganizationConfig;

/// An account, as AWS Organizations lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Member {
    /// Twelve digits.
    pub id: String,
    /// AWS's word: `ACTIVE`, `SUSPENDED`, ...; empty where it says nothing.
    pub state: String,
    /// The root and the units that it is in, the outermost first, as far as they were asked for.
    pub units: Vec<String>,
}

/// Why an account of the organization is not reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LeftOut {
    /// It stands in `exclude_accounts`.
    Account,
    /// It is in a unit that stands in `exclude`.
    Unit(String),
    /// It is in none of the units of `include`.
    NotIncluded,
    /// It cannot be used, or not any more.
    State(String),
}

impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Account => write!(f, "it stands in exclude_accounts"),
            Self::Unit(unit) => write!(f, "it is in {unit}, which stands in exclude"),
            Self::NotIncluded => write!(f, "it is in no unit of include"),
            Self::State(state) => write!(f, "AWS Organizations calls it {state}"),
        }
    }
}

/// Whether an account is reached, or why not.
pub(super) type Choices = BTreeMap<String, Result<(), LeftOut>>;

/// Chooses; an account that is listed more than once is reached if any of its places says so.
pub(super) fn select(members: &[Member], config: &OrganizationConfig) -> Choices {
    let mut choices = Choices::new();
    for member in members {
        let choice = choose(member, config);
        let known = choices.entry(member.id.clone()).or_insert_with(|| choice.clone());
        if choice.is_ok() {
            *known = choice;
        }
    }
    choices
}

fn choose(member: &Member, config: &OrganizationConfig) -> Result<(), LeftOut> {
    if config.exclude_accounts.contains(&member.id) {
        return Err(LeftOut::Account);
    }
    if let Some(unit) = excluded_by(&member.units, config) {
        return Err(LeftOut::Unit(unit.to_owned()));
    }
    if !config.include.is_empty() && !member.units.iter().any(|unit| config.include.contains(unit)) {
        return Err(LeftOut::NotIncluded);
    }
    if is_out_of_use(&member.state) {
        return Err(LeftOut::State(member.state.clone()));
    }
    Ok(())
}

/// The unit among these that is excluded, and with it all that it holds.
pub(super) fn excluded_by<'a>(units: &'a [String], config: &OrganizationConfig) -> Option<&'a str> {
    units.iter().map(String::as_str).find(|unit| config.exclude.contains(*unit))
}

/// No role of it can be assumed, or soon not any more. A word that is not known is no reason: that a role cannot be assumed is a gap.
/// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_accounts_account_state.html>
fn is_out_of_use(state: &str) -> bool {
    matches!(state, "PENDING_ACTIVATION" | "SUSPENDED" | "PENDING_CLOSURE" | "CLOSED")
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT: &str = "r-ab12";
    const PROD: &str = "ou-ab12-prod0000";
    /// Inside [`PROD`].
    const SHOP: &str = "ou-ab12-shop0000";
    const SANDBOX: &str = "ou-ab12-sandbox0";

    /// A tree with an account directly in the root, in a unit, in a nested one, and those that are no longer in use.
    fn members() -> Vec<Member> {
        let member = |digit: char, state: &str, units: &[&str]| Member {
            id: digit.to_string().repeat(12),
            state: state.to_owned(),
            units: units.iter().map(|unit| (*unit).to_owned()).collect(),
        };
        vec![
            member('1', "ACTIVE", &[ROOT]),
            member('2', "ACTIVE", &[ROOT, PROD]),
            member('3', "ACTIVE", &[ROOT, PROD, SHOP]),
            member('4', "SUSPENDED", &[ROOT, PROD]),
            member('5', "PENDING_CLOSURE", &[ROOT, SANDBOX]),
            member('6', "CLOSED", &[ROOT, PROD, SHOP]),
            member('7', "PENDING_ACTIVATION", &[ROOT]),
            member('8', "SOMETHING_NEW", &[ROOT, SANDBOX]),
            member('9', "", &[ROOT, SANDBOX]),
        ]
    }

    fn config(include: &[&str], exclude: &[&str], exclude_accounts: &[&str]) -> OrganizationConfig {
        let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let (include, exclude, exclude_accounts) = (set(include), set(exclude), set(exclude_accounts));
        OrganizationConfig { include, exclude, exclude_accounts, ..OrganizationConfig::default() }
    }

    /// `123` for those that are chosen; then the others, each with why not.
    fn chosen(config: &OrganizationConfig) -> (String, Vec<String>) {
        let choices = select(&members(), config);
        assert_eq!(choices.len(), members().len(), "every account has an answer");
        let digit = |id: &str| id.chars().next().unwrap();
        let taken = choices.iter().filter(|(_, choice)| choice.is_ok()).map(|(id, _)| digit(id)).collect();
        let left = choices.iter().filter_map(|(id, choice)| Some(format!("{}: {}", digit(id), choice.as_ref().err()?)));
        (taken, left.collect())
    }

    #[test]
    fn without_filters_every_account_that_is_in_use() {
        let (taken, left) = chosen(&config(&[], &[], &[]));
        assert_eq!(taken, "12389", "a word that is new, or none, is no reason to leave an account out");
        assert_eq!(
            left,
            [
                "4: AWS Organizations calls it SUSPENDED",
                "5: AWS Organizations calls it PENDING_CLOSURE",
                "6: AWS Organizations calls it CLOSED",
                "7: AWS Organizations calls it PENDING_ACTIVATION",
            ]
        );
    }

    #[test]
    fn units_hold_what_their_nested_units_hold() {
        for (include, exclude, expected) in [
            (&[ROOT][..], &[][..], "12389"),
            (&[PROD], &[], "23"),
            (&[SHOP], &[], "3"),
            (&[SHOP, SANDBOX], &[], "389"),
            (&[], &[PROD], "189"),
            (&[], &[ROOT], ""),
            (&[PROD], &[SHOP], "2"),
            // What is excluded is stronger, wherever it stands in the tree.
            (&[SHOP], &[PROD], ""),
        ] {
            assert_eq!(chosen(&config(include, exclude, &[])).0, expected, "{include:?} without {exclude:?}");
        }
    }

    #[test]
    fn each_reason_is_told() {
        let (taken, left) = chosen(&config(&[PROD], &[SHOP], &["222222222222"]));
        assert_eq!(taken, "");
        assert_eq!(
            left[..4],
            [
                "1: it is in no unit of include",
                "2: it stands in exclude_accounts",
                "3: it is in ou-ab12-shop0000, which stands in exclude",
                "4: AWS Organizations calls it SUSPENDED",
            ]
        );
    }

    /// An account that is moved while the tree is walked may be met in both places.
    #[test]
    fn one_place_that_counts_is_enough() {
        let config = config(&[PROD], &[], &[]);
        let mut twice = members();
        twice.push(Member { units: vec![ROOT.to_owned(), PROD.to_owned()], ..twice[0].clone() });
        assert_eq!(select(&twice, &config)[&twice[0].id], Ok(()));
        twice.reverse();
        assert_eq!(select(&twice, &config)[&"1".repeat(12)], Ok(()));
    }
}
