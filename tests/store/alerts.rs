//! Groups of alerts: joined, told, told again, closed; by two writers at a time.

use std::time::Duration;

use driftd::life::operation;
use driftd::store::{AlertGroup, Apply, DueGroup, NewAlert, NewNotice, Store, Told};
use jiff::Timestamp;

use crate::sample::{at, finding, keep, outcome};
use crate::{World, on_both};

on_both!(
    an_act_is_one_group,
    what_is_told_is_gone_and_what_came_meanwhile_is_not,
    what_was_in_hands_before_it_was_told_is_told_when_it_is_open_again,
    what_is_worse_does_not_wait_for_the_end_of_a_mute_time,
    a_closed_group_takes_nothing_more,
    notices_of_a_group_go_one_after_the_other,
    two_writers_make_one_group,
    a_condition_begins_once_and_ends_once
);

fn group(receiver: &str, due_minute: i64) -> AlertGroup {
    AlertGroup {
        receiver: receiver.to_owned(),
        occasion: "opened",
        labels: r#"{"actor":"mallory"}"#.to_owned(),
        delivery: "{}".to_owned(),
        window: Duration::from_secs(10 * 60),
        due_at: at(due_minute),
        interval: Duration::from_secs(2 * 60),
        escalate_at: None,
    }
}

fn alert(finding: Option<&str>, body: &str, group: Option<AlertGroup>) -> NewAlert {
    NewAlert { finding_id: finding.map(str::to_owned), body: body.to_owned(), group }
}

async fn add(store: &Store, minute: i64, alerts: &[NewAlert]) {
    store.apply(&Apply { alerts, ..Apply::at(at(minute)) }).await.unwrap();
}

async fn due(store: &Store, minute: i64) -> Vec<DueGroup> {
    store.alert_due(at(minute), 10, 10).await.unwrap()
}

fn notice(group: &DueGroup) -> NewNotice {
    NewNotice {
        receiver: group.receiver.clone(),
        group: Some(group.id),
        dedupe_key: format!("{}-{}", group.id, group.told + 1),
        payload: "{}".to_owned(),
        next_try: at(0),
    }
}

/// Tells it; due again at `again`, or closed.
async fn tell(store: &Store, group: &DueGroup, minute: i64, again: Option<Timestamp>, is_closed: bool) -> bool {
    let told = Told {
        group,
        notice: Some(notice(group)),
        due_at: again,
        escalate_at: None,
        escalations: &[],
        is_closed,
        takes_news: true,
    };
    store.alert_told(&told, at(minute)).await.unwrap()
}

fn bodies(group: &DueGroup) -> Vec<&str> {
    group.news.iter().map(|(_, body)| body.as_str()).collect()
}

async fn an_act_is_one_group(world: &World) {
    let store = &world.store;
    keep(store, &outcome(0, vec![finding("vpc-1", "b"), finding("vpc-2", "b")])).await.unwrap();
    let known = store.finding_list(&Default::default()).await.unwrap();
    let [one, two] = [known[0].id.as_str(), known[1].id.as_str()];
    add(store, 0, &[alert(Some(one), "a", Some(group("ops", 1))), alert(Some(one), "a", Some(group("mail", 1)))]).await;
    add(store, 5, &[alert(Some(two), "b", Some(group("ops", 6)))]).await;
    assert_eq!(due(store, 0).await, []);
    let found = due(store, 1).await;
    assert_eq!(found.iter().map(|group| group.receiver.as_str()).collect::<Vec<_>>(), ["mail", "ops"]);
    assert_eq!((bodies(&found[1]), found[1].findings.len()), (vec!["a", "b"], 2));
    assert_eq!(found[1].counts.iter().map(|(_, _, number)| number).sum::<u64>(), 2);
    assert_eq!(store.alert_next_due().await.unwrap(), Some(at(1)));
    // Whatever is new about a finding goes to all who were told of it.
    add(store, 6, &[alert(Some(one), "c", None)]).await;
    assert_eq!(due(store, 6).await.iter().map(bodies).collect::<Vec<_>>(), [vec!["a", "c"], vec!["a", "b", "c"]]);
    // Another act, long after.
    add(store, 20, &[alert(Some("vpc-3"), "d", Some(group("ops", 21)))]).await;
    assert_eq!(due(store, 21).await.len(), 3);
}

async fn what_is_told_is_gone_and_what_came_meanwhile_is_not(world: &World) {
    let store = &world.store;
    add(store, 0, &[alert(Some("x"), "a", Some(group("ops", 0)))]).await;
    let read = due(store, 0).await.remove(0);
    add(store, 0, &[alert(Some("y"), "b", Some(group("ops", 0)))]).await;
    assert!(tell(store, &read, 1, Some(at(1000)), false).await);
    assert!(!tell(store, &read, 1, Some(at(1000)), false).await, "once");
    // It is due at once, with what was not in the message alone.
    let left = due(store, 1).await;
    assert_eq!((left.len(), bodies(&left[0]), left[0].told), (1, vec!["b"], 1));
    assert!(tell(store, &left[0], 2, Some(at(1000)), false).await);
    // What is new waits for the interval since the last message.
    add(store, 3, &[alert(Some("x"), "c", None)]).await;
    assert_eq!((due(store, 3).await.len(), due(store, 4).await.len()), (0, 1));
}

