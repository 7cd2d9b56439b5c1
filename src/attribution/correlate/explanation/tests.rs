//! Stories: what happened, as CloudTrail records it, and who must be named.

pub(in crate::attribution::correlate) mod certainty;
mod contested;
mod mixing;
mod removal;
mod security_groups;
mod shapes;

use serde_json::{Value, json};

use super::*;
use crate::attribution::event::{EventSink as _, Skipped, parse};
use crate::model::{Attributes, Change, Drift, Scope};

/// A record as CloudTrail writes it: at `second` of a minute, by an IAM user.
fn event(second: u32, user: &str, call: &str, request: Value, more: Value) -> String {
    let (service, name) = call.split_once(':').unwrap();
    let mut record = json!({
        "eventVersion": "1.11", "eventID": format!("{second}-{user}-{name}"), "eventTime": format!("2026-01-02T10:00:{second:02}Z"),
        "eventSource": format!("{service}.amazonaws.com"), "eventName": name, "awsRegion": "eu-west-1", "readOnly": false,
        "recipientAccountId": "123456789012", "eventType": "AwsApiCall", "sourceIPAddress": "203.0.113.7",
        "userAgent": "aws-cli/2.34.30 md/command#x", "tlsDetails": {"tlsVersion": "TLSv1.3"},
        "userIdentity": {"type": "IAMUser", "principalId": format!("AIDA{user}"), "accountId": "123456789012", "userName": user,
            "arn": format!("arn:aws:iam::123456789012:user/{user}"), "accessKeyId": format!("AKIA{user}")},
        "requestParameters": request, "responseElements": null,
    });
    if let (Value::Object(record), Value::Object(more)) = (&mut record, more) {
        record.extend(more);
    }
    record.to_string()
}

fn drift(status: DriftStatus, kind: &str, region: &str, desired: Value, live: Value, changes: Vec<Change>) -> Drift {
    let map = |value: Value| if let Value::Object(map) = value { map } else { Attributes::new() };
    let (desired, live) = (map(desired), map(live));
    let id = desired.get("id").or(live.get("id")).and_then(Value::as_str).unwrap_or_default().to_owned();
    Drift {
        status,
        kind: kind.into(),
        id,
        scope: Scope::new("123456789012", region),
        desired: Some(0),
        reason: None,
        changes,
        made: Vec::new(),
        desired_attributes: desired,
        live_attributes: live,
    }
}

fn changed(kind: &str, attributes: Value, changes: Vec<Change>) -> Drift {
    drift(DriftStatus::Changed, kind, "eu-west-1", attributes, Value::Null, changes)
}

fn change(path: &str, desired: Value, live: Value) -> Change {
    Change { path: path.into(), desired, live, added: None, removed: None, sensitive: false, declared: None }
}

fn elements(path: &str, removed: Value, added: Value) -> Change {
    let list = |value: Value| Some(value.as_array().cloned().unwrap_or_default());
    Change { added: list(added), removed: list(removed), ..change(path, Value::Null, Value::Null) }
}

fn rule(port: u16, cidr: &str) -> Value {
    json!({"protocol": "tcp", "from_port": port, "to_port": port, "cidr_blocks": [cidr], "description": "", "self": false, "security_groups": []})
}

fn authorize(port: u16, cidr: &str) -> Value {
    json!({"groupId": "sg-0a1b2c3d4e5f", "ipPermissions": {"items": [{"ipProtocol": "tcp", "fromPort": port, "toPort": port,
        "groups": {}, "ipRanges": {"items": [{"cidrIp": cidr}]}, "prefixListIds": {}}]}})
}

const GROUP: &str = "sg-0a1b2c3d4e5f";
const INSTANCE: &str = "i-0a1b2c3d4e5f";

fn resized(second: u32, user: &str, size: &str, more: Value) -> String {
    event(
        second,
        user,
        "ec2:ModifyInstanceAttribute",
        json!({"instanceId": INSTANCE, "instanceType": {"value": size}}),
        more,
    )
}

fn instance(size: &str) -> Drift {
    changed("aws_instance", json!({"id": INSTANCE}), vec![change("/instance_type", json!("t3.micro"), json!(size))])
}

/// `name confidence: events`, one line for each attribution; the order in which events arrive must not matter.
fn attributed(drift: &Drift, events: &[String]) -> String {
    let in_order = of(drift, events.iter());
    assert_eq!(in_order, of(drift, events.iter().rev()), "the order of arrival matters");
    in_order
}

/// Is what is live proven to be what the last known event set?
fn is_proven(drift: &Drift, events: &[String]) -> bool {
    explained(drift, events.iter()).proven
}

