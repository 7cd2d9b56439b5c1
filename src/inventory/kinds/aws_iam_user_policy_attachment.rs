//! `aws_iam_user_policy_attachment`: a managed policy on a user. It either is there or is not. A stranger is a part of its user.

use async_trait::async_trait;

use super::iam::principal::{self, Principal};
use crate::inventory::value::text;
use crate::inventory::{Found, Kind, Reach, ReadError, Region, Wanted};
use crate::model::{Attributes, Desired, Part};

pub(super) struct AwsIamUserPolicyAttachment;

#[async_trait]
impl Kind for AwsIamUserPolicyAttachment {
    fn name(&self) -> &'static str {
        "aws_iam_user_policy_attachment"
    }

    fn reach(&self) -> Reach {
        Reach::Global
    }

    fn actions(&self) -> &'static [&'static str] {
        &["iam:GetAccountAuthorizationDetails", "iam:ListAttachedUserPolicies"]
    }

    async fn list(&self, aws: &Region, wanted: Wanted<'_>) -> Result<Found, ReadError> {
        principal::list_attached(aws, wanted, Principal::User).await
    }

    async fn exists(&self, aws: &Region, desired: &Desired) -> Result<bool, ReadError> {
        principal::attached_exists(aws, desired, Principal::User).await
    }

    fn strangers_on_managed(&self) -> bool {
        true
    }

    fn parts(&self, attributes: &Attributes) -> Vec<Part> {
        let (name, arn) = (text(attributes, "user"), text(attributes, "policy_arn"));
        vec![principal::attachment_part(Principal::User, name, arn)]
    }
}
