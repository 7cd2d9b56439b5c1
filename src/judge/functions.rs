//! The functions that a rule's `when` may call, besides CEL's own: JSON in, JSON out, total over every input.

use cel::common::types::{CelBool, CelList, CelNull, CelString};
use cel::common::value::CowVal;
use cel::{Context, ExecutionError, Value as Cel, extractors::Arguments};
use serde_json::{Value, json};

use super::{budget, network, policy};

/// One function for `when`.
pub(super) struct Function {
    pub name: &'static str,
    pub arguments: usize,
    call: fn(&[Value]) -> Value,
}

/// All of them; documented in `rules/README.md`.
pub(super) const FUNCTIONS: &[Function] = &[
    Function { name: "cidr_is_world", arguments: 1, call: |a| network::any_world(at(a, 0)).into() },
    Function {
        name: "ports_overlap",
        arguments: 3,
        call: |a| at(a, 2).as_i64().is_some_and(|port| network::ports_overlap(at(a, 0), at(a, 1), port)).into(),
    },
    Function {
        name: "opens_port",
        arguments: 4,
        call: |a| {
            let ports: Vec<i64> = at(a, 3).as_array().into_iter().flatten().filter_map(Value::as_i64).collect();
            (!network::newly_open_ports(at(a, 0), at(a, 1), at(a, 2), &ports).is_empty()).into()
        },
    },
    Function {
        name: "opens_all_ports",
        arguments: 3,
        call: |a| network::newly_open_all(at(a, 0), at(a, 1), at(a, 2)).into(),
    },
    Function {
        name: "opens_any_port",
        arguments: 3,
        call: |a| network::newly_open_any(at(a, 0), at(a, 1), at(a, 2)).into(),
    },
    Function { name: "policy_allows_public", arguments: 1, call: |a| policy::allows_public(at(a, 0)).into() },
    Function { name: "policy_has_admin", arguments: 1, call: |a| policy::has_admin(at(a, 0)).into() },
    Function { name: "policy_has_wildcard", arguments: 1, call: |a| policy::has_wildcard(at(a, 0)).into() },
    Function { name: "policy_principals", arguments: 1, call: |a| json!(policy::allowed_principals(at(a, 0))) },
    Function { name: "policy_accounts", arguments: 1, call: |a| json!(policy::allowed_accounts(at(a, 0))) },
    Function { name: "statements", arguments: 1, call: |a| json!(policy::statements(at(a, 0))) },
    Function { name: "added_statements", arguments: 2, call: |a| json!(policy::added_statements(at(a, 0), at(a, 1))) },
    Function {
        name: "conditions_dropped",
        arguments: 2,
        call: |a| policy::conditions_dropped(at(a, 0), at(a, 1)).into(),
    },
    Function {
        name: "json",
        arguments: 1,
        call: |a| at(a, 0).as_str().and_then(|text| serde_json::from_str(text).ok()).unwrap_or(Value::Null),
    },
];

/// Adds all functions to a context.
pub(super) fn add_to(context: &mut Context<'_, '_>) {
    for function in FUNCTIONS {
        let added = context.add_function(function.name, move |Arguments(arguments): Arguments| {
            let arguments: Vec<Value> = arguments
                .iter()
                .map(|value| value.json().map_err(|e| ExecutionError::function_error(function.name, e)))
                .collect::<Result<_, _>>()?;
            budget::spend(10 + arguments.iter().map(budget::json_weight).sum::<u64>())?;
            Ok(to_cel(&(function.call)(&arguments)))
        });
        debug_assert!(added.is_ok(), "{} is CEL's own", function.name);
    }
}

/// What `expression` turns field access, `has()`, iteration and `string()` into: nothing there reads as null, never an
/// error. They hand on what they are given without copying it. The last two count the work, see `budget`.
pub(super) const TOTAL: &[(&str, usize, cel::common::functions::Function)] = &[
    ("@get", 2, get),
    ("@has", 2, has),
    ("@items", 1, items),
    ("@text", 1, text),
    ("@tick", 1, budget::tick),
    ("@pattern", 1, budget::pattern),
];

fn get<'b, 'v>(arguments: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let [container, key] = pair(arguments);
    let found = match &container {
        CowVal::Borrowed(container) => container.as_indexer().and_then(|c| c.get(key.as_ref()).ok()),
        CowVal::Owned(container) => {
            container.as_indexer().and_then(|c| c.get(key.as_ref()).ok()).map(|value| CowVal::Owned(value.into_owned()))
        }
    };
    Ok(found.unwrap_or_else(null))
}

fn has<'b, 'v>(arguments: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let [container, key] = pair(arguments);
    let found = container.as_indexer().is_some_and(|c| c.get(key.as_ref()).is_ok());
    Ok(CowVal::owned(CelBool::from(found)))
}

fn items<'b, 'v>(arguments: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let given = arguments.into_iter().next().unwrap_or_else(null);
    budget::spend(1 + budget::weight(given.as_ref(), budget::MOST_STEPS * 8) / 8)?;
    Ok(if is_null(&given) { CowVal::owned(CelList::from(Vec::new())) } else { given })
}

fn text<'b, 'v>(arguments: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let given = arguments.into_iter().next().unwrap_or_else(null);
    Ok(if is_null(&given) { CowVal::owned(CelString::from("")) } else { given })
}

fn pair<'b, 'v>(arguments: Vec<CowVal<'b, 'v>>) -> [CowVal<'b, 'v>; 2] {
    let mut arguments = arguments.into_iter();
    [arguments.next().unwrap_or_else(null), arguments.next().unwrap_or_else(null)]
}

fn null<'b, 'v>() -> CowVal<'b, 'v> {
    CowVal::owned(CelNull)
}

fn is_null(value: &CowVal<'_, '_>) -> bool {
    value.downcast_ref::<CelNull>().is_some()
}

fn at(arguments: &[Value], index: usize) -> &Value {
    arguments.get(index).unwrap_or(&Value::Null)
}

/// JSON as CEL sees it: whole numbers are `int`, so that they compare with literals.
pub(super) fn to_cel(value: &Value) -> Cel {
    match value {
        Value::Null => Cel::Null,
        Value::Bool(flag) => Cel::Bool(*flag),
        Value::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(int), _) => Cel::Int(int),
            (None, Some(uint)) => Cel::UInt(uint),
            (None, None) => Cel::Float(number.as_f64().unwrap_or_default()),
        },
        Value::String(text) => text.as_str().into(),
        Value::Array(items) => Cel::List(items.iter().map(to_cel).collect::<Vec<_>>().into()),
        Value::Object(map) => {
            let map: std::collections::HashMap<String, Cel> =
                map.iter().map(|(name, value)| (name.clone(), to_cel(value))).collect();
            map.into()
        }
    }
}
