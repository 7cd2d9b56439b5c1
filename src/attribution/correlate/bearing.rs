//! Does an event bear on a drift, and on which of its changes? What bears on none of them is not kept, however often it comes.

use serde_json::Value;

use super::drift_case::{DriftCase, Link};
use super::effect::{self, Effect, Item};
use super::payload_values::Payloads;
use super::place::Place;
use crate::attribution::event::{Event, event_table, operation_effect};
use crate::model::{DriftStatus, pointer};

/// How much a call has to do with a drift.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Bearing {
    /// It can have changed it, and nothing shows that it did.
    Far,
    /// It is about what has drifted.
    Near,
}

/// Can it be part of an explanation?
pub(super) fn bearing(case: &DriftCase<'_>, event: &Event, payloads: &Payloads, link: Link) -> Option<Bearing> {
    // A correction counts against what it corrects; versions of policies are read together.
    if link.gone || link.made || event.corrects.is_some() || event.name.contains("PolicyVersion") {
        return Some(Bearing::Near);
    }
    let changes = case.drift.changes.iter().filter(|_| case.drift.status == DriftStatus::Changed);
    let of_item = |item: &Item<'_>| {
        let top = pointer::top(item.path);
        match effect_on(case, item, &top, event, payloads, link, Version::Own) {
            Effect::None => None,
            Effect::Weak => Some(Bearing::Far),
            Effect::Other | Effect::Touched | Effect::Live => Some(Bearing::Near),
        }
    };
    changes.filter_map(|change| effect::items(change).iter().filter_map(of_item).max()).max()
}

/// Whose policy a call sets: its own, or that of the call that made the version (`None`: that was not seen).
pub(super) enum Version<'a> {
    Own,
    Made(Option<(&'a Event, &'a Payloads)>),
}

/// What the event did to one item of the drift.
pub(super) fn effect_on(
    case: &DriftCase<'_>,
    item: &Item<'_>,
    top: &str,
    event: &Event,
    payloads: &Payloads,
    link: Link,
    version: Version<'_>,
) -> Effect {
    let row = event_table::row(event).zip(link.target).and_then(|(row, index)| row.targets.get(index));
    let listed = row.map(|target| target.attributes.as_slice());
    // Tags that stand in a block are the volumes', which EC2 tags like everything.
    let tagged = row.is_some_and(|target| target.kind == "*") && item.is_tag();
    let listed = listed.filter(|names| tagged || names.iter().any(|name| name == top));
    if !case.concerns(top, event, payloads) {
        return Effect::None;
    }
    let id = case.drift.id.as_str();
    let place = &Place::of(item.path, &case.drift.live_attributes);
    let mut effect = match (event.name.as_str(), version) {
        // A version that is not the default one is not what counts.
        ("CreatePolicyVersion", _) if !is_true(event.request.get("setAsDefault")) => Effect::None,
        ("SetDefaultPolicyVersion", Version::Made(Some((made, payloads)))) => {
            effect::effect(item, made, payloads, listed, id, place)
        }
        ("SetDefaultPolicyVersion", _) => Effect::Touched,
        _ => effect::effect(item, event, payloads, listed, id, place),
    };
    // A call that makes a resource sets everything, and mostly to what is desired: only a value it shows counts.
    if effect < Effect::Live
        && effect > Effect::Other
        && operation_effect::answers_what_it_made(&event.name)
        && !operation_effect::removes(&event.name)
        && link.own
    {
        effect = Effect::None;
    }
    if !link.listed && effect != Effect::None {
        effect = effect.min(Effect::Weak);
    }
    effect
}

fn is_true(value: Option<&Value>) -> bool {
    value.is_some_and(|value| value == &Value::Bool(true) || value.as_str() == Some("true"))
}
