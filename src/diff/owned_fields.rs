//! Parents repeat what their children manage (a group its rules, a role its inline policies, a bucket its policy).
//! Such a difference is the child's to report: here the parent's copy is folded away, element by element, so that an
//! element that nobody manages still stands out.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::canonical::{self, Text};
use super::default_acl;
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
    /// Parent's attribute -> canonical elements, as the states have the children.
    elements: HashMap<ParentAttribute, HashSet<String>>,
    /// The same, as the children are live.
    live_elements: HashMap<ParentAttribute, HashSet<String>>,
    /// Attributes that a child owns as a whole.
    whole: HashSet<ParentAttribute>,
}

/// Attributes of which a child's state cannot name its element, only what is live can.
const NAMED_BY_LIVE_CHILDREN: &[(&str, &str)] = &[("aws_instance", "ebs_block_device")];

impl OwnedFieldIndex {
    /// Adds what one child of this account owns by its state; `rules` is the parent kind's.
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

    /// Adds what one child of this account owns as it is live.
    pub fn add_live(&mut self, account: &str, part: &OwnedField, rules: &CompareRules) {
        if let Some(element) = &part.element {
            self.live_elements.entry(key_of(account, part)).or_default().insert(canonical(part, element, rules));
        }
    }

    /// What changed resources show as added.
    pub fn added(drifts: &[Drift]) -> Self {
        let mut index = Self::default();
        for drift in drifts.iter().filter(|drift| drift.status == DriftStatus::Changed) {
            for change in &drift.changes {
                let (account, kind, id) = (&drift.scope.account, &drift.kind, &drift.id);
                let key = (account.clone(), kind.clone(), id.clone(), pointer::top(&change.path));
                match &change.added {
                    Some(added) => index.elements.entry(key).or_default().extend(added.iter().map(Value::to_string)),
                    None => _ = index.whole.insert(key),
                }
            }
        }
        index
    }

    /// Does some child own exactly this?
    pub fn contains(&self, account: &str, part: &OwnedField, rules: &CompareRules) -> bool {
        let key = key_of(account, part);
        let Some(element) = &part.element else { return self.whole.contains(&key) };
        let element = canonical(part, element, rules);
        [&self.elements, &self.live_elements]
            .iter()
            .any(|of| of.get(&key).is_some_and(|known| known.contains(&element)))
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
        let key = |kind: &str, id: &str| (account.to_owned(), kind.to_owned(), id.to_owned(), attribute.clone());
        // Where the code names the subnets, Terraform puts back any other.
        let is_default_acl = (kind, attribute.as_str()) == (default_acl::KIND, default_acl::SUBNETS);
        if is_default_acl && change.declared == Some(true) {
            return false;
        }
        if is_default_acl {
            let none = HashSet::new();
            let of = |attribute: &str| {
                let key = (account.to_owned(), kind.to_owned(), default_acl::ANY.to_owned(), attribute.to_owned());
                self.elements.get(&key).unwrap_or(&none)
            };
            return default_acl::explains(change, of(default_acl::SUBNETS), of(default_acl::DECLARED_SUBNETS));
        }
        if self.whole.contains(&key(kind, id)) {
            return true;
        }
        let mut known: Vec<_> = [kind, ANY_KIND].iter().filter_map(|kind| self.elements.get(&key(kind, id))).collect();
        // What a child is live explains its parent where the two are known to share: the code does not say that the parent has it
        // for itself, and the state of a child names a part of it.
        let shared = !known.is_empty() && change.declared != Some(true);
        if shared || NAMED_BY_LIVE_CHILDREN.contains(&(kind, attribute.as_str())) {
            known.extend([kind, ANY_KIND].iter().filter_map(|kind| self.live_elements.get(&key(kind, id))));
        }
        if known.is_empty() {
            return false;
        }
        let owned = |element: &Value| known.iter().any(|known| known.contains(&element.to_string()));
        let (Some(added), Some(removed)) = (&mut change.added, &mut change.removed) else {
            // One key of a map, or one value that a child sets.
            return match pointer::segments(&change.path).nth(1) {
                Some(map_key) => owned(&Value::from(map_key)),
                None => scalar_forms(kind, &attribute, &change.live).iter().any(owned),
            };
        };
        added.retain(|element| !owned(element));
        removed.retain(|element| !owned(element));
        added.is_empty() && removed.is_empty()
    }
}

/// A value that is no collection, in the forms that it can have under the rules of its kind.
fn scalar_forms(kind: &str, attribute: &str, value: &Value) -> Vec<Value> {
    let ty = schema::of(kind).and_then(|schema| Some(schema.block.attributes.get(attribute)?.ty.clone()));
    match ty {
        Some(ty) => [Text::Plain, Text::Policy].map(|text| canonical::of_type(value, &ty, text)).into(),
        None => vec![value.clone()],
    }
}

