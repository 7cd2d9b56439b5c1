//! What one event did to one changed value: set it to what is live, to something else, or touched it without showing the value.

use std::collections::BTreeSet;

use serde_json::Value;

use super::element::{agrees, is_off, matches_at, meets};
use super::payload_values::{PayloadValues, Payloads, ValueMatch};
use super::place::Place;
use super::rule_ids;
use super::tags::Tags;
use crate::attribution::event::{Event, operation_effect, security_group_rules, security_group_rules::EventRule, text};
use crate::model::security_group_rule::GroupRef;
use crate::model::{Attributes, Change, SecurityGroupRule, pointer};

/// What an event did to an item, the most conclusive last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Effect {
    /// It did not concern it.
    None,
    /// It set it to another value than the live one.
    Other,
    /// It may have: the event is about this attribute family, and its words are not understood.
    Weak,
    /// It did touch it, but hides the value.
    Touched,
    /// It set it to the live value: shown, or certain from what the operation is.
    Live,
}

/// One thing that differs: a scalar, a tag, or an element of a set.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Item<'a> {
    /// Path of the change it belongs to.
    pub path: &'a str,
    /// The attribute's name where the value stands: the last name of the path.
    name: String,
    /// The attribute or block of the resource that it is in.
    top: String,
    what: What<'a>,
    /// A rule of a security group that was there before under another description: nobody opened it.
    is_described_anew: bool,
}

#[derive(Debug, Clone, PartialEq)]
enum What<'a> {
    Scalar(&'a Value),
    /// Key, value that is live, value that should be.
    Tag(String, &'a Value, &'a Value),
    Added(&'a Value),
    Removed(&'a Value),
    Hidden,
}

impl Item<'_> {
    /// Did two calls that both set what is live write the same? What is shown of an element must be the same in both;
    /// what is gone is gone.
    pub(super) fn is_written_alike(&self, one: &Payloads, two: &Payloads) -> bool {
        let element = match self.what {
            What::Tag(..) | What::Scalar(_) | What::Removed(_) => return true,
            What::Added(element) => element,
            What::Hidden => return false,
        };
        let (said_by_one, said_by_two) = (self.said_of(element, one), self.said_of(element, two));
        if said_by_one.is_empty() || said_by_two.is_empty() {
            return self.is_wholly_in(element, one) && self.is_wholly_in(element, two);
        }
        said_by_one.iter().any(|said| said_by_two.contains(said))
    }

    /// Do two calls that both set what is live show that they wrote different things beside it?
    pub(super) fn differs_in(&self, one: &Payloads, two: &Payloads) -> bool {
        let What::Added(element) = self.what else { return false };
        let (one, two) = (self.said_of(element, one), self.said_of(element, two));
        !one.is_empty() && !two.is_empty() && !one.iter().any(|said| two.contains(said))
    }

    /// All that a request says of the element, where it has a list of such.
    fn said_of<'p>(&self, element: &Value, payloads: &'p Payloads) -> Vec<BTreeSet<(Vec<&'p str>, &'p str)>> {
        let request = &payloads.request;
        let is_this = |place: &&[String]| {
            let place = Place::within(place);
            let matched = matches_at(&place, &self.name, element, request, PayloadValues::match_value_at);
            matched.iter().all(|(_, matched)| *matched != ValueMatch::Different)
        };
        request.elements_of(&self.name).into_iter().filter(is_this).map(|place| request.said_in(place)).collect()
    }

    /// Does the request show all of the element?
    fn is_wholly_in(&self, element: &Value, payloads: &Payloads) -> bool {
        let matched =
            matches_at(&Place::default(), &self.name, element, &payloads.request, PayloadValues::match_value_at);
        !matched.is_empty() && matched.iter().all(|(_, matched)| *matched == ValueMatch::Equal)
    }

    /// Is it an element that is there and should not be?
    pub(super) fn is_added(&self) -> bool {
        matches!(self.what, What::Added(_))
    }

    /// Does the call give the element the description that it has?
    pub(super) fn is_described_in(&self, event: &Event) -> bool {
        let (What::Added(element) | What::Removed(element)) = self.what else { return false };
        let words = element.get("description").map(text).unwrap_or_default();
        PayloadValues::of(&event.request).match_value("description", &words.into()) == ValueMatch::Equal
    }

    /// The rules of group `group` that an element of its `ingress` or `egress` stands for.
    pub(super) fn group_rules(&self, group: &str) -> Option<Vec<SecurityGroupRule>> {
        let (What::Added(Value::Object(members)) | What::Removed(Value::Object(members))) = self.what else {
            return None;
        };
        let owner = GroupRef { group, account: "" };
        let is_rule = matches!(self.top.as_str(), "ingress" | "egress");
        is_rule.then(|| SecurityGroupRule::from_attributes(members, owner, Some(self.top == "egress")))
    }

    /// Is it a tag?
    pub(super) fn is_tag(&self) -> bool {
        matches!(self.what, What::Tag(..))
    }
}

