//! `*.tf.json`: the same blocks in JSON, where every level may be one object or a list of objects.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use super::{Declarations, ResourceBlock};

type Object<'a> = BTreeMap<String, &'a RawValue>;

/// What the text declares; a syntax error comes back as one line with file, line and column.
pub(super) fn declarations(text: &str, place: &str) -> Result<Declarations, String> {
    let root: &RawValue = serde_json::from_str(text).map_err(|error| {
        let message = error.to_string();
        let message = message.split(" at line ").next().unwrap_or_default();
        format!("{place}:{}:{}: {message}", error.line(), error.column())
    })?;
    let mut found = Declarations::default();
    for (kind, name, body) in labelled(root, "resource") {
        found.resources.push(ResourceBlock {
            kind,
            name,
            line: line_at(text, offset(text, body)),
            declared: objects(body).into_iter().flat_map(names).collect(),
        });
    }
    for (name, body) in objects(root).iter().flat_map(|top| members(top.get("module").copied())) {
        found.modules.extend(string(body, "source").map(|source| (name, source)));
    }
    for (name, body) in objects(root).iter().flat_map(|top| members(top.get("provider").copied())) {
        for one in objects(body).iter().filter(|_| name == "aws") {
            let get = |key: &str| one.get(key).and_then(|raw| literal(raw));
            found.providers.extend(get("region").map(|region| (get("alias"), region)));
        }
    }
    Ok(found)
}

/// The 1-based line of a byte.
pub(super) fn line_at(text: &str, at: usize) -> u32 {
    let before = text.as_bytes().get(..at).unwrap_or_default();
    u32::try_from(before.iter().filter(|byte| **byte == b'\n').count() + 1).unwrap_or(u32::MAX)
}

/// Where a raw value stands in the text that it was borrowed from.
fn offset(text: &str, raw: &RawValue) -> usize {
    (raw.get().as_ptr() as usize).saturating_sub(text.as_ptr() as usize)
}

/// The object, or the objects of a list; anything else is none.
pub(in crate::desired) fn objects(raw: &RawValue) -> Vec<Object<'_>> {
    if let Ok(one) = serde_json::from_str::<Object>(raw.get()) {
        return vec![one];
    }
    let list: Vec<&RawValue> = serde_json::from_str(raw.get()).unwrap_or_default();
    list.into_iter().filter_map(|raw| serde_json::from_str(raw.get()).ok()).collect()
}

/// Label and body of every block under a name.
pub(in crate::desired) fn members(raw: Option<&RawValue>) -> Vec<(String, &RawValue)> {
    raw.map(objects).unwrap_or_default().into_iter().flatten().collect()
}

/// A string without interpolation; numbers and bools as text.
pub(in crate::desired) fn literal(raw: &RawValue) -> Option<String> {
    match serde_json::from_str(raw.get()).ok()? {
        serde_json::Value::String(text) => (!text.contains("${")).then_some(text),
        serde_json::Value::Number(number) => Some(number.to_string()),
        serde_json::Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

fn labelled<'a>(root: &'a RawValue, block: &str) -> Vec<(String, String, &'a RawValue)> {
    let mut found = Vec::new();
    for top in objects(root) {
        for (kind, of_kind) in members(top.get(block).copied()) {
            found.extend(members(Some(of_kind)).into_iter().map(|(name, body)| (kind.clone(), name, body)));
        }
    }
    found
}

fn string(raw: &RawValue, key: &str) -> Option<String> {
    objects(raw).iter().find_map(|one| literal(one.get(key)?))
}

/// The names set in a resource's body, those under `dynamic` included.
fn names(body: Object<'_>) -> Vec<String> {
    let dynamic = members(body.get("dynamic").copied()).into_iter().map(|(name, _)| name);
    let own = body.keys().filter(|name| *name != "dynamic" && *name != "//").cloned();
    own.chain(dynamic).collect()
}
