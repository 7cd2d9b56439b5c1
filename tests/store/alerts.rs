//! Groups of alerts: joined, told, told again, closed; by two writers at a time.

use std::sync::atomic::{AtomicBool, Ordering};
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
    an_escalation_is_armed_again,
    a_closed_group_takes_nothing_more,
    a_receiver_that_refuses_is_in_trouble_until_it_takes_something,
    notices_of_a_group_go_one_after_the_other,
    two_writers_make_one_group,
    what_arrives_while_a_group_is_told_and_closed_is_told_once,
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
    assert_eq!(found.iter().map(|group| group.receiver.as_str()).collect::<Vec<_>>(), ["ops", "mail"]);
    assert_eq!((bodies(&found[0]), found[0].findings.len()), (vec!["a", "b"], 2));
    assert_eq!(found[0].counts.iter().map(|(_, _, number)| number).sum::<u64>(), 2);
    assert_eq!(store.alert_next_due().await.unwrap(), Some(at(1)));
    // Whatever is new about a finding goes to all who were told of it.
    add(store, 6, &[alert(Some(one), "c", None)]).await;
    assert_eq!(due(store, 6).await.iter().map(bodies).collect::<Vec<_>>(), [vec!["a", "b", "c"], vec!["a", "c"]]);
    // Another act, long after.
    add(store, 20, &[alert(Some("vpc-3"), "d", Some(group("ops", 21)))]).await;
    assert_eq!(due(store, 21).await.len(), 3);
}

async fn what_is_told_is_gone_and_what_came_meanwhile_is_not(world: &World) {
    let store = &world.store;
    add(store, 0, &[alert(Some("x"), "a", Some(group("ops", 0)))]).await;
    let read = due(store, 0).await.remove(0);
    add(store, 1, &[alert(Some("y"), "b", Some(group("ops", 0)))]).await;
    assert!(!tell(store, &read, 1, None, true).await, "there is news that was not read: it must not be closed over");
    let read = due(store, 1).await.remove(0);
    assert!(tell(store, &read, 1, Some(at(1000)), false).await);
    assert!(!tell(store, &read, 1, Some(at(1000)), false).await, "once");
    assert_eq!(due(store, 1).await, []);
    // What is new waits for the interval since the last message.
    add(store, 2, &[alert(Some("x"), "c", None)]).await;
    assert_eq!(
        (due(store, 2).await.len(), due(store, 3).await.iter().map(bodies).collect::<Vec<_>>()),
        (0, vec![vec!["c"]])
    );
}

/// What becomes worse in a group that was told to others, or was in hands, is told to others again in time.
async fn an_escalation_is_armed_again(world: &World) {
    let store = &world.store;
    let escalates = |minute| AlertGroup { escalate_at: Some(at(minute)), ..group("ops", 1) };
    add(store, 0, &[alert(Some("x"), "a", Some(escalates(10)))]).await;
    let read = due(store, 1).await.remove(0);
    assert_eq!(read.escalate_at, Some(at(10)));
    assert!(tell(store, &read, 1, Some(at(1000)), false).await);
    add(store, 2, &[alert(Some("x"), "worse", Some(escalates(12)))]).await;
    assert_eq!(due(store, 4).await[0].escalate_at, Some(at(12)));
    add(store, 4, &[alert(Some("y"), "another", Some(escalates(14)))]).await;
    assert_eq!(due(store, 4).await[0].escalate_at, Some(at(12)), "the first of them counts");
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
    let troubles = store.notice_troubles().await.unwrap();
    assert_eq!(troubles, [("ops".to_owned(), at(0), Some("it answered with 503".to_owned()))]);
    assert_eq!(store.notice_next_due().await.unwrap(), Some(at(0)));
    let taken = store.notice_take("ops", at(5), at(9), 9).await.unwrap();
    store.notice_sent(&taken[0], Some("thread-1"), at(5)).await.unwrap();
    let taken = store.notice_take("ops", at(5), at(9), 9).await.unwrap();
    assert_eq!(taken[0].handle.as_deref(), Some("thread-1"), "what the receiver gave for the first");
    assert_eq!(store.notice_receivers(at(5)).await.unwrap(), Vec::<String>::new());
}

