//! Sweeps: by the schedule, as a job that is there once, whoever does it.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::cycles::{self, Done};
use super::{Chain, Current, Daemon, Stop, metrics, wait};
use crate::cycle::Work;
use crate::store::{NewJob, StoreError, TakenJob};

/// The job, and its key.
const SWEEP: &str = "sweep";
/// When a sweep was last asked for: a cursor of the store.
const ASKED: &str = "sweep.asked";
/// For so long a job is this process's; then another may take it over.
const LEASE: Duration = Duration::from_secs(120);
/// How often the lease is renewed.
const RENEW: Duration = Duration::from_secs(40);
/// How often the schedule is looked at, whatever it says: clocks jump.
const LOOK: Duration = Duration::from_secs(20);
const ATTEMPTS: u32 = 5;
/// After a failure it is tried again so much later.
const RETRY: Duration = Duration::from_secs(60);

pub(super) async fn run(daemon: Arc<Daemon>, mut stop: Stop) {
    loop {
        daemon.health.scheduler_lives(daemon.now());
        let current = daemon.current();
        let next = daemon.store_said(SWEEP, enqueue_if_due(&daemon, &current).await).flatten();
        let (now, until) = (daemon.now(), daemon.later(LEASE));
        let taken = daemon.store.job_take(SWEEP, &daemon.owner, now, until).await;
        if let Some(Some(job)) = daemon.store_said(SWEEP, taken) {
            sweep(&daemon, &current, &job, &mut stop).await;
            continue;
        }
        let pause = next.map_or(LOOK, |next| next.duration_since(now).unsigned_abs()).min(LOOK);
        if !wait(&mut stop, &daemon.wake.sweep, pause).await {
            return;
        }
    }
}

/// Asks for a sweep when one is due; -> when the next one is. The very first is due at once.
async fn enqueue_if_due(daemon: &Daemon, current: &Current) -> Result<Option<Timestamp>, StoreError> {
    let now = daemon.now();
    let asked = daemon.store.cursor_get(ASKED).await?.and_then(|text| text.parse::<Timestamp>().ok());
    let due = |after: Timestamp| current.options.schedules.iter().map(|schedule| schedule.next_after(after)).min();
    let next = match asked {
        // A clock that was put back does not stop the sweeps.
        Some(asked) => due(asked.min(now)),
        None => Some(now),
    };
    if next.is_none_or(|next| next > now) {
        return Ok(next);
    }
    let job = NewJob {
        key: SWEEP.to_owned(),
        kind: SWEEP.to_owned(),
        queue: None,
        payload: String::new(),
        priority: 0,
        run_at: now,
        max_attempts: ATTEMPTS,
    };
    daemon.store.job_enqueue(&[job]).await?;
    daemon.store.cursor_set(ASKED, &now.to_string(), now).await?;
    Ok(due(now))
}

async fn sweep(daemon: &Daemon, current: &Current, job: &TakenJob, stop: &mut Stop) {
    let work = Work::Sweep(current.sweep.clone());
    let done = Done { lease: Some(&job.lease), marks: &[] };
    let renewing = async {
        loop {
            tokio::time::sleep(RENEW).await;
            daemon.health.scheduler_lives(daemon.now());
            if let Err(error @ StoreError::LeaseLost { .. }) =
                daemon.store.job_extend(&job.lease, daemon.later(LEASE)).await
            {
                return error;
            }
        }
    };
    let outcome = tokio::select! {
        outcome = cycles::run(daemon, current, &work, done) => outcome,
        lost = renewing => Err(lost),
        () = super::ended(stop) => {
            // The next start does it from the beginning: nothing of it is kept.
            daemon.store_said(SWEEP, daemon.store.job_release(&job.lease).await);
            return;
        }
    };
    match outcome {
        Ok(outcome) => {
            daemon.health.swept(&outcome);
            metrics::swept(&outcome);
        }
        Err(error) => {
            tracing::warn!(error = %Chain(&error), attempt = job.attempts, "a sweep was not kept");
            daemon.health.store_fails(&error.to_string());
            let failed = daemon.store.job_fail(&job.lease, &error.to_string(), daemon.later(RETRY)).await;
            let _ = daemon.store_said(SWEEP, failed);
        }
    }
}
