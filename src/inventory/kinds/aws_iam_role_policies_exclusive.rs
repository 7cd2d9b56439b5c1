//! `aws_iam_role_policies_exclusive`: the full set of inline policies of a role; one more or one less is a change of it.

use async_trait::async_trait;

use super::iam::principal::{self, Principal};
use crate::inventory::{Found, Kind, Reach, ReadError, Region, Wanted};
use crate::model::Desired;

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
        &["iam:GetAccountAuthorizationDetails", "iam:GetRole"]
    }

    async fn list(&self, aws: &Region, wanted: Wanted<'_>) -> Result<Found, ReadError> {
        principal::list_exclusive(aws, wanted, Principal::Role, "policy_names").await
    }

    async fn exists(&self, aws: &Region, desired: &Desired) -> Result<bool, ReadError> {
        principal::exclusive_exists(aws, desired, Principal::Role).await
    }
}
