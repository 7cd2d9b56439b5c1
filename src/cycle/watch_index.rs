//! Which resources an event may have changed, out of those that are declared or known as findings. Kept between cycles: it holds keys
//! and names, no attributes.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use super::place::Place;
use crate::attribution::event::{Event, names_of, touched};
use crate::aws::Aws;
use crate::inventory::{Reach, kinds};
use crate::model::{Attributes, Desired, DesiredState, Finding, GLOBAL, Outcome, ResourceKey, Scope};

/// A resource that was touched, or a type of which something was made.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mark {
    Resource(ResourceKey),
    /// Something of this type may be new there.
    Kind(Scope, String),
}

/// Names -> resources.
#[derive(Default)]
pub struct WatchIndex {
    /// Name and serial of each source.
    sources: BTreeSet<(String, Option<u64>)>,
    resources: Vec<Watched>,
    /// Hash of account and name -> indexes of `resources`.
    by_name: HashMap<u64, Vec<u32>>,
    /// Account and type of what has no name -> the same.
    singletons: BTreeMap<(String, String), Vec<u32>>,
}

#[derive(Clone)]
struct Watched {
    key: ResourceKey,
    /// Hash of what is declared of it and where; 0: nobody declares it.
    content: u64,
}

impl WatchIndex {
    /// What is declared in these sources.
    pub fn new(desired: &DesiredState, aws: &Aws) -> Self {
        let sources = desired.sources.iter().map(|source| (source.name.clone(), source.serial)).collect();
        let mut index = Self { sources, ..Self::default() };
        for resource in desired.resources.iter().filter(|resource| resource.provider.is_aws()) {
            let scope = Place::of(resource, aws).scope;
            let mut content = DefaultHasher::new();
            resource.raw_attributes.get().hash(&mut content);
            let source = desired.sources.get(resource.source);
            (source.map(|source| &source.location), &resource.address).hash(&mut content);
            let key = resource.key(scope, &desired.sources);
            index.add(key, content.finish().max(1), &resource.id, &resource.attributes());
        }
        index
    }

    /// Adds what nobody declares and is a finding; what is declared is known already.
    pub fn add_finding(&mut self, finding: &Finding) {
        let key = finding.resource_key();
        let known = self.by_name.get(&name_hash(&key.scope.account, &key.id)).into_iter().flatten();
        if !known.copied().any(|index| self.resources[index as usize].key == key) {
            let arn = finding.arn.iter().map(|arn| ("arn".to_owned(), arn.as_str().into()));
            let id = finding.id.clone();
            self.add(key, 0, &id, &arn.collect());
        }
    }

    fn add(&mut self, key: ResourceKey, content: u64, id: &str, attributes: &Attributes) {
        let Ok(index) = u32::try_from(self.resources.len()) else { return };
        let names = names_of(&key.kind, id, attributes);
        if names.is_empty() {
            let place = (key.scope.account.clone(), key.kind.clone());
            self.singletons.entry(place).or_default().push(index);
        }
        for name in names.iter().filter(|name| !name.is_empty()) {
            self.by_name.entry(name_hash(&key.scope.account, name)).or_default().push(index);
        }
        self.resources.push(Watched { key, content });
    }

    /// Takes over what an earlier index knows and this one does not, while a source cannot be read: what it declares, with the source as it
    /// was then. What another source does not declare any more stays with it until all are read.
    pub fn keep(&mut self, earlier: &Self) {
        let known: HashSet<ResourceKey> = self.resources.iter().map(|one| one.key.clone()).collect();
        let mut now_at: HashMap<u32, u32> = HashMap::new();
        for (before, one) in (0..).zip(&earlier.resources).filter(|(_, one)| !known.contains(&one.key)) {
            let Ok(index) = u32::try_from(self.resources.len()) else { return };
            self.resources.push(one.clone());
            now_at.insert(before, index);
        }
        let kept = |before: &[u32]| before.iter().filter_map(|at| now_at.get(at).copied()).collect::<Vec<u32>>();
        earlier
            .by_name
            .iter()
            .map(|(name, before)| (name, kept(before)))
            .filter(|(_, kept)| !kept.is_empty())
            .for_each(|(name, kept)| self.by_name.entry(*name).or_default().extend(kept));
        for (place, before) in &earlier.singletons {
            self.singletons.entry(place.clone()).or_default().extend(kept(before));
        }
        let read: BTreeSet<String> = self.sources.iter().map(|(name, _)| name.clone()).collect();
        self.sources.extend(earlier.sources.iter().filter(|(name, _)| !read.contains(name)).cloned());
    }

