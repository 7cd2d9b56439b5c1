//! CloudTrail's event history: LookupEvents, which needs no set-up and answers two calls a second for each account and region,
//! whoever asks. Everything here follows from that: few queries, a pace, a budget, and a gap that says how far it went.
//! Calls go through a [`LookupApi`].
//! <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html>

mod api;
mod pace;
mod scope_lookup;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use futures::{StreamExt as _, stream};
use jiff::{SignedDuration, Timestamp};

use super::event_sender::{EventSender, Watch, gather};
use super::problems::Problems;
use super::{EventSource, SourceError};
use crate::attribution::event::{EventSink, ResourceQuery, SessionQuery, Window};
use crate::model::{GLOBAL, Gap, GapReason, GapScope, Scope};

pub(super) use api::EventHistory;
pub use pace::Paces;
use scope_lookup::{ScopeLookup, ScopeState};

/// What the event history keeps.
const KEEPS: SignedDuration = SignedDuration::from_hours(90 * 24);
/// How much of what was asked for may be missing at its old end without a gap: the scan itself takes time.
const TOLERATED: SignedDuration = SignedDuration::from_hours(24);
/// From so many resources on, one sweep of all writes costs less than a query for each name.
const FEW_RESOURCES: usize = 5;
/// The same for the names they have.
const FEW_NAMES: usize = 12;
/// Accounts and regions that are asked at a time.
const SCOPES_AT_A_TIME: usize = 16;
/// The event that handed out a key is found by the key; its time is only a limit.
const AROUND_A_KEY: SignedDuration = SignedDuration::from_secs(60);

/// The action that every call needs.
const ACTION: &str = "cloudtrail:LookupEvents";

/// The one attribute by which a query selects.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Attribute {
    EventName(String),
    /// `ReadOnly=false`
    Writes,
    /// An id, a name or an ARN, as the service reported it to CloudTrail.
    ResourceName(String),
}

/// What to look up.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Query {
    /// `None`: every event.
    pub attribute: Option<Attribute>,
    /// Whole seconds; both ends belong to it.
    pub since: Timestamp,
    pub until: Timestamp,
}

/// At most 50 events, the youngest first.
#[derive(Debug, Default, Clone)]
pub struct Page {
    /// Each event's `CloudTrailEvent`: the record, as text.
    pub records: Vec<String>,
    /// The time of the last one.
    pub oldest: Option<Timestamp>,
    /// Asks for the next page, with the same query.
    pub token: Option<String>,
}

/// Makes one call, once: no retries, no waiting.
#[async_trait]
pub trait LookupApi: Send + Sync {
    /// `scope.region` is a region's name.
    async fn lookup(&self, scope: &Scope, query: &Query, token: Option<&str>) -> Result<Page, SourceError>;
}

/// When enough is enough.
#[derive(Debug, Clone, Copy)]
struct Limits {
    /// Calls per account and region, of a whole cycle: for changes, and for sessions.
    calls: u32,
    session_calls: u32,
    /// How long one account and region may be asked at a stretch.
    time: Duration,
    /// Throttled calls in a row.
    throttles: u32,
    /// The first pause after a throttled or failed call; doubled by each further one.
    pause: Duration,
    longest_pause: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            calls: 240,
            session_calls: 120,
            time: Duration::from_secs(180),
            throttles: 7,
            pause: Duration::from_secs(1),
            longest_pause: Duration::from_secs(10),
        }
    }
}

/// LookupEvents in every account and region that is asked about.
pub struct Lookup<'a> {
    api: Box<dyn LookupApi + 'a>,
    /// Where global services log.
    home_region: String,
    paces: Arc<Paces>,
    limits: Limits,
    scopes: Mutex<BTreeMap<Scope, Arc<ScopeState>>>,
}

impl<'a> Lookup<'a> {
    /// `paces` is shared by all of the process: the quota is the account's.
    pub fn new(api: Box<dyn LookupApi + 'a>, home_region: &str, paces: Arc<Paces>) -> Self {
        Self { api, home_region: home_region.to_owned(), paces, limits: Limits::default(), scopes: Mutex::default() }
    }

    fn real(&self, scope: &Scope) -> Scope {
        let region = if scope.region == GLOBAL { &self.home_region } else { &scope.region };
        Scope::new(&scope.account, region)
    }

    fn state_of(&self, scope: &Scope) -> Arc<ScopeState> {
        let mut scopes = self.scopes.lock().unwrap_or_else(PoisonError::into_inner);
        scopes.entry(scope.clone()).or_insert_with(|| Arc::new(ScopeState::new(self.limits))).clone()
    }

    /// Visits places, several at a time.
    async fn look_up(&self, plans: Vec<(Scope, Plan)>, events: &EventSender, problems: &mut Problems) {
        let mut done = stream::iter(plans)
            .map(|(scope, plan)| async move {
                let state = self.state_of(&scope);
                let pace = self.paces.of(&scope);
                let problems = Problems::new(self.name());
                let mut lookup =
                    ScopeLookup::begin(&*self.api, self.limits, scope, pace, &state, events, problems).await;
                match plan {
                    Plan::Sweep(window) => lookup.sweep(window).await,
                    Plan::Names(resources, window) => lookup.names(&resources, window).await,
                    Plan::Sessions(sessions, watch) => lookup.sessions(&sessions, &watch).await,
                }
                lookup.problems
            })
            .buffer_unordered(SCOPES_AT_A_TIME);
        while let Some(more) = done.next().await {
            problems.extend(more);
        }
    }

