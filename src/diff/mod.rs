//! WHAT DIFFERS: pure comparison of desired and live under the rules of a kind. State against live, attribute by
//! attribute; what Terraform's own refresh would call unchanged is never a change.

mod canonical;
mod companion_objects;
mod default_acl;
mod fingerprint;
mod newer;
mod owned_fields;
mod ownership;
mod recorded;
mod redact;
mod shape;
mod tags;
mod unread_children;
mod walk;

use std::collections::{BTreeMap, HashMap, HashSet};

use serde_json::Value;

use crate::model::schema::{self, Schema};
use crate::model::{
    Attributes, Change, CompareRules, Desired, Drift, DriftStatus, Gap, GapReason, GapScope, InstanceStatus, Listing,
    Live, OwnedField, Scope, pointer,
};

pub use fingerprint::fingerprint;
pub use newer::NotCompared;
pub use owned_fields::{ANY_KIND, OwnedFieldIndex};
pub use ownership::OwnershipIndex;
use ownership::Undeclared;
use recorded::Recorded;
pub use unread_children::UnreadOwners;

/// What the comparison needs to know of a kind.
#[derive(Clone, Copy)]
pub struct KindFacts {
    pub name: &'static str,
    pub rules: CompareRules,
    /// What a resource with these attributes owns in its parents.
    pub owned_fields: fn(&'static str, &Attributes) -> Vec<OwnedField>,
    /// Types of managed resources whose undeclared children of this kind count as unmanaged (a policy attached by hand).
    pub parent_kinds: &'static [&'static str],
}

/// The outcome for one kind in one scope.
#[derive(Debug, Default)]
pub struct Compared {
    pub drifts: Vec<Drift>,
    /// Indexes of desired resources that are in sync.
    pub in_sync: Vec<usize>,
    /// Live resources seen.
    pub live: u64,
    /// What the live form of desired children owns in their parents.
    pub owned_fields: Vec<OwnedField>,
    /// Attributes (`kind.attribute`) that the state has and the reader neither read nor excused.
    pub uncovered: HashSet<String>,
    /// What the states have and no known provider does, or AWS does not return.
    pub not_compared: NotCompared,
    /// What could not be compared although it was read.
    pub gaps: Vec<Gap>,
    /// What nobody declares and others made, by the kind and id of that.
    pub made: Made,
    /// What AWS made by itself and somebody altered.
    pub altered: Vec<Altered>,
    /// What nobody declares and is not reported by itself, by reason.
    pub folded: BTreeMap<&'static str, u64>,
}

