//! `aws_iam_role_policy`: an inline policy of a role, compared by meaning. A stranger is a part of its role.

use async_trait::async_trait;

use super::aws_iam_role;
use super::iam::principal::{self, Principal};
use crate::inventory::value::text;
use crate::inventory::{Found, Kind, Reach, ReadError, Region, Wanted};
use crate::model::{Attributes, Desired, Part, Shape};

pub(super) struct AwsIamRolePolicy;

#[async_trait]
impl Kind for AwsIamRolePolicy {
    fn name(&self) -> &'static str {
        "aws_iam_role_policy"
    }

    fn reach(&self) -> Reach {
        Reach::Global
    }

    fn actions(&self) -> &'static [&'static str] {
        &["iam:GetAccountAuthorizationDetails", "iam:GetRolePolicy"]
    }

    /// `name_prefix` is what the provider cuts out of the name.
    fn shape(&self) -> Shape {
        Shape { unread: &["name_prefix"], policies: &["policy"], ..Shape::default() }
    }

    async fn list(&self, aws: &Region, wanted: Wanted<'_>) -> Result<Found, ReadError> {
        principal::list_inline(aws, wanted, Principal::Role).await
    }

    async fn exists(&self, aws: &Region, desired: &Desired) -> Result<bool, ReadError> {
        principal::inline_exists(aws, desired, Principal::Role).await
    }

    fn strangers_on_managed(&self) -> bool {
        true
    }

    fn parts(&self, attributes: &Attributes) -> Vec<Part> {
        let (role, name) = (text(attributes, "role"), text(attributes, "name"));
        let block = Part {
            parent_kind: "aws_iam_role",
            parent_id: role.to_owned(),
            attribute: "inline_policy",
            element: Some(aws_iam_role::inline_policy(name, text(attributes, "policy"))),
        };
        vec![block, principal::policy_name_part(Principal::Role, role, name)]
    }
}
