//! `aws_iam_user_policy`: an inline policy of a user, compared by meaning. An unmanaged one is a part of its user.

use async_trait::async_trait;

use super::iam::principal::{self, Principal};
use crate::aws::ReadError;
use crate::inventory::value::text;
use crate::inventory::{Kind, ListRequest, Listed, Reach, ScopeReader};
use crate::model::{Attributes, CompareRules, Live, OwnedField, PriorState};

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
        &["iam:GetAccountAuthorizationDetails", "iam:GetUserPolicy", "iam:ListUserPolicies"]
    }

    /// `name_prefix` is what the provider cuts out of the name.
    fn compare_rules(&self) -> CompareRules {
        CompareRules { not_returned: &["name_prefix"], policies: &["policy"], ..CompareRules::default() }
    }

    async fn list(&self, aws: &ScopeReader, _request: &ListRequest<'_>) -> Result<Listed, ReadError> {
        principal::list_inline(aws, Principal::User).await
    }

    async fn read(&self, aws: &ScopeReader, prior: &PriorState<'_>) -> Result<Option<Live>, ReadError> {
        principal::read_inline(aws, prior, Principal::User).await
    }

    fn unmanaged_children_of(&self) -> &'static [&'static str] {
        &["aws_iam_user"]
    }

    async fn list_children(&self, aws: &ScopeReader, parent: &str) -> Result<Vec<Live>, ReadError> {
        principal::inline_of(aws, Principal::User, parent).await
    }

    fn owned_fields(&self, attributes: &Attributes) -> Vec<OwnedField> {
        let (holder, name) = (text(attributes, "user"), text(attributes, "name"));
        vec![principal::policy_name_part(Principal::User, holder, name)]
    }
}
