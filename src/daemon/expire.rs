//! What ends by itself: snoozes, ignores, flapping; and what is kept no longer. Writes at every turn, so that somebody knows soon whether the
//! store can be written to.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::Notify;

use super::{Daemon, Stop, wait};
use crate::life::{self, Changes, FlappingPolicy};
use crate::store::{Apply, NewAlert, Retention, Store, StoreError};

const TASK: &str = "expire";
const LOOK: Duration = Duration::from_secs(10);
/// When this was last done: a cursor of the store.
const LOOKED: &str = "expire.looked";
/// How often old entries are thrown away.
const PRUNE: SignedDuration = SignedDuration::from_hours(6);
/// When that was last done: a cursor of the store.
const PRUNED: &str = "pruned";

pub(super) async fn run(daemon: Arc<Daemon>, mut stop: Stop) {
    let nothing = Notify::new();
    loop {
        let now = daemon.now();
        let is_writable = daemon.store.cursor_set(LOOKED, &now.to_string(), now).await;
        if daemon.store_said(TASK, is_writable).is_some() {
            daemon.health.store_keeps();
        }
        let ended = daemon.store_said(TASK, expire(&daemon.store, now, &|changes| daemon.alerts(changes, now)).await);
        if ended.is_some() {
            daemon.store_said(TASK, prune(&daemon.store, &daemon.current().options.retention, now).await);
        }
        if !wait(&mut stop, &nothing, LOOK).await {
            return;
        }
    }
}

/// Ends what ends by itself; `alerts` says what of it is told.
pub(super) async fn expire(
    store: &Store,
    now: Timestamp,
    alerts: &(dyn Fn(&Changes) -> Vec<NewAlert> + Sync),
) -> Result<(), StoreError> {
    let known = store.finding_expiring(now).await?;
    let changes = life::expire(&known, &FlappingPolicy::default(), now);
    if changes.findings.is_empty() {
        return Ok(());
    }
    let alerts = alerts(&changes);
    match store.apply(&Apply { changes: Some(&changes), alerts: &alerts, ..Apply::at(now) }).await {
        // Somebody was faster: the next look sees what is left.
        Err(StoreError::Conflict { .. }) => Ok(()),
        answer => answer,
    }
}

pub(super) async fn prune(store: &Store, retention: &Retention, now: Timestamp) -> Result<(), StoreError> {
    let last = store.cursor_get(PRUNED).await?.and_then(|text| text.parse::<Timestamp>().ok());
    if last.is_some_and(|last| now.duration_since(last) < PRUNE && last <= now) {
        return Ok(());
    }
    let pruned = store.prune(now, retention).await?;
    tracing::debug!(?pruned, "old entries were thrown away");
    store.cursor_set(PRUNED, &now.to_string(), now).await
}
