//! `aws_iam_user_ssh_key`: a key for CodeCommit. Keys are listed per user: of the users whose keys are desired.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_iam::types::{EncodingType, SshPublicKeyMetadata};
use futures::future::join_all;
use serde_json::{Value, json};

use super::iam::{PAGE, all, one};
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
        let mut found = Listed::one_by_one();
        if request.unmanaged {
            let users: BTreeSet<String> = request.desired.iter().map(user).filter(|user| !user.is_empty()).collect();
            let answers = join_all(users.iter().map(|user| keys(aws, user))).await;
            for (user, answer) in users.iter().zip(answers) {
                match answer {
                    Ok(keys) => {
                        let others = keys.iter().flatten().filter(|key| !request.declares(key.ssh_public_key_id()));
                        found.live.extend(others.map(|key| unmanaged(user, key)));
                    }
                    Err(error) => found.errors.push((Some(user.clone()), error)),
                }
            }
        }
        Ok(found)
    }

    async fn read(&self, aws: &ScopeReader, prior: &PriorState<'_>) -> Result<Option<Live>, ReadError> {
        match prior.id.split_once(':') {
            Some((user, _)) => {
                let keys = keys(aws, user).await?;
                Ok(keys.iter().flatten().map(|key| unmanaged(user, key)).find(|live| live.id == prior.id))
            }
            None => declared(aws, prior).await,
        }
    }
}

fn user(prior: &PriorState<'_>) -> String {
    text(&prior.attributes(), "username").to_owned()
}

/// AWS hands the key out in the encoding that the state names.
async fn declared(aws: &ScopeReader, prior: &PriorState<'_>) -> Result<Option<Live>, ReadError> {
    let (id, values) = (prior.id, prior.attributes());
    let (user, encoding) = (text(&values, "username"), text(&values, "encoding"));
    let call =
        aws.iam().get_ssh_public_key().user_name(user).ssh_public_key_id(id).encoding(EncodingType::from(encoding));
    let read = one(aws, "iam:GetSSHPublicKey", id, call.send(), |answer| answer.ssh_public_key).await?;
    let Some(key) = read.as_ref() else { return Ok(None) };
    let values = attributes(json!({
        "encoding": encoding,
        "fingerprint": key.fingerprint(),
        "id": id,
        "public_key": key.ssh_public_key_body(),
        "ssh_public_key_id": key.ssh_public_key_id(),
        "status": key.status().as_str(),
        "username": key.user_name(),
    }));
    Ok(Some(Live { id: id.to_owned(), attributes: values, ..Live::default() }))
}

async fn keys(aws: &ScopeReader, user: &str) -> Result<Arc<Option<Vec<SshPublicKeyMetadata>>>, ReadError> {
    let call = aws.iam().list_ssh_public_keys().user_name(user).max_items(PAGE).into_paginator();
    all(aws, "iam:ListSSHPublicKeys", user, call.items().send()).await
}

/// With the id that `terraform import` takes; the encoding is for whoever imports it to choose.
fn unmanaged(user: &str, key: &SshPublicKeyMetadata) -> Live {
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
