//! `aws_key_pair`. The key itself is compared without its comment; `key_name_prefix` is a part of the name.

use async_trait::async_trait;
use aws_sdk_ec2::types::KeyPairInfo;
use serde_json::{Value, json};

use super::ec2;
use crate::aws::ReadError;
use crate::inventory::value::{attributes, ec2_tags};
use crate::inventory::{Kind, ListRequest, Listed, ScopeReader};
use crate::model::{CompareRules, Live, Owner, PriorState};

pub(super) struct AwsKeyPair;

#[async_trait]
impl Kind for AwsKeyPair {
    fn name(&self) -> &'static str {
        "aws_key_pair"
    }

    fn actions(&self) -> &'static [&'static str] {
        &["ec2:DescribeKeyPairs"]
    }

    fn compare_rules(&self) -> CompareRules {
        CompareRules {
            identity: &["fingerprint", "key_pair_id"],
            not_returned: &["key_name_prefix"],
            suppress_diff: Some(suppress_diff),
            ..CompareRules::default()
        }
    }

    async fn list(&self, aws: &ScopeReader, _request: &ListRequest<'_>) -> Result<Listed, ReadError> {
        let call = aws.ec2().describe_key_pairs().include_public_key(true).send();
        let answer = aws.call("ec2:DescribeKeyPairs", call).await?;
        Ok(answer.key_pairs().iter().map(|pair| live(aws, pair)).collect())
    }

    async fn read(&self, aws: &ScopeReader, prior: &PriorState<'_>) -> Result<Option<Live>, ReadError> {
        let call = aws.ec2().describe_key_pairs().key_names(prior.id).include_public_key(true).send();
        let absent = ["InvalidKeyPair.NotFound"];
        let pair = ec2::first(aws, "ec2:DescribeKeyPairs", call, &absent, |answer| answer.key_pairs).await?;
        Ok(pair.map(|pair| live(aws, &pair)))
    }
}

fn live(aws: &ScopeReader, pair: &KeyPairInfo) -> Live {
    let name = pair.key_name().unwrap_or_default();
    let mut values = attributes(json!({
        "arn": aws.arn("ec2", &format!("key-pair/{name}")),
        "fingerprint": pair.key_fingerprint(),
        "id": name,
        "key_name": name,
        "key_pair_id": pair.key_pair_id(),
        "key_type": pair.key_type().map(|kind| kind.as_str()),
        "tags_all": ec2_tags(pair.tags()),
    }));
    if let Some(key) = pair.public_key() {
        values.insert("public_key".to_owned(), key.trim().into());
    }
    Live { id: name.to_owned(), attributes: values, owner: Owner::None }
}

/// AWS answers in OpenSSH form whatever form it was given (PEM and RFC 4716 are taken, too); only two keys in OpenSSH
/// form can be compared. <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_KeyPairInfo.html>
fn suppress_diff(path: &str, desired: &Value, live: &Value) -> bool {
    if path != "/public_key" {
        return false;
    }
    match (open_ssh(desired), open_ssh(live)) {
        (Some(desired), Some(live)) => desired == live,
        _ => true,
    }
}

/// Type and key material of `ssh-ed25519 AAAA... comment`.
fn open_ssh(key: &Value) -> Option<(&str, &str)> {
    let mut words = key.as_str()?.split_whitespace();
    let (kind, material) = (words.next()?, words.next()?);
    (kind.starts_with("ssh-") || kind.starts_with("ecdsa-")).then_some((kind, material))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_comment_is_not_the_key() {
        let same = |one: &str, other: &str| suppress_diff("/public_key", &json!(one), &json!(other));
        assert!(same("ssh-ed25519 AAAA1 alice@laptop", "ssh-ed25519 AAAA1 laptop\n"));
        assert!(!same("ssh-ed25519 AAAA1 alice", "ssh-ed25519 AAAA2 alice"));
        assert!(!same("ssh-rsa AAAA1", "ssh-ed25519 AAAA1"));
        assert!(same("-----BEGIN PUBLIC KEY-----\nMIIB", "ssh-rsa AAAA1"));
        assert!(!suppress_diff("/key_name", &json!("a"), &json!("b")));
    }
}
