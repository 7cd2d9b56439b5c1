//! `aws_iam_policy_attachment`: all that one managed policy is attached to, in the whole account. Its id is a name of
//! no meaning; it is judged by the policy's ARN.

use std::collections::BTreeSet;

use async_trait::async_trait;
use aws_sdk_iam::types::PolicyUsageType;
use futures::future::try_join;
use serde_json::json;

use super::iam::principal::{self, Principal};
use super::iam::{self, Account, PAGE, all};
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
        if request.desired.is_empty() {
            return Ok(Listed::default());
        }
        let account = iam::account(aws).await?;
        Ok(iam::judged(request, "policy_arn", |desired, values| {
            live(desired.id, values, &Uses::listed(&account, text(values, "policy_arn")))
        }))
    }

    async fn read(&self, aws: &ScopeReader, prior: &PriorState<'_>) -> Result<Option<Live>, ReadError> {
        let values = prior.attributes();
        let uses = Uses::read(aws, text(&values, "policy_arn")).await?;
        Ok(uses.and_then(|uses| live(prior.id, &values, &uses)))
    }

    fn owned_fields(&self, attributes: &Attributes) -> Vec<OwnedField> {
        let arn = text(attributes, "policy_arn");
        let of = |(attribute, principal)| {
            iam::strings(attributes, attribute).map(move |name| principal::attachment_part(principal, name, arn))
        };
        SETS.into_iter().flat_map(of).collect()
    }
}

/// `None`: attached to nothing is the same as gone, `internal/service/iam/policy_attachment.go`.
fn live(id: &str, prior: &Attributes, uses: &Uses) -> Option<Live> {
    let arn = text(prior, "policy_arn");
    let mut values = attributes(json!({ "id": id, "name": text(prior, "name"), "policy_arn": arn }));
    for (attribute, principal) in SETS {
        let named: Vec<&str> = iam::strings(prior, attribute).collect();
        // ListEntitiesForPolicy, which the provider asks, also lists whom the policy only bounds: such a name in the state
        // is no drift, and one that is not there neither.
        let bounded = uses.bounded.iter().filter(|(_, name)| named.contains(&name.as_str()));
        let names = uses.attached.iter().chain(bounded).filter(|(of, _)| *of == principal).map(|(_, name)| name);
        let names: BTreeSet<&String> = names.collect();
        values.insert(attribute.to_owned(), json!(names));
    }
    let any = !uses.attached.is_empty() || !uses.bounded.is_empty();
    any.then(|| Live { id: id.to_owned(), attributes: values, ..Live::default() })
}

/// Whom a policy is attached to, and whose permissions boundary it is.
#[derive(Debug, Default)]
struct Uses {
    attached: Vec<(Principal, String)>,
    bounded: Vec<(Principal, String)>,
}

impl Uses {
    fn listed(account: &Account, arn: &str) -> Self {
        let mut uses = Self::default();
        for (_, principal) in SETS {
            let holders = principal.holders(account);
            let of = holders.iter().filter(|of| of.attached.iter().any(|policy| policy.policy_arn() == Some(arn)));
            uses.attached.extend(of.map(|of| (principal, of.name.to_owned())));
        }
        let users = account.users.iter().map(|of| (Principal::User, of.user_name(), of.permissions_boundary()));
        let roles = account.roles.iter().map(|of| (Principal::Role, of.role_name(), of.permissions_boundary()));
        for (principal, name, boundary) in users.chain(roles) {
            if boundary.and_then(|one| one.permissions_boundary_arn()) == Some(arn) {
                uses.bounded.push((principal, name.unwrap_or_default().to_owned()));
            }
        }
        uses
    }

    /// `None`: the policy does not exist.
    async fn read(aws: &ScopeReader, arn: &str) -> Result<Option<Self>, ReadError> {
        let attached = entities(aws, arn, PolicyUsageType::PermissionsPolicy);
        let read = try_join(attached, entities(aws, arn, PolicyUsageType::PermissionsBoundary)).await?;
        Ok(match read {
            (Some(attached), Some(bounded)) => Some(Self { attached, bounded }),
            _ => None,
        })
    }
}

async fn entities(
    aws: &ScopeReader,
    arn: &str,
    usage: PolicyUsageType,
) -> Result<Option<Vec<(Principal, String)>>, ReadError> {
    const ACTION: &str = "iam:ListEntitiesForPolicy";
    if arn.is_empty() {
        return Err(ReadError::unexpected(ACTION, "the state names no policy"));
    }
    let id = format!("{arn} {}", usage.as_str());
    let call = aws.iam().list_entities_for_policy().policy_arn(arn).policy_usage_filter(usage).max_items(PAGE);
    let pages = all(aws, ACTION, &id, call.into_paginator().send()).await?;
    let Some(pages) = pages.as_ref() else { return Ok(None) };
    let mut found = Vec::new();
    for page in pages {
        let groups = page.policy_groups().iter().map(|of| (Principal::Group, of.group_name()));
        let roles = page.policy_roles().iter().map(|of| (Principal::Role, of.role_name()));
        let users = page.policy_users().iter().map(|of| (Principal::User, of.user_name()));
        let named = groups.chain(roles).chain(users);
        found.extend(named.map(|(principal, name)| (principal, name.unwrap_or_default().to_owned())));
    }
    Ok(Some(found))
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
        let uses = Uses::listed(&account, arn);
        let found = live("x", &desired, &uses).unwrap().attributes;
        assert_eq!(found["users"], json!(["ana", "bob"]));
        assert_eq!(found["roles"], json!(["app"]));
        assert_eq!(found["groups"], json!([]));
        let only_bounds = Uses { bounded: uses.bounded, ..Uses::default() };
        let detached = attributes(json!({ "policy_arn": arn, "users": ["ana"] }));
        assert_eq!(live("x", &detached, &only_bounds).unwrap().attributes["users"], json!([]), "not gone to Terraform");
        let other = attributes(json!({ "policy_arn": "arn:aws:iam::1:policy/q" }));
        assert!(live("x", &other, &Uses::listed(&account, "arn:aws:iam::1:policy/q")).is_none());
    }
}
