//! `aws_iam_policy_attachment`: all that one managed policy is attached to, in the whole account. Its id is a name of
//! no meaning; it is judged by the policy's ARN.

use async_trait::async_trait;
use serde_json::{Value, json};

use super::iam::principal::{self, Principal};
use super::iam::{self, Account, existing};
use crate::aws::ReadError;
use crate::inventory::value::{attributes, text};
use crate::inventory::{Kind, ListRequest, Listed, Reach, ScopeReader};
use crate::model::{Attributes, Live, OwnedField, PriorState};

pub(super) struct AwsIamPolicyAttachment;

/// The set attributes, and whose names they hold.
const SETS: [(&str, Principal); 3] =
    [("groups", Principal::Group), ("roles", Principal::Role), ("users", Principal::User)];

#[async_trait]
impl Kind for AwsIamPolicyAttachment {
    fn name(&self) -> &'static str {
        "aws_iam_policy_attachment"
    }

    fn reach(&self) -> Reach {
        Reach::Global
    }

    fn actions(&self) -> &'static [&'static str] {
        &["iam:GetAccountAuthorizationDetails", "iam:ListEntitiesForPolicy"]
    }

    async fn list(&self, aws: &ScopeReader, request: &ListRequest<'_>) -> Result<Listed, ReadError> {
        let account = iam::account(aws).await?;
        Ok(iam::judged(request, "policy_arn", |desired, values| {
            let attributes = read(&account, &desired.id, values)?;
            Some(Live { id: desired.id.clone(), attributes, ..Live::default() })
        }))
    }

    /// Attached to nothing is the same as gone: `internal/service/iam/policy_attachment.go`.
    async fn exists(&self, aws: &ScopeReader, desired: &PriorState<'_>) -> Result<bool, ReadError> {
        let values = desired.attributes();
        let call = aws.iam().list_entities_for_policy().policy_arn(text(&values, "policy_arn")).into_paginator();
        let pages = existing(aws.pages("iam:ListEntitiesForPolicy", call.send()).await)?.unwrap_or_default();
        Ok(pages.iter().any(|page| {
            !page.policy_groups().is_empty() || !page.policy_roles().is_empty() || !page.policy_users().is_empty()
        }))
    }

    fn owned_fields(&self, attributes: &Attributes) -> Vec<OwnedField> {
        let arn = text(attributes, "policy_arn");
        let of = |(attribute, principal)| {
            iam::strings(attributes, attribute).map(move |name| principal::attachment_part(principal, name, arn))
        };
        SETS.into_iter().flat_map(of).collect()
    }
}

/// `None`: attached to nothing.
fn read(account: &Account, id: &str, desired: &Attributes) -> Option<Attributes> {
    let arn = text(desired, "policy_arn");
    let mut values = attributes(json!({ "id": id, "name": text(desired, "name"), "policy_arn": arn }));
    let mut any = false;
    for (attribute, principal) in SETS {
        let bounded = bounded(account, principal, arn);
        let named: Vec<&str> = iam::strings(desired, attribute).collect();
        let holders = principal.holders(account);
        let names = holders.iter().filter(|holder| {
            // ListEntitiesForPolicy, which the provider asks, also tells whom the policy only bounds: such a name in
            // the state is no drift, and one that is not there neither.
            holder.attached.iter().any(|policy| policy.policy_arn() == Some(arn))
                || bounded.contains(&holder.name) && named.contains(&holder.name)
        });
        let names: Vec<Value> = names.map(|holder| holder.name.into()).collect();
        any |= !names.is_empty();
        values.insert(attribute.to_owned(), names.into());
    }
    any.then_some(values)
}

/// Names of those whose permissions boundary is this policy.
fn bounded<'a>(account: &'a Account, principal: Principal, arn: &str) -> Vec<&'a str> {
    let users = account.users.iter().map(|user| (user.user_name(), user.permissions_boundary()));
    let roles = account.roles.iter().map(|role| (role.role_name(), role.permissions_boundary()));
    let all: Vec<_> = match principal {
        Principal::User => users.collect(),
        Principal::Role => roles.collect(),
        Principal::Group => Vec::new(),
    };
    let of =
        all.into_iter().filter(|(_, boundary)| boundary.and_then(|one| one.permissions_boundary_arn()) == Some(arn));
    of.filter_map(|(name, _)| name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_iam::types::{AttachedPermissionsBoundary, AttachedPolicy, RoleDetail, UserDetail};

    #[test]
    fn all_holders_of_the_account_and_bounded_ones_only_when_named() {
        let arn = "arn:aws:iam::1:policy/p";
        let attached = AttachedPolicy::builder().policy_arn(arn).build();
        let boundary = AttachedPermissionsBoundary::builder().permissions_boundary_arn(arn).build();
        let user = |name: &str| UserDetail::builder().user_name(name);
        let account = Account {
            users: vec![
                user("ana").attached_managed_policies(attached.clone()).build(),
                user("bob").permissions_boundary(boundary.clone()).build(),
                user("eve").permissions_boundary(boundary).build(),
            ],
            roles: vec![RoleDetail::builder().role_name("app").attached_managed_policies(attached).build()],
            ..Account::default()
        };
        let desired = attributes(json!({ "policy_arn": arn, "users": ["bob"], "roles": [] }));
        let found = read(&account, "x", &desired).unwrap();
        assert_eq!(found["users"], json!(["ana", "bob"]));
        assert_eq!(found["roles"], json!(["app"]));
        assert_eq!(found["groups"], json!([]));
        let other = attributes(json!({ "policy_arn": "arn:aws:iam::1:policy/q" }));
        assert!(read(&account, "x", &other).is_none());
    }
}
