//! The daemon's metrics, in Prometheus's words: one line each, with its help. Labels are few and bounded; no id of a resource, no
//! name of a person.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use metrics::{counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};

use super::last_sweeps::Total;
use crate::cycle::Work;
use crate::model::{DriftStatus, Outcome};
use crate::store::{NoticeState, QueueDepth};

/// Those that are there from the start.
const QUEUES: [&str; 3] = ["lookup", "marks", "sweep"];

/// Says what each is.
pub(super) fn describe() {
    describe_gauge!("driftd_build_info", "1, with the version as a label.");
    describe_counter!("driftd_scans_total", "Cycles that were run, by what they looked at and whether they had gaps.");
    describe_histogram!("driftd_scan_duration_seconds", "How long a cycle took.");
    describe_gauge!(
        "driftd_last_successful_scan_timestamp_seconds",
        "When the last sweep without gaps ended; where each is of some accounts, the oldest of theirs (of replicas: the newest)."
    );
    describe_gauge!("driftd_last_scan_timestamp_seconds", "When the last sweep ended.");
    describe_gauge!("driftd_resources", "Resources of the last sweep of all accounts in one, by status.");
    describe_gauge!("driftd_drift_findings", "Findings of the last sweep of each account, by severity and status.");
    describe_gauge!("driftd_baseline_entries", "Entries of the baseline at the last sweep, by what became of them.");
    describe_counter!("driftd_finding_transitions_total", "Steps in the life of findings.");
    describe_counter!("driftd_aws_requests_total", "Calls to AWS made by cycles, retries included.");
    describe_counter!("driftd_aws_throttled_requests_total", "Calls that AWS refused for being too many, by service.");
    describe_counter!("driftd_cloudtrail_events_total", "Events that were kept for the first time.");
    describe_counter!("driftd_queue_messages_total", "Messages of queues, by what became of them.");
    describe_counter!("driftd_queue_errors_total", "Calls to queues that failed.");
    describe_gauge!("driftd_cloudtrail_lag_seconds", "How old the event was that was kept last.");
    describe_counter!("driftd_marked_reads_total", "Resources that were read again because of events.");
    describe_gauge!("driftd_declared_resources", "Resources that the states declare.");
    describe_gauge!("driftd_organization_accounts", "Accounts of the organization, by whether they are reached.");
    describe_gauge!(
        "driftd_organization_last_refresh_successful",
        "1 if the organization could be asked for its accounts, 0 if the list of before holds."
    );
    describe_gauge!(
        "driftd_queue_jobs",
        "What waits, is at work or has failed, by queue: sweeps, lookups, marked resources."
    );
    describe_gauge!("driftd_queue_oldest_job_age_seconds", "For how long the oldest of a queue has been due.");
    describe_gauge!("driftd_unread_states", "States that could not be read when they were last asked.");
    describe_counter!("driftd_store_errors_total", "Requests that the store refused.");
    describe_counter!("driftd_notices_total", "Tries to send an alert, by receiver and what became of it.");
    describe_counter!("driftd_not_told_total", "What was not told to anybody, by reason.");
    describe_gauge!("driftd_notices", "Alerts in the outbox, by receiver and state.");
    describe_gauge!(
        "driftd_config_last_reload_successful",
        "1 if the configuration was taken up, 0 if the old one stays."
    );
    gauge!("driftd_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
    gauge!("driftd_config_last_reload_successful").set(1.0);
}

pub(super) fn cycle(work: &Work, outcome: &Outcome) {
    let took = outcome.finished_at.duration_since(outcome.started_at);
    let what = match work {
        Work::Sweep(_) => "sweep",
        Work::Resources(_) => "resources",
    };
    let result = if outcome.gaps.is_empty() { "complete" } else { "gaps" };
    counter!("driftd_scans_total", "work" => what, "result" => result).increment(1);
    histogram!("driftd_scan_duration_seconds", "work" => what).record(took.as_secs_f64());
    counter!("driftd_aws_requests_total").increment(outcome.api_calls);
}

/// `is_whole`: a sweep of all accounts in one.
pub(super) fn swept(outcome: &Outcome, total: &Total, is_whole: bool) {
    #[expect(clippy::cast_precision_loss, reason = "seconds of this century and counts of resources fit")]
    let number = |count: u64| count as f64;
    let seconds = |at: Timestamp| number(at.as_second().unsigned_abs());
    gauge!("driftd_last_scan_timestamp_seconds").set(seconds(outcome.finished_at));
    if let Some(at) = total.complete {
        gauge!("driftd_last_successful_scan_timestamp_seconds").set(seconds(at));
    }
    for severity in crate::model::Severity::ALL.map(crate::model::Severity::as_str) {
        for drift in [DriftStatus::Changed, DriftStatus::Missing, DriftStatus::Unmanaged, DriftStatus::Unknown] {
            let count = total.findings.get(&(severity, drift.as_str())).copied().unwrap_or_default();
            gauge!("driftd_drift_findings", "severity" => severity, "status" => drift.as_str()).set(number(count));
        }
    }
    if is_whole {
        gauge!("driftd_resources", "status" => "desired").set(number(outcome.counts.desired));
        gauge!("driftd_resources", "status" => "live").set(number(outcome.counts.live));
        gauge!("driftd_resources", "status" => "in_sync").set(number(outcome.counts.in_sync));
    }
}

/// A try to send a notice.
pub(super) fn notice(receiver: &str, result: &'static str) {
    counter!("driftd_notices_total", "receiver" => receiver.to_owned(), "result" => result).increment(1);
}

/// What is in the outbox.
pub(super) fn notices(counts: &[(String, NoticeState, u64)]) {
    let receivers: BTreeSet<&String> = counts.iter().map(|(receiver, _, _)| receiver).collect();
    for receiver in receivers {
        for state in NoticeState::ALL {
            // A state without notices has no row.
            let found = counts.iter().find(|(of, one, _)| of == receiver && *one == state);
            let number = found.map_or(0.0, |(_, _, count)| u32::try_from(*count).map_or(f64::MAX, f64::from));
            gauge!("driftd_notices", "receiver" => receiver.clone(), "state" => state.as_str()).set(number);
        }
    }
}

/// Something that nobody was told.
pub(super) fn not_told(reason: &'static str, number: u64) {
    counter!("driftd_not_told_total", "reason" => reason).increment(number);
}

pub(super) fn baseline(counts: &BTreeMap<&'static str, u64>) {
    for (state, count) in counts {
        gauge!("driftd_baseline_entries", "state" => *state).set(u32::try_from(*count).map_or(f64::MAX, f64::from));
    }
}

pub(super) fn transition(kind: &'static str) {
    counter!("driftd_finding_transitions_total", "transition" => kind).increment(1);
}

pub(super) fn events(new: u64) {
    counter!("driftd_cloudtrail_events_total").increment(new);
}

pub(super) fn event_lag(seconds: f64) {
    gauge!("driftd_cloudtrail_lag_seconds").set(seconds);
}

pub(super) fn message(outcome: &'static str) {
    messages(outcome, 1);
}

pub(super) fn messages(outcome: &'static str, count: usize) {
    counter!("driftd_queue_messages_total", "outcome" => outcome).increment(count as u64);
}

pub(super) fn queue_error() {
    counter!("driftd_queue_errors_total").increment(1);
}

pub(super) fn read_after_events(count: usize) {
    counter!("driftd_marked_reads_total").increment(count as u64);
}

pub(super) fn declared(count: usize) {
    gauge!("driftd_declared_resources").set(u32::try_from(count).map_or(f64::MAX, f64::from));
}

pub(super) fn organization(reached: usize, left_out: usize, successful: bool) {
    for (state, count) in [("reached", reached), ("left_out", left_out)] {
        gauge!("driftd_organization_accounts", "state" => state).set(u32::try_from(count).map_or(f64::MAX, f64::from));
    }
    gauge!("driftd_organization_last_refresh_successful").set(f64::from(u8::from(successful)));
}

/// How much of each queue waits.
pub(super) fn queues(depths: &[QueueDepth], now: Timestamp) {
    let number = |count: u64| u32::try_from(count).map_or(f64::MAX, f64::from);
    // A queue that is empty has no row.
    let queues: BTreeSet<&str> = QUEUES.into_iter().chain(depths.iter().map(|depth| depth.kind.as_str())).collect();
    for queue in queues {
        let depth = depths.iter().find(|depth| depth.kind == queue);
        let jobs = |state: &'static str, count: Option<u64>| {
            gauge!("driftd_queue_jobs", "queue" => queue.to_owned(), "state" => state).set(number(count.unwrap_or(0)));
        };
        jobs("waiting", depth.map(|depth| depth.queued));
        jobs("running", depth.map(|depth| depth.running));
        jobs("failed", depth.map(|depth| depth.failed));
        let due = depth.and_then(|depth| depth.oldest_due);
        let age = due.map_or(0.0, |due| now.duration_since(due).as_secs_f64().max(0.0));
        gauge!("driftd_queue_oldest_job_age_seconds", "queue" => queue.to_owned()).set(age);
    }
}

pub(super) fn unread_states(count: usize) {
    gauge!("driftd_unread_states").set(u32::try_from(count).map_or(f64::MAX, f64::from));
}

pub(super) fn store_error() {
    counter!("driftd_store_errors_total").increment(1);
}

pub(super) fn reloaded(successful: bool) {
    gauge!("driftd_config_last_reload_successful").set(f64::from(u8::from(successful)));
}
