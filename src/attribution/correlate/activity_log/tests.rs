//! What is kept of calls, and by which names somebody's are found.

use super::*;
use crate::attribution::event::parse;
use serde_json::json;

fn event(second: u32, more: Value) -> Event {
    let mut record = json!({"eventVersion": "1.11", "eventID": format!("e-{second}"), "eventTime": format!("2026-01-02T03:04:{second:02}Z"),
        "eventSource": "ec2.amazonaws.com", "eventName": "TerminateInstances", "awsRegion": "eu-west-1", "readOnly": false,
        "recipientAccountId": "123456789012", "eventType": "AwsApiCall", "sourceIPAddress": "203.0.113.7", "userAgent": "aws-cli/2.34.30 md/command#ec2.x",
        "userIdentity": {"type": "IAMUser", "principalId": "AIDA", "arn": "arn:aws:iam::123456789012:user/eve", "accountId": "123456789012",
            "userName": "eve", "accessKeyId": "AKIA0000000000000EVE"},
        "requestParameters": {"instancesSet": {"items": [{"instanceId": format!("i-{second:08}")}]}}, "responseElements": null});
    let (Value::Object(members), Value::Object(more)) = (&mut record, more) else { panic!() };
    members.extend(more);
    parse(&record.to_string()).unwrap()
}

fn activity(activity_log: &ActivityLog, principal: &str) -> Vec<ActivityRecord> {
    activity_log.of(principal, &Collector::new(&[]), &Settings::default())
}

#[test]
fn what_is_kept_is_enough_for_an_activity_record() {
    let mut activity_log = ActivityLog::default();
    let call = event(5, json!({}));
    activity_log.note(&call);
    activity_log.note(&call);
    activity_log.note(&event(6, json!({"errorCode": "AccessDenied"})));
    let found = activity(&activity_log, "eve");
    let [record] = found.as_slice() else { panic!("{found:#?}") };
    assert_eq!((record.event.event_id.as_str(), record.event.time.as_str()), ("e-5", "2026-01-02T03:04:05Z"));
    assert_eq!((record.event.event_name.as_str(), record.event.region.as_str()), ("TerminateInstances", "eu-west-1"));
    assert_eq!(
        (record.channel.as_str(), record.mfa, record.source_ip.as_deref()),
        ("cli", Some(false), Some("203.0.113.7"))
    );
    assert_eq!(record.objects, ["i-00000005"]);
    for name in ["AKIA0000000000000EVE", "203.0.113.7", "arn:aws:iam::*:user/eve"] {
        assert_eq!(activity(&activity_log, name).len(), 1, "{name}");
    }
    assert_eq!(activity_log.omitted_calls(), None);
    let (again, _) = activity_log.events().next().unwrap();
    let bare = Event { name: again.name.clone(), request: Value::Null, response: Value::Null, ..call };
    let bare = Event { read_only: None, additional: Value::Null, resources: Vec::new(), ..bare };
    assert_eq!(again, bare);
}

#[test]
fn of_too_many_calls_the_youngest_are_kept_and_the_rest_is_reported() {
    let mut activity_log = ActivityLog { most: 3, ..ActivityLog::default() };
    for second in [4, 1, 3, 5, 2] {
        activity_log.note(&event(second, json!({"sourceIPAddress": format!("203.0.113.{second}")})));
    }
    let ids: Vec<String> = activity(&activity_log, "eve").into_iter().map(|record| record.event.event_id).collect();
    assert_eq!(ids, ["e-3", "e-4", "e-5"]);
    let omitted = activity_log.omitted_calls().unwrap();
    assert!(omitted.contains("youngest 3") && omitted.contains("2026-01-02T03:04:02Z"), "{omitted}");
    assert!(!activity_log.texts.contains("203.0.113.1"), "what nobody has is let go");
}

/// Of root there is one in each account: it goes by that word, by its ARN, by the name that reports have, by its account.
#[test]
fn root_by_all_its_names() {
    let root = |second, account: &str| {
        let identity = json!({"type": "Root", "principalId": account, "arn": format!("arn:aws:iam::{account}:root"),
            "accountId": account, "accessKeyId": "ASIA000000000000ROOT", "sessionContext": {"attributes": {
                "mfaAuthenticated": "false", "creationDate": "2026-01-02T03:00:00Z"}}});
        event(second, json!({"userIdentity": identity, "recipientAccountId": account}))
    };
    // What an account's root may do, a user of the name may not be taken for.
    let user = json!({"type": "IAMUser", "principalId": "AIDA", "arn": "arn:aws:iam::123456789012:user/rooter",
        "accountId": "123456789012", "userName": "rooter"});
    let mut activity_log = ActivityLog::default();
    for call in
        [root(1, "123456789012"), root(2, "999999999999"), event(3, json!({"userIdentity": user})), event(4, json!({}))]
    {
        activity_log.note(&call);
    }
    for (principal, ids) in [
        ("root", vec!["e-1", "e-2"]),
        ("Root", vec!["e-1", "e-2"]),
        ("arn:aws:iam::123456789012:root", vec!["e-1"]),
        ("root of 123456789012", vec!["e-1"]),
        ("123456789012", vec!["e-1"]),
        ("999999999999", vec!["e-2"]),
        ("eve", vec!["e-4"]),
        ("*", vec!["e-1", "e-2", "e-3", "e-4"]),
    ] {
        let found: Vec<String> =
            activity(&activity_log, principal).into_iter().map(|record| record.event.event_id).collect();
        assert_eq!(found, ids, "{principal}");
    }
}

#[test]
fn calls_of_nobody_are_listed_for_everybody_and_a_gap_for_others() {
    let mut activity_log = ActivityLog::default();
    activity_log.note(&event(1, json!({"userIdentity": null})));
    let names = |principal: &str| -> Vec<String> {
        activity(&activity_log, principal).into_iter().map(|record| record.actor.name).collect()
    };
    assert_eq!((names("*"), names("eve")), (vec!["nobody (no identity)".to_owned()], vec![]));
    let gap_for = |principal| activity_log.nobodys_calls(principal, &Collector::new(&[]), &Settings::default());
    assert_eq!(gap_for("*"), None);
    let gap = gap_for("ann");
    assert!(gap.is_some_and(|detail| detail.starts_with("1 calls")));
}