async fn a_receiver_that_refuses_is_in_trouble_until_it_takes_something(world: &World) {
    let store = &world.store;
    let notice = |key: &str| NewNotice {
        receiver: "ops".to_owned(),
        group: None,
        dedupe_key: key.to_owned(),
        payload: "{}".to_owned(),
        next_try: at(0),
    };
    store.notice_add(&[notice("a"), notice("b"), notice("c")], at(0)).await.unwrap();
    assert_eq!(store.notice_troubles().await.unwrap(), [], "nothing was tried yet");
    let taken = store.notice_take("ops", at(0), at(5), 3).await.unwrap();
    assert_eq!(store.notice_troubles().await.unwrap(), [], "a try that has not ended is no trouble");
    store.notice_fail(&taken[0], "its secret is wrong", at(1)).await.unwrap();
    let refused = ("ops".to_owned(), at(1), Some("its secret is wrong".to_owned()));
    assert_eq!(store.notice_troubles().await.unwrap(), [refused]);
    store.notice_sent(&taken[1], None, at(2)).await.unwrap();
    assert_eq!(store.notice_troubles().await.unwrap(), []);
    store.notice_give_up("ops", at(1), "not configured", at(3)).await.unwrap();
    assert_eq!(store.notice_take("ops", at(9), at(15), 3).await.unwrap(), []);
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

/// Two replicas tell and close what a third one adds to.
async fn what_arrives_while_a_group_is_told_and_closed_is_told_once(world: &World) {
    const NEWS: usize = 60;
    let [writer, one, two] = [world.another().await, world.another().await, world.another().await];
    let is_done = AtomicBool::new(false);
    let writing = async {
        for number in 0..NEWS {
            let follows = number % 3 == 0 && number > 0;
            let group = (!follows).then(|| AlertGroup { interval: Duration::ZERO, ..group("ops", 0) });
            add(&writer, 0, &[alert(Some("x"), &number.to_string(), group)]).await;
        }
        is_done.store(true, Ordering::SeqCst);
    };
    let telling = async |store: &Store| {
        let mut told = Vec::new();
        loop {
            let was_done = is_done.load(Ordering::SeqCst);
            let found = due(store, 1).await;
            for read in &found {
                if tell(store, read, 0, None, read.news.len() % 2 == 0).await {
                    told.extend(bodies(read).into_iter().map(str::to_owned));
                }
            }
            if was_done && found.is_empty() {
                return told;
            }
        }
    };
    let ((), left, right) = tokio::join!(writing, telling(&one), telling(&two));
    let mut told: Vec<usize> = left.iter().chain(&right).map(|body| body.parse().unwrap()).collect();
    told.sort_unstable();
    assert!(told.windows(2).all(|two| two[0] < two[1]), "something was told twice: {told:?}");
    // What follows a group that was closed meanwhile has nobody to be told to.
    let missing: Vec<usize> = (0..NEWS).filter(|number| !told.contains(number) && number % 3 != 0).collect();
    assert_eq!(missing, Vec::<usize>::new());
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
    // It is whose it is, as long as that one sees it.
    store.condition_seen("queue x", "you", at(0), at(1)).await.unwrap();
    assert_eq!(store.condition_list().await.unwrap()[0].owner, "me");
    store.condition_seen("queue x", "you", at(1), at(6)).await.unwrap();
    assert_eq!(store.condition_list().await.unwrap()[0].seen_at, at(6));
    assert!(store.condition_end("queue x", &told("ends"), at(2)).await.unwrap());
    assert!(!store.condition_end("queue x", &told("ends"), at(3)).await.unwrap());
    assert_eq!(store.condition_list().await.unwrap(), []);
    assert_eq!(due(store, 3).await.iter().map(bodies).collect::<Vec<_>>(), [vec!["begins", "ends"]]);
}
