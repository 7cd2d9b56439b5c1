//! From events to an explanation: for every changed value the last writer whose result is live, for a missing resource the delete,
//! for an unmanaged one the create. Pure and deterministic: the same events, in whatever order, give the same names.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::collector::Collector;
use super::drift_case::{DriftCase, Link};
use super::effect::{self, Effect, Item};
use super::payload_values::Payloads;
use crate::attribution::event::{Event, SessionQuery, event_table, operation_effect};
use crate::attribution::principal::{AccessPath, Person, Settings, channel, person};
use crate::model::{Attribution, Caution, Confidence, DriftStatus, EventRef, OtherEvent, pointer};

/// Who made the changes of one drift, and how much of it events explain.
#[derive(Debug, Clone, Default)]
pub struct Explanation {
    /// Whoever made the last change first. Empty: nobody is known.
    pub attributions: Vec<Attribution>,
    /// Sessions whose beginning is not known and would show more.
    pub unresolved_sessions: BTreeSet<SessionQuery>,
    /// Every change has an event that shows it.
    pub explained: bool,
    /// Paths that no event explains.
    pub unexplained: Vec<String>,
}

/// Explanations, one for each drift; `None` for those that are not attributed (`unknown`).
pub fn correlate(collector: &Collector<'_>, settings: &Settings) -> Vec<Option<Explanation>> {
    let of = |(index, case): (usize, &Option<DriftCase<'_>>)| {
        let case = case.as_ref()?;
        let related = |(event, link)| RelatedEvent::new(event, link, collector, settings);
        let mut all_related: Vec<RelatedEvent<'_>> = collector.events_of(index).map(related).collect();
        let corrected = without_corrected(&mut all_related);
        let mut explanation = explanation(case, &all_related);
        for attribution in &mut explanation.attributions {
            note_corrections(attribution, &corrected);
        }
        Some(explanation)
    };
    collector.cases.iter().enumerate().map(of).collect()
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

/// An event that belongs to the drift, with who made it and how.
struct RelatedEvent<'a> {
    event: &'a Event,
    link: Link,
    payloads: Payloads,
    access: AccessPath,
    person: Person,
}

impl<'a> RelatedEvent<'a> {
    fn new(event: &'a Event, link: Link, collector: &Collector<'_>, settings: &Settings) -> Self {
        let access = channel(event);
        let person = person(event, &collector.sessions, settings, &access);
        Self { event, link, payloads: Payloads::of(event), access, person }
    }

    fn actor(&self) -> &str {
        self.person.actor.as_ref().map_or("", |actor| &actor.name)
    }
}

/// One item with the event that is blamed for it.
struct Blame<'a, 'b> {
    related: &'b RelatedEvent<'a>,
    path: Option<String>,
    confidence: Confidence,
    reason: String,
    cautions: Vec<Caution>,
    others: Vec<OtherEvent>,
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
    explanation.explained =
        explanation.unexplained.is_empty() && blames.iter().all(|blame| blame.confidence >= Confidence::Likely);
    explanation.unresolved_sessions =
        blames.iter().filter_map(|blame| blame.related.person.unresolved.clone()).collect();
    explanation.attributions = grouped(blames);
    explanation
}

fn all_the_same(all_related: &[&RelatedEvent<'_>]) -> bool {
    all_related.first().is_some_and(|first| all_related.iter().all(|related| related.event.id == first.event.id))
}

/// The delete that ended the resource: the first after it was last made, since what is gone cannot go again.
fn ended<'a, 'b>(all_related: &'b [RelatedEvent<'a>]) -> Option<Blame<'a, 'b>> {
    let ends = |related: &RelatedEvent<'_>| related.link.gone && related.link.listed;
    let made = all_related.iter().rposition(|related| related.link.made && !related.link.gone);
    let after = &all_related[made.map_or(0, |at| at + 1)..];
    if let Some(related) =
        after.iter().find(|related| ends(related)).or_else(|| all_related.iter().rfind(|related| ends(related)))
    {
        let rivals = same_second(related, all_related, ends);
        let reason = format!("{} of this resource succeeded", related.event.name);
        return Some(with_rivals(Blame::new(related, None, Confidence::Certain, reason), rivals));
    }
    let hint = all_related.iter().rfind(|related| related.link.gone)?;
    let reason = format!("{} names it; what it does is not known to driftd", hint.event.name);
    Some(Blame::new(hint, None, Confidence::Possible, reason))
}

/// The call that made the resource: the first after it last ceased to exist.
fn began<'a, 'b>(all_related: &'b [RelatedEvent<'a>]) -> Option<Blame<'a, 'b>> {
    let makes = |related: &RelatedEvent<'_>| related.link.made && related.link.listed;
    let gone = all_related.iter().rposition(|related| related.link.gone && !related.link.made);
    let related = all_related[gone.map_or(0, |at| at + 1)..].iter().find(|related| makes(related))?;
    let rivals = same_second(related, all_related, makes);
    let reason = format!("{} of this resource succeeded", related.event.name);
    Some(with_rivals(Blame::new(related, None, Confidence::Certain, reason), rivals))
}

