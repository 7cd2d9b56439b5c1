//! What the IAM kinds share: one listing of the account, decoding of documents, and details of the desired ones.
//! Knows no kind's attributes.

pub(super) mod principal;

use std::collections::{HashMap, HashSet};
use std::future::Future;
use std::sync::Arc;

use aws_sdk_iam::types::{EntityType, GroupDetail, ManagedPolicyDetail, Role, RoleDetail, UserDetail};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use futures::future::join_all;
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
            .iam
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

/// One single read; `None` when IAM says that the thing does not exist.
pub(super) async fn single<T, E>(
    aws: &ScopeReader,
    action: &'static str,
    call: impl Future<Output = Result<T, SdkError<E, HttpResponse>>>,
) -> Result<Option<T>, ReadError>
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    not_found(aws.call(action, call).await, GONE)
}

/// The same for an answer that is at hand already.
pub(super) fn existing<T>(answer: Result<T, ReadError>) -> Result<Option<T>, ReadError> {
    not_found(answer, GONE)
}

/// Completes the desired ones of a listing by a read of each (by its id), drops strangers that nobody asked for.
/// `None` from `read`: deleted in between.
pub(super) async fn with_details<F>(live: Vec<Live>, request: &ListRequest<'_>, read: impl Fn(String) -> F) -> Listed
where
    F: Future<Output = Result<Option<Attributes>, ReadError>>,
{
    let ids: HashSet<&str> = request.desired.iter().map(|desired| desired.id.as_str()).collect();
    let mut found = Listed::default();
    let mut known = Vec::new();
    for one in live {
        if ids.contains(one.id.as_str()) {
            known.push(one);
        } else if request.unmanaged {
            found.live.push(one);
        }
    }
    let answers = join_all(known.iter().map(|one| read(one.id.clone()))).await;
    for (mut one, answer) in known.into_iter().zip(answers) {
        match answer {
            Ok(None) => continue,
            Ok(Some(more)) => one.attributes.extend(more),
            Err(error) => found.errors.push((Some(one.id.clone()), error)),
        }
        found.live.push(one);
    }
    found
}

/// Reads each desired one by itself, for kinds that have no listing. `None` from `read`: it does not exist.
pub(super) async fn one_by_one<F>(desired: &[&PriorState<'_>], read: impl Fn(Attributes, String) -> F) -> Listed
where
    F: Future<Output = Result<Option<Attributes>, ReadError>>,
{
    let mut found = Listed::default();
    let answers = join_all(desired.iter().map(|one| read(one.attributes(), one.id.clone()))).await;
    for (one, answer) in desired.iter().zip(answers) {
        match answer {
            Ok(None) => {}
            Ok(Some(attributes)) => found.live.push(Live { id: one.id.clone(), attributes, ..Live::default() }),
            Err(error) => found.errors.push((Some(one.id.clone()), error)),
        }
    }
    found
}

/// One gap for all users whose belongings stay unseen: mostly one refusal for the lot.
pub(super) fn unseen(users: Vec<(&str, ReadError)>) -> Option<(Option<String>, ReadError)> {
    let count = users.len();
    let (first, error) = users.into_iter().next()?;
    let named = if count == 1 { first.to_owned() } else { format!("{first} and {} more users", count - 1) };
    Some((Some(named), error))
}

/// Kinds whose id says nothing, so that each desired one is judged by its attributes: what `read` makes of them is its
/// live form, `None` says that it does not exist. Two different ones (by `key`) under one id cannot be told apart.
pub(super) fn judged(
    request: &ListRequest<'_>,
    key: &'static str,
    read: impl Fn(&PriorState<'_>, &Attributes) -> Option<Live>,
) -> Listed {
    let all: Vec<_> = request.desired.iter().map(|desired| (*desired, desired.attributes())).collect();
    let mut keys: HashMap<&str, HashSet<&str>> = HashMap::new();
    for (desired, attributes) in &all {
        keys.entry(&desired.id).or_default().insert(text(attributes, key));
    }
    let mut found = Listed::default();
    for (desired, attributes) in &all {
        if keys.get(desired.id.as_str()).is_some_and(|keys| keys.len() > 1) {
            let message = format!("several resources of different `{key}` have the id {:?}: rename them", desired.id);
            let error = ReadError::unexpected("iam:GetAccountAuthorizationDetails", message);
            found.errors.push((Some(desired.id.clone()), error));
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
    use crate::model::{InstanceStatus, ProviderRef};

    fn desired(id: &str, group: &str) -> Desired {
        let attributes = serde_json::json!({ "id": id, "group": group });
        Desired {
            address: group.to_owned(),
            kind: "aws_iam_group_membership".into(),
            id: id.to_owned(),
            account: None,
            region: None,
            source: 0,
            also_in: Vec::new(),
            provider: ProviderRef { module: None, address: "aws".to_owned(), alias: None },
            schema_version: 0,
            status: InstanceStatus::Ready,
            raw_attributes: serde_json::value::to_raw_value(&attributes).unwrap(),
            sensitive: Vec::new(),
            code: None,
            declared: None,
        }
    }

    #[test]
    fn one_id_for_two_objects_is_a_gap_and_for_one_object_is_not() {
        let all = [desired("m", "devs"), desired("m", "ops"), desired("n", "ops"), desired("n", "ops")];
        let all: Vec<_> = all.iter().collect();
        let request = ListRequest { desired: &all, unmanaged: false, owners: &[] };
        let found = judged(request, "group", |one, _| Some(Live { id: one.id.clone(), ..Live::default() }));
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
