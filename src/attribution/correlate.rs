//! From events to a verdict: for every changed value the last writer whose result is live, for a missing resource the delete,
//! for an unmanaged one the create. Pure and deterministic: the same events, in whatever order, give the same names.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::channel::{Way, channel};
use super::collect::Collector;
use super::effect::{self, Effect, Item};
use super::person::{Person, person};
use super::source::Session;
use super::subject::{Bodies, Case, Link};
use super::{Event, Settings, verbs};
use crate::model::{Attribution, Caution, Confidence, DriftStatus, EventRef, OtherEvent, pointer};

/// What is said of one drift.
#[derive(Debug, Clone, Default)]
pub struct Verdict {
    /// Whoever made the last change first. Empty: nobody is known.
    pub attributions: Vec<Attribution>,
    /// Sessions whose beginning would tell more.
    pub wanted: BTreeSet<Session>,
    /// Every change has an event that shows it.
    pub explained: bool,
    /// Paths that no event explains.
    pub unexplained: Vec<String>,
}

/// Verdicts, one for each drift; `None` for those that are nobody's doing (`unknown`).
pub fn correlate(collector: &Collector<'_>, settings: &Settings) -> Vec<Option<Verdict>> {
    let of = |(index, case): (usize, &Option<Case<'_>>)| {
        let case = case.as_ref()?;
        let touch = |(event, link)| Touch::new(event, link, collector, settings);
        let mut touched: Vec<Touch<'_>> = collector.events_of(index).map(touch).collect();
        let corrected = without_corrected(&mut touched);
        let mut verdict = verdict(case, &touched);
        for attribution in &mut verdict.attributions {
            say_corrections(attribution, &corrected);
        }
        Some(verdict)
    };
    collector.cases.iter().enumerate().map(of).collect()
}

/// Takes out the events that a later one corrects; (the correction's id, the corrected one's id, whom that named).
fn without_corrected(touched: &mut Vec<Touch<'_>>) -> Vec<(String, String, String)> {
    let corrections: BTreeMap<String, String> =
        touched.iter().filter_map(|touch| Some((touch.event.corrects.clone()?, touch.event.id.clone()))).collect();
    let mut said = Vec::new();
    touched.retain(|touch| match corrections.get(&touch.event.id) {
        Some(by) => {
            said.push((by.clone(), touch.event.id.clone(), touch.actor().to_owned()));
            false
        }
        None => true,
    });
    said
}

/// A name that a correction of AWS's made another must say so.
fn say_corrections(attribution: &mut Attribution, corrected: &[(String, String, String)]) {
    for (by, original, named) in
        corrected.iter().filter(|(by, ..)| attribution.events.iter().any(|event| event.event_id == *by))
    {
        let now = attribution.actor.as_ref().map_or("", |actor| &actor.name);
        let was = if now == named { String::new() } else { format!(", which named {named}") };
        attribution.reasons.push(format!("event {by} corrects event {original}{was}"));
    }
}

/// An event that belongs to the drift, with who made it and how.
struct Touch<'a> {
    event: &'a Event,
    link: Link,
    bodies: Bodies,
    way: Way,
    person: Person,
}

impl<'a> Touch<'a> {
    fn new(event: &'a Event, link: Link, collector: &Collector<'_>, settings: &Settings) -> Self {
        let way = channel(event);
        let person = person(event, &collector.sessions, settings, &way);
        Self { event, link, bodies: Bodies::of(event), way, person }
    }

    fn actor(&self) -> &str {
        self.person.actor.as_ref().map_or("", |actor| &actor.name)
    }
}

/// One item with the event that is blamed for it.
struct Blame<'a, 'b> {
    touch: &'b Touch<'a>,
    path: Option<String>,
    confidence: Confidence,
    reason: String,
    cautions: Vec<Caution>,
    others: Vec<OtherEvent>,
}

