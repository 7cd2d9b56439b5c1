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
    holder: Option<String>,
    /// Blocks around that one: what stands in those, but not in the holder, is theirs.
    around: Vec<String>,
    /// Blocks beside it: what stands in those is theirs.
    beside: Vec<String>,
    /// It is in no block: of values with one name the outermost is meant.
    outermost: bool,
    /// The list that the block is an element of, and which element.
    element: Option<Element>,
    /// What it must stand in: one element of a payload's list. Empty: anywhere.
    within: Vec<String>,
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
        let mut blocks: Vec<String> = names.iter().filter(|name| !is_index(name)).cloned().collect();
        blocks.pop();
        let holder = blocks.pop();
        let element = Element::of(&names, attributes);
        Self { outermost: holder.is_none(), around: blocks, holder, element, ..Self::default() }
    }

    /// Anywhere in one element of a payload's list.
    pub(super) fn within(element: &[String]) -> Self {
        Self { within: element.to_vec(), ..Self::default() }
    }

    /// The place of the members of an element of `block`, inside this one.
    pub(super) fn inside(&self, block: &str, members: &Attributes) -> Self {
        let is_block = |value: &serde_json::Value| {
            value.is_object() || value.as_array().is_some_and(|items| items.iter().any(serde_json::Value::is_object))
        };
        let beside = members.iter().filter(|(_, value)| is_block(value)).map(|(name, _)| name.clone()).collect();
        let around = self.around.iter().chain(&self.holder).cloned().collect();
        Self { holder: Some(block.to_owned()), around, beside, within: self.within.clone(), ..Self::default() }
    }

    /// Does the value stand where this place is looked for?
    pub(super) fn holds(&self, value: &PayloadValue) -> bool {
        value.within.starts_with(&self.within)
    }

    /// Those of the values that stand at this place; `None`: the payload has other elements of the list, but not this one.
    pub(super) fn own<'a>(&self, named: &[&'a PayloadValue], all: &'a [PayloadValue]) -> Option<Vec<&'a PayloadValue>> {
        let mut own: Vec<&PayloadValue> = named.iter().copied().filter(|value| self.holds(value)).collect();
        if let Some(element) = &self.element {
            let inside = element.inside(all)?;
            own.retain(|value| inside.is_none_or(|within| value.within.starts_with(within)));
        }
        for block in &self.beside {
            let keys = keys_of(block);
            own.retain(|value| !value.within.iter().any(|key| keys.contains(key)));
        }
        if self.outermost {
            let depth =
                |one: &&PayloadValue| own.iter().filter(|two| two.key == one.key).map(|two| two.within.len()).min();
            let outermost: Vec<&PayloadValue> =
                own.iter().copied().filter(|value| depth(value) == Some(value.within.len())).collect();
            own = outermost;
        }
        if let Some(holder) = &self.holder {
            let keys = keys_of(holder);
            let distance = |value: &&PayloadValue| {
                let blocks = value.within.iter().rev().filter(|key| !is_index(key));
                blocks.enumerate().find(|(_, key)| keys.contains(key)).map(|(distance, _)| distance)
            };
            match own.iter().filter_map(distance).min() {
                Some(nearest) => own.retain(|value| distance(value) == Some(nearest)),
                None => {
                    let around: Vec<String> = self.around.iter().flat_map(|block| keys_of(block)).collect();
                    own.retain(|value| !value.within.iter().any(|key| around.contains(key)));
                }
            }
        }
        Some(own)
    }
}

fn is_index(name: &str) -> bool {
    name.parse::<usize>().is_ok()
}

impl Element {
    fn of(names: &[String], attributes: &Attributes) -> Option<Self> {
        let at = names.iter().position(|name| is_index(name)).filter(|at| *at > 0)?;
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
                let block = value.within.iter().rev().find(|key| !is_index(key));
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

    #[test]
    fn what_a_block_does_not_say_is_not_said_by_those_around_or_inside() {
        let matched = |payload: Value, path: &str, name: &str, value: Value| {
            let live = attributes(json!({"rule": [{"id": "a"}]}));
            PayloadValues::of(&payload).match_value_at(&Place::of(path, &live), name, &value)
        };
        let rule = json!({"replicationConfiguration": {"rule": {"iD": "a", "status": "Enabled"}}});
        let markers = "/rule/0/delete_marker_replication/0/status";
        assert_eq!(matched(rule.clone(), markers, "status", json!("Enabled")), ValueMatch::Absent);
        assert_eq!(matched(rule, "/rule/0/status", "status", json!("Enabled")), ValueMatch::Equal);
        // A call that has no blocks at all is about the block that it names in its own way.
        let flat = json!({"httpTokens": "optional"});
        assert_eq!(
            matched(flat, "/metadata_options/0/http_tokens", "http_tokens", json!("optional")),
            ValueMatch::Equal
        );
        let inventory = json!({"inventoryConfiguration": {"destination": {"s3BucketDestination": {"format": "CSV"}}}});
        let format = "/destination/0/bucket/0/format";
        assert_eq!(matched(inventory, format, "format", json!("CSV")), ValueMatch::Equal);
        let distribution = json!({"distributionConfig": {"enabled": true, "logging": {"enabled": false}}});
        assert_eq!(matched(distribution.clone(), "/enabled", "enabled", json!(false)), ValueMatch::Different);
        assert_eq!(matched(distribution, "/enabled", "enabled", json!(true)), ValueMatch::Equal);
        // Another rule's target is not this rule's, however unlike all else it is.
        let two = json!({"rule": [{"iD": "a", "destination": {}}, {"iD": "b", "destination": {"bucket": "arn:aws:s3:::other-1"}}]});
        assert_eq!(
            matched(two, "/rule/0/destination/0/bucket", "bucket", json!("arn:aws:s3:::other-1")),
            ValueMatch::Absent
        );
    }
}
