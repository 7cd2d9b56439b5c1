//! `aws_iam_group_policy_attachments_exclusive`: the full set of managed policies of a group; one more or one less is a change of it.

use async_trait::async_trait;

use super::iam;
use super::iam::principal::{self, Principal};
use crate::aws::ReadError;
use crate::inventory::value::text;
use crate::inventory::{Kind, ListRequest, Listed, Reach, ScopeReader};
use crate::model::{Attributes, OwnedField, PriorState};

pub(super) struct AwsIamGroupPolicyAttachmentsExclusive;

#[async_trait]
impl Kind for AwsIamGroupPolicyAttachmentsExclusive {
    fn name(&self) -> &'static str {
        "aws_iam_group_policy_attachments_exclusive"
    }

    fn reach(&self) -> Reach {
        Reach::Global
    }

    fn actions(&self) -> &'static [&'static str] {
        &["iam:GetAccountAuthorizationDetails", "iam:GetGroup"]
    }

    async fn list(&self, aws: &ScopeReader, request: &ListRequest<'_>) -> Result<Listed, ReadError> {
        principal::list_exclusive(aws, request, Principal::Group, "policy_arns").await
    }

    async fn exists(&self, aws: &ScopeReader, desired: &PriorState<'_>) -> Result<bool, ReadError> {
        principal::exclusive_exists(aws, desired, Principal::Group).await
    }

    fn owned_fields(&self, attributes: &Attributes) -> Vec<OwnedField> {
        let name = text(attributes, "group_name");
        let part = |arn| principal::attachment_part(Principal::Group, name, arn);
        iam::strings(attributes, "policy_arns").map(part).collect()
    }
}