fn verdict(case: &Case<'_>, touched: &[Touch<'_>]) -> Verdict {
    let mut verdict = Verdict { explained: true, ..Verdict::default() };
    let mut blames = Vec::new();
    match case.drift.status {
        DriftStatus::Missing => blames.extend(ended(touched)),
        DriftStatus::Unmanaged => blames.extend(began(touched)),
        DriftStatus::Changed => {
            for change in &case.drift.changes {
                let mut found: Vec<_> =
                    effect::items(change).iter().map(|item| (item.clone(), blame(case, item, touched))).collect();
                let explained: Vec<&Touch<'_>> =
                    found.iter().filter_map(|(_, blame)| Some(blame.as_ref()?.touch)).collect();
                // An element that was only altered shows as one added and one removed: one call did both.
                if found.iter().any(|(_, blame)| blame.is_none()) && all_the_same(&explained) {
                    found.retain(|(_, blame)| blame.is_some());
                }
                if found.iter().any(|(_, blame)| blame.is_none()) {
                    verdict.unexplained.push(change.path.clone());
                }
                blames.extend(found.into_iter().filter_map(|(_, blame)| blame));
            }
        }
        DriftStatus::Unknown => {}
    }
    if blames.is_empty() {
        verdict.explained = false;
        return verdict;
    }
    verdict.explained =
        verdict.unexplained.is_empty() && blames.iter().all(|blame| blame.confidence >= Confidence::Likely);
    verdict.wanted = blames.iter().filter_map(|blame| blame.touch.person.wanted.clone()).collect();
    verdict.attributions = grouped(blames);
    verdict
}

fn all_the_same(touched: &[&Touch<'_>]) -> bool {
    touched.first().is_some_and(|first| touched.iter().all(|touch| touch.event.id == first.event.id))
}

/// The delete that ended the resource: the first after it was last made, since what is gone cannot go again.
fn ended<'a, 'b>(touched: &'b [Touch<'a>]) -> Option<Blame<'a, 'b>> {
    let ends = |touch: &Touch<'_>| touch.link.gone && touch.link.listed;
    let made = touched.iter().rposition(|touch| touch.link.made && !touch.link.gone);
    let after = &touched[made.map_or(0, |at| at + 1)..];
    if let Some(touch) = after.iter().find(|touch| ends(touch)).or_else(|| touched.iter().rfind(|touch| ends(touch))) {
        let rivals = same_second(touch, touched, ends);
        let reason = format!("{} of this resource succeeded", touch.event.name);
        return Some(with_rivals(Blame::new(touch, None, Confidence::Certain, reason), rivals));
    }
    let hint = touched.iter().rfind(|touch| touch.link.gone)?;
    let reason = format!("{} names it; what it does is not known to driftd", hint.event.name);
    Some(Blame::new(hint, None, Confidence::Possible, reason))
}

/// The call that made the resource: the first after it last ceased to exist.
fn began<'a, 'b>(touched: &'b [Touch<'a>]) -> Option<Blame<'a, 'b>> {
    let makes = |touch: &Touch<'_>| touch.link.made && touch.link.listed;
    let gone = touched.iter().rposition(|touch| touch.link.gone && !touch.link.made);
    let touch = touched[gone.map_or(0, |at| at + 1)..].iter().find(|touch| makes(touch))?;
    let rivals = same_second(touch, touched, makes);
    let reason = format!("{} of this resource succeeded", touch.event.name);
    Some(with_rivals(Blame::new(touch, None, Confidence::Certain, reason), rivals))
}

