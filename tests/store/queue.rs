//! What is taken with a lease: jobs, marks, notices. Killed takers, late takers, several takers.

use std::sync::atomic::{AtomicBool, Ordering};

use driftd::model::Scope;
use driftd::store::{
    Apply, AuditEntry, JobState, NewJob, NewMark, NewNotice, NoticeState, Store, StoreError, StoredEvent, TakenJob,
};
use jiff::Timestamp;

use crate::sample::{ACCOUNT, REGION, at, finding, outcome};
use crate::{World, on_both};

on_both!(
    a_job_is_there_once,
    a_job_that_is_asked_for_while_it_runs_runs_once_more,
    jobs_of_one_queue_run_one_after_the_other,
    many_takers_share_the_jobs,
    a_lost_lease_has_no_effect,
    a_job_is_tried_so_often_and_no_more,
    a_job_given_back_was_not_tried,
    a_mark_is_made_once_and_stays_until_nothing_new_is_heard,
    a_mark_is_taken_over_when_its_lease_ends,
    a_mark_is_held_as_long_as_its_lease_is_renewed,
    events_come_twice_and_are_kept_once,
    a_notice_is_sent_once,
);

fn job(key: &str, queue: Option<&str>, minutes: i64) -> NewJob {
    NewJob {
        key: key.to_owned(),
        kind: "sweep".to_owned(),
        queue: queue.map(str::to_owned),
        payload: "{}".to_owned(),
        priority: 0,
        run_at: at(minutes),
        max_attempts: 3,
    }
}

/// For ten minutes.
async fn take(store: &Store, owner: &str, now: Timestamp) -> Option<TakenJob> {
    let lease_until = now + jiff::SignedDuration::from_mins(10);
    store.job_take("sweep", owner, now, lease_until).await.unwrap()
}

async fn a_job_is_there_once(world: &World) {
    let store = &world.store;
    store.job_enqueue(&[job("a", None, 5), job("a", None, 3), job("a", None, 9)]).await.unwrap();
    assert_eq!(take(store, "one", at(2)).await, None);
    assert_eq!(store.job_take("other", "one", at(9), at(19)).await.unwrap(), None);
    let taken = take(store, "one", at(3)).await.unwrap();
    assert_eq!((taken.key.as_str(), taken.attempts, taken.max_attempts), ("a", 1, 3));
    assert_eq!(take(&world.another().await, "two", at(9)).await, None);
    let depth = store.job_depth().await.unwrap();
    assert_eq!((depth[0].queued, depth[0].running, depth[0].failed, depth[0].oldest_due), (0, 1, 0, None));
    store.job_done(&taken.lease).await.unwrap();
    assert!(store.job_depth().await.unwrap().is_empty());
    assert!(matches!(store.job_done(&taken.lease).await, Err(StoreError::LeaseLost { .. })));
}

async fn a_job_that_is_asked_for_while_it_runs_runs_once_more(world: &World) {
    let store = &world.store;
    store.job_enqueue(&[job("a", Some("q"), 0)]).await.unwrap();
    let first = take(store, "one", at(1)).await.unwrap();
    store.job_enqueue(&[job("a", Some("q"), 4), job("a", Some("q"), 2)]).await.unwrap();
    assert_eq!(take(store, "two", at(5)).await, None, "it runs");
    store.job_done(&first.lease).await.unwrap();
    assert_eq!(take(store, "two", at(1)).await, None);
    let second = take(store, "two", at(2)).await.unwrap();
    assert_eq!(second.attempts, 1);
    store.job_done(&second.lease).await.unwrap();
    assert_eq!(take(store, "two", at(9)).await, None);
}

async fn jobs_of_one_queue_run_one_after_the_other(world: &World) {
    let store = &world.store;
    let urgent = NewJob { priority: -1, ..job("urgent", Some("account"), 0) };
    store.job_enqueue(&[job("first", Some("account"), 0), urgent, job("free", None, 1)]).await.unwrap();
    let one = take(store, "one", at(2)).await.unwrap();
    let two = take(store, "two", at(2)).await.unwrap();
    assert_eq!((one.key.as_str(), two.key.as_str()), ("urgent", "free"));
    assert_eq!(take(store, "three", at(2)).await, None);
    store.job_done(&one.lease).await.unwrap();
    assert_eq!(take(store, "three", at(2)).await.unwrap().key, "first");
}

