//! What was touched minutes ago is looked at once more before it is told: AWS answers out of copies that take seconds to agree,
//! so that a listing may show what was before an apply. (What is missing was looked at again when it was read.)
//!
//! One look is enough where an older answer would look otherwise: what is live is what the last known event about it set, so the answer is
//! not from before that event; and the state is older, so it is not behind the state either. What a Terraform run set is looked at again all
//! the same: its next call, or the state that it writes in the end, may be on their way.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::attribute::Attributed;
use super::plan;
use super::read::{self, Seen};
use super::{Environment, Looked, Resources, Work};
use crate::desired::WrittenSource;
use crate::model::{ActorType, Attribution, Channel, DesiredState, Drift, DriftStatus, ResourceKey};

/// What was touched before that is told as it was seen. AWS promises no time; its copies agree within seconds:
/// <https://docs.aws.amazon.com/ec2/latest/devguide/eventual-consistency.html>.
const RECENT: SignedDuration = SignedDuration::from_mins(5);

/// The drifts that may be older than what they are compared with: their state, or an event, is of the last minutes.
pub(super) fn touched(looked: &Looked<'_>, attributed: &Attributed, now: Timestamp) -> BTreeSet<ResourceKey> {
    let since = now.saturating_sub(RECENT).unwrap_or(now);
    let written = looked.loaded.written_since(since);
    let desired = &looked.loaded.desired;
    let is_recent = |attribution: &Attribution| {
        attribution.time.as_ref().and_then(|time| time.parse::<Timestamp>().ok()).is_some_and(|time| time >= since)
    };
    let settled = looked.loaded.settled_since(since);
    let is_settled = |drift: &Drift| {
        let resource = drift.desired.and_then(|index| desired.resources.get(index));
        resource.is_some_and(|resource| settled.contains(&resource.source))
    };
    let drifts = looked.seen.drifts.iter().zip(&attributed.who).zip(&attributed.proven);
    let touched = drifts.filter(|((drift, who), proven)| {
        let by_event = who.iter().flatten().any(is_recent);
        let shows_event = **proven && is_settled(drift) && !who.iter().flatten().any(is_of_a_run);
        may_be_written(drift, &written, desired) || by_event && !shows_event
    });
    let touched = touched.map(|(touched, _)| touched);
    // What a maker made is of many kinds; it is told by its marks, which nobody takes away in seconds.
    touched
        .map(|(drift, _)| drift)
        .filter(|drift| matches!(drift.status, DriftStatus::Changed | DriftStatus::Unmanaged) && drift.made.is_empty())
        .map(|drift| key(drift, desired))
        .collect()
}

/// Did Terraform do it, or a pipeline, by whatever way?
fn is_of_a_run(attribution: &Attribution) -> bool {
    let is_pipeline = attribution.actor.as_ref().is_some_and(|actor| actor.kind == ActorType::Pipeline);
    is_pipeline || attribution.channel == Channel::Terraform
}

fn may_be_written(drift: &Drift, written: &[WrittenSource], desired: &DesiredState) -> bool {
    match drift.desired.and_then(|index| desired.resources.get(index)) {
        Some(resource) => written.iter().any(|one| one.source == resource.source),
        None => written.iter().any(|one| one.declares.may_declare_in(&drift.scope)),
    }
}

fn key(drift: &Drift, desired: &DesiredState) -> ResourceKey {
    match drift.desired.and_then(|index| desired.resources.get(index)) {
        Some(resource) => resource.key(drift.scope.clone(), &desired.sources),
        None => ResourceKey::new(drift.scope.clone(), &drift.kind, &drift.id, None),
    }
}

/// Waits, looks at these again, and takes what is seen then. -> whether anything was another thing.
pub(super) async fn look_again(
    looked: &mut Looked<'_>,
    keys: BTreeSet<ResourceKey>,
    environment: &Environment<'_>,
    left: impl Fn() -> Duration,
) -> bool {
    let Looked { loaded, seen, .. } = looked;
    let desired = &loaded.desired;
    environment.progress.begin("looking again at what was touched minutes ago", 0);
    tokio::time::sleep(environment.aws.second_look_delay().min(left())).await;
    let work = Work::Resources(Resources { keys: keys.clone(), ..Resources::default() });
    let mut plan = plan::plan(&work, desired, environment.aws);
    let mut again = read::read(&plan, desired, &read::kind_facts(), environment, seen.proven.clone(), left()).await;
    again.drifts.append(&mut plan.unreadable);
    take(seen, again, &keys, desired)
}

/// Puts what was seen again in the place of what was seen first.
fn take(seen: &mut Seen, again: Seen, keys: &BTreeSet<ResourceKey>, desired: &DesiredState) -> bool {
    let mut known: BTreeMap<ResourceKey, Drift> = BTreeMap::new();
    for drift in again.drifts {
        let key = key(&drift, desired);
        if keys.contains(&key) {
            known.insert(key, drift);
        }
    }
    let mut differs = false;
    let mut in_sync = 0;
    seen.drifts.retain_mut(|drift| {
        let key = key(drift, desired);
        if !keys.contains(&key) {
            return true;
        }
        let now = known.remove(&key);
        differs |= now.as_ref() != Some(drift);
        match now {
            Some(now) => *drift = now,
            None => {
                in_sync += u64::from(drift.desired.is_some());
                return false;
            }
        }
        true
    });
    seen.in_sync += in_sync;
    // A gap of this look hides what the first one saw.
    seen.gaps.extend(again.gaps);
    differs
}
