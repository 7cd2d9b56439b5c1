//! What the IAM kinds share: one listing of the account, reads of one thing by itself, decoding of documents.
//! Knows no kind's attributes.

pub(super) mod narrow;
pub(super) mod principal;

use std::collections::{HashMap, HashSet};
use std::future::Future;
use std::sync::Arc;

use aws_sdk_iam::types::{EntityType, GroupDetail, ManagedPolicyDetail, Role, RoleDetail, UserDetail};
use aws_smithy_async::future::pagination_stream::PaginationStream;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use percent_encoding::percent_decode_str;

use crate::aws::{ReadError, not_found};
use crate::inventory::value::text;
use crate::inventory::{ListRequest, Listed, ScopeReader};
use crate::model::{Attributes, Live, PriorState};

/// Items of one page, the most that IAM's listings take.
pub(super) const PAGE: i32 = 1000;

/// IAM's one code for whatever does not exist.
const GONE: &[&str] = &["NoSuchEntity"];

/// Users, groups, roles and customer-managed policies with their documents, in one listing:
/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountAuthorizationDetails.html>.
#[derive(Debug, Default)]
pub(super) struct Account {
    pub(super) users: Vec<UserDetail>,
    pub(super) groups: Vec<GroupDetail>,
    pub(super) roles: Vec<RoleDetail>,
    pub(super) policies: Vec<ManagedPolicyDetail>,
}

/// The account's listing, read once.
pub(super) async fn account(aws: &ScopeReader) -> Result<Arc<Account>, ReadError> {
    const ACTION: &str = "iam:GetAccountAuthorizationDetails";
    aws.cached(ACTION, || async {
        let call = aws
            .iam()
            .get_account_authorization_details()
            .filter(EntityType::User)
            .filter(EntityType::Group)
            .filter(EntityType::Role)
            .filter(EntityType::LocalManagedPolicy)
            .max_items(PAGE);
        let mut account = Account::default();
        for page in aws.pages(ACTION, call.into_paginator().send()).await? {
            account.users.extend(page.user_detail_list.unwrap_or_default());
            account.groups.extend(page.group_detail_list.unwrap_or_default());
            account.roles.extend(page.role_detail_list.unwrap_or_default());
            account.policies.extend(page.policies.unwrap_or_default());
        }
        Ok(account)
    })
    .await
}

/// All roles by name, for what the account's listing lacks of them: description and session length.
pub(super) async fn roles(aws: &ScopeReader) -> Result<Arc<HashMap<String, Role>>, ReadError> {
    const ACTION: &str = "iam:ListRoles";
    aws.cached(ACTION, || async {
        let call = aws.iam().list_roles().max_items(PAGE).into_paginator();
        let roles = aws.pages(ACTION, call.items().send()).await?;
        Ok(roles.into_iter().map(|role| (role.role_name().to_owned(), role)).collect::<HashMap<_, _>>())
    })
    .await
}

/// A policy document as IAM hands it out: percent-encoded after RFC 3986.
pub(super) fn document(encoded: Option<&str>) -> Option<String> {
    encoded.map(|text| percent_decode_str(text).decode_utf8_lossy().into_owned())
}

/// One read of one thing, made once in a cycle: `part` of its answer; holds `None` when IAM says that it does not exist.
pub(super) async fn one<A, T, E>(
    aws: &ScopeReader,
    action: &'static str,
    id: &str,
    call: impl Future<Output = Result<A, SdkError<E, HttpResponse>>>,
    part: impl FnOnce(A) -> Option<T>,
) -> Result<Arc<Option<T>>, ReadError>
where
    T: Send + Sync + 'static,
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    named(action, id)?;
    let read = || async move {
        let Some(answer) = not_found(aws.call(action, call).await, GONE)? else { return Ok(None) };
        match part(answer) {
            Some(part) => Ok(Some(part)),
            None => Err(ReadError::unexpected(action, "the answer lacks what was asked for")),
        }
    };
    aws.cached_for(action, id, read).await
}

/// All pages of what one thing has, read once in a cycle; holds `None` when IAM says that the thing does not exist.
pub(super) async fn all<T, E>(
    aws: &ScopeReader,
    action: &'static str,
    id: &str,
    pages: PaginationStream<Result<T, SdkError<E, HttpResponse>>>,
) -> Result<Arc<Option<Vec<T>>>, ReadError>
where
    T: Send + Sync + 'static,
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    named(action, id)?;
    aws.cached_for(action, id, || async move { not_found(aws.pages(action, pages).await, GONE) }).await
}

/// IAM takes a call without a name to be about the caller.
fn named(action: &'static str, id: &str) -> Result<(), ReadError> {
    match id {
        "" => Err(ReadError::unexpected(action, "it has no name")),
        _ => Ok(()),
    }
}

/// Kinds whose id says nothing, so that each desired one is judged by its attributes: what `read` makes of them is its
/// live form, `None` says that it does not exist. Two different ones (by `key`) under one id cannot be distinguished.
pub(super) fn judged(
    request: &ListRequest<'_>,
    key: &'static str,
    read: impl Fn(&PriorState<'_>, &Attributes) -> Option<Live>,
) -> Listed {
    let all: Vec<_> = request.desired.iter().map(|prior| (prior, prior.attributes())).collect();
    let mut keys: HashMap<&str, HashSet<&str>> = HashMap::new();
    for (desired, attributes) in &all {
        keys.entry(desired.id).or_default().insert(text(attributes, key));
    }
    let mut found = Listed::default();
    for (desired, attributes) in &all {
        if keys.get(desired.id).is_some_and(|keys| keys.len() > 1) {
            let message = format!("several resources of different `{key}` have the id {:?}: rename them", desired.id);
            let error = ReadError::unexpected("iam:GetAccountAuthorizationDetails", message);
            found.errors.push((Some(desired.id.to_owned()), error));
        } else {
            found.live.extend(read(desired, attributes));
        }
    }
    found
}

/// The values of a set of strings.
pub(super) fn strings<'a>(attributes: &'a Attributes, name: &str) -> impl Iterator<Item = &'a str> {
    attributes.get(name).and_then(|value| value.as_array()).into_iter().flatten().filter_map(|value| value.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_id_for_two_objects_is_a_gap_and_for_one_object_is_not() {
        let raw = |group: &str| serde_json::value::to_raw_value(&serde_json::json!({ "group": group })).unwrap();
        let (devs, ops) = (raw("devs"), raw("ops"));
        let all = [("m", &devs), ("m", &ops), ("n", &ops), ("n", &ops)];
        let all = all.map(|(id, raw)| PriorState::new(id, Some(raw)));
        let request = ListRequest::new(&all, false);
        let found = judged(&request, "group", |one, _| Some(Live { id: one.id.to_owned(), ..Live::default() }));
        assert_eq!(found.live.iter().map(|live| live.id.as_str()).collect::<Vec<_>>(), ["n", "n"]);
        assert_eq!(found.errors.len(), 2);
        assert!(found.errors.iter().all(|(id, _)| id.as_deref() == Some("m")));
    }

    #[test]
    fn documents_are_percent_decoded_and_plus_stays_plus() {
        let encoded = "%7B%22a%22%3A%20%22b%2Bc%22%7D";
        assert_eq!(document(Some(encoded)).as_deref(), Some(r#"{"a": "b+c"}"#));
        assert_eq!(document(Some(r#"{"a":"x+y"}"#)).as_deref(), Some(r#"{"a":"x+y"}"#));
        assert_eq!(document(None), None);
    }
}
