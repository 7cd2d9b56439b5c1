//! A change as lines for people: sets by element, policies by statement, the rest as old -> new. Clean of what deceives, and short.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::text::{sanitize_output, shorten};
use crate::judge::policy;
use crate::model::Change;

/// How a line of a change is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sign {
    /// The path, or a change in one line.
    Path,
    /// Desired only.
    Removed,
    /// Live only.
    Added,
}

/// One line about a change; clean, not longer than asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    pub sign: Sign,
    pub text: String,
}

impl Sign {
    /// `-`, `+` or nothing.
    pub fn mark(self) -> &'static str {
        match self {
            Self::Path => "",
            Self::Removed => "- ",
            Self::Added => "+ ",
        }
    }
}

/// A change as lines of at most `width` characters: sets by element, policies by statement, the rest as old -> new.
pub fn lines(change: &Change, width: usize) -> Vec<Line> {
    let path = sanitize_output(&change.path);
    let head = |text: String| Line { sign: Sign::Path, text };
    if change.sensitive {
        return vec![head(format!("{path}: sensitive value differs"))];
    }
    if let (Some(removed), Some(added)) = (&change.removed, &change.added)
        && !(removed.is_empty() && added.is_empty())
    {
        return headed(path, removed, added, width);
    }
    if is_policy(&change.desired) || is_policy(&change.live) {
        let removed = policy::added_statements(&change.live, &change.desired);
        let added = policy::added_statements(&change.desired, &change.live);
        if !(removed.is_empty() && added.is_empty()) {
            return headed(path, &removed, &added, width);
        }
    }
    let (old, new) = (value(&change.desired), value(&change.live));
    let line = format!("{path}: {old} -> {new}");
    if line.chars().count() <= width {
        return vec![head(line)];
    }
    vec![
        head(path),
        Line { sign: Sign::Removed, text: shorten(&old, width.saturating_sub(2)) },
        Line { sign: Sign::Added, text: shorten(&new, width.saturating_sub(2)) },
    ]
}

fn headed(path: String, removed: &[Value], added: &[Value], width: usize) -> Vec<Line> {
    /// Elements of each sign that are shown.
    const SHOWN: usize = 8;
    let mut lines = vec![Line { sign: Sign::Path, text: path }];
    for (sign, items) in [(Sign::Removed, removed), (Sign::Added, added)] {
        for item in items.iter().take(SHOWN) {
            lines.push(Line { sign, text: shorten(&compact(item), width.saturating_sub(2)) });
        }
        if items.len() > SHOWN {
            lines.push(Line { sign, text: format!("{} more", items.len() - SHOWN) });
        }
    }
    lines
}

fn is_policy(value: &Value) -> bool {
    value.as_str().is_some_and(|text| text.trim_start().starts_with('{')) && !policy::statements(value).is_empty()
}

/// A value as people write it: `"a"`, `22`, `(none)`.
fn value(value: &Value) -> String {
    match value {
        Value::Null => "(none)".into(),
        Value::String(text) => format!("\"{}\"", sanitize_output(text)),
        other => compact(other),
    }
}

/// A block or statement on one line, without what is empty: `from_port=22 protocol=tcp cidr_blocks=[0.0.0.0/0]`.
pub fn compact(item: &Value) -> String {
    match item {
        Value::Null => "(none)".into(),
        Value::String(text) => sanitize_output(text),
        Value::Array(items) => format!("[{}]", items.iter().map(compact).collect::<Vec<_>>().join(", ")),
        Value::Object(map) => map
            .iter()
            .filter(|(_, value)| !empty(value))
            .map(|(name, value)| match value {
                Value::Object(_) => format!("{}={{{}}}", sanitize_output(name), compact(value)),
                _ => format!("{}={}", sanitize_output(name), compact(value)),
            })
            .collect::<Vec<_>>()
            .join(" "),
        other => other.to_string(),
    }
}

fn empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => map.is_empty(),
        Value::Bool(flag) => !flag,
        Value::Number(_) => false,
    }
}
