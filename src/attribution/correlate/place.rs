//! Where a value stands in a payload: `rule.status` is not `rule.delete_marker_replication.status`, and the status of one rule is
//! not that of another.

use super::keys::keys_of;
use super::payload_values::PayloadValue;
use crate::attribution::event::{squash, text};
use crate::model::{Attributes, pointer};

/// The place of an attribute. Without anything: wherever its name stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Place {
    /// The block that it is in.
    pub holder: Option<String>,
    /// Blocks beside it: what stands in those is theirs.
    pub beside: Vec<String>,
    /// The list that the block is an element of, and which element.
    element: Option<Element>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Element {
    list: String,
    /// The attribute that identifies it, and its value.
    key: String,
    id: String,
}

/// What identifies an element of a list of blocks.
const IDENTIFYING: &[&str] = &["id", "name", "device_name"];

impl Place {
    /// The place of the value at this path of a resource.
    pub(super) fn of(path: &str, attributes: &Attributes) -> Self {
        let names: Vec<String> = pointer::segments(path).collect();
        let is_index = |name: &&String| name.parse::<usize>().is_ok();
        let mut blocks = names.iter().rev().filter(|name| !is_index(name));
        blocks.next();
        Self { holder: blocks.next().cloned(), beside: Vec::new(), element: Element::of(&names, attributes) }
    }

    /// The place of the members of an element of `block`.
    pub(super) fn inside(block: &str, members: &Attributes) -> Self {
        let is_block = |value: &serde_json::Value| {
            value.is_object() || value.as_array().is_some_and(|items| items.iter().any(serde_json::Value::is_object))
        };
        let beside = members.iter().filter(|(_, value)| is_block(value)).map(|(name, _)| name.clone()).collect();
        Self { holder: Some(block.to_owned()), beside, element: None }
    }

    /// Those of the values that stand at this place; `None`: the payload has other elements of the list, but not this one.
    pub(super) fn own<'a>(&self, named: &[&'a PayloadValue], all: &'a [PayloadValue]) -> Option<Vec<&'a PayloadValue>> {
        let mut own: Vec<&PayloadValue> = named.to_vec();
        if let Some(element) = &self.element {
            let inside = element.inside(all)?;
            own.retain(|value| inside.is_none_or(|within| value.within.starts_with(within)));
        }
        for block in &self.beside {
            let keys = keys_of(block);
            own.retain(|value| !value.within.iter().any(|key| keys.contains(key)));
        }
        if let Some(holder) = &self.holder {
            let keys = keys_of(holder);
            let distance = |value: &&PayloadValue| {
                let blocks = value.within.iter().rev().filter(|key| key.parse::<usize>().is_err());
                blocks.enumerate().find(|(_, key)| keys.contains(key)).map(|(distance, _)| distance)
            };
            if let Some(nearest) = own.iter().filter_map(distance).min() {
                own.retain(|value| distance(value) == Some(nearest));
            }
        }
        Some(own)
    }
}

impl Element {
    fn of(names: &[String], attributes: &Attributes) -> Option<Self> {
        let at = names.iter().position(|name| name.parse::<usize>().is_ok()).filter(|at| *at > 0)?;
        let index: usize = names[at].parse().ok()?;
        let mut value = attributes.get(names.first()?)?;
        for name in &names[1..at] {
            value = value.get(name)?;
        }
        let element = value.get(index)?;
        let (key, id) = IDENTIFYING.iter().find_map(|key| Some((*key, element.get(*key)?)))?;
        // What is compared cannot identify it.
        let itself = names.len() == at + 2 && names.last().is_some_and(|name| name == key);
        let id = text(id);
        (!itself && !id.is_empty()).then(|| Self { list: names[at - 1].clone(), key: squash(key), id })
    }

    /// Where this element stands; `Some(None)`: the payload does not tell elements apart; `None`: it has others only.
    fn inside<'a>(&self, all: &'a [PayloadValue]) -> Option<Option<&'a [String]>> {
        let lists = keys_of(&self.list);
        let mut ids = all
            .iter()
            .filter(|value| value.key == self.key)
            .filter(|value| {
                let block = value.within.iter().rev().find(|key| key.parse::<usize>().is_err());
                block.is_some_and(|block| lists.contains(block))
            })
            .peekable();
        if ids.peek().is_none() {
            return Some(None);
        }
        ids.find(|value| value.text == self.id).map(|value| Some(value.within.as_slice()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attribution::correlate::payload_values::{PayloadValues, ValueMatch};
    use serde_json::{Value, json};

    fn attributes(value: Value) -> Attributes {
        let Value::Object(map) = value else { panic!() };
        map
    }

    #[test]
    fn a_value_counts_at_its_own_place_only() {
        let payload = PayloadValues::of(&json!({"replicationConfiguration": {"rule": [
            {"iD": "a", "status": "Enabled", "deleteMarkerReplication": {"status": "Disabled"}},
            {"iD": "b", "status": "Disabled", "deleteMarkerReplication": {"status": "Enabled"}}]}}));
        let live = attributes(json!({"rule": [{"id": "a"}, {"id": "b"}, {"id": "c"}]}));
        let matched = |path: &str, word: &str| payload.match_value_at(&Place::of(path, &live), "status", &json!(word));
        assert_eq!(matched("/rule/0/status", "Enabled"), ValueMatch::Equal);
        assert_eq!(matched("/rule/0/status", "Disabled"), ValueMatch::Different);
        assert_eq!(matched("/rule/1/status", "Disabled"), ValueMatch::Equal);
        assert_eq!(matched("/rule/1/delete_marker_replication/0/status", "Enabled"), ValueMatch::Equal);
        assert_eq!(matched("/rule/1/delete_marker_replication/0/status", "Disabled"), ValueMatch::Different);
        assert_eq!(matched("/rule/2/status", "Enabled"), ValueMatch::Different, "another rule's");
    }
}
