//! `aws_iam_group_policy_attachment`: a managed policy on a group. It either is there or is not. A stranger is a part of its group.

use async_trait::async_trait;

use super::iam::principal::{self, Principal};
use crate::aws::ReadError;
use crate::inventory::value::text;
use crate::inventory::{Kind, ListRequest, Listed, Reach, ScopeReader};
use crate::model::{Attributes, OwnedField, PriorState};

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

    async fn exists(&self, aws: &ScopeReader, desired: &PriorState<'_>) -> Result<bool, ReadError> {
        principal::attached_exists(aws, desired, Principal::Group).await
    }

    fn report_unmanaged_children(&self) -> bool {
        true
    }

    fn owned_fields(&self, attributes: &Attributes) -> Vec<OwnedField> {
        let (name, arn) = (text(attributes, "group"), text(attributes, "policy_arn"));
        vec![principal::attachment_part(Principal::Group, name, arn)]
    }
}
