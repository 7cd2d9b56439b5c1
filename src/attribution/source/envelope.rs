//! Messages of a queue -> events, or the log files that have them. Pure: knows no queue. Accepted are, each of them also
//! inside an SNS notification:
//!
//! * S3 event notifications, <https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html>;
//! * S3's "Object Created" by EventBridge, <https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html>;
//! * CloudTrail's own notifications of log files,
//!   <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/configure-sns-notifications-for-cloudtrail.html>;
//! * events by EventBridge, <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail.html>,
//!   whole or only their `detail`.

use jiff::Timestamp;
use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::log_file_name::is_log;
use crate::attribution::event::{self, Event, Skipped, Unread};

/// Notifications in notifications; deeper is a mistake.
const DEEPEST: usize = 4;

/// A log file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ObjectRef {
    pub bucket: String,
    /// Decoded, as S3's API takes it.
    pub key: String,
}

/// What a message holds. Nothing at all is fine: a test event, a digest, a call that only reads.
#[derive(Debug, Default, PartialEq)]
pub struct Contents {
    pub events: Vec<Event>,
    pub objects: Vec<ObjectRef>,
    /// What the records were about that could not be read.
    pub unread: Vec<Unread>,
}

/// A message that no AWS service sends here; to be put aside, not tried again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeError {
    #[error("the message is no JSON object")]
    NotJson,
    #[error("the message is neither an S3 or CloudTrail notification nor an event; it has: {0}")]
    Unknown(String),
    #[error("notifications in notifications, {DEEPEST} deep")]
    TooDeep,
}

/// The members by which messages are distinguished.
#[derive(Deserialize)]
struct Message<'a> {
    /// SNS: `Notification`.
    #[serde(rename = "Type")]
    kind: Option<String>,
    #[serde(rename = "Message")]
    message: Option<String>,
    /// S3, when notifications are set up: `s3:TestEvent`.
    #[serde(rename = "Event")]
    test: Option<String>,
    /// S3's notifications.
    #[serde(rename = "Records")]
    records: Option<Vec<Value>>,
    /// CloudTrail's notifications.
    #[serde(rename = "s3Bucket")]
    bucket: Option<String>,
    #[serde(rename = "s3ObjectKey", default)]
    keys: Vec<String>,
    /// EventBridge.
    #[serde(rename = "detail-type")]
    detail_type: Option<String>,
    #[serde(borrow)]
    detail: Option<&'a RawValue>,
    /// A record by itself.
    #[serde(rename = "eventID")]
    event_id: Option<Value>,
}

/// Opens the body of a message.
///
/// # Errors
/// It is nothing that is sent here.
pub fn open(body: &str) -> Result<Contents, EnvelopeError> {
    let mut contents = Contents::default();
    open_into(body, &mut contents, 0)?;
    Ok(contents)
}

fn open_into(body: &str, contents: &mut Contents, depth: usize) -> Result<(), EnvelopeError> {
    if depth >= DEEPEST {
        return Err(EnvelopeError::TooDeep);
    }
    // CloudTrail says so, in plain words, when a topic is set up.
    if body.starts_with("CloudTrail validation message") {
        return Ok(());
    }
    let message: Message<'_> = serde_json::from_str(body).map_err(|_| unknown(body))?;
    match message {
        Message { kind: Some(kind), message: Some(inner), .. } => match kind.as_str() {
            "Notification" => return open_into(&inner, contents, depth + 1),
            // Somebody has yet to confirm, or has left: no news of AWS.
            "SubscriptionConfirmation" | "UnsubscribeConfirmation" => {}
            _ => return Err(unknown(body)),
        },
        Message { test: Some(test), .. } if test == "s3:TestEvent" => {}
        Message { records: Some(records), .. } => {
            let notified = records.iter().filter(|record| is_created(record)).filter_map(notified);
            contents.objects.extend(notified.filter(|object| is_log(&object.key)));
            // A log itself, in place of a notification: no service sends that.
            if records.iter().any(|record| record.get("s3").is_none()) {
                return Err(unknown(body));
            }
        }
        Message { bucket: Some(bucket), keys, .. } => {
            let objects = keys.into_iter().map(|key| ObjectRef { bucket: bucket.clone(), key });
            contents.objects.extend(objects.filter(|object| is_log(&object.key)));
        }
        Message { detail_type: Some(kind), detail: Some(detail), .. } => event(&kind, detail.get(), contents),
        Message { event_id: Some(_), .. } => read_record(body, contents),
        _ => return Err(unknown(body)),
    }
    Ok(())
}

/// EventBridge's events; of other kinds than these a rule may send any, and they are none of ours.
fn event(kind: &str, detail: &str, contents: &mut Contents) {
    match kind {
        "Object Created" => {
            let detail: Value = serde_json::from_str(detail).unwrap_or_default();
            // Other than in S3's notifications, keys are not encoded here.
            let text = |pointer| detail.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
            match (text("/bucket/name"), text("/object/key")) {
                (Some(bucket), Some(key)) if is_log(&key) => contents.objects.push(ObjectRef { bucket, key }),
                (Some(_), Some(_)) => {}
                // A log file that nobody can find: whatever stands in it.
                _ => contents.unread.push(Unread::Anything(Timestamp::MAX)),
            }
        }
        "AWS API Call via CloudTrail"
        | "AWS Service Event via CloudTrail"
        | "AWS Console Sign In via CloudTrail"
        // Both spellings stand in AWS's pages.
        | "AWS Console Signin via CloudTrail"
        | "AWS Console Action via CloudTrail" => read_record(detail, contents),
        _ => {}
    }
}

fn read_record(text: &str, contents: &mut Contents) {
    match event::parse(text) {
        Ok(event) => contents.events.push(event),
        Err(Skipped::Irrelevant | Skipped::NoCall) => {}
        Err(Skipped::Malformed) => contents.unread.push(event::unread(text)),
    }
}

/// `ObjectCreated:Put`, `ObjectCreated:CompleteMultipartUpload`, ...: not what is removed, restored or tagged.
fn is_created(record: &Value) -> bool {
    record["eventName"].as_str().is_some_and(|name| name.trim_start_matches("s3:").starts_with("ObjectCreated:"))
}

fn notified(record: &Value) -> Option<ObjectRef> {
    let bucket = record.pointer("/s3/bucket/name")?.as_str()?.to_owned();
    let key = record.pointer("/s3/object/key")?.as_str()?;
    Some(ObjectRef { bucket, key: decoded(key) })
}

/// Keys are encoded like the fields of a form: a blank is a plus.
fn decoded(key: &str) -> String {
    percent_decode_str(&key.replace('+', " ")).decode_utf8_lossy().into_owned()
}

/// Names of members show what it is; values may be anybody's business.
fn unknown(body: &str) -> EnvelopeError {
    match serde_json::from_str::<Value>(body) {
        Ok(Value::Object(members)) => {
            let names: Vec<&str> = members.keys().map(String::as_str).take(8).collect();
            EnvelopeError::Unknown(names.join(", ").chars().take(200).collect())
        }
        _ => EnvelopeError::NotJson,
    }
}

#[cfg(test)]
mod tests;
