//! `aws_s3_bucket`: the listing shows names and regions; every setting of a desired bucket is a call of its own,
//! shared with the resources that are split from it. A setting that cannot be read leaves its attribute unread.

use async_trait::async_trait;
use futures::future::join;
use serde_json::{Value, json};

use super::s3;
use super::s3_bucket_blocks as blocks;
use crate::aws::ReadError;
use crate::inventory::value::attributes;
use crate::inventory::{Completion, Kind, ListRequest, Listed, Reach, ScopeReader};
use crate::model::{Attributes, CompareRules, Live, Owner, PriorState};

pub(super) struct AwsS3Bucket;

#[async_trait]
impl Kind for AwsS3Bucket {
    fn name(&self) -> &'static str {
        "aws_s3_bucket"
    }

    fn reach(&self) -> Reach {
        Reach::Global
    }

    fn actions(&self) -> &'static [&'static str] {
        &[
            "s3:ListAllMyBuckets",
            "s3:ListBucket",
            "s3:GetAccelerateConfiguration",
            "s3:GetBucketAcl",
            "s3:GetBucketCORS",
            "s3:GetBucketLocation",
            "s3:GetBucketLogging",
            "s3:GetBucketObjectLockConfiguration",
            "s3:GetBucketPolicy",
            "s3:GetBucketRequestPayment",
            "s3:GetBucketTagging",
            "s3:GetBucketVersioning",
            "s3:GetBucketWebsite",
            "s3:GetEncryptionConfiguration",
            "s3:GetLifecycleConfiguration",
            "s3:GetReplicationConfiguration",
        ]
    }

    fn compare_rules(&self) -> CompareRules {
        CompareRules {
            // `acl` is what was asked for, `grant` what came of it; the hosted zone follows from the region.
            // The namespace is a part of the name.
            not_returned: &["acl", "bucket_namespace", "bucket_prefix", "force_destroy", "hosted_zone_id", "timeouts"],
            policies: &["policy"],
            // Since provider 6; there `region` is where the bucket is managed from, before it was this.
            compare_computed: &["bucket_region", "region"],
            suppress_diff: Some(suppress_diff),
            ..CompareRules::default()
        }
    }

    async fn list(&self, aws: &ScopeReader, _request: &ListRequest<'_>) -> Result<Listed, ReadError> {
        let buckets = s3::buckets(aws).await?;
        Ok(buckets.iter().map(|(name, region)| bucket(aws, name, region.as_deref())).collect())
    }

    async fn complete(&self, aws: &ScopeReader, prior: &PriorState<'_>, live: &mut Live) -> Completion {
        let mut errors = Vec::new();
        for answer in settings(aws, prior.id).await {
            match answer {
                Ok(more) => live.attributes.extend(more),
                Err(error) if error.is(&["NoSuchBucket"]) => return Completion::Gone,
                Err(error) => errors.push(error),
            }
        }
        if prior.attributes().contains_key("bucket_region") {
            live.attributes.remove("region");
        }
        Completion::of(errors)
    }

    async fn complete_undeclared(&self, aws: &ScopeReader, live: &mut Live) -> Completion {
        let read = tags(aws, &live.id).await;
        if read.as_ref().is_err_and(|error| error.is(&["NoSuchBucket"])) {
            return Completion::Gone;
        }
        Completion::extend(live, read.map(Some))
    }

    async fn read(&self, aws: &ScopeReader, prior: &PriorState<'_>) -> Result<Option<Live>, ReadError> {
        let region = s3::head(aws, prior.id).await?;
        Ok(region.map(|region| bucket(aws, prior.id, region.as_deref())))
    }
}

/// What follows from the name, and from the region where it is known.
fn bucket(aws: &ScopeReader, name: &str, region: Option<&str>) -> Live {
    let mut attributes = attributes(json!({
        "arn": format!("arn:{}:s3:::{name}", aws.partition),
        "bucket": name,
        "bucket_domain_name": format!("{name}.s3.{}", s3::dns_suffix(aws)),
        "id": name,
    }));
    if let Some(region) = region {
        attributes.extend(of_region(aws, name, region));
    }
    Live { id: name.to_owned(), attributes, owner: Owner::None }
}

fn of_region(aws: &ScopeReader, name: &str, region: &str) -> Attributes {
    attributes(json!({
        "bucket_regional_domain_name": format!("{name}.s3.{region}.{}", s3::dns_suffix(aws)),
        "bucket_region": region,
        "region": region,
    }))
}

