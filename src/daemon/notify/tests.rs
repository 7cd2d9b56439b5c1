//! What becomes of a group that is due: told, put off, closed, told again.

use super::*;
use crate::diagnostic::Diagnostics;
use crate::life::{Hold, KnownFinding, Resolution, State};
use crate::notify::config::RawNotify;
use crate::wording::samples;

const NAME: &str = "ops";

fn notify(change: impl Fn(&mut Route)) -> Notify {
    let text = format!("name: {NAME}\nto: {{webhook: {{url: \"https://alerts.example.com\"}}}}\n");
    let raw = RawNotify { receivers: vec![serde_saphyr::from_str(&text).unwrap()], ..RawNotify::default() };
    let mut config = raw.validate(true, &mut Diagnostics::new("driftd.yaml"));
    config.route.iter_mut().for_each(change);
    let opened = Opened { config: config.receivers[0].clone(), receiver: Err("of a test".to_owned()) };
    Notify { config, receivers: BTreeMap::from([(NAME.to_owned(), Arc::new(opened))]), ..Notify::nobody() }
}

fn group(occasion: Occasion, told: i64, news: &[News], findings: Vec<KnownFinding>) -> DueGroup {
    let now = samples::now();
    let counts = GroupCounts::of(&findings).by_state;
    DueGroup {
        id: 7,
        receiver: NAME.to_owned(),
        occasion: occasion.as_str().to_owned(),
        labels: r#"{"actor":"alice"}"#.to_owned(),
        delivery: r#"{"route":"route"}"#.to_owned(),
        opened_at: now,
        last_news_at: now,
        due_at: Some(now),
        told,
        news: news.iter().map(json).zip(1..).map(|(body, id)| (id, body)).collect(),
        findings,
        counts: counts.into_iter().map(|((state, severity), number)| (state, severity, number)).collect(),
        escalate_at: None,
        last_told_at: None,
        revision: 0,
    }
}

fn with(state: &State) -> Vec<KnownFinding> {
    let mut found = samples::findings(2);
    found.iter_mut().for_each(|one| one.life.state = state.clone());
    found
}

fn loud() -> News {
    News::Step { name: "a.b".to_owned(), text: "was changed".to_owned(), loud: true, calls: true }
}

fn message(written: &Written) -> Option<Message> {
    let payload: Payload = serde_json::from_str(&written.notice.as_ref()?.payload).unwrap();
    Some(payload.message)
}

fn hold() -> State {
    State::Acknowledged(Hold { by: "ana".to_owned(), reason: String::new(), fingerprint: String::new() })
}

fn resolved() -> State {
    State::Resolved { how: Resolution::RevertedByHand, by: None }
}

#[test]
fn a_group_is_told_reminded_of_and_closed() {
    let (now, notify) = (samples::now(), notify(|_| {}));
    let first = written(&group(Occasion::Opened, 0, &[loud()], with(&State::Open)), &notify, now);
    let told = message(&first).unwrap();
    assert_eq!((told.occasion, told.open_findings(), told.quiet), (Occasion::Opened, 2, false));
    assert!(first.takes_news && !first.is_closed);
    let reminded_at = first.due_at.unwrap();
    assert_eq!(reminded_at.duration_since(now).as_hours(), 24);
    let reminder = written(&group(Occasion::Opened, 1, &[], with(&State::Open)), &notify, now);
    assert_eq!(message(&reminder).unwrap().occasion, Occasion::Reminder);
    let over = written(&group(Occasion::Opened, 1, &[loud()], with(&resolved())), &notify, now);
    assert_eq!(message(&over).unwrap().occasion, Occasion::Resolved);
    assert!(over.is_closed && over.due_at.is_none());
    // The ids of its messages differ, and their group does not.
    let keys = [&first, &reminder].map(|one| one.notice.as_ref().unwrap().dedupe_key.clone());
    let [first_key, second_key] = keys.each_ref().map(|key| key.rsplit_once('-').unwrap());
    assert_eq!((first_key.0, first_key.1, second_key.1), (second_key.0, "1", "2"));
}

#[test]
fn what_was_over_or_in_hands_before_it_was_told_is_not_told() {
    let (now, notify) = (samples::now(), notify(|_| {}));
    let over = written(&group(Occasion::Opened, 0, &[loud()], with(&resolved())), &notify, now);
    assert_eq!((over.notice, over.is_closed, over.not_told), (None, true, Some("over_before_told")));
    let held = written(&group(Occasion::Opened, 0, &[loud()], with(&hold())), &notify, now);
    // Not closed: when it is open again, it is told.
    assert_eq!((held.notice, held.is_closed, held.due_at), (None, false, None));
    let reminder = written(&group(Occasion::Opened, 1, &[], with(&hold())), &notify, now);
    assert_eq!((reminder.notice, reminder.due_at), (None, None), "nobody is reminded of what somebody holds");
}

