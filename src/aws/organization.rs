//! The accounts of an AWS organization: which of them are reached, by which role, and what to say where that cannot be told. What is
//! known of them is a value, and asking again gives another one; a list that was known once is kept until there is a newer one.

mod select;
mod walk;

use std::collections::BTreeSet;
use std::time::Duration;

use select::Choices;

use super::config::OrganizationConfig;
use super::{AssumeRole, Aws, ReadError};
use crate::model::{Gap, GapScope};

pub use select::LeftOut;

pub(super) const ACCOUNTS: &str = "organizations:ListAccounts";
pub(super) const ACCOUNTS_OF: &str = "organizations:ListAccountsForParent";
pub(super) const UNITS_OF: &str = "organizations:ListOrganizationalUnitsForParent";
pub(super) const ROOTS: &str = "organizations:ListRoots";
pub(super) const PARENTS: &str = "organizations:ListParents";

/// What is known of the organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Organization {
    pub(super) config: OrganizationConfig,
    /// `None`: it could never be asked.
    pub(super) accounts: Option<Choices>,
    /// Why it could not be asked the last time.
    pub(super) error: Option<ReadError>,
}

impl Organization {
    /// The role that reaches an account of it.
    pub(super) fn role(&self, account: &str, partition: &str) -> Option<AssumeRole> {
        let OrganizationConfig { role_name, external_id, .. } = &self.config;
        self.accounts.as_ref()?.get(account)?.as_ref().ok()?;
        let arn = format!("arn:{partition}:iam::{account}:role/{role_name}");
        Some(AssumeRole { arn, external_id: external_id.clone(), session_name: None })
    }

    /// With the list of before where there is no newer one, of the same question.
    pub(super) fn or_list_of(mut self, before: &Self) -> Self {
        if self.accounts.is_none() && self.config == before.config {
            self.accounts.clone_from(&before.accounts);
        }
        self
    }

    fn remedy(&self, error: &ReadError) -> String {
        let needed = self.config.actions().join(", ");
        if error.is(&["AWSOrganizationsNotInUseException"]) {
            return "who asks is in no organization: name a role of its management account under \
                    aws.organization.organizations_role, or take aws.organization out"
                .to_owned();
        }
        if error.is(&["ParentNotFoundException", "ChildNotFoundException"]) {
            return "a unit of aws.organization.include is not in this organization".to_owned();
        }
        format!(
            "it takes {needed}, and who asks must be of the management account or a delegated administrator: \
             see aws.organization.organizations_role"
        )
    }
}

impl Aws {
    /// Asks AWS Organizations now.
    pub(super) async fn ask_organization(&self, config: &OrganizationConfig) -> Organization {
        let role = config.organizations_role.as_ref().map(|role| AssumeRole {
            arn: role.role_arn.clone(),
            external_id: role.external_id.clone(),
            session_name: None,
        });
        let client = self.with_role(self.home_region(), role.as_ref()).await;
        let (accounts, error) = match walk::members(&client, config).await {
            Ok(members) => (Some(select::select(&members, config)), None),
            Err(error) => (None, Some(error)),
        };
        Organization { config: config.clone(), accounts, error }
    }

    /// The same, after the organization was asked again; `None`: there is nothing new, or no organization is configured. When it cannot
    /// be asked, the list of before holds.
    pub async fn ask_organization_again(&self) -> Option<Self> {
        let before = self.organization.as_ref()?;
        let now = self.ask_organization(&before.config).await.or_list_of(before);
        (now != *before).then(|| self.with_organization(now))
    }

    /// The same with the list of accounts that another one knew, when this one could not ask the same question.
    pub fn with_accounts_of(&self, before: &Self) -> Option<Self> {
        let (own, before) = (self.organization.as_ref()?, before.organization.as_ref()?);
        let other = own.clone().or_list_of(before);
        (other != *own).then(|| self.with_organization(other))
    }

    /// The accounts of the organization that are reached by its role, or by the credentials: not those that have one of their own.
    pub fn organization_accounts(&self) -> BTreeSet<&str> {
        let known = self.organization.as_ref().and_then(|organization| organization.accounts.as_ref());
        let taken = known.into_iter().flatten().filter(|(id, choice)| choice.is_ok() && !self.is_listed(id));
        taken.map(|(id, _)| id.as_str()).collect()
    }

    /// The accounts of the organization that are not reached, and why not.
    pub fn organization_left_out(&self) -> Vec<(&str, &LeftOut)> {
        let known = self.organization.as_ref().and_then(|organization| organization.accounts.as_ref());
        let left = known.into_iter().flatten().filter(|(id, _)| !self.is_listed(id) && *id != self.account());
        left.filter_map(|(id, choice)| Some((id.as_str(), choice.as_ref().err()?))).collect()
    }

    /// How often the organization is to be asked; `None`: not at all.
    pub fn organization_refresh(&self) -> Option<Duration> {
        Some(self.organization.as_ref()?.config.refresh)
    }

    /// The regions that are listed in an account besides those of all.
    pub fn more_regions(&self, account: &str) -> &[String] {
        let found = self.organization.as_ref().filter(|_| self.organization_accounts().contains(account));
        found.map(|organization| organization.config.regions.as_slice()).unwrap_or_default()
    }

    /// What is not known of the organization because it could not be asked, and what to do about it.
    pub fn organization_gap(&self) -> Option<Gap> {
        let organization = self.organization.as_ref()?;
        let error = organization.error.as_ref()?;
        let kept = match &organization.accounts {
            Some(_) => "accounts that are new since the last answer are not known",
            None => "its accounts are not known",
        };
        let remedy = organization.remedy(error);
        let gap = error.gap(GapScope::default());
        Some(Gap { detail: format!("the organization could not be asked: {}; {kept}; {remedy}", gap.detail), ..gap })
    }

    /// Why nothing reaches this account, and what to do about it.
    pub fn why_not_reached(&self, account: &str) -> String {
        let left = self.organization_left_out().into_iter().find(|(id, _)| *id == account);
        if let Some((_, why)) = left {
            return format!("account {account} is left out of aws.organization: {why}");
        }
        let own = self.account();
        let elsewhere = match &self.organization {
            Some(organization) if organization.config.include.is_empty() && organization.config.exclude.is_empty() => {
                ", or have aws.organization find it"
            }
            Some(_) => {
                ", or have aws.organization find it (it may be in a unit that is excluded, or in none that is included)"
            }
            None => "",
        };
        format!(
            "no credentials for account {account} (they are of {own}): name a role for it under aws.accounts{elsewhere}"
        )
    }
}
