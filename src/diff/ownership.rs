//! Who owns what, over all sources: decides whether a live resource that was not asked for is unmanaged.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::KindFacts;
use super::companion_objects;
use super::owned_fields::OwnedFieldIndex;
use super::unread_children;
use super::walk::canonical_member;
use crate::model::schema;
use crate::model::{Attributes, Desired, Live, OwnedField, Owner, is_unique_id};

/// All desired resources of a run, indexed for ownership.
pub struct OwnershipIndex<'a> {
    /// (account, kind, id) -> the resource.
    by_id: HashMap<(&'a str, &'a str, &'a str), &'a Desired>,
    /// Ids and ARNs that AWS gives out once, whatever the kind: of the resources, and of what came with them.
    objects: HashSet<String>,
    owned_fields: OwnedFieldIndex,
    kinds: &'a HashMap<&'static str, KindFacts>,
}

impl<'a> OwnershipIndex<'a> {
    /// `account`: that of resources which name none.
    pub fn new(resources: &'a [Desired], kinds: &'a HashMap<&'static str, KindFacts>, account: &'a str) -> Self {
        let mut ownership =
            Self { by_id: HashMap::new(), objects: HashSet::new(), owned_fields: OwnedFieldIndex::default(), kinds };
        for resource in resources {
            let account = resource.account.as_deref().unwrap_or(account);
            ownership.by_id.insert((account, &resource.kind, &resource.id), resource);
            if is_unique_id(&resource.id) {
                ownership.objects.insert(resource.id.clone());
            }
            let attributes = resource.attributes();
            // Where ids are not unique, or another form than what is imported, the ARN is.
            ownership.objects.extend(attributes.get("arn").and_then(Value::as_str).map(str::to_owned));
            ownership.objects.extend(companion_objects::ids(&resource.kind, &attributes));
            let owned_fields = match kinds.get(&*resource.kind) {
                Some(kind) => (kind.owned_fields)(kind.name, &attributes),
                None => {
                    let instances = resources.iter().filter(|one| &*one.kind == "aws_instance");
                    let instances = instances.map(|one| (one.id.as_str(), one.attributes()));
                    let mut owned_fields = unread_children::owned_fields(&resource.kind, &attributes);
                    owned_fields.extend(unread_children::owned_fields_of_instances(
                        &resource.kind,
                        &attributes,
                        instances,
                    ));
                    owned_fields
                }
            };
            for part in owned_fields {
                ownership.owned_fields.add(account, &part, &ownership.rules(part.parent_kind));
            }
        }
        ownership
    }

    /// What desired children own in their parents.
    pub fn owned_fields(&self) -> &OwnedFieldIndex {
        &self.owned_fields
    }

    /// Adds what the live form of children owns, each with its account.
    pub fn add_live_owned_fields(&mut self, owned_fields: &[(String, OwnedField)]) {
        for (account, part) in owned_fields {
            let rules = self.rules(part.parent_kind);
            self.owned_fields.add_live(account, part, &rules);
        }
    }

    /// Nobody declares it, AWS did not make it, and no managed resource owns it.
    pub fn is_unmanaged(&self, kind: &KindFacts, account: &str, live: &Live) -> bool {
        match &live.owner {
            Owner::Aws(_) | Owner::Account(_) => false,
            Owner::Parent { id, .. } => {
                let declared = |parent: &&str| self.by_id.contains_key(&(account, *parent, id.as_str()));
                // A reader of single resources lists the children of a parent whether they are declared or not.
                let own = self.by_id.contains_key(&(account, kind.name, live.id.as_str()));
                !own && kind.parent_kinds.iter().any(declared) && !self.is_owned(kind, account, &live.attributes)
            }
            Owner::None => {
                let arn = live.attributes.get("arn").and_then(Value::as_str).unwrap_or_default();
                let known = |object: &str| is_unique_id(object) && self.objects.contains(object);
                !known(&live.id) && !known(arn)
            }
        }
    }

    /// Another kind of resource declares the same attachment, or the owner's own attribute shows it.
    pub fn is_owned(&self, kind: &KindFacts, account: &str, attributes: &Attributes) -> bool {
        (kind.owned_fields)(kind.name, attributes).iter().any(|part| {
            let rules = self.rules(part.parent_kind);
            self.owned_fields.contains(account, part, &rules) || self.owner_shows(account, part).unwrap_or(false)
        })
    }

    /// The owner's attribute has it, or is the owner's to manage as a whole (legacy `inline_policy` blocks of a role): one
    /// more is a change of the owner then. Its own it is where the code sets it, or where it holds what no child declares.
    fn owner_shows(&self, account: &str, part: &OwnedField) -> Option<bool> {
        let owner = self.by_id.get(&(account, part.parent_kind, part.parent_id.as_str()))?;
        if owner.declared.as_ref().is_some_and(|names| names.iter().any(|name| name == part.attribute)) {
            return Some(true);
        }
        let schema = schema::of(part.parent_kind)?;
        let rules = self.rules(part.parent_kind);
        let form = |value: &Value| canonical_member(&schema, &rules, part.attribute, value);
        let attributes = owner.attributes();
        let held = attributes.get(part.attribute)?;
        let element = form(&Value::Array(vec![part.element.clone()?]));
        if form(held).as_array()?.contains(element.as_array()?.first()?) {
            return Some(true);
        }
        let own = |element: &Value| {
            let part = OwnedField { element: Some(element.clone()), ..part.clone() };
            !self.owned_fields.contains(account, &part, &rules)
        };
        Some(held.as_array()?.iter().any(own))
    }

    fn rules(&self, kind: &str) -> crate::model::CompareRules {
        self.kinds.get(kind).map(|facts| facts.rules).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use crate::model::is_unique_id;

    #[test]
    fn ids_and_names() {
        assert!(is_unique_id("vpc-0123456789abcdef0"));
        assert!(is_unique_id("arn:aws:iam::123456789012:policy/p"));
        assert!(!is_unique_id("deploy"));
        assert!(!is_unique_id("team-a"));
    }
}