/// The last event whose result is what is live; without one, who alone can have done it.
fn blame<'a, 'b>(case: &Case<'_>, item: &Item<'_>, touched: &'b [Touch<'a>]) -> Option<Blame<'a, 'b>> {
    let top = pointer::top(item.path);
    let of = |touch: &Touch<'_>| of_touch(case, item, &top, touch, touched);
    let effects: Vec<(Effect, &Touch<'_>)> = touched.iter().map(|touch| (of(touch), touch)).collect();
    let path = || Some(item.path.to_owned());
    if let Some(last) = effects.iter().rposition(|(effect, _)| *effect == Effect::Live) {
        let at = first_to_write(item, &effects, last);
        let touch = effects[at].1;
        let rivals = same_second(touch, touched, |other| of(other) == Effect::Live);
        let reason = format!("{} set what is live", touch.event.name);
        let mut blame = with_rivals(Blame::new(touch, path(), Confidence::Certain, reason), rivals);
        for (effect, later) in &effects[at + 1..] {
            // In the same second nothing tells the order: what fits the live value came last.
            let why = match effect {
                Effect::Live => "wrote the same again",
                Effect::Other if later.event.time > touch.event.time => {
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
        let able: Vec<&Touch<'_>> =
            effects.iter().filter(|(effect, _)| *effect == wanted).map(|(_, touch)| *touch).collect();
        let Some(last) = able.last() else { continue };
        let alone = able.iter().all(|touch| touch.actor() == last.actor());
        if !alone && wanted == Effect::Weak {
            return None;
        }
        let confidence = if alone { best } else { Confidence::Possible };
        let mut blame = Blame::new(last, path(), confidence, format!("{} {why}", last.event.name));
        let rest = able.iter().filter(|touch| touch.actor() != last.actor());
        blame.others = rest.map(|touch| other(touch, item.path, "can have done it as well")).collect();
        return Some(blame);
    }
    None
}

/// A call that writes a whole setting writes again what was so already: whoever made it so comes before it.
fn first_to_write(item: &Item<'_>, effects: &[(Effect, &Touch<'_>)], last: usize) -> usize {
    let mut first = last;
    // Elements are compared by what the event tells of them: only the same request is surely the same setting.
    let same = |one: &Touch<'_>, two: &Touch<'_>| item.is_exact() || one.event.request == two.event.request;
    for (at, (effect, _)) in effects[..last].iter().enumerate().rev() {
        match effect {
            Effect::Live
                if verbs::writes_whole(&effects[first].1.event.name) && same(effects[at].1, effects[first].1) =>
            {
                first = at;
            }
            Effect::None | Effect::Weak => {}
            Effect::Live | Effect::Other | Effect::Touched => break,
        }
    }
    first
}

fn of_touch(case: &Case<'_>, item: &Item<'_>, top: &str, touch: &Touch<'_>, touched: &[Touch<'_>]) -> Effect {
    let event = touch.event;
    let row = super::table::row(event).zip(touch.link.target).and_then(|(row, index)| row.targets.get(index));
    let listed = row.map(|target| target.attributes.as_slice());
    // Tags that stand in a block are the volumes', which EC2 tags like everything.
    let tagged = row.is_some_and(|target| target.kind == "*") && item.is_tag();
    let listed = listed.filter(|names| tagged || names.iter().any(|name| name == top));
    if !case.concerns(top, event, &touch.bodies) {
        return Effect::None;
    }
    let id = case.drift.id.as_str();
    let mut effect = match event.name.as_str() {
        // A version that is not the default one is not what counts.
        "CreatePolicyVersion" if !is_true(event.request.get("setAsDefault")) => Effect::None,
        "SetDefaultPolicyVersion" => match version_made(event, touched) {
            Some(made) => effect::effect(item, made.event, &made.bodies, listed, id),
            None => Effect::Touched,
        },
        _ => effect::effect(item, event, &touch.bodies, listed, id),
    };
    // A call that makes a resource sets everything, and mostly to what is desired: only a value it shows counts.
    if effect < Effect::Live && effect > Effect::Other && verbs::answers_what_it_made(&event.name) && touch.link.own {
        effect = Effect::None;
    }
    if !touch.link.listed && effect != Effect::None {
        effect = effect.min(Effect::Weak);
    }
    effect
}

fn is_true(value: Option<&Value>) -> bool {
    value.is_some_and(|value| value == &Value::Bool(true) || value.as_str() == Some("true"))
}

/// The call that made the policy version which this one makes the default.
fn version_made<'a, 'b>(event: &Event, touched: &'b [Touch<'a>]) -> Option<&'b Touch<'a>> {
    let version = event.request.get("versionId")?;
    let made = |touch: &&Touch<'_>| {
        touch.event.name == "CreatePolicyVersion"
            && touch.event.response.pointer("/policyVersion/versionId") == Some(version)
    };
    touched.iter().rfind(made)
}

