//! What ends by itself: snoozes, ignores, flapping; and what is kept no longer.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::Notify;

use super::{Daemon, Stop, wait};
use crate::life::{self, FlappingPolicy};
use crate::store::{Apply, StoreError};

const TASK: &str = "expire";
const LOOK: Duration = Duration::from_secs(30);
/// How often old entries are thrown away.
const PRUNE: SignedDuration = SignedDuration::from_hours(6);
/// When that was last done: a cursor of the store.
const PRUNED: &str = "pruned";

pub(super) async fn run(daemon: Arc<Daemon>, mut stop: Stop) {
    let nothing = Notify::new();
    loop {
        let ended = daemon.store_said(TASK, expire(&daemon).await);
        if ended.is_some() {
            daemon.store_said(TASK, prune(&daemon).await);
        }
        if !wait(&mut stop, &nothing, LOOK).await {
            return;
        }
    }
}

async fn expire(daemon: &Daemon) -> Result<(), StoreError> {
    let now = daemon.now();
    let known = daemon.store.finding_expiring(now).await?;
    let changes = life::expire(&known, &FlappingPolicy::default(), now);
    if changes.findings.is_empty() {
        return Ok(());
    }
    match daemon.store.apply(&Apply { changes: Some(&changes), ..Apply::at(now) }).await {
        // Somebody was faster: the next look sees what is left.
        Err(StoreError::Conflict { .. }) => Ok(()),
        answer => answer,
    }
}

async fn prune(daemon: &Daemon) -> Result<(), StoreError> {
    let now = daemon.now();
    let last = daemon.store.cursor_get(PRUNED).await?.and_then(|text| text.parse::<Timestamp>().ok());
    if last.is_some_and(|last| now.duration_since(last) < PRUNE && last <= now) {
        return Ok(());
    }
    let pruned = daemon.store.prune(now, &daemon.current().options.retention).await?;
    tracing::debug!(?pruned, "old entries were thrown away");
    daemon.store.cursor_set(PRUNED, &now.to_string(), now).await
}
