//! `attributes_flat`, the map of strings that states written before Terraform 0.12 hold: `tags.%`, `tags.Name`,
//! `ingress.#`, `ingress.123.from_port`. Only scalars, maps and lists or sets of scalars are converted, typed by the
//! provider's schema; blocks are not, because only the provider knows how to upgrade those.
//!
//! A key that is absent here may have been empty (the writer left null out, but wrote "", "0", "false" and the count of an empty
//! list) or unknown to the provider of that day: nothing tells which. As everywhere, what is absent was not recorded and is
//! not compared, and the state says so in a warning; a false alarm for every attribute that came since 2019 would be worse.

use std::collections::BTreeMap;

use serde_json::{Number, Value};

use crate::model::Attributes;
use crate::model::schema::{self, Type};

/// The nested attributes, or what is readable of them and the name of the first attribute that is not.
pub(super) fn expand(kind: &str, flat: &BTreeMap<String, Option<String>>) -> Result<Attributes, (Attributes, String)> {
    let schema = schema::of(kind);
    let type_of = |name: &str| schema.as_ref().and_then(|s| s.block.attributes.get(name)).map(|a| &a.ty);
    let mut nested = Attributes::new();
    let mut unreadable = None;
    for (key, text) in flat {
        let (name, rest) = key.split_once('.').map_or((key.as_str(), None), |(name, rest)| (name, Some(rest)));
        let value = match (rest, type_of(name)) {
            (None, Some(Type::List(_) | Type::Set(_) | Type::Map(_) | Type::Object(_)) | None) if name != "id" => None,
            (None, ty) => scalar(text.as_deref(), ty),
            (Some("#"), Some(Type::List(_) | Type::Set(_))) => {
                nested.entry(name).or_insert_with(|| Value::Array(Vec::new()));
                continue;
            }
            (Some("%"), Some(Type::Map(_))) => {
                nested.entry(name).or_insert_with(|| Value::Object(Attributes::new()));
                continue;
            }
            (Some(rest), Some(Type::Map(inner))) => scalar(text.as_deref(), Some(inner)).map(|value| {
                let mut map = nested.get(name).and_then(Value::as_object).cloned().unwrap_or_default();
                map.insert(rest.to_owned(), value);
                Value::Object(map)
            }),
            (Some(rest), Some(Type::List(inner) | Type::Set(inner))) if !rest.contains('.') => {
                scalar(text.as_deref(), Some(inner)).map(|value| {
                    let mut list = nested.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
                    list.push(value);
                    Value::Array(list)
                })
            }
            // The empty count of a block says nothing wrong.
            (Some("#" | "%"), None) if text.as_deref() == Some("0") => continue,
            _ => None,
        };
        match value {
            Some(value) => _ = nested.insert(name.to_owned(), value),
            None => unreadable = unreadable.or_else(|| Some(name.to_owned())),
        }
    }
    // The keys come sorted as text: ten elements or more of a list would be out of order.
    for (name, value) in &mut nested {
        if let (Some(Type::List(_)), Value::Array(list)) = (type_of(name), value)
            && list.len() > 10
        {
            unreadable = unreadable.or_else(|| Some(name.clone()));
        }
    }
    match unreadable {
        None => Ok(nested),
        Some(name) => Err((nested, name)),
    }
}

fn scalar(text: Option<&str>, ty: Option<&Type>) -> Option<Value> {
    let Some(text) = text else { return Some(Value::Null) };
    match ty {
        Some(Type::String) | None => Some(Value::String(text.to_owned())),
        Some(Type::Bool) => text.parse().ok().map(Value::Bool),
        Some(Type::Number) => text.parse::<Number>().ok().map(Value::Number),
        Some(Type::Dynamic | Type::List(_) | Type::Set(_) | Type::Map(_) | Type::Object(_)) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flat(pairs: &[(&str, &str)]) -> BTreeMap<String, Option<String>> {
        pairs.iter().map(|(k, v)| ((*k).to_owned(), Some((*v).to_owned()))).collect()
    }

    #[test]
    fn simple_attributes_are_typed_by_the_schema() {
        let nested = expand(
            "aws_sqs_queue",
            &flat(&[("id", "q"), ("delay_seconds", "5"), ("fifo_queue", "false"), ("tags.%", "1"), ("tags.a.b", "12")]),
        )
        .unwrap();
        assert_eq!(
            Value::Object(nested),
            serde_json::json!({"id": "q", "delay_seconds": 5, "fifo_queue": false, "tags": {"a.b": "12"}})
        );
    }

    #[test]
    fn blocks_are_left_to_a_gap() {
        let (nested, name) = expand(
            "aws_security_group",
            &flat(&[("id", "sg-1"), ("timeouts.#", "0"), ("lifecycle_rule.#", "1"), ("lifecycle_rule.0.x", "1")]),
        )
        .unwrap_err();
        assert_eq!(name, "lifecycle_rule");
        assert_eq!(nested.get("id"), Some(&Value::from("sg-1")));
    }
}
