//! `sensitive_attributes` of an instance -> JSON Pointers.

use serde_json::Value;
use serde_json::value::RawValue;

use crate::model::{Attributes, SensitivePath, pointer};

/// The marked paths. A step that is neither a name, a string key nor a list index (an element of a set) ends its path,
/// so that the mark covers the whole set. What cannot be understood at all covers every attribute: a secret is never
/// shown because a mark was new to us.
pub(super) fn paths(marks: Option<&RawValue>, attributes: &RawValue) -> Vec<SensitivePath> {
    let Some(marks) = marks else { return Vec::new() };
    let understood = match serde_json::from_str::<Value>(marks.get()) {
        Ok(Value::Null) => return Vec::new(),
        Ok(Value::Array(marks)) => marks.iter().map(one).collect::<Option<Vec<_>>>(),
        _ => None,
    };
    let mut paths = understood.unwrap_or_else(|| everything(attributes));
    paths.sort_unstable_by(|a, b| a.0.cmp(&b.0));
    paths.dedup();
    paths
}

fn one(mark: &Value) -> Option<SensitivePath> {
    let mut path = String::new();
    for step in mark.as_array()? {
        let Some(segment) = segment(step) else { break };
        path = pointer::join(&path, &segment);
    }
    // A mark on nothing we can name would cover the whole resource.
    (!path.is_empty()).then_some(SensitivePath(path))
}

/// `{"type":"get_attr","value":"tags"}` or `{"type":"index","value":{"value":"k","type":"string"}}`.
fn segment(step: &Value) -> Option<String> {
    let value = step.get("value")?;
    match step.get("type")?.as_str()? {
        "get_attr" => value.as_str().map(str::to_owned),
        "index" => match (value.get("type")?.as_str()?, value.get("value")?) {
            ("string", Value::String(key)) => Some(key.clone()),
            ("number", Value::Number(index)) => index.as_u64().map(|index| index.to_string()),
            _ => None,
        },
        _ => None,
    }
}

fn everything(attributes: &RawValue) -> Vec<SensitivePath> {
    let attributes: Attributes = serde_json::from_str(attributes.get()).unwrap_or_default();
    attributes.keys().map(|name| SensitivePath(pointer::join("", name))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(marks: &str) -> Vec<String> {
        let marks = RawValue::from_string(marks.to_owned()).unwrap();
        let attributes = RawValue::from_string(r#"{"id":"x","a/b":"y"}"#.to_owned()).unwrap();
        paths(Some(&marks), &attributes).into_iter().map(|path| path.0).collect()
    }

    #[test]
    fn marks_become_pointers() {
        let table: [(&str, &[&str]); 8] = [
            ("null", &[]),
            ("[]", &[]),
            (r#"[[{"type":"get_attr","value":"password"}]]"#, &["/password"]),
            (
                r#"[[{"type":"get_attr","value":"tags"},{"type":"index","value":{"value":"a/b~","type":"string"}}]]"#,
                &["/tags/a~1b~0"],
            ),
            (
                r#"[[{"type":"get_attr","value":"setting"},{"type":"index","value":{"value":2,"type":"number"}},{"type":"get_attr","value":"value"}]]"#,
                &["/setting/2/value"],
            ),
            (
                r#"[[{"type":"get_attr","value":"ingress"},{"type":"index","value":{"value":{"x":1},"type":["object",{"x":"number"}]}},{"type":"get_attr","value":"x"}]]"#,
                &["/ingress"],
            ),
            (r#"[[{"type":"of the future"}]]"#, &["/a~1b", "/id"]),
            (r#"{"new":"shape"}"#, &["/a~1b", "/id"]),
        ];
        for (marks, expected) in table {
            assert_eq!(of(marks), expected, "{marks}");
        }
    }
}
