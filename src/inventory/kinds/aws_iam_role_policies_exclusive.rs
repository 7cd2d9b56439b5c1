//! `aws_iam_role_policies_exclusive`: the full set of inline policies of a role; one more or one less is a change of it.

use async_trait::async_trait;

use super::iam;
use super::iam::principal::{self, Exclusive, Principal};
use crate::aws::ReadError;
use crate::inventory::value::text;
use crate::inventory::{Kind, ListRequest, Listed, Reach, ScopeReader};
use crate::model::{Attributes, Live, OwnedField, PriorState};

pub(super) struct AwsIamRolePoliciesExclusive;

#[async_trait]
impl Kind for AwsIamRolePoliciesExclusive {
    fn name(&self) -> &'static str {
        "aws_iam_role_policies_exclusive"
    }

    fn reach(&self) -> Reach {
        Reach::Global
    }

    fn actions(&self) -> &'static [&'static str] {
        &["iam:GetAccountAuthorizationDetails", "iam:ListRolePolicies"]
    }

    async fn list(&self, aws: &ScopeReader, request: &ListRequest<'_>) -> Result<Listed, ReadError> {
        principal::list_exclusive(aws, request, Principal::Role, Exclusive::Inline).await
    }

    async fn read(&self, aws: &ScopeReader, prior: &PriorState<'_>) -> Result<Option<Live>, ReadError> {
        principal::read_exclusive(aws, prior, Principal::Role, Exclusive::Inline).await
    }

    fn owned_fields(&self, attributes: &Attributes) -> Vec<OwnedField> {
        let holder = text(attributes, "role_name");
        let part = |name| principal::policy_name_part(Principal::Role, holder, name);
        iam::strings(attributes, "policy_names").map(part).collect()
    }
}