/// Takers of other processes at the same time, some jobs in queues: each job is taken once, no two of a queue at a time.
async fn many_takers_share_the_jobs(world: &World) {
    let jobs: Vec<_> = (0..40).map(|number| job(&format!("j{number}"), (number % 2 == 0).then_some("q"), 0)).collect();
    world.store.job_enqueue(&jobs).await.unwrap();
    let is_busy = AtomicBool::new(false);
    let work = async |owner: &'static str| {
        let store = world.another().await;
        let (mut done, mut idle) = (Vec::new(), 0);
        while idle < 20 {
            let Some(taken) = take(&store, owner, at(1)).await else {
                idle += 1;
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
                continue;
            };
            let in_queue = taken.queue.is_some();
            assert!(!in_queue || !is_busy.swap(true, Ordering::SeqCst), "two jobs of the queue run");
            tokio::task::yield_now().await;
            if in_queue {
                is_busy.store(false, Ordering::SeqCst);
            }
            store.job_done(&taken.lease).await.unwrap();
            done.push(taken.key);
        }
        store.close().await;
        done
    };
    let (a, b, c, d) = tokio::join!(work("a"), work("b"), work("c"), work("d"));
    let mut all: Vec<_> = [a, b, c, d].concat();
    all.sort();
    let mut expected: Vec<_> = jobs.into_iter().map(|job| job.key).collect();
    expected.sort();
    assert_eq!(all, expected);
}

/// The lease ends, another takes over, and the late one wakes up: nothing of what it wants to write is written.
async fn a_lost_lease_has_no_effect(world: &World) {
    let store = &world.store;
    store.job_enqueue(&[job("a", Some("q"), 0)]).await.unwrap();
    let late = take(store, "late", at(0)).await.unwrap();
    assert_eq!(take(store, "other", at(9)).await, None);
    let other = take(&world.another().await, "other", at(10)).await.unwrap();
    assert_eq!(other.attempts, 2);

    let swept = outcome(10, vec![finding("vpc-1", "b")]);
    let changes = crate::sample::changes(store, &swept).await;
    let follow = [job("follow", None, 11)];
    let entry = [AuditEntry {
        actor: "driftd".to_owned(),
        action: "sweep".to_owned(),
        subject: "a".to_owned(),
        detail: String::new(),
    }];
    let effects = Apply {
        outcome: Some(&swept),
        changes: Some(&changes),
        jobs: &follow,
        audit: &entry,
        lease: Some(&late.lease),
        job_done: true,
        ..Apply::at(at(10))
    };
    assert!(matches!(store.apply(&effects).await, Err(StoreError::LeaseLost { .. })));
    assert!(matches!(store.job_done(&late.lease).await, Err(StoreError::LeaseLost { .. })));
    assert!(matches!(store.job_extend(&late.lease, at(99)).await, Err(StoreError::LeaseLost { .. })));
    assert!(matches!(store.job_fail(&late.lease, "x", at(99)).await, Err(StoreError::LeaseLost { .. })));
    assert!(matches!(store.job_release(&late.lease).await, Err(StoreError::LeaseLost { .. })));
    assert!(store.scan_list(1).await.unwrap().is_empty() && store.audit_list(1).await.unwrap().is_empty());

    // Whoever holds it writes, and the job is done with it; what follows was asked for.
    store.apply(&Apply { lease: Some(&other.lease), ..effects }).await.unwrap();
    assert_eq!(store.scan_list(9).await.unwrap().len(), 1);
    assert_eq!(take(store, "other", at(11)).await.unwrap().key, "follow");
    // A job of the same name, later, is another one: old leases have no hold on it.
    store.job_enqueue(&[job("a", Some("q"), 0)]).await.unwrap();
    let anew = take(store, "new", at(12)).await.unwrap();
    assert!(matches!(store.job_done(&late.lease).await, Err(StoreError::LeaseLost { .. })));
    assert!(matches!(store.job_done(&other.lease).await, Err(StoreError::LeaseLost { .. })));
    store.job_extend(&anew.lease, at(60)).await.unwrap();
    assert_eq!(take(store, "other", at(40)).await.map(|taken| taken.key), Some("follow".to_owned()));
}

