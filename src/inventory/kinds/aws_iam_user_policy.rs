//! `aws_iam_user_policy`: an inline policy of a user, compared by meaning. A stranger is a part of its user.

use async_trait::async_trait;

use super::iam::principal::{self, Principal};
use crate::inventory::value::text;
use crate::inventory::{Found, Kind, Reach, ReadError, Region, Wanted};
use crate::model::{Attributes, Desired, Part, Shape};

pub(super) struct AwsIamUserPolicy;

#[async_trait]
impl Kind for AwsIamUserPolicy {
    fn name(&self) -> &'static str {
        "aws_iam_user_policy"
    }

    fn reach(&self) -> Reach {
        Reach::Global
    }

    fn actions(&self) -> &'static [&'static str] {
        &["iam:GetAccountAuthorizationDetails", "iam:GetUserPolicy"]
    }

    /// `name_prefix` is what the provider cuts out of the name.
    fn shape(&self) -> Shape {
        Shape { unread: &["name_prefix"], policies: &["policy"], ..Shape::default() }
    }

    async fn list(&self, aws: &Region, wanted: Wanted<'_>) -> Result<Found, ReadError> {
        principal::list_inline(aws, wanted, Principal::User).await
    }

    async fn exists(&self, aws: &Region, desired: &Desired) -> Result<bool, ReadError> {
        principal::inline_exists(aws, desired, Principal::User).await
    }

    fn strangers_on_managed(&self) -> bool {
        true
    }

    fn parts(&self, attributes: &Attributes) -> Vec<Part> {
        let (holder, name) = (text(attributes, "user"), text(attributes, "name"));
        vec![principal::policy_name_part(Principal::User, holder, name)]
    }
}
