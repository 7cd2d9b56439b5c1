//! `aws_s3_bucket_replication_configuration`. The token of AWS Support is only ever sent.

use async_trait::async_trait;
use aws_sdk_s3::types::{Destination, ReplicationRule, ReplicationRuleFilter, SourceSelectionCriteria};
use serde_json::{Value, json};

use super::s3::{self, BucketPart, PartId};
use crate::aws::ReadError;
use crate::inventory::ScopeReader;
use crate::inventory::value::attributes;
use crate::model::{Attributes, CompareRules};

pub(super) struct AwsS3BucketReplicationConfiguration;

#[async_trait]
impl BucketPart for AwsS3BucketReplicationConfiguration {
    fn name(&self) -> &'static str {
        "aws_s3_bucket_replication_configuration"
    }

    fn actions(&self) -> &'static [&'static str] {
        &["s3:GetReplicationConfiguration", "s3:GetBucketLocation", "s3:ListAllMyBuckets"]
    }

    fn compare_rules(&self) -> CompareRules {
        CompareRules { not_returned: &["token"], ..CompareRules::default() }
    }

    fn repeated_in(&self) -> &'static [&'static str] {
        &["replication_configuration"]
    }

    async fn read(&self, aws: &ScopeReader, id: &PartId<'_>) -> Result<Option<Attributes>, ReadError> {
        let answer = s3::replication(aws, id.bucket).await?;
        let replication = s3::part("s3:GetReplicationConfiguration", &answer, |it| it.replication_configuration())?;
        Ok(replication.map(|replication| {
            let rules = replication.rules().iter().map(rule);
            attributes(json!({ "role": replication.role(), "rule": Value::from_iter(rules) }))
        }))
    }
}

#[expect(deprecated, reason = "the prefix outside of a filter is old, and still in use")]
fn rule(rule: &ReplicationRule) -> Value {
    let markers = rule.delete_marker_replication();
    let existing = rule.existing_object_replication();
    json!({
        "delete_marker_replication": markers.map(|it| [json!({ "status": it.status().map(|status| status.as_str()) })]),
        "destination": rule.destination().map(|it| [destination(it)]),
        "existing_object_replication": existing.map(|it| [json!({ "status": it.status().as_str() })]),
        "filter": rule.filter().map(|it| [filter(it)]),
        "id": rule.id(),
        "prefix": rule.prefix(),
        "priority": rule.priority(),
        "source_selection_criteria": rule.source_selection_criteria().map(|it| [criteria(it)]),
        "status": rule.status().as_str(),
    })
}

fn destination(destination: &Destination) -> Value {
    let translation = destination.access_control_translation();
    let encryption = destination.encryption_configuration();
    json!({
        "access_control_translation": translation.map(|it| [json!({ "owner": it.owner().as_str() })]),
        "account": destination.account(),
        "bucket": destination.bucket(),
        "encryption_configuration": encryption.map(|it| [json!({ "replica_kms_key_id": it.replica_kms_key_id() })]),
        "metrics": destination.metrics().map(|metrics| [json!({
            "event_threshold": metrics.event_threshold().map(|it| [json!({ "minutes": it.minutes() })]),
            "status": metrics.status().as_str(),
        })]),
        "replication_time": destination.replication_time().map(|replication_time| [json!({
            "status": replication_time.status().as_str(),
            "time": replication_time.time().map(|it| [json!({ "minutes": it.minutes() })]),
        })]),
        "storage_class": destination.storage_class().map(|class| class.as_str()),
    })
}

fn filter(filter: &ReplicationRuleFilter) -> Value {
    json!({
        "and": filter.and().map(|and| [json!({ "prefix": and.prefix(), "tags": s3::tag_map(and.tags()) })]),
        "prefix": filter.prefix(),
        "tag": filter.tag().map(|tag| [json!({ "key": tag.key(), "value": tag.value() })]),
    })
}

fn criteria(criteria: &SourceSelectionCriteria) -> Value {
    let replicas = criteria.replica_modifications();
    let encrypted = criteria.sse_kms_encrypted_objects();
    json!({
        "replica_modifications": replicas.map(|it| [json!({ "status": it.status().as_str() })]),
        "sse_kms_encrypted_objects": encrypted.map(|it| [json!({ "status": it.status().as_str() })]),
    })
}
