//! What an instance shows only one by one: four attributes, and the credits of burstable types (in bulk).

use std::collections::HashMap;

use aws_sdk_ec2::operation::describe_instance_attribute::DescribeInstanceAttributeOutput;
use aws_sdk_ec2::types::InstanceAttributeName;
use base64::Engine as _;
use base64::alphabet;
use base64::engine::{GeneralPurpose, GeneralPurposeConfig};
use futures::future::join_all;
use serde_json::json;
use sha1::{Digest as _, Sha1};

use crate::aws::ReadError;
use crate::inventory::ScopeReader;
use crate::inventory::value::{attributes, text};
use crate::model::Attributes;

const ATTRIBUTE: &str = "ec2:DescribeInstanceAttribute";
const CREDITS: &str = "ec2:DescribeInstanceCreditSpecifications";

/// Ids in one call.
const BATCH: usize = 100;

/// Base64 as Go's decoder takes it.
const BASE64: GeneralPurpose =
    GeneralPurpose::new(&alphabet::STANDARD, GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true));

/// The four attributes, each its own success or failure:
/// <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstanceAttribute.html>
pub(super) async fn read(aws: &ScopeReader, id: &str, state: &Attributes) -> Vec<Result<Attributes, ReadError>> {
    let names = [
        InstanceAttributeName::DisableApiStop,
        InstanceAttributeName::DisableApiTermination,
        InstanceAttributeName::InstanceInitiatedShutdownBehavior,
        InstanceAttributeName::UserData,
    ];
    let calls = names.map(|name| async move {
        let call = aws.ec2().describe_instance_attribute().instance_id(id).attribute(name.clone()).send();
        Ok(map(&name, &aws.call(ATTRIBUTE, call).await?, state))
    });
    join_all(calls).await
}

fn map(name: &InstanceAttributeName, answer: &DescribeInstanceAttributeOutput, state: &Attributes) -> Attributes {
    match name {
        InstanceAttributeName::DisableApiStop => {
            attributes(json!({"disable_api_stop": answer.disable_api_stop().and_then(|flag| flag.value())}))
        }
        InstanceAttributeName::DisableApiTermination => attributes(
            json!({"disable_api_termination": answer.disable_api_termination().and_then(|flag| flag.value())}),
        ),
        InstanceAttributeName::InstanceInitiatedShutdownBehavior => {
            let behavior = answer.instance_initiated_shutdown_behavior().and_then(|behavior| behavior.value());
            attributes(json!({"instance_initiated_shutdown_behavior": behavior}))
        }
        _ => user_data(answer.user_data().and_then(|data| data.value()), state),
    }
}

/// One of the two user data attributes, the one that the state uses; when AWS has none the state keeps its own.
fn user_data(encoded: Option<&str>, state: &Attributes) -> Attributes {
    let kept = |name: &str| state.get(name).cloned().unwrap_or_default();
    let (plain, base64) = match encoded {
        None => (kept("user_data"), kept("user_data_base64")),
        Some(encoded) if !text(state, "user_data_base64").is_empty() => (kept("user_data"), encoded.into()),
        Some(encoded) => (user_data_hash(encoded).into(), kept("user_data_base64")),
    };
    attributes(json!({"user_data": plain, "user_data_base64": base64}))
}

/// The SHA-1 that the state has for user data (its base64 decoded, where it is base64); a hash stays, nothing is
/// nothing, also as the hash of nothing.
pub(super) fn user_data_hash(data: &str) -> String {
    const NOTHING: &str = "da39a3ee5e6b4b0d3255bfef95601890afd80709";
    let is_hash = data.len() == 40 && data.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'a'..=b'f'));
    if data.is_empty() || data == NOTHING {
        return String::new();
    }
    if is_hash {
        return data.to_owned();
    }
    hex::encode(Sha1::digest(decode(data).unwrap_or_else(|| data.as_bytes().to_vec())))
}

/// Base64 without line breaks; what is no base64 stays.
pub(super) fn canonical_base64(data: &str) -> String {
    decode(data).map_or_else(|| data.to_owned(), |bytes| BASE64.encode(bytes))
}

