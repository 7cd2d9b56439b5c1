//! One drift cycle, top to bottom: what should be, what is, what differs, does it matter. The file to read first.

mod attribute;
pub mod config;
mod event_sources;
mod findings;
mod ignore_tags;
mod log_bucket;
mod lookup_events;
mod plan;
mod state_bucket;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use futures::{StreamExt as _, stream};
use globset::GlobSet;
use jiff::Timestamp;

use crate::desired::{self, LoadOptions, ObjectStore, StateConfig};
use crate::diff::{self, Compared, KindFacts, OwnershipIndex};
use crate::inventory::{self, Aws, Kind, Request, kinds};
use crate::judge::{RuleSet, RuleWarning};
use crate::model::report::{Report, Scan, Summary};
use crate::model::{
    ActivityRecord, Attributes, DesiredState, Drift, DriftStatus, Gap, GapReason, GapScope, OwnedField, Scope,
};

use attribute::{EventRegions, Principal, Question};
pub use event_sources::{AttributionOptions, event_sources};
pub use ignore_tags::IgnoreTags;
pub use state_bucket::StateBucket;

/// Kinds that are read at a time, over all scopes.
const CONCURRENT_KINDS: usize = 24;

/// What one cycle is asked to do.
pub struct Options {
    /// Sources of desired state.
    pub states: Vec<StateConfig>,
    pub load: LoadOptions,
    /// Regions to list besides those of the states.
    pub regions: Vec<String>,
    /// Look for resources that no source declares.
    pub unmanaged: bool,
    /// Only these kinds.
    pub kinds: Option<GlobSet>,
    pub rules: RuleSet,
    /// The providers' `ignore_tags`.
    pub ignore_tags: IgnoreTags,
    /// Where events are read to name who did it.
    pub attribution: AttributionOptions,
    /// Tell everything that this principal did, too.
    pub principal: Option<String>,
}

impl Options {
    /// Is this kind asked for?
    fn wants(&self, kind: &str) -> bool {
        self.kinds.as_ref().is_none_or(|only| only.is_match(kind))
    }
}

/// What a cycle says besides its report.
#[derive(Debug, Default)]
pub struct Diagnostics {
    /// Rules that could not be evaluated, ignores that have run out.
    pub rules: Vec<RuleWarning>,
    /// Attributes that the state has and no reader reads or excuses.
    pub uncovered: BTreeSet<String>,
    /// What the principal asked about did.
    pub activity: Vec<ActivityRecord>,
}

/// Says what the cycle is doing; a terminal's progress bar, or nothing.
pub trait Progress: Send + Sync {
    fn begin(&self, _step: &str, _total: u64) {}
    fn advance(&self) {}
}

/// No progress.
pub struct Silent;

impl Progress for Silent {}

