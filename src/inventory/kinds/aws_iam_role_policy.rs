//! `aws_iam_role_policy`: an inline policy of a role, compared by meaning. An unmanaged one is a part of its role.

use async_trait::async_trait;

use super::aws_iam_role;
use super::iam::principal::{self, Principal};
use crate::aws::ReadError;
use crate::inventory::value::text;
use crate::inventory::{Kind, ListRequest, Listed, Reach, ScopeReader};
use crate::model::{Attributes, CompareRules, Live, OwnedField, PriorState};

pub(super) struct AwsIamRolePolicy;

#[async_trait]
impl Kind for AwsIamRolePolicy {
    fn name(&self) -> &'static str {
        "aws_iam_role_policy"
    }

    fn reach(&self) -> Reach {
        Reach::Global
    }

    fn actions(&self) -> &'static [&'static str] {
        &["iam:GetAccountAuthorizationDetails", "iam:GetRolePolicy", "iam:ListRolePolicies"]
    }

    /// `name_prefix` is what the provider cuts out of the name.
    fn compare_rules(&self) -> CompareRules {
        CompareRules { not_returned: &["name_prefix"], policies: &["policy"], ..CompareRules::default() }
    }

    async fn list(&self, aws: &ScopeReader, _request: &ListRequest<'_>) -> Result<Listed, ReadError> {
        principal::list_inline(aws, Principal::Role).await
    }

    async fn read(&self, aws: &ScopeReader, prior: &PriorState<'_>) -> Result<Option<Live>, ReadError> {
        principal::read_inline(aws, prior, Principal::Role).await
    }

    fn unmanaged_children_of(&self) -> &'static [&'static str] {
        &["aws_iam_role"]
    }

    async fn list_children(&self, aws: &ScopeReader, parent: &str) -> Result<Vec<Live>, ReadError> {
        principal::inline_of(aws, Principal::Role, parent).await
    }

    fn owned_fields(&self, attributes: &Attributes) -> Vec<OwnedField> {
        let (role, name) = (text(attributes, "role"), text(attributes, "name"));
        let block = OwnedField {
            parent_kind: "aws_iam_role",
            parent_id: role.to_owned(),
            attribute: "inline_policy",
            element: Some(aws_iam_role::inline_policy(name, text(attributes, "policy"))),
        };
        vec![block, principal::policy_name_part(Principal::Role, role, name)]
    }
}
