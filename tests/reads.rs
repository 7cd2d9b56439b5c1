//! A resource that is read by itself has the attributes that the sweep shows: every resource of the recorded accounts, both ways,
//! and which calls the single read of each kind takes.

#![allow(clippy::expect_used, reason = "a test that cannot go on fails")]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use driftd::aws::{Aws, AwsOptions, ReadError};
use driftd::desired::{self, LoadOptions, MemoryStore, StateConfig};
use driftd::inventory::{self, Completion, Kind, ListRequest, Listed, Reach, Request, ScopeReader, Selection, kinds};
use driftd::model::{Attributes, Desired, GLOBAL, Listing, Live, Owner, PriorState, Scope};
use support::{Door, World};

/// One after the other: each points this process at an AWS of its own.
#[test]
fn reads() {
    a_contradiction_is_no_proof();
    what_aws_does_not_show_yet_is_looked_for_later();
    read_alone_is_read_in_a_sweep();
}

fn read_alone_is_read_in_a_sweep() {
    let mut calls = BTreeMap::new();
    let mut differences = Vec::new();
    for name in ["estate", "shop"] {
        let world = World::recorded(name, 1);
        support::point_aws_at(world.door(0).endpoint);
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        runtime.block_on(both_ways(&world, &mut calls, &mut differences));
    }
    assert!(differences.is_empty(), "\n{}\n", differences.join("\n"));
    let mut lines = String::new();
    for (kind, calls) in calls {
        writeln!(lines, "{kind}: {}", Vec::from_iter(calls).join(", ")).expect("a string");
    }
    insta::assert_snapshot!(lines);
}

async fn both_ways(world: &World, calls: &mut BTreeMap<&'static str, BTreeSet<String>>, differences: &mut Vec<String>) {
    let aws = Aws::connect(AwsOptions::default()).await.expect("the false AWS answers");
    let state = world.state.display().to_string();
    let desired =
        desired::load(&[StateConfig::anywhere(state)], &LoadOptions::default(), &MemoryStore::default()).await;
    let mut by_listing: BTreeMap<(Scope, &str), (&dyn Kind, Vec<&Desired>)> = BTreeMap::new();
    for resource in &desired.resources {
        let Some(kind) = kinds::get(&resource.kind) else { continue };
        let region = if kind.reach() == Reach::Global { Some(GLOBAL.to_owned()) } else { resource.region.clone() };
        let scope = Scope::new(aws.account(), region.unwrap_or_else(|| aws.default_region()));
        by_listing.entry((scope, kind.name())).or_insert_with(|| (kind, Vec::new())).1.push(resource);
    }
    assert!(by_listing.len() > 5, "the state has more kinds than {}", by_listing.len());
    for ((scope, name), (kind, resources)) in by_listing {
        let reader = || async { ScopeReader::new(aws.scope(&scope).await.expect("our own account")) };
        let swept = {
            let selection = Selection::Scope { unmanaged: true, parents: Vec::new() };
            read(&reader().await, kind, &resources, selection).await
        };
        // Kinds whose ids are not unique are read in batches; one resource of each id will do here.
        let unique: BTreeMap<&str, &Desired> = resources.iter().map(|one| (one.id.as_str(), *one)).collect();
        for resource in unique.into_values() {
            let door: Door<'_> = world.door(0);
            door.fault(&serde_json::Value::Null);
            let selection = Selection::Each { undeclared: Vec::new(), parents: Vec::new() };
            let alone = read(&reader().await, kind, &[resource], selection).await;
            calls.entry(name_of(kind)).or_default().extend(door.seen().calls);
            let (in_sweep, alone) = (attributes(&swept, kind, resource), attributes(&alone, kind, resource));
            if in_sweep.is_none() {
                differences.push(format!("{} ({name}): the sweep does not show it", resource.address));
            } else if in_sweep != alone {
                let only = |these: &Option<Attributes>, those: &Option<Attributes>| {
                    let these = these.clone().unwrap_or_default();
                    let differs = |(name, value): &(String, serde_json::Value)| {
                        those.as_ref().and_then(|those| those.get(name)) != Some(value)
                    };
                    these.into_iter().filter(differs).collect::<Attributes>()
                };
                differences.push(format!(
                    "{} ({name}): sweep {:?}, alone {:?}",
                    resource.address,
                    only(&in_sweep, &alone),
                    only(&alone, &in_sweep)
                ));
            }
        }
    }
}

fn name_of(kind: &dyn Kind) -> &'static str {
    kind.name()
}

async fn read(
    reader: &ScopeReader,
    kind: &'static dyn Kind,
    resources: &[&Desired],
    selection: Selection<'_>,
) -> Listing {
    let mut ids = BTreeSet::new();
    let desired = resources.iter().filter(|one| ids.insert(one.id.as_str())).map(|one| one.prior()).collect();
    inventory::collect(reader, &Request { kind, desired, selection, keeping: None }).await
}

/// What was read of the resource, in the form in which it is compared.
fn attributes(listing: &Listing, kind: &dyn Kind, resource: &Desired) -> Option<Attributes> {
    let mut attributes = listing.live.iter().find(|live| live.id == resource.id)?.attributes.clone();
    if let Some(normalize) = kind.compare_rules().normalize {
        normalize(&mut attributes);
    }
    for value in attributes.values_mut() {
        sort_sets(value);
    }
    Some(attributes)
}

