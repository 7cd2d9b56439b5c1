//! What is kept, what is not, and in how many bytes.

use serde_json::{Value, json};

use super::*;
use crate::attribution::event::parse;

fn event(id: &str, source: &str, name: &str, more: Value) -> Event {
    let mut record = json!({"eventID": id, "eventTime": "2026-01-02T03:00:00Z", "eventSource": source, "eventName": name,
        "awsRegion": "us-east-1", "recipientAccountId": "111111111111", "eventType": "AwsApiCall"});
    let (Value::Object(record), Value::Object(more)) = (&mut record, more) else { panic!() };
    record.extend(more);
    parse(&json!(record).to_string()).unwrap()
}

fn user(name: &str, account: &str) -> Value {
    json!({"type": "IAMUser", "principalId": format!("AIDA{name}"), "arn": format!("arn:aws:iam::{account}:user/{name}"),
        "accountId": account, "userName": name, "accessKeyId": format!("AKIA{name:0>16}")})
}

fn assume(caller: &Value, session: &str, key: &str, more: Value) -> Event {
    let mut body = json!({"userIdentity": caller, "requestParameters": {"roleArn": "arn:aws:iam::111111111111:role/ops"},
        "responseElements": {"credentials": {"accessKeyId": key}, "assumedRoleUser": {"assumedRoleId": format!("AROAOPS:{session}"),
            "arn": format!("arn:aws:sts::111111111111:assumed-role/ops/{session}")}}});
    let (Value::Object(members), Value::Object(more)) = (&mut body, more) else { panic!() };
    members.extend(more);
    event(session, "sts.amazonaws.com", "AssumeRole", body)
}

fn session(session: &str, key: Option<&str>) -> Identity {
    Identity {
        kind: "AssumedRole".to_owned(),
        principal_id: Some(format!("AROAOPS:{session}")),
        access_key: key.map(str::to_owned),
        created: Some("2026-01-02T03:00:00Z".parse().unwrap()),
        ..Identity::default()
    }
}

fn caller(sessions: &Sessions, of: &Identity) -> Option<String> {
    match sessions.beginning(of) {
        Beginning::By { caller, .. } => caller.arn.or(caller.account),
        Beginning::Several => Some("several".to_owned()),
        Beginning::NotSeen => None,
    }
}

const DAVE: &str = "arn:aws:iam::111111111111:user/dave";

#[test]
fn by_key_and_by_second() {
    let mut sessions = Sessions::default();
    let noted = assume(&user("dave", "111111111111"), "x", "ASIA1", json!({}));
    sessions.note(&noted);
    sessions.note(&noted);
    assert_eq!(sessions.len(), 1, "the same event twice");
    assert_eq!(caller(&sessions, &session("other", Some("ASIA1"))).as_deref(), Some(DAVE));
    assert_eq!(caller(&sessions, &session("x", Some("ASIAFRESH"))).as_deref(), Some(DAVE), "console: fresh keys");
    let mut later = session("x", None);
    later.created = Some("2026-01-02T03:00:01Z".parse().unwrap());
    assert_eq!(caller(&sessions, &later), None);
}

#[test]
fn what_tells_nothing_is_not_kept() {
    let mut sessions = Sessions::default();
    let dave = user("dave", "111111111111");
    sessions.note(&assume(
        &json!({"type": "AWSService", "invokedBy": "ec2.amazonaws.com"}),
        "i-0",
        "ASIA1",
        json!({"sharedEventID": "s"}),
    ));
    sessions.note(&assume(&dave, "x", "ASIA2", json!({"errorCode": "AccessDenied"})));
    sessions.note(&assume(&dave, "x", "ASIA3", json!({"responseElements": null})));
    sessions.note(&event("e", "ec2.amazonaws.com", "ModifyVolume", json!({"userIdentity": dave})));
    assert!(sessions.is_empty() && sessions.identities.is_empty() && sessions.callers.is_empty());
    let failed = json!({"userIdentity": dave, "responseElements": {"ConsoleLogin": "Failure"}, "additionalEventData": {"MFAUsed": "Yes"}});
    sessions.note(&event("e", "signin.amazonaws.com", "ConsoleLogin", failed));
    assert!(sessions.sign_ins.is_empty());
}