/// Runs one cycle. Never fails on what it could not see: that is in the report's gaps.
pub async fn run(
    options: &Options,
    aws: &Aws,
    store: &dyn ObjectStore,
    progress: &dyn Progress,
    scan_id: String,
) -> (Report, Diagnostics) {
    let started = Timestamp::now();
    progress.begin("reading desired state", 0);
    let desired = desired::load(&options.states, &options.load, store).await;
    let plan = plan::plan(&desired, options, aws).await;
    progress.begin("reading AWS", plan.cells.len() as u64);
    let principal = options.principal.as_ref().map(|name| Principal { name: name.clone(), scopes: plan.scopes(aws) });
    let facts = facts();
    let event_regions = EventRegions { home: aws.home_region().to_owned(), regions: plan.log_regions(aws) };
    let mut ownership = OwnershipIndex::new(&desired.resources, &facts, aws.account());
    let mut outcome = Outcome { gaps: desired.gaps.clone(), drifts: plan.unreadable, ..Outcome::default() };
    outcome.gaps.extend(plan.gaps);
    let mut live_owned_fields: Vec<(String, OwnedField)> = Vec::new();
    // Each listing is compared as it arrives and then forgotten: a big account is never in memory as a whole.
    let mut pending: HashMap<Scope, usize> = HashMap::new();
    plan.cells.iter().for_each(|cell| *pending.entry(cell.scope.clone()).or_default() += 1);
    let mut cells = stream::iter(plan.cells).map(|cell| read(cell, &desired)).buffer_unordered(CONCURRENT_KINDS);
    while let Some((cell, mut listing)) = cells.next().await {
        let kind = &facts[cell.kind.name()];
        let wanted: Vec<_> = cell.desired.iter().map(|&index| (index, &desired.resources[index])).collect();
        options.ignore_tags.strip(&mut listing);
        downgrade_guessed_missing(&mut listing, &wanted, &cell, plan.places > 1);
        outcome.gaps.extend(listing.gaps.iter().cloned());
        let compared = diff::listing(kind, &cell.scope, &wanted, listing, cell.strangers.then_some(&ownership));
        let account = &cell.scope.account;
        live_owned_fields.extend(outcome.take(compared).into_iter().map(|part| (account.clone(), part)));
        let left = pending.entry(cell.scope.clone()).or_default();
        *left = left.saturating_sub(1);
        if *left == 0 {
            cell.region.clear();
        }
        progress.advance();
    }
    drop(cells);
    ownership.add_live_owned_fields(&live_owned_fields);
    // A stranger that a changed resource already tells of (an attachment added to a list of them) is not told twice.
    outcome.drifts.retain(|drift| {
        let kind = facts.get(drift.kind.as_str()).filter(|kind| kind.report_unmanaged_children);
        drift.status != DriftStatus::Unmanaged
            || !kind.is_some_and(|kind| ownership.is_spoken_for(kind, &drift.scope.account, &drift.live_attributes))
    });
    outcome.fold(ownership.owned_fields());

    progress.begin("asking who did it", 0);
    let sources = event_sources(&options.attribution, aws);
    let question = Question {
        drifts: &outcome.drifts,
        since: options.attribution.since,
        // What was changed while AWS was read may be live: its event counts.
        until: Timestamp::now(),
        settings: &options.attribution.settings,
        principal: principal.as_ref(),
        event_regions: &event_regions,
    };
    let attributed = attribute::attribute(&question, &sources).await;
    outcome.gaps.extend(attributed.gaps);
    let (findings, ignored, rule_warnings) =
        findings::judge(&desired, outcome.drifts, attributed.who, &options.rules, started);
    outcome.gaps.sort();
    outcome.gaps.dedup();
    let count = |kind| findings.iter().filter(|finding| finding.drift == kind).count() as u64;
    let report = Report {
        schema_version: "1",
        summary: Summary {
            desired: plan.desired,
            live: outcome.live,
            in_sync: outcome.in_sync,
            changed: count(DriftStatus::Changed),
            missing: count(DriftStatus::Missing),
            unmanaged: count(DriftStatus::Unmanaged),
            unknown: count(DriftStatus::Unknown),
            ignored,
        },
        scan: Scan {
            id: scan_id,
            driftd_version: env!("CARGO_PKG_VERSION").to_owned(),
            started_at: started.to_string(),
            finished_at: Timestamp::now().to_string(),
            complete: outcome.gaps.is_empty(),
            sources: desired.sources,
            accounts: plan.accounts.into_iter().collect(),
            regions: plan.regions.into_iter().collect(),
            api_calls: aws.calls(),
        },
        findings,
        gaps: outcome.gaps,
    };
    (report, Diagnostics { rules: rule_warnings, uncovered: outcome.uncovered, activity: attributed.activity })
}

/// One kind in one scope, with the desired resources (by index) that are to be found there.
struct Cell {
    scope: Scope,
    kind: &'static dyn Kind,
    region: std::sync::Arc<inventory::Region>,
    desired: Vec<usize>,
    /// Look for strangers here.
    strangers: bool,
}

async fn read(cell: Cell, desired: &DesiredState) -> (Cell, crate::model::Listing) {
    let wanted = cell.desired.iter().map(|&index| &desired.resources[index]).collect();
    let owners = owners(&cell, desired);
    let request = Request { kind: cell.kind, desired: wanted, unmanaged: cell.strangers, owners };
    let listing = inventory::collect(&cell.region, &request).await;
    (cell, listing)
}

