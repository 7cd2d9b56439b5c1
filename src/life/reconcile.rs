//! Findings of the past against the outcome of a cycle. What is in the outcome is there; what is not is resolved only where the
//! outcome saw its place completely ([`super::sight`]); everything else stays as it was.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::expire::expire_one;
use super::sight::{self, Sight, Sights};
use super::{
    Changes, FlappingPolicy, KnownFinding, ReopenReason, Resolution, State, Transition, TransitionKind, flapping,
};
use crate::model::{Actor, Attribution, DriftStatus, Finding, Outcome, Scope};

/// What findings are reconciled with.
#[derive(Debug, Clone, Copy)]
pub struct Reconcile<'a> {
    pub outcome: &'a Outcome,
    pub flapping: &'a FlappingPolicy,
    /// What earlier outcomes looked at: the first one of a source is a baseline.
    pub seen_before: &'a SeenBefore,
    /// Keys of all resources that the outcome's sources declare; `None` where the caller does not know. Only with it a
    /// finding is closed as no longer declared.
    pub declared: Option<&'a BTreeSet<String>>,
    /// How findings were resolved and by whom, by key, where the caller knows it: from events, from a merged proposal.
    pub resolutions: &'a BTreeMap<String, (Resolution, Option<String>)>,
    pub now: Timestamp,
}

/// What was looked at before.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SeenBefore {
    /// Sources that were compared in a sweep, and when the first one began.
    pub sources: BTreeMap<String, Timestamp>,
    /// Scopes that were swept, and when the last sweep began.
    pub scopes: BTreeMap<Scope, Timestamp>,
    /// Scopes and kinds in which unmanaged resources were looked for.
    pub unmanaged: BTreeSet<(Scope, String)>,
}

/// What becomes of the findings. `known` are all that are kept of the scopes and keys that the outcome names, resolved ones
/// included; one that is missing there is opened as new.
pub fn reconcile(known: &[KnownFinding], with: &Reconcile<'_>) -> Changes {
    let mut found: BTreeMap<&str, &Finding> = BTreeMap::new();
    for finding in &with.outcome.findings {
        // The outcome is sorted, the worst first.
        found.entry(&finding.key).or_insert(finding);
    }
    let sights = Sights::new(with.outcome);
    let mut changes = Changes::default();
    for before in known {
        let mut one = before.clone();
        let steps = &mut changes.transitions;
        expire_one(&mut one, with.flapping, with.now, steps);
        let seen = found.remove(before.finding.key.as_str());
        if with.outcome.started_at >= one.life.last_checked {
            match seen {
                Some(finding) if finding.drift == DriftStatus::Unknown => {
                    let reason = finding.reason.as_deref().unwrap_or("it could not be seen");
                    with.not_seen(&mut one, reason, steps);
                }
                // A read of single resources shows a part of what a maker made.
                Some(finding) if sight::is_part(finding, with.outcome) && !one.is_resolved() => {}
                Some(finding) => with.seen(&mut one, finding, steps),
                None => with.absent(&mut one, &sights, steps),
            }
        }
        if one != *before {
            changes.findings.push(one);
        }
    }
    // What could not be seen and was never seen to differ is a gap of the outcome, and no finding.
    for finding in found.into_values().filter(|finding| finding.drift != DriftStatus::Unknown) {
        changes.findings.push(with.open(finding, &mut changes.transitions));
    }
    changes.sorted()
}

