//! One cycle of the daemon: work -> outcome -> what becomes of the findings -> the store, in one transaction.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::in_flight::{self, Held};
use super::kept::Usable;
use super::stored_events::StoredEvents;
use super::{Current, Daemon, baseline, marks, metrics};
use crate::attribution::source::EventSource;
use crate::cycle::{self, Environment, Silent, Work};
use crate::desired::StateBucket;
use crate::life::{self, FlappingPolicy, Reconcile};
use crate::model::Outcome;
use crate::store::{Apply, JobLease, StoreError, TakenMark};

/// What is done with the outcome.
#[derive(Default)]
pub(super) struct Done<'a> {
    pub lease: Option<&'a JobLease>,
    pub marks: &'a [TakenMark],
}

/// Runs the work and keeps what came of it. What differs while its state is being written waits: it is marked, to be looked at again.
pub(super) async fn run(
    daemon: &Daemon,
    current: &Current,
    work: &Work,
    done: Done<'_>,
) -> Result<Outcome, StoreError> {
    let states = StateBucket::new(&current.aws);
    let received = StoredEvents::new(&daemon.store);
    let events: [&dyn EventSource; 1] = [&received];
    let clock = || daemon.now();
    let is_sweep = matches!(work, Work::Sweep(_));
    // Another replica may have heard of a change that this one does not know of.
    let every = if daemon.store.is_shared() { Duration::ZERO } else { current.options.full_read_every };
    // What was marked is read, however many there are.
    let usable = daemon.kept.usable(daemon.now(), every, is_sweep && done.marks.is_empty());
    let environment = Environment {
        aws: &current.aws,
        settings: &current.settings,
        store: &states,
        progress: &Silent,
        clock: &clock,
        events: &events,
        // Whole trails are not read for one resource: the next sweep asks them.
        asks_sources: is_sweep,
        keeping: usable.as_ref().map(Usable::keeping),
    };
    let mut outcome = cycle::run(work, &environment, id()).await;
    daemon.kept.forget_findings(&outcome);
    metrics::cycle(work, &outcome);
    baseline::review(current, work, &outcome);
    let index = daemon.index();
    let declared = index.is_of(&outcome).then(|| index.declared());
    loop {
        let known = daemon.store.finding_known(&outcome, declared.as_ref()).await?;
        let known_keys: BTreeSet<&str> =
            known.iter().filter(|one| !one.is_resolved()).map(|one| one.finding.key.as_str()).collect();
        let waits = current.options.in_flight_wait;
        let Held { keys, marks: mut again } = in_flight::hold(&outcome, &known_keys, done.marks, daemon.now(), waits);
        let waiting = again.len();
        again.extend(marks::look_later(done.marks, outcome.started_at, current.options.recheck));
        again.extend(marks::unseen(done.marks, &outcome, daemon.now()));
        outcome.findings.retain(|finding| !keys.contains(&finding.key));
        let seen_before = daemon.store.seen_before(&outcome).await?;
        let now = daemon.now();
        let changes = life::reconcile(
            &known,
            &Reconcile {
                outcome: &outcome,
                flapping: &FlappingPolicy::default(),
                seen_before: &seen_before,
                declared: declared.as_ref(),
                resolutions: &BTreeMap::new(),
                now,
            },
        );
        let alerts = daemon.alerts(&changes, now);
        let apply = Apply {
            outcome: Some(&outcome),
            changes: Some(&changes),
            alerts: &alerts,
            marks_done: done.marks,
            marks: &again,
            lease: done.lease,
            job_done: done.lease.is_some(),
            ..Apply::at(now)
        };
        match daemon.store.apply(&apply).await {
            // Somebody acknowledged one meanwhile, or another cycle saw it.
            Err(StoreError::Conflict { .. }) => {}
            Err(error) => return Err(error),
            Ok(()) => {
                if waiting > 0 {
                    tracing::info!(findings = waiting, "waiting for a state that is being written");
                }
                daemon.wake.notices.notify_one();
                daemon.watch_findings(changes.findings.iter().map(|known| &known.finding));
                report(&outcome, &changes);
                return Ok(outcome);
            }
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the edge: ids of the daemon's cycles are made here")]
fn id() -> String {
    uuid::Uuid::now_v7().to_string()
}

fn report(outcome: &Outcome, changes: &life::Changes) {
    for step in &changes.transitions {
        metrics::transition(step.kind.as_str());
        let finding = changes.finding_of(step).map(|known| &known.finding);
        tracing::info!(
            scan_id = outcome.id,
            finding_id = step.finding_id,
            key = step.key,
            severity = finding.map_or("", |finding| finding.severity.as_str()),
            step = step.kind.as_str(),
            baseline = step.baseline,
            "finding"
        );
    }
    tracing::info!(
        scan_id = outcome.id,
        findings = outcome.findings.len(),
        gaps = outcome.gaps.len(),
        api_calls = outcome.api_calls,
        "cycle"
    );
}
