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
        Some(encoded) => (plain_user_data(encoded, text(state, "user_data")).into(), kept("user_data_base64")),
    };
    attributes(json!({"user_data": plain, "user_data_base64": base64}))
}

/// The SHA-1 of nothing, which provider 5 keeps for user data that is empty.
pub(super) const HASH_OF_NOTHING: &str = "da39a3ee5e6b4b0d3255bfef95601890afd80709";

/// User data in the form of the state: provider 5 keeps its SHA-1, provider 6 the text, and until its first refresh a state of 6
/// may still have the hash. The state's value tells which; text that happens to be base64 is text.
/// <https://registry.terraform.io/providers/hashicorp/aws/latest/docs/guides/version-6-upgrade>
///
/// Bytes that are no UTF-8 cannot stand in a state as they are: against the same text with replacement characters in their place
/// they prove nothing.
fn plain_user_data(encoded: &str, held: &str) -> String {
    let bytes = decode(encoded).unwrap_or_else(|| encoded.as_bytes().to_vec());
    let hash = || hex::encode(Sha1::digest(&bytes));
    let is_hash = held.len() == 40 && held.bytes().all(|byte| byte.is_ascii_hexdigit());
    match std::str::from_utf8(&bytes) {
        Ok(text) if text == held || !is_hash => text.to_owned(),
        Err(_) if !is_hash && is_mangled(&bytes, held) => held.to_owned(),
        _ if held.eq_ignore_ascii_case(&hash()) => held.to_owned(),
        _ => hash(),
    }
}

/// Is the held text what is left of these bytes when what is no UTF-8 is replaced (by one character for each byte, or for several)?
fn is_mangled(bytes: &[u8], held: &str) -> bool {
    let rest = |text: &str| text.replace(char::REPLACEMENT_CHARACTER, "");
    held.contains(char::REPLACEMENT_CHARACTER) && rest(&String::from_utf8_lossy(bytes)) == rest(held)
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
    fn user_data_takes_the_form_of_the_state() {
        // echo -n "hello" | sha1sum
        let hash = "aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d";
        let live = |bytes: &[u8], held: &str| plain_user_data(&BASE64.encode(bytes), held);
        assert_eq!(live(b"hello", hash), hash);
        assert_eq!(live(b"hello", &hash.to_uppercase()), hash.to_uppercase());
        assert_eq!(live(b"other", hash), hex::encode(Sha1::digest("other")));
        assert_eq!(live(b"hello", "hello"), "hello");
        assert_eq!(live(b"other", "hello"), "other");
        assert_eq!(live(b"hello", ""), "hello");
        // Text that is base64 by chance, and text that looks like a hash.
        assert_eq!(live(b"aGVsbG8=", "aGVsbG8="), "aGVsbG8=");
        assert_eq!(live(b"hello", "aGVsbG8="), "hello");
        assert_eq!(live(hash.as_bytes(), hash), hash);
        assert_eq!(live(b"", HASH_OF_NOTHING), HASH_OF_NOTHING);
        // Bytes that are no text.
        let zipped = [0x1f, 0x8b, 0xff];
        assert_eq!(live(&zipped, "\u{1f}\u{fffd}\u{fffd}"), "\u{1f}\u{fffd}\u{fffd}");
        assert_ne!(live(&zipped, "#!/bin/sh"), "#!/bin/sh", "a script that was replaced by a packed one");
        assert_ne!(live(&[0x1f, 0xff, b'x'], "\u{1f}\u{fffd}y"), "\u{1f}\u{fffd}y");
        let hash_of_zipped = hex::encode(Sha1::digest(zipped));
        assert_eq!(live(&zipped, ""), hash_of_zipped, "nothing was set, and now something is");
        assert_eq!(live(&zipped, &hash_of_zipped), hash_of_zipped);
        assert_eq!(live(&zipped, hash), hash_of_zipped);
    }

    #[test]
    fn user_data_goes_where_the_state_has_it() {
        let with = |state: Value| user_data(Some("aGVsbG8="), &attributes(state));
        assert_eq!(with(json!({"user_data_base64": "eA=="}))["user_data_base64"], "aGVsbG8=");
        assert_eq!(with(json!({}))["user_data"], "hello");
        assert_eq!(with(json!({"user_data_base64": null}))["user_data_base64"], Value::Null);
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
