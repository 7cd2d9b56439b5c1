//! The blocks within `aws_s3_bucket` that repeat its settings in the old form, as the provider writes them
//! (`internal/service/s3/bucket.go`); the split resources have newer forms.

use aws_sdk_s3::operation::{
    get_bucket_acl::GetBucketAclOutput, get_bucket_cors::GetBucketCorsOutput,
    get_bucket_encryption::GetBucketEncryptionOutput,
    get_bucket_lifecycle_configuration::GetBucketLifecycleConfigurationOutput,
    get_bucket_logging::GetBucketLoggingOutput, get_bucket_replication::GetBucketReplicationOutput,
    get_bucket_versioning::GetBucketVersioningOutput, get_bucket_website::GetBucketWebsiteOutput,
    get_object_lock_configuration::GetObjectLockConfigurationOutput,
};
use aws_sdk_s3::types::{
    BucketVersioningStatus, Destination, ExpirationStatus, LifecycleRule, LifecycleRuleFilter, MfaDeleteStatus,
    ObjectLockEnabled, ReplicationRule, ReplicationRuleFilter, SseKmsEncryptedObjectsStatus,
};
use aws_smithy_types::DateTime;
use serde_json::{Value, json};

use super::aws_s3_bucket_cors_configuration::cors_rule;
use super::aws_s3_bucket_object_lock_configuration::default_retention;
use super::aws_s3_bucket_server_side_encryption_configuration as server_side_encryption;
use super::aws_s3_bucket_website_configuration::routing_rules;
use super::s3::tag_map;
use crate::inventory::value::time;

