//! `aws_iam_role`, with the inline and managed policies that hang on it, whoever manages those.

use async_trait::async_trait;
use aws_sdk_iam::types::{AttachedPolicy, PolicyDetail, Role, RoleDetail};
use futures::future::try_join;
use serde_json::{Value, json};

use super::iam::principal::Principal;
use super::iam::{self, document, narrow};
use crate::aws::ReadError;
use crate::inventory::value::{attributes, iam_tags, text, time};
use crate::inventory::{Kind, ListRequest, Listed, Reach, ScopeReader};
use crate::model::{Attributes, CompareRules, Live, Owner, PriorState};

pub(super) struct AwsIamRole;

#[async_trait]
impl Kind for AwsIamRole {
    fn name(&self) -> &'static str {
        "aws_iam_role"
    }

    fn reach(&self) -> Reach {
        Reach::Global
    }

    fn actions(&self) -> &'static [&'static str] {
        &[
            "iam:GetAccountAuthorizationDetails",
            "iam:GetRole",
            "iam:GetRolePolicy",
            "iam:ListAttachedRolePolicies",
            "iam:ListRolePolicies",
            "iam:ListRoles",
        ]
    }

    /// `name_prefix` is what the provider cuts out of the name.
    fn compare_rules(&self) -> CompareRules {
        CompareRules {
            identity: &["unique_id"],
            creation_time: Some("create_date"),
            not_returned: &["force_detach_policies", "name_prefix"],
            policies: &["assume_role_policy", "inline_policy"],
            normalize: Some(normalize),
            ..CompareRules::default()
        }
    }

    async fn list(&self, aws: &ScopeReader, request: &ListRequest<'_>) -> Result<Listed, ReadError> {
        let account = iam::account(aws).await?;
        let listed = iam::roles(aws).await;
        let mut found = Listed::default();
        for role in &account.roles {
            let mut live = live(role);
            match listed.as_ref().ok().and_then(|roles| roles.get(&live.id)) {
                Some(role) => live.attributes.extend(more(role)),
                None if listed.is_ok() && request.declares(&live.id) => {
                    found.errors.push((Some(live.id.clone()), unlisted()));
                }
                None => {}
            }
            found.live.push(live);
        }
        if let Err(error) = listed {
            found.errors.push((None, error));
        }
        Ok(found)
    }

    async fn read(&self, aws: &ScopeReader, prior: &PriorState<'_>) -> Result<Option<Live>, ReadError> {
        let read = narrow::role(aws, prior.id).await?;
        let Some(role) = read.as_ref() else { return Ok(None) };
        let inline = narrow::inline(aws, Principal::Role, prior.id);
        let (inline, attached) = try_join(inline, narrow::attached(aws, Principal::Role, prior.id)).await?;
        let (Some(inline), Some(attached)) = (inline, attached.as_ref()) else { return Ok(None) };
        let mut live = live(&detail(role, inline, attached.clone()));
        live.attributes.extend(more(role));
        Ok(Some(live))
    }
}

/// A role that was read by itself, in the form of the account's details.
pub(super) fn detail(role: &Role, inline: Vec<PolicyDetail>, attached: Vec<AttachedPolicy>) -> RoleDetail {
    RoleDetail::builder()
        .arn(role.arn())
        .set_assume_role_policy_document(role.assume_role_policy_document().map(str::to_owned))
        .set_attached_managed_policies(Some(attached))
        .create_date(*role.create_date())
        .path(role.path())
        .set_permissions_boundary(role.permissions_boundary().cloned())
        .role_id(role.role_id())
        .role_name(role.role_name())
        .set_role_policy_list(Some(inline))
        .set_tags(Some(role.tags().to_vec()))
        .build()
}

