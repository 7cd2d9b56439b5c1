//! Roles, users and groups as holders of inline policies and of attached managed policies: what the nine kinds of
//! policies and attachments have in common.

use aws_sdk_iam::types::{AttachedPolicy, PolicyDetail};
use serde_json::{Value, json};

use super::{Account, account, document, judged, narrow};
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

/// Inline policies; the id is `NAME:POLICY`.
pub(in super::super) async fn list_inline(aws: &ScopeReader, principal: Principal) -> Result<Listed, ReadError> {
    let account = account(aws).await?;
    let holders = principal.holders(&account);
    Ok(holders.iter().flat_map(|of| of.inline.iter().map(|policy| inline(principal, of.name, policy))).collect())
}

/// One inline policy by itself.
pub(in super::super) async fn read_inline(
    aws: &ScopeReader,
    prior: &PriorState<'_>,
    principal: Principal,
) -> Result<Option<Live>, ReadError> {
    let Some((name, policy)) = prior.id.split_once(':') else {
        return Err(ReadError::unexpected(
            narrow::inline_policy_action(principal),
            "the id is not of the form NAME:POLICY",
        ));
    };
    let read = narrow::inline_policy(aws, principal, name, policy).await?;
    Ok(read.as_ref().as_ref().map(|policy| inline(principal, name, policy)))
}

/// The inline policies of one role, user or group.
pub(in super::super) async fn inline_of(
    aws: &ScopeReader,
    principal: Principal,
    name: &str,
) -> Result<Vec<Live>, ReadError> {
    let policies = narrow::inline(aws, principal, name).await?.unwrap_or_default();
    Ok(policies.iter().map(|policy| inline(principal, name, policy)).collect())
}

/// Attached managed policies. The id in a state is random or means nothing: a desired one is judged by its attributes.
/// The id of an unmanaged one is what `terraform import` takes, `NAME/ARN`.
pub(in super::super) async fn list_attached(
    aws: &ScopeReader,
    request: &ListRequest<'_>,
    principal: Principal,
) -> Result<Listed, ReadError> {
    let account = account(aws).await?;
    let mut desired = Vec::new();
    for one in request.desired {
        let (name, arn) = attachment(one, principal);
        desired.push((one.id, name, arn));
    }
    let mut found = Listed::default();
    for holder in principal.holders(&account) {
        for policy in holder.attached {
            let arn = policy.policy_arn().unwrap_or_default();
            let mut named = desired.iter().filter(|(_, name, of)| name == holder.name && of == arn).peekable();
            if named.peek().is_none() {
                found.live.push(unmanaged_attached(principal, holder.name, arn));
            }
            found.live.extend(named.map(|(id, ..)| attached((*id).to_owned(), principal, holder.name, arn)));
        }
    }
    Ok(found)
}

/// One attachment, out of the attachments of its role, user or group.
pub(in super::super) async fn read_attached(
    aws: &ScopeReader,
    prior: &PriorState<'_>,
    principal: Principal,
) -> Result<Option<Live>, ReadError> {
    let (name, arn) = attachment(prior, principal);
    if arn.is_empty() {
        return Err(ReadError::unexpected(
            narrow::attached_action(principal),
            "nothing shows which policy it attaches",
        ));
    }
    let policies = narrow::attached(aws, principal, &name).await?;
    let is_attached = policies.iter().flatten().any(|policy| policy.policy_arn() == Some(&arn));
    Ok(is_attached.then(|| attached(prior.id.to_owned(), principal, &name, &arn)))
}

/// The attachments of one role, user or group.
pub(in super::super) async fn attached_of(
    aws: &ScopeReader,
    principal: Principal,
    name: &str,
) -> Result<Vec<Live>, ReadError> {
    let policies = narrow::attached(aws, principal, name).await?;
    let arns = policies.iter().flatten().map(|policy| policy.policy_arn().unwrap_or_default());
    Ok(arns.map(|arn| unmanaged_attached(principal, name, arn)).collect())
}

/// What an exclusive kind lists: its set attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Exclusive {
    /// `policy_names`
    Inline,
    /// `policy_arns`
    Attached,
}

/// What an exclusive kind says. These kinds have no id: each desired one is judged by the name of its holder.
pub(in super::super) async fn list_exclusive(
    aws: &ScopeReader,
    request: &ListRequest<'_>,
    principal: Principal,
    what: Exclusive,
) -> Result<Listed, ReadError> {
    if request.desired.is_empty() {
        return Ok(Listed::default());
    }
    let account = account(aws).await?;
    let holders = principal.holders(&account);
    Ok(judged(request, principal.name_attribute(), |desired, values| {
        let name = text(values, principal.name_attribute());
        let holder = holders.iter().find(|holder| holder.name == name)?;
        let set = match what {
            Exclusive::Inline => holder.inline.iter().map(|policy| json!(policy.policy_name())).collect(),
            Exclusive::Attached => arns(holder.attached),
        };
        Some(exclusive(desired.id, principal, name, what, set))
    }))
}

