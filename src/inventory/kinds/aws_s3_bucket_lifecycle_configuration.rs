//! `aws_s3_bucket_lifecycle_configuration`, in the form of its schema version 1 (provider 5.86 and later); states of
//! before wrote some numbers as strings.

use async_trait::async_trait;
use aws_sdk_s3::types::{LifecycleExpiration, LifecycleRule, LifecycleRuleFilter};
use serde_json::{Value, json};

use super::s3::{self, BucketPart, PartId};
use crate::aws::ReadError;
use crate::inventory::ScopeReader;
use crate::inventory::value::{attributes, time};
use crate::model::{Attributes, CompareRules};

pub(super) struct AwsS3BucketLifecycleConfiguration;

#[async_trait]
impl BucketPart for AwsS3BucketLifecycleConfiguration {
    fn name(&self) -> &'static str {
        "aws_s3_bucket_lifecycle_configuration"
    }

    fn actions(&self) -> &'static [&'static str] {
        &["s3:GetLifecycleConfiguration", "s3:GetBucketLocation", "s3:ListAllMyBuckets"]
    }

    fn compare_rules(&self) -> CompareRules {
        CompareRules {
            not_returned: &["timeouts"],
            normalize: Some(as_numbers),
            suppress_diff: Some(suppress_diff),
            ..CompareRules::default()
        }
    }

    fn repeated_in(&self) -> &'static [&'static str] {
        &["lifecycle_rule"]
    }

    async fn read(&self, aws: &ScopeReader, id: &PartId<'_>) -> Result<Option<Attributes>, ReadError> {
        let answer = s3::lifecycle(aws, id.bucket).await?;
        let lifecycle = answer.as_ref().as_ref().filter(|lifecycle| !lifecycle.rules().is_empty());
        Ok(lifecycle.map(|lifecycle| {
            let size = lifecycle.transition_default_minimum_object_size();
            attributes(json!({
                "rule": Value::from_iter(lifecycle.rules().iter().map(rule)),
                "transition_default_minimum_object_size": size.map(|size| size.as_str()),
            }))
        }))
    }
}

#[expect(deprecated, reason = "the prefix outside of a filter is old, and still in use")]
fn rule(rule: &LifecycleRule) -> Value {
    let abort = rule.abort_incomplete_multipart_upload();
    let expired = rule.noncurrent_version_expiration();
    let noncurrent = rule.noncurrent_version_transitions().iter().map(|transition| {
        json!({
            "newer_noncurrent_versions": transition.newer_noncurrent_versions(),
            "noncurrent_days": transition.noncurrent_days(),
            "storage_class": transition.storage_class().map(|class| class.as_str()),
        })
    });
    let transitions = rule.transitions().iter().map(|transition| {
        json!({
            "date": time(transition.date()),
            "days": transition.days(),
            "storage_class": transition.storage_class().map(|class| class.as_str()),
        })
    });
    json!({
        "abort_incomplete_multipart_upload": abort.map(|abort| [json!({
            "days_after_initiation": abort.days_after_initiation(),
        })]),
        "expiration": rule.expiration().map(|it| [expiration(it)]),
        "filter": rule.filter().filter(|filter| has_condition(filter)).map(|it| [filter(it)]),
        "id": rule.id(),
        "noncurrent_version_expiration": expired.map(|expired| [json!({
            "newer_noncurrent_versions": expired.newer_noncurrent_versions(),
            "noncurrent_days": expired.noncurrent_days(),
        })]),
        "noncurrent_version_transition": Value::from_iter(noncurrent),
        "prefix": rule.prefix(),
        "status": rule.status().as_str(),
        "transition": Value::from_iter(transitions),
    })
}

fn expiration(expiration: &LifecycleExpiration) -> Value {
    json!({
        "date": time(expiration.date()),
        "days": expiration.days(),
        "expired_object_delete_marker": expiration.expired_object_delete_marker(),
    })
}

fn has_condition(filter: &LifecycleRuleFilter) -> bool {
    filter.prefix().is_some()
        || filter.tag().is_some()
        || filter.and().is_some()
        || filter.object_size_greater_than().is_some()
        || filter.object_size_less_than().is_some()
}

fn filter(filter: &LifecycleRuleFilter) -> Value {
    json!({
        "and": filter.and().map(|and| [json!({
            "object_size_greater_than": and.object_size_greater_than(),
            "object_size_less_than": and.object_size_less_than(),
            "prefix": and.prefix(),
            "tags": s3::tag_map(and.tags()),
        })]),
        "object_size_greater_than": filter.object_size_greater_than(),
        "object_size_less_than": filter.object_size_less_than(),
        "prefix": filter.prefix(),
        "tag": filter.tag().map(|tag| [json!({ "key": tag.key(), "value": tag.value() })]),
    })
}

/// The size that AWS and the provider take when nobody says one; older states do not name it.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketLifecycleConfiguration.html>
fn suppress_diff(path: &str, desired: &Value, live: &Value) -> bool {
    path == "/transition_default_minimum_object_size"
        && desired.as_str().unwrap_or_default().is_empty()
        && live.as_str() == Some("all_storage_classes_128K")
}

/// Numbers that schema version 0 kept as strings.
fn as_numbers(attributes: &mut Attributes) {
    if let Some(rules) = attributes.get_mut("rule") {
        numbers_in(rules);
    }
}

fn numbers_in(value: &mut Value) {
    const NUMBERS: &[&str] =
        &["newer_noncurrent_versions", "noncurrent_days", "object_size_greater_than", "object_size_less_than"];
    match value {
        Value::Array(elements) => elements.iter_mut().for_each(numbers_in),
        Value::Object(members) => {
            for (name, member) in members {
                match member.as_str().map(str::parse::<i64>) {
                    Some(Ok(number)) if NUMBERS.contains(&name.as_str()) => *member = json!(number),
                    _ => numbers_in(member),
                }
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_s3::types::{ExpirationStatus, LifecycleRuleAndOperator, Tag};

    use super::*;

    #[test]
    fn filters() {
        let of = |filter: Option<LifecycleRuleFilter>| {
            let made = LifecycleRule::builder().id("a").status(ExpirationStatus::Enabled).set_filter(filter).build();
            rule(&made.unwrap())["filter"].clone()
        };
        assert_eq!(of(None), Value::Null);
        assert_eq!(of(Some(LifecycleRuleFilter::builder().build())), Value::Null);
        assert_eq!(of(Some(LifecycleRuleFilter::builder().prefix("").build()))[0]["prefix"], "");
        let tag = Tag::builder().key("k").value("v").build().unwrap();
        let and = LifecycleRuleAndOperator::builder().prefix("p/").tags(tag).object_size_less_than(9).build();
        assert_eq!(
            of(Some(LifecycleRuleFilter::builder().and(and).build()))[0]["and"],
            json!([{"object_size_greater_than": null, "object_size_less_than": 9, "prefix": "p/", "tags": {"k": "v"}}])
        );
    }

    #[test]
    fn old_states_have_strings() {
        let mut old = attributes(json!({"rule": [{"id": "30", "noncurrent_version_expiration":
            [{"noncurrent_days": 30, "newer_noncurrent_versions": "5"}]}]}));
        as_numbers(&mut old);
        assert_eq!(
            old["rule"],
            json!([{"id": "30", "noncurrent_version_expiration": [{"noncurrent_days": 30, "newer_noncurrent_versions": 5}]}])
        );
    }
}
