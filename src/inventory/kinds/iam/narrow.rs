//! One role, user or group by itself, in as few calls as AWS has for it: for reads that must not list the account. Each
//! call is made once in a cycle, whoever asks.

use std::sync::Arc;

use aws_sdk_iam::operation::get_group::GetGroupOutput;
use aws_sdk_iam::types::{AttachedPolicy, Group, PolicyDetail, Role, User};
use futures::future::try_join_all;

use super::principal::Principal;
use super::{PAGE, all, one};
use crate::aws::ReadError;
use crate::inventory::ScopeReader;

/// A role without its policies.
pub(in super::super) async fn role(aws: &ScopeReader, name: &str) -> Result<Arc<Option<Role>>, ReadError> {
    let call = aws.iam().get_role().role_name(name).send();
    one(aws, "iam:GetRole", name, call, |answer| answer.role).await
}

/// A user without its policies and groups.
pub(in super::super) async fn user(aws: &ScopeReader, name: &str) -> Result<Arc<Option<User>>, ReadError> {
    let call = aws.iam().get_user().user_name(name).send();
    one(aws, "iam:GetUser", name, call, |answer| answer.user).await
}

/// A group with the names of its users.
pub(in super::super) async fn group(aws: &ScopeReader, name: &str) -> Result<Option<(Group, Vec<String>)>, ReadError> {
    const ACTION: &str = "iam:GetGroup";
    let call = aws.iam().get_group().group_name(name).max_items(PAGE).into_paginator();
    let pages: Arc<Option<Vec<GetGroupOutput>>> = all(aws, ACTION, name, call.send()).await?;
    let Some(pages) = pages.as_ref() else { return Ok(None) };
    let Some(group) = pages.iter().find_map(|page| page.group()) else {
        return Err(ReadError::unexpected(ACTION, "the answer lacks what was asked for"));
    };
    let users = pages.iter().flat_map(|page| page.users()).map(|user| user.user_name().to_owned());
    Ok(Some((group.clone(), users.collect())))
}

/// The names of a user's groups.
pub(in super::super) async fn groups_of(aws: &ScopeReader, user: &str) -> Result<Option<Vec<String>>, ReadError> {
    let call = aws.iam().list_groups_for_user().user_name(user).max_items(PAGE).into_paginator();
    let groups = all(aws, "iam:ListGroupsForUser", user, call.items().send()).await?;
    let names = |groups: &Vec<Group>| groups.iter().map(|group| group.group_name().to_owned()).collect();
    Ok(groups.as_ref().as_ref().map(names))
}

/// The names of somebody's inline policies.
pub(super) async fn inline_names(
    aws: &ScopeReader,
    principal: Principal,
    name: &str,
) -> Result<Arc<Option<Vec<String>>>, ReadError> {
    let iam = aws.iam();
    match principal {
        Principal::Role => {
            let call = iam.list_role_policies().role_name(name).max_items(PAGE).into_paginator();
            all(aws, "iam:ListRolePolicies", name, call.items().send()).await
        }
        Principal::User => {
            let call = iam.list_user_policies().user_name(name).max_items(PAGE).into_paginator();
            all(aws, "iam:ListUserPolicies", name, call.items().send()).await
        }
        Principal::Group => {
            let call = iam.list_group_policies().group_name(name).max_items(PAGE).into_paginator();
            all(aws, "iam:ListGroupPolicies", name, call.items().send()).await
        }
    }
}

pub(super) fn inline_policy_action(principal: Principal) -> &'static str {
    match principal {
        Principal::Role => "iam:GetRolePolicy",
        Principal::User => "iam:GetUserPolicy",
        Principal::Group => "iam:GetGroupPolicy",
    }
}

/// One inline policy, under the name by which it was asked for, as in the provider.
pub(super) async fn inline_policy(
    aws: &ScopeReader,
    principal: Principal,
    name: &str,
    policy: &str,
) -> Result<Arc<Option<PolicyDetail>>, ReadError> {
    let (iam, action) = (aws.iam(), inline_policy_action(principal));
    let id = format!("{name}:{policy}");
    let detail = |document: String| Some(PolicyDetail::builder().policy_name(policy).policy_document(document).build());
    match principal {
        Principal::Role => {
            let call = iam.get_role_policy().role_name(name).policy_name(policy).send();
            one(aws, action, &id, call, |answer| detail(answer.policy_document)).await
        }
        Principal::User => {
            let call = iam.get_user_policy().user_name(name).policy_name(policy).send();
            one(aws, action, &id, call, |answer| detail(answer.policy_document)).await
        }
        Principal::Group => {
            let call = iam.get_group_policy().group_name(name).policy_name(policy).send();
            one(aws, action, &id, call, |answer| detail(answer.policy_document)).await
        }
    }
}

/// Somebody's inline policies with their documents.
pub(in super::super) async fn inline(
    aws: &ScopeReader,
    principal: Principal,
    name: &str,
) -> Result<Option<Vec<PolicyDetail>>, ReadError> {
    let names = inline_names(aws, principal, name).await?;
    let Some(names) = names.as_ref() else { return Ok(None) };
    let reads = names.iter().map(|policy| inline_policy(aws, principal, name, policy));
    let policies = try_join_all(reads).await?;
    // One that was deleted in between is not there any more.
    Ok(Some(policies.iter().filter_map(|policy| policy.as_ref().clone()).collect()))
}

pub(super) fn attached_action(principal: Principal) -> &'static str {
    match principal {
        Principal::Role => "iam:ListAttachedRolePolicies",
        Principal::User => "iam:ListAttachedUserPolicies",
        Principal::Group => "iam:ListAttachedGroupPolicies",
    }
}

/// The managed policies that are attached to somebody.
pub(in super::super) async fn attached(
    aws: &ScopeReader,
    principal: Principal,
    name: &str,
) -> Result<Arc<Option<Vec<AttachedPolicy>>>, ReadError> {
    let (iam, action) = (aws.iam(), attached_action(principal));
    match principal {
        Principal::Role => {
            let call = iam.list_attached_role_policies().role_name(name).max_items(PAGE).into_paginator();
            all(aws, action, name, call.items().send()).await
        }
        Principal::User => {
            let call = iam.list_attached_user_policies().user_name(name).max_items(PAGE).into_paginator();
            all(aws, action, name, call.items().send()).await
        }
        Principal::Group => {
            let call = iam.list_attached_group_policies().group_name(name).max_items(PAGE).into_paginator();
            all(aws, action, name, call.items().send()).await
        }
    }
}