/// The last event whose result is what is live; without one, who alone can have done it.
fn blame<'a, 'b>(case: &DriftCase<'_>, item: &Item<'_>, all_related: &'b [RelatedEvent<'a>]) -> Option<Blame<'a, 'b>> {
    let top = pointer::top(item.path);
    let of = |related: &RelatedEvent<'_>| effect_on(case, item, &top, related, all_related);
    let effects: Vec<(Effect, &RelatedEvent<'_>)> = all_related.iter().map(|related| (of(related), related)).collect();
    let path = || Some(item.path.to_owned());
    if let Some(last) = effects.iter().rposition(|(effect, _)| *effect == Effect::Live) {
        let at = first_to_write(item, &effects, last);
        let related = effects[at].1;
        let rivals = same_second(related, all_related, |other| of(other) == Effect::Live);
        let reason = format!("{} set what is live", related.event.name);
        let mut blame = with_rivals(Blame::new(related, path(), Confidence::Certain, reason), rivals);
        for (effect, later) in &effects[at + 1..] {
            // In the same second the order is not known: what fits the live value came last.
            let why = match effect {
                Effect::Live => "wrote the same again",
                Effect::Other if later.event.time > related.event.time => {
                    blame.confidence = Confidence::Possible;
                    "set another value afterwards, which is not live"
                }
                Effect::Touched => {
                    blame.confidence = blame.confidence.min(Confidence::Likely);
                    "touched it afterwards; the value is hidden"
                }
                Effect::Other | Effect::Weak | Effect::None => continue,
            };
            blame.others.push(other(later, item.path, why));
        }
        return Some(blame);
    }
    for (wanted, best, why) in [
        (Effect::Touched, Confidence::Likely, "touched it; the value cannot be seen in the event"),
        (Effect::Weak, Confidence::Possible, "can have changed it; the event does not show it"),
    ] {
        let able: Vec<&RelatedEvent<'_>> =
            effects.iter().filter(|(effect, _)| *effect == wanted).map(|(_, related)| *related).collect();
        let Some(last) = able.last() else { continue };
        let alone = able.iter().all(|related| related.actor() == last.actor());
        if !alone && wanted == Effect::Weak {
            return None;
        }
        let confidence = if alone { best } else { Confidence::Possible };
        let mut blame = Blame::new(last, path(), confidence, format!("{} {why}", last.event.name));
        let rest = able.iter().filter(|related| related.actor() != last.actor());
        blame.others = rest.map(|related| other(related, item.path, "can have done it as well")).collect();
        return Some(blame);
    }
    None
}

/// A call that writes a whole setting writes again what was so already: whoever made it so comes before it.
fn first_to_write(item: &Item<'_>, effects: &[(Effect, &RelatedEvent<'_>)], last: usize) -> usize {
    let mut first = last;
    // Elements are compared by what the event has of them: only the same request is surely the same setting.
    let same =
        |one: &RelatedEvent<'_>, two: &RelatedEvent<'_>| item.is_exact() || one.event.request == two.event.request;
    for (at, (effect, _)) in effects[..last].iter().enumerate().rev() {
        match effect {
            Effect::Live
                if operation_effect::writes_whole(&effects[first].1.event.name)
                    && same(effects[at].1, effects[first].1) =>
            {
                first = at;
            }
            Effect::None | Effect::Weak => {}
            Effect::Live | Effect::Other | Effect::Touched => break,
        }
    }
    first
}

