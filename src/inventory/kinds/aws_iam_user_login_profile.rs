//! `aws_iam_user_login_profile`: that a user has a console password. There is no listing: one call per desired one and,
//! for strangers, per managed user. A stranger is a part of its user.

use async_trait::async_trait;
use futures::future::join_all;
use serde_json::json;

use super::iam::{one_by_one, single, unseen};
use crate::aws::ReadError;
use crate::inventory::value::attributes;
use crate::inventory::{Kind, ListRequest, Listed, Reach, ScopeReader};
use crate::model::{Attributes, CompareRules, Live, Owner, PriorState};

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

    async fn list(&self, aws: &ScopeReader, request: &ListRequest<'_>) -> Result<Listed, ReadError> {
        let mut found = one_by_one(request.desired, |_, user| read(aws, user)).await;
        let declared = |user: &str| request.desired.iter().any(|desired| desired.id == user);
        let others: Vec<&str> = request.owners.iter().copied().filter(|user| !declared(user)).collect();
        let answers = join_all(others.iter().map(|user| read(aws, (*user).to_owned()))).await;
        let mut errors = Vec::new();
        for (user, answer) in others.into_iter().zip(answers) {
            match answer {
                Ok(Some(attributes)) => {
                    let owner = Owner::Parent { kind: "aws_iam_user", id: user.to_owned() };
                    found.live.push(Live { id: user.to_owned(), attributes, owner });
                }
                Ok(None) => {}
                Err(error) => errors.push((user, error)),
            }
        }
        found.errors.extend(unseen(errors));
        Ok(found)
    }

    fn unmanaged_children_of(&self) -> Option<&'static str> {
        Some("aws_iam_user")
    }

    fn report_unmanaged_children(&self) -> bool {
        true
    }

    async fn exists(&self, aws: &ScopeReader, desired: &PriorState<'_>) -> Result<bool, ReadError> {
        Ok(read(aws, desired.id.clone()).await?.is_some())
    }
}

/// The id is the user's name.
async fn read(aws: &ScopeReader, user: String) -> Result<Option<Attributes>, ReadError> {
    let answer = single(aws, "iam:GetLoginProfile", aws.iam().get_login_profile().user_name(user).send()).await?;
    let Some(profile) = answer.and_then(|answer| answer.login_profile) else { return Ok(None) };
    Ok(Some(attributes(json!({
        "id": profile.user_name(),
        "user": profile.user_name(),
    }))))
}
