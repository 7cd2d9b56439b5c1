//! One shape for one meaning: provider 6 writes some single objects as lists of one, and the other way round. Both sides are
//! brought into the schema's shape; scalars that changed their type (`true` and "true") are the canonical form's business.

use serde_json::Value;

use crate::model::Attributes;
use crate::model::schema::{Block, NestedBlock, Nesting, Type};

/// Brings attributes into the shape of their block.
pub(super) fn fit(block: &Block, attributes: &mut Attributes) {
    for (name, value) in attributes {
        match (block.attributes.get(name), block.blocks.get(name)) {
            (Some(attribute), _) => fit_type(&attribute.ty, value),
            (_, Some(nested)) => fit_nested(nested, value),
            (None, None) => {}
        }
    }
}

/// Attributes and blocks whose value has another shape than the schema says: nothing can be said of them.
pub(super) fn misfits(block: &Block, attributes: &Attributes) -> Vec<String> {
    let is_misfit = |name: &str, value: &Value| match (block.attributes.get(name), block.blocks.get(name)) {
        (Some(attribute), _) => !is_of_type(&attribute.ty, value),
        (_, Some(nested)) => !is_of_nested(nested, value),
        (None, None) => false,
    };
    attributes.iter().filter(|(name, value)| is_misfit(name, value)).map(|(name, _)| name.clone()).collect()
}

fn fit_nested(nested: &NestedBlock, value: &mut Value) {
    match nested.nesting {
        Nesting::List | Nesting::Set => wrap(value),
        Nesting::Single | Nesting::Group => unwrap(value),
        Nesting::Map => {
            let members = value.as_object_mut().into_iter().flat_map(|members| members.values_mut());
            members.filter_map(Value::as_object_mut).for_each(|member| fit(&nested.block, member));
            return;
        }
    }
    each(value, &mut |item| {
        if let Value::Object(members) = item {
            fit(&nested.block, members);
        }
    });
}

fn fit_type(ty: &Type, value: &mut Value) {
    match ty {
        Type::List(inner) | Type::Set(inner) => {
            if matches!(**inner, Type::Object(_)) {
                wrap(value);
            }
            if let Value::Array(items) = value {
                items.iter_mut().for_each(|item| fit_type(inner, item));
            }
        }
        Type::Map(inner) => {
            let members = value.as_object_mut().into_iter().flat_map(|members| members.values_mut());
            members.for_each(|member| fit_type(inner, member));
        }
        Type::Object(types) => {
            unwrap(value);
            let members = value.as_object_mut().into_iter().flatten();
            members.for_each(|(name, member)| {
                if let Some(ty) = types.get(name) {
                    fit_type(ty, member);
                }
            });
        }
        Type::String | Type::Number | Type::Bool | Type::Dynamic => {}
    }
}

fn wrap(value: &mut Value) {
    if value.is_object() {
        *value = Value::Array(vec![value.take()]);
    }
}

fn unwrap(value: &mut Value) {
    if let Value::Array(items) = value
        && items.len() <= 1
    {
        *value = items.pop().unwrap_or_default();
    }
}

fn each(value: &mut Value, act: &mut impl FnMut(&mut Value)) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(act),
        other => act(other),
    }
}

fn is_of_nested(nested: &NestedBlock, value: &Value) -> bool {
    let is_block = |value: &Value| value.as_object().is_some_and(|members| misfits(&nested.block, members).is_empty());
    match (nested.nesting, value) {
        (_, Value::Null) => true,
        (Nesting::List | Nesting::Set, Value::Array(items)) => items.iter().all(is_block),
        (Nesting::Single | Nesting::Group, object) => is_block(object),
        (Nesting::Map, Value::Object(members)) => members.values().all(is_block),
        _ => false,
    }
}

fn is_of_type(ty: &Type, value: &Value) -> bool {
    match (ty, value) {
        (_, Value::Null) | (Type::Dynamic, _) => true,
        (Type::List(inner) | Type::Set(inner), Value::Array(items)) => items.iter().all(|item| is_of_type(inner, item)),
        (Type::Map(inner), Value::Object(members)) => members.values().all(|member| is_of_type(inner, member)),
        (Type::Object(types), Value::Object(members)) => {
            members.iter().all(|(name, member)| types.get(name).is_none_or(|ty| is_of_type(ty, member)))
        }
        (Type::String | Type::Number | Type::Bool, scalar) => !scalar.is_array() && !scalar.is_object(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::schema;

    fn fitted(kind: &str, value: Value) -> Value {
        let Value::Object(mut attributes) = value else { panic!("no object") };
        fit(&schema::of(kind).unwrap().block, &mut attributes);
        Value::Object(attributes)
    }

    #[test]
    fn an_object_is_a_list_of_one() {
        let list = json!({"cpu_options": [{"core_count": 2}]});
        assert_eq!(fitted("aws_instance", json!({"cpu_options": {"core_count": 2}})), list);
        assert_eq!(fitted("aws_instance", list.clone()), list);
        let object = json!({"encryption_configuration": {"sse_algorithm": "AES256"}});
        let listed = json!({"encryption_configuration": [{"sse_algorithm": "AES256"}]});
        assert_eq!(fitted("aws_s3tables_table_bucket", listed), object);
        let none = fitted("aws_s3tables_table_bucket", json!({"encryption_configuration": []}));
        assert_eq!(none, json!({"encryption_configuration": null}));
    }

    #[test]
    fn another_shape_is_named() {
        let vpc = schema::of("aws_vpc").unwrap();
        let attributes =
            json!({"cidr_block": ["10.0.0.0/16"], "tags": {"a": "1"}, "enable_dns_support": "true", "new": []});
        assert_eq!(misfits(&vpc.block, attributes.as_object().unwrap()), ["cidr_block"]);
    }
}
