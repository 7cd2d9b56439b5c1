//! Walks two versions of a resource's attributes under its schema and lists what differs. Knows no parents, no
//! secrets: that is for the steps after it.

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::canonical::{self, Text, is_empty};
use super::recorded::Recorded;
use crate::model::schema::{Attribute, Block, NestedBlock, Nesting, Schema, Type};
use crate::model::{Attributes, Change, CompareRules, pointer};

/// Everything that differs of what the state recorded, in the order of paths.
pub(super) fn changes(
    schema: &Schema,
    rules: &CompareRules,
    recorded: &Recorded,
    desired: &Attributes,
    live: &Attributes,
) -> Vec<Change> {
    let mut walk = Walk { rules, changes: Vec::new() };
    // A key that the reader did not give was not read.
    let skipped = |name: &str| {
        let id = name == "id" && !rules.compare_computed.contains(&"id");
        id || name == "timeouts"
            || rules.not_returned.contains(&name)
            || !recorded.has(name)
            || !live.contains_key(name)
    };
    let both = |name: &str| {
        // Both sides: a kind's `normalize` may have filled up the state's elements, too.
        let [mut old, mut new] = [desired, live].map(|side| get(side, name).clone());
        recorded.prune_member(name, &mut old);
        recorded.prune_member(name, &mut new);
        (old, new)
    };
    for (name, attribute) in &schema.block.attributes {
        let identity = rules.identity.contains(&name.as_str());
        let computed = attribute.computed_only() && !identity && !rules.compare_computed.contains(&name.as_str());
        if skipped(name) || computed || attribute.write_only {
            continue;
        }
        let (old, new) = both(name);
        if identity && (is_empty(&old) || is_empty(&new)) {
            continue;
        }
        walk.attribute(&pointer::join("", name), attribute, &old, &new, text(rules, name));
    }
    let both_have = |name: &&str| !is_empty(get(desired, name)) && !is_empty(get(live, name));
    if let Some(name) = rules.creation_time.filter(both_have)
        && !rules.identity.iter().any(both_have)
        && are_other_times(get(desired, name), get(live, name))
    {
        walk.changed(&pointer::join("", name), get(desired, name).clone(), get(live, name).clone());
    }
    for (name, nested) in &schema.block.blocks {
        if !skipped(name) {
            let (old, new) = both(name);
            walk.nested(&pointer::join("", name), nested, &old, &new, text(rules, name));
        }
    }
    for change in &mut walk.changes {
        show_whole_elements(schema, rules, recorded, live, change);
    }
    walk.changes
}

/// Shows live elements of a set with all that was read of them, not only with what was compared: a child that speaks for one
/// knows it as a whole.
fn show_whole_elements(
    schema: &Schema,
    rules: &CompareRules,
    recorded: &Recorded,
    live: &Attributes,
    change: &mut Change,
) {
    let name = pointer::top(&change.path);
    let (Some(added), true) = (&mut change.added, pointer::join("", &name) == change.path) else { return };
    let one = |element: &Value| {
        let form = canonical_member(schema, rules, &name, &Value::Array(vec![element.clone()]));
        elements(&form).first().cloned()
    };
    let mut whole = Vec::new();
    for element in elements(get(live, &name)) {
        let mut compared = Value::Array(vec![element.clone()]);
        recorded.prune_member(&name, &mut compared);
        let compared = elements(&compared).first().and_then(one);
        whole.extend(one(element).map(|whole| (whole, compared)));
    }
    whole.sort_by_cached_key(|(whole, _)| whole.to_string());
    whole.dedup();
    let is_added = |compared: &Option<Value>| compared.as_ref().is_some_and(|compared| added.contains(compared));
    *added = whole.iter().filter(|(_, compared)| is_added(compared)).map(|(whole, _)| whole.clone()).collect();
    change.live = Value::Array(whole.into_iter().map(|(whole, _)| whole).collect());
}

/// The canonical form of one top-level attribute or block.
pub(super) fn canonical_member(schema: &Schema, rules: &CompareRules, name: &str, value: &Value) -> Value {
    match (schema.block.attributes.get(name), schema.block.blocks.get(name)) {
        (Some(attribute), _) => canonical::of_type(value, &attribute.ty, text(rules, name)),
        (_, Some(nested)) => canonical::of_nested(value, nested, text(rules, name)),
        (None, None) => value.clone(),
    }
}

fn text(rules: &CompareRules, name: &str) -> Text {
    if rules.policies.contains(&name) { Text::Policy } else { Text::Plain }
}

fn get<'a>(members: &'a Map<String, Value>, name: &str) -> &'a Value {
    members.get(name).unwrap_or(&Value::Null)
}

struct Walk<'a> {
    rules: &'a CompareRules,
    changes: Vec<Change>,
}