/// The managed resources on which the cell's kind looks for strangers, each once.
fn owners<'a>(cell: &Cell, desired: &'a DesiredState) -> Vec<&'a str> {
    let Some(owner) = cell.kind.unmanaged_children_of().filter(|_| cell.strangers) else { return Vec::new() };
    let here = |account: &String| *account == cell.scope.account;
    let managed = desired.resources.iter().filter(|one| &*one.kind == owner && one.account.as_ref().is_none_or(here));
    managed.map(|one| one.id.as_str()).filter(|id| !id.is_empty()).collect::<BTreeSet<_>>().into_iter().collect()
}

/// A resource whose account or region nothing tells was looked for where the scan's own credentials point. Where several
/// event_regions are in play, "not there" says nothing about elsewhere.
fn downgrade_guessed_missing(
    listing: &mut crate::model::Listing,
    wanted: &[(usize, &crate::model::Desired)],
    cell: &Cell,
    several_places: bool,
) {
    let regional = cell.kind.reach() == inventory::Reach::Regional;
    for (_, one) in wanted {
        let guessed = one.account.is_none() || (regional && one.region.is_none());
        let elsewhere = several_places || one.provider.alias.is_some() || one.provider.module.is_some();
        if !guessed || !elsewhere {
            continue;
        }
        if let Some(at) = listing.confirmed_missing.iter().position(|id| *id == one.id) {
            listing.confirmed_missing.swap_remove(at);
            let Scope { account, region } = &cell.scope;
            let scope = kind_gap(cell.kind.name(), Some(account), Some(region));
            listing.gaps.push(Gap {
                reason: GapReason::NotConfigured,
                scope: GapScope { id: Some(one.id.clone()), ..scope },
                detail: format!(
                    "{}: nothing tells its account and region, and it is not in {account} {region}",
                    one.address
                ),
            });
        }
    }
}

/// What the cycle knows after reading.
#[derive(Default)]
struct Outcome {
    drifts: Vec<Drift>,
    gaps: Vec<Gap>,
    in_sync: u64,
    live: u64,
    uncovered: BTreeSet<String>,
}

impl Outcome {
    fn take(&mut self, compared: Compared) -> Vec<OwnedField> {
        self.gaps.extend(compared.gaps);
        self.drifts.extend(compared.drifts);
        self.in_sync += compared.in_sync.len() as u64;
        self.live += compared.live;
        self.uncovered.extend(compared.uncovered);
        compared.owned_fields
    }

    /// Folds what children speak for; a parent of which nothing is left is in sync, or unknown if it was half read.
    fn fold(&mut self, owned_fields: &diff::OwnedFieldIndex) {
        let before = self.drifts.len();
        self.drifts.retain_mut(|drift| {
            if !owned_fields.explain(drift) {
                return true;
            }
            drift.status = DriftStatus::Unknown;
            drift.desired_attributes.clear();
            drift.live_attributes.clear();
            drift.reason.is_some()
        });
        self.in_sync += (before - self.drifts.len()) as u64;
        for drift in self.drifts.iter_mut().filter(|drift| drift.status != DriftStatus::Unknown) {
            drift.reason = None;
        }
    }
}

fn facts() -> HashMap<&'static str, KindFacts> {
    let owned_fields = |name: &'static str, attributes: &Attributes| {
        kinds::get(name).map(|kind| kind.owned_fields(attributes)).unwrap_or_default()
    };
    let of = |kind: &&'static dyn Kind| {
        let (name, rules, report_unmanaged_children) =
            (kind.name(), kind.compare_rules(), kind.report_unmanaged_children());
        (name, KindFacts { name, rules, owned_fields, report_unmanaged_children })
    };
    kinds::ALL.iter().map(of).collect()
}

/// A gap that covers one kind of one account.
fn kind_gap(kind: &str, account: Option<&str>, region: Option<&str>) -> GapScope {
    GapScope {
        kind: Some(kind.to_owned()),
        account: account.map(str::to_owned),
        region: region.map(str::to_owned),
        ..GapScope::default()
    }
}

/// Indexes by (account, region, kind).
type ByCell = BTreeMap<(String, String, String), Vec<usize>>;