/// One element per grantee, with all its permissions.
pub(super) fn grants(acl: &GetBucketAclOutput) -> Value {
    let mut grants: Vec<(Value, Vec<&str>)> = Vec::new();
    for grant in acl.grants() {
        let Some(grantee) = grant.grantee() else { continue };
        let to = json!({ "id": grantee.id(), "type": grantee.r#type().as_str(), "uri": grantee.uri() });
        let permission = grant.permission().map(|permission| permission.as_str()).unwrap_or_default();
        match grants.iter_mut().find(|(known, _)| *known == to) {
            Some((_, permissions)) => permissions.push(permission),
            None => grants.push((to, vec![permission])),
        }
    }
    let elements = grants.into_iter().map(|(mut grant, permissions)| {
        grant["permissions"] = json!(permissions);
        grant
    });
    Value::from_iter(elements)
}

pub(super) fn cors_rules(answer: &GetBucketCorsOutput) -> Value {
    Value::from_iter(answer.cors_rules().iter().map(|rule| Value::Object(cors_rule(rule))))
}

pub(super) fn encryption(answer: &GetBucketEncryptionOutput) -> Value {
    let encryption = answer.server_side_encryption_configuration();
    json!(encryption.map(|encryption| [json!({ "rule": server_side_encryption::rules(encryption.rules()) })]))
}

pub(super) fn logging(answer: &GetBucketLoggingOutput) -> Value {
    let logging = answer.logging_enabled();
    json!(logging.map(|logging| [json!({
        "target_bucket": logging.target_bucket(),
        "target_prefix": logging.target_prefix(),
    })]))
}

pub(super) fn object_lock(answer: &GetObjectLockConfigurationOutput) -> Value {
    let lock = answer.object_lock_configuration();
    json!(lock.map(|lock| {
        let retention = lock.rule().and_then(|rule| rule.default_retention());
        [json!({
            "object_lock_enabled": lock.object_lock_enabled().map(|enabled| enabled.as_str()),
            "rule": retention.map(|it| [json!({ "default_retention": [default_retention(it)] })]),
        })]
    }))
}

pub(super) fn object_lock_enabled(answer: &GetObjectLockConfigurationOutput) -> bool {
    let lock = answer.object_lock_configuration();
    lock.and_then(|lock| lock.object_lock_enabled()) == Some(&ObjectLockEnabled::Enabled)
}

pub(super) fn versioning(answer: &GetBucketVersioningOutput) -> Value {
    json!([{
        "enabled": answer.status() == Some(&BucketVersioningStatus::Enabled),
        "mfa_delete": answer.mfa_delete() == Some(&MfaDeleteStatus::Enabled),
    }])
}

pub(super) fn website(answer: &GetBucketWebsiteOutput) -> Value {
    let redirect_all = answer.redirect_all_requests_to().map(|to| match to.protocol() {
        Some(protocol) => format!("{}://{}", protocol.as_str(), to.host_name()),
        None => to.host_name().to_owned(),
    });
    json!([{
        "error_document": answer.error_document().map(|document| document.key()),
        "index_document": answer.index_document().map(|document| document.suffix()),
        "redirect_all_requests_to": redirect_all,
        "routing_rules": routing_rules(answer.routing_rules()),
    }])
}

pub(super) fn lifecycle_rules(answer: &GetBucketLifecycleConfigurationOutput) -> Value {
    Value::from_iter(answer.rules().iter().map(lifecycle_rule))
}

#[expect(deprecated, reason = "the prefix outside of a filter is old, and still in use")]
fn lifecycle_rule(rule: &LifecycleRule) -> Value {
    let (in_filter, tags) = lifecycle_filter(rule.filter());
    let abort = rule.abort_incomplete_multipart_upload();
    let noncurrent = rule.noncurrent_version_transitions().iter().map(|transition| {
        json!({
            "days": transition.noncurrent_days(),
            "storage_class": transition.storage_class().map(|class| class.as_str()),
        })
    });
    let transitions = rule.transitions().iter().map(|transition| {
        json!({
            "date": day(transition.date()),
            "days": transition.days(),
            "storage_class": transition.storage_class().map(|class| class.as_str()),
        })
    });
    json!({
        "abort_incomplete_multipart_upload_days": abort.and_then(|abort| abort.days_after_initiation()),
        "enabled": *rule.status() == ExpirationStatus::Enabled,
        "expiration": rule.expiration().map(|expiration| [json!({
            "date": day(expiration.date()),
            "days": expiration.days(),
            "expired_object_delete_marker": expiration.expired_object_delete_marker(),
        })]),
        "id": rule.id(),
        "noncurrent_version_expiration": rule.noncurrent_version_expiration().map(|expired| [json!({
            "days": expired.noncurrent_days(),
        })]),
        "noncurrent_version_transition": Value::from_iter(noncurrent),
        "prefix": rule.prefix().or(in_filter),
        "tags": tags,
        "transition": Value::from_iter(transitions),
    })
}

/// Prefix and tags, whether they stand alone or within an `And`.
fn lifecycle_filter(filter: Option<&LifecycleRuleFilter>) -> (Option<&str>, Value) {
    let Some(filter) = filter else { return (None, Value::Null) };
    match filter.and() {
        Some(and) => (filter.prefix().or(and.prefix()), tag_map(and.tags())),
        None => (filter.prefix(), tag_map(filter.tag().map_or(&[], std::slice::from_ref))),
    }
}

/// `2026-11-23`.
fn day(at: Option<&DateTime>) -> Option<String> {
    Some(time(at)?.split_once('T')?.0.to_owned())
}

pub(super) fn replication(answer: &GetBucketReplicationOutput) -> Value {
    let replication = answer.replication_configuration();
    json!(replication.map(|replication| [json!({
        "role": replication.role(),
        "rules": Value::from_iter(replication.rules().iter().map(replication_rule)),
    })]))
}

#[expect(deprecated, reason = "the prefix outside of a filter is old, and still in use")]
fn replication_rule(rule: &ReplicationRule) -> Value {
    let markers = rule.delete_marker_replication().and_then(|markers| markers.status());
    json!({
        // Only `Enabled` is shown.
        "delete_marker_replication_status": markers.map(|status| status.as_str()).filter(|status| *status == "Enabled"),
        "destination": rule.destination().map(|it| [destination(it)]),
        "filter": rule.filter().map(|it| [replication_filter(it)]),
        "id": rule.id(),
        "prefix": rule.prefix(),
        "priority": rule.priority(),
        "source_selection_criteria": rule.source_selection_criteria().map(|criteria| [json!({
            "sse_kms_encrypted_objects": criteria.sse_kms_encrypted_objects().map(|objects| [json!({
                "enabled": *objects.status() == SseKmsEncryptedObjectsStatus::Enabled,
            })]),
        })]),
        "status": rule.status().as_str(),
    })
}

fn replication_filter(filter: &ReplicationRuleFilter) -> Value {
    match filter.and() {
        Some(and) => json!({ "prefix": filter.prefix().or(and.prefix()), "tags": tag_map(and.tags()) }),
        None => json!({ "prefix": filter.prefix(), "tags": tag_map(filter.tag().map_or(&[], std::slice::from_ref)) }),
    }
}

fn destination(destination: &Destination) -> Value {
    let translation = destination.access_control_translation();
    json!({
        "access_control_translation": translation.map(|it| [json!({ "owner": it.owner().as_str() })]),
        "account_id": destination.account(),
        "bucket": destination.bucket(),
        "metrics": destination.metrics().map(|metrics| [json!({
            "minutes": metrics.event_threshold().and_then(|threshold| threshold.minutes()),
            "status": metrics.status().as_str(),
        })]),
        "replica_kms_key_id": destination.encryption_configuration().and_then(|it| it.replica_kms_key_id()),
        "replication_time": destination.replication_time().map(|replication_time| [json!({
            "minutes": replication_time.time().and_then(|time| time.minutes()),
            "status": replication_time.status().as_str(),
        })]),
        "storage_class": destination.storage_class().map(|class| class.as_str()),
    })
}

#[cfg(test)]
mod tests {
    use aws_sdk_s3::types::{Grant, Grantee, Permission, Protocol, RedirectAllRequestsTo, Type};

    use super::*;

    #[test]
    fn one_grant_per_grantee() {
        let grant = |id: &str, permission| {
            let to = Grantee::builder().id(id).r#type(Type::CanonicalUser).build().unwrap();
            Grant::builder().grantee(to).permission(permission).build()
        };
        let acl = GetBucketAclOutput::builder()
            .grants(grant("a", Permission::Read))
            .grants(grant("b", Permission::FullControl))
            .grants(grant("a", Permission::Write))
            .build();
        assert_eq!(
            grants(&acl),
            json!([
                {"id": "a", "type": "CanonicalUser", "uri": null, "permissions": ["READ", "WRITE"]},
                {"id": "b", "type": "CanonicalUser", "uri": null, "permissions": ["FULL_CONTROL"]},
            ])
        );
    }

    #[test]
    fn days_and_redirects() {
        assert_eq!(day(Some(&DateTime::from_secs(1_763_856_000))).as_deref(), Some("2025-11-23"));
        let to = RedirectAllRequestsTo::builder().host_name("example.com").protocol(Protocol::Https).build().unwrap();
        let answer = GetBucketWebsiteOutput::builder().redirect_all_requests_to(to).build();
        assert_eq!(website(&answer)[0]["redirect_all_requests_to"], "https://example.com");
    }
}
