//! Does a payload hold an element of a set or list? Every element of the payload's own list is looked at by itself.

use std::collections::BTreeSet;

use serde_json::Value;

use super::payload_values::{PayloadValues, ValueMatch, is_distinctive};
use super::place::Place;
use crate::attribution::event::text;

/// How one value compares with a payload.
pub(super) type Matcher = fn(&PayloadValues, &Place, &str, &Value) -> ValueMatch;

/// Does the payload hold this element? Every identifying value of it must be there, none may be another, and something must be.
pub(super) fn agrees(name: &str, element: &Value, payload: &PayloadValues, matcher: Matcher) -> Option<bool> {
    in_one_element(name, element, payload, |place| {
        let matched = matches_at(place, name, element, payload, matcher);
        if matched.iter().any(|(_, matched)| *matched == ValueMatch::Different) {
            return Some(false);
        }
        let identifying_missing =
            matched.iter().any(|(identifying, matched)| *identifying && *matched != ValueMatch::Equal);
        let some = matched.iter().any(|(_, matched)| *matched == ValueMatch::Equal);
        (some && !identifying_missing).then_some(true)
    })
}

/// Does the payload mention this element, though perhaps only by what identifies it?
pub(super) fn meets(name: &str, element: &Value, payload: &PayloadValues, matcher: Matcher) -> Option<bool> {
    in_one_element(name, element, payload, |place| {
        let matched = matches_at(place, name, element, payload, matcher);
        if matched.iter().any(|(_, matched)| *matched == ValueMatch::Different) {
            return Some(false);
        }
        matched.iter().any(|(_, matched)| *matched == ValueMatch::Equal).then_some(true)
    })
}

/// The best answer of the elements of the payload's list, each by itself: the name of one and the status of another are no
/// third. Without such a list the whole payload answers.
fn in_one_element(
    name: &str,
    element: &Value,
    payload: &PayloadValues,
    answer: impl Fn(&Place) -> Option<bool>,
) -> Option<bool> {
    let elements = if is_spread(element) { BTreeSet::new() } else { payload.elements_of(name) };
    if elements.is_empty() {
        return answer(&Place::default());
    }
    elements.into_iter().filter_map(|one| answer(&Place::within(one))).max()
}

/// AWS lists a grant for each of the permissions that Terraform has together; and what is no block is no element.
fn is_spread(element: &Value) -> bool {
    let Value::Object(members) = element else { return true };
    members.get("permissions").and_then(Value::as_array).is_some_and(|list| list.len() > 1)
}

/// For every attribute of an element: does its value identify the element, and what does the payload say of it? A list is what its least fitting
/// value is.
pub(super) fn matches_at(
    place: &Place,
    name: &str,
    element: &Value,
    payload: &PayloadValues,
    matcher: Matcher,
) -> Vec<(bool, ValueMatch)> {
    let match_of = |scalar: &Value| (is_distinctive(&text(scalar)), matcher(payload, place, name, scalar));
    match element {
        Value::Object(members) => {
            let place = place.inside(name, members);
            members.iter().flat_map(|(name, member)| matches_at(&place, name, member, payload, matcher)).collect()
        }
        Value::Array(items) if items.iter().any(Value::is_object) => {
            items.iter().flat_map(|item| matches_at(place, name, item, payload, matcher)).collect()
        }
        Value::Array(items) => {
            let matched: Vec<_> = items.iter().map(match_of).collect();
            let other = matched.iter().find(|(_, matched)| *matched == ValueMatch::Different);
            other.or_else(|| matched.iter().max_by_key(|(_, matched)| *matched)).copied().into_iter().collect()
        }
        scalar if is_off(scalar) => Vec::new(),
        scalar => vec![match_of(scalar)],
    }
}

/// Nothing, or switched off.
pub(super) fn is_off(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(flag) => !flag,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => {
            text.is_empty() || ["disabled", "suspended", "off", "false"].contains(&text.to_ascii_lowercase().as_str())
        }
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
    }
}