impl Walk<'_> {
    fn attribute(&mut self, path: &str, attribute: &Attribute, desired: &Value, live: &Value, text: Text) {
        let (old, new) =
            (canonical::of_type(desired, &attribute.ty, text), canonical::of_type(live, &attribute.ty, text));
        if old == new {
            return;
        }
        match &attribute.ty {
            Type::Map(_) => self.map(path, desired, live, &old, &new),
            Type::Set(_) => self.set(path, desired, live, &old, &new),
            _ => self.push(path, desired, live),
        }
    }

    fn nested(&mut self, path: &str, nested: &NestedBlock, desired: &Value, live: &Value, text: Text) {
        let (old, new) = (canonical::of_nested(desired, nested, text), canonical::of_nested(live, nested, text));
        if old == new {
            return;
        }
        match (nested.nesting, desired, live) {
            (Nesting::Set, ..) => self.set(path, desired, live, &old, &new),
            (Nesting::List, Value::Array(a), Value::Array(b)) => match (a.as_slice(), b.as_slice()) {
                ([Value::Object(a)], [Value::Object(b)]) => {
                    self.block(&pointer::join(path, "0"), &nested.block, a, b, text)
                }
                _ => self.push(path, desired, live),
            },
            (Nesting::Single | Nesting::Group, Value::Object(a), Value::Object(b)) => {
                self.block(path, &nested.block, a, b, text);
            }
            (Nesting::Map, ..) => self.map(path, desired, live, &old, &new),
            _ => self.push(path, desired, live),
        }
    }

    fn block(&mut self, path: &str, block: &Block, desired: &Attributes, live: &Attributes, text: Text) {
        for (name, attribute) in &block.attributes {
            // Inside a block that was read, a recorded key that AWS did not give is empty, except for what AWS only computes.
            if !attribute.computed_only() && !attribute.write_only {
                self.attribute(&pointer::join(path, name), attribute, get(desired, name), get(live, name), text);
            }
        }
        for (name, nested) in &block.blocks {
            self.nested(&pointer::join(path, name), nested, get(desired, name), get(live, name), text);
        }
    }

    /// One change per key.
    fn map(&mut self, path: &str, desired: &Value, live: &Value, old: &Value, new: &Value) {
        let empty = Map::new();
        let members = |value: &'_ Value| value.as_object().cloned().unwrap_or_default();
        let (raw_old, raw_new) = (desired.as_object().unwrap_or(&empty), live.as_object().unwrap_or(&empty));
        let (old, new) = (members(old), members(new));
        let mut keys: Vec<&String> = old.keys().chain(new.keys()).collect();
        keys.sort();
        keys.dedup();
        for key in keys {
            if get(&old, key) != get(&new, key) {
                self.push_member(&pointer::join(path, key), get(raw_old, key), get(raw_new, key));
            }
        }
    }

    /// One change at the set's path, with the elements that differ.
    fn set(&mut self, path: &str, desired: &Value, live: &Value, old: &Value, new: &Value) {
        if self.equal(path, desired, live) {
            return;
        }
        let (old, new) = (elements(old), elements(new));
        let only = |these: &[Value], those: &[Value]| -> Vec<Value> {
            these.iter().filter(|element| !those.contains(element)).cloned().collect()
        };
        self.changes.push(Change {
            path: path.to_owned(),
            desired: Value::Array(old.to_vec()),
            live: Value::Array(new.to_vec()),
            added: Some(only(new, old)),
            removed: Some(only(old, new)),
            sensitive: false,
            declared: None,
        });
    }

    fn push(&mut self, path: &str, desired: &Value, live: &Value) {
        if self.equal(path, desired, live) {
            return;
        }
        // Empty collections and empty strings are nothing.
        let shown = |value: &Value| match value {
            Value::Array(_) | Value::Object(_) | Value::String(_) if is_empty(value) => Value::Null,
            other => other.clone(),
        };
        self.changed(path, shown(desired), shown(live));
    }

    /// One key of a map: a tag that was emptied is still there.
    fn push_member(&mut self, path: &str, desired: &Value, live: &Value) {
        if !self.equal(path, desired, live) {
            self.changed(path, desired.clone(), live.clone());
        }
    }

    fn changed(&mut self, path: &str, desired: Value, live: Value) {
        self.changes.push(Change {
            path: path.to_owned(),
            desired,
            live,
            added: None,
            removed: None,
            sensitive: false,
            declared: None,
        });
    }

    fn equal(&self, path: &str, desired: &Value, live: &Value) -> bool {
        self.rules.suppress_diff.is_some_and(|equal| equal(path, desired, live))
    }
}

/// Two moments, to the second: how they are written says nothing, and what is no time is no other one.
fn are_other_times(one: &Value, other: &Value) -> bool {
    let second = |value: &Value| value.as_str()?.parse::<Timestamp>().ok().map(Timestamp::as_second);
    second(one).zip(second(other)).is_some_and(|(one, other)| one != other)
}

fn elements(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}