/// The items of a change.
pub(super) fn items(change: &Change) -> Vec<Item<'_>> {
    let names: Vec<String> = pointer::segments(&change.path).collect();
    let name = names.iter().rev().find(|name| name.parse::<usize>().is_err()).cloned().unwrap_or_default();
    let top = names.first().cloned().unwrap_or_default();
    let item = |what| Item { path: &change.path, name: name.clone(), top: top.clone(), what, is_described_anew: false };
    if change.sensitive {
        return vec![item(What::Hidden)];
    }
    if let [.., holder, key] = names.as_slice()
        && (holder.ends_with("tags") || holder == "tags_all")
    {
        return vec![item(What::Tag(key.clone(), &change.live, &change.desired))];
    }
    let (added, removed) = match (&change.added, &change.removed, &change.desired, &change.live) {
        (None, None, desired, live) => (without(live, desired), without(desired, live)),
        (added, removed, ..) => (added.iter().flatten().collect(), removed.iter().flatten().collect()),
    };
    let is_rule = matches!(top.as_str(), "ingress" | "egress");
    let is_described_anew = |element: &Value| is_rule && removed.iter().any(|old| differ_in_description(old, element));
    let opened = added
        .into_iter()
        .map(|element| Item { is_described_anew: is_described_anew(element), ..item(What::Added(element)) });
    let elements: Vec<_> = opened.chain(removed.iter().map(|element| item(What::Removed(element)))).collect();
    if elements.is_empty() { vec![item(What::Scalar(&change.live))] } else { elements }
}

fn differ_in_description(old: &Value, new: &Value) -> bool {
    let (Value::Object(old), Value::Object(new)) = (old, new) else { return false };
    let rest = |rule: &Attributes| {
        rule.iter()
            .filter(|(name, _)| *name != "description")
            .map(|(n, v)| (n.clone(), v.clone()))
            .collect::<Attributes>()
    };
    rest(old) == rest(new)
}

/// The elements of one list that the other has not.
fn without<'a>(list: &'a Value, other: &Value) -> Vec<&'a Value> {
    let items = |value: &'a Value| value.as_array().map(Vec::as_slice).unwrap_or_default();
    let known = other.as_array().map(Vec::as_slice).unwrap_or_default();
    items(list).iter().filter(|item| !known.contains(item)).collect()
}

/// What the event did to the item of resource `id`. `listed`: the table says that it can change this attribute, and how many
/// others.
pub(super) fn effect(
    item: &Item<'_>,
    event: &Event,
    payloads: &Payloads,
    listed: Option<&[String]>,
    id: &str,
    place: &Place,
) -> Effect {
    if is_other_direction(&item.top, event) {
        return Effect::None;
    }
    let effect = match &item.what {
        What::Tag(key, live, desired) => tag(key, live, desired, &item.top, event),
        What::Scalar(live) => scalar(item, live, event, payloads, listed.is_some(), place),
        What::Added(element) => {
            by_rule(item, element, event, id).unwrap_or_else(|| added(item, element, event, payloads))
        }
        What::Removed(element) => {
            by_rule(item, element, event, id).unwrap_or_else(|| removed(&item.name, element, event, payloads))
        }
        What::Hidden if payloads.request.mentions(&item.name) || payloads.request.mentions(&item.top) => {
            Effect::Touched
        }
        What::Hidden => Effect::Weak,
    };
    match (effect, listed, &item.what) {
        // The table does not say that it can change this: a value that fits is a hint, no more.
        (Effect::Live, None, What::Scalar(_)) => Effect::Weak,
        (_, None, _) => Effect::None,
        (Effect::Weak, Some(attributes), what) => {
            let others = attributes.iter().filter(|name| *name != "tags_all" && **name != item.top);
            match (others.clone().count(), what) {
                // It changes nothing else.
                (0, What::Scalar(_) | What::Hidden) => Effect::Touched,
                _ if others.into_iter().any(|name| payloads.request.mentions(name)) => Effect::None,
                _ => Effect::Weak,
            }
        }
        (effect, ..) => effect,
    }
}

