//! Marked resources are read again, compared and judged; many at a time, each with what belongs to it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::task::JoinSet;

use super::cycles::{self, Done};
use super::{Chain, Daemon, Stop, metrics, on_thread, wait};
use crate::cycle::{Resources, Sweep, Work};
use crate::model::{Coverage, Gap, GapReason, Outcome};
use crate::store::{NewMark, StoreError, TakenMark};

const TASK: &str = "marks";
/// When so many batches are being read, no more marks are taken: each reads the states.
const BATCHES: usize = 4;
/// For so long a mark is this process's; then another may take it over.
const LEASE: Duration = Duration::from_secs(60);
/// How often the lease is renewed.
const RENEW: Duration = Duration::from_secs(20);
/// The longest pause: a mark of another replica, or one whose lease ended, is found by looking.
const LOOK: Duration = Duration::from_secs(5);
/// What could not be judged is read again after as long as its event is old, but within these.
const UNSEEN_AGAIN: (Duration, Duration) = (Duration::from_secs(30), Duration::from_secs(15 * 60));
/// ... and is left to the sweeps when its event is so old.
const UNSEEN_FOR: Duration = Duration::from_secs(60 * 60);
/// After a failure they are tried again so much later.
const RETRY: Duration = Duration::from_secs(15);

pub(super) async fn run(daemon: Arc<Daemon>, mut stop: Stop) {
    // A service that does not answer must not hold up what others have to tell; nor must one that writes to the store wait for this loop
    // to look at it, which waits for the same connection.
    let mut working = JoinSet::new();
    loop {
        let (now, until) = (daemon.now(), daemon.later(LEASE));
        if working.len() < BATCHES {
            let most = daemon.current().options.storm.saturating_add(1);
            let taken = daemon.store.mark_take(&daemon.owner, now, until, most).await;
            let taken = daemon.store_said(TASK, taken).unwrap_or_default();
            if !taken.is_empty() {
                for batch in batches(taken, daemon.current().options.storm as usize) {
                    let (daemon, mut stop) = (Arc::clone(&daemon), stop.clone());
                    on_thread(&mut working, move || async move { work(&daemon, &batch, &mut stop).await });
                }
                continue;
            }
        }
        let next = daemon.store_said(TASK, daemon.store.mark_count().await).and_then(|(_, oldest)| oldest);
        let pause = next.map_or(LOOK, |next| next.duration_since(now).unsigned_abs());
        // What is due was taken: an old one is another's.
        let pause = pause.clamp(Duration::from_millis(50), LOOK);
        tokio::select! {
            Some(_) = working.join_next() => {}
            goes_on = wait(&mut stop, &daemon.wake.marks, pause) => if !goes_on { break },
        }
    }
    // Each gives back what it holds.
    while working.join_next().await.is_some() {}
}

/// What is read together: of each account, by service. So many that a sweep is cheaper stay together.
fn batches(taken: Vec<TakenMark>, storm: usize) -> Vec<Vec<TakenMark>> {
    if taken.len() > storm {
        return vec![taken];
    }
    let mut batches: BTreeMap<(String, &str), Vec<TakenMark>> = BTreeMap::new();
    for mark in taken {
        let service = ["aws_iam_", "aws_s3"].into_iter().find(|prefix| mark.kind.starts_with(prefix));
        batches.entry((mark.scope.account.clone(), service.unwrap_or_default())).or_default().push(mark);
    }
    batches.into_values().collect()
}

