//! From events to an explanation: for every changed value the last writer whose result is live, for a missing resource the delete,
//! for an unmanaged one the create. Pure and deterministic: the same events, in whatever order, give the same names.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::bearing::{self, Version};
use super::blame::{Blame, RelatedEvent, grouped, other, same_second, with_rivals};
use super::collector::Collector;
use super::drift_case::DriftCase;
use super::effect::{self, Effect, Item};
use super::rule_ids::RuleIds;
use crate::attribution::event::{Event, SessionQuery, operation_effect, security_group_rules};
use crate::attribution::principal::Settings;
use crate::model::{Attribution, Change, Confidence, DriftStatus, pointer};

/// Who made the changes of one drift, and how much of it events explain.
#[derive(Debug, Clone, Default)]
pub struct Explanation {
    /// Whoever made the last change first. Empty: nobody is known.
    pub attributions: Vec<Attribution>,
    /// Sessions whose beginning is not known and would show more.
    pub unresolved_sessions: BTreeSet<SessionQuery>,
    /// Every change has an event that shows it.
    pub explained: bool,
    /// Every change is what its event set, by its last known writer: what is live is no older than that.
    pub proven: bool,
    /// Paths that no event explains.
    pub unexplained: Vec<String>,
    /// A later record that could not be read, or that does not say what it is about, may have been about it.
    pub doubted: bool,
}

/// Explanations, one for each drift; `None` for those that are not attributed (`unknown`).
pub fn correlate(collector: &Collector<'_>, settings: &Settings) -> Vec<Option<Explanation>> {
    let of = |(index, case): (usize, &Option<DriftCase<'_>>)| {
        let case = case.as_ref()?;
        let related = |(event, link)| RelatedEvent::new(event, link, collector, settings);
        let mut all_related: Vec<RelatedEvent<'_>> = collector.events_of(index).map(related).collect();
        let corrected = without_corrected(&mut all_related);
        let mut explanation = explanation(case, &all_related);
        explanation.doubted = collector.doubted_until(index).is_some_and(|until| {
            explanation.attributions.iter().any(|one| is_before(one, until)) //
        });
        for attribution in &mut explanation.attributions {
            note_corrections(attribution, &corrected);
        }
        Some(explanation)
    };
    collector.cases.iter().enumerate().map(of).collect()
}

fn is_before(attribution: &Attribution, until: Timestamp) -> bool {
    let time = attribution.time.as_ref().and_then(|time| time.parse::<Timestamp>().ok());
    time.is_none_or(|time| time <= until)
}

/// Takes out the events that a later one corrects; (the correction's id, the corrected one's id, whom that named).
fn without_corrected(all_related: &mut Vec<RelatedEvent<'_>>) -> Vec<(String, String, String)> {
    let corrections: BTreeMap<String, String> = all_related
        .iter()
        .filter_map(|related| Some((related.event.corrects.clone()?, related.event.id.clone())))
        .collect();
    let mut corrected = Vec::new();
    all_related.retain(|related| match corrections.get(&related.event.id) {
        Some(by) => {
            corrected.push((by.clone(), related.event.id.clone(), related.actor().to_owned()));
            false
        }
        None => true,
    });
    corrected
}

/// A name that a correction of AWS's made another must say so.
fn note_corrections(attribution: &mut Attribution, corrected: &[(String, String, String)]) {
    for (by, original, named) in
        corrected.iter().filter(|(by, ..)| attribution.events.iter().any(|event| event.event_id == *by))
    {
        let now = attribution.actor.as_ref().map_or("", |actor| &actor.name);
        let was = if now == named { String::new() } else { format!(", which named {named}") };
        attribution.reasons.push(format!("event {by} corrects event {original}{was}"));
    }
}

