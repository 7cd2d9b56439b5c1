//! One form per meaning: two values are equal to Terraform exactly when their canonical forms are equal.
//! Null, absent, "", 0, false and empty collections are one; sets are sorted; JSON in strings is compared as JSON,
//! policies by meaning.

use serde_json::{Map, Number, Value};

use crate::model::policy;
use crate::model::schema::{Block, NestedBlock, Nesting, Type};

/// How the strings of an attribute are to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Text {
    /// JSON is recognised by itself.
    Plain,
    /// IAM policy documents.
    Policy,
}

/// "Not set", as the provider's plugin SDK sees it.
pub(super) fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(flag) => !flag,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
    }
}

/// The canonical form of an attribute's value.
pub(super) fn of_type(value: &Value, ty: &Type, text: Text) -> Value {
    let form = match (ty, value) {
        (_, Value::Null) => Value::Null,
        (Type::List(inner), Value::Array(items)) => {
            Value::Array(items.iter().map(|item| of_type(item, inner, text)).collect())
        }
        (Type::Set(inner), Value::Array(items)) => {
            sorted(items.iter().map(|item| of_type(item, inner, text)).collect())
        }
        // A key with an empty value is a key all the same: a tag may be a mere marker.
        (Type::Map(inner), Value::Object(members)) => Value::Object(
            members
                .iter()
                .filter(|(_, member)| !member.is_null())
                .map(|(name, member)| {
                    let form = of_type(member, inner, text);
                    (name.clone(), if form.is_null() { member.clone() } else { form })
                })
                .collect(),
        ),
        (Type::Object(types), Value::Object(members)) => pruned(members.iter().filter_map(|(name, member)| {
            Some((name.clone(), of_type(member, types.get(name)?, text))) //
        })),
        (Type::String, scalar) => string(scalar, text),
        (Type::Number, scalar) => number(scalar),
        (Type::Bool, Value::String(word)) => Value::Bool(word == "true" || word == "1"),
        (_, other) => any(other),
    };
    if is_empty(&form) { Value::Null } else { form }
}

/// The canonical form of a nested block's value (all its repetitions).
pub(super) fn of_nested(value: &Value, nested: &NestedBlock, text: Text) -> Value {
    let form = match (nested.nesting, value) {
        (Nesting::Set, Value::Array(items)) => {
            sorted(items.iter().map(|item| of_block(item, &nested.block, text)).collect())
        }
        (Nesting::List, Value::Array(items)) => {
            Value::Array(items.iter().map(|item| of_block(item, &nested.block, text)).collect())
        }
        (Nesting::Map, Value::Object(members)) => pruned(members.iter().map(|(name, member)| {
            (name.clone(), of_block(member, &nested.block, text)) //
        })),
        (_, other) => of_block(other, &nested.block, text),
    };
    // A block without anything in it is still a block: only its absence is nothing.
    if is_empty(&form) { Value::Null } else { form }
}

/// The canonical form of one block.
pub(super) fn of_block(value: &Value, block: &Block, text: Text) -> Value {
    let Value::Object(members) = value else { return Value::Null };
    pruned(members.iter().filter_map(|(name, member)| {
        let form = match (block.attributes.get(name), block.blocks.get(name)) {
            (Some(attribute), _) => of_type(member, &attribute.ty, text),
            (_, Some(nested)) => of_nested(member, nested, text),
            (None, None) => return None,
        };
        Some((name.clone(), form))
    }))
}

/// Without a type: order kept, empties dropped.
fn any(value: &Value) -> Value {
    match value {
        Value::Object(members) => pruned(members.iter().map(|(name, member)| (name.clone(), any(member)))),
        Value::Array(items) => Value::Array(items.iter().map(any).collect()),
        Value::String(_) => string(value, Text::Plain),
        Value::Number(_) => number(value),
        other => other.clone(),
    }
}

