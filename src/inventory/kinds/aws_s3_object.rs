//! `aws_s3_object`: the desired ones are read by their head and their tags; strangers are never listed, there may be
//! millions. The content itself is not read: `etag` tells that it changed.

use async_trait::async_trait;
use aws_sdk_s3::operation::head_object::HeadObjectOutput;
use aws_sdk_s3::types::ChecksumMode;
use futures::future::try_join;
use serde_json::json;

use super::s3::{self, Look};
use crate::aws::{ReadError, not_found};
use crate::inventory::value::{attributes, text, time};
use crate::inventory::{Kind, ListRequest, Listed, Reach, ScopeReader};
use crate::model::{Attributes, CompareRules, PriorState};

pub(super) struct AwsS3Object;

#[async_trait]
impl Kind for AwsS3Object {
    fn name(&self) -> &'static str {
        "aws_s3_object"
    }

    fn reach(&self) -> Reach {
        Reach::Global
    }

    fn actions(&self) -> &'static [&'static str] {
        &[
            "s3:GetObject",
            // Without it AWS answers "denied" for an object that is not there.
            "s3:ListBucket",
            "s3:GetObjectTagging",
            "s3:GetBucketLocation",
            "s3:ListAllMyBuckets",
        ]
    }

    fn compare_rules(&self) -> CompareRules {
        CompareRules {
            not_returned: &[
                "acl",
                "checksum_algorithm",
                "content",
                "content_base64",
                "force_destroy",
                "override_provider",
                "source",
                "source_hash",
            ],
            ..CompareRules::default()
        }
    }

    async fn list(&self, aws: &ScopeReader, request: &ListRequest<'_>) -> Result<Listed, ReadError> {
        let reads = request.desired.iter().map(|desired| (*desired, read(aws, desired, Look::Shared)));
        Ok(s3::each(reads.collect()).await)
    }

    async fn exists(&self, aws: &ScopeReader, desired: &PriorState<'_>) -> Result<bool, ReadError> {
        Ok(read(aws, desired, Look::Fresh).await?.is_some())
    }
}

async fn read(aws: &ScopeReader, desired: &PriorState<'_>, look: Look) -> Result<Option<Attributes>, ReadError> {
    let state = desired.attributes();
    let bucket = text(&state, "bucket");
    let key = cleaned(text(&state, "key"));
    let client = match bucket.strip_prefix("arn:") {
        // An access point: the region stands in its ARN.
        Some(rest) => aws.s3_in(rest.split(':').nth(2).unwrap_or_default()),
        None => match s3::there(s3::client(aws, bucket, look).await.map(Some))? {
            Some(client) => client,
            None => return Ok(None),
        },
    };
    let checksum = (!text(&state, "checksum_algorithm").is_empty()).then_some(ChecksumMode::Enabled);
    let head = client.head_object().bucket(bucket).key(&key).set_checksum_mode(checksum).send();
    let tags = client.get_object_tagging().bucket(bucket).key(&key).send();
    let head = async {
        match aws.call("s3:GetObject", head).await {
            Ok(head) => Ok(Some(head)),
            // The answer to HEAD has no body and so no code.
            Err(error) if error.status == Some(404) => Ok(None),
            Err(error) => Err(error),
        }
    };
    let tags = async {
        let gone = &["NoSuchKey", "NoSuchBucket", "NoSuchTagSet", "MethodNotAllowed"];
        not_found(aws.call("s3:GetObjectTagging", tags).await, gone)
    };
    let (Some(head), tags) = try_join(head, tags).await? else { return Ok(None) };
    let mut attributes = map(&head);
    attributes.extend(crate::inventory::value::attributes(json!({
        "arn": arn(aws, bucket, &key),
        "bucket": bucket,
        "id": desired.id,
        "key": text(&state, "key"),
        "tags_all": s3::tag_map(tags.as_ref().map(|answer| answer.tag_set()).unwrap_or_default()),
    })));
    Ok(Some(attributes))
}

fn arn(aws: &ScopeReader, bucket: &str, key: &str) -> String {
    if bucket.starts_with("arn:") {
        return format!("{bucket}/object/{key}");
    }
    format!("arn:{}:s3:::{bucket}/{key}", aws.partition)
}

/// The key that the provider sends: without a leading `./` or slashes, no slash doubled (`sdkv1CompatibleCleanKey`
/// in `internal/service/s3/object.go`).
fn cleaned(key: &str) -> String {
    let key = key.strip_prefix("./").unwrap_or(key).trim_start_matches('/');
    let mut clean = String::with_capacity(key.len());
    for letter in key.chars() {
        if letter != '/' || !clean.ends_with('/') {
            clean.push(letter);
        }
    }
    clean
}

fn map(head: &HeadObjectOutput) -> Attributes {
    let mut values = attributes(json!({
        "bucket_key_enabled": head.bucket_key_enabled(),
        "cache_control": head.cache_control(),
        "checksum_crc32": head.checksum_crc32(),
        "checksum_crc32c": head.checksum_crc32_c(),
        "checksum_crc64nvme": head.checksum_crc64_nvme(),
        "checksum_sha1": head.checksum_sha1(),
        "checksum_sha256": head.checksum_sha256(),
        "content_disposition": head.content_disposition(),
        "content_encoding": head.content_encoding(),
        "content_language": head.content_language(),
        "content_type": head.content_type(),
        "etag": head.e_tag().map(|tag| tag.trim_matches('"')),
        "metadata": head.metadata(),
        "object_lock_legal_hold_status": head.object_lock_legal_hold_status().map(|status| status.as_str()),
        "object_lock_mode": head.object_lock_mode().map(|mode| mode.as_str()),
        "object_lock_retain_until_date": time(head.object_lock_retain_until_date()),
        "server_side_encryption": head.server_side_encryption().map(|encryption| encryption.as_str()),
        // AWS does not name the usual one.
        "storage_class": head.storage_class().map_or("STANDARD", |class| class.as_str()),
        "version_id": head.version_id(),
        "website_redirect": head.website_redirect_location(),
    }));
    // The state keeps the last key when AWS names none; `server_side_encryption` tells of it.
    if let Some(key) = head.ssekms_key_id() {
        values.insert("kms_key_id".to_owned(), json!(key));
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_as_they_are_sent() {
        for (key, clean) in [("a/b", "a/b"), ("/a//b/", "a/b/"), ("./a", "a"), ("///", ""), (".//a", "a")] {
            assert_eq!(cleaned(key), clean, "{key}");
        }
    }

    #[test]
    fn defaults_and_quotes() {
        let head = HeadObjectOutput::builder().e_tag("\"d41d\"").build();
        let values = map(&head);
        assert_eq!((&values["etag"], &values["storage_class"]), (&json!("d41d"), &json!("STANDARD")));
        assert!(!values.contains_key("kms_key_id"));
    }
}
