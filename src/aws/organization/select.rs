//! The accounts of an organization, or of those of its units that count -> those that are reached, and of the others why not. Pure; knows
//! no AWS.

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
}

/// Why an account that AWS Organizations named is not reached. In units that do not count nobody looks: their accounts are not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LeftOut {
    /// It stands in `exclude_accounts`.
    Account,
    /// It cannot be used, or not any more.
    State(String),
}

impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Account => write!(f, "it stands in exclude_accounts"),
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
    if is_out_of_use(&member.state) {
        return Err(LeftOut::State(member.state.clone()));
    }
    Ok(())
}

/// No role of it can be assumed, or soon not any more. A word that is not known is no reason: that a role cannot be assumed is a gap.
/// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_accounts_account_state.html>
fn is_out_of_use(state: &str) -> bool {
    matches!(state, "PENDING_ACTIVATION" | "SUSPENDED" | "PENDING_CLOSURE" | "CLOSED")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(digit: char, state: &str) -> Member {
        Member { id: digit.to_string().repeat(12), state: state.to_owned() }
    }

    #[test]
    fn every_account_that_is_in_use_and_each_reason_why_another_is_not_reached() {
        let states =
            ["ACTIVE", "SUSPENDED", "PENDING_CLOSURE", "CLOSED", "PENDING_ACTIVATION", "SOMETHING_NEW", "", "ACTIVE"];
        let members: Vec<Member> = ('1'..).zip(states).map(|(digit, state)| member(digit, state)).collect();
        let exclude_accounts = ["8".repeat(12)].into();
        let choices = select(&members, &OrganizationConfig { exclude_accounts, ..OrganizationConfig::default() });
        let said: Vec<String> = choices
            .values()
            .map(|choice| choice.as_ref().err().map_or_else(|| "reached".to_owned(), ToString::to_string))
            .collect();
        assert_eq!(
            said,
            [
                "reached",
                "AWS Organizations calls it SUSPENDED",
                "AWS Organizations calls it PENDING_CLOSURE",
                "AWS Organizations calls it CLOSED",
                "AWS Organizations calls it PENDING_ACTIVATION",
                // A word that is new, or none, is no reason to leave an account out.
                "reached",
                "reached",
                "it stands in exclude_accounts",
            ]
        );
    }

    /// An account that is moved, or closed, while the tree is walked may be met twice.
    #[test]
    fn one_answer_that_counts_is_enough() {
        let mut twice = [member('1', "ACTIVE"), member('1', "SUSPENDED")];
        for _ in 0..2 {
            assert_eq!(select(&twice, &OrganizationConfig::default())[&"1".repeat(12)], Ok(()));
            twice.reverse();
        }
    }
}