async fn work(daemon: &Daemon, taken: &[TakenMark], stop: &mut Stop) {
    let current = daemon.current();
    let mut resources = Resources::default();
    for mark in taken {
        match mark.resource_key() {
            Some(key) => _ = resources.keys.insert(key),
            None if current.sweep.unmanaged => _ = resources.kinds.insert((mark.scope.clone(), mark.kind.clone())),
            None => {}
        }
    }
    daemon.touch(taken.iter().map(|mark| mark.key.clone()));
    // One listing is cheaper than so many reads.
    let work = if taken.len() > current.options.storm as usize {
        let scopes: BTreeSet<_> = taken.iter().map(|mark| mark.scope.clone()).collect();
        Work::Sweep(Sweep { scopes: Some(scopes.clone()), found: scopes, ..current.sweep.clone() })
    } else {
        Work::Resources(resources)
    };
    let renewing = async {
        loop {
            tokio::time::sleep(RENEW).await;
            if let Err(error @ StoreError::LeaseLost { .. }) =
                daemon.store.mark_extend(taken, daemon.later(LEASE)).await
            {
                return error;
            }
        }
    };
    let outcome = tokio::select! {
        outcome = cycles::run(daemon, &current, &work, Done { lease: None, marks: taken }) => outcome,
        lost = renewing => Err(lost),
        () = super::ended(stop) => {
            daemon.store_said(TASK, daemon.store.mark_release(taken, daemon.now()).await);
            return;
        }
    };
    match outcome {
        Ok(_) => metrics::read_after_events(taken.len()),
        Err(StoreError::LeaseLost { what }) => {
            tracing::info!(what, "another did it meanwhile");
            // What of them nobody took over need not wait for the end of its lease.
            daemon.store_said(TASK, daemon.store.mark_release(taken, daemon.now()).await);
        }
        Err(error) => {
            tracing::warn!(error = %Chain(&error), marks = taken.len(), "what was read again was not kept");
            daemon.store_said(TASK, daemon.store.mark_release(taken, daemon.later(RETRY)).await);
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }
}

/// AWS's copies may lag behind its events: what was read soon after its event is read once more.
pub(super) fn look_later(taken: &[TakenMark], read_at: Timestamp, recheck: Duration) -> Vec<NewMark> {
    let is_soon = |mark: &&TakenMark| read_at.duration_since(mark.newest_event).unsigned_abs() < recheck;
    // An id may be of the event alone; what was made is found by listing, and lists lag, too.
    let again = taken.iter().filter(|mark| mark.newest_event <= read_at).filter(is_soon);
    again.map(|mark| once_more(mark, mark.newest_event.checked_add(recheck).unwrap_or(mark.newest_event))).collect()
}

/// What could not be judged for a reason that passes (a state that could not be read, a call that timed out or was throttled) is read once
/// more: soon at first, then ever later, until a sweep is due anyway.
pub(super) fn unseen(taken: &[TakenMark], outcome: &Outcome, now: Timestamp) -> Vec<NewMark> {
    let was_read = |name: &String| outcome.sources.iter().any(|source| source.name == *name);
    let passes = |gap: &Gap| {
        matches!(gap.reason, GapReason::Timeout | GapReason::Throttled)
            || gap.scope.source.as_ref().is_some_and(|name| !was_read(name))
    };
    if !outcome.gaps.iter().any(passes) {
        return Vec::new();
    }
    let is_seen = |mark: &TakenMark| {
        let here = |row: &&Coverage| row.scope == mark.scope && row.kind == mark.kind;
        let asked = |row: &&Coverage| {
            mark.id.is_none() || row.resources.as_ref().is_none_or(|keys| keys.binary_search(&mark.key).is_ok())
        };
        let mut rows = outcome.coverage.iter().filter(here).filter(asked).peekable();
        rows.peek().is_some() && rows.all(|row| row.complete)
    };
    let again = |mark: &TakenMark| {
        let age = now.duration_since(mark.newest_event).unsigned_abs();
        let at = now.checked_add(age.clamp(UNSEEN_AGAIN.0, UNSEEN_AGAIN.1)).unwrap_or(now);
        (age < UNSEEN_FOR && !is_seen(mark)).then(|| once_more(mark, at))
    };
    taken.iter().filter_map(again).collect()
}

/// The same mark, to be read at `not_before`.
fn once_more(mark: &TakenMark, not_before: Timestamp) -> NewMark {
    NewMark {
        scope: mark.scope.clone(),
        kind: mark.kind.clone(),
        id: mark.id.clone(),
        address: mark.address.clone(),
        not_before,
        event_time: mark.newest_event,
        event_id: mark.event_id.clone(),
    }
}

/// Marks without their resources' last events: what else says that they may have changed.
pub(super) fn of_keys(
    keys: BTreeSet<crate::model::ResourceKey>,
    not_before: Timestamp,
    since: Timestamp,
) -> Vec<NewMark> {
    let mark = |key: crate::model::ResourceKey| NewMark {
        scope: key.scope,
        kind: key.kind,
        id: Some(key.id),
        address: key.address,
        not_before,
        event_time: since,
        event_id: None,
    };
    keys.into_iter().map(mark).collect()
}
