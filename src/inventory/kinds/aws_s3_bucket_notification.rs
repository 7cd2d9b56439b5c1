//! `aws_s3_bucket_notification`. A bucket always has one, perhaps an empty one.

use async_trait::async_trait;
use aws_sdk_s3::types::{Event, NotificationConfigurationFilter};
use serde_json::{Value, json};

use super::s3::{self, BucketPart, PartId, Strangers};
use crate::aws::ReadError;
use crate::inventory::ScopeReader;
use crate::inventory::value::attributes;
use crate::model::Attributes;

pub(super) struct AwsS3BucketNotification;

#[async_trait]
impl BucketPart for AwsS3BucketNotification {
    fn name(&self) -> &'static str {
        "aws_s3_bucket_notification"
    }

    fn actions(&self) -> &'static [&'static str] {
        &["s3:GetBucketNotification", "s3:GetBucketLocation", "s3:ListAllMyBuckets"]
    }

    fn strangers(&self) -> Strangers {
        Strangers::One(sends_anything)
    }

    async fn read(&self, aws: &ScopeReader, id: &PartId<'_>) -> Result<Option<Attributes>, ReadError> {
        let answer = s3::notification(aws, id.bucket).await?;
        Ok(answer.as_ref().as_ref().map(|answer| {
            let lambdas = answer
                .lambda_function_configurations()
                .iter()
                .map(|to| target("lambda_function_arn", to.lambda_function_arn(), to.id(), to.events(), to.filter()));
            let queues = answer.queue_configurations().iter();
            let queues = queues.map(|to| target("queue_arn", to.queue_arn(), to.id(), to.events(), to.filter()));
            let topics = answer.topic_configurations().iter();
            let topics = topics.map(|to| target("topic_arn", to.topic_arn(), to.id(), to.events(), to.filter()));
            attributes(json!({
                "eventbridge": answer.event_bridge_configuration().is_some(),
                "lambda_function": Value::from_iter(lambdas),
                "queue": Value::from_iter(queues),
                "topic": Value::from_iter(topics),
            }))
        }))
    }
}

fn sends_anything(values: &Attributes) -> bool {
    let any = |name: &str| values.get(name).and_then(Value::as_array).is_some_and(|targets| !targets.is_empty());
    values.get("eventbridge") == Some(&json!(true)) || ["lambda_function", "queue", "topic"].into_iter().any(any)
}

fn target(
    arn_name: &str,
    arn: &str,
    id: Option<&str>,
    events: &[Event],
    filter: Option<&NotificationConfigurationFilter>,
) -> Value {
    let rules = filter.and_then(|filter| filter.key()).map(|key| key.filter_rules()).unwrap_or_default();
    // AWS answers `Prefix`, whatever was written.
    let value = |request: &str| {
        let mut rules = rules.iter();
        let rule = rules.find(|rule| rule.name().is_some_and(|name| name.as_str().eq_ignore_ascii_case(request)));
        rule.and_then(|rule| rule.value())
    };
    json!({
        arn_name: arn,
        "events": events.iter().map(Event::as_str).collect::<Vec<_>>(),
        "filter_prefix": value("prefix"),
        "filter_suffix": value("suffix"),
        "id": id,
    })
}

#[cfg(test)]
mod tests {
    use aws_sdk_s3::types::{FilterRule, S3KeyFilter};

    use super::*;

    #[test]
    fn an_empty_one_is_nobodys() {
        let sends = |values| sends_anything(&attributes(values));
        assert!(!sends(json!({"eventbridge": false, "lambda_function": [], "queue": [], "topic": []})));
        assert!(sends(json!({"eventbridge": true, "topic": []})));
        assert!(sends(json!({"eventbridge": false, "queue": [{"queue_arn": "arn"}]})));
    }

    #[test]
    fn filters_in_any_case() {
        let rule = |name: &str, value| FilterRule::builder().name(name.into()).value(value).build();
        let key =
            S3KeyFilter::builder().filter_rules(rule("Prefix", "in/")).filter_rules(rule("suffix", ".csv")).build();
        let filter = NotificationConfigurationFilter::builder().key(key).build();
        let target = target("queue_arn", "arn", Some("a"), &[Event::S3ObjectCreated], Some(&filter));
        assert_eq!(
            target,
            json!({"queue_arn": "arn", "events": ["s3:ObjectCreated:*"], "filter_prefix": "in/",
                   "filter_suffix": ".csv", "id": "a"})
        );
    }
}
