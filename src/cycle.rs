//! One drift cycle, top to bottom: what should be, what is, what differs, who did it, does it matter. The file to read first.
//!
//! [`run`] takes [`Work`] (the question: scopes to sweep, or single resources) and an [`Environment`] (everything else) and gives an
//! [`Outcome`]. It never fails on what it could not see: that is in the outcome's gaps.

mod attribute;
mod companions;
pub mod config;
mod findings;
mod guesses;
mod ignore_tags;
mod later_look;
mod place;
mod plan;
mod read;
mod shard;
mod watch_index;

use std::collections::BTreeSet;
use std::time::Duration;

use globset::GlobSet;
use jiff::Timestamp;

use crate::attribution::source::{self, EventSource};
use crate::aws::{Aws, Meter};
use crate::baseline::Baseline;
use crate::desired::{self, LoadOptions, Loaded, MovedSource, ObjectStore, StateConfig};
use crate::judge::RuleSet;
use crate::model::{Counts, DesiredState, Outcome, ResourceKey, Scope};

pub use crate::attribution::AttributionOptions;
pub use crate::inventory::{Keeping, KeptReads};
use attribute::{Attributed, EventRegions, Principal, Question};
pub use ignore_tags::IgnoreTags;
use plan::Plan;
use read::Seen;
pub use watch_index::{Mark, WatchIndex};

/// What a cycle is to look at.
pub enum Work {
    /// Whole scopes.
    Sweep(Sweep),
    /// Single resources, each by a read of its own, with what they own and what owns them.
    Resources(Resources),
}

/// A sweep: every scope that the desired state names.
#[derive(Debug, Clone, Default)]
pub struct Sweep {
    /// Regions to list besides those of the states.
    pub regions: Vec<String>,
    /// Look for resources that no source declares.
    pub unmanaged: bool,
    /// Only these kinds.
    pub kinds: Option<GlobSet>,
    /// Only these scopes.
    pub scopes: Option<BTreeSet<Scope>>,
    /// Only these accounts.
    pub accounts: Option<BTreeSet<String>>,
    /// Where unmanaged resources are known: they are looked for there although nothing may be declared any more.
    pub found: BTreeSet<Scope>,
    /// Report everything that this principal did, too.
    pub principal: Option<String>,
}

/// Single resources.
#[derive(Debug, Clone, Default)]
pub struct Resources {
    pub keys: BTreeSet<ResourceKey>,
    /// Declared ones, by their Terraform addresses.
    pub addresses: BTreeSet<String>,
    /// Types of which resources that no source declares are looked for, with where.
    pub kinds: BTreeSet<(Scope, String)>,
}

/// Everything that is not the question itself.
pub struct Environment<'a> {
    pub aws: &'a Aws,
    pub settings: &'a Settings,
    /// S3, as far as states lie there.
    pub store: &'a dyn ObjectStore,
    pub progress: &'a dyn Progress,
    /// What time it is.
    pub clock: &'a (dyn Fn() -> Timestamp + Sync),
    /// Events that are at hand, asked before the configured sources.
    pub events: &'a [&'a dyn EventSource],
    /// Are the configured sources of events asked, too?
    pub asks_sources: bool,
    /// Reads of earlier cycles that may be used again; `None`: everything is read.
    pub keeping: Option<Keeping<'a>>,
}

/// What holds for all cycles until the configuration changes.
pub struct Settings {
    /// Sources of desired state.
    pub states: Vec<StateConfig>,
    pub load: LoadOptions,
    pub rules: RuleSet,
    /// Drift that is accepted for now.
    pub baseline: Baseline,
    /// The providers' `ignore_tags`.
    pub ignore_tags: IgnoreTags,
    /// Where events are read to name who did it.
    pub attribution: AttributionOptions,
    /// How long one cycle may take; what is left then is a gap.
    pub deadline: Duration,
}

/// Says what the cycle is doing; a terminal's progress bar, or nothing.
pub trait Progress: Send + Sync {
    fn begin(&self, _step: &str, _total: u64) {}
    fn advance(&self) {}
}

/// No progress.
pub struct Silent;

impl Progress for Silent {}

impl Sweep {
    /// Is this scope asked for?
    fn wants(&self, scope: &Scope) -> bool {
        self.scopes.as_ref().is_none_or(|only| only.contains(scope)) && self.wants_account(&scope.account)
    }

    fn wants_account(&self, account: &str) -> bool {
        self.accounts.as_ref().is_none_or(|only| only.contains(account))
    }
}

/// Runs one cycle; `id` is the outcome's, unique.
pub async fn run(work: &Work, environment: &Environment<'_>, id: String) -> Outcome {
    let meter = Meter::default();
    let mut outcome = meter.measure(cycle(work, environment, id)).await;
    outcome.api_calls = meter.calls();
    outcome
}

/// Desired state and AWS, as they were at one time.
struct Looked<'a> {
    loaded: Loaded<'a>,
    plan: Plan,
    seen: Seen,
}