fn decode(data: &str) -> Option<Vec<u8>> {
    BASE64.decode(data.replace(['\r', '\n'], "")).ok()
}

/// Families T2 and later are burstable:
/// <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/burstable-performance-instances.html>
pub(in super::super) fn is_burstable(instance_type: &str) -> bool {
    let generation = instance_type.strip_prefix('t').and_then(|rest| rest.chars().next());
    generation.is_some_and(|generation| generation.is_ascii_digit() && generation > '1')
}

/// The credit option of burstable instances; `None`: it has none. One id that AWS refuses fails a whole batch, which
/// is then read one by one.
pub(super) async fn credits(aws: &ScopeReader, ids: &[&str]) -> HashMap<String, Result<Option<String>, ReadError>> {
    let mut credits = HashMap::new();
    for batch in ids.chunks(BATCH) {
        match specifications(aws, batch).await {
            Ok(found) => credits.extend(batch.iter().map(|id| ((*id).to_owned(), Ok(found.get(*id).cloned())))),
            Err(error) if error.is(REFUSED) => {
                for id in batch {
                    credits.insert((*id).to_owned(), single(aws, id).await);
                }
            }
            Err(error) => credits.extend(batch.iter().map(|id| ((*id).to_owned(), Err(error.clone())))),
        }
    }
    credits
}

/// Codes that concern one instance of a batch.
const REFUSED: &[&str] = &[
    "InstanceCreditSpecification.NotSupported",
    "InvalidInstanceID.Malformed",
    "InvalidInstanceID.NotFound",
    "UnsupportedOperation",
];

async fn single(aws: &ScopeReader, id: &str) -> Result<Option<String>, ReadError> {
    match specifications(aws, &[id]).await {
        Ok(found) => Ok(found.get(id).cloned()),
        // China and GovCloud once had no credits.
        Err(error) if error.is(&["UnsupportedOperation"]) => Ok(None),
        Err(error) => Err(error),
    }
}

async fn specifications(aws: &ScopeReader, ids: &[&str]) -> Result<HashMap<String, String>, ReadError> {
    let ids = ids.iter().map(|id| (*id).to_owned()).collect();
    let call = aws.ec2().describe_instance_credit_specifications().set_instance_ids(Some(ids)).send();
    let answer = aws.call(CREDITS, call).await?;
    let pairs =
        answer.instance_credit_specifications().iter().filter_map(|one| Some((one.instance_id()?, one.cpu_credits()?)));
    Ok(pairs.map(|(id, credits)| (id.to_owned(), credits.to_owned())).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn user_data_is_a_hash_of_what_was_said() {
        // echo -n "hello" | sha1sum
        let hash = "aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d";
        assert_eq!(user_data_hash("aGVsbG8="), hash);
        assert_eq!(user_data_hash("aGVs\nbG8=\n"), hash);
        assert_eq!(user_data_hash(hash), hash);
        assert_eq!(user_data_hash(""), "");
        assert_eq!(user_data_hash("da39a3ee5e6b4b0d3255bfef95601890afd80709"), "");
        // No base64: hashed as it is, like the text of newer providers' states.
        assert_eq!(user_data_hash("#!/bin/sh\n"), hex::encode(Sha1::digest("#!/bin/sh\n")));
    }

    #[test]
    fn user_data_goes_where_the_state_has_it() {
        let with = |state: Value| user_data(Some("aGVsbG8="), &attributes(state));
        assert_eq!(with(json!({"user_data_base64": "eA=="}))["user_data_base64"], "aGVsbG8=");
        assert_eq!(with(json!({}))["user_data"], "aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d");
        let none = user_data(None, &attributes(json!({"user_data": "abc"})));
        assert_eq!(none["user_data"], "abc");
    }

    #[test]
    fn burstable_families() {
        for (name, burstable) in [("t3.micro", true), ("t4g.nano", true), ("t1.micro", false), ("trn1.2xlarge", false)]
        {
            assert_eq!(is_burstable(name), burstable, "{name}");
        }
    }
}