/// The region and every setting of one bucket, each on its own.
async fn settings(aws: &ScopeReader, name: &str) -> Vec<Result<Attributes, ReadError>> {
    let region = match s3::region_of(aws, name).await {
        Ok(region) => region,
        // No call can reach it.
        Err(error) => return vec![Err(error)],
    };
    /// One call, its attributes. What an S3 of others does not have is not set there.
    macro_rules! setting {
        ($call:ident, $($attribute:literal: $value:expr),+) => {
            async {
                match s3::$call(aws, name).await {
                    Ok(answer) => {
                        let answer = answer.as_ref().as_ref();
                        Ok(attributes(json!({ $($attribute: answer.map($value)),+ })))
                    }
                    Err(error) if error.is(NOT_OFFERED) => Ok(attributes(json!({ $($attribute: null),+ }))),
                    Err(error) => Err(error),
                }
            }
        };
    }
    let website = async {
        let website = setting!(website, "website": blocks::website).await?;
        let set = website.get("website").is_some_and(|website| !website.is_null());
        let domain = set.then(|| s3::website_domain(aws, &region));
        let endpoint = domain.as_ref().map(|domain| format!("{name}.{domain}"));
        let mut website = website;
        website.extend(attributes(json!({ "website_domain": domain, "website_endpoint": endpoint })));
        Ok(website)
    };
    // MethodNotAllowed is how S3 refuses the policy to whoever is not of the owner's account:
    // <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketPolicy.html>.
    let policy = async {
        match s3::policy(aws, name).await {
            Err(error) if error.is(&["MethodNotAllowed"]) => Err(error),
            _ => setting!(policy, "policy": |answer| answer.policy()).await,
        }
    };
    let first = futures::future::join5(
        setting!(acceleration, "acceleration_status": |answer| answer.status().map(|status| status.as_str())),
        setting!(acl, "grant": blocks::grants),
        setting!(cors, "cors_rule": blocks::cors_rules),
        setting!(encryption, "server_side_encryption_configuration": blocks::encryption),
        setting!(lifecycle, "lifecycle_rule": blocks::lifecycle_rules),
    );
    let second = futures::future::join5(
        setting!(logging, "logging": blocks::logging),
        setting!(
            object_lock,
            "object_lock_configuration": blocks::object_lock,
            "object_lock_enabled": blocks::object_lock_enabled
        ),
        policy,
        setting!(replication, "replication_configuration": blocks::replication),
        setting!(request_payment, "request_payer": |answer| answer.payer().map(|payer| payer.as_str())),
    );
    let third =
        futures::future::join3(setting!(versioning, "versioning": blocks::versioning), website, tags(aws, name));
    let ((a, b, c, d, e), ((f, g, h, i, j), (k, l, m))) = join(first, join(second, third)).await;
    vec![Ok(of_region(aws, name, &region)), a, b, c, d, e, f, g, h, i, j, k, l, m]
}

async fn tags(aws: &ScopeReader, name: &str) -> Result<Attributes, ReadError> {
    let answer = s3::tagging(aws, name).await?;
    let tags = answer.as_ref().as_ref().map_or_else(|| json!({}), |answer| s3::tag_map(answer.tag_set()));
    Ok(attributes(json!({ "tags_all": tags })))
}

/// Codes of calls that a region, or an S3 that is not Amazon's, does not have.
pub(super) const NOT_OFFERED: &[&str] =
    &["MethodNotAllowed", "NotImplemented", "XNotImplemented", "UnsupportedArgument", "UnsupportedOperation"];

/// Provider 3 did not show the owner's own full control as a `grant`, later ones do.
fn suppress_diff(path: &str, desired: &Value, live: &Value) -> bool {
    let none = |value: &Value| value.is_null() || value.as_array().is_some_and(Vec::is_empty);
    path == "/grant" && none(desired) && only_full_control(live)
}

fn only_full_control(grants: &Value) -> bool {
    match grants.as_array().map(Vec::as_slice) {
        Some([grant]) => grant["type"] == "CanonicalUser" && grant["permissions"] == json!(["FULL_CONTROL"]),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_is_no_grant() {
        let private = json!([{"id": "1", "type": "CanonicalUser", "permissions": ["FULL_CONTROL"], "uri": ""}]);
        let public = json!([{"type": "Group", "permissions": ["READ"], "uri": "AllUsers"}]);
        assert!(suppress_diff("/grant", &json!([]), &private));
        assert!(suppress_diff("/grant", &Value::Null, &private));
        assert!(!suppress_diff("/grant", &json!([]), &public));
        assert!(!suppress_diff("/grant", &private, &json!([])));
        assert!(!suppress_diff("/cors_rule", &json!([]), &private));
    }
}