/// Lists are sorted: the order of most means nothing, and AWS's varies between calls.
fn sort_sets(value: &mut serde_json::Value) {
    match value {
        serde_json::Value::Array(items) => {
            items.iter_mut().for_each(sort_sets);
            items.sort_by_cached_key(ToString::to_string);
        }
        serde_json::Value::Object(members) => members.values_mut().for_each(sort_sets),
        _ => {}
    }
}

/// A kind whose calls contradict each other, as AWS's do for seconds after a change.
struct Contradictory;

#[async_trait::async_trait]
impl Kind for Contradictory {
    fn name(&self) -> &'static str {
        "aws_vpc"
    }

    fn actions(&self) -> &'static [&'static str] {
        &["ec2:DescribeVpcs"]
    }

    async fn list(&self, _: &ScopeReader, _: &ListRequest<'_>) -> Result<Listed, ReadError> {
        Ok(Listed::default())
    }

    async fn read(&self, _: &ScopeReader, prior: &PriorState<'_>) -> Result<Option<Live>, ReadError> {
        let id = if prior.id == "vpc-other" { "vpc-another" } else { prior.id };
        Ok((prior.id != "vpc-gone").then(|| Live {
            id: id.to_owned(),
            attributes: Attributes::new(),
            owner: Owner::None,
        }))
    }

    async fn complete(&self, _: &ScopeReader, _: &PriorState<'_>, _: &mut Live) -> Completion {
        Completion::Gone
    }
}

/// Only one that every call says is gone is missing.
fn a_contradiction_is_no_proof() {
    let world = World::recorded("shop", 1);
    support::point_aws_at(&world.moto);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let listing = runtime.block_on(async {
        let aws = Aws::connect(AwsOptions::default()).await.expect("the false AWS answers");
        let scope = Scope::new(aws.account(), aws.default_region());
        let reader = ScopeReader::new(aws.scope(&scope).await.expect("our own account"));
        let raw = serde_json::value::to_raw_value(&serde_json::json!({"cidr_block": "10.0.0.0/16"})).expect("JSON");
        let desired = ["vpc-gone", "vpc-torn", "vpc-other"].map(|id| PriorState::new(id, Some(&raw))).to_vec();
        let selection = Selection::Scope { unmanaged: false, parents: Vec::new() };
        inventory::collect(&reader, &Request { kind: &Contradictory, desired, selection, keeping: None }).await
    });
    assert_eq!(listing.confirmed_missing, ["vpc-gone"]);
    let mut unclear: Vec<_> = listing.gaps.iter().filter_map(|gap| gap.scope.id.as_deref()).collect();
    unclear.sort_unstable();
    assert_eq!((unclear.as_slice(), listing.live.len()), (&["vpc-other", "vpc-torn"][..], 0));
}

/// A kind of which AWS answers out of copies that are behind: only from the third read on is everything there that is.
#[derive(Default)]
struct Stale {
    reads: AtomicUsize,
}

#[async_trait::async_trait]
impl Kind for Stale {
    fn name(&self) -> &'static str {
        "aws_vpc"
    }

    fn actions(&self) -> &'static [&'static str] {
        &["ec2:DescribeVpcs"]
    }

    async fn list(&self, _: &ScopeReader, _: &ListRequest<'_>) -> Result<Listed, ReadError> {
        Ok(Listed::default())
    }

    async fn read(&self, _: &ScopeReader, prior: &PriorState<'_>) -> Result<Option<Live>, ReadError> {
        let caught_up = self.reads.fetch_add(1, Ordering::SeqCst) >= 2;
        let live = Live { id: prior.id.to_owned(), attributes: Attributes::new(), owner: Owner::None };
        Ok((caught_up && prior.id == "vpc-new").then_some(live))
    }
}

/// What AWS does not show yet is not missing; without a wait, it is as AWS says.
fn what_aws_does_not_show_yet_is_looked_for_later() {
    let world = World::recorded("shop", 1);
    support::point_aws_at(&world.moto);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let look = |second_look_delay: Duration| {
        let kind: &'static Stale = Box::leak(Box::default());
        let listing = runtime.block_on(async {
            let options = AwsOptions { second_look_delay, ..AwsOptions::default() };
            let aws = Aws::connect(options).await.expect("the false AWS answers");
            let scope = Scope::new(aws.account(), aws.default_region());
            let reader = ScopeReader::new(aws.scope(&scope).await.expect("our own account"));
            let raw = serde_json::value::to_raw_value(&serde_json::json!({"cidr_block": "10.0.0.0/16"})).expect("JSON");
            let desired = ["vpc-gone", "vpc-new"].map(|id| PriorState::new(id, Some(&raw))).to_vec();
            let selection = Selection::Scope { unmanaged: false, parents: Vec::new() };
            inventory::collect(&reader, &Request { kind, desired, selection, keeping: None }).await
        });
        let mut live: Vec<String> = listing.live.into_iter().map(|live| live.id).collect();
        live.sort();
        (live, listing.confirmed_missing, kind.reads.load(Ordering::SeqCst))
    };
    let names = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>();
    let (live, mut missing, reads) = look(Duration::ZERO);
    missing.sort();
    assert_eq!((live, missing, reads), (names(&[]), names(&["vpc-gone", "vpc-new"]), 2));
    let (live, missing, reads) = look(Duration::from_millis(5));
    assert_eq!((live, missing, reads), (names(&["vpc-new"]), names(&["vpc-gone"]), 4));
}