impl Reconcile<'_> {
    fn open(&self, finding: &Finding, steps: &mut Vec<Transition>) -> KnownFinding {
        let mut one = KnownFinding::new(finding.clone(), self.outcome.started_at, self.now);
        one.life.serial = self.serial(finding);
        let kind = match &finding.ignored {
            Some(ignored) => {
                one.life.state = State::IgnoredByRule(ignored.clone());
                TransitionKind::IgnoredByRule { rule: ignored.rule.clone() }
            }
            None => {
                one.life.flips.push(self.now);
                TransitionKind::Opened
            }
        };
        let baseline = self.is_baseline(finding);
        steps.push(Transition { baseline, was: None, ..Transition::new(&one, kind, self.now) });
        one
    }

    /// Is it there because somebody looked for the first time? A declared one by its source, in every scope anew, as scopes are swept
    /// one by one; an unmanaged one by its kind. A new source, account, or kind that an update of driftd reads raises no storm.
    fn is_baseline(&self, finding: &Finding) -> bool {
        let SeenBefore { sources, scopes, unmanaged } = self.seen_before;
        let scope = Scope::new(&finding.account, &finding.region);
        let Some(source) = &finding.source else {
            let kind = if sight::is_maker(&finding.kind) { sight::MACHINE } else { &finding.kind };
            return !unmanaged.contains(&(scope, kind.to_owned()));
        };
        match (sources.get(source), scopes.get(&scope)) {
            (Some(first_compared), Some(swept)) => swept < first_compared,
            _ => true,
        }
    }

    /// It differs, still or again.
    fn seen(&self, one: &mut KnownFinding, finding: &Finding, steps: &mut Vec<Transition>) {
        let before = std::mem::replace(&mut one.finding, finding.clone());
        one.life.last_seen = self.now;
        one.life.last_checked = self.outcome.started_at;
        one.life.serial = self.serial(finding);
        let step = |one: &KnownFinding, kind| Transition::new(one, kind, self.now);
        if one.life.not_seen.take().is_some() {
            steps.push(step(one, TransitionKind::SeenAgain));
        }
        let is_same = before.fingerprint == finding.fingerprint;
        let reopened = |why| TransitionKind::Reopened { why, by: None };
        let next = match (&one.life.state, &finding.ignored) {
            (State::IgnoredByRule(old), Some(new)) if old.rule == new.rule => {
                one.life.state = State::IgnoredByRule(new.clone());
                None
            }
            (_, Some(new)) => {
                Some((State::IgnoredByRule(new.clone()), TransitionKind::IgnoredByRule { rule: new.rule.clone() }))
            }
            (State::Resolved { .. }, None) => {
                flapping::flip(one, self.flapping, self.now, steps);
                Some((State::Open, reopened(ReopenReason::Returned)))
            }
            // A baseline accepts one content.
            (State::IgnoredByRule(old), None) if old.is_by_baseline() && !is_same => {
                Some((State::Open, reopened(ReopenReason::ContentChanged)))
            }
            (State::IgnoredByRule(_), None) => Some((State::Open, reopened(ReopenReason::RuleEnded))),
            (state, None) if state.hold().is_some_and(|hold| hold.fingerprint != finding.fingerprint) => {
                Some((State::Open, reopened(ReopenReason::ContentChanged)))
            }
            // The same content may be worse by now: of what nobody declares no more is known than that it is there.
            (state, None) if state.hold().is_some() && finding.severity < before.severity => {
                Some((State::Open, reopened(ReopenReason::ContentChanged)))
            }
            (State::Open, None) if !is_same => {
                let changed =
                    TransitionKind::ContentChanged { from: before.drift, from_fingerprint: before.fingerprint.clone() };
                steps.push(step(one, changed));
                None
            }
            (State::Open | State::Acknowledged(_) | State::Snoozed { .. } | State::Ignored { .. }, None) => None,
        };
        if let Some((state, kind)) = next {
            steps.push(Transition::enter(one, state, kind, self.now));
        }
        if before.severity != finding.severity {
            let kind = TransitionKind::SeverityChanged { from: before.severity, to: finding.severity };
            steps.push(step(one, kind));
        }
        self.name(one, before, is_same, steps);
    }

    /// Who did it: a name that was found once stays with the content that it was found for, even when its events are out of reach now.
    fn name(&self, one: &mut KnownFinding, before: Finding, is_same: bool, steps: &mut Vec<Transition>) {
        let Some(to) = one.finding.attribution.clone().filter(|new| new.actor.is_some()) else {
            if is_same && actor(before.attribution.as_ref()).is_some() {
                one.finding.attribution = before.attribution;
                one.finding.other_attributions = before.other_attributions;
            }
            return;
        };
        if actor(before.attribution.as_ref()) != to.actor.as_ref() {
            let kind = TransitionKind::AttributionChanged { from: before.attribution.map(Box::new), to: Box::new(to) };
            steps.push(Transition::new(one, kind, self.now));
        }
    }

    /// It is not in the outcome.
    fn absent(&self, one: &mut KnownFinding, sights: &Sights<'_>, steps: &mut Vec<Transition>) {
        if one.is_resolved() {
            return;
        }
        let sight = if self.is_undeclared(&one.finding) { Sight::Absent } else { sights.of(&one.finding) };
        match sight {
            Sight::Absent => self.resolve(one, steps),
            Sight::NotSeen(reason) => self.not_seen(one, &reason, steps),
            Sight::NotLooked => {}
        }
    }

    /// Did its source, which was read, stop declaring it?
    fn is_undeclared(&self, finding: &Finding) -> bool {
        let Some(source) = &finding.source else { return false };
        let was_read = self.outcome.sources.iter().any(|one| one.name == *source);
        let is_doubted = self.outcome.gaps.iter().any(|gap| gap.scope.source.as_ref() == Some(source));
        let is_declared = self.declared.is_none_or(|keys| keys.contains(&finding.key));
        was_read && !is_doubted && !is_declared && finding.also_in.is_empty()
    }

    fn resolve(&self, one: &mut KnownFinding, steps: &mut Vec<Transition>) {
        let (how, by) = self.resolution(one);
        one.life.not_seen = None;
        one.life.last_checked = self.outcome.started_at;
        flapping::flip(one, self.flapping, self.now, steps);
        let state = State::Resolved { how, by: by.clone() };
        steps.push(Transition::enter(one, state, TransitionKind::Resolved { how, by }, self.now));
    }

    /// What the caller knows goes first; then what the outcome shows, and no more than that.
    fn resolution(&self, one: &KnownFinding) -> (Resolution, Option<String>) {
        if let Some(known) = self.resolutions.get(&one.finding.key) {
            return known.clone();
        }
        let serial = self.serial(&one.finding);
        let how = match one.finding.drift {
            DriftStatus::Unmanaged => Resolution::NoLongerUnmanaged,
            DriftStatus::Missing if self.is_undeclared(&one.finding) => Resolution::Gone,
            _ if self.is_undeclared(&one.finding) => Resolution::NoLongerDeclared,
            _ if serial.is_some() && serial == one.life.serial => Resolution::RevertedByHand,
            _ => Resolution::Applied,
        };
        (how, None)
    }

    fn not_seen(&self, one: &mut KnownFinding, reason: &str, steps: &mut Vec<Transition>) {
        if one.is_resolved() {
            return;
        }
        let since = one.life.not_seen.as_ref().map(|not_seen| not_seen.since);
        one.life.not_seen = Some(super::NotSeen { since: since.unwrap_or(self.now), reason: reason.to_owned() });
        if since.is_none() {
            steps.push(Transition::new(one, TransitionKind::NotSeen { reason: reason.to_owned() }, self.now));
        }
    }

    /// Serial of the state that declares it, in this outcome.
    fn serial(&self, finding: &Finding) -> Option<u64> {
        let name = finding.source.as_ref()?;
        self.outcome.sources.iter().find(|source| source.name == *name)?.serial
    }
}

fn actor(attribution: Option<&Attribution>) -> Option<&Actor> {
    attribution?.actor.as_ref()
}
