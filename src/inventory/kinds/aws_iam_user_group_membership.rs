//! `aws_iam_user_group_membership`: some groups of a user. Only the groups that it names are its own; its id is random,
//! it is judged by the user.

use async_trait::async_trait;
use serde_json::{Value, json};

use super::iam;
use super::iam::principal::{self, Principal};
use crate::inventory::value::{attributes, text};
use crate::inventory::{Found, Kind, Reach, ReadError, Region, Wanted};
use crate::model::{Desired, Live, Origin};

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

    async fn list(&self, aws: &Region, wanted: Wanted<'_>) -> Result<Found, ReadError> {
        let account = iam::account(aws).await?;
        Ok(iam::judged(wanted, "user", |desired, values| {
            let name = text(values, "user");
            let user = account.users.iter().find(|user| user.user_name() == Some(name))?;
            let own = iam::strings(values, "groups").filter(|group| user.group_list().iter().any(|of| of == group));
            let groups: Value = own.collect();
            let values = attributes(json!({ "groups": groups, "id": desired.id, "user": name }));
            let origin = Origin::PartOf { kind: "aws_iam_user", id: name.to_owned() };
            Some(Live { id: desired.id.clone(), attributes: values, origin })
        }))
    }

    /// It lives as long as its user: `internal/service/iam/user_group_membership.go`.
    async fn exists(&self, aws: &Region, desired: &Desired) -> Result<bool, ReadError> {
        principal::exists(aws, Principal::User, text(&desired.attributes(), "user")).await
    }
}
