//! `aws_iam_user_ssh_key`: a key for CodeCommit. Keys are listed per user: of the users whose keys are desired.

use std::collections::BTreeSet;

use async_trait::async_trait;
use aws_sdk_iam::types::{EncodingType, SshPublicKeyMetadata};
use futures::future::join_all;
use serde_json::{Value, json};

use super::iam::{PAGE, existing, one_by_one, single};
use crate::aws::ReadError;
use crate::inventory::value::{attributes, text};
use crate::inventory::{Kind, ListRequest, Listed, Reach, ScopeReader};
use crate::model::{Attributes, CompareRules, Live, PriorState};

pub(super) struct AwsIamUserSshKey;

#[async_trait]
impl Kind for AwsIamUserSshKey {
    fn name(&self) -> &'static str {
        "aws_iam_user_ssh_key"
    }

    fn reach(&self) -> Reach {
        Reach::Global
    }

    fn actions(&self) -> &'static [&'static str] {
        &["iam:GetSSHPublicKey", "iam:ListSSHPublicKeys"]
    }

    fn compare_rules(&self) -> CompareRules {
        CompareRules { normalize: Some(normalize), ..CompareRules::default() }
    }

    async fn list(&self, aws: &ScopeReader, request: &ListRequest<'_>) -> Result<Listed, ReadError> {
        let mut found = one_by_one(request.desired, |values, id| read(aws, values, id)).await;
        if request.unmanaged {
            let users: BTreeSet<String> = request.desired.iter().map(|one| user(one)).collect();
            let answers = join_all(users.iter().map(|user| keys(aws, user))).await;
            for (user, answer) in users.iter().zip(answers) {
                match answer {
                    Ok(keys) => {
                        let strangers = keys
                            .into_iter()
                            .filter(|key| request.desired.iter().all(|desired| desired.id != key.ssh_public_key_id()));
                        found.live.extend(strangers.map(|key| stranger(user, &key)));
                    }
                    Err(error) => found.errors.push((Some(user.clone()), error)),
                }
            }
        }
        Ok(found)
    }

    async fn exists(&self, aws: &ScopeReader, desired: &PriorState<'_>) -> Result<bool, ReadError> {
        Ok(read(aws, desired.attributes(), desired.id.clone()).await?.is_some())
    }
}

fn user(desired: &PriorState<'_>) -> String {
    text(&desired.attributes(), "username").to_owned()
}

/// AWS hands the key out in the encoding that the state names.
async fn read(aws: &ScopeReader, desired: Attributes, id: String) -> Result<Option<Attributes>, ReadError> {
    let (user, encoding) = (text(&desired, "username"), text(&desired, "encoding"));
    let call =
        aws.iam().get_ssh_public_key().user_name(user).ssh_public_key_id(&id).encoding(EncodingType::from(encoding));
    let answer = single(aws, "iam:GetSSHPublicKey", call.send()).await?;
    let Some(key) = answer.and_then(|answer| answer.ssh_public_key) else { return Ok(None) };
    Ok(Some(attributes(json!({
        "encoding": encoding,
        "fingerprint": key.fingerprint(),
        "id": id,
        "public_key": key.ssh_public_key_body(),
        "ssh_public_key_id": key.ssh_public_key_id(),
        "status": key.status().as_str(),
        "username": key.user_name(),
    }))))
}

async fn keys(aws: &ScopeReader, user: &str) -> Result<Vec<SshPublicKeyMetadata>, ReadError> {
    let call = aws.iam().list_ssh_public_keys().user_name(user).max_items(PAGE).into_paginator();
    Ok(existing(aws.pages("iam:ListSSHPublicKeys", call.items().send()).await)?.unwrap_or_default())
}

/// With the id that `terraform import` takes; the encoding is for whoever imports it to choose.
fn stranger(user: &str, key: &SshPublicKeyMetadata) -> Live {
    let id = key.ssh_public_key_id();
    let values = json!({
        "ssh_public_key_id": id,
        "status": key.status().as_str(),
        "username": key.user_name(),
    });
    Live { id: format!("{user}:{id}:SSH"), attributes: attributes(values), ..Live::default() }
}

/// A comment behind an SSH key and line ends around a PEM key mean nothing.
fn normalize(values: &mut Attributes) {
    let ssh = text(values, "encoding") == EncodingType::Ssh.as_str();
    if let Some(Value::String(key)) = values.get_mut("public_key") {
        *key = match ssh {
            true => key.split_whitespace().take(2).collect::<Vec<_>>().join(" "),
            false => key.trim().replace('\r', ""),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_of_ssh_keys_do_not_matter() {
        let mut state = attributes(json!({ "encoding": "SSH", "public_key": "ssh-rsa AAAA ana@example.com\n" }));
        normalize(&mut state);
        assert_eq!(state["public_key"], json!("ssh-rsa AAAA"));
        let mut pem = attributes(json!({ "encoding": "PEM", "public_key": "-----BEGIN PUBLIC KEY-----\nA\n" }));
        normalize(&mut pem);
        assert_eq!(pem["public_key"], json!("-----BEGIN PUBLIC KEY-----\nA"));
    }
}