fn explanation(case: &DriftCase<'_>, all_related: &[RelatedEvent<'_>]) -> Explanation {
    let mut explanation = Explanation { explained: true, ..Explanation::default() };
    let mut blames = Vec::new();
    match case.drift.status {
        DriftStatus::Missing => blames.extend(ended(all_related)),
        DriftStatus::Unmanaged => blames.extend(began(all_related)),
        DriftStatus::Changed => {
            for change in &case.drift.changes {
                let mut found: Vec<_> =
                    effect::items(change).iter().map(|item| (item.clone(), blame(case, item, all_related))).collect();
                let explained: Vec<&RelatedEvent<'_>> =
                    found.iter().filter_map(|(_, blame)| Some(blame.as_ref()?.related)).collect();
                // An element that was only altered shows as one added and one removed: one call did both.
                if found.iter().any(|(_, blame)| blame.is_none()) && all_the_same(&explained) {
                    found.retain(|(_, blame)| blame.is_some());
                }
                if found.iter().any(|(_, blame)| blame.is_none()) {
                    explanation.unexplained.push(change.path.clone());
                }
                blames.extend(found.into_iter().filter_map(|(_, blame)| blame));
            }
        }
        DriftStatus::Unknown => {}
    }
    if blames.is_empty() {
        explanation.explained = false;
        return explanation;
    }
    // Within one second a name may only seem to explain it: what came later, and was not asked for yet, may be the cause.
    explanation.explained = explanation.unexplained.is_empty()
        && blames.iter().all(|blame| blame.confidence >= Confidence::Likely && !blame.is_contradicted);
    explanation.proven = explanation.unexplained.is_empty() && blames.iter().all(|blame| blame.is_proof);
    explanation.unresolved_sessions =
        blames.iter().filter_map(|blame| blame.related.person.unresolved.clone()).collect();
    explanation.attributions = grouped(blames);
    explanation
}

fn all_the_same(all_related: &[&RelatedEvent<'_>]) -> bool {
    all_related.first().is_some_and(|first| all_related.iter().all(|related| related.event.id == first.event.id))
}

/// The delete that ended the resource: the first after it was last made, since what is gone cannot go again. What came before
/// it was made ended something else.
fn ended<'a, 'b>(all_related: &'b [RelatedEvent<'a>]) -> Option<Blame<'a, 'b>> {
    let ends = |related: &RelatedEvent<'_>| related.link.gone && related.link.listed;
    let made = all_related.iter().rfind(|related| related.link.made && !related.link.gone);
    let is_later = |related: &&RelatedEvent<'_>| made.is_none_or(|made| related.event.time > made.event.time);
    // In the second in which it was made, the order is not known.
    let at_once = |related: &&RelatedEvent<'_>| made.is_some_and(|made| related.event.time == made.event.time);
    let ending = || all_related.iter().filter(|related| ends(related));
    if let Some(related) = ending().find(is_later).or_else(|| ending().rfind(at_once)) {
        let rivals = same_second(related, all_related, ends);
        let reason = format!("{} of this resource succeeded", related.event.name);
        let mut blame = with_rivals(Blame::new(related, None, Confidence::Certain, reason), rivals);
        if at_once(&related) {
            blame.confidence = blame.confidence.min(Confidence::Likely);
            blame.is_of_one_second();
            blame.is_contradicted = true;
        }
        return Some(with_repeats(blame, all_related, ends));
    }
    let hint = all_related.iter().rfind(|related| related.link.gone && !ends(related) && is_later(related))?;
    let reason = format!("{} names it; what it does is not known to driftd", hint.event.name);
    Some(Blame::new(hint, None, Confidence::Possible, reason))
}

/// The call that made the resource: the first after it last ceased to exist.
fn began<'a, 'b>(all_related: &'b [RelatedEvent<'a>]) -> Option<Blame<'a, 'b>> {
    let makes = |related: &RelatedEvent<'_>| related.link.made && related.link.listed;
    let gone = all_related.iter().rfind(|related| related.link.gone && !related.link.made);
    let is_later = |related: &&RelatedEvent<'_>| gone.is_none_or(|gone| related.event.time > gone.event.time);
    // In the second in which it went, the order is not known; it is there, so that making it came last.
    let at_once = |related: &&RelatedEvent<'_>| gone.is_some_and(|gone| related.event.time == gone.event.time);
    let making = || all_related.iter().filter(|related| makes(related));
    let related = making().find(is_later).or_else(|| making().rfind(at_once))?;
    let rivals = same_second(related, all_related, makes);
    let reason = format!("{} of this resource succeeded", related.event.name);
    let mut blame = with_rivals(Blame::new(related, None, Confidence::Certain, reason), rivals);
    // A call that may succeed twice may have found it there.
    let may_repeat = operation_effect::may_repeat(&related.event.source, &related.event.name);
    let before = making().filter(at_once).filter(|before| before.event.time < related.event.time && may_repeat);
    for before in before.filter(|before| !before.is_of_same_actor(related)) {
        blame.confidence = blame.confidence.min(Confidence::Possible);
        blame.others.push(other(before, "", "did the same in the second in which it last ended"));
    }
    Some(with_repeats(blame, all_related, makes))
}

