//! Parents repeat what their children manage (a group its rules, a role its inline policies, a bucket its policy).
//! Such a difference is the child's to report: here the parent's copy is folded away, element by element, so that an
//! element that nobody manages still stands out.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::walk::canonical_member;
use crate::model::schema::{self, Nesting, Type};
use crate::model::{Change, CompareRules, Drift, DriftStatus, OwnedField, pointer};

/// Parent kind that stands for any kind: tags managed by `aws_ec2_tag`.
pub const ANY_KIND: &str = "*";

/// Account, parent kind, parent id, attribute. Names repeat over accounts: a role `deploy` is another one in each.
type ParentAttribute = (String, String, String, String);

fn key_of(account: &str, part: &OwnedField) -> ParentAttribute {
    (account.to_owned(), part.parent_kind.to_owned(), part.parent_id.clone(), part.attribute.to_owned())
}

/// What children own, by parent and attribute.
#[derive(Debug, Default)]
pub struct OwnedFieldIndex {
    /// Parent's attribute -> canonical elements.
    elements: HashMap<ParentAttribute, HashSet<String>>,
    /// Attributes that a child owns as a whole.
    whole: HashSet<ParentAttribute>,
}

impl OwnedFieldIndex {
    /// Adds what one child of this account owns; `rules` is the parent kind's.
    pub fn add(&mut self, account: &str, part: &OwnedField, rules: &CompareRules) {
        let key = key_of(account, part);
        match &part.element {
            None => {
                self.whole.insert(key);
            }
            Some(element) => {
                self.elements.entry(key).or_default().insert(canonical(part, element, rules));
            }
        }
    }

    /// Does some child own exactly this?
    pub fn contains(&self, account: &str, part: &OwnedField, rules: &CompareRules) -> bool {
        let key = key_of(account, part);
        match &part.element {
            None => self.whole.contains(&key),
            Some(element) => {
                self.elements.get(&key).is_some_and(|known| known.contains(&canonical(part, element, rules)))
            }
        }
    }

    /// Takes out of a changed resource what children own. `true` when nothing is left of it.
    pub fn explain(&self, drift: &mut Drift) -> bool {
        if drift.status != DriftStatus::Changed {
            return false;
        }
        let (account, kind, id) = (drift.scope.account.clone(), drift.kind.clone(), drift.id.clone());
        drift.changes.retain_mut(|change| !self.explains(&account, &kind, &id, change));
        drift.changes.is_empty()
    }

    fn explains(&self, account: &str, kind: &str, id: &str, change: &mut Change) -> bool {
        let attribute = pointer::top(&change.path);
        let key = |kind: &str| (account.to_owned(), kind.to_owned(), id.to_owned(), attribute.clone());
        if self.whole.contains(&key(kind)) {
            return true;
        }
        let known: Vec<_> = [kind, ANY_KIND].iter().filter_map(|kind| self.elements.get(&key(kind))).collect();
        if known.is_empty() {
            return false;
        }
        let owned = |element: &Value| known.iter().any(|known| known.contains(&element.to_string()));
        let (Some(added), Some(removed)) = (&mut change.added, &mut change.removed) else {
            // One key of a map, or one value that a child sets.
            return match pointer::segments(&change.path).nth(1) {
                Some(map_key) => owned(&Value::from(map_key)),
                None => owned(&change.live),
            };
        };
        added.retain(|element| !owned(element));
        removed.retain(|element| !owned(element));
        added.is_empty() && removed.is_empty()
    }
}

/// The element as the comparison of the parent's attribute has it.
fn canonical(part: &OwnedField, element: &Value, rules: &CompareRules) -> String {
    let one = Value::Array(vec![element.clone()]);
    let form = schema::of(part.parent_kind).and_then(|schema| {
        let set_or_list = match (schema.block.attributes.get(part.attribute), schema.block.blocks.get(part.attribute)) {
            (Some(attribute), _) => matches!(attribute.ty, Type::Set(_) | Type::List(_)),
            (_, Some(nested)) => matches!(nested.nesting, Nesting::Set | Nesting::List),
            (None, None) => false,
        };
        let form = set_or_list.then(|| canonical_member(&schema, rules, part.attribute, &one))?;
        form.as_array()?.first().cloned()
    });
    form.unwrap_or_else(|| element.clone()).to_string()
}
