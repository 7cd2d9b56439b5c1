//! Every way into a queue, and what is none.

use super::super::testing::a_record;
use super::*;
use serde_json::json;

const KEY: &str = "org/AWSLogs/o-ab12/123456789012/CloudTrail/eu-west-1/2026/01/02/123456789012_CloudTrail_eu-west-1_20260102T0310Z_x.json.gz";

fn notification(name: &str, key: &str) -> Value {
    json!({"Records": [{"eventVersion": "2.1", "eventSource": "aws:s3", "awsRegion": "eu-west-1", "eventName": name,
        "eventTime": "2026-01-02T03:10:00.000Z", "userIdentity": {"principalId": "AWS:AIDATRAIL"},
        "s3": {"s3SchemaVersion": "1.0", "configurationId": "trail", "bucket": {"name": "logs", "arn": "arn:aws:s3:::logs"},
            "object": {"key": key, "size": 1, "sequencer": "0A"}}}]})
}

fn bridged(kind: &str, source: &str, detail: &Value) -> Value {
    json!({"version": "0", "id": "1", "detail-type": kind, "source": source, "account": "123456789012",
        "time": "2026-01-02T03:10:00Z", "region": "eu-west-1", "resources": [], "detail": detail})
}

fn sns(message: &str) -> Value {
    json!({"Type": "Notification", "MessageId": "1", "TopicArn": "arn:aws:sns:eu-west-1:123456789012:trail",
        "Subject": "Amazon S3 Notification", "Message": message, "Timestamp": "2026-01-02T03:10:00.000Z",
        "SignatureVersion": "1", "Signature": "x"})
}

fn opened(body: &Value) -> Contents {
    open(&body.to_string()).unwrap_or_else(|error| panic!("{body}: {error}"))
}

#[test]
fn log_files_in_every_envelope() {
    let object = |key: &str| vec![ObjectRef { bucket: "logs".to_owned(), key: key.to_owned() }];
    let created =
        json!({"version": "0", "bucket": {"name": "logs"}, "object": {"key": KEY, "size": 1}, "reason": "PutObject"});
    for body in [
        notification("ObjectCreated:Put", KEY),
        notification("ObjectCreated:Put", &KEY.replace('/', "%2F").replace("o-", "o%2D")),
        bridged("Object Created", "aws.s3", &created),
        json!({"s3Bucket": "logs", "s3ObjectKey": [KEY]}),
    ] {
        for body in [body.clone(), sns(&body.to_string()), sns(&sns(&body.to_string()).to_string())] {
            let contents = opened(&body);
            assert_eq!((contents.objects, contents.events.len(), contents.unread.len()), (object(KEY), 0, 0), "{body}");
        }
    }
    let encoded = opened(&notification("ObjectCreated:Copy", "my+logs/a%2Bb%3D%C3%A4.json.gz"));
    assert_eq!(encoded.objects, object("my logs/a+b=ä.json.gz"));
    let plus = json!({"bucket": {"name": "logs"}, "object": {"key": "a+b%20.json.gz"}});
    assert_eq!(opened(&bridged("Object Created", "aws.s3", &plus)).objects, object("a+b%20.json.gz"), "not encoded");
}

#[test]
fn events_in_every_envelope() {
    let record = a_record("a", "2026-01-02T03:04:05Z");
    for kind in [
        "AWS API Call via CloudTrail",
        "AWS Service Event via CloudTrail",
        "AWS Console Sign In via CloudTrail",
        "AWS Console Signin via CloudTrail",
        "AWS Console Action via CloudTrail",
    ] {
        let body = bridged(kind, "aws.ec2", &record);
        for body in [body.clone(), sns(&body.to_string())] {
            let contents = opened(&body);
            assert_eq!(contents.events.len(), 1, "{body}");
            assert_eq!((contents.events[0].id.as_str(), contents.unread.len()), ("a", 0));
        }
    }
    assert_eq!(opened(&record).events.len(), 1, "a rule may send nothing but the detail");
    let unread = |detail: &Value| opened(&bridged("AWS API Call via CloudTrail", "aws.ec2", detail)).unread;
    assert_eq!(unread(&json!({"eventID": "x", "eventTime": "never"})), [Unread::Nothing]);
    let one = unread(&a_record("a", "never"));
    assert!(matches!(&one[..], [Unread::Call(event)] if event.id == "a" && event.time == Timestamp::MAX), "{one:?}");
    let nowhere = bridged("Object Created", "aws.s3", &json!({"bucket": {}, "object": {"key": KEY}}));
    assert_eq!(opened(&nowhere).unread, [Unread::Anything(Timestamp::MAX)]);
}

#[test]
fn what_is_no_news_is_nothing() {
    let mut read = a_record("a", "2026-01-02T03:04:05Z");
    read["readOnly"] = json!(true);
    let test =
        json!({"Service": "Amazon S3", "Event": "s3:TestEvent", "Time": "2026-01-02T03:04:05.000Z", "Bucket": "logs"});
    for body in [
        sns(&test.to_string()),
        test,
        sns("CloudTrail validation message."),
        json!({"Type": "SubscriptionConfirmation", "Message": "You have chosen to subscribe", "Token": "x"}),
        notification("ObjectRemoved:Delete", KEY),
        notification("ObjectCreated:Put", &KEY.replace("/CloudTrail/", "/CloudTrail-Digest/")),
        notification("ObjectCreated:Put", "AWSLogs/123456789012/elasticloadbalancing/x.log"),
        json!({"Records": []}),
        bridged("Object Deleted", "aws.s3", &json!({"bucket": {"name": "logs"}, "object": {"key": KEY}})),
        bridged("AWS Insight via CloudTrail", "aws.cloudtrail", &json!({})),
        bridged("AWS API Call via CloudTrail", "aws.ec2", &read),
    ] {
        assert_eq!(opened(&body), Contents::default(), "{body}");
    }
}

#[test]
fn foreign_messages_are_put_aside() {
    for body in ["", "plain", "7", "[]", "null", "{\"Records\": 7}", "{\"detail\": "] {
        assert!(open(body).is_err(), "{body}");
    }
    let secret = json!({"password": "hunter2", "user": "x"}).to_string();
    assert_eq!(open(&secret), Err(EnvelopeError::Unknown("password, user".to_owned())), "names, not values");
    let mut deep = notification("ObjectCreated:Put", KEY).to_string();
    for _ in 0..5 {
        deep = sns(&deep).to_string();
    }
    assert_eq!(open(&deep), Err(EnvelopeError::TooDeep));
}
