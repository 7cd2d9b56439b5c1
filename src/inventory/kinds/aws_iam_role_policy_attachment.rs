//! `aws_iam_role_policy_attachment`: a managed policy on a role. It either is there or is not. A stranger is a part of its role.

use async_trait::async_trait;

use super::iam::principal::{self, Principal};
use crate::aws::ReadError;
use crate::inventory::value::text;
use crate::inventory::{Kind, ListRequest, Listed, Reach, ScopeReader};
use crate::model::{Attributes, OwnedField, PriorState};

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

    async fn list(&self, aws: &ScopeReader, request: &ListRequest<'_>) -> Result<Listed, ReadError> {
        principal::list_attached(aws, request, Principal::Role).await
    }

    async fn exists(&self, aws: &ScopeReader, desired: &PriorState<'_>) -> Result<bool, ReadError> {
        principal::attached_exists(aws, desired, Principal::Role).await
    }

    fn report_unmanaged_children(&self) -> bool {
        true
    }

    fn owned_fields(&self, attributes: &Attributes) -> Vec<OwnedField> {
        let (name, arn) = (text(attributes, "role"), text(attributes, "policy_arn"));
        vec![principal::attachment_part(Principal::Role, name, arn)]
    }
}