/// What AWS made by itself and somebody altered: unmanaged, unless children declare all that was added
/// ([`OwnershipIndex::declares_added`]). That is known when all of them were read.
#[derive(Debug)]
pub struct Altered {
    pub what: &'static str,
    /// Attribute and element.
    pub added: Vec<(&'static str, Value)>,
    /// The finding, if it is one.
    pub drift: Drift,
}

/// Kind and id of a maker that no source declares -> what it made.
pub type Made = BTreeMap<(&'static str, String), Vec<Drift>>;

/// Compares the desired resources of one kind and scope (each with its index in the run) with what was listed there;
/// with an ownership index, the other resources that nothing in it owns are unmanaged.
pub fn listing(
    kind: &KindFacts,
    scope: &Scope,
    desired: &[(usize, &Desired)],
    listing: Listing,
    ownership: Option<&OwnershipIndex>,
) -> Compared {
    let mut compared = Compared { live: listing.live.len() as u64, ..Compared::default() };
    let gaps = Gaps::new(&listing.gaps);
    let missing: HashSet<&str> = listing.confirmed_missing.iter().map(String::as_str).collect();
    let mut live: HashMap<String, Live> = HashMap::new();
    let mut undeclared = Vec::new();
    let wanted: HashSet<&str> = desired.iter().map(|(_, desired)| desired.id.as_str()).collect();
    for found in listing.live {
        if wanted.contains(found.id.as_str()) {
            live.insert(found.id.clone(), found);
        } else {
            undeclared.push(found)
        }
    }
    for &(index, resource) in desired {
        let drift = |status, reason: Option<String>| Drift {
            status,
            kind: kind.name.to_owned(),
            id: resource.id.clone(),
            scope: scope.clone(),
            desired: Some(index),
            reason,
            changes: Vec::new(),
            made: Vec::new(),
            desired_attributes: Attributes::new(),
            live_attributes: Attributes::new(),
        };
        if let Some(found) = live.get(&resource.id) {
            let outcome = resource_changes(kind, resource, &found.attributes);
            let outcome = match outcome {
                Ok(outcome) => outcome,
                Err(reason) => {
                    compared.gaps.push(incomparable(kind, scope, resource, &reason));
                    compared.drifts.push(drift(DriftStatus::Unknown, Some(reason)));
                    continue;
                }
            };
            compared.uncovered.extend(outcome.uncovered);
            compared.not_compared.extend(outcome.not_compared);
            compared.owned_fields.extend((kind.owned_fields)(kind.name, &found.attributes));
            if outcome.changes.is_empty() {
                match gaps.of(&resource.id) {
                    Some(reason) => compared.drifts.push(drift(DriftStatus::Unknown, Some(reason))),
                    None => compared.in_sync.push(index),
                }
                continue;
            }
            let (desired_attributes, live_attributes) = (outcome.desired, outcome.live);
            let changes = outcome.changes;
            // Should children explain all of it, what was not read still matters.
            let drift = drift(DriftStatus::Changed, gaps.of(&resource.id));
            compared.drifts.push(Drift { changes, desired_attributes, live_attributes, ..drift });
        } else if listing.complete && missing.contains(resource.id.as_str()) {
            match self::missing(kind, scope, index, resource) {
                Some(drift) => compared.drifts.push(drift),
                None => compared.in_sync.push(index),
            }
        } else {
            let reason = gaps.of(&resource.id).unwrap_or_else(|| "it could not be read".to_owned());
            compared.drifts.push(drift(DriftStatus::Unknown, Some(reason)));
        }
    }
    if let Some(ownership) = ownership {
        for live in undeclared {
            match ownership.judge(kind, scope, &live) {
                Undeclared::Unmanaged(claim) => {
                    let reason =
                        claim.map(|what| format!("its name, description or tags say: {what}; anybody can write that"));
                    compared.drifts.push(unmanaged(kind, scope, live, reason));
                }
                Undeclared::Altered(what, added) => {
                    let reason = format!("the {what}: AWS made it, and no source declares what was added to it since");
                    let drift = unmanaged(kind, scope, live, Some(reason));
                    compared.altered.push(Altered { what, added, drift });
                }
                Undeclared::MadeBy(maker, id) => {
                    compared.made.entry((maker, id)).or_default().push(unmanaged(kind, scope, live, None));
                }
                Undeclared::Folded(reason) => *compared.folded.entry(reason).or_default() += 1,
                Undeclared::Declared => {}
            }
        }
    }
    compared
}

/// The drift of a declared resource (by its index in the run) that AWS says does not exist; `None`: Terraform wants to be rid of it, so
/// that it is as it should be.
pub fn missing(kind: &KindFacts, scope: &Scope, index: usize, resource: &Desired) -> Option<Drift> {
    if matches!(resource.status, InstanceStatus::Deposed(_)) {
        return None;
    }
    Some(Drift {
        status: DriftStatus::Missing,
        kind: kind.name.to_owned(),
        id: resource.id.clone(),
        scope: scope.clone(),
        desired: Some(index),
        reason: None,
        changes: Vec::new(),
        made: Vec::new(),
        desired_attributes: shown(kind, resource, resource.attributes()),
        live_attributes: Attributes::new(),
    })
}

fn incomparable(kind: &KindFacts, scope: &Scope, resource: &Desired, reason: &str) -> Gap {
    Gap {
        reason: GapReason::Unsupported,
        scope: GapScope {
            account: Some(scope.account.clone()),
            region: Some(scope.region.clone()),
            kind: Some(kind.name.to_owned()),
            id: Some(resource.id.clone()),
            ..GapScope::default()
        },
        detail: reason.to_owned(),
    }
}

/// Why resources are not fully known, by id and for all.
struct Gaps<'a> {
    by_id: HashMap<&'a str, &'a Gap>,
    all: Option<&'a Gap>,
}

impl<'a> Gaps<'a> {
    fn new(gaps: &'a [Gap]) -> Self {
        Self {
            by_id: gaps.iter().filter_map(|gap| Some((gap.scope.id.as_deref()?, gap))).collect(),
            all: gaps.iter().find(|gap| gap.scope.id.is_none()),
        }
    }

