//! What sources are asked, and what becomes of what they could not read: against a source in memory.

mod trail;

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::*;
use crate::attribution::parse;
use crate::model::{Attributes, Change, GLOBAL};

const ACCOUNT: &str = "123456789012";

/// Answers only what it is asked, place by place, as LookupEvents does; reads (what begins sessions) only for sessions.
#[derive(Default, Clone)]
struct Fake {
    records: Vec<Value>,
    beginnings: Vec<Value>,
    malformed: usize,
    gaps: Vec<Gap>,
    /// Regions, in the order in which they were asked.
    asked: Arc<Mutex<Vec<String>>>,
    sought: Arc<Mutex<Vec<String>>>,
}

impl Fake {
    fn give(&self, scopes: BTreeSet<Scope>, sink: &mut dyn EventSink) -> Vec<Gap> {
        for scope in scopes {
            let region = if scope.region == GLOBAL { "us-east-1".to_owned() } else { scope.region };
            let here = self.records.iter().filter(|record| record["awsRegion"] == json!(region));
            here.for_each(|record| sink.accept(parse(&record.to_string()).unwrap()));
            self.asked.lock().unwrap().push(region);
        }
        Vec::new()
    }
}

#[async_trait]
impl EventSource for Fake {
    fn name(&self) -> String {
        "fake".to_owned()
    }

    fn default_reach(&self) -> Option<SignedDuration> {
        None
    }

    async fn about(&self, subjects: &BTreeSet<ResourceQuery>, _: Window, sink: &mut dyn EventSink) -> Vec<Gap> {
        (0..self.malformed).for_each(|_| sink.malformed());
        self.give(subjects.iter().map(|subject| subject.scope.clone()).collect(), sink);
        self.gaps.clone()
    }

    async fn writes(&self, scopes: &BTreeSet<Scope>, _: Window, sink: &mut dyn EventSink) -> Vec<Gap> {
        self.give(scopes.clone(), sink)
    }

    async fn sessions(&self, sessions: &BTreeSet<SessionQuery>, sink: &mut dyn EventSink) -> Vec<Gap> {
        self.sought.lock().unwrap().extend(sessions.iter().map(|session| session.principal_id.clone()));
        for event in self.beginnings.iter().map(|record| parse(&record.to_string()).unwrap()) {
            if sessions.iter().any(|session| session.is_begun_by(&event)) {
                sink.accept(event);
            }
        }
        Vec::new()
    }
}

fn ask(drifts: &[Drift], fake: &Fake, principal: Option<&str>) -> Attributed {
    ask_source(drifts, Box::new(fake.clone()), principal)
}

fn ask_source(drifts: &[Drift], source: Box<dyn EventSource>, principal: Option<&str>) -> Attributed {
    let regions: BTreeSet<String> = ["eu-central-1".to_owned(), "us-east-1".to_owned()].into();
    let scopes = regions.iter().map(|region| Scope::new(ACCOUNT, region)).collect();
    let principal = principal.map(|name| Principal { name: name.to_owned(), scopes });
    let question = Question {
        drifts,
        since: None,
        until: "2026-01-03T00:00:00Z".parse().unwrap(),
        settings: &Settings::default(),
        principal: principal.as_ref(),
        event_regions: &EventRegions { home: "us-east-1".to_owned(), regions },
    };
    let sources: [&dyn EventSource; 1] = [source.as_ref()];
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(attribute(&question, &sources))
}

fn user(name: &str) -> Value {
    json!({"type": "IAMUser", "principalId": format!("AIDA{name}"), "arn": format!("arn:aws:iam::{ACCOUNT}:user/{name}"),
        "accountId": ACCOUNT, "userName": name, "accessKeyId": format!("AKIA{name:0>16}")})
}

fn session(role: &str, name: &str) -> Value {
    json!({"type": "AssumedRole", "principalId": format!("AROA{role}:{name}"), "accountId": ACCOUNT, "accessKeyId": format!("ASIA{name}"),
        "arn": format!("arn:aws:sts::{ACCOUNT}:assumed-role/{role}/{name}"),
        "sessionContext": {"attributes": {"creationDate": "2026-01-02T03:00:00Z"}, "sessionIssuer": {"type": "Role",
            "principalId": format!("AROA{role}"), "arn": format!("arn:aws:iam::{ACCOUNT}:role/{role}"), "userName": role}}})
}

fn record(id: &str, identity: Value, region: &str, call: &str, request: Value) -> Value {
    let (service, name) = call.split_once(':').unwrap();
    json!({"eventVersion": "1.11", "eventID": id, "eventTime": "2026-01-02T03:04:05Z", "eventType": "AwsApiCall", "awsRegion": region,
        "eventSource": format!("{service}.amazonaws.com"), "eventName": name, "readOnly": false, "recipientAccountId": ACCOUNT,
        "sourceIPAddress": "203.0.113.7", "userAgent": "aws-cli/2.34.30", "userIdentity": identity, "requestParameters": request,
        "responseElements": null})
}

