//! `aws_iam_role_policy_attachment`: a managed policy on a role. It either is there or is not. An unmanaged one is a part of its role.

use async_trait::async_trait;

use super::iam::principal::{self, Principal};
use crate::aws::ReadError;
use crate::inventory::value::text;
use crate::inventory::{Kind, ListRequest, Listed, Reach, ScopeReader};
use crate::model::{Attributes, Live, OwnedField, PriorState};

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

    async fn read(&self, aws: &ScopeReader, prior: &PriorState<'_>) -> Result<Option<Live>, ReadError> {
        principal::read_attached(aws, prior, Principal::Role).await
    }

    fn unmanaged_children_of(&self) -> &'static [&'static str] {
        &["aws_iam_role"]
    }

    async fn list_children(&self, aws: &ScopeReader, parent: &str) -> Result<Vec<Live>, ReadError> {
        principal::attached_of(aws, Principal::Role, parent).await
    }

    fn owned_fields(&self, attributes: &Attributes) -> Vec<OwnedField> {
        let (name, arn) = (text(attributes, "role"), text(attributes, "policy_arn"));
        vec![principal::attachment_part(Principal::Role, name, arn)]
    }
}
