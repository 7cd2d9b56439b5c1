//! Marked resources are read again, compared and judged; many at a time, each with what belongs to it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::cycles::{self, Done};
use super::{Chain, Daemon, Stop, metrics, wait};
use crate::cycle::{Resources, Sweep, Work};
use crate::store::{NewMark, StoreError, TakenMark};

const TASK: &str = "marks";
/// For so long a mark is this process's.
const LEASE: Duration = Duration::from_secs(300);
/// The longest pause: a mark of another replica, or one whose lease ended, is found by looking.
const LOOK: Duration = Duration::from_secs(5);
/// After a failure they are tried again so much later.
const RETRY: Duration = Duration::from_secs(15);

pub(super) async fn run(daemon: Arc<Daemon>, mut stop: Stop) {
    loop {
        let (now, until) = (daemon.now(), daemon.later(LEASE));
        let taken =
            daemon.store.mark_take(&daemon.owner, now, until, daemon.current().options.storm.saturating_add(1)).await;
        let taken = daemon.store_said(TASK, taken).unwrap_or_default();
        if !taken.is_empty() {
            work(&daemon, &taken, &mut stop).await;
            continue;
        }
        let next = daemon.store_said(TASK, daemon.store.mark_count().await).and_then(|(_, oldest)| oldest);
        let pause = next.map_or(LOOK, |next| next.duration_since(now).unsigned_abs());
        // What is due was taken: an old one is another's.
        let pause = pause.clamp(Duration::from_millis(50), LOOK);
        if !wait(&mut stop, &daemon.wake.marks, pause).await {
            return;
        }
    }
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
        let scopes = taken.iter().map(|mark| mark.scope.clone()).collect();
        Work::Sweep(Sweep { scopes: Some(scopes), ..current.sweep.clone() })
    } else {
        Work::Resources(resources)
    };
    let outcome = tokio::select! {
        outcome = cycles::run(daemon, &current, &work, Done { lease: None, marks: taken }) => outcome,
        () = super::ended(stop) => {
            daemon.store_said(TASK, daemon.store.mark_release(taken, daemon.now()).await);
            return;
        }
    };
    match outcome {
        Ok(outcome) => {
            metrics::read_after_events(taken.len());
            if let Err(error) = look_later(daemon, taken, outcome.started_at).await {
                daemon.store_said::<()>(TASK, Err(error));
            }
        }
        Err(StoreError::LeaseLost { what }) => tracing::info!(what, "another did it meanwhile"),
        Err(error) => {
            tracing::warn!(error = %Chain(&error), marks = taken.len(), "what was read again was not kept");
            daemon.store_said(TASK, daemon.store.mark_release(taken, daemon.later(RETRY)).await);
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }
}

/// AWS's copies may lag behind its events: what was read soon after its event is read once more.
async fn look_later(daemon: &Daemon, taken: &[TakenMark], read_at: jiff::Timestamp) -> Result<(), StoreError> {
    let recheck = daemon.current().options.recheck;
    let is_soon = |mark: &&TakenMark| read_at.duration_since(mark.newest_event).unsigned_abs() < recheck;
    // An id may be of the event alone; what was made is found by listing, and lists lag, too.
    let again: Vec<NewMark> = taken
        .iter()
        .filter(|mark| mark.newest_event <= read_at)
        .filter(is_soon)
        .map(|mark| NewMark {
            scope: mark.scope.clone(),
            kind: mark.kind.clone(),
            id: mark.id.clone(),
            address: mark.address.clone(),
            not_before: mark.newest_event.checked_add(recheck).unwrap_or(mark.newest_event),
            event_time: mark.newest_event,
            event_id: mark.event_id.clone(),
        })
        .collect();
    if again.is_empty() { Ok(()) } else { daemon.store.mark_upsert(&again).await }
}

/// Marks without their resources' last events: what else says that they may have changed.
pub(super) fn of_keys(
    keys: BTreeSet<crate::model::ResourceKey>,
    not_before: jiff::Timestamp,
    since: jiff::Timestamp,
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