/// An entry of a network ACL says in which direction it counts.
fn is_other_direction(top: &str, event: &Event) -> bool {
    let egress = event
        .request
        .get("egress")
        .and_then(|value| value.as_bool().or_else(|| value.as_str().map(|word| word == "true")));
    event.name.contains("NetworkAclEntry") && matches!((top, egress), ("ingress", Some(true)) | ("egress", Some(false)))
}

/// Rules of a security group, by what they are. `None`: the event is about something else.
fn by_rule(item: &Item<'_>, element: &Value, event: &Event, group: &str) -> Option<Effect> {
    let rules = item.group_rules(group)?;
    let of_event = security_group_rules::of_event(event)?;
    let is_about = |one: &EventRule| rules.iter().any(|rule| one.is(rule, group));
    let about = of_event.iter().any(is_about);
    let removes = operation_effect::removes(&event.name);
    let words = || element.get("description").map(text).unwrap_or_default();
    let described = || match event.name.contains("Description") {
        true => item.is_described_in(event),
        false => of_event.iter().filter(|one| is_about(one)).any(|one| match one {
            EventRule::Id(_) => true,
            EventRule::Rule(one) => one.description == words(),
        }),
    };
    Some(match (&item.what, about, removes) {
        // Of a new rule it is told who opened it, whoever described it since.
        (_, false, _) if event.name.contains("Description") && !item.is_described_anew => Effect::None,
        (_, false, _) if rule_ids::names_by_id(event, &of_event) => Effect::Weak,
        (_, false, _) => Effect::None,
        (What::Added(_), true, false) if !item.is_described_anew => match event.name.contains("Description") {
            true => Effect::None,
            false => Effect::Live,
        },
        (What::Added(_), true, false) if described() => Effect::Live,
        (What::Removed(_), true, true) => Effect::Live,
        // What was described anew was there under its old description, too.
        (What::Removed(_), true, false) if event.name.contains("Description") => Effect::None,
        _ => Effect::Other,
    })
}

fn tag(key: &str, live: &Value, desired: &Value, top: &str, event: &Event) -> Effect {
    if event.omitted {
        return Effect::Touched;
    }
    let about_tags = event.name.contains("Tag") || event.name.starts_with("Untag");
    let tags =
        if about_tags { Tags::of(&event.request) } else { Tags::of_making(&event.request, top.starts_with("tags")) };
    let removes = operation_effect::removes(&event.name);
    let whole = operation_effect::writes_whole(&event.name) && event.name.contains("Tagging");
    let set = tags.pairs.get(key).filter(|_| !removes);
    // A call that removes tags and names none removes all.
    let all = removes && about_tags && tags.pairs.is_empty() && tags.keys.is_empty();
    // With a value beside the key only a tag of that value goes.
    let pair = tags.pairs.get(key).filter(|_| removes);
    if pair.is_some_and(|value| *value != text(desired)) {
        return Effect::Weak;
    }
    let unset = tags.keys.contains(key) || all || pair.is_some() || whole && set.is_none();
    match (set, live) {
        (Some(value), live) if !live.is_null() && *value == text(live) => Effect::Live,
        (Some(_), _) => Effect::Other,
        (None, Value::Null) if unset => Effect::Live,
        (None, _) if unset => Effect::Other,
        (None, _) => Effect::None,
    }
}

fn scalar(item: &Item<'_>, live: &Value, event: &Event, payloads: &Payloads, listed: bool, place: &Place) -> Effect {
    let name = item.name.as_str();
    if listed && is_off(live) {
        let mentioned = payloads.request.mentions(name);
        if operation_effect::removes(&event.name)
            || operation_effect::writes_whole(&event.name) && !mentioned && !event.omitted
        {
            return Effect::Live;
        }
    }
    if listed
        && live == &Value::Bool(true)
        && operation_effect::switches_on(&event.name)
        && !payloads.request.mentions(name)
    {
        return Effect::Live;
    }
    match payloads.request.match_value_at(place, name, live) {
        ValueMatch::Equal if operation_effect::removes(&event.name) => Effect::Other,
        ValueMatch::Equal => Effect::Live,
        ValueMatch::Different => Effect::Other,
        ValueMatch::Redacted => Effect::Touched,
        ValueMatch::Absent => {
            by_answer(event, payloads, |payload| payload.match_value_at(place, name, live) == ValueMatch::Equal)
        }
    }
}