/// Others who did the same later. Where that cannot succeed twice, something between was not seen, and the first is not certain.
fn with_repeats<'a, 'b>(
    mut blame: Blame<'a, 'b>,
    all_related: &[RelatedEvent<'_>],
    same: impl Fn(&RelatedEvent<'_>) -> bool,
) -> Blame<'a, 'b> {
    let first = blame.related;
    let again = all_related.iter().filter(|later| {
        later.event.time > first.event.time
            && later.event.name == first.event.name
            && !later.is_of_same_actor(first)
            && same(later)
    });
    for later in again {
        let why = if operation_effect::may_repeat(&later.event.source, &later.event.name) {
            "did the same again"
        } else {
            blame.confidence = blame.confidence.min(Confidence::Likely);
            "did the same later; what happened between was not seen"
        };
        blame.others.push(other(later, "", why));
    }
    blame
}

/// The last event whose result is what is live; without one, who alone can have done it.
fn blame<'a, 'b>(case: &DriftCase<'_>, item: &Item<'_>, all_related: &'b [RelatedEvent<'a>]) -> Option<Blame<'a, 'b>> {
    let top = pointer::top(item.path);
    let ids = RuleIds::of(item, &case.drift.id, all_related.iter().map(|related| related.event));
    let of = |related: &RelatedEvent<'_>| effect_on(case, item, &top, related, all_related, ids.as_ref());
    let mut effects: Vec<(Effect, &RelatedEvent<'_>)> =
        all_related.iter().map(|related| (of(related), related)).collect();
    // In one second the order is not known: what fits the live value came last.
    effects.sort_by_key(|(effect, related)| (related.event.time, *effect == Effect::Live));
    let path = || Some(item.path.to_owned());
    if let Some(last) = effects.iter().rposition(|(effect, _)| *effect == Effect::Live) {
        // Whoever wrote what the state recorded did not make it differ, even if the same call fits what is live (an empty filter, and none).
        let reversed = case.drift.changes.iter().find(|change| change.path == item.path).map(reversed);
        let recorded = reversed.as_ref().map(effect::items).unwrap_or_default();
        let wrote_recorded = |related: &RelatedEvent<'_>| {
            let writes = |one| effect_on(case, one, &top, related, all_related, ids.as_ref()) == Effect::Live;
            !recorded.is_empty() && recorded.iter().all(writes)
        };
        let Origin { at, unclear } = first_to_write(item, &effects, last, wrote_recorded);
        let related = effects[at].1;
        let rivals = same_second(related, all_related, |other| of(other) == Effect::Live);
        let reason = format!("{} set what is live", related.event.name);
        let mut blame = with_rivals(Blame::new(related, path(), Confidence::Certain, reason), rivals);
        if let Some(before) = unclear.filter(|before| !before.is_of_same_actor(related)) {
            blame.confidence = blame.confidence.min(Confidence::Likely);
            blame.others.push(other(before, item.path, "set it before; whether to the very same is not shown"));
        }
        for (effect, later) in &effects {
            let at_once = later.event.time == related.event.time && later.event.id != related.event.id;
            let is_later = later.event.time > related.event.time;
            let is_others = !later.is_of_same_actor(related);
            let (confidence, why) = match effect {
                Effect::Live if is_later => (Confidence::Certain, "wrote the same again"),
                Effect::Other if is_later && renews(later) => {
                    (Confidence::Possible, "ended it or made it anew afterwards; who set it since was not seen")
                }
                Effect::Other if is_later => (Confidence::Possible, "set another value afterwards, which is not live"),
                // What fits the live value came last, unless somebody wrote that again.
                Effect::Other if at_once && at != last => {
                    blame.is_of_one_second();
                    (Confidence::Possible, "set another value in the same second")
                }
                // ... or somebody whose call was not asked for yet did it later.
                Effect::Other if at_once => {
                    blame.is_contradicted = true;
                    continue;
                }
                Effect::Touched if is_later => (Confidence::Likely, "touched it afterwards; the value is hidden"),
                Effect::Touched if at_once && is_others => {
                    (Confidence::Likely, "touched it in the same second; the value is hidden")
                }
                Effect::Weak if later.link.listed && is_others && (is_later || at_once) => {
                    (Confidence::Likely, "can have changed it afterwards; the event does not show it")
                }
                Effect::Live | Effect::Other | Effect::Touched | Effect::Weak | Effect::None => continue,
            };
            blame.confidence = blame.confidence.min(confidence);
            blame.others.push(other(later, item.path, why));
        }
        let is_before = |later: &RelatedEvent<'_>| later.event.time < related.event.time;
        blame.is_proof = blame.confidence == Confidence::Certain
            && effects.iter().all(|(effect, one)| matches!(effect, Effect::None | Effect::Live) || is_before(one));
        return Some(blame);
    }
    // What was done to one that is gone says nothing of the one that is there.
    let since = all_related.iter().rfind(|related| renews(related)).map(|related| related.event.time);
    effects.retain(|(_, related)| since.is_none_or(|since| related.event.time >= since));
    for (wanted, best, why) in [
        (Effect::Touched, Confidence::Likely, "touched it; the value cannot be seen in the event"),
        (Effect::Weak, Confidence::Possible, "can have changed it; the event does not show it"),
    ] {
        let able: Vec<&RelatedEvent<'_>> =
            effects.iter().filter(|(effect, _)| *effect == wanted).map(|(_, related)| *related).collect();
        let Some(last) = able.last() else { continue };
        let alone = able.iter().all(|related| related.is_of_same_actor(last));
        if !alone && wanted == Effect::Weak {
            return None;
        }
        let confidence = if alone { best } else { Confidence::Possible };
        let mut blame = Blame::new(last, path(), confidence, format!("{} {why}", last.event.name));
        let rest = able.iter().filter(|related| !related.is_of_same_actor(last));
        blame.others = rest.map(|related| other(related, item.path, "can have done it as well")).collect();
        return Some(blame);
    }
    None
}

/// Who set what is live first.
struct Origin<'a, 'b> {
    /// Index of the call.
    at: usize,
    /// A call before it that may have set the very same.
    unclear: Option<&'b RelatedEvent<'a>>,
}

/// Who writes what is live already changes nothing: whoever made it so comes before. Calls that cannot succeed twice prove that
/// it was undone between.
fn first_to_write<'a, 'b>(
    item: &Item<'_>,
    effects: &[(Effect, &'b RelatedEvent<'a>)],
    last: usize,
    wrote_recorded: impl Fn(&RelatedEvent<'_>) -> bool,
) -> Origin<'a, 'b> {
    let mut first = Origin { at: last, unclear: None };
    for (at, (effect, related)) in effects[..last].iter().enumerate().rev() {
        let next = effects[first.at].1;
        match effect {
            Effect::Live if !operation_effect::may_repeat(&next.event.source, &next.event.name) => break,
            Effect::Live if wrote_recorded(related) => break,
            Effect::Live
                if related.event.request == next.event.request
                    || item.is_written_alike(&related.payloads, &next.payloads) =>
            {
                first = Origin { at, unclear: None };
            }
            Effect::Live => {
                first.unclear = Some(*related).filter(|related| !item.differs_in(&related.payloads, &next.payloads));
                break;
            }
            Effect::None | Effect::Weak => {}
            Effect::Other | Effect::Touched => break,
        }
    }
    first
}

/// The change from what is live back to what the state recorded.
fn reversed(change: &Change) -> Change {
    Change {
        desired: change.live.clone(),
        live: change.desired.clone(),
        added: change.removed.clone(),
        removed: change.added.clone(),
        ..change.clone()
    }
}

/// Is the resource another one after this call: did it end, or was it made?
fn renews(related: &RelatedEvent<'_>) -> bool {
    let (event, link) = (related.event, related.link);
    // Of a group's rules a resource may stand for several: they come and go one by one.
    if !link.listed || security_group_rules::of_event(event).is_some() {
        return false;
    }
    // A call that also only alters it takes one thing out of several.
    link.gone && link.target.is_none() && operation_effect::removes(&event.name)
        || link.made && link.own && !operation_effect::may_repeat(&event.source, &event.name)
}

fn effect_on(
    case: &DriftCase<'_>,
    item: &Item<'_>,
    top: &str,
    related: &RelatedEvent<'_>,
    all_related: &[RelatedEvent<'_>],
    ids: Option<&RuleIds>,
) -> Effect {
    let made = (related.event.name == "SetDefaultPolicyVersion").then(|| version_made(related.event, all_related));
    let version = match made {
        Some(made) => Version::Made(made.map(|made| (made.event, &made.payloads))),
        None => Version::Own,
    };
    let effect = bearing::effect_on(case, item, top, related.event, &related.payloads, related.link, version);
    match effect {
        Effect::None | Effect::Weak if renews(related) => Effect::Other,
        Effect::Weak => ids.and_then(|ids| ids.effect(item, related.event)).unwrap_or(effect),
        effect => effect,
    }
}

/// The call that made the policy version which this one makes the default.
fn version_made<'a, 'b>(event: &Event, all_related: &'b [RelatedEvent<'a>]) -> Option<&'b RelatedEvent<'a>> {
    let version = event.request.get("versionId")?;
    let made = |related: &&RelatedEvent<'_>| {
        related.event.name == "CreatePolicyVersion"
            && related.event.response.pointer("/policyVersion/versionId") == Some(version)
    };
    all_related.iter().rfind(made)
}

#[cfg(test)]
pub(super) mod tests;