#[test]
fn two_callers_in_one_second_are_nobody() {
    let mut sessions = Sessions::default();
    sessions.note(&assume(&user("dave", "111111111111"), "same", "ASIA1", json!({})));
    sessions.note(&assume(&user("eve", "111111111111"), "same", "ASIA2", json!({})));
    assert_eq!(caller(&sessions, &session("same", None)).as_deref(), Some("several"));
    assert_eq!(
        caller(&sessions, &session("same", Some("ASIA1"))).as_deref(),
        Some(DAVE),
        "the key still identifies him"
    );
    let mut sessions = Sessions::default();
    for key in ["ASIA1", "ASIA2", "ASIA3"] {
        sessions.note(&assume(&user("dave", "111111111111"), "same", key, json!({})));
    }
    assert_eq!(caller(&sessions, &session("same", None)).as_deref(), Some(DAVE), "one caller three times");
}

#[test]
fn halves_of_one_call_join_in_any_order() {
    let foreign = json!({"type": "AWSAccount", "principalId": "AIDAzoe", "accountId": "222222222222"});
    let half = assume(&foreign, "x", "ASIA1", json!({"sharedEventID": "shared"}));
    // The caller's account has the name, and here no answer.
    let whole = assume(
        &user("zoe", "222222222222"),
        "x",
        "ASIA1",
        json!({"sharedEventID": "shared", "responseElements": null}),
    );
    for order in [[&half, &whole], [&whole, &half]] {
        let mut sessions = Sessions::default();
        order.into_iter().for_each(|event| sessions.note(event));
        for of in [session("x", None), session("y", Some("ASIA1"))] {
            assert_eq!(caller(&sessions, &of).as_deref(), Some("arn:aws:iam::222222222222:user/zoe"));
        }
        assert_eq!(sessions.len(), 1);
    }
    let mut sessions = Sessions::default();
    sessions.note(&half);
    assert_eq!(caller(&sessions, &session("x", None)).as_deref(), Some("222222222222"));
}

#[test]
fn a_switch_of_roles_names_the_arn_before() {
    let body = json!({"userIdentity": {"type": "AssumedRole", "principalId": "AROAOPS:Anaya"}, "responseElements": {"SwitchRole": "Success"},
        "additionalEventData": {"SwitchFrom": "arn:aws:iam::222222222222:user/Anaya"}});
    let mut sessions = Sessions::default();
    sessions.note(&event("e", "signin.amazonaws.com", "SwitchRole", body));
    assert_eq!(caller(&sessions, &session("Anaya", None)).as_deref(), Some("arn:aws:iam::222222222222:user/Anaya"));
}

#[test]
fn the_portal_names_nobody_where_two_share_an_address() {
    let mut sessions = Sessions::default();
    let portal = |user: &str| {
        let body = json!({"userIdentity": {"type": "Unknown", "userName": user}, "sourceIPAddress": "198.51.100.7"});
        event(user, "sso.amazonaws.com", "GetRoleCredentials", body)
    };
    let at = "2026-01-02T03:00:00Z".parse().unwrap();
    sessions.note(&portal("alice@example.com"));
    sessions.note(&portal("alice@example.com"));
    let user = sessions.portal_user(at, "198.51.100.7").and_then(|user| user.user_name);
    assert_eq!(user.as_deref(), Some("alice@example.com"));
    sessions.note(&portal("eve@example.com"));
    sessions.note(&portal("alice@example.com"));
    assert_eq!(sessions.portal_user(at, "198.51.100.7"), None);
}

/// People and pipelines are few, their sessions many; in a chain every caller is a session of its own.
#[test]
fn a_session_costs_at_most_300_bytes() {
    for chained in [false, true] {
        let mut sessions = Sessions::default();
        for number in 0..20_000_u32 {
            let name = if chained { format!("botocore-session-{number:0>10}") } else { "alice@example.com".to_owned() };
            let caller = json!({"type": "AssumedRole", "principalId": format!("AROASSOPOWER000000001:{name}"), "accountId": "111111111111",
                "arn": format!("arn:aws:sts::111111111111:assumed-role/breakglass/{name}"), "accessKeyId": format!("ASIA{number:0>16}"),
                "sessionContext": {"sessionIssuer": {"type": "Role", "principalId": "AROASSOPOWER000000001", "accountId": "111111111111",
                    "arn": "arn:aws:iam::111111111111:role/breakglass", "userName": "breakglass"}, "attributes": {"creationDate": "2026-01-02T02:00:00Z"}}});
            sessions.note(&assume(&caller, &format!("{number}"), &format!("ASIB{number:0>16}"), json!({})));
        }
        let each = sessions.bytes() / sessions.len();
        assert!(each <= if chained { 300 } else { 150 }, "{each} bytes a session, chained: {chained}");
    }
}