fn begins(caller: Value, session: &Value) -> Value {
    let mut record = record("begin", caller, "us-east-1", "sts:AssumeRole", json!({}));
    record["eventTime"] = json!("2026-01-02T03:00:00Z");
    record["readOnly"] = json!(true);
    record["eventID"] = session["principalId"].clone();
    record["responseElements"] = json!({"credentials": {"accessKeyId": session["accessKeyId"]},
        "assumedRoleUser": {"assumedRoleId": session["principalId"], "arn": session["arn"]}});
    record
}

fn drift(kind: &str, region: &str, live: Value) -> Drift {
    let Value::Object(live): Value = live else { panic!() };
    let live: Attributes = live;
    Drift {
        status: DriftStatus::Changed,
        kind: kind.into(),
        id: live["id"].as_str().unwrap().to_owned(),
        scope: Scope::new(ACCOUNT, region),
        desired: Some(0),
        reason: None,
        changes: Vec::new(),
        made: Vec::new(),
        desired_attributes: Attributes::new(),
        live_attributes: live,
    }
}

fn missing(kind: &str, region: &str, attributes: Value) -> Drift {
    let drift = drift(kind, region, attributes);
    let desired_attributes = drift.live_attributes.clone();
    Drift { status: DriftStatus::Missing, live_attributes: Attributes::new(), desired_attributes, ..drift }
}

fn instance(id: &str, region: &str) -> Drift {
    missing("aws_instance", region, json!({"id": id}))
}

fn terminated(by: Value, id: &str, region: &str) -> Value {
    let request = json!({"instancesSet": {"items": [{"instanceId": id}]}});
    record(&format!("end-{id}"), by, region, "ec2:TerminateInstances", request)
}

fn name_of(who: &Option<Vec<Attribution>>) -> Option<&str> {
    who.as_ref()?.first()?.actor.as_ref().map(|actor| actor.name.as_str())
}

#[test]
fn a_bucket_is_asked_about_where_it_is() {
    let gone = |bucket: &str, region: &str| {
        record(bucket, user("eve"), region, "s3:DeleteBucket", json!({"bucketName": bucket, "Host": "x"}))
    };
    let fake = Fake {
        records: vec![
            gone("here", "eu-west-1"),
            record("p", user("eve"), "eu-central-1", "s3:DeleteBucketPolicy", json!({"bucketName": "there"})),
        ],
        ..Fake::default()
    };
    let bucket = |more: Value| {
        let mut attributes = json!({"id": "here", "bucket": "here"});
        attributes.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        missing("aws_s3_bucket", GLOBAL, attributes)
    };
    // Its own attributes show the region; then no other is asked but home.
    let found = ask(&[bucket(json!({"region": "eu-west-1"}))], &fake, None);
    assert_eq!(name_of(&found.who[0]), Some("eve"));
    assert_eq!(*fake.asked.lock().unwrap(), ["eu-west-1", "us-east-1"]);
    // Nothing shows it: all regions of the run are asked, and those of the other buckets.
    let policy = missing("aws_s3_bucket_policy", GLOBAL, json!({"id": "there", "bucket": "there"}));
    assert_eq!(name_of(&ask(std::slice::from_ref(&policy), &fake, None).who[0]), Some("eve"));
    fake.asked.lock().unwrap().clear();
    ask(&[policy, bucket(json!({"bucket_region": "eu-west-1"}))], &fake, None);
    let regions: BTreeSet<String> = fake.asked.lock().unwrap().drain(..).collect();
    assert_eq!(regions.into_iter().collect::<Vec<_>>(), ["eu-central-1", "eu-west-1", "us-east-1"]);
    // A name that is no region is asked nowhere, and IAM only at home.
    let user = missing("aws_iam_user", GLOBAL, json!({"id": "x", "name": "x", "region": "eu-west-1"}));
    ask(&[user, bucket(json!({"region": "../x"}))], &fake, None);
    assert!(fake.asked.lock().unwrap().iter().all(|region| ["eu-central-1", "us-east-1"].contains(&region.as_str())));
}

#[test]
fn what_was_done_through_a_role_is_the_principals() {
    let (hop, machine) = (session("ops", "x7f3a912"), session("web", "i-0abc"));
    let fake = Fake {
        records: vec![
            terminated(hop.clone(), "i-0aaaaaaaa", "eu-central-1"),
            terminated(machine.clone(), "i-0bbbbbbbb", "eu-central-1"),
        ],
        beginnings: vec![
            begins(user("dave"), &hop),
            begins(json!({"type": "AWSService", "invokedBy": "ec2.amazonaws.com"}), &machine),
        ],
        ..Fake::default()
    };
    let found = ask(&[], &fake, Some("dave"));
    assert_eq!((found.activity.len(), found.gaps.len()), (1, 0), "{:#?}", found.gaps);
    assert_eq!(found.activity[0].objects, ["i-0aaaaaaaa"]);
    assert_eq!(fake.sought.lock().unwrap().len(), 2, "each once");
    // Its beginning is nowhere to be found: it may have been dave, and that is a gap.
    let unseen = Fake { beginnings: Vec::new(), ..fake };
    let found = ask(&[], &unseen, Some("dave"));
    assert_eq!((found.activity.len(), found.gaps.len()), (0, 1), "{:#?}", found.gaps);
    assert!(found.gaps[0].detail.starts_with("2 sessions of roles"));
    let found = ask(&[], &unseen, Some("*:role/*"));
    assert_eq!((found.activity.len(), found.gaps.len()), (2, 0), "theirs whoever began them");
}