async fn a_job_is_tried_so_often_and_no_more(world: &World) {
    let store = &world.store;
    store.job_enqueue(&[job("a", Some("q"), 0)]).await.unwrap();
    for attempt in 1..=3 {
        let taken = take(store, "one", at(attempt)).await.unwrap();
        assert_eq!((taken.key.as_str(), i64::from(taken.attempts)), ("a", attempt));
        let state = store.job_fail(&taken.lease, "no answer", at(attempt)).await.unwrap();
        assert_eq!(state, if attempt < 3 { JobState::Queued } else { JobState::Failed });
    }
    // Killed at every attempt: the lease ends each time.
    store.job_enqueue(&[job("b", Some("q"), 5)]).await.unwrap();
    for minutes in [10, 20, 30] {
        assert_eq!(take(store, "one", at(minutes)).await.unwrap().key, "b");
    }
    assert_eq!(take(store, "one", at(40)).await, None);
    let depth = store.job_depth().await.unwrap();
    assert_eq!((depth[0].queued, depth[0].running, depth[0].failed), (0, 0, 2));
    // Asked for again, it begins anew.
    store.job_enqueue(&[job("a", Some("q"), 41)]).await.unwrap();
    assert_eq!(take(store, "one", at(41)).await.unwrap().attempts, 1);
}

async fn a_job_given_back_was_not_tried(world: &World) {
    let store = &world.store;
    store.job_enqueue(&[job("a", None, 0)]).await.unwrap();
    let taken = take(store, "one", at(1)).await.unwrap();
    store.job_release(&taken.lease).await.unwrap();
    assert_eq!(take(store, "two", at(1)).await.unwrap().attempts, 1);
}

fn mark(id: Option<&str>, minutes: i64) -> NewMark {
    NewMark {
        scope: Scope::new(ACCOUNT, REGION),
        kind: "aws_vpc".to_owned(),
        id: id.map(str::to_owned),
        address: None,
        not_before: at(minutes),
        event_time: at(minutes),
        event_id: Some(format!("e{minutes}")),
    }
}

async fn a_mark_is_made_once_and_stays_until_nothing_new_is_heard(world: &World) {
    let store = &world.store;
    store.mark_upsert(&[mark(Some("vpc-1"), 5), mark(Some("vpc-1"), 3), mark(None, 4)]).await.unwrap();
    assert_eq!(store.mark_count().await.unwrap(), (2, Some(at(3))));
    assert_eq!(store.mark_take("one", at(2), at(12), 9).await.unwrap(), []);
    let taken = store.mark_take("one", at(4), at(14), 9).await.unwrap();
    let keys: Vec<_> = taken.iter().map(|mark| mark.resource_key().map(|key| key.to_string())).collect();
    assert_eq!(keys, [None, Some(format!("{ACCOUNT}/{REGION}/aws_vpc/vpc-1"))]);
    assert_eq!((taken[1].newest_event, taken[1].event_id.as_deref()), (at(5), Some("e5")));
    store.mark_upsert(&[mark(Some("vpc-9"), 9)]).await.unwrap();
    let depth = store.mark_depth().await.unwrap();
    assert_eq!((depth.queued, depth.running, depth.oldest_due), (1, 2, Some(at(3))));
    let waits = store.mark_take("one", at(9), at(9), 9).await.unwrap();
    store.apply(&Apply { marks_done: &waits, ..Apply::at(at(9)) }).await.unwrap();
    assert_eq!(world.another().await.mark_take("two", at(5), at(15), 9).await.unwrap(), []);
    // Something new is heard while the resource is read.
    store.mark_upsert(&[mark(Some("vpc-1"), 6)]).await.unwrap();
    store.apply(&Apply { marks_done: &taken, ..Apply::at(at(5)) }).await.unwrap();
    assert_eq!(store.mark_count().await.unwrap(), (1, Some(at(6))));
    let again = store.mark_take("one", at(6), at(16), 9).await.unwrap();
    store.mark_release(&again, at(8)).await.unwrap();
    assert_eq!(store.mark_take("one", at(7), at(17), 9).await.unwrap(), []);
    // Done, and asked for once more in the same breath: it waits anew.
    let again = store.mark_take("one", at(8), at(18), 9).await.unwrap();
    let once_more = [mark(Some("vpc-1"), 20)];
    store.apply(&Apply { marks_done: &again, marks: &once_more, ..Apply::at(at(8)) }).await.unwrap();
    assert_eq!(store.mark_take("one", at(19), at(29), 9).await.unwrap(), []);
    let again = store.mark_take("one", at(20), at(30), 9).await.unwrap();
    store.apply(&Apply { marks_done: &again, ..Apply::at(at(20)) }).await.unwrap();
    assert_eq!(store.mark_count().await.unwrap(), (0, None));
}

