//! `aws_iam_access_key`. Keys are listed per user: of all users when strangers count, else of those that are named.

use std::collections::BTreeSet;

use async_trait::async_trait;
use aws_sdk_iam::types::AccessKeyMetadata;
use futures::future::join_all;
use serde_json::json;

use super::iam::{self, PAGE, existing};
use crate::aws::ReadError;
use crate::inventory::value::{attributes, text, time};
use crate::inventory::{Kind, ListRequest, Listed, Reach, ScopeReader};
use crate::model::{CompareRules, Live, PriorState};

pub(super) struct AwsIamAccessKey;

#[async_trait]
impl Kind for AwsIamAccessKey {
    fn name(&self) -> &'static str {
        "aws_iam_access_key"
    }

    fn reach(&self) -> Reach {
        Reach::Global
    }

    fn actions(&self) -> &'static [&'static str] {
        &["iam:GetAccountAuthorizationDetails", "iam:ListAccessKeys"]
    }

    /// AWS shows a secret once, when the key is made.
    fn compare_rules(&self) -> CompareRules {
        let not_returned = &[
            "encrypted_secret",
            "encrypted_ses_smtp_password_v4",
            "key_fingerprint",
            "pgp_key",
            "secret",
            "ses_smtp_password_v4",
        ];
        CompareRules { not_returned, ..CompareRules::default() }
    }

    async fn list(&self, aws: &ScopeReader, request: &ListRequest<'_>) -> Result<Listed, ReadError> {
        let mut users: BTreeSet<String> = request.desired.iter().map(|desired| user(desired)).collect();
        if request.unmanaged {
            let account = iam::account(aws).await?;
            users.extend(account.users.iter().filter_map(|user| user.user_name().map(str::to_owned)));
        }
        let mut found = Listed::default();
        let mut unseen = Vec::new();
        let answers = join_all(users.iter().map(|user| keys(aws, user))).await;
        for (of, answer) in users.iter().zip(answers) {
            match answer {
                Ok(keys) => found.live.extend(keys.iter().map(live)),
                Err(error) => {
                    let own: Vec<_> = request.desired.iter().filter(|desired| user(desired) == *of).collect();
                    if own.is_empty() {
                        unseen.push((of.as_str(), error));
                        continue;
                    }
                    found.errors.extend(own.into_iter().map(|desired| (Some(desired.id.clone()), error.clone())));
                }
            }
        }
        found.errors.extend(iam::unseen(unseen));
        Ok(found)
    }

    async fn exists(&self, aws: &ScopeReader, desired: &PriorState<'_>) -> Result<bool, ReadError> {
        let keys = keys(aws, &user(desired)).await?;
        Ok(keys.iter().any(|key| key.access_key_id() == Some(&desired.id)))
    }
}

/// Keys of a user; none when the user is gone.
async fn keys(aws: &ScopeReader, user: &str) -> Result<Vec<AccessKeyMetadata>, ReadError> {
    let call = aws.iam().list_access_keys().user_name(user).max_items(PAGE).into_paginator();
    Ok(existing(aws.pages("iam:ListAccessKeys", call.items().send()).await)?.unwrap_or_default())
}

fn live(key: &AccessKeyMetadata) -> Live {
    let id = key.access_key_id().unwrap_or_default();
    let values = json!({
        "create_date": time(key.create_date()),
        "id": id,
        "status": key.status().map(|status| status.as_str()),
        "user": key.user_name(),
    });
    Live { id: id.to_owned(), attributes: attributes(values), ..Live::default() }
}

fn user(desired: &PriorState<'_>) -> String {
    text(&desired.attributes(), "user").to_owned()
}