/// Where the request does not say: the answer of a call that made something, or nothing.
fn by_answer(event: &Event, payloads: &Payloads, same: impl Fn(&PayloadValues) -> bool) -> Effect {
    if operation_effect::answers_what_it_made(&event.name) && same(&payloads.response) {
        Effect::Live
    } else if event.omitted {
        Effect::Touched
    } else {
        Effect::Weak
    }
}

fn added(item: &Item<'_>, element: &Value, event: &Event, payloads: &Payloads) -> Effect {
    let name = item.name.as_str();
    // A block in a block: who writes the whole without it did not write it, whatever stands beside the place where it would be.
    let is_nested = pointer::segments(item.path).count() > 1;
    let writes_whole = operation_effect::writes_whole(&event.name) && !event.omitted;
    if is_nested && element.is_object() && writes_whole && !payloads.request.mentions(name) {
        return Effect::Other;
    }
    if operation_effect::removes(&event.name) {
        // Only what speaks of this very element undid it.
        let removes = agrees(name, element, &payloads.request, PayloadValues::match_value_at).max(agrees(
            name,
            element,
            &payloads.response,
            PayloadValues::match_value_at,
        ));
        return if removes == Some(true) { Effect::Other } else { Effect::None };
    }
    if agrees(name, element, &payloads.request, PayloadValues::match_removed_at) == Some(true) {
        return Effect::Other;
    }
    match agrees(name, element, &payloads.request, PayloadValues::match_value_at) {
        Some(true) => Effect::Live,
        // Another element beside it is no other value, unless the call writes all of them.
        Some(false) if operation_effect::writes_whole(&event.name) => Effect::Other,
        Some(false) => Effect::None,
        None => by_answer(event, payloads, |payload| {
            agrees(name, element, payload, PayloadValues::match_value_at) == Some(true)
        }),
    }
}

fn removed(name: &str, element: &Value, event: &Event, payloads: &Payloads) -> Effect {
    // The subnet may have been moved to another ACL before, by a call that names only that one.
    if event.name == "DeleteSubnet" {
        let matched = meets(name, element, &payloads.request, PayloadValues::match_value_at);
        return if matched == Some(true) { Effect::Touched } else { Effect::None };
    }
    if operation_effect::removes(&event.name) {
        // A setting of a bucket goes as a whole.
        if event.name.starts_with("DeleteBucket") {
            return Effect::Live;
        }
        let by_request = meets(name, element, &payloads.request, PayloadValues::match_value_at);
        return match by_request.or_else(|| meets(name, element, &payloads.response, PayloadValues::match_value_at)) {
            Some(true) => Effect::Live,
            Some(false) => Effect::None,
            None => Effect::Weak,
        };
    }
    if agrees(name, element, &payloads.request, PayloadValues::match_removed_at) == Some(true) {
        return Effect::Live;
    }
    // A block that says nothing is there if its name is.
    let says_nothing = element.as_object().is_some_and(|members| members.values().all(is_off));
    if says_nothing && payloads.request.mentions(name) {
        return Effect::Other;
    }
    match agrees(name, element, &payloads.request, PayloadValues::match_value_at) {
        Some(true) => Effect::Other,
        // What a call that writes all of them leaves out is gone.
        _ if operation_effect::writes_whole(&event.name) && !event.omitted => Effect::Live,
        // A list of ids that is given is the whole list.
        Some(false) if WRITING_LISTS.contains(&event.name.as_str()) && !element.is_object() => Effect::Live,
        _ if event.omitted => Effect::Touched,
        // Another element of the set is altered: this one is not.
        Some(false) => Effect::None,
        None => Effect::Weak,
    }
}

/// Calls that give a whole list of ids (`groupSet`) among other attributes.
const WRITING_LISTS: &[&str] = &["ModifyInstanceAttribute", "ModifyNetworkInterfaceAttribute"];
