//! `aws_iam_role_policy_attachment`: a managed policy on a role. It either is there or is not. A stranger is a part of its role.

use async_trait::async_trait;

use super::iam::principal::{self, Principal};
use crate::inventory::value::text;
use crate::inventory::{Found, Kind, Reach, ReadError, Region, Wanted};
use crate::model::{Attributes, Desired, Part};

pub(super) struct AwsIamRolePolicyAttachment;

#[async_trait]
impl Kind for AwsIamRolePolicyAttachment {
    fn name(&self) -> &'static str {
        "aws_iam_role_policy_attachment"
    }

    fn reach(&self) -> Reach {
        Reach::Global
    }

    fn actions(&self) -> &'static [&'static str] {
        &["iam:GetAccountAuthorizationDetails", "iam:ListAttachedRolePolicies"]
    }

    async fn list(&self, aws: &Region, wanted: Wanted<'_>) -> Result<Found, ReadError> {
        principal::list_attached(aws, wanted, Principal::Role).await
    }

    async fn exists(&self, aws: &Region, desired: &Desired) -> Result<bool, ReadError> {
        principal::attached_exists(aws, desired, Principal::Role).await
    }

    fn strangers_on_managed(&self) -> bool {
        true
    }

    fn parts(&self, attributes: &Attributes) -> Vec<Part> {
        let (name, arn) = (text(attributes, "role"), text(attributes, "policy_arn"));
        vec![principal::attachment_part(Principal::Role, name, arn)]
    }
}
