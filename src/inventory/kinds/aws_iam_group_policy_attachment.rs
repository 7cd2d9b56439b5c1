//! `aws_iam_group_policy_attachment`: a managed policy on a group. It either is there or is not. An unmanaged one is a part of its group.

use async_trait::async_trait;

use super::iam::principal::{self, Principal};
use crate::aws::ReadError;
use crate::inventory::value::text;
use crate::inventory::{Kind, ListRequest, Listed, Reach, ScopeReader};
use crate::model::{Attributes, Live, OwnedField, PriorState};

pub(super) struct AwsIamGroupPolicyAttachment;

#[async_trait]
impl Kind for AwsIamGroupPolicyAttachment {
    fn name(&self) -> &'static str {
        "aws_iam_group_policy_attachment"
    }

    fn reach(&self) -> Reach {
        Reach::Global
    }

    fn actions(&self) -> &'static [&'static str] {
        &["iam:GetAccountAuthorizationDetails", "iam:ListAttachedGroupPolicies"]
    }

    async fn list(&self, aws: &ScopeReader, request: &ListRequest<'_>) -> Result<Listed, ReadError> {
        principal::list_attached(aws, request, Principal::Group).await
    }

    async fn read(&self, aws: &ScopeReader, prior: &PriorState<'_>) -> Result<Option<Live>, ReadError> {
        principal::read_attached(aws, prior, Principal::Group).await
    }

    fn unmanaged_children_of(&self) -> &'static [&'static str] {
        &["aws_iam_group"]
    }

    async fn list_children(&self, aws: &ScopeReader, parent: &str) -> Result<Vec<Live>, ReadError> {
        principal::attached_of(aws, Principal::Group, parent).await
    }

    fn owned_fields(&self, attributes: &Attributes) -> Vec<OwnedField> {
        let (name, arn) = (text(attributes, "group"), text(attributes, "policy_arn"));
        vec![principal::attachment_part(Principal::Group, name, arn)]
    }
}