async fn a_mark_is_taken_over_when_its_lease_ends(world: &World) {
    let store = &world.store;
    store.mark_upsert(&[mark(Some("vpc-1"), 0), mark(Some("vpc-2"), 1)]).await.unwrap();
    let late = store.mark_take("late", at(1), at(10), 1).await.unwrap();
    let other = store.mark_take("other", at(10), at(20), 9).await.unwrap();
    assert_eq!((late.len(), other.len()), (1, 2));
    let swept = outcome(10, vec![finding("vpc-1", "b")]);
    let effects = Apply { outcome: Some(&swept), marks_done: &late, ..Apply::at(at(11)) };
    assert!(matches!(store.apply(&effects).await, Err(StoreError::LeaseLost { .. })));
    assert!(store.scan_list(1).await.unwrap().is_empty());
    store.apply(&Apply { marks_done: &other, ..effects }).await.unwrap();
    assert_eq!(store.mark_count().await.unwrap().0, 0);
}

/// Whoever is at work renews its leases: a slow one keeps its marks, a killed one loses them soon.
async fn a_mark_is_held_as_long_as_its_lease_is_renewed(world: &World) {
    let store = &world.store;
    store.mark_upsert(&[mark(Some("vpc-1"), 0), mark(Some("vpc-2"), 0)]).await.unwrap();
    let slow = store.mark_take("slow", at(1), at(2), 9).await.unwrap();
    store.mark_extend(&slow, at(4)).await.unwrap();
    let other = world.another().await;
    assert_eq!(other.mark_take("other", at(3), at(9), 9).await.unwrap(), []);
    // It was killed: one is taken over, and then both are lost to it.
    let taken = other.mark_take("other", at(4), at(9), 1).await.unwrap();
    assert_eq!(taken.len(), 1);
    assert!(matches!(store.mark_extend(&slow, at(99)).await, Err(StoreError::LeaseLost { .. })));
    assert_eq!(other.mark_take("third", at(5), at(9), 9).await.unwrap().len(), 1, "nothing of a lost lease is renewed");
    other.apply(&Apply { marks_done: &taken, ..Apply::at(at(6)) }).await.unwrap();
    assert!(matches!(other.mark_extend(&taken, at(99)).await, Err(StoreError::LeaseLost { .. })), "it is done");
}

