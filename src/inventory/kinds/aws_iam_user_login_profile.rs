//! `aws_iam_user_login_profile`: that a user has a console password. There is no listing: one call per desired one and,
//! for unmanaged ones, per managed user. An unmanaged one is a part of its user.

use async_trait::async_trait;
use serde_json::json;

use super::iam::one;
use crate::aws::ReadError;
use crate::inventory::value::attributes;
use crate::inventory::{Kind, ListRequest, Listed, Reach, ScopeReader};
use crate::model::{CompareRules, Live, Owner, PriorState};

pub(super) struct AwsIamUserLoginProfile;

#[async_trait]
impl Kind for AwsIamUserLoginProfile {
    fn name(&self) -> &'static str {
        "aws_iam_user_login_profile"
    }

    fn reach(&self) -> Reach {
        Reach::Global
    }

    fn actions(&self) -> &'static [&'static str] {
        &["iam:GetLoginProfile"]
    }

    /// AWS never shows a password. That it must be changed ends with the user's first change, and version 5.100.0 of
    /// the provider (measured) leaves it in the state as it was.
    fn compare_rules(&self) -> CompareRules {
        let not_returned = &[
            "encrypted_password",
            "key_fingerprint",
            "password",
            "password_length",
            "password_reset_required",
            "pgp_key",
        ];
        CompareRules { not_returned, ..CompareRules::default() }
    }

    async fn list(&self, _aws: &ScopeReader, _request: &ListRequest<'_>) -> Result<Listed, ReadError> {
        Ok(Listed::one_by_one())
    }

    async fn read(&self, aws: &ScopeReader, prior: &PriorState<'_>) -> Result<Option<Live>, ReadError> {
        read(aws, prior.id).await
    }

    fn unmanaged_children_of(&self) -> &'static [&'static str] {
        &["aws_iam_user"]
    }

    fn lists_children(&self) -> bool {
        false
    }

    async fn list_children(&self, aws: &ScopeReader, parent: &str) -> Result<Vec<Live>, ReadError> {
        Ok(Vec::from_iter(read(aws, parent).await?))
    }
}

/// The id is the user's name.
async fn read(aws: &ScopeReader, user: &str) -> Result<Option<Live>, ReadError> {
    let call = aws.iam().get_login_profile().user_name(user).send();
    let profile = one(aws, "iam:GetLoginProfile", user, call, |answer| answer.login_profile).await?;
    Ok(profile.as_ref().as_ref().map(|profile| {
        let values = json!({ "id": profile.user_name(), "user": profile.user_name() });
        let owner = Owner::Parent { kind: "aws_iam_user", id: user.to_owned() };
        Live { id: user.to_owned(), attributes: attributes(values), owner }
    }))
}