fn pruned(members: impl Iterator<Item = (String, Value)>) -> Value {
    Value::Object(members.filter(|(_, member)| !is_empty(member)).collect::<Map<_, _>>())
}

fn sorted(mut items: Vec<Value>) -> Value {
    items.sort_by_cached_key(Value::to_string);
    items.dedup();
    Value::Array(items)
}

fn string(value: &Value, text: Text) -> Value {
    let Value::String(string) = value else {
        return match value {
            Value::Number(_) => Value::String(number(value).to_string()),
            Value::Bool(_) => Value::String(value.to_string()),
            other => other.clone(),
        };
    };
    let Some(document) = document(string) else { return value.clone() };
    match text {
        Text::Policy => policy::canonical(&document),
        Text::Plain => document,
    }
}

/// The JSON object or array that a string holds.
pub(super) fn document(string: &str) -> Option<Value> {
    let start = string.trim_start().as_bytes().first()?;
    if !matches!(start, b'{' | b'[') {
        return None;
    }
    serde_json::from_str(string).ok()
}

fn number(value: &Value) -> Value {
    let parsed = match value {
        Value::String(text) => text.parse::<Number>().ok(),
        Value::Number(number) => Some(number.clone()),
        _ => None,
    };
    let Some(number) = parsed else { return value.clone() };
    match number.as_f64() {
        // 5.0 and 5 are one number; integers beyond 2^53 stay exact because they are no f64 to begin with.
        Some(float) if number.is_f64() && float.fract() == 0.0 && float.abs() < 9e15 => Value::from(float as i64),
        _ => Value::Number(number),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::schema;
    use serde_json::json;

    fn ty(cty: Value) -> Type {
        serde_json::from_value(cty).unwrap()
    }

    #[test]
    fn what_is_one_to_terraform() {
        let set = ty(json!(["set", "string"]));
        let list = ty(json!(["list", "string"]));
        let object = ty(json!(["set", ["object", {"a": "string", "n": "number", "l": ["list", "string"]}]]));
        let same = |ty: &Type, a: Value, b: Value| of_type(&a, ty, Text::Plain) == of_type(&b, ty, Text::Plain);
        assert!(same(&set, json!(["a", "b"]), json!(["b", "a"])));
        assert!(!same(&list, json!(["a", "b"]), json!(["b", "a"])));
        assert!(same(&list, json!(null), json!([])));
        assert!(same(&object, json!([{"a": "x", "n": 0, "l": []}]), json!([{"a": "x", "n": null}])));
        assert!(!same(&object, json!([{"a": "x", "n": 1}]), json!([{"a": "x"}])));
        assert!(same(&Type::Number, json!("22"), json!(22)));
        assert!(same(&Type::Number, json!(5.0), json!(5)));
        assert!(!same(&Type::Number, json!(12345678901234567890_u64), json!(12345678901234567891_u64)));
        assert!(same(&Type::Bool, json!("true"), json!(true)));
        assert!(same(&Type::Bool, json!("1"), json!(true)) && same(&Type::Bool, json!("0"), json!(false)));
        assert!(same(&Type::String, json!("true"), json!(true)));
        assert!(same(&Type::String, json!("64512"), json!(64512)) && same(&Type::String, json!("5"), json!(5.0)));
        assert!(same(&Type::String, json!("{\"a\":1,\"b\":2}"), json!("{ \"b\": 2, \"a\": 1 }")));
        assert!(!same(&Type::String, json!("{\"a\":[1,2]}"), json!("{\"a\":[2,1]}")));
    }

    #[test]
    fn a_block_with_only_defaults_is_not_two_blocks() {
        let schema = schema::of("aws_s3_bucket_versioning").unwrap();
        let nested = &schema.block.blocks["versioning_configuration"];
        let a = of_nested(&json!([{"status": "Enabled", "mfa_delete": ""}]), nested, Text::Plain);
        let b = of_nested(&json!([{"status": "Enabled"}]), nested, Text::Plain);
        assert_eq!(a, b);
    }
}
