//! `aws_iam_group_membership`: all users of a group. Its id is a name of no meaning; it is judged by the group.

use async_trait::async_trait;
use serde_json::{Value, json};

use super::iam::{self, narrow, principal};
use crate::aws::ReadError;
use crate::inventory::value::{attributes, text};
use crate::inventory::{Kind, ListRequest, Listed, Reach, ScopeReader};
use crate::model::{Attributes, Live, OwnedField, Owner, PriorState};

pub(super) struct AwsIamGroupMembership;

#[async_trait]
impl Kind for AwsIamGroupMembership {
    fn name(&self) -> &'static str {
        "aws_iam_group_membership"
    }

    fn reach(&self) -> Reach {
        Reach::Global
    }

    fn actions(&self) -> &'static [&'static str] {
        &["iam:GetAccountAuthorizationDetails", "iam:GetGroup"]
    }

    async fn list(&self, aws: &ScopeReader, request: &ListRequest<'_>) -> Result<Listed, ReadError> {
        if request.desired.is_empty() {
            return Ok(Listed::default());
        }
        let account = iam::account(aws).await?;
        Ok(iam::judged(request, "group", |desired, values| {
            let name = text(values, "group");
            account.groups.iter().find(|group| group.group_name() == Some(name))?;
            let users = account.users.iter().filter(|user| user.group_list().iter().any(|group| group == name));
            Some(live(desired.id, values, users.map(|user| user.user_name()).collect()))
        }))
    }

    /// It lives as long as its group: `internal/service/iam/group_membership.go`.
    async fn read(&self, aws: &ScopeReader, prior: &PriorState<'_>) -> Result<Option<Live>, ReadError> {
        let values = prior.attributes();
        let group = narrow::group(aws, text(&values, "group")).await?;
        Ok(group.map(|(_, users)| live(prior.id, &values, json!(users))))
    }

    fn owned_fields(&self, attributes: &Attributes) -> Vec<OwnedField> {
        let group = text(attributes, "group");
        iam::strings(attributes, "users").map(|user| principal::membership_part(group, user)).collect()
    }
}

fn live(id: &str, prior: &Attributes, users: Value) -> Live {
    let group = text(prior, "group");
    let values = json!({ "group": group, "id": id, "name": text(prior, "name"), "users": users });
    let owner = Owner::Parent { kind: "aws_iam_group", id: group.to_owned() };
    Live { id: id.to_owned(), attributes: attributes(values), owner }
}