/// The element as the comparison of the parent's attribute has it.
fn canonical(part: &OwnedField, element: &Value, rules: &CompareRules) -> String {
    let form = schema::of(part.parent_kind).and_then(|schema| {
        let collection = match (schema.block.attributes.get(part.attribute), schema.block.blocks.get(part.attribute)) {
            // Of a map, the element is a key.
            (Some(attribute), _) if matches!(attribute.ty, Type::Map(_)) => return None,
            (Some(attribute), _) => matches!(attribute.ty, Type::Set(_) | Type::List(_)),
            (_, Some(nested)) => matches!(nested.nesting, Nesting::Set | Nesting::List),
            (None, None) => return None,
        };
        if !collection {
            return Some(canonical_member(&schema, rules, part.attribute, element));
        }
        let one = Value::Array(vec![element.clone()]);
        canonical_member(&schema, rules, part.attribute, &one).as_array()?.first().cloned()
    });
    form.unwrap_or_else(|| element.clone()).to_string()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::{Attributes, Scope};

    fn changed(kind: &str, id: &str, change: Change) -> Drift {
        Drift {
            status: DriftStatus::Changed,
            kind: kind.to_owned(),
            id: id.to_owned(),
            scope: Scope::new("123456789012", "global"),
            desired: Some(0),
            reason: None,
            changes: vec![change],
            made: Vec::new(),
            desired_attributes: Attributes::new(),
            live_attributes: Attributes::new(),
        }
    }

    fn attached(role: &str, arn: &str) -> OwnedField {
        OwnedField {
            parent_kind: "aws_iam_role",
            parent_id: role.to_owned(),
            attribute: "managed_policy_arns",
            element: Some(arn.into()),
        }
    }

    fn one_more(arn: &str, declared: Option<bool>) -> Change {
        Change {
            path: "/managed_policy_arns".into(),
            desired: json!([]),
            live: json!([arn]),
            added: Some(vec![arn.into()]),
            removed: Some(Vec::new()),
            sensitive: false,
            declared,
        }
    }

    /// `aws_iam_policy_attachment` names all roles of a policy: one that somebody adds by hand is in its live form only.
    #[test]
    fn a_live_form_explains_only_parents_that_the_state_shares() {
        let rules = CompareRules::default();
        let mut index = OwnedFieldIndex::default();
        index.add("123456789012", &attached("open", "arn:own"), &rules);
        for role in ["open", "closed"] {
            index.add_live("123456789012", &attached(role, "arn:hand"), &rules);
        }
        let explained =
            |role: &str, arn, declared| index.explain(&mut changed("aws_iam_role", role, one_more(arn, declared)));
        assert!(explained("open", "arn:own", None) && explained("open", "arn:hand", None));
        assert!(!explained("closed", "arn:hand", None), "its state has no policy, and no child's state gives it one");
        assert!(!explained("open", "arn:hand", Some(true)), "the code says which it has");
        assert!(explained("open", "arn:own", Some(true)));
        assert!(
            index.contains("123456789012", &attached("closed", "arn:hand"), &rules),
            "somebody declares it all the same"
        );
    }

    #[test]
    fn what_a_changed_parent_shows_as_added() {
        let index = OwnedFieldIndex::added(&[changed("aws_iam_role", "app", one_more("arn:hand", None))]);
        let shows =
            |role: &str, arn: &str| index.contains("123456789012", &attached(role, arn), &CompareRules::default());
        assert!(shows("app", "arn:hand") && !shows("app", "arn:other") && !shows("web", "arn:hand"));
    }

    /// A child that no reader reads sets a value of its parent: another value is somebody else's.
    #[test]
    fn a_value_that_a_child_sets_is_compared_by_meaning() {
        let policy = |action: &str| json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": action, "Resource": "*"}]});
        let part = OwnedField {
            parent_kind: "aws_vpc_endpoint",
            parent_id: "vpce-1".to_owned(),
            attribute: "policy",
            element: Some(policy("s3:GetObject").to_string().into()),
        };
        let mut index = OwnedFieldIndex::default();
        index.add("123456789012", &part, &CompareRules { policies: &["policy"], ..CompareRules::default() });
        let explained = |live: String| {
            let change = Change {
                path: "/policy".into(),
                desired: json!(policy("*").to_string()),
                live: live.into(),
                added: None,
                removed: None,
                sensitive: false,
                declared: None,
            };
            index.explain(&mut changed("aws_vpc_endpoint", "vpce-1", change))
        };
        assert!(explained(policy("s3:GetObject").to_string().replace("\"s3:GetObject\"", "[ \"s3:GetObject\" ]")));
        assert!(!explained(policy("s3:*").to_string()));
    }
}
