//! The states: asked often, cheaply, whether they were written. What one declares otherwise than before is marked, with what was found
//! of it: so that a finding that the code took up closes within a minute.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Current, Daemon, Stop, marks, metrics, wait};
use crate::cycle::WatchIndex;
use crate::desired::{self, StateBucket};
use crate::model::ResourceKey;
use crate::store::{FindingFilter, StoreError};

const TASK: &str = "states";

pub(super) async fn run(daemon: Arc<Daemon>, mut stop: Stop) {
    loop {
        let current = daemon.current();
        let watching = watch(&daemon, &current);
        tokio::select! {
            () = watching => {}
            () = super::ended(&mut stop) => return,
        }
    }
}

/// Watches the states of one configuration, until there is another one.
async fn watch(daemon: &Arc<Daemon>, current: &Arc<Current>) {
    let bucket = StateBucket::new(&current.aws);
    if let Some(known) = daemon.store_said(TASK, daemon.store.finding_list(&FindingFilter::default()).await) {
        daemon.watch_findings(known.iter().filter(|one| !one.is_resolved()).map(|one| &one.finding));
    }
    let (settings, poll) = (&current.settings, current.options.state_poll);
    // Never true: the caller watches for the end.
    let (_sender, mut never) = tokio::sync::watch::channel(false);
    loop {
        let mut loaded = desired::open(&settings.states, &settings.load, &bucket).await;
        desired::mark_copies(&mut loaded.desired.resources, |resource| WatchIndex::scope_of(resource, &current.aws));
        let index = WatchIndex::new(&loaded.desired, &current.aws);
        // Only what tells whether they were written is kept of them.
        loaded.desired.resources = Vec::new();
        metrics::declared(index.len());
        let before = daemon.index();
        let unread = !loaded.desired.unread.is_empty();
        let changed = if before.is_empty() || unread { BTreeSet::new() } else { index.changed_since(&before) };
        // What one that cannot be read declares is known from before.
        if before.is_empty() || !unread {
            daemon.set_index(index);
        }
        daemon.health.states_read(&loaded.desired.gaps);
        if !changed.is_empty() {
            daemon.store_said(TASK, mark(daemon, current, changed).await);
        }
        loop {
            if !wait(&mut never, &daemon.wake.states, poll).await || !Arc::ptr_eq(&daemon.current(), current) {
                return;
            }
            if unread || !loaded.moved().await.is_empty() {
                break;
            }
        }
    }
}

async fn mark(daemon: &Daemon, current: &Current, changed: BTreeSet<ResourceKey>) -> Result<(), StoreError> {
    tracing::info!(resources = changed.len(), "states declare otherwise than before");
    let now = daemon.now();
    let not_before = now.checked_add(current.options.settle).unwrap_or(now);
    daemon.store.mark_upsert(&marks::of_keys(changed, not_before, now)).await?;
    daemon.wake.marks.notify_one();
    Ok(())
}