    /// The part of a window that the history still has.
    #[expect(clippy::disallowed_methods, reason = "what AWS still keeps depends on the time of the call")]
    fn kept(&self, window: Window, problems: &mut Problems) -> Option<Window> {
        let oldest = Timestamp::now().checked_sub(KEEPS).unwrap_or(window.since);
        if window.since.saturating_add(TOLERATED).is_ok_and(|since| since < oldest) {
            let detail = format!(
                "{ACTION}: it keeps 90 days: events before {oldest:.0} were not read; give the trail's logs instead (s3://bucket)"
            );
            problems.add(GapReason::Failed, GapScope::default(), detail);
        }
        (window.until >= oldest).then(|| Window { since: window.since.max(oldest), ..window })
    }

    async fn run(
        &self,
        plans: Vec<(Scope, Plan)>,
        window: Window,
        problems: Problems,
        sink: &mut dyn EventSink,
    ) -> Vec<Gap> {
        let windows = [window];
        let mut problems = problems;
        let gaps = gather(&windows, None, sink, |events| async move {
            self.look_up(plans, &events, &mut problems).await;
            problems.into_gaps()
        });
        gaps.await
    }
}

/// What is wanted of one account and region.
enum Plan {
    /// All writes.
    Sweep(Window),
    Names(Vec<ResourceQuery>, Window),
    Sessions(Vec<SessionQuery>, Arc<Watch>),
}

#[async_trait]
impl EventSource for Lookup<'_> {
    fn name(&self) -> String {
        "lookup".to_owned()
    }

    fn asks_accounts(&self) -> bool {
        true
    }

    fn default_reach(&self) -> Option<SignedDuration> {
        Some(KEEPS)
    }

    async fn about(&self, resources: &BTreeSet<ResourceQuery>, window: Window, sink: &mut dyn EventSink) -> Vec<Gap> {
        let mut problems = Problems::new(self.name());
        let mut plans = Vec::new();
        if let Some(window) = self.kept(window, &mut problems) {
            let mut by_scope: BTreeMap<Scope, Vec<ResourceQuery>> = BTreeMap::new();
            for resource in resources {
                by_scope.entry(self.real(&resource.scope)).or_default().push(resource.clone());
            }
            for (scope, resources) in by_scope {
                let names: usize = resources.iter().map(|resource| resource.names.len()).sum();
                let few = resources.len() <= FEW_RESOURCES && names <= FEW_NAMES;
                plans.push((scope, if few { Plan::Names(resources, window) } else { Plan::Sweep(window) }));
            }
        }
        self.run(plans, window, problems, sink).await
    }

    async fn writes(&self, scopes: &BTreeSet<Scope>, window: Window, sink: &mut dyn EventSink) -> Vec<Gap> {
        let mut problems = Problems::new(self.name());
        let mut plans = Vec::new();
        if let Some(window) = self.kept(window, &mut problems) {
            let scopes: BTreeSet<Scope> = scopes.iter().map(|scope| self.real(scope)).collect();
            plans.extend(scopes.into_iter().map(|scope| (scope, Plan::Sweep(window))));
        }
        self.run(plans, window, problems, sink).await
    }

    #[expect(clippy::disallowed_methods, reason = "what AWS still keeps depends on the time of the call")]
    async fn sessions(&self, sessions: &BTreeSet<SessionQuery>, sink: &mut dyn EventSink) -> Vec<Gap> {
        let oldest = Timestamp::now().checked_sub(KEEPS).unwrap_or_default();
        let sessions: BTreeSet<SessionQuery> =
            sessions.iter().filter(|session| session.created >= oldest).cloned().collect();
        let windows: Vec<Window> = sessions.iter().map(|session| around(session.beginning())).collect();
        let watch = Arc::new(Watch::new(&sessions));
        let mut problems = Problems::new(self.name());
        let gaps = gather(&windows, Some(watch.clone()), sink, |events| async move {
            // Where it was used, and then where STS's global endpoint and sign-ins log.
            for at_home in [false, true] {
                let mut by_scope: BTreeMap<Scope, Vec<SessionQuery>> = BTreeMap::new();
                for session in watch.unseen() {
                    let near = self.real(&session.scope);
                    let home = Scope::new(&session.scope.account, &self.home_region);
                    if !at_home || near != home {
                        by_scope.entry(if at_home { home } else { near }).or_default().push(session);
                    }
                }
                let plan = |(scope, sessions)| (scope, Plan::Sessions(sessions, watch.clone()));
                self.look_up(by_scope.into_iter().map(plan).collect(), &events, &mut problems).await;
            }
            problems.into_gaps()
        });
        gaps.await
    }
}

/// A wider window.
fn around(window: Window) -> Window {
    Window {
        since: window.since.saturating_sub(AROUND_A_KEY).unwrap_or(window.since),
        until: window.until.saturating_add(AROUND_A_KEY).unwrap_or(window.until),
    }
}

#[cfg(test)]
mod tests;
