//! `aws_iam_user_ssh_key`: a key for CodeCommit. Keys are listed per user; one that nobody declares is a part of its user.

use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_iam::types::{EncodingType, SshPublicKeyMetadata};
use serde_json::{Value, json};

use super::iam::{PAGE, all, one};
use crate::aws::ReadError;
use crate::inventory::value::{attributes, text};
use crate::inventory::{Kind, ListRequest, Listed, Reach, ScopeReader};
use crate::model::{Attributes, CompareRules, Live, OwnedField, Owner, PriorState};

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

    async fn list(&self, _aws: &ScopeReader, _request: &ListRequest<'_>) -> Result<Listed, ReadError> {
        Ok(Listed::one_by_one())
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

    fn unmanaged_children_of(&self) -> &'static [&'static str] {
        &["aws_iam_user"]
    }

    fn lists_children(&self) -> bool {
        false
    }

    async fn list_children(&self, aws: &ScopeReader, parent: &str) -> Result<Vec<Live>, ReadError> {
        Ok(keys(aws, parent).await?.iter().flatten().map(|key| unmanaged(parent, key)).collect())
    }

    /// Users do not show their keys: no more than the knowledge that somebody declares one.
    fn owned_fields(&self, attributes: &Attributes) -> Vec<OwnedField> {
        vec![OwnedField {
            parent_kind: "aws_iam_user",
            parent_id: text(attributes, "username").to_owned(),
            attribute: "ssh_public_keys",
            element: attributes.get("ssh_public_key_id").cloned(),
        }]
    }
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
    let owner = Owner::Parent { kind: "aws_iam_user", id: user.to_owned() };
    Live { id: format!("{user}:{id}:SSH"), attributes: attributes(values), owner }
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
