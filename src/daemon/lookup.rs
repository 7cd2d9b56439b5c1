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
use crate::store::{NewJob, StoreError};

/// Until when it was asked: a cursor of the store.
const ASKED: &str = "lookup.asked";
/// An event may be delivered so much after its call:
/// <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/view-cloudtrail-events.html>.
const LATE: SignedDuration = SignedDuration::from_mins(20);
/// After a pause (the daemon did not run) no more than this is asked for: the sweep sees what is left of older changes.
const MOST: SignedDuration = SignedDuration::from_hours(6);
/// The job, and the name for `/readyz`.
const NAME: &str = "lookup";
/// For so long the asking is this process's; renewed while it lasts.
const LEASE: Duration = Duration::from_secs(60);

pub(super) async fn run(daemon: Arc<Daemon>, interval: Duration, mut stop: Stop) {
    let nothing = Notify::new();
    loop {
        tokio::select! {
            turn = turn(&daemon, interval) => drop(daemon.store_said(NAME, turn)),
            () = super::ended(&mut stop) => return,
        }
        if !wait(&mut stop, &nothing, interval).await {
            return;
        }
    }
}

/// One of several replicas asks: AWS allows so few requests.
async fn turn(daemon: &Daemon, interval: Duration) -> Result<(), StoreError> {
    daemon.states_known().await;
    let asked = daemon.store.cursor_get(ASKED).await?.and_then(|text| text.parse::<Timestamp>().ok());
    let now = daemon.now();
    // A little less than the interval: the clocks of replicas differ.
    let is_recent = |asked: Timestamp| asked <= now && now.duration_since(asked).unsigned_abs() < interval.mul_f64(0.9);
    if asked.is_some_and(is_recent) {
        return Ok(());
    }
    let job = NewJob {
        key: NAME.to_owned(),
        kind: NAME.to_owned(),
        queue: None,
        payload: String::new(),
        priority: 0,
        run_at: now,
        max_attempts: u32::MAX,
    };
    daemon.store.job_enqueue(&[job]).await?;
    let taken = daemon.store.job_take(NAME, &daemon.owner, now, daemon.later(LEASE)).await?;
    let Some(job) = taken else { return Ok(()) };
    let renewing = async {
        loop {
            tokio::time::sleep(LEASE / 3).await;
            if let Err(error @ StoreError::LeaseLost { .. }) =
                daemon.store.job_extend(&job.lease, daemon.later(LEASE)).await
            {
                return error;
            }
        }
    };
    let done = tokio::select! {
        done = ask(daemon, asked.unwrap_or(now), now) => done,
        lost = renewing => Err(lost),
    };
    match done {
        Ok(()) => daemon.store.job_done(&job.lease).await,
        Err(error) => {
            daemon.store.job_fail(&job.lease, &error.to_string(), daemon.now()).await?;
            Err(error)
        }
    }
}

/// What was written since.
async fn ask(daemon: &Daemon, asked: Timestamp, now: Timestamp) -> Result<(), StoreError> {
    let scopes = daemon.watched_scopes();
    let back = |by: SignedDuration, from: Timestamp| from.saturating_sub(by).unwrap_or(from);
    let window = Window { since: back(LATE, asked).max(back(MOST, now)), until: now };
    if scopes.is_empty() {
        return Ok(());
    }
    let current = daemon.current();
    let mut received = Received::default();
    let mut gaps = Vec::new();
    for source in source::open(&[SourceRef::Lookup], &current.aws) {
        gaps.extend(source.writes(&scopes, window, &mut received).await);
    }
    if let Err(error) = keep(daemon, received).await {
        tracing::warn!(error = %Chain(&error), "events were not kept; they are asked for again");
        return Err(error);
    }
    match gaps.first() {
        // What was not read is asked for again.
        Some(gap) => {
            daemon.health.queue_fails(NAME, &gap.detail);
            daemon.kept.had_a_gap(now);
        }
        None => {
            daemon.health.queue_answers(NAME);
            daemon.store.cursor_set(ASKED, &now.to_string(), now).await?;
        }
    }
    Ok(())
}

impl Daemon {
    /// Where what is declared may log events: every scope, global ones where AWS logs them.
    fn watched_scopes(&self) -> BTreeSet<Scope> {
        self.index().scopes()
    }
}
