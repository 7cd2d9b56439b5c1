//! CloudTrail's event history, asked every so often: the easy start, with no queue to set up. An event is there some minutes after its
//! call; what was looked at before is looked at again for a while, as events arrive late and out of order.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::Notify;

use super::queue::{Received, keep};
use super::{Chain, Daemon, Stop, wait};
use crate::attribution::Window;
use crate::attribution::source::{self, SourceRef};
use crate::model::Scope;

/// Until when it was asked: a cursor of the store.
const ASKED: &str = "lookup.asked";
/// An event may be delivered so much after its call:
/// <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/view-cloudtrail-events.html>.
const LATE: SignedDuration = SignedDuration::from_mins(20);
/// After a pause (the daemon did not run) no more than this is asked for: the sweep sees what is left of older changes.
const MOST: SignedDuration = SignedDuration::from_hours(6);
/// The name for `/readyz`.
const NAME: &str = "lookup";

pub(super) async fn run(daemon: Arc<Daemon>, interval: Duration, mut stop: Stop) {
    let nothing = Notify::new();
    loop {
        tokio::select! {
            () = turn(&daemon) => {}
            () = super::ended(&mut stop) => return,
        }
        if !wait(&mut stop, &nothing, interval).await {
            return;
        }
    }
}

async fn turn(daemon: &Daemon) {
    daemon.states_known().await;
    let scopes = daemon.watched_scopes();
    let now = daemon.now();
    let asked = daemon.store_said(NAME, daemon.store.cursor_get(ASKED).await).flatten();
    let asked = asked.and_then(|text| text.parse::<Timestamp>().ok()).unwrap_or(now);
    let back = |by: SignedDuration, from: Timestamp| from.saturating_sub(by).unwrap_or(from);
    let window = Window { since: back(LATE, asked).max(back(MOST, now)), until: now };
    if scopes.is_empty() {
        return;
    }
    let current = daemon.current();
    let mut received = Received::default();
    let mut gaps = Vec::new();
    for source in source::open(&[SourceRef::Lookup], &current.aws) {
        gaps.extend(source.writes(&scopes, window, &mut received).await);
    }
    if let Err(error) = keep(daemon, received).await {
        tracing::warn!(error = %Chain(&error), "events were not kept; they are asked for again");
        daemon.health.store_fails(&error.to_string());
        return;
    }
    match gaps.first() {
        // What was not read is asked for again.
        Some(gap) => daemon.health.queue_fails(NAME, &gap.detail),
        None => {
            daemon.health.queue_answers(NAME);
            daemon.store_said(NAME, daemon.store.cursor_set(ASKED, &now.to_string(), now).await);
        }
    }
}

impl Daemon {
    /// Where what is declared may log events: every scope, global ones where AWS logs them.
    fn watched_scopes(&self) -> BTreeSet<Scope> {
        self.index().scopes()
    }
}