fn of<'a>(drift: &Drift, events: impl Iterator<Item = &'a String>) -> String {
    let explanation = explained(drift, events);
    let line = |attribution: &Attribution| {
        let events: Vec<_> =
            attribution.events.iter().map(|event| format!("{}{:?}", event.event_id, event.paths)).collect();
        let others: Vec<_> =
            attribution.other_events.iter().map(|other| format!(" ({}: {})", other.actor, other.why)).collect();
        let name = attribution.actor.as_ref().map_or("nobody", |actor| &actor.name);
        format!("{name} {}: {}{}", attribution.confidence.as_str(), events.join(" "), others.concat())
    };
    explanation.attributions.iter().map(line).collect::<Vec<_>>().join("\n").replace('"', "")
}

fn explained<'a>(drift: &Drift, events: impl Iterator<Item = &'a String>) -> Explanation {
    let drifts = std::slice::from_ref(drift);
    let mut collector = Collector::new(drifts);
    for text in events {
        match parse(text) {
            Ok(event) => collector.accept(event),
            Err(Skipped::Malformed) => panic!("malformed: {text}"),
            Err(Skipped::Irrelevant | Skipped::NoCall) => {}
        }
    }
    correlate(&collector, &Settings::default()).remove(0).unwrap()
}

#[test]
fn the_last_writer_whose_result_is_live() {
    let nothing = || json!({});
    let events = [
        resized(1, "ann", "m5.large", nothing()),
        resized(2, "bob", "t3.micro", nothing()),
        resized(3, "cy", "m5.large", nothing()),
    ];
    assert_eq!(attributed(&instance("m5.large"), &events), "cy certain: 3-cy-ModifyInstanceAttribute[/instance_type]");
    // Changed back, and yet live: somebody unseen did it again.
    assert_eq!(
        attributed(&instance("m5.large"), &events[..2]),
        "ann possible: 1-ann-ModifyInstanceAttribute[/instance_type] (bob: set another value afterwards, which is not live)"
    );
    assert_eq!(attributed(&instance("c7.large"), &events), "", "nobody set this value");
}

#[test]
fn what_failed_never_counts() {
    let failed = |code: &str| json!({"errorCode": code});
    let events = [
        resized(1, "pipeline", "m5.large", failed("Client.UnauthorizedOperation")),
        resized(1, "ann", "m5.large", json!({})),
        resized(1, "dry", "m5.large", failed("Client.DryRunOperation")),
        resized(2, "reader", "m5.large", json!({"readOnly": true})),
    ];
    assert_eq!(
        attributed(&instance("m5.large"), &events),
        "ann certain: 1-ann-ModifyInstanceAttribute[/instance_type]"
    );
    let gone = drift(DriftStatus::Missing, "aws_instance", "eu-west-1", json!({"id": INSTANCE}), Value::Null, vec![]);
    let terminate = json!({"instancesSet": {"items": [{"instanceId": INSTANCE}]}});
    let events = [
        event(5, "pipeline", "ec2:TerminateInstances", terminate.clone(), failed("Client.OperationNotPermitted")),
        event(5, "ann", "ec2:TerminateInstances", terminate, json!({})),
    ];
    assert_eq!(attributed(&gone, &events), "ann certain: 5-ann-TerminateInstances[]");
}

#[test]
fn in_the_same_second_nobody_was_last() {
    let events = [resized(1, "ann", "m5.large", json!({})), resized(1, "bob", "m5.large", json!({}))];
    assert!(
        attributed(&instance("m5.large"), &events).contains("possible: ")
            && attributed(&instance("m5.large"), &events).contains("did the same in the same second")
    );
    let events = [resized(1, "ann", "m5.large", json!({})), resized(1, "bob", "t3.micro", json!({}))];
    assert_eq!(
        attributed(&instance("m5.large"), &events),
        "ann certain: 1-ann-ModifyInstanceAttribute[/instance_type]"
    );
}

#[test]
fn deleted_and_made_again() {
    let bucket = json!({"bucketName": "acme-logs"});
    let made = drift(
        DriftStatus::Unmanaged,
        "aws_s3_bucket",
        "global",
        Value::Null,
        json!({"id": "acme-logs", "bucket": "acme-logs"}),
        vec![],
    );
    let events = [
        event(1, "ann", "s3:CreateBucket", bucket.clone(), json!({})),
        event(2, "bob", "s3:DeleteBucket", bucket.clone(), json!({})),
        event(3, "cy", "s3:CreateBucket", bucket.clone(), json!({"awsRegion": "us-east-2"})),
        event(
            4,
            "dan",
            "s3:PutBucketTagging",
            json!({"bucketName": "acme-logs", "Tagging": {"TagSet": {"Tag": {"Key": "a", "Value": "b"}}}}),
            json!({}),
        ),
    ];
    assert_eq!(attributed(&made, &events), "cy certain: 3-cy-CreateBucket[]");
    let gone = drift(
        DriftStatus::Missing,
        "aws_s3_bucket_versioning",
        "global",
        json!({"id": "acme-logs", "bucket": "acme-logs"}),
        Value::Null,
        vec![],
    );
    assert_eq!(attributed(&gone, &events[..2]), "bob certain: 2-bob-DeleteBucket[]");
}

