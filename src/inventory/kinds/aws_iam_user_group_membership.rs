//! `aws_iam_user_group_membership`: some groups of a user. Only the groups that it names are its own; its id is random,
//! it is judged by the user. A membership that nobody declares is a part of its user and of its group, with the id that
//! `terraform import` takes: `USER/GROUP`.

use async_trait::async_trait;
use serde_json::{Value, json};

use super::iam::{self, narrow, principal};
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
        &["iam:GetAccountAuthorizationDetails", "iam:GetGroup", "iam:ListGroupsForUser"]
    }

    async fn list(&self, aws: &ScopeReader, request: &ListRequest<'_>) -> Result<Listed, ReadError> {
        let account = iam::account(aws).await?;
        let mut found = iam::judged(request, "user", |desired, values| {
            let name = text(values, "user");
            let user = account.users.iter().find(|user| user.user_name() == Some(name))?;
            Some(declared(desired.id, values, user.group_list()))
        });
        let all = account.users.iter();
        found.live.extend(all.flat_map(|user| memberships(user.user_name().unwrap_or_default(), user.group_list())));
        Ok(found)
    }

    /// It lives as long as its user: `internal/service/iam/user_group_membership.go`.
    async fn read(&self, aws: &ScopeReader, prior: &PriorState<'_>) -> Result<Option<Live>, ReadError> {
        let values = prior.attributes();
        if let Some(user) = user_of_unmanaged(prior.id, &values) {
            let groups = narrow::groups_of(aws, user).await?.unwrap_or_default();
            return Ok(memberships(user, &groups).find(|live| live.id == prior.id));
        }
        let groups = narrow::groups_of(aws, text(&values, "user")).await?;
        Ok(groups.map(|groups| declared(prior.id, &values, &groups)))
    }

    fn unmanaged_children_of(&self) -> &'static [&'static str] {
        &["aws_iam_group", "aws_iam_user"]
    }

    /// A user and a group may bear one name.
    async fn list_children(&self, aws: &ScopeReader, parent: &str) -> Result<Vec<Live>, ReadError> {
        let groups = narrow::groups_of(aws, parent).await?.unwrap_or_default();
        let users = narrow::group(aws, parent).await?.map(|(_, users)| users).unwrap_or_default();
        let group = [parent.to_owned()];
        let of_group = users.iter().filter(|user| *user != parent).flat_map(|user| memberships(user, &group));
        Ok(memberships(parent, &groups).chain(of_group).collect())
    }

    fn owned_fields(&self, attributes: &Attributes) -> Vec<OwnedField> {
        let user = text(attributes, "user");
        iam::strings(attributes, "groups").map(|group| principal::membership_part(group, user)).collect()
    }
}

/// Of a user's groups those that the state names.
fn declared(id: &str, prior: &Attributes, groups: &[String]) -> Live {
    let name = text(prior, "user");
    let own: Value = iam::strings(prior, "groups").filter(|group| groups.iter().any(|of| of == group)).collect();
    let values = attributes(json!({ "groups": own, "id": id, "user": name }));
    Live { id: id.to_owned(), attributes: values, owner: Owner::Parent { kind: "aws_iam_user", id: name.to_owned() } }
}

/// The user of a membership that nobody declares: it is gone when the user has left the group.
fn user_of_unmanaged<'a>(id: &'a str, prior: &Attributes) -> Option<&'a str> {
    let (user, group) = id.split_once('/')?;
    let mut groups = iam::strings(prior, "groups");
    (groups.next().is_none_or(|first| first == group) && groups.next().is_none()).then_some(user)
}

/// Every membership of a user by itself; those that somebody declares are sorted out by their parts.
fn memberships(name: &str, groups: &[String]) -> impl Iterator<Item = Live> {
    groups.iter().map(move |group| {
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
        let found: Vec<_> = memberships("ana", &["admins".to_owned(), "devs".to_owned()]).collect();
        assert_eq!(found.iter().map(|live| live.id.as_str()).collect::<Vec<_>>(), ["ana/admins", "ana/devs"]);
        let own = AwsIamUserGroupMembership.owned_fields(&found[0].attributes);
        let group =
            AwsIamGroupMembership.owned_fields(&attributes(json!({ "group": "admins", "users": ["bob", "ana"] })));
        assert_eq!(own.len(), 1);
        assert_eq!(own[0], group[1]);
    }

    #[test]
    fn only_one_membership_under_its_own_id_is_unmanaged() {
        let groups = |names: &[&str]| attributes(json!({ "groups": names, "user": "ana" }));
        assert_eq!(user_of_unmanaged("ana/devs", &Attributes::new()), Some("ana"));
        assert_eq!(user_of_unmanaged("ana/devs", &groups(&["devs"])), Some("ana"));
        assert_eq!(user_of_unmanaged("ana/devs", &groups(&["devs", "ops"])), None);
        assert_eq!(user_of_unmanaged("terraform-2024", &groups(&["devs"])), None);
    }
}
