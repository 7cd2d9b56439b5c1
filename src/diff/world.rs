//! Who owns what, over all sources: decides whether a live stranger is unmanaged.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::KindFacts;
use super::owned;
use super::parts::PartIndex;
use super::unread_children;
use super::walk::canonical_member;
use crate::model::schema;
use crate::model::{Attributes, Desired, Live, Origin, Part, is_unique_id};

/// All desired resources of a run, indexed for ownership.
pub struct World<'a> {
    /// (account, kind, id) -> the resource.
    by_id: HashMap<(&'a str, &'a str, &'a str), &'a Desired>,
    /// Ids and ARNs that AWS gives out once, whatever the kind: of the resources, and of what came with them.
    objects: HashSet<String>,
    parts: PartIndex,
    kinds: &'a HashMap<&'static str, KindFacts>,
}

impl<'a> World<'a> {
    /// `account`: that of resources which name none.
    pub fn new(resources: &'a [Desired], kinds: &'a HashMap<&'static str, KindFacts>, account: &'a str) -> Self {
        let mut world = Self { by_id: HashMap::new(), objects: HashSet::new(), parts: PartIndex::default(), kinds };
        for resource in resources {
            let account = resource.account.as_deref().unwrap_or(account);
            world.by_id.insert((account, &resource.kind, &resource.id), resource);
            if is_unique_id(&resource.id) {
                world.objects.insert(resource.id.clone());
            }
            let attributes = resource.attributes();
            // Where ids are not unique, or another form than what is imported, the ARN is.
            world.objects.extend(attributes.get("arn").and_then(Value::as_str).map(str::to_owned));
            world.objects.extend(owned::ids(&resource.kind, &attributes));
            let parts = match kinds.get(&*resource.kind) {
                Some(kind) => (kind.parts)(kind.name, &attributes),
                None => {
                    let instances = resources.iter().filter(|one| &*one.kind == "aws_instance");
                    let instances = instances.map(|one| (one.id.as_str(), one.attributes()));
                    let mut parts = unread_children::parts(&resource.kind, &attributes);
                    parts.extend(unread_children::parts_of_instances(&resource.kind, &attributes, instances));
                    parts
                }
            };
            for part in parts {
                world.parts.add(account, &part, &world.shape(part.parent_kind));
            }
        }
        world
    }

    /// What desired children speak for in their parents.
    pub fn parts(&self) -> &PartIndex {
        &self.parts
    }

    /// Adds what the live form of children speaks for, each with its account.
    pub fn add_live_parts(&mut self, parts: &[(String, Part)]) {
        for (account, part) in parts {
            let shape = self.shape(part.parent_kind);
            self.parts.add(account, part, &shape);
        }
    }

    /// Nobody declares it, AWS did not make it, and no managed resource owns it.
    pub fn is_unmanaged(&self, kind: &KindFacts, account: &str, stranger: &Live) -> bool {
        match &stranger.origin {
            Origin::Aws(_) => false,
            Origin::PartOf { kind: owner_kind, id } => {
                kind.strangers_on_managed
                    && self.by_id.contains_key(&(account, *owner_kind, id.as_str()))
                    && !self.is_spoken_for(kind, account, &stranger.attributes)
            }
            Origin::Made => {
                let arn = stranger.attributes.get("arn").and_then(Value::as_str).unwrap_or_default();
                let known = |object: &str| is_unique_id(object) && self.objects.contains(object);
                !known(&stranger.id) && !known(arn)
            }
        }
    }

    /// Another kind of resource declares the same attachment, or the owner's own attribute tells of it.
    pub fn is_spoken_for(&self, kind: &KindFacts, account: &str, stranger: &Attributes) -> bool {
        (kind.parts)(kind.name, stranger).iter().any(|part| {
            let shape = self.shape(part.parent_kind);
            self.parts.contains(account, part, &shape) || self.owner_tells(account, part).unwrap_or(false)
        })
    }

    /// The owner's attribute has it, or is the owner's to manage as a whole (legacy `inline_policy` blocks of a role): one
    /// more is a change of the owner then. Its own it is where the code sets it, or where it holds what no child declares.
    fn owner_tells(&self, account: &str, part: &Part) -> Option<bool> {
        let owner = self.by_id.get(&(account, part.parent_kind, part.parent_id.as_str()))?;
        if owner.declared.as_ref().is_some_and(|names| names.iter().any(|name| name == part.attribute)) {
            return Some(true);
        }
        let schema = schema::of(part.parent_kind)?;
        let shape = self.shape(part.parent_kind);
        let form = |value: &Value| canonical_member(&schema, &shape, part.attribute, value);
        let attributes = owner.attributes();
        let held = attributes.get(part.attribute)?;
        let element = form(&Value::Array(vec![part.element.clone()?]));
        if form(held).as_array()?.contains(element.as_array()?.first()?) {
            return Some(true);
        }
        let own = |element: &Value| {
            let part = Part { element: Some(element.clone()), ..part.clone() };
            !self.parts.contains(account, &part, &shape)
        };
        Some(held.as_array()?.iter().any(own))
    }

    fn shape(&self, kind: &str) -> crate::model::Shape {
        self.kinds.get(kind).map(|facts| facts.shape).unwrap_or_default()
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