fn effect_on(
    case: &DriftCase<'_>,
    item: &Item<'_>,
    top: &str,
    related: &RelatedEvent<'_>,
    all_related: &[RelatedEvent<'_>],
) -> Effect {
    let event = related.event;
    let row = event_table::row(event).zip(related.link.target).and_then(|(row, index)| row.targets.get(index));
    let listed = row.map(|target| target.attributes.as_slice());
    // Tags that stand in a block are the volumes', which EC2 tags like everything.
    let tagged = row.is_some_and(|target| target.kind == "*") && item.is_tag();
    let listed = listed.filter(|names| tagged || names.iter().any(|name| name == top));
    if !case.concerns(top, event, &related.payloads) {
        return Effect::None;
    }
    let id = case.drift.id.as_str();
    let mut effect = match event.name.as_str() {
        // A version that is not the default one is not what counts.
        "CreatePolicyVersion" if !is_true(event.request.get("setAsDefault")) => Effect::None,
        "SetDefaultPolicyVersion" => match version_made(event, all_related) {
            Some(made) => effect::effect(item, made.event, &made.payloads, listed, id),
            None => Effect::Touched,
        },
        _ => effect::effect(item, event, &related.payloads, listed, id),
    };
    // A call that makes a resource sets everything, and mostly to what is desired: only a value it shows counts.
    if effect < Effect::Live
        && effect > Effect::Other
        && operation_effect::answers_what_it_made(&event.name)
        && related.link.own
    {
        effect = Effect::None;
    }
    if !related.link.listed && effect != Effect::None {
        effect = effect.min(Effect::Weak);
    }
    effect
}

fn is_true(value: Option<&Value>) -> bool {
    value.is_some_and(|value| value == &Value::Bool(true) || value.as_str() == Some("true"))
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

/// Others than the blamed one who did the same in the same second: it is not known who was last.
fn same_second<'a, 'b>(
    related: &RelatedEvent<'_>,
    all_related: &'b [RelatedEvent<'a>],
    same: impl Fn(&'b RelatedEvent<'a>) -> bool,
) -> Vec<&'b RelatedEvent<'a>> {
    all_related
        .iter()
        .filter(|other| other.event.time == related.event.time && other.actor() != related.actor())
        .filter(|other| same(other))
        .collect()
}

fn with_rivals<'a, 'b>(mut blame: Blame<'a, 'b>, rivals: Vec<&RelatedEvent<'_>>) -> Blame<'a, 'b> {
    if !rivals.is_empty() {
        blame.confidence = Confidence::Possible;
        blame.cautions.push(Caution::SameSecond);
        let path = blame.path.clone().unwrap_or_default();
        blame.others.extend(rivals.iter().map(|rival| other(rival, &path, "did the same in the same second")));
    }
    blame
}

fn other(related: &RelatedEvent<'_>, path: &str, why: &str) -> OtherEvent {
    let paths = if path.is_empty() { Vec::new() } else { vec![path.to_owned()] };
    OtherEvent { event: event_ref(related.event, paths), actor: related.actor().to_owned(), why: why.to_owned() }
}

fn event_ref(event: &Event, paths: Vec<String>) -> EventRef {
    EventRef {
        event_id: event.id.clone(),
        event_name: event.recorded_name.clone(),
        event_source: event.source.clone(),
        time: event.time.to_string(),
        account: event.account.clone(),
        region: event.region.clone(),
        paths,
    }
}

impl<'a, 'b> Blame<'a, 'b> {
    fn new(related: &'b RelatedEvent<'a>, path: Option<String>, confidence: Confidence, reason: String) -> Self {
        Self { related, path, confidence, reason, cautions: Vec::new(), others: Vec::new() }
    }
}

/// One attribution for each actor and channel, the last one to act first.
fn grouped(blames: Vec<Blame<'_, '_>>) -> Vec<Attribution> {
    let mut groups: BTreeMap<(String, Option<String>, crate::model::Channel), Vec<Blame<'_, '_>>> = BTreeMap::new();
    for blame in blames {
        let arn = blame.related.person.actor.as_ref().and_then(|actor| actor.arn.clone());
        groups.entry((blame.related.actor().to_owned(), arn, blame.related.access.channel)).or_default().push(blame);
    }
    let mut all: Vec<(jiff::Timestamp, Attribution)> = groups.into_values().filter_map(attribution).collect();
    all.sort_by(|(a_time, a), (b_time, b)| b_time.cmp(a_time).then_with(|| a.actor.cmp(&b.actor)));
    all.into_iter().map(|(_, attribution)| attribution).collect()
}

fn attribution(mut blames: Vec<Blame<'_, '_>>) -> Option<(jiff::Timestamp, Attribution)> {
    blames
        .sort_by(|a, b| (a.related.event.time, &a.related.event.id).cmp(&(b.related.event.time, &b.related.event.id)));
    let last = blames.last()?.related;
    let mut paths: BTreeMap<(jiff::Timestamp, &str), (&Event, BTreeSet<String>)> = BTreeMap::new();
    let (mut reasons, mut cautions, mut others) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for blame in &blames {
        let event = blame.related.event;
        let entry = paths.entry((event.time, &event.id)).or_insert_with(|| (event, BTreeSet::new()));
        entry.1.extend(blame.path.clone());
        reasons.insert(blame.reason.clone());
        reasons.extend(blame.related.person.reasons.iter().cloned());
        cautions.extend(blame.cautions.iter().copied());
        cautions.extend(blame.related.person.cautions.iter().copied());
        others.extend(blame.others.iter().cloned());
    }
    let confidence = blames.iter().map(|blame| blame.confidence).min()?;
    let person = &last.person;
    let attribution = Attribution {
        confidence: if person.actor.is_some() { confidence } else { Confidence::Unknown },
        actor: person.actor.clone(),
        channel: last.access.channel,
        time: Some(last.event.time.to_string()),
        source_ip: last.event.source_ip.clone(),
        user_agent: last.event.user_agent.clone(),
        mfa: person.mfa,
        events: paths.into_values().map(|(event, paths)| event_ref(event, paths.into_iter().collect())).collect(),
        tool: last.access.tool.clone(),
        reasons: reasons.into_iter().collect(),
        cautions: cautions.into_iter().collect(),
        other_events: others.into_iter().collect(),
    };
    Some((last.event.time, attribution))
}

#[cfg(test)]
mod tests;
