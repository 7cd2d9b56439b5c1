//! `aws_iam_access_key`. Keys are listed per user: of all users when unmanaged ones count, else of those
//! that are named.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_iam::types::AccessKeyMetadata;
use futures::future::join_all;
use serde_json::json;

use super::iam::{self, PAGE, all, one};
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
        &["iam:GetAccessKeyLastUsed", "iam:GetAccountAuthorizationDetails", "iam:ListAccessKeys"]
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
        let owners: Vec<(&str, String)> = request.desired.iter().map(|prior| (prior.id, user(prior))).collect();
        let mut users: BTreeSet<&str> = owners.iter().map(|(_, user)| user.as_str()).collect();
        users.remove("");
        let account;
        if request.unmanaged {
            account = iam::account(aws).await?;
            users.extend(account.users.iter().filter_map(|user| user.user_name()));
        }
        let mut found = Listed::default();
        let mut unseen = Vec::new();
        let answers = join_all(users.iter().map(|user| keys(aws, user))).await;
        for (of, answer) in users.iter().zip(answers) {
            match answer {
                Ok(keys) => found.live.extend(keys.iter().flatten().map(live)),
                Err(error) => {
                    let own: Vec<_> = owners.iter().filter(|(_, user)| user == of).collect();
                    if own.is_empty() {
                        unseen.push((*of, error));
                        continue;
                    }
                    found.errors.extend(own.into_iter().map(|(id, _)| (Some((*id).to_owned()), error.clone())));
                }
            }
        }
        found.errors.extend(one_gap(unseen));
        Ok(found)
    }

    async fn read(&self, aws: &ScopeReader, prior: &PriorState<'_>) -> Result<Option<Live>, ReadError> {
        let named = user(prior);
        let keys = match named.as_str() {
            "" => match owner(aws, prior.id).await?.as_ref() {
                Some(user) => keys(aws, user).await?,
                None => return Ok(None),
            },
            user => keys(aws, user).await?,
        };
        Ok(keys.iter().flatten().find(|key| key.access_key_id() == Some(prior.id)).map(live))
    }
}

/// Keys of a user; `None` when the user is gone.
async fn keys(aws: &ScopeReader, user: &str) -> Result<Arc<Option<Vec<AccessKeyMetadata>>>, ReadError> {
    let call = aws.iam().list_access_keys().user_name(user).max_items(PAGE).into_paginator();
    all(aws, "iam:ListAccessKeys", user, call.items().send()).await
}

/// Whose key it is, for one of which only the id is known:
/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccessKeyLastUsed.html>.
async fn owner(aws: &ScopeReader, id: &str) -> Result<Arc<Option<String>>, ReadError> {
    let call = aws.iam().get_access_key_last_used().access_key_id(id).send();
    one(aws, "iam:GetAccessKeyLastUsed", id, call, |answer| answer.user_name).await
}

/// One gap for all users whose keys stay unseen: mostly one refusal for the lot.
fn one_gap(users: Vec<(&str, ReadError)>) -> Option<(Option<String>, ReadError)> {
    let count = users.len();
    let (first, error) = users.into_iter().next()?;
    let named = if count == 1 { first.to_owned() } else { format!("{first} and {} more users", count - 1) };
    Some((Some(named), error))
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

fn user(prior: &PriorState<'_>) -> String {
    text(&prior.attributes(), "user").to_owned()
}