    /// Where a declared resource is looked for.
    pub fn scope_of(resource: &Desired, aws: &Aws) -> Scope {
        Place::of(resource, aws).scope
    }

    /// Are the sources of the outcome those of the index, as they were then?
    pub fn is_of(&self, outcome: &Outcome) -> bool {
        let sources = outcome.sources.iter().map(|source| (source.name.clone(), source.serial));
        !self.sources.is_empty() && sources.collect::<BTreeSet<_>>() == self.sources
    }

    /// Where anything is declared.
    pub fn scopes(&self) -> BTreeSet<Scope> {
        self.resources.iter().map(|one| one.key.scope.clone()).collect()
    }

    /// Keys of everything that is declared.
    pub fn declared(&self) -> BTreeSet<String> {
        self.resources.iter().filter(|one| one.content != 0).map(|one| one.key.to_string()).collect()
    }

    /// How many resources it knows.
    pub fn len(&self) -> usize {
        self.resources.len()
    }

    /// Does it know nothing?
    pub fn is_empty(&self) -> bool {
        self.resources.is_empty()
    }

    /// What an event may have changed.
    pub fn marks(&self, event: &Event) -> BTreeSet<Mark> {
        let mut marks = BTreeSet::new();
        let is_here = |key: &ResourceKey| {
            key.scope.account == event.account && (key.scope.region == GLOBAL || key.scope.region == event.region)
        };
        for one in touched(event) {
            let kind = kinds::get(&one.kind);
            // What is part of another resource is looked for by that: a policy that was attached by its role.
            let parents = kind.map(|kind| kind.unmanaged_children_of()).unwrap_or_default();
            let fits = |key: &ResourceKey| {
                one.kind == "*" || key.kind == one.kind || one.made && parents.contains(&key.kind.as_str())
            };
            let named = one.names.iter().flat_map(|name| {
                let hash = name_hash(&event.account, name);
                self.by_name.get(&hash).into_iter().flatten()
            });
            let only = self.singletons.get(&(event.account.clone(), one.kind.clone()));
            let only = only.filter(|_| one.names.is_empty()).into_iter().flatten();
            let found = named.chain(only).filter_map(|&index| self.resources.get(index as usize));
            marks.extend(
                found.filter(|one| is_here(&one.key) && fits(&one.key)).map(|one| Mark::Resource(one.key.clone())),
            );
            if let Some(kind) = kind.filter(|_| one.made && parents.is_empty()) {
                let region = if kind.reach() == Reach::Global { GLOBAL } else { &event.region };
                marks.insert(Mark::Kind(Scope::new(&event.account, region), one.kind.clone()));
            }
        }
        marks
    }

    /// The resources that are declared otherwise than in an earlier index, or no more, or newly.
    pub fn changed_since(&self, earlier: &Self) -> BTreeSet<ResourceKey> {
        let contents = |index: &Self| -> BTreeMap<ResourceKey, u64> {
            index.resources.iter().filter(|one| one.content != 0).map(|one| (one.key.clone(), one.content)).collect()
        };
        let (before, now) = (contents(earlier), contents(self));
        let differs = |(key, content): (&ResourceKey, &u64), other: &BTreeMap<ResourceKey, u64>| {
            (other.get(key) != Some(content)).then(|| key.clone())
        };
        let gone = before.iter().filter_map(|one| differs(one, &now));
        now.iter().filter_map(|one| differs(one, &before)).chain(gone).collect()
    }
}

fn name_hash(account: &str, name: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    (account, name).hash(&mut hasher);
    hasher.finish()
}