/// What the account's details show.
fn live(role: &RoleDetail) -> Live {
    let name = role.role_name().unwrap_or_default();
    let inline = role.role_policy_list().iter().map(|policy| {
        let document = document(policy.policy_document()).unwrap_or_default();
        inline_policy(policy.policy_name().unwrap_or_default(), &document)
    });
    let managed = role.attached_managed_policies().iter().map(|policy| policy.policy_arn());
    let values = json!({
        "arn": role.arn(),
        "assume_role_policy": document(role.assume_role_policy_document()),
        "create_date": time(role.create_date()),
        "id": name,
        "inline_policy": inline.collect::<Value>(),
        "managed_policy_arns": managed.collect::<Value>(),
        "name": name,
        "path": role.path(),
        "permissions_boundary": role.permissions_boundary().and_then(|boundary| boundary.permissions_boundary_arn()),
        "tags_all": iam_tags(role.tags()),
        "unique_id": role.role_id(),
    });
    Live { id: name.to_owned(), attributes: attributes(values), owner: owner_of(role.path().unwrap_or_default()) }
}

/// What only ListRoles and GetRole return.
pub(super) fn more(role: &Role) -> Attributes {
    attributes(json!({
        "description": role.description(),
        "max_session_duration": role.max_session_duration(),
    }))
}

/// Two listings contradict each other: what only the second shows is not known.
pub(super) fn unlisted() -> ReadError {
    ReadError::unexpected("iam:ListRoles", "the role is in the account's details only")
}

/// Paths that only AWS can use:
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html>,
/// <https://docs.aws.amazon.com/singlesignon/latest/userguide/referencingpermissionsets.html>.
fn owner_of(path: &str) -> Owner {
    if path.starts_with("/aws-service-role/") {
        Owner::Aws("service-linked role")
    } else if path.starts_with("/aws-reserved/") {
        Owner::Aws("role of an IAM Identity Center permission set")
    } else {
        Owner::None
    }
}

/// One element of the set `inline_policy`.
pub(super) fn inline_policy(name: &str, policy: &str) -> Value {
    json!({ "name": name, "policy": policy })
}

/// The empty block, which means "no inline policies", is left out.
fn normalize(values: &mut Attributes) {
    if let Some(Value::Array(policies)) = values.get_mut("inline_policy") {
        policies.retain(|policy| policy.as_object().is_none_or(|one| !text(one, "name").is_empty()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_of_aws_are_made_by_aws() {
        let cases = [
            ("/", Owner::None),
            ("/service-role/", Owner::None),
            ("/aws-service-role/autoscaling.amazonaws.com/", Owner::Aws("service-linked role")),
            ("/aws-reserved/sso.amazonaws.com/", Owner::Aws("role of an IAM Identity Center permission set")),
        ];
        for (path, expected) in cases {
            assert_eq!(owner_of(path), expected, "{path}");
        }
    }

    #[test]
    fn an_empty_inline_policy_is_none() {
        let mut state = attributes(json!({ "inline_policy": [{ "name": "", "policy": "" }, { "name": "logs" }] }));
        normalize(&mut state);
        assert_eq!(state["inline_policy"], json!([{ "name": "logs" }]));
    }

    #[test]
    fn documents_are_decoded_and_policies_listed() {
        let policy = PolicyDetail::builder().policy_name("p").policy_document("%7B%22a%22%3A1%7D").build();
        let attached = AttachedPolicy::builder().policy_arn("arn:aws:iam::aws:policy/X").build();
        let role = RoleDetail::builder()
            .role_name("r")
            .path("/")
            .assume_role_policy_document("%7B%7D")
            .role_policy_list(policy)
            .attached_managed_policies(attached)
            .build();
        let live = live(&role);
        assert_eq!(live.id, "r");
        assert_eq!(live.attributes["assume_role_policy"], json!("{}"));
        assert_eq!(live.attributes["inline_policy"], json!([{ "name": "p", "policy": "{\"a\":1}" }]));
        assert_eq!(live.attributes["managed_policy_arns"], json!(["arn:aws:iam::aws:policy/X"]));
        assert_eq!(live.attributes["permissions_boundary"], Value::Null);
        assert!(!live.attributes.contains_key("description"), "not read is not empty");
    }
}
