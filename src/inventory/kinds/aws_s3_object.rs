//! `aws_s3_object`: the declared ones are read by their head and their tags; unmanaged ones are never listed, there may be
//! millions. The content itself is not read: `etag` shows that it changed.

use async_trait::async_trait;
use aws_sdk_s3::Client;
use aws_sdk_s3::operation::head_object::HeadObjectOutput;
use aws_sdk_s3::types::ChecksumMode;
use serde_json::json;

use super::s3;
use crate::aws::{ReadError, not_found};
use crate::inventory::value::{attributes, text, time};
use crate::inventory::{Completion, Kind, ListRequest, Listed, Reach, ScopeReader};
use crate::model::arn::is_arn;
use crate::model::{Attributes, CompareRules, Live, Owner, PriorState};

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
        // The region of an access point stands in its ARN.
        if request.desired.iter().any(|prior| !is_arn(text(&prior.attributes(), "bucket"))) {
            s3::prefetch_regions(aws).await;
        }
        Ok(Listed::one_by_one())
    }

    async fn complete(&self, aws: &ScopeReader, _prior: &PriorState<'_>, live: &mut Live) -> Completion {
        Completion::extend(live, tags(aws, &live.attributes).await)
    }

    async fn read(&self, aws: &ScopeReader, prior: &PriorState<'_>) -> Result<Option<Live>, ReadError> {
        let state = prior.attributes();
        let bucket = text(&state, "bucket");
        let key = cleaned(text(&state, "key"));
        let Some(client) = s3::there(client(aws, bucket).await.map(Some))? else { return Ok(None) };
        let checksum = (!text(&state, "checksum_algorithm").is_empty()).then_some(ChecksumMode::Enabled);
        let head = client.head_object().bucket(bucket).key(&key).set_checksum_mode(checksum).send();
        let head = match aws.call("s3:GetObject", head).await {
            Ok(head) => head,
            // The answer to HEAD has no body and so no code.
            Err(error) if error.status == Some(404) => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut values = map(&head);
        values.extend(attributes(json!({
            "arn": arn(aws, bucket, &key),
            "bucket": bucket,
            "id": prior.id,
            "key": text(&state, "key"),
        })));
        Ok(Some(Live { id: prior.id.to_owned(), attributes: values, owner: Owner::None }))
    }
}

/// A client that reaches the bucket, or the access point, of an object.
async fn client(aws: &ScopeReader, bucket: &str) -> Result<Client, ReadError> {
    match bucket.strip_prefix("arn:") {
        Some(rest) => Ok(aws.s3_in(rest.split(':').nth(2).unwrap_or_default())),
        None => s3::client(aws, bucket).await,
    }
}

/// `None`: the object is gone.
async fn tags(aws: &ScopeReader, object: &Attributes) -> Result<Option<Attributes>, ReadError> {
    let bucket = text(object, "bucket");
    let Some(client) = s3::there(client(aws, bucket).await.map(Some))? else { return Ok(None) };
    let call = client.get_object_tagging().bucket(bucket).key(cleaned(text(object, "key"))).send();
    let answer = match not_found(aws.call("s3:GetObjectTagging", call).await, &["NoSuchTagSet", "MethodNotAllowed"]) {
        Err(error) if error.is(&["NoSuchKey", "NoSuchBucket"]) => return Ok(None),
        answer => answer?,
    };
    let tags = answer.as_ref().map(|answer| answer.tag_set()).unwrap_or_default();
    Ok(Some(attributes(json!({ "tags_all": s3::tag_map(tags) }))))
}

fn arn(aws: &ScopeReader, bucket: &str, key: &str) -> String {
    if is_arn(bucket) {
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
    // The state keeps the last key when AWS names none; `server_side_encryption` shows it.
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
