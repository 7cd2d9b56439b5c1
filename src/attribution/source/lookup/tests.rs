//! Queries, pages, budgets and throttling, against an event history in memory.

use super::super::testing::{RecordingSink, a_record, block_on};
use super::*;
use jiff::ToSpan as _;
use serde_json::{Value, json};

const ACCOUNT: &str = "123456789012";

/// Answers like LookupEvents, with pages of two; what is asked is written down.
#[derive(Default)]
struct History {
    /// ScopeState, names of resources, record.
    events: Vec<(Scope, Vec<&'static str>, Value)>,
    asked: Mutex<Vec<(Scope, Query, Option<String>)>>,
    /// Calls (from 0) that are throttled.
    throttled: std::ops::Range<usize>,
    denied: bool,
}

#[async_trait]
impl LookupApi for Arc<History> {
    async fn lookup(&self, scope: &Scope, query: &Query, token: Option<&str>) -> Result<Page, SourceError> {
        let call = {
            let mut asked = self.asked.lock().unwrap();
            asked.push((scope.clone(), query.clone(), token.map(str::to_owned)));
            asked.len() - 1
        };
        let failed = |reason, code: &str| SourceError { reason, action: ACTION, detail: format!("{ACTION}: {code}") };
        if self.throttled.contains(&call) {
            return Err(failed(GapReason::Throttled, "ThrottlingException"));
        }
        if self.denied {
            return Err(failed(GapReason::Denied, "AccessDeniedException"));
        }
        let time = |record: &Value| record["eventTime"].as_str().unwrap().parse::<Timestamp>().unwrap();
        let mut found: Vec<&Value> = self
            .events
            .iter()
            .filter(|(at, _, record)| at == scope && query.since <= time(record) && time(record) <= query.until)
            .filter(|(_, names, record)| match &query.attribute {
                None => true,
                Some(Attribute::Writes) => record["readOnly"] == json!(false),
                Some(Attribute::EventName(name)) => record["eventName"] == json!(name),
                Some(Attribute::ResourceName(name)) => names.contains(&name.as_str()),
            })
            .map(|(_, _, record)| record)
            .collect();
        found.sort_by_key(|record| std::cmp::Reverse(time(record)));
        let from: usize = token.map_or(0, |token| token.parse().unwrap());
        let page = &found[from..found.len().min(from + 2)];
        Ok(Page {
            records: page.iter().map(ToString::to_string).collect(),
            oldest: page.last().map(|record| time(record)),
            token: (from + 2 < found.len()).then(|| (from + 2).to_string()),
        })
    }
}

impl History {
    fn add(&mut self, region: &str, names: &[&'static str], id: &str, ago: i64) -> &mut Value {
        let record = a_record(id, &ago_time(ago).to_string());
        self.events.push((Scope::new(ACCOUNT, region), names.to_vec(), record));
        &mut self.events.last_mut().unwrap().2
    }

    fn asked(&self, attribute: impl Fn(&Option<Attribute>) -> bool) -> usize {
        self.asked.lock().unwrap().iter().filter(|(_, query, _)| attribute(&query.attribute)).count()
    }

    fn calls(&self) -> usize {
        self.asked(|_| true)
    }
}

/// So many minutes ago.
#[expect(clippy::disallowed_methods, reason = "the history that is asked ends now")]
fn ago_time(minutes: i64) -> Timestamp {
    let now = Timestamp::from_second(Timestamp::now().as_second()).unwrap();
    now - minutes.minutes()
}

fn last_day() -> Window {
    Window { since: ago_time(24 * 60), until: ago_time(0) }
}

fn lookup(history: &Arc<History>) -> Lookup<'static> {
    let limits =
        Limits { pause: Duration::from_millis(1), longest_pause: Duration::from_millis(2), ..Limits::default() };
    let paces = Arc::new(Paces::new(Duration::from_micros(10)));
    Lookup { limits, ..Lookup::new(Box::new(history.clone()), "us-east-1", paces) }
}

fn resource(region: &str, names: &[&str]) -> ResourceQuery {
    ResourceQuery { scope: Scope::new(ACCOUNT, region), names: names.iter().map(|name| (*name).to_owned()).collect() }
}

fn is_name(attribute: &Option<Attribute>) -> bool {
    matches!(attribute, Some(Attribute::ResourceName(_)))
}

fn is_sweep(attribute: &Option<Attribute>) -> bool {
    *attribute == Some(Attribute::Writes)
}

#[test]
fn few_resources_are_sought_by_their_names() {
    let mut history = History::default();
    for id in ["a", "b", "c", "d", "e"] {
        history.add("eu-west-1", &["vol-1"], id, 10);
    }
    history.add("us-east-1", &["role"], "iam", 20);
    history.add("eu-west-1", &["other"], "other", 20);
    history.add("eu-west-1", &["vol-1"], "old", 48 * 60);
    let history = Arc::new(history);
    let source = lookup(&history);
    let mut recorded = RecordingSink::default();
    let resources = [resource("eu-west-1", &["vol-1", "arn:vol-1"]), resource(GLOBAL, &["role"])].into();
    // One window for both: the clock may have gone on by a second.
    let window = last_day();
    assert_eq!(block_on(source.about(&resources, window, &mut recorded)), vec![]);
    assert_eq!(recorded.ids(), "a b c d e iam");
    assert_eq!((history.asked(is_name), history.asked(is_sweep)), (5, 0), "three pages, and two names");
    block_on(source.about(&resources, window, &mut recorded));
    assert_eq!(history.calls(), 5, "asked once");
}

#[test]
fn many_resources_and_unnamed_ones_are_swept() {
    let mut history = History::default();
    history.add("eu-west-1", &[], "unnamed", 10);
    history.add("eu-west-1", &[], "read", 10)["readOnly"] = json!(true);
    let history = Arc::new(history);
    let mut recorded = RecordingSink::default();
    let one = [resource("eu-west-1", &["vol-1"])].into();
    block_on(lookup(&history).about(&one, last_day(), &mut recorded));
    assert_eq!((recorded.ids().as_str(), history.asked(is_name), history.asked(is_sweep)), ("unnamed", 1, 1));
    let names = ["a", "b", "c", "d", "e", "f"];
    let many: BTreeSet<ResourceQuery> = names.iter().map(|name| resource("eu-west-1", &[name])).collect();
    let source = lookup(&history);
    block_on(source.about(&many, last_day(), &mut recorded));
    block_on(source.writes(&[Scope::new(ACCOUNT, "eu-west-1")].into(), last_day(), &mut recorded));
    assert_eq!((history.asked(is_name), history.asked(is_sweep)), (1, 2), "swept once for both");
}

#[test]
fn throttling_is_waited_for_but_not_for_ever() {
    let mut history = History { throttled: 0..3, ..History::default() };
    history.add("eu-west-1", &[], "a", 10);
    let history = Arc::new(history);
    let scopes = [Scope::new(ACCOUNT, "eu-west-1")].into();
    let mut recorded = RecordingSink::default();
    assert_eq!(block_on(lookup(&history).writes(&scopes, last_day(), &mut recorded)), vec![]);
    assert_eq!((recorded.ids().as_str(), history.calls()), ("a", 4));

    let mut history = History { throttled: 1..usize::MAX, ..History::default() };
    for (id, ago) in [("a", 10), ("b", 20), ("c", 30)] {
        history.add("eu-west-1", &[], id, ago);
    }
    let history = Arc::new(history);
    let mut recorded = RecordingSink::default();
    let gaps = block_on(lookup(&history).writes(&scopes, last_day(), &mut recorded));
    assert_eq!((recorded.ids().as_str(), history.calls()), ("a b", 8));
    assert_eq!((gaps.len(), gaps[0].reason), (1, GapReason::Throttled), "{gaps:#?}");
    let detail = &gaps[0].detail;
    assert!(detail.contains("7 times in a row") && detail.contains("s3://bucket"), "{detail}");
    let second = recorded.events.iter().find(|event| event.id == "b").unwrap().time;
    assert!(detail.contains(&format!("before {second} were not read")), "it says how far it went: {detail}");
    assert_eq!(gaps[0].scope.source.as_deref(), Some("lookup"));
    assert_eq!(gaps[0].scope.region.as_deref(), Some("eu-west-1"));
}

#[test]
fn the_budget_ends_a_sweep() {
    let mut history = History::default();
    for at in 0..40 {
        history.add("eu-west-1", &[], &format!("{at}"), at);
    }
    let history = Arc::new(history);
    let mut source = lookup(&history);
    source.limits.calls = 5;
    let scopes = [Scope::new(ACCOUNT, "eu-west-1")].into();
    let mut recorded = RecordingSink::default();
    let gaps = block_on(source.writes(&scopes, last_day(), &mut recorded));
    assert_eq!((recorded.events.len(), history.calls()), (10, 5));
    assert!(gaps.len() == 1 && gaps[0].detail.contains("ended after 5 calls"), "{gaps:#?}");
    assert_eq!(block_on(source.writes(&scopes, last_day(), &mut recorded)), vec![], "reported once");
    source = lookup(&history);
    source.limits.time = Duration::ZERO;
    let gaps = block_on(source.writes(&scopes, last_day(), &mut recorded));
    assert!(gaps[0].detail.contains("after 0 seconds") && gaps[0].detail.contains("since"), "{gaps:#?}");
}

#[test]
fn refusals_are_gaps_with_their_action() {
    let history = Arc::new(History { denied: true, ..History::default() });
    let source = lookup(&history);
    let resources = [resource("eu-west-1", &["a", "b"]), resource("eu-west-1", &["c"])].into();
    let gaps = block_on(source.about(&resources, last_day(), &mut RecordingSink::default()));
    assert_eq!((gaps.len(), gaps[0].reason, history.calls()), (1, GapReason::Denied, 1), "{gaps:#?}");
    assert_eq!(gaps[0].scope.action.as_deref(), Some(ACTION));
}

#[test]
fn ninety_days_are_all_there_is() {
    let history = Arc::new(History::default());
    let scopes = [Scope::new(ACCOUNT, "eu-west-1")].into();
    let days = |days: i64| Window { since: ago_time(days * 24 * 60), until: ago_time(0) };
    assert_eq!(block_on(lookup(&history).writes(&scopes, days(90), &mut RecordingSink::default())), vec![]);
    let gaps = block_on(lookup(&history).writes(&scopes, days(120), &mut RecordingSink::default()));
    assert!(gaps.len() == 1 && gaps[0].detail.contains("90 days"), "{gaps:#?}");
    let oldest = history.asked.lock().unwrap().iter().map(|(_, query, _)| query.since).min().unwrap();
    assert!(oldest >= ago_time(90 * 24 * 60 + 1), "{oldest}");
}

/// A session that began ten minutes ago, and the call that began it.
fn began(history: &mut History, region: &str, names: &[&'static str], key: &str) -> SessionQuery {
    let record = history.add(region, names, &format!("began-{key}"), 10);
    record["eventSource"] = json!("sts.amazonaws.com");
    record["eventName"] = json!("AssumeRole");
    record["readOnly"] = json!(true);
    record["responseElements"] = json!({"credentials": {"accessKeyId": key},
        "assumedRoleUser": {"assumedRoleId": format!("AROA:{key}")}});
    SessionQuery {
        scope: Scope::new(ACCOUNT, "eu-west-1"),
        access_key: Some(key.to_owned()),
        principal_id: format!("AROA:{key}"),
        created: ago_time(10),
    }
}

#[test]
fn sessions_are_sought_by_moment_by_key_and_by_name() {
    let sought = |history: History, sessions: &[SessionQuery]| {
        let history = Arc::new(history);
        let mut recorded = RecordingSink::default();
        let sessions = sessions.iter().cloned().collect();
        assert_eq!(block_on(lookup(&history).sessions(&sessions, &mut recorded)), vec![]);
        let asked: Vec<String> = history.asked.lock().unwrap().iter().map(|(at, ..)| at.region.clone()).collect();
        (recorded.events.iter().any(|event| event.id == "began-ASIA1"), asked.join(" "), history)
    };
    let mut history = History::default();
    let session = began(&mut history, "eu-west-1", &[], "ASIA1");
    // The keys of a console's requests share the moment.
    let mut sessions = vec![session.clone()];
    sessions.extend((0..50).map(|at| SessionQuery { access_key: Some(format!("ASIAX{at}")), ..session.clone() }));
    let (found, asked, _) = sought(history, &sessions);
    assert_eq!((found, asked.as_str()), (true, "eu-west-1"));

    let mut history = History::default();
    let session = SessionQuery { access_key: None, ..began(&mut history, "us-east-1", &[], "ASIA1") };
    let (found, asked, _) = sought(history, &[session]);
    assert_eq!((found, asked.as_str()), (true, "eu-west-1 us-east-1"));

    let busy = || {
        let mut history = History::default();
        for _ in 0..20 {
            history.add("eu-west-1", &[], "busy", 10)["readOnly"] = json!(true);
        }
        history
    };
    let mut history = busy();
    let session = began(&mut history, "eu-west-1", &["ASIA1"], "ASIA1");
    let (found, _, history) = sought(history, &[session]);
    assert_eq!((found, history.calls(), history.asked(is_name)), (true, 4, 1), "a busy second is asked by key");

    let mut history = busy();
    let session = SessionQuery { access_key: None, ..began(&mut history, "eu-west-1", &[], "ASIA1") };
    let (found, _, history) = sought(history, &[session]);
    assert_eq!((found, history.calls(), history.asked(is_name)), (true, 4, 0), "or by what begins sessions");
}

#[test]
fn records_are_parsed_again_and_bad_ones_counted() {
    let mut history = History::default();
    history.add("eu-west-1", &[], "a", 10);
    *history.add("eu-west-1", &[], "b", 10) = json!({"eventTime": ago_time(10).to_string(), "readOnly": false});
    let history = Arc::new(history);
    let mut recorded = RecordingSink::default();
    block_on(lookup(&history).writes(&[Scope::new(ACCOUNT, "eu-west-1")].into(), last_day(), &mut recorded));
    assert_eq!((recorded.ids().as_str(), recorded.malformed), ("a", 1));
}