    fn of(&self, id: &str) -> Option<String> {
        let gap = self.by_id.get(id).copied().or(self.all)?;
        Some(format!("{}: {}", gap.reason.as_str(), gap.detail))
    }
}

struct Outcome {
    changes: Vec<Change>,
    desired: Attributes,
    live: Attributes,
    uncovered: Vec<String>,
    not_compared: NotCompared,
}

/// Compares one resource; the changes come out redacted.
fn resource_changes(kind: &KindFacts, resource: &Desired, live: &Attributes) -> Result<Outcome, String> {
    let Some(schema) = schema::of(kind.name) else {
        return Err(format!("the provider schema {} has no {}", schema::PROVIDER_VERSION, kind.name));
    };
    let mut desired = resource.attributes();
    if desired.is_empty() {
        return Err("the state holds no attributes: the resource was only partially created".to_owned());
    }
    let mut live = live.clone();
    tags::derive(&desired, &mut live);
    let (mut shown_desired, shown_live) = (desired.clone(), live.clone());
    for side in [&mut desired, &mut live] {
        shape::fit(&schema.block, side);
    }
    let not_compared = NotCompared::of(kind.name, &schema, resource.schema_version, &desired);
    // Nobody knows whether they are secrets, either.
    for side in [&mut desired, &mut shown_desired] {
        not_compared.unknown.iter().for_each(|path| newer::remove(side, path));
    }
    let uncovered = uncovered(kind, &schema, &desired, &live);
    // By the state as it is: what a kind's `normalize` adds was not recorded.
    let recorded = Recorded::of(&schema.block, &desired);
    if let Some(normalize) = kind.rules.normalize {
        normalize(&mut desired);
        normalize(&mut live);
    }
    let mut changes = walk::changes(&schema, &kind.rules, &recorded, &desired, &live);
    tags::drop_echo(&mut changes);
    for change in &mut changes {
        change.declared = resource.declared.as_deref().map(|names| names.contains(&pointer::top(&change.path)));
    }
    let secrets = redact::Secrets::new(&schema, &resource.sensitive);
    secrets.hide_changes(&mut changes);
    if changes.is_empty() && !is_comparable(kind, &schema, &recorded, &shown_live) {
        return Err(
            "the state holds nothing of it that could be compared: it was only partially created, or cut".to_owned()
        );
    }
    if changes.is_empty() {
        return Ok(Outcome { changes, desired: Attributes::new(), live: Attributes::new(), uncovered, not_compared });
    }
    let (mut desired, mut live) = (shown_desired, shown_live);
    secrets.hide_attributes(&mut desired);
    secrets.hide_attributes(&mut live);
    Ok(Outcome { changes, desired, live, uncovered, not_compared })
}

/// Did the state record anything of what people can set and the reader read? Of nothing it cannot be said that it is in sync.
fn is_comparable(kind: &KindFacts, schema: &Schema, recorded: &Recorded, live: &Attributes) -> bool {
    let settable = |name: &str| match schema.block.attributes.get(name) {
        Some(attribute) => !attribute.computed_only() && !attribute.write_only,
        None => schema.block.blocks.contains_key(name),
    };
    let counts = |name: &str| {
        !["id", "region", "tags", "tags_all", "timeouts"].contains(&name)
            && !kind.rules.not_returned.contains(&name)
            && settable(name)
    };
    let mut read = live.keys().filter(|name| counts(name)).peekable();
    read.peek().is_none() || read.any(|name| recorded.has(name))
}

/// What the state has, the schema lets people set, and the reader neither reads nor excuses.
fn uncovered(kind: &KindFacts, schema: &Schema, desired: &Attributes, live: &Attributes) -> Vec<String> {
    let excused = |name: &str| {
        ["id", "timeouts", "tags"].contains(&name)
            || kind.rules.not_returned.contains(&name)
            || live.contains_key(name)
            || schema.block.attributes.get(name).is_some_and(|a| a.computed_only() || a.write_only)
    };
    let known = |name: &str| schema.block.attributes.contains_key(name) || schema.block.blocks.contains_key(name);
    let names = desired.keys().filter(|name| known(name) && !excused(name));
    names.map(|name| format!("{}.{name}", kind.name)).collect()
}

fn shown(kind: &KindFacts, resource: &Desired, mut attributes: Attributes) -> Attributes {
    if let Some(schema) = schema::of(kind.name) {
        let mut fitted = attributes.clone();
        shape::fit(&schema.block, &mut fitted);
        let unknown = NotCompared::of(kind.name, &schema, resource.schema_version, &fitted).unknown;
        unknown.iter().for_each(|path| newer::remove(&mut attributes, path));
        redact::Secrets::new(&schema, &resource.sensitive).hide_attributes(&mut attributes);
    }
    attributes
}

fn unmanaged(kind: &KindFacts, scope: &Scope, live: Live, reason: Option<String>) -> Drift {
    let mut live_attributes = live.attributes;
    if let Some(Value::Object(tags)) = live_attributes.get("tags_all").cloned() {
        live_attributes.insert("tags".to_owned(), Value::Object(tags));
    }
    if let Some(schema) = schema::of(kind.name) {
        redact::Secrets::new(&schema, &[]).hide_attributes(&mut live_attributes);
    }
    Drift {
        status: DriftStatus::Unmanaged,
        kind: kind.name.to_owned(),
        id: live.id,
        scope: scope.clone(),
        desired: None,
        reason,
        changes: Vec::new(),
        made: Vec::new(),
        desired_attributes: Attributes::new(),
        live_attributes,
    }
}

/// A resource that no source declares, known only by what it made: one finding, whatever the number of that.
pub fn unmanaged_maker(scope: Scope, kind: &str, id: &str, mut made: Vec<Drift>) -> Drift {
    made.sort_by(|a, b| (&a.kind, &a.id, &a.scope).cmp(&(&b.kind, &b.id, &b.scope)));
    made.dedup_by(|a, b| (&a.kind, &a.id, &a.scope) == (&b.kind, &b.id, &b.scope));
    let of_kinds = made.chunk_by(|a, b| a.kind == b.kind).map(some_of);
    let reason = format!("no source declares it; it made {}", of_kinds.collect::<Vec<_>>().join(", "));
    Drift {
        status: DriftStatus::Unmanaged,
        kind: kind.to_owned(),
        id: id.to_owned(),
        scope,
        desired: None,
        reason: Some(reason),
        changes: Vec::new(),
        made,
        desired_attributes: Attributes::new(),
        live_attributes: Attributes::from_iter([("id".to_owned(), id.into())]),
    }
}

/// `7 aws_instance (i-1, i-2, i-3, ...)`
fn some_of(made: &[Drift]) -> String {
    /// So many of a type are named.
    const NAMED: usize = 3;
    let mut names: Vec<&str> = made.iter().take(NAMED).map(|drift| drift.id.as_str()).collect();
    if made.len() > NAMED {
        names.push("...");
    }
    let kind = made.first().map_or("", |drift| drift.kind.as_str());
    format!("{} {kind} ({})", made.len(), names.join(", "))
}

#[cfg(test)]
mod tests;