async fn cycle(work: &Work, environment: &Environment<'_>, id: String) -> Outcome {
    let Environment { settings, progress, clock, .. } = *environment;
    let started_at = clock();
    let left = || settings.deadline.saturating_sub(clock().duration_since(started_at).unsigned_abs());

    let mut looked = look(work, environment, &left).await;
    // An apply that ran meanwhile is no drift.
    let mut moved = moved_meanwhile(&looked, left()).await;
    let took = settings.deadline.saturating_sub(left());
    if !moved.is_empty() && looked.loaded.can_be_opened_again() && took < left() {
        drop(looked);
        looked = look(work, environment, &left).await;
        moved = moved_meanwhile(&looked, left()).await;
    }
    looked.seen.doubt(&moved, &looked.loaded.desired);

    progress.begin("asking who did it", 0);
    let mut attributed = attribute(work, &looked, environment, left()).await;
    let touched = later_look::touched(&looked, &attributed, clock());
    let is_time = !environment.aws.second_look_delay().is_zero() && environment.aws.second_look_delay() < left();
    if !touched.is_empty() && is_time && later_look::look_again(&mut looked, touched, environment, left).await {
        attributed = attribute(work, &looked, environment, left()).await;
    }
    let Looked { loaded: Loaded { desired, .. }, plan, mut seen } = looked;
    seen.gaps.extend(attributed.gaps);
    let verdicts = findings::Verdicts { rules: &settings.rules, baseline: &settings.baseline };
    let (findings, rule_warnings) = findings::judge(&desired, seen.drifts, attributed.who, verdicts, started_at);
    seen.gaps.sort();
    seen.gaps.dedup();
    seen.coverage.sort();
    let DesiredState { sources, .. } = desired;
    let regions = plan.all_regions();
    Outcome {
        id,
        driftd_version: env!("CARGO_PKG_VERSION").to_owned(),
        started_at,
        finished_at: clock(),
        sources,
        counts: Counts { desired: plan.desired, live: seen.live, in_sync: seen.in_sync },
        accounts: plan.accounts,
        regions,
        coverage: seen.coverage,
        findings,
        gaps: seen.gaps,
        api_calls: 0,
        activity: attributed.activity,
        rule_warnings,
        unmapped: seen.unmapped,
        folded: seen.folded,
    }
}

/// Reads what should be and what is, and compares; `left` is the time until the deadline.
async fn look<'a>(work: &Work, environment: &Environment<'a>, left: &(impl Fn() -> Duration + Sync)) -> Looked<'a> {
    let Environment { aws, settings, store, progress, .. } = *environment;
    progress.begin("reading desired state", 0);
    let mut loaded = desired::open(&settings.states, &settings.load, store).await;
    desired::mark_copies(&mut loaded.desired.resources, |resource| place::scope_of(resource, aws));
    let desired = &loaded.desired;
    let mut plan = plan::plan(work, desired, aws);

    progress.begin("reading AWS", plan.listings(&desired.resources));
    let mut seen = read::read(&plan, desired, &read::kind_facts(), environment, BTreeSet::new(), left()).await;
    seen.drifts.append(&mut plan.unreadable);
    seen.gaps.extend(desired.gaps.iter().cloned().chain(std::mem::take(&mut plan.gaps)));
    Looked { loaded, plan, seen }
}

/// The states that were written since they were read. Asked only where something was found that may be their doing.
async fn moved_meanwhile(looked: &Looked<'_>, left: Duration) -> Vec<MovedSource> {
    if !looked.seen.has_drift() {
        return Vec::new();
    }
    tokio::time::timeout(left, looked.loaded.moved()).await.unwrap_or_default()
}

/// Asks the sources of events who is behind the drifts.
async fn attribute(work: &Work, looked: &Looked<'_>, environment: &Environment<'_>, left: Duration) -> Attributed {
    let Environment { aws, settings, clock, .. } = *environment;
    let Looked { plan, seen, .. } = looked;
    let options = &settings.attribution;
    let principal = match work {
        Work::Sweep(Sweep { principal: Some(name), .. }) => {
            Some(Principal { name: name.clone(), scopes: plan.event_scopes(aws) })
        }
        _ => None,
    };
    let question = Question {
        drifts: &seen.drifts,
        since: options.since,
        // What was changed while AWS was read may be live: its event counts.
        until: clock(),
        settings: &options.settings,
        principal: principal.as_ref(),
        event_regions: &EventRegions { home: aws.home_region().to_owned(), regions: plan.log_regions(aws) },
    };
    let opened = if environment.asks_sources { source::open(&options.sources, aws) } else { Vec::new() };
    let sources: Vec<&dyn EventSource> =
        environment.events.iter().copied().chain(opened.iter().map(AsRef::as_ref)).collect();
    let attributed = tokio::time::timeout(left, attribute::attribute(&question, &sources)).await;
    attributed.unwrap_or_else(|_| Attributed::too_late(seen.drifts.len(), settings.deadline))
}
