//! `aws_iam_user_group_membership`: some groups of a user. Only the groups that it names are its own; its id is random,
//! it is judged by the user. A membership that nobody declares is a part of its user, with the id that `terraform import`
//! takes: `USER/GROUP`.

use async_trait::async_trait;
use aws_sdk_iam::types::UserDetail;
use serde_json::{Value, json};

use super::iam;
use super::iam::principal::{self, Principal};
use crate::aws::ReadError;
use crate::inventory::value::{attributes, text};
use crate::inventory::{Kind, ListRequest, Listed, Reach, ScopeReader};
use crate::model::{Attributes, Live, OwnedField, Owner, PriorState};

pub(super) struct AwsIamUserGroupMembership;

#[async_trait]
impl Kind for AwsIamUserGroupMembership {
    fn name(&self) -> &'static str {
        "aws_iam_user_group_membership"
    }

    fn reach(&self) -> Reach {
        Reach::Global
    }

    fn actions(&self) -> &'static [&'static str] {
        &["iam:GetAccountAuthorizationDetails", "iam:GetUser"]
    }

    async fn list(&self, aws: &ScopeReader, request: &ListRequest<'_>) -> Result<Listed, ReadError> {
        let account = iam::account(aws).await?;
        let mut found = iam::judged(request, "user", |desired, values| {
            let name = text(values, "user");
            let user = account.users.iter().find(|user| user.user_name() == Some(name))?;
            let own = iam::strings(values, "groups").filter(|group| user.group_list().iter().any(|of| of == group));
            let groups: Value = own.collect();
            let values = attributes(json!({ "groups": groups, "id": desired.id, "user": name }));
            let owner = Owner::Parent { kind: "aws_iam_user", id: name.to_owned() };
            Some(Live { id: desired.id.clone(), attributes: values, owner })
        });
        if request.unmanaged {
            found.live.extend(account.users.iter().flat_map(memberships));
        }
        Ok(found)
    }

    fn report_unmanaged_children(&self) -> bool {
        true
    }

    fn owned_fields(&self, attributes: &Attributes) -> Vec<OwnedField> {
        let user = text(attributes, "user");
        iam::strings(attributes, "groups").map(|group| principal::membership_part(group, user)).collect()
    }

    /// It lives as long as its user: `internal/service/iam/user_group_membership.go`.
    async fn exists(&self, aws: &ScopeReader, desired: &PriorState<'_>) -> Result<bool, ReadError> {
        principal::exists(aws, Principal::User, text(&desired.attributes(), "user")).await
    }
}

/// Every membership of a user by itself; those that somebody declares are sorted out by their parts.
fn memberships(user: &UserDetail) -> impl Iterator<Item = Live> {
    let name = user.user_name().unwrap_or_default();
    user.group_list().iter().map(move |group| {
        let id = format!("{name}/{group}");
        let values = attributes(json!({ "groups": [group], "id": id, "user": name }));
        Live { id, attributes: values, owner: Owner::Parent { kind: "aws_iam_user", id: name.to_owned() } }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::kinds::aws_iam_group_membership::AwsIamGroupMembership;

    #[test]
    fn a_membership_is_declared_from_either_side() {
        let user = UserDetail::builder().user_name("ana").group_list("admins").group_list("devs").build();
        let found: Vec<_> = memberships(&user).collect();
        assert_eq!(found.iter().map(|live| live.id.as_str()).collect::<Vec<_>>(), ["ana/admins", "ana/devs"]);
        let own = AwsIamUserGroupMembership.owned_fields(&found[0].attributes);
        let group =
            AwsIamGroupMembership.owned_fields(&attributes(json!({ "group": "admins", "users": ["bob", "ana"] })));
        assert_eq!(own.len(), 1);
        assert_eq!(own[0], group[1]);
    }
}
