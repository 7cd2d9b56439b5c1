//! Roles, users and groups as holders of inline policies and of attached managed policies: what the nine kinds of
//! policies and attachments have in common.

use std::collections::HashSet;

use aws_sdk_iam::types::{AttachedPolicy, PolicyDetail};
use serde_json::{Value, json};

use super::{Account, PAGE, account, document, existing, judged, single};
use crate::aws::ReadError;
use crate::inventory::value::{attributes, text};
use crate::inventory::{ListRequest, Listed, ScopeReader};
use crate::model::{Attributes, Live, OwnedField, Owner, PriorState};

/// What a policy can hang on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Principal {
    Role,
    User,
    Group,
}

/// One role, user or group with its policies.
pub(in super::super) struct Holder<'a> {
    pub(in super::super) name: &'a str,
    pub(in super::super) inline: &'a [PolicyDetail],
    pub(in super::super) attached: &'a [AttachedPolicy],
}

impl Principal {
    /// Terraform's type.
    pub(in super::super) fn kind(self) -> &'static str {
        match self {
            Self::Role => "aws_iam_role",
            Self::User => "aws_iam_user",
            Self::Group => "aws_iam_group",
        }
    }

    /// The attribute that names it in policies and attachments.
    pub(in super::super) fn attribute(self) -> &'static str {
        match self {
            Self::Role => "role",
            Self::User => "user",
            Self::Group => "group",
        }
    }

    /// The attribute that names it in the exclusive kinds.
    fn name_attribute(self) -> &'static str {
        match self {
            Self::Role => "role_name",
            Self::User => "user_name",
            Self::Group => "group_name",
        }
    }

    /// Everybody of this sort in the account.
    pub(in super::super) fn holders(self, account: &Account) -> Vec<Holder<'_>> {
        match self {
            Self::Role => account
                .roles
                .iter()
                .map(|role| Holder {
                    name: role.role_name().unwrap_or_default(),
                    inline: role.role_policy_list(),
                    attached: role.attached_managed_policies(),
                })
                .collect(),
            Self::User => account
                .users
                .iter()
                .map(|user| Holder {
                    name: user.user_name().unwrap_or_default(),
                    inline: user.user_policy_list(),
                    attached: user.attached_managed_policies(),
                })
                .collect(),
            Self::Group => account
                .groups
                .iter()
                .map(|group| Holder {
                    name: group.group_name().unwrap_or_default(),
                    inline: group.group_policy_list(),
                    attached: group.attached_managed_policies(),
                })
                .collect(),
        }
    }

    fn part_of(self, name: &str) -> Owner {
        Owner::Parent { kind: self.kind(), id: name.to_owned() }
    }
}

/// Does this role, user or group exist?
pub(in super::super) async fn exists(aws: &ScopeReader, principal: Principal, name: &str) -> Result<bool, ReadError> {
    Ok(match principal {
        Principal::Role => single(aws, "iam:GetRole", aws.iam().get_role().role_name(name).send()).await?.is_some(),
        Principal::User => single(aws, "iam:GetUser", aws.iam().get_user().user_name(name).send()).await?.is_some(),
        Principal::Group => {
            single(aws, "iam:GetGroup", aws.iam().get_group().group_name(name).max_items(1).send()).await?.is_some()
        }
    })
}

/// Inline policies; the id is `NAME:POLICY`.
pub(in super::super) async fn list_inline(
    aws: &ScopeReader,
    request: &ListRequest<'_>,
    principal: Principal,
) -> Result<Listed, ReadError> {
    let account = account(aws).await?;
    let ids: HashSet<&str> = request.desired.iter().map(|desired| desired.id.as_str()).collect();
    let mut found = Listed::default();
    for holder in principal.holders(&account) {
        for policy in holder.inline {
            let name = policy.policy_name().unwrap_or_default();
            let id = format!("{}:{name}", holder.name);
            if !request.unmanaged && !ids.contains(id.as_str()) {
                continue;
            }
            let mut values = attributes(json!({
                "id": id,
                "name": name,
                "policy": document(policy.policy_document()),
            }));
            values.insert(principal.attribute().to_owned(), json!(holder.name));
            found.live.push(Live { id, attributes: values, owner: principal.part_of(holder.name) });
        }
    }
    Ok(found)
}

/// Does this inline policy exist?
pub(in super::super) async fn inline_exists(
    aws: &ScopeReader,
    desired: &PriorState<'_>,
    principal: Principal,
) -> Result<bool, ReadError> {
    let Some((name, policy)) = desired.id.split_once(':') else {
        return Err(ReadError::unexpected(
            "iam:GetAccountAuthorizationDetails",
            "the id is not of the form NAME:POLICY",
        ));
    };
    let iam = &aws.iam();
    Ok(match principal {
        Principal::Role => {
            let call = iam.get_role_policy().role_name(name).policy_name(policy).send();
            single(aws, "iam:GetRolePolicy", call).await?.is_some()
        }
        Principal::User => {
            let call = iam.get_user_policy().user_name(name).policy_name(policy).send();
            single(aws, "iam:GetUserPolicy", call).await?.is_some()
        }
        Principal::Group => {
            let call = iam.get_group_policy().group_name(name).policy_name(policy).send();
            single(aws, "iam:GetGroupPolicy", call).await?.is_some()
        }
    })
}

