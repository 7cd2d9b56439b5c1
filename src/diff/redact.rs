//! Secrets are compared, never shown: what the provider's schema or the state marks as sensitive is replaced by a
//! marker before anything leaves the comparison.

use serde_json::Value;

use crate::model::schema::{Block, Schema};
use crate::model::{Attributes, Change, REDACTED, SensitivePath, pointer};

/// Every sensitive path of a resource: the union of the schema's and the state's.
pub(super) struct Secrets {
    pointers: Vec<Vec<String>>,
}

impl Secrets {
    /// `marked`: the state's `sensitive_attributes`.
    pub(super) fn new(schema: &Schema, marked: &[SensitivePath]) -> Self {
        let mut pointers = Vec::new();
        of_block(&schema.block, &mut Vec::new(), &mut pointers);
        pointers.extend(marked.iter().map(|path| pointer::segments(&path.0).collect()));
        Self { pointers }
    }

    /// Hides the values of sensitive changes.
    pub(super) fn hide_changes(&self, changes: &mut [Change]) {
        for change in changes {
            let path: Vec<String> = pointer::segments(&change.path).collect();
            // Either may contain the other: a secret below a change makes the whole change secret.
            change.sensitive = self.pointers.iter().any(|secret| overlap(secret, &path));
            if change.sensitive {
                for value in [&mut change.desired, &mut change.live] {
                    hide(value);
                }
                change.added = None;
                change.removed = None;
            }
        }
    }

    /// Hides sensitive values in attributes that rules and reports get to see.
    pub(super) fn hide_attributes(&self, attributes: &mut Attributes) {
        for secret in &self.pointers {
            if let Some((first, rest)) = secret.split_first()
                && let Some(value) = attributes.get_mut(first)
            {
                hide_below(value, rest);
            }
        }
    }
}

/// `*` in a schema's path stands for any element of a list or set.
fn overlap(secret: &[String], path: &[String]) -> bool {
    secret.iter().zip(path).all(|(a, b)| a == b || a == "*")
}

fn of_block(block: &Block, path: &mut Vec<String>, found: &mut Vec<Vec<String>>) {
    for (name, attribute) in &block.attributes {
        if attribute.sensitive || attribute.write_only {
            let mut pointer = path.clone();
            pointer.push(name.clone());
            found.push(pointer);
        }
    }
    for (name, nested) in &block.blocks {
        let depth = path.len();
        path.push(name.clone());
        if !matches!(nested.nesting, crate::model::schema::Nesting::Single | crate::model::schema::Nesting::Group) {
            path.push("*".to_owned());
        }
        of_block(&nested.block, path, found);
        path.truncate(depth);
    }
}

fn hide(value: &mut Value) {
    if !value.is_null() {
        *value = Value::from(REDACTED);
    }
}

fn hide_below(value: &mut Value, path: &[String]) {
    let Some((first, rest)) = path.split_first() else { return hide(value) };
    match value {
        Value::Array(items) if first == "*" => items.iter_mut().for_each(|item| hide_below(item, rest)),
        Value::Array(items) => match first.parse::<usize>().ok().and_then(|index| items.get_mut(index)) {
            Some(item) => hide_below(item, rest),
            None => hide(value),
        },
        Value::Object(members) => {
            if let Some(member) = members.get_mut(first) {
                hide_below(member, rest);
            }
        }
        Value::Null => {}
        other => hide(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::schema;
    use serde_json::json;

    fn change(path: &str) -> Change {
        let (desired, live) = (json!("old"), json!("new"));
        Change { path: path.into(), desired, live, added: None, removed: None, sensitive: false, declared: None }
    }

    #[test]
    fn schema_and_state_both_hide() {
        let schema = schema::of("aws_iam_access_key").unwrap();
        let secrets = Secrets::new(&schema, &[SensitivePath("/user".into())]);
        let mut changes = [change("/secret"), change("/user"), change("/status")];
        secrets.hide_changes(&mut changes);
        assert_eq!(changes.iter().map(|c| c.sensitive).collect::<Vec<_>>(), [true, true, false]);
        assert_eq!((&changes[0].desired, &changes[0].live), (&json!(REDACTED), &json!(REDACTED)));
        let mut attributes =
            Attributes::from_iter([("secret".to_owned(), json!("x")), ("status".to_owned(), json!("y"))]);
        secrets.hide_attributes(&mut attributes);
        assert_eq!(json!(attributes), json!({"secret": REDACTED, "status": "y"}));
    }

    #[test]
    fn a_secret_below_a_change_hides_the_change() {
        let schema = schema::of("aws_instance").unwrap();
        let secrets = Secrets::new(&schema, &[SensitivePath("/tags/key".into())]);
        let mut changes = [change("/tags"), change("/tags/key"), change("/tags/other"), change("/ami")];
        secrets.hide_changes(&mut changes);
        assert_eq!(changes.iter().map(|c| c.sensitive).collect::<Vec<_>>(), [true, true, false, false]);
    }
}