#[test]
fn global_services_log_elsewhere_and_regions_do_not_mix() {
    let policy = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::210987654321:root"}, "Action": "sts:AssumeRole"}]});
    let role = drift(
        DriftStatus::Changed,
        "aws_iam_role",
        "global",
        json!({"id": "web", "name": "web"}),
        Value::Null,
        vec![change("/assume_role_policy", json!("{}"), json!(policy.to_string()))],
    );
    let trust = |second, user, document: &Value| {
        event(
            second,
            user,
            "iam:UpdateAssumeRolePolicy",
            json!({"roleName": "web", "policyDocument": document.to_string()}),
            json!({"awsRegion": "us-east-1"}),
        )
    };
    let events = [trust(1, "ann", &policy), trust(2, "bob", &json!({"Statement": []})), trust(3, "cy", &policy)];
    assert_eq!(attributed(&role, &events), "cy certain: 3-cy-UpdateAssumeRolePolicy[/assume_role_policy]");
    let elsewhere = [
        resized(1, "ann", "m5.large", json!({"awsRegion": "us-east-1"})),
        resized(2, "bob", "m5.large", json!({"recipientAccountId": "999999999999"})),
    ];
    assert_eq!(attributed(&instance("m5.large"), &elsewhere), "");
}

#[test]
fn hidden_values_are_likely_at_most() {
    let drift = changed(
        "aws_lambda_function",
        json!({"id": "orders", "function_name": "orders", "arn": "arn:aws:lambda:eu-west-1:123456789012:function:orders"}),
        vec![Change {
            sensitive: true,
            ..change("/environment/0/variables/KEY", json!("(sensitive)"), json!("(sensitive)"))
        }],
    );
    let update = |second, user| {
        event(
            second,
            user,
            "lambda:UpdateFunctionConfiguration20150331v2",
            json!({"functionName": "orders", "environment": {}}),
            json!({}),
        )
    };
    assert_eq!(
        attributed(&drift, &[update(1, "ann")]),
        "ann likely: 1-ann-UpdateFunctionConfiguration20150331v2[/environment/0/variables/KEY]"
    );
    assert_eq!(
        attributed(&drift, &[update(1, "ann"), update(2, "bob")]),
        "bob possible: 2-bob-UpdateFunctionConfiguration20150331v2[/environment/0/variables/KEY] (ann: can have done it as well)"
    );
}

#[test]
fn tags_one_by_one() {
    let drift = changed(
        "aws_ebs_volume",
        json!({"id": "vol-0123456789ab"}),
        vec![change("/tags/env", json!("prod"), json!("test")), change("/tags/owner", json!("ann"), Value::Null)],
    );
    let tags = |second, user, call, tags: Value| {
        event(
            second,
            user,
            call,
            json!({"resourcesSet": {"items": [{"resourceId": "vol-0123456789ab"}, {"resourceId": "vol-9"}]}, "tagSet": {"items": tags}}),
            json!({}),
        )
    };
    let events = [
        tags(1, "ann", "ec2:CreateTags", json!([{"key": "env", "value": "test"}, {"key": "x", "value": "y"}])),
        tags(2, "bob", "ec2:DeleteTags", json!([{"key": "owner"}])),
        tags(3, "cy", "ec2:CreateTags", json!([{"key": "other", "value": "test"}])),
    ];
    assert_eq!(
        attributed(&drift, &events),
        "bob certain: 2-bob-DeleteTags[/tags/owner]\nann certain: 1-ann-CreateTags[/tags/env]"
    );
}

#[test]
fn attachments_touch_the_policy_and_the_role() {
    let attach = event(
        1,
        "ann",
        "iam:AttachRolePolicy",
        json!({"roleName": "web", "policyArn": "arn:aws:iam::aws:policy/AdministratorAccess"}),
        json!({"awsRegion": "us-east-1"}),
    );
    let other = event(
        2,
        "bob",
        "iam:AttachRolePolicy",
        json!({"roleName": "web", "policyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}),
        json!({"awsRegion": "us-east-1"}),
    );
    let unmanaged = drift(
        DriftStatus::Unmanaged,
        "aws_iam_role_policy_attachment",
        "global",
        Value::Null,
        json!({"id": "web/arn:aws:iam::aws:policy/AdministratorAccess", "role": "web", "policy_arn": "arn:aws:iam::aws:policy/AdministratorAccess"}),
        vec![],
    );
    assert_eq!(attributed(&unmanaged, &[attach.clone(), other.clone()]), "ann certain: 1-ann-AttachRolePolicy[]");
    let list = drift(
        DriftStatus::Changed,
        "aws_iam_policy_attachment",
        "global",
        json!({"id": "admins", "policy_arn": "arn:aws:iam::aws:policy/AdministratorAccess"}),
        Value::Null,
        vec![elements("/roles", json!([]), json!(["web"]))],
    );
    assert_eq!(attributed(&list, &[attach, other]), "ann certain: 1-ann-AttachRolePolicy[/roles]");
}
