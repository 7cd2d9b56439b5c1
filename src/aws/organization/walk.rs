//! Asks AWS Organizations for the accounts: all at once, or unit by unit where only some units count. One call after the other: the
//! service allows few, and whoever manages the accounts needs them as well.
//! <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html>

use std::collections::BTreeSet;

use aws_sdk_organizations::types::Account;
use aws_smithy_async::future::pagination_stream::PaginationStream;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::select::Member;
use super::{ACCOUNTS, ACCOUNTS_OF, PARENTS, ROOTS, UNITS_OF};
use crate::aws::config::OrganizationConfig;
use crate::aws::{ReadError, ScopeClient};
use crate::model::is_account_id;

/// Accounts or units of a page: the most that there can be.
const PAGE: i32 = 20;
/// Units are nested five deep at most; whatever is deeper is no tree.
const DEEPEST: usize = 10;

/// The accounts among which the configuration chooses. Units that are excluded are not looked into.
pub(super) async fn members(client: &ScopeClient, config: &OrganizationConfig) -> Result<Vec<Member>, ReadError> {
    let organizations = client.organizations();
    if config.include.is_empty() && config.exclude.is_empty() {
        let stream = organizations.list_accounts().max_results(PAGE).into_paginator().send();
        let pages = whole(client, ACCOUNTS, stream, |page| page.next_token()).await?;
        let members: Result<Vec<Member>, _> =
            pages.iter().flat_map(|page| page.accounts()).map(|account| member(ACCOUNTS, account)).collect();
        // The management account is always there.
        return members.and_then(|members| match members.is_empty() {
            true => Err(ReadError::unexpected(ACCOUNTS, "the answer names no account")),
            false => Ok(members),
        });
    }
    let mut left = beginnings(client, config).await?;
    let (mut members, mut visited) = (Vec::new(), BTreeSet::new());
    while let Some(path) = left.pop() {
        let Some(unit) = path.last() else { continue };
        let is_excluded = path.iter().any(|unit| config.exclude.contains(unit));
        if is_excluded || !visited.insert(unit.clone()) {
            continue;
        }
        let stream = organizations.list_accounts_for_parent().parent_id(unit).max_results(PAGE).into_paginator().send();
        for page in whole(client, ACCOUNTS_OF, stream, |page| page.next_token()).await? {
            for account in page.accounts() {
                members.push(member(ACCOUNTS_OF, account)?);
            }
        }
        let stream = organizations
            .list_organizational_units_for_parent()
            .parent_id(unit)
            .max_results(PAGE)
            .into_paginator()
            .send();
        for page in whole(client, UNITS_OF, stream, |page| page.next_token()).await? {
            for nested in page.organizational_units() {
                let id = nested.id().ok_or_else(|| ReadError::unexpected(UNITS_OF, "a unit has no id"))?;
                left.push(path.iter().cloned().chain([id.to_owned()]).collect());
            }
        }
    }
    Ok(members)
}

/// Where the walk begins: the units that are included, each with all that it is in if something is excluded; else the roots.
async fn beginnings(client: &ScopeClient, config: &OrganizationConfig) -> Result<Vec<Vec<String>>, ReadError> {
    if config.include.is_empty() {
        let stream = client.organizations().list_roots().into_paginator().send();
        let pages = whole(client, ROOTS, stream, |page| page.next_token()).await?;
        let roots: Vec<_> =
            pages.iter().flat_map(|page| page.roots()).filter_map(|root| Some(vec![root.id()?.to_owned()])).collect();
        return match roots.is_empty() {
            true => Err(ReadError::unexpected(ROOTS, "the answer names no root")),
            false => Ok(roots),
        };
    }
    let mut beginnings = Vec::new();
    for unit in &config.include {
        let mut path = vec![unit.clone()];
        while !config.exclude.is_empty() && path.first().is_some_and(|first| first.starts_with("ou-")) {
            let parent = parent(client, &path).await?;
            path.insert(0, parent);
        }
        beginnings.push(path);
    }
    Ok(beginnings)
}

/// What the first one of a path is in.
async fn parent(client: &ScopeClient, path: &[String]) -> Result<String, ReadError> {
    let unit = path.first().filter(|_| path.len() <= DEEPEST);
    let unit = unit.ok_or_else(|| ReadError::unexpected(PARENTS, "the units are nested too deeply"))?;
    let stream = client.organizations().list_parents().child_id(unit).into_paginator().send();
    let pages = whole(client, PARENTS, stream, |page| page.next_token()).await?;
    let parent = pages.iter().flat_map(|page| page.parents()).find_map(|parent| parent.id());
    let nothing = || ReadError::unexpected(PARENTS, format!("the answer names no parent of {unit}"));
    parent.map(str::to_owned).ok_or_else(nothing)
}

/// All pages of a listing. The SDK ends it quietly when a page comes twice.
async fn whole<T, E>(
    client: &ScopeClient,
    action: &'static str,
    pages: PaginationStream<Result<T, SdkError<E, HttpResponse>>>,
    next: impl Fn(&T) -> Option<&str>,
) -> Result<Vec<T>, ReadError>
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let pages = client.pages(action, pages).await?;
    match pages.last().and_then(next).filter(|token| !token.is_empty()) {
        None => Ok(pages),
        Some(_) => Err(ReadError::unexpected(action, "the listing does not end: the same page came twice")),
    }
}

/// `State` takes the place of `Status`, which AWS retires:
/// <https://docs.aws.amazon.com/organizations/latest/APIReference/API_Account.html>.
fn member(action: &'static str, account: &Account) -> Result<Member, ReadError> {
    let id = account.id().filter(|id| is_account_id(id));
    let id = id.ok_or_else(|| ReadError::unexpected(action, "an account has no id"))?;
    let state = account.state().map(|state| state.as_str());
    let status = || account.status().map(|status| status.as_str());
    let state = state.or_else(status).unwrap_or_default();
    Ok(Member { id: id.to_owned(), state: state.to_owned() })
}
