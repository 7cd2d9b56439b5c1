//! Which keys a state holds, at every depth. A key that is not there at all was unknown to the provider that wrote the state (an
//! older or a newer one): it was not recorded, cannot have changed, and is not compared. A key that is there and null was
//! recorded as empty, and is compared.
//!
//! By the schema: keys of maps (tags) are data. Of a list or set, a key counts as recorded when any of its elements has it.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::model::Attributes;
use crate::model::schema::{Block, NestedBlock, Nesting, Type};

/// The keys of a value that were recorded.
#[derive(Debug, PartialEq)]
pub(super) enum Recorded {
    /// Nothing can be left out: a scalar, data, or a list without an element to go by.
    All,
    /// Of an object, or of every object of a list or set: these keys, with what stands below each.
    Keys(BTreeMap<String, Recorded>),
    /// Of every value of a map.
    Each(Box<Recorded>),
}

impl Recorded {
    /// What the state of a resource holds.
    pub(super) fn of(block: &Block, desired: &Attributes) -> Self {
        keys(block, &[desired])
    }

    /// Was this key recorded?
    pub(super) fn has(&self, name: &str) -> bool {
        match self {
            Self::Keys(keys) => keys.contains_key(name),
            Self::All | Self::Each(_) => true,
        }
    }

    /// Takes out of the member `name` of a resource what was not recorded below it.
    pub(super) fn prune_member(&self, name: &str, value: &mut Value) {
        if let Self::Keys(keys) = self
            && let Some(below) = keys.get(name)
        {
            below.prune(value);
        }
    }

    fn prune(&self, value: &mut Value) {
        match (self, value) {
            (Self::All, _) => {}
            (Self::Keys(_), Value::Array(items)) => items.iter_mut().for_each(|item| self.prune(item)),
            (Self::Keys(keys), Value::Object(members)) => {
                members.retain(|name, _| keys.contains_key(name));
                for (name, member) in members {
                    self.prune_member(name, member);
                }
            }
            (Self::Each(below), Value::Object(members)) => members.values_mut().for_each(|member| below.prune(member)),
            _ => {}
        }
    }
}

/// The keys of objects that one block describes; all of them together.
fn keys(block: &Block, objects: &[&Attributes]) -> Recorded {
    if objects.is_empty() {
        return Recorded::All;
    }
    let below = |name: &str, values: &[&Value]| match (block.attributes.get(name), block.blocks.get(name)) {
        (Some(attribute), _) => of_type(&attribute.ty, values),
        (_, Some(nested)) => of_nested(nested, values),
        (None, None) => Recorded::All,
    };
    members(objects, below)
}

fn of_nested(nested: &NestedBlock, values: &[&Value]) -> Recorded {
    match nested.nesting {
        Nesting::Map => Recorded::Each(Box::new(keys(&nested.block, &objects(&map_values(values))))),
        _ => keys(&nested.block, &objects(&items(values))),
    }
}

fn of_type(ty: &Type, values: &[&Value]) -> Recorded {
    match ty {
        Type::List(inner) | Type::Set(inner) => of_type(inner, &items(values)),
        Type::Map(inner) => match of_type(inner, &map_values(values)) {
            Recorded::All => Recorded::All,
            below => Recorded::Each(Box::new(below)),
        },
        Type::Object(types) => match objects(values).as_slice() {
            [] => Recorded::All,
            objects => members(objects, |name, values| types.get(name).map_or(Recorded::All, |ty| of_type(ty, values))),
        },
        Type::String | Type::Number | Type::Bool | Type::Dynamic => Recorded::All,
    }
}

fn members(objects: &[&Attributes], below: impl Fn(&str, &[&Value]) -> Recorded) -> Recorded {
    let mut values: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
    for (name, value) in objects.iter().flat_map(|object| object.iter()) {
        values.entry(name).or_default().push(value);
    }
    Recorded::Keys(values.into_iter().map(|(name, values)| (name.to_owned(), below(name, &values))).collect())
}

/// The elements of lists; what is no list is one element.
fn items<'a>(values: &[&'a Value]) -> Vec<&'a Value> {
    let each = |value: &'a Value| match value {
        Value::Array(items) => items.iter().collect(),
        other => vec![other],
    };
    values.iter().copied().flat_map(each).collect()
}

fn map_values<'a>(values: &[&'a Value]) -> Vec<&'a Value> {
    values.iter().filter_map(|value| value.as_object()).flat_map(|members| members.values()).collect()
}

fn objects<'a>(values: &[&'a Value]) -> Vec<&'a Attributes> {
    values.iter().filter_map(|value| value.as_object()).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::schema;

    fn pruned(kind: &str, desired: Value, name: &str, mut live: Value) -> Value {
        let schema = schema::of(kind).unwrap();
        Recorded::of(&schema.block, desired.as_object().unwrap()).prune_member(name, &mut live);
        live
    }

    #[test]
    fn absent_is_not_null() {
        let schema = schema::of("aws_vpc").unwrap();
        let desired = json!({"cidr_block": null});
        let recorded = Recorded::of(&schema.block, desired.as_object().unwrap());
        assert!(recorded.has("cidr_block") && !recorded.has("instance_tenancy"));
    }

    #[test]
    fn blocks_and_elements() {
        let metadata = json!({"metadata_options": [{"http_tokens": "required"}]});
        let live = json!([{"http_tokens": "optional", "http_protocol_ipv6": "disabled"}]);
        assert_eq!(pruned("aws_instance", metadata, "metadata_options", live), json!([{"http_tokens": "optional"}]));
        // A set of objects: any element will do.
        let routes = json!({"route": [{"cidr_block": "a"}, {"cidr_block": "b", "gateway_id": null}]});
        let live = json!([{"cidr_block": "a", "gateway_id": "igw-1", "odb_network_arn": ""}]);
        assert_eq!(
            pruned("aws_route_table", routes, "route", live.clone()),
            json!([{"cidr_block": "a", "gateway_id": "igw-1"}])
        );
        // Nothing to go by.
        assert_eq!(pruned("aws_route_table", json!({"route": []}), "route", live.clone()), live);
    }

    #[test]
    fn at_any_depth() {
        let kind = "aws_s3_bucket_server_side_encryption_configuration";
        let desired = json!({"rule": [{"apply_server_side_encryption_by_default": [{"sse_algorithm": "AES256"}]}]});
        let live = json!([{"apply_server_side_encryption_by_default": [{"sse_algorithm": "AES256", "kms_master_key_id": "k"}],
            "blocked_encryption_types": ["SSE-C"]}]);
        assert_eq!(
            pruned(kind, desired, "rule", live),
            json!([{"apply_server_side_encryption_by_default": [{"sse_algorithm": "AES256"}]}])
        );
    }

    #[test]
    fn keys_of_maps_are_data() {
        let live = json!({"a": "1", "b": "2"});
        assert_eq!(pruned("aws_vpc", json!({"tags": {"a": "1"}}), "tags", live.clone()), live);
        let devices = json!({"root_block_device": [{"tags": {"a": "1"}}]});
        let live = json!([{"tags": {"b": "2"}, "volume_size": 8}]);
        assert_eq!(pruned("aws_instance", devices, "root_block_device", live), json!([{"tags": {"b": "2"}}]));
    }
}