#[test]
fn sessions_beyond_the_budget_are_gaps() {
    let records = (0..MOST_SESSIONS + 7).map(|at| {
        let name = format!("i-{at:09x}");
        terminated(session("ops", &format!("s{at:07}")), &name, "eu-central-1")
    });
    let fake = Fake { records: records.collect(), ..Fake::default() };
    let found = ask(&[], &fake, Some("dave"));
    assert_eq!(fake.sought.lock().unwrap().len(), MOST_SESSIONS);
    let details: Vec<&str> = found.gaps.iter().map(|gap| gap.detail.as_str()).collect();
    assert!(details.len() == 2 && details.iter().any(|detail| detail.starts_with("7 sessions")), "{details:#?}");
}

#[test]
fn records_that_nobody_understands_are_a_gap() {
    let drifts = [instance("i-0aaaaaaaa", "eu-central-1")];
    let fake =
        Fake { records: vec![terminated(user("eve"), "i-0aaaaaaaa", "eu-central-1")], malformed: 3, ..Fake::default() };
    let found = ask(&drifts, &fake, None);
    let [gap] = found.gaps.as_slice() else { panic!("{:#?}", found.gaps) };
    assert_eq!((gap.reason, gap.scope.source.as_deref()), (GapReason::Unreadable, Some("fake")));
    assert!(gap.detail.contains("3 records"), "{gap:?}");
    assert!(ask(&drifts, &Fake { malformed: 0, ..fake }, None).gaps.is_empty());
}

/// Two instances ended in two regions; the events of one region could not all be read.
#[test]
fn nothing_is_certain_where_events_are_missing() {
    let drifts = [instance("i-0aaaaaaaa", "eu-central-1"), instance("i-0bbbbbbbb", "us-east-1")];
    let records = vec![
        terminated(user("eve"), "i-0aaaaaaaa", "eu-central-1"),
        terminated(user("eve"), "i-0bbbbbbbb", "us-east-1"),
    ];
    let gap = |account: Option<&str>, region: Option<&str>| Gap {
        reason: GapReason::Throttled,
        scope: GapScope {
            account: account.map(str::to_owned),
            region: region.map(str::to_owned),
            source: Some("fake".to_owned()),
            ..GapScope::default()
        },
        detail: "x".to_owned(),
    };
    use Confidence::{Certain, Likely};
    for (account, region, expected) in [
        (Some(ACCOUNT), Some("eu-central-1"), [Likely, Certain]),
        (Some(ACCOUNT), Some("us-east-1"), [Certain, Likely]),
        (Some(ACCOUNT), None, [Likely, Likely]),
        (None, None, [Likely, Likely]),
        (Some("999999999999"), None, [Certain, Certain]),
    ] {
        let fake = Fake { records: records.clone(), gaps: vec![gap(account, region)], ..Fake::default() };
        let found = ask(&drifts, &fake, None);
        for (who, confidence) in found.who.iter().flatten().zip(expected) {
            let doubted = confidence == Likely;
            assert_eq!(who[0].confidence, confidence, "{account:?} {region:?}");
            assert_eq!(who[0].cautions.contains(&Caution::EventsIncomplete), doubted, "{account:?} {region:?}");
            assert_eq!(who[0].reasons.iter().any(|reason| reason.starts_with("not certain")), doubted);
        }
    }
    // What is global is logged at home.
    let role = drift("aws_iam_user", GLOBAL, json!({"id": "x", "name": "x"}));
    let event_regions = EventRegions { home: "us-east-1".to_owned(), regions: BTreeSet::new() };
    assert!(
        event_regions.hides(&gap(None, Some("us-east-1")), &role)
            && !event_regions.hides(&gap(None, Some("eu-west-1")), &role)
    );
    let change = Change {
        path: "/policy".into(),
        desired: json!("a"),
        live: json!("b"),
        added: None,
        removed: None,
        sensitive: false,
        declared: None,
    };
    let bucket = drift("aws_s3_bucket", GLOBAL, json!({"id": "b", "region": "eu-west-1"}));
    assert!(event_regions.hides(&gap(None, Some("eu-west-1")), &Drift { changes: vec![change], ..bucket }));
}