async fn events_come_twice_and_are_kept_once(world: &World) {
    let store = &world.store;
    let event = |id: &str, minutes: i64, resources: &[&str]| StoredEvent {
        id: id.to_owned(),
        time: at(minutes),
        name: "ModifyVpcAttribute".to_owned(),
        source: "ec2.amazonaws.com".to_owned(),
        account: ACCOUNT.to_owned(),
        region: REGION.to_owned(),
        actor: "al\0ice".to_owned(),
        resources: resources.iter().map(|&one| one.to_owned()).collect(),
        error_code: None,
        record: serde_json::json!({"text": "a\u{0}b", "masterUserPassword": "(sensitive)"}),
    };
    let first = [event("e1", 1, &["vpc-1", "vpc-2"]), event("e2", 2, &["vpc-1"])];
    assert_eq!(store.event_insert(&first, &[mark(Some("vpc-1"), 1)]).await.unwrap(), 2);
    let again = [event("e2", 2, &["vpc-1"]), event("e3", 3, &["vpc-1"])];
    assert_eq!(store.event_insert(&again, &[mark(Some("vpc-1"), 3)]).await.unwrap(), 1);
    let ids = async |resource: &str, minutes| {
        let events = store.event_list(resource, at(minutes)).await.unwrap();
        events.into_iter().map(|event| event.id).collect::<Vec<_>>()
    };
    assert_eq!(ids("vpc-1", 0).await, ["e1", "e2", "e3"]);
    // What names no resource does not stop the event.
    let long: String = (0..2000).map(|number| number.to_string()).collect();
    assert_eq!(store.event_insert(&[event("e4", 0, &[&long, "vpc-4"])], &[mark(Some(&long), 1)]).await.unwrap(), 1);
    assert_eq!((ids("vpc-4", 0).await, ids(&long, 0).await), (vec!["e4".to_owned()], Vec::new()));
    assert_eq!(ids("vpc-1", 3).await, ["e3"]);
    assert_eq!(store.mark_count().await.unwrap(), (1, Some(at(1))));
    let kept = store.event_list("vpc-2", at(0)).await.unwrap();
    // PostgreSQL keeps no zero byte in a text; in JSON it is escaped.
    assert_eq!(kept, [StoredEvent { actor: "al\u{fffd}ice".to_owned(), ..first[0].clone() }]);
}

async fn a_notice_is_sent_once(world: &World) {
    let store = &world.store;
    let notice = |receiver: &str, key: &str| NewNotice {
        receiver: receiver.to_owned(),
        group: None,
        dedupe_key: key.to_owned(),
        payload: format!("payload of {key}"),
        next_try: at(1),
    };
    let notices = [notice("ops", "a"), notice("ops", "b"), notice("ops", "c"), notice("mail", "d")];
    store.apply(&Apply { notices: &notices, ..Apply::at(at(0)) }).await.unwrap();
    // The same transition again: nothing new.
    store.apply(&Apply { notices: &[notice("ops", "a")], ..Apply::at(at(0)) }).await.unwrap();
    assert_eq!(store.notice_take("ops", at(0), at(5), 9).await.unwrap(), []);
    let taken = store.notice_take("ops", at(1), at(5), 9).await.unwrap();
    let keys: Vec<_> = taken.iter().map(|notice| notice.dedupe_key.as_str()).collect();
    assert_eq!(keys, ["a", "b", "c"]);
    assert_eq!(world.another().await.notice_take("ops", at(4), at(9), 9).await.unwrap(), []);
    store.notice_sent(&taken[0], None, at(2)).await.unwrap();
    store.notice_retry(&taken[1], "timeout", at(3)).await.unwrap();
    store.notice_fail(&taken[2], "no such channel", at(2)).await.unwrap();
    assert!(matches!(store.notice_retry(&taken[0], "x", at(3)).await, Err(StoreError::LeaseLost { .. })));
    let again = store.notice_take("ops", at(3), at(5), 9).await.unwrap();
    assert_eq!((again.len(), again[0].dedupe_key.as_str(), again[0].attempts), (1, "b", 2));
    store.notice_rewrite(&again[0], "payload with a note").await.unwrap();
    // Whoever had it was killed; it is sent by another, and only once counted.
    let other = store.notice_take("ops", at(5), at(9), 9).await.unwrap();
    assert_eq!(other[0].payload, "payload with a note");
    assert!(matches!(store.notice_rewrite(&again[0], "x").await, Err(StoreError::LeaseLost { .. })));
    assert!(matches!(store.notice_sent(&again[0], None, at(6)).await, Err(StoreError::LeaseLost { .. })));
    store.notice_sent(&other[0], None, at(6)).await.unwrap();
    let count = store.notice_count().await.unwrap();
    let expected = [
        ("mail".to_owned(), NoticeState::Pending, 1),
        ("ops".to_owned(), NoticeState::Failed, 1),
        ("ops".to_owned(), NoticeState::Sent, 2),
    ];
    assert_eq!(count, expected);
    // What is kept of a sent notice keeps it from being sent again.
    store.apply(&Apply { notices: &notices[..1], ..Apply::at(at(7)) }).await.unwrap();
    assert_eq!(store.notice_take("ops", at(9), at(19), 9).await.unwrap(), []);
}
