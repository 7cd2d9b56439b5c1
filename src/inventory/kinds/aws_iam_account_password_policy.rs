//! `aws_iam_account_password_policy`. An account without one has AWS's defaults, and the resource is gone.

use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_iam::types::PasswordPolicy;
use serde_json::json;

use super::iam::one;
use crate::aws::ReadError;
use crate::inventory::value::attributes;
use crate::inventory::{Kind, ListRequest, Listed, Reach, ScopeReader};
use crate::model::{Live, PriorState};

pub(super) struct AwsIamAccountPasswordPolicy;

/// The provider's fixed id: `internal/service/iam/account_password_policy.go`.
const ID: &str = "iam-account-password-policy";

#[async_trait]
impl Kind for AwsIamAccountPasswordPolicy {
    fn name(&self) -> &'static str {
        "aws_iam_account_password_policy"
    }

    fn reach(&self) -> Reach {
        Reach::Global
    }

    fn actions(&self) -> &'static [&'static str] {
        &["iam:GetAccountPasswordPolicy"]
    }

    async fn list(&self, aws: &ScopeReader, _request: &ListRequest<'_>) -> Result<Listed, ReadError> {
        Ok(policy(aws).await?.iter().map(live).collect())
    }

    async fn read(&self, aws: &ScopeReader, _prior: &PriorState<'_>) -> Result<Option<Live>, ReadError> {
        Ok(policy(aws).await?.as_ref().as_ref().map(live))
    }
}

async fn policy(aws: &ScopeReader) -> Result<Arc<Option<PasswordPolicy>>, ReadError> {
    let call = aws.iam().get_account_password_policy().send();
    one(aws, "iam:GetAccountPasswordPolicy", ID, call, |answer| answer.password_policy).await
}

fn live(policy: &PasswordPolicy) -> Live {
    let values = json!({
        "allow_users_to_change_password": policy.allow_users_to_change_password(),
        "expire_passwords": policy.expire_passwords(),
        "hard_expiry": policy.hard_expiry(),
        "id": ID,
        "max_password_age": policy.max_password_age(),
        "minimum_password_length": policy.minimum_password_length(),
        "password_reuse_prevention": policy.password_reuse_prevention(),
        "require_lowercase_characters": policy.require_lowercase_characters(),
        "require_numbers": policy.require_numbers(),
        "require_symbols": policy.require_symbols(),
        "require_uppercase_characters": policy.require_uppercase_characters(),
    });
    Live { id: ID.to_owned(), attributes: attributes(values), ..Live::default() }
}
