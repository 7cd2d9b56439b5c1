//! `aws_iam_role_policy_attachments_exclusive`: the full set of managed policies of a role; one more or one less is a change of it.

use async_trait::async_trait;

use super::iam;
use super::iam::principal::{self, Exclusive, Principal};
use crate::aws::ReadError;
use crate::inventory::value::text;
use crate::inventory::{Kind, ListRequest, Listed, Reach, ScopeReader};
use crate::model::{Attributes, Live, OwnedField, PriorState};

pub(super) struct AwsIamRolePolicyAttachmentsExclusive;

#[async_trait]
impl Kind for AwsIamRolePolicyAttachmentsExclusive {
    fn name(&self) -> &'static str {
        "aws_iam_role_policy_attachments_exclusive"
    }

    fn reach(&self) -> Reach {
        Reach::Global
    }

    fn actions(&self) -> &'static [&'static str] {
        &["iam:GetAccountAuthorizationDetails", "iam:ListAttachedRolePolicies"]
    }

    async fn list(&self, aws: &ScopeReader, request: &ListRequest<'_>) -> Result<Listed, ReadError> {
        principal::list_exclusive(aws, request, Principal::Role, Exclusive::Attached).await
    }

    async fn read(&self, aws: &ScopeReader, prior: &PriorState<'_>) -> Result<Option<Live>, ReadError> {
        principal::read_exclusive(aws, prior, Principal::Role, Exclusive::Attached).await
    }

    fn owned_fields(&self, attributes: &Attributes) -> Vec<OwnedField> {
        let name = text(attributes, "role_name");
        let part = |arn| principal::attachment_part(Principal::Role, name, arn);
        iam::strings(attributes, "policy_arns").map(part).collect()
    }
}
