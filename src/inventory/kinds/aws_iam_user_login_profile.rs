//! `aws_iam_user_login_profile`: that a user has a console password. There is no listing: one call per desired one,
//! strangers stay unseen.

use async_trait::async_trait;
use serde_json::json;

use super::iam::{one_by_one, single};
use crate::inventory::value::attributes;
use crate::inventory::{Found, Kind, Reach, ReadError, Region, Wanted};
use crate::model::{Attributes, Desired, Shape};

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
    fn shape(&self) -> Shape {
        let unread = &[
            "encrypted_password",
            "key_fingerprint",
            "password",
            "password_length",
            "password_reset_required",
            "pgp_key",
        ];
        Shape { unread, ..Shape::default() }
    }

    async fn list(&self, aws: &Region, wanted: Wanted<'_>) -> Result<Found, ReadError> {
        Ok(one_by_one(wanted.desired, |_, user| read(aws, user)).await)
    }

    async fn exists(&self, aws: &Region, desired: &Desired) -> Result<bool, ReadError> {
        Ok(read(aws, desired.id.clone()).await?.is_some())
    }
}

/// The id is the user's name.
async fn read(aws: &Region, user: String) -> Result<Option<Attributes>, ReadError> {
    let answer = single(aws, "iam:GetLoginProfile", aws.iam.get_login_profile().user_name(user).send()).await?;
    let Some(profile) = answer.and_then(|answer| answer.login_profile) else { return Ok(None) };
    Ok(Some(attributes(json!({
        "id": profile.user_name(),
        "user": profile.user_name(),
    }))))
}