/// An exclusive kind lives as long as its holder.
pub(in super::super) async fn read_exclusive(
    aws: &ScopeReader,
    prior: &PriorState<'_>,
    principal: Principal,
    what: Exclusive,
) -> Result<Option<Live>, ReadError> {
    let values = prior.attributes();
    let name = text(&values, principal.name_attribute());
    let set = match what {
        Exclusive::Inline => {
            let names = narrow::inline_names(aws, principal, name).await?;
            names.as_ref().as_ref().map(|names| json!(names))
        }
        Exclusive::Attached => {
            let policies = narrow::attached(aws, principal, name).await?;
            policies.as_ref().as_ref().map(|policies| arns(policies))
        }
    };
    Ok(set.map(|set| exclusive(prior.id, principal, name, what, set)))
}

/// Which fields an attachment owns. Only roles have the attribute; for users and groups the part is no more than the
/// knowledge that somebody declares the attachment.
pub(in super::super) fn attachment_part(principal: Principal, name: &str, arn: &str) -> OwnedField {
    OwnedField {
        parent_kind: principal.kind(),
        parent_id: name.to_owned(),
        attribute: "managed_policy_arns",
        element: Some(arn.into()),
    }
}

/// Which field the name of an inline policy belongs to: knowledge only, whatever the policy says.
pub(in super::super) fn policy_name_part(principal: Principal, holder: &str, policy: &str) -> OwnedField {
    OwnedField {
        parent_kind: principal.kind(),
        parent_id: holder.to_owned(),
        attribute: "policy_names",
        element: Some(policy.into()),
    }
}

/// Which field a user's membership of a group belongs to. Groups have no such attribute: no more than the knowledge that
/// somebody declares it.
pub(in super::super) fn membership_part(group: &str, user: &str) -> OwnedField {
    OwnedField {
        parent_kind: "aws_iam_group",
        parent_id: group.to_owned(),
        attribute: "users",
        element: Some(user.into()),
    }
}

fn inline(principal: Principal, holder: &str, policy: &PolicyDetail) -> Live {
    let name = policy.policy_name().unwrap_or_default();
    let id = format!("{holder}:{name}");
    let mut values = attributes(json!({
        "id": id,
        "name": name,
        "policy": document(policy.policy_document()),
    }));
    values.insert(principal.attribute().to_owned(), json!(holder));
    Live { id, attributes: values, owner: principal.part_of(holder) }
}

/// The holder and the policy that an attachment names; an unmanaged one by its id.
fn attachment(prior: &PriorState<'_>, principal: Principal) -> (String, String) {
    let values = prior.attributes();
    match (text(&values, principal.attribute()), text(&values, "policy_arn")) {
        ("", "") => {
            let (name, arn) = prior.id.split_once('/').unwrap_or_default();
            (name.to_owned(), arn.to_owned())
        }
        (name, arn) => (name.to_owned(), arn.to_owned()),
    }
}

fn unmanaged_attached(principal: Principal, name: &str, arn: &str) -> Live {
    attached(format!("{name}/{arn}"), principal, name, arn)
}

fn attached(id: String, principal: Principal, name: &str, arn: &str) -> Live {
    let mut values = attributes(json!({ "id": id, "policy_arn": arn }));
    values.insert(principal.attribute().to_owned(), json!(name));
    Live { id, attributes: values, owner: principal.part_of(name) }
}

fn arns(policies: &[AttachedPolicy]) -> Value {
    policies.iter().map(|policy| json!(policy.policy_arn())).collect()
}

fn exclusive(id: &str, principal: Principal, name: &str, what: Exclusive, set: Value) -> Live {
    let attribute = match what {
        Exclusive::Inline => "policy_names",
        Exclusive::Attached => "policy_arns",
    };
    let attributes =
        Attributes::from_iter([(principal.name_attribute().to_owned(), json!(name)), (attribute.to_owned(), set)]);
    Live { id: id.to_owned(), attributes, owner: principal.part_of(name) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attachment_is_named_by_its_attributes_or_else_by_its_id() {
        let raw = serde_json::value::to_raw_value(&json!({ "role": "app", "policy_arn": "arn:p" })).unwrap();
        let declared = PriorState::new("app-2024", Some(&raw));
        assert_eq!(attachment(&declared, Principal::Role), ("app".to_owned(), "arn:p".to_owned()));
        let live = unmanaged_attached(Principal::Role, "app", "arn:aws:iam::aws:policy/job-function/X");
        let unmanaged = PriorState::new(&live.id, None);
        let named = ("app".to_owned(), "arn:aws:iam::aws:policy/job-function/X".to_owned());
        assert_eq!(attachment(&unmanaged, Principal::Role), named);
    }
}
