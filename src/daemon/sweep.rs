//! Sweeps: by the schedules, as jobs that are there once, whoever does them.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::task::JoinSet;

use super::accounts::{self, Accounts, SWEEP};
use super::cycles::{self, Done};
use super::{Chain, Current, Daemon, Stop, metrics, sources, wait};
use crate::cycle::{Sweep, Work};
use crate::model::Outcome;
use crate::schedule::Schedule;
use crate::store::{JobLease, NewJob, Store, StoreError, TakenJob};

/// For so long a job is this process's; then another may take it over.
const LEASE: Duration = Duration::from_secs(60);
/// How often the lease is renewed.
const RENEW: Duration = Duration::from_secs(20);
/// How often the schedule is looked at, whatever it says: clocks jump.
const LOOK: Duration = Duration::from_secs(20);
/// After a failure it is tried again so much later.
const RETRY: Duration = Duration::from_secs(60);

pub(super) async fn run(daemon: Arc<Daemon>, mut stop: Stop) {
    // Where the states declare something is not known before.
    loop {
        daemon.health.scheduler_lives(daemon.now());
        tokio::select! {
            () = daemon.states_known() => break,
            () = tokio::time::sleep(LOOK) => {}
            () = super::ended(&mut stop) => return,
        }
    }
    loop {
        daemon.health.scheduler_lives(daemon.now());
        let current = daemon.current();
        let asked = enqueue_if_due(&daemon.store, &current.options.schedules, &daemon.accounts(), daemon.now()).await;
        let next = daemon.store_said(SWEEP, asked).flatten();
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

/// Asks for the sweeps that are due; -> when the next one is. What never was due before is due at once.
pub(super) async fn enqueue_if_due(
    store: &Store,
    schedules: &[(Schedule, BTreeSet<usize>)],
    accounts: &Accounts,
    now: Timestamp,
) -> Result<Option<Timestamp>, StoreError> {
    let (mut due, mut asked_now, mut next) = (BTreeSet::new(), Vec::new(), None);
    for (schedule, states) in schedules {
        let cursor = format!("sweep.asked {schedule}");
        let asked = store.cursor_get(&cursor).await?.and_then(|text| text.parse::<Timestamp>().ok());
        // A clock that was put back does not stop the sweeps.
        let mut at = asked.map_or(now, |asked| schedule.next_after(asked.min(now)));
        if at <= now {
            due.extend(states.iter().copied());
            asked_now.push(cursor);
            at = schedule.next_after(now);
        }
        next = Some(next.map_or(at, |next: Timestamp| next.min(at)));
    }
    if !due.is_empty() {
        store.job_enqueue(&jobs(store, accounts, &due, now).await?).await?;
        for cursor in asked_now {
            store.cursor_set(&cursor, &now.to_string(), now).await?;
        }
    }
    Ok(next)
}

/// Asks for a sweep of what these states (by their place in the configuration) declare.
pub(super) async fn ask(daemon: &Daemon, states: &BTreeSet<usize>) -> Result<(), StoreError> {
    let jobs = jobs(&daemon.store, &daemon.accounts(), states, daemon.now()).await?;
    daemon.store.job_enqueue(&jobs).await?;
    daemon.wake.sweep.notify_one();
    Ok(())
}

/// Asks for a sweep of these accounts.
pub(super) async fn ask_accounts(daemon: &Daemon, accounts: &BTreeSet<String>) -> Result<(), StoreError> {
    daemon.store.job_enqueue(&daemon.accounts().jobs_in(accounts, daemon.now())).await?;
    daemon.wake.sweep.notify_one();
    Ok(())
}

async fn jobs(
    store: &Store,
    accounts: &Accounts,
    states: &BTreeSet<usize>,
    now: Timestamp,
) -> Result<Vec<NewJob>, StoreError> {
    let found = store.finding_unmanaged_scopes().await?.into_iter().map(|scope| scope.account).collect();
    Ok(accounts.jobs(states, &found, store.is_shared(), now))
}

/// Does a sweep wait, or is somebody at one?
pub(super) async fn is_asked(daemon: &Daemon) -> Result<bool, StoreError> {
    let depth = daemon.store.job_depth().await?;
    Ok(depth.iter().any(|kind| kind.kind == SWEEP && kind.queued + kind.running > 0))
}

async fn sweep(daemon: &Arc<Daemon>, current: &Current, job: &TakenJob, stop: &mut Stop) {
    let done = Done { lease: Some(&job.lease), marks: &[] };
    let sweeping = async {
        let found = daemon.store.finding_unmanaged_scopes().await?;
        let accounts = accounts::of_job(&job.payload);
        cycles::run(daemon, current, &Work::Sweep(Sweep { accounts, found, ..current.sweep.clone() }), done).await
    };
    // A task of its own: comparing many resources takes the processor for as long as a lease lasts, and a connection of the store that is
    // held meanwhile is one that all others wait for.
    let mut renewing = JoinSet::new();
    renewing.spawn(renew(Arc::clone(daemon), job.lease.clone()));
    let outcome = tokio::select! {
        outcome = sweeping => outcome,
        Some(Ok(lost)) = renewing.join_next() => Err(lost),
        () = super::ended(stop) => {
            // The next start does it from the beginning: nothing of it is kept.
            daemon.store_said(SWEEP, daemon.store.job_release(&job.lease).await);
            return;
        }
    };
    match outcome {
        Ok(outcome) => {
            daemon.health.swept(&outcome);
            told(daemon, &outcome, accounts::of_job(&job.payload).as_ref());
            daemon.store_said(SWEEP, sources::close_removed(daemon, &outcome).await);
            daemon.store_said(SWEEP, sources::close_unwatched(daemon, current, &outcome).await);
        }
        Err(error) => {
            tracing::warn!(error = %Chain(&error), attempt = job.attempts, "a sweep was not kept");
            daemon.health.store_fails(&error.to_string());
            let failed = daemon.store.job_fail(&job.lease, &error.to_string(), daemon.later(RETRY)).await;
            let _ = daemon.store_said(SWEEP, failed);
        }
    }
}

/// Holds a job for as long as it takes; -> that another took it over.
async fn renew(daemon: Arc<Daemon>, lease: JobLease) -> StoreError {
    loop {
        tokio::time::sleep(RENEW).await;
        daemon.health.scheduler_lives(daemon.now());
        if let Err(error @ StoreError::LeaseLost { .. }) = daemon.store.job_extend(&lease, daemon.later(LEASE)).await {
            return error;
        }
    }
}

/// Tells the metrics.
fn told(daemon: &Daemon, outcome: &Outcome, accounts: Option<&BTreeSet<String>>) {
    let declared = daemon.accounts().by_state.into_values().flatten().collect();
    let mut total = daemon.last_sweeps.add(outcome, accounts, &declared);
    if daemon.store.is_shared() {
        // None of several replicas need ever see all accounts.
        total.complete = outcome.gaps.is_empty().then_some(outcome.finished_at);
    }
    metrics::swept(outcome, &total, accounts.is_none());
}