/// Attached managed policies. The id in a state is random or means nothing: a desired one is judged by its attributes.
/// A stranger's id is what `terraform import` takes, `NAME/ARN`.
pub(in super::super) async fn list_attached(
    aws: &ScopeReader,
    request: &ListRequest<'_>,
    principal: Principal,
) -> Result<Listed, ReadError> {
    let account = account(aws).await?;
    let mut desired = Vec::new();
    for one in request.desired {
        let (name, arn) = attachment(one, principal);
        desired.push((one.id.as_str(), name, arn));
    }
    let mut found = Listed::default();
    for holder in principal.holders(&account) {
        for policy in holder.attached {
            let arn = policy.policy_arn().unwrap_or_default();
            let mut named = desired.iter().filter(|(_, name, of)| name == holder.name && of == arn).peekable();
            if named.peek().is_none() && request.unmanaged {
                let id = format!("{}/{arn}", holder.name);
                found.live.push(attached(id, principal, holder.name, arn));
            }
            found.live.extend(named.map(|(id, ..)| attached((*id).to_owned(), principal, holder.name, arn)));
        }
    }
    Ok(found)
}

/// Is this managed policy attached?
pub(in super::super) async fn attached_exists(
    aws: &ScopeReader,
    desired: &PriorState<'_>,
    principal: Principal,
) -> Result<bool, ReadError> {
    let (name, arn) = attachment(desired, principal);
    let iam = &aws.iam();
    let answer = match principal {
        Principal::Role => {
            let call = iam.list_attached_role_policies().role_name(name).max_items(PAGE).into_paginator();
            aws.pages("iam:ListAttachedRolePolicies", call.items().send()).await
        }
        Principal::User => {
            let call = iam.list_attached_user_policies().user_name(name).max_items(PAGE).into_paginator();
            aws.pages("iam:ListAttachedUserPolicies", call.items().send()).await
        }
        Principal::Group => {
            let call = iam.list_attached_group_policies().group_name(name).max_items(PAGE).into_paginator();
            aws.pages("iam:ListAttachedGroupPolicies", call.items().send()).await
        }
    };
    let policies = existing(answer)?.unwrap_or_default();
    Ok(policies.iter().any(|policy| policy.policy_arn() == Some(&arn)))
}

/// What an exclusive kind says: `what` is its set attribute, `policy_names` (inline) or `policy_arns` (attached). These
/// kinds have no id: each desired one is judged by the name of its holder.
pub(in super::super) async fn list_exclusive(
    aws: &ScopeReader,
    request: &ListRequest<'_>,
    principal: Principal,
    what: &'static str,
) -> Result<Listed, ReadError> {
    let account = account(aws).await?;
    let holders = principal.holders(&account);
    Ok(judged(request, principal.name_attribute(), |desired, values| {
        let name = text(values, principal.name_attribute());
        let holder = holders.iter().find(|holder| holder.name == name)?;
        let set: Value = match what {
            "policy_names" => holder.inline.iter().map(|policy| json!(policy.policy_name())).collect(),
            _ => holder.attached.iter().map(|policy| json!(policy.policy_arn())).collect(),
        };
        let attributes =
            Attributes::from_iter([(principal.name_attribute().to_owned(), json!(name)), (what.to_owned(), set)]);
        Some(Live { id: desired.id.clone(), attributes, owner: principal.part_of(name) })
    }))
}

/// An exclusive kind lives as long as its holder.
pub(in super::super) async fn exclusive_exists(
    aws: &ScopeReader,
    desired: &PriorState<'_>,
    principal: Principal,
) -> Result<bool, ReadError> {
    exists(aws, principal, &holder_name(desired, principal)).await
}

/// Who speaks for an attachment. Only roles have the attribute; for users and groups the part is no more than the
/// knowledge that somebody declares the attachment.
pub(in super::super) fn attachment_part(principal: Principal, name: &str, arn: &str) -> OwnedField {
    OwnedField {
        parent_kind: principal.kind(),
        parent_id: name.to_owned(),
        attribute: "managed_policy_arns",
        element: Some(arn.into()),
    }
}

/// Who speaks for the name of an inline policy: knowledge only, whatever the policy says.
pub(in super::super) fn policy_name_part(principal: Principal, holder: &str, policy: &str) -> OwnedField {
    OwnedField {
        parent_kind: principal.kind(),
        parent_id: holder.to_owned(),
        attribute: "policy_names",
        element: Some(policy.into()),
    }
}

/// Who speaks for a user's membership of a group. Groups have no such attribute: no more than the knowledge that
/// somebody declares it.
pub(in super::super) fn membership_part(group: &str, user: &str) -> OwnedField {
    OwnedField {
        parent_kind: "aws_iam_group",
        parent_id: group.to_owned(),
        attribute: "users",
        element: Some(user.into()),
    }
}

fn holder_name(desired: &PriorState<'_>, principal: Principal) -> String {
    text(&desired.attributes(), principal.name_attribute()).to_owned()
}

/// The holder and the policy that a desired attachment names.
fn attachment(desired: &PriorState<'_>, principal: Principal) -> (String, String) {
    let values = desired.attributes();
    (text(&values, principal.attribute()).to_owned(), text(&values, "policy_arn").to_owned())
}

fn attached(id: String, principal: Principal, name: &str, arn: &str) -> Live {
    let mut values = attributes(json!({ "id": id, "policy_arn": arn }));
    values.insert(principal.attribute().to_owned(), json!(name));
    Live { id, attributes: values, owner: principal.part_of(name) }
}
