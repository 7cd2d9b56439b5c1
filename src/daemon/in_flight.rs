//! What may be a Terraform run at work waits before it is told: a state that is locked or being written, a pipeline that wrote minutes
//! ago. Bounded: after the wait it is told as it is. Pure.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;

use crate::model::{ActorType, DriftStatus, Finding, Outcome};
use crate::store::{NewMark, TakenMark};

/// What is looked at again so much later.
const AGAIN: Duration = Duration::from_secs(30);

/// What waits.
#[derive(Debug, Default)]
pub(super) struct Held {
    /// Keys of findings that are not told yet.
    pub keys: BTreeSet<String>,
    /// They are read again by these.
    pub marks: Vec<NewMark>,
}

/// The new findings that wait. `known` are keys that are open already: they do not wait, nor close. `marks` are why the cycle looked:
/// the wait counts from their events.
pub(super) fn hold(
    outcome: &Outcome,
    known: &BTreeSet<&str>,
    marks: &[TakenMark],
    now: Timestamp,
    at_most: Duration,
) -> Held {
    let in_flight: BTreeSet<&str> =
        outcome.sources.iter().filter(|source| source.in_flight).map(|source| source.name.as_str()).collect();
    let since: BTreeMap<&str, Timestamp> = marks.iter().map(|mark| (mark.key.as_str(), mark.newest_event)).collect();
    let waited = |since: Timestamp| now.duration_since(since).unsigned_abs() >= at_most;
    let mut held = Held::default();
    for finding in outcome.findings.iter().filter(|finding| finding.drift != DriftStatus::Unknown) {
        if known.contains(finding.key.as_str()) {
            continue;
        }
        let since = since.get(finding.key.as_str()).copied();
        let by_state = match &finding.source {
            Some(source) => in_flight.contains(source.as_str()),
            // A state that is being written may declare it in a moment.
            None => !in_flight.is_empty(),
        };
        let by_pipeline = pipeline_wrote_at(finding).is_some_and(|at| !waited(at));
        let since = since.unwrap_or(now);
        if (by_state && !waited(since)) || by_pipeline {
            held.keys.insert(finding.key.clone());
            held.marks.push(mark(finding, since, now));
        }
    }
    held
}

/// When a pipeline made what differs.
fn pipeline_wrote_at(finding: &Finding) -> Option<Timestamp> {
    let attribution = finding.attribution.as_ref()?;
    let is_pipeline = attribution.actor.as_ref().is_some_and(|actor| actor.kind == ActorType::Pipeline);
    attribution.time.as_ref().filter(|_| is_pipeline)?.parse().ok()
}

fn mark(finding: &Finding, since: Timestamp, now: Timestamp) -> NewMark {
    let key = finding.resource_key();
    NewMark {
        scope: key.scope,
        kind: key.kind,
        id: Some(key.id),
        address: key.address,
        not_before: now.checked_add(AGAIN).unwrap_or(now),
        event_time: since,
        event_id: None,
    }
}