async fn what_was_in_hands_before_it_was_told_is_told_when_it_is_open_again(world: &World) {
    let store = &world.store;
    keep(store, &outcome(0, vec![finding("vpc-1", "b")])).await.unwrap();
    let known = store.finding_list(&Default::default()).await.unwrap().remove(0);
    add(store, 0, &[alert(Some(&known.id), "opened", Some(group("ops", 1)))]).await;
    let held = operation::acknowledge(&known, "ana", "on it", at(0)).unwrap();
    store.apply(&Apply { changes: Some(&held), ..Apply::at(at(0)) }).await.unwrap();
    let read = due(store, 1).await.remove(0);
    let quiet = Told {
        group: &read,
        notice: None,
        due_at: None,
        escalate_at: None,
        escalations: &[],
        is_closed: false,
        takes_news: true,
    };
    assert!(store.alert_told(&quiet, at(1)).await.unwrap());
    assert_eq!(due(store, 999).await, []);
    add(store, 60, &[alert(Some(&known.id), "worse", Some(group("ops", 61)))]).await;
    assert_eq!(due(store, 61).await.iter().map(bodies).collect::<Vec<_>>(), [vec!["worse"]]);
}

async fn what_is_worse_does_not_wait_for_the_end_of_a_mute_time(world: &World) {
    let store = &world.store;
    add(store, 0, &[alert(Some("x"), "low", Some(group("ops", 1)))]).await;
    let read = due(store, 1).await.remove(0);
    let muted = Told {
        group: &read,
        notice: None,
        due_at: Some(at(600)),
        escalate_at: None,
        escalations: &[],
        is_closed: false,
        takes_news: false,
    };
    assert!(store.alert_told(&muted, at(1)).await.unwrap());
    assert_eq!(due(store, 5).await, []);
    add(store, 5, &[alert(Some("y"), "critical", Some(group("ops", 6)))]).await;
    assert_eq!(due(store, 6).await.iter().map(bodies).collect::<Vec<_>>(), [vec!["low", "critical"]]);
}

async fn a_closed_group_takes_nothing_more(world: &World) {
    let store = &world.store;
    add(store, 0, &[alert(Some("x"), "a", Some(group("ops", 0)))]).await;
    let read = due(store, 0).await.remove(0);
    assert!(tell(store, &read, 1, None, true).await);
    add(store, 1, &[alert(Some("x"), "to nobody", None)]).await;
    add(store, 1, &[alert(Some("x"), "again", Some(group("ops", 2)))]).await;
    let found = due(store, 999).await;
    assert_eq!((found.len(), bodies(&found[0])), (1, vec!["again"]));
    assert_ne!(found[0].id, read.id);
}

async fn notices_of_a_group_go_one_after_the_other(world: &World) {
    let store = &world.store;
    add(store, 0, &[alert(Some("x"), "a", Some(group("ops", 0)))]).await;
    let first = due(store, 0).await.remove(0);
    assert!(tell(store, &first, 0, Some(at(0)), false).await);
    let second = due(store, 0).await.remove(0);
    assert!(tell(store, &second, 0, Some(at(1000)), false).await);
    let taken = store.notice_take("ops", at(1), at(3), 9).await.unwrap();
    assert_eq!((taken.len(), taken[0].handle.clone()), (1, None));
    assert_eq!(store.notice_take("ops", at(1), at(3), 9).await.unwrap(), []);
    store.notice_retry(&taken[0], "it answered with 503", at(5)).await.unwrap();
    assert_eq!(store.notice_take("ops", at(4), at(9), 9).await.unwrap(), [], "the second waits for the first");
    let waiting = store.notice_waiting().await.unwrap();
    assert_eq!(waiting, [("ops".to_owned(), at(0), Some("it answered with 503".to_owned()))]);
    assert_eq!(store.notice_next_due().await.unwrap(), Some(at(0)));
    let taken = store.notice_take("ops", at(5), at(9), 9).await.unwrap();
    store.notice_sent(&taken[0], Some("thread-1"), at(5)).await.unwrap();
    let taken = store.notice_take("ops", at(5), at(9), 9).await.unwrap();
    assert_eq!(taken[0].handle.as_deref(), Some("thread-1"), "what the receiver gave for the first");
    assert_eq!(store.notice_receivers(at(5)).await.unwrap(), Vec::<String>::new());
}

async fn two_writers_make_one_group(world: &World) {
    let another = world.another().await;
    let alerts = |name: &'static str| {
        let one = move |number: i32| alert(Some(&format!("{name}-{number}")), name, Some(group("ops", 1)));
        (0..20).map(one).collect::<Vec<_>>()
    };
    let (left, right) = (alerts("left"), alerts("right"));
    tokio::join!(add(&world.store, 0, &left), add(&another, 0, &right));
    let found = due(&world.store, 1).await;
    assert_eq!((found.len(), found[0].news.len()), (1, 40));
}

async fn a_condition_begins_once_and_ends_once(world: &World) {
    let store = &world.store;
    let told = |text: &str| {
        let health = AlertGroup { occasion: "health", ..group("ops", 0) };
        [alert(None, text, Some(health))]
    };
    assert!(store.condition_begin("queue x", "me", &told("begins"), at(0)).await.unwrap());
    assert!(!store.condition_begin("queue x", "you", &told("begins"), at(1)).await.unwrap());
    let lasting = store.condition_list().await.unwrap();
    assert_eq!((lasting.len(), lasting[0].name.as_str(), lasting[0].owner.as_str()), (1, "queue x", "me"));
    assert!(store.condition_end("queue x", &told("ends"), at(2)).await.unwrap());
    assert!(!store.condition_end("queue x", &told("ends"), at(3)).await.unwrap());
    assert_eq!(store.condition_list().await.unwrap(), []);
    assert_eq!(due(store, 3).await.iter().map(bodies).collect::<Vec<_>>(), [vec!["begins", "ends"]]);
}