#[test]
fn mute_times_put_off_and_what_is_critical_breaks_through() {
    use jiff::civil::{Time, Weekday};
    let now = samples::now();
    let always = crate::notify::time_window::TimeWindow {
        name: "fridays".to_owned(),
        timezone: jiff::tz::TimeZone::UTC,
        days: vec![Weekday::Friday],
        from: Time::midnight(),
        to: Time::midnight(),
    };
    let muted = |unmutable| {
        notify(|route| {
            route.delivery.mute = vec![always.clone()];
            route.delivery.unmutable = unmutable;
        })
    };
    // 2 January 2026 is a Friday.
    let put_off = written(&group(Occasion::Opened, 0, &[loud()], with(&State::Open)), &muted(None), now);
    assert_eq!((put_off.notice, put_off.takes_news), (None, false));
    assert_eq!(put_off.due_at.unwrap().to_string(), "2026-01-03T00:00:00Z");
    let critical = muted(Some(crate::model::Severity::Critical));
    assert!(message(&written(&group(Occasion::Opened, 0, &[loud()], with(&State::Open)), &critical, now)).is_some());
    let end = written(&group(Occasion::Opened, 1, &[loud()], with(&resolved())), &critical, now);
    assert_eq!((end.notice, end.is_closed), (None, false), "its end can wait");
}

#[test]
fn what_is_wrong_with_driftd_is_never_said_to_be_well_by_itself() {
    let (now, notify) = (samples::now(), notify(|_| {}));
    let severity = crate::model::Severity::High;
    let begins = News::Health { text: "queue x cannot be read".to_owned(), severity, is_over: false };
    let told = written(&group(Occasion::Health, 0, &[begins], Vec::new()), &notify, now);
    let first = message(&told).unwrap();
    assert_eq!((first.status, first.title.as_str()), (GroupStatus::Open, "queue x cannot be read"));
    assert_eq!((told.is_closed, told.due_at), (false, None));
    let nothing_new = written(&group(Occasion::Health, 1, &[], Vec::new()), &notify, now);
    assert_eq!((nothing_new.notice, nothing_new.is_closed), (None, false));
    let ends = News::Health { text: "over: queue x can be read again".to_owned(), severity, is_over: true };
    let over = written(&group(Occasion::Health, 1, &[ends], Vec::new()), &notify, now);
    assert_eq!((message(&over).unwrap().status, over.is_closed), (GroupStatus::Resolved, true));
}

#[test]
fn what_nobody_acknowledges_is_told_to_others_once() {
    let now = samples::now();
    let notify = notify(|route| {
        let receivers = vec!["boss".to_owned()];
        route.delivery.escalation = Some(Escalation { after: Duration::from_secs(60), receivers });
    });
    let mut late = group(Occasion::Opened, 1, &[], with(&State::Open));
    (late.due_at, late.escalate_at) = (None, Some(now));
    let told = written(&late, &notify, now);
    assert_eq!((told.notice, told.escalate_at, told.escalations.len()), (None, None, 2));
    assert!(told.escalations.iter().all(|one| one.group.as_ref().is_some_and(|group| group.receiver == "boss")));
    late.findings = with(&hold());
    assert_eq!(written(&late, &notify, now).escalations, []);
}

#[test]
fn a_receiver_that_is_configured_no_more_is_told_nothing() {
    let mut gone = group(Occasion::Opened, 0, &[loud()], with(&State::Open));
    gone.receiver = "gone".to_owned();
    let now = samples::now();
    // It may be configured in a moment, or another replica may know it.
    let waits = written(&gone, &notify(|_| {}), now);
    assert_eq!((waits.notice, waits.is_closed, waits.takes_news), (None, false, false));
    assert!(waits.due_at.is_some_and(|at| at > now));
    let later = now.checked_add(SignedDuration::from_mins(31)).unwrap();
    let told = written(&gone, &notify(|_| {}), later);
    assert_eq!((told.notice, told.is_closed, told.not_told), (None, true, Some("no_receiver")));
}

#[test]
fn a_first_look_pages_nobody_and_nobody_is_reminded_of_it() {
    let (now, notify) = (samples::now(), notify(|_| {}));
    let first = written(&group(Occasion::Baseline, 0, &[loud()], with(&State::Open)), &notify, now);
    assert_eq!((message(&first).unwrap().occasion, first.due_at), (Occasion::Baseline, None));
    let later = written(&group(Occasion::Baseline, 1, &[loud()], with(&State::Open)), &notify, now);
    let told = message(&later).unwrap();
    assert_eq!((told.occasion, told.pages, later.due_at), (Occasion::Updated, false, None));
}
