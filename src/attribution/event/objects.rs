//! By which of its Terraform attributes CloudTrail knows a resource: its own ids, or the object it is a part of and what distinguishes
//! it from the other parts. Data (`objects.json`); a kind that is not listed is known by `id`, `arn` and `name`.
//!
//! * `own`: attributes (paths through blocks) that identify it alone; `(account)`, `(account+region)`: the only one there.
//! * `container` and `parts`: attributes that name the object it is a part of, and those that distinguish it from the other parts.
//! * `also`: attributes that name something that belongs to it (the volumes of an instance): for calls that are about that. Of a list of
//!   names (the subnets of a network ACL) only those that differ.
//! * `within`: kinds whose end is its end, by the container's id, or by the attribute after `@`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::Value;

use super::Event;
use super::text;
use crate::model::Attributes;

/// How one kind is known to CloudTrail.
#[derive(Debug, Clone, Default)]
pub(crate) struct Object {
    pub own: Vec<String>,
    pub also: Vec<String>,
    pub container: Vec<String>,
    /// (attribute, squashed key of the event where only that one distinguishes it).
    pub parts: Vec<(String, Option<String>)>,
    /// (kind, attribute); without an attribute the container's id counts.
    pub within: Vec<(String, Option<String>)>,
}

#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
struct RawObject {
    own: String,
    also: String,
    container: String,
    parts: String,
    within: String,
}

static OBJECTS: LazyLock<BTreeMap<String, Object>> = LazyLock::new(|| {
    let written: BTreeMap<String, RawObject> = serde_json::from_str(include_str!("objects.json")).unwrap_or_default();
    written.into_iter().map(|(kind, written)| (kind, parsed(&written))).collect()
});

static DEFAULT: LazyLock<Object> =
    LazyLock::new(|| Object { own: ["id", "arn", "name"].map(str::to_owned).into(), ..Object::default() });

/// How this kind is known.
pub(crate) fn of(kind: &str) -> &'static Object {
    OBJECTS.get(kind).unwrap_or(&DEFAULT)
}

fn parsed(written: &RawObject) -> Object {
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let part = |text: &str| match text.split_once('=') {
        Some((attribute, key)) => (attribute.to_owned(), Some(key.to_owned())),
        None => (text.to_owned(), None),
    };
    let within = |text: &str| match text.split_once('@') {
        Some((kind, attribute)) => (kind.to_owned(), Some(attribute.to_owned())),
        None => (text.to_owned(), None),
    };
    let mut own = words(&written.own);
    if own.is_empty() && written.container.is_empty() {
        own = DEFAULT.own.clone();
    }
    Object {
        own,
        also: words(&written.also),
        container: words(&written.container),
        parts: written.parts.split_whitespace().map(part).collect(),
        within: written.within.split_whitespace().map(within).collect(),
    }
}

impl Object {
    /// The account's (or region's) only one.
    pub(crate) fn is_singleton(&self) -> bool {
        self.own.iter().any(|name| name.starts_with('('))
    }
}

/// The texts at these paths of a normalised record: `R.` its request, `P.` its answer.
pub(crate) fn at(event: &Event, paths: &[String]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for path in paths {
        let (payload, rest) = match path.split_once('.') {
            Some(("R", rest)) => (&event.request, rest),
            Some(("P", rest)) => (&event.response, rest),
            _ => continue,
        };
        if let Value::Object(members) = payload {
            values(members, rest, &mut found);
        }
    }
    found
}

/// The texts at an attribute path; lists and blocks are walked through.
pub(crate) fn values(attributes: &Attributes, path: &str, found: &mut BTreeSet<String>) {
    let (first, rest) = path.split_once('.').map_or((path, None), |(first, rest)| (first, Some(rest)));
    if let Some(value) = attributes.get(first) {
        collect(value, rest, found);
    }
}

/// Those that stand at an attribute path on both sides of a drift, but of a list of texts only what one side alone has.
pub(crate) fn differing(desired: &Attributes, live: &Attributes, path: &str, found: &mut BTreeSet<String>) {
    let (mut before, mut after) = (BTreeSet::new(), BTreeSet::new());
    values(desired, path, &mut before);
    values(live, path, &mut after);
    let is_list = |side: &Attributes| side.get(path).is_some_and(Value::is_array);
    match is_list(desired) && is_list(live) {
        true => found.extend(before.symmetric_difference(&after).cloned()),
        false => found.extend(before.into_iter().chain(after)),
    }
}

fn collect(value: &Value, path: Option<&str>, found: &mut BTreeSet<String>) {
    match (value, path) {
        (Value::Array(items), _) => items.iter().for_each(|item| collect(item, path, found)),
        (Value::Object(members), Some(path)) => values(members, path, found),
        (Value::Object(_) | Value::Null, _) | (_, Some(_)) => {}
        (scalar, None) => {
            let text = text(scalar);
            if !text.is_empty() && text != crate::model::REDACTED {
                found.insert(text);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::schema;
    use serde_json::json;

    #[test]
    fn every_kind_and_attribute_is_the_providers() {
        assert!(OBJECTS.len() > 50);
        for (kind, object) in OBJECTS.iter() {
            let schema = schema::of(kind).unwrap_or_else(|| panic!("no type {kind}"));
            let of_parts = object.parts.iter().map(|(attribute, _)| attribute);
            let of_within = object.within.iter().filter_map(|(_, attribute)| attribute.as_ref());
            for path in object.own.iter().chain(&object.also).chain(&object.container).chain(of_parts).chain(of_within)
            {
                let top = path.split('.').next().unwrap();
                let known = schema.block.attributes.contains_key(top) || schema.block.blocks.contains_key(top);
                assert!(known || path.starts_with('('), "{kind} has no {path}");
            }
            for (parent, _) in &object.within {
                assert!(schema::of(parent).is_some(), "{kind}: no type {parent}");
            }
        }
    }

    #[test]
    fn paths_go_through_blocks() {
        let attributes =
            json!({"id": "i-1", "root_block_device": [{"volume_id": "vol-1"}], "ebs_block_device": [], "n": 5});
        let Value::Object(attributes) = attributes else { panic!() };
        let mut found = BTreeSet::new();
        ["id", "root_block_device.volume_id", "ebs_block_device.volume_id", "n", "none"]
            .iter()
            .for_each(|path| values(&attributes, path, &mut found));
        assert_eq!(Vec::from_iter(found), ["5", "i-1", "vol-1"]);
    }

    #[test]
    fn of_a_list_of_names_only_those_that_differ() {
        let attributes = |ids: Value| {
            let Value::Object(map) = json!({"subnet_ids": ids, "disk": [{"id": "vol-1"}]}) else { panic!() };
            map
        };
        let (old, new) = (attributes(json!(["subnet-1", "subnet-2"])), attributes(json!(["subnet-2", "subnet-3"])));
        let mut found = BTreeSet::new();
        ["subnet_ids", "disk.id"].iter().for_each(|path| differing(&old, &new, path, &mut found));
        assert_eq!(Vec::from_iter(found), ["subnet-1", "subnet-3", "vol-1"]);
    }
}