/// Others than the blamed one who did the same in the same second: nothing tells who was last.
fn same_second<'a, 'b>(
    touch: &Touch<'_>,
    touched: &'b [Touch<'a>],
    same: impl Fn(&'b Touch<'a>) -> bool,
) -> Vec<&'b Touch<'a>> {
    touched
        .iter()
        .filter(|other| other.event.time == touch.event.time && other.actor() != touch.actor())
        .filter(|other| same(other))
        .collect()
}

fn with_rivals<'a, 'b>(mut blame: Blame<'a, 'b>, rivals: Vec<&Touch<'_>>) -> Blame<'a, 'b> {
    if !rivals.is_empty() {
        blame.confidence = Confidence::Possible;
        blame.cautions.push(Caution::SameSecond);
        let path = blame.path.clone().unwrap_or_default();
        blame.others.extend(rivals.iter().map(|rival| other(rival, &path, "did the same in the same second")));
    }
    blame
}

fn other(touch: &Touch<'_>, path: &str, why: &str) -> OtherEvent {
    let paths = if path.is_empty() { Vec::new() } else { vec![path.to_owned()] };
    OtherEvent { event: event_ref(touch.event, paths), actor: touch.actor().to_owned(), why: why.to_owned() }
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
    fn new(touch: &'b Touch<'a>, path: Option<String>, confidence: Confidence, reason: String) -> Self {
        Self { touch, path, confidence, reason, cautions: Vec::new(), others: Vec::new() }
    }
}

/// One attribution for each actor and way, the last one to act first.
fn grouped(blames: Vec<Blame<'_, '_>>) -> Vec<Attribution> {
    let mut groups: BTreeMap<(String, Option<String>, crate::model::Channel), Vec<Blame<'_, '_>>> = BTreeMap::new();
    for blame in blames {
        let arn = blame.touch.person.actor.as_ref().and_then(|actor| actor.arn.clone());
        groups.entry((blame.touch.actor().to_owned(), arn, blame.touch.way.channel)).or_default().push(blame);
    }
    let mut all: Vec<(jiff::Timestamp, Attribution)> = groups.into_values().filter_map(attribution).collect();
    all.sort_by(|(a_time, a), (b_time, b)| b_time.cmp(a_time).then_with(|| a.actor.cmp(&b.actor)));
    all.into_iter().map(|(_, attribution)| attribution).collect()
}

fn attribution(mut blames: Vec<Blame<'_, '_>>) -> Option<(jiff::Timestamp, Attribution)> {
    blames.sort_by(|a, b| (a.touch.event.time, &a.touch.event.id).cmp(&(b.touch.event.time, &b.touch.event.id)));
    let last = blames.last()?.touch;
    let mut paths: BTreeMap<(jiff::Timestamp, &str), (&Event, BTreeSet<String>)> = BTreeMap::new();
    let (mut reasons, mut cautions, mut others) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for blame in &blames {
        let event = blame.touch.event;
        let entry = paths.entry((event.time, &event.id)).or_insert_with(|| (event, BTreeSet::new()));
        entry.1.extend(blame.path.clone());
        reasons.insert(blame.reason.clone());
        reasons.extend(blame.touch.person.reasons.iter().cloned());
        cautions.extend(blame.cautions.iter().copied());
        cautions.extend(blame.touch.person.cautions.iter().copied());
        others.extend(blame.others.iter().cloned());
    }
    let confidence = blames.iter().map(|blame| blame.confidence).min()?;
    let person = &last.person;
    let attribution = Attribution {
        confidence: if person.actor.is_some() { confidence } else { Confidence::Unknown },
        actor: person.actor.clone(),
        channel: last.way.channel,
        time: Some(last.event.time.to_string()),
        source_ip: last.event.source_ip.clone(),
        user_agent: last.event.user_agent.clone(),
        mfa: person.mfa,
        events: paths.into_values().map(|(event, paths)| event_ref(event, paths.into_iter().collect())).collect(),
        tool: last.way.tool.clone(),
        reasons: reasons.into_iter().collect(),
        cautions: cautions.into_iter().collect(),
        other_events: others.into_iter().collect(),
    };
    Some((last.event.time, attribution))
}

#[cfg(test)]
mod tests;
