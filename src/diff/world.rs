//! Who owns what, over all sources: decides whether a live stranger is unmanaged.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::KindFacts;
use super::parts::PartIndex;
use super::walk::canonical_member;
use crate::model::schema;
use crate::model::{Attributes, Desired, Live, Origin, Part};

/// All desired resources of a run, indexed for ownership.
pub struct World<'a> {
    /// (kind, id) -> the resource.
    by_id: HashMap<(&'a str, &'a str), &'a Desired>,
    /// Ids and ARNs that AWS gives out once, whatever the kind.
    objects: HashSet<String>,
    parts: PartIndex,
    kinds: &'a HashMap<&'static str, KindFacts>,
}

impl<'a> World<'a> {
    pub fn new(resources: &'a [Desired], kinds: &'a HashMap<&'static str, KindFacts>) -> Self {
        let mut world = Self { by_id: HashMap::new(), objects: HashSet::new(), parts: PartIndex::default(), kinds };
        for resource in resources {
            world.by_id.insert((&resource.kind, &resource.id), resource);
            if is_unique(&resource.id) {
                world.objects.insert(resource.id.clone());
            }
            let Some(kind) = kinds.get(&*resource.kind) else { continue };
            for part in (kind.parts)(kind.name, &resource.attributes()) {
                world.parts.add(&part, &world.shape(part.parent_kind));
            }
        }
        world
    }

    /// What desired children speak for in their parents.
    pub fn parts(&self) -> &PartIndex {
        &self.parts
    }

    /// Adds what the live form of children speaks for.
    pub fn add_live_parts(&mut self, parts: &[Part]) {
        for part in parts {
            let shape = self.shape(part.parent_kind);
            self.parts.add(part, &shape);
        }
    }

    /// Nobody declares it, AWS did not make it, and no managed resource owns it.
    pub fn is_unmanaged(&self, kind: &KindFacts, stranger: &Live) -> bool {
        match &stranger.origin {
            Origin::Aws(_) => false,
            Origin::PartOf { kind: owner_kind, id } => {
                kind.strangers_on_managed
                    && self.by_id.contains_key(&(*owner_kind, id.as_str()))
                    && !self.is_spoken_for(kind, &stranger.attributes)
            }
            Origin::Made => {
                let arn = stranger.attributes.get("arn").and_then(Value::as_str).unwrap_or_default();
                let known = |object: &str| is_unique(object) && self.objects.contains(object);
                !known(&stranger.id) && !known(arn)
            }
        }
    }

    /// Another kind of resource declares the same attachment, or the owner's own attribute in the state has it.
    pub fn is_spoken_for(&self, kind: &KindFacts, stranger: &Attributes) -> bool {
        (kind.parts)(kind.name, stranger).iter().any(|part| {
            let shape = self.shape(part.parent_kind);
            self.parts.contains(part, &shape) || self.owner_has(part).unwrap_or(false)
        })
    }

    fn owner_has(&self, part: &Part) -> Option<bool> {
        let owner = self.by_id.get(&(part.parent_kind, part.parent_id.as_str()))?;
        let schema = schema::of(part.parent_kind)?;
        let shape = self.shape(part.parent_kind);
        let form = |value: &Value| canonical_member(&schema, &shape, part.attribute, value);
        let held = form(owner.attributes().get(part.attribute)?);
        let element = form(&Value::Array(vec![part.element.clone()?]));
        Some(held.as_array()?.contains(element.as_array()?.first()?))
    }

    fn shape(&self, kind: &str) -> crate::model::Shape {
        self.kinds.get(kind).map(|facts| facts.shape).unwrap_or_default()
    }
}

/// Does AWS give out this id only once (`vpc-0a1b...`, an ARN)? Names are not: a role and a user may share one.
fn is_unique(id: &str) -> bool {
    let hex = |text: &str| text.len() >= 8 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    id.starts_with("arn:") || id.rsplit_once('-').is_some_and(|(prefix, tail)| !prefix.is_empty() && hex(tail))
}

#[cfg(test)]
mod tests {
    use super::is_unique;

    #[test]
    fn ids_and_names() {
        assert!(is_unique("vpc-0123456789abcdef0"));
        assert!(is_unique("arn:aws:iam::123456789012:policy/p"));
        assert!(!is_unique("deploy"));
        assert!(!is_unique("team-a"));
    }
}
