//! One account and region: its queries, one after the other, within the pace and the budget.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{Mutex, MutexGuard};
use tokio::time::Instant;

use super::super::event_sender::{EventSender, Watch};
use super::super::problems::Problems;
use super::pace::Pace;
use super::{ACTION, Attribute, Limits, LookupApi, Page, Query, SourceError, around};
use crate::attribution::event::{ResourceQuery, SessionQuery, Window};
use crate::model::{GapReason, GapScope, Scope};

/// Pages of one name: a resource that is named by more is found faster by a sweep (a key that is used all day).
const PAGES_OF_A_NAME: usize = 6;
/// Pages of all events of a moment: with more of them, the few that matter are asked for by name.
const PAGES_OF_A_MOMENT: usize = 3;
/// Calls that failed in a row, other than by throttling.
const FAILURES: u32 = 3;
/// Keys of one session that are tried.
const KEYS_OF_A_SESSION: usize = 2;
/// Longer names are refused.
const LONGEST_NAME: usize = 2000;

/// Calls that begin sessions.
const BEGINNINGS: [&str; 4] = ["AssumeRole", "AssumeRoleWithSAML", "AssumeRoleWithWebIdentity", "ConsoleLogin"];

/// What is known of an account and region, over all lookups.
pub(super) struct ScopeState(Mutex<State>);

struct State {
    calls_left: u32,
    session_calls_left: u32,
    /// Swept, as far as it went.
    swept: Vec<Window>,
    /// Names and moments that were asked for, and whether all of it was given.
    asked: BTreeMap<Query, bool>,
    /// It will not answer: refused, or no credentials.
    closed: bool,
}

impl ScopeState {
    pub(super) fn new(limits: Limits) -> Self {
        Self(Mutex::new(State {
            calls_left: limits.calls,
            session_calls_left: limits.session_calls,
            swept: Vec::new(),
            asked: BTreeMap::new(),
            closed: false,
        }))
    }
}

/// Why a query ended early.
enum Stop {
    /// The budget of calls or of time is spent, or throttling did not end.
    Slow(String),
    Failed(SourceError),
}

/// How a query ended.
struct Answer {
    /// Events that count.
    passed: usize,
    /// Everything in the window was given.
    whole: bool,
}

/// The queries of one account and region; it holds the lock on their state meanwhile.
pub(super) struct ScopeLookup<'v> {
    api: &'v dyn LookupApi,
    limits: Limits,
    scope: Scope,
    pace: Arc<Pace>,
    state: MutexGuard<'v, State>,
    events: &'v EventSender,
    pub(super) problems: Problems,
    began: Instant,
    for_sessions: bool,
}

impl<'v> ScopeLookup<'v> {
    #[expect(clippy::disallowed_methods, reason = "a scope has so much real time")]
    pub(super) async fn begin(
        api: &'v dyn LookupApi,
        limits: Limits,
        scope: Scope,
        pace: Arc<Pace>,
        known: &'v ScopeState,
        events: &'v EventSender,
        problems: Problems,
    ) -> Self {
        let state = known.0.lock().await;
        Self { api, limits, scope, pace, state, events, problems, began: Instant::now(), for_sessions: false }
    }

    /// Every write of the window, the youngest first.
    pub(super) async fn sweep(&mut self, window: Window) {
        if self.state.closed || self.state.swept.iter().any(|swept| swept.covers(&window)) {
            return;
        }
        // However it ends: a second try would find the same budget.
        self.state.swept.push(window);
        self.ask(&query(Some(Attribute::Writes), window), usize::MAX).await;
    }

    /// What the names of a few resources lead to. Services do not name every resource: where nothing is found, the writes
    /// are swept.
    pub(super) async fn names(&mut self, resources: &[ResourceQuery], window: Window) {
        let mut all_found = true;
        for resource in resources {
            let mut found = false;
            for name in resource.names.iter().filter(|name| !name.is_empty() && name.len() <= LONGEST_NAME) {
                let query = query(Some(Attribute::ResourceName(name.clone())), window);
                if self.state.closed || self.state.swept.iter().any(|swept| swept.covers(&window)) {
                    return;
                }
                if self.state.asked.contains_key(&query) {
                    found = true;
                    continue;
                }
                let Some(answer) = self.ask(&query, PAGES_OF_A_NAME).await else { return };
                self.state.asked.insert(query, answer.whole);
                found = found || answer.passed > 0;
                all_found = all_found && answer.whole;
            }
            all_found = all_found && found;
        }
        if !all_found {
            self.sweep(window).await;
        }
    }

    /// The calls that began these sessions.
    pub(super) async fn sessions(&mut self, sessions: &[SessionQuery], watch: &Watch) {
        self.for_sessions = true;
        // A console session has a new key for every request, and one beginning.
        let mut keys_of: BTreeMap<(&str, Timestamp), usize> = BTreeMap::new();
        for session in sessions {
            if watch.has_seen(session) {
                continue;
            }
            // One call for all that happened in these seconds, instead of one for each key and each way to begin.
            let moment = session.beginning();
            if self.ask_once(&query(None, moment), PAGES_OF_A_MOMENT).await || watch.has_seen(session) {
                continue;
            }
            // Only temporary keys are handed out by a call.
            let keys = keys_of.entry((&session.principal_id, session.created)).or_default();
            *keys += 1;
            let key = session.access_key.as_ref().filter(|key| key.starts_with("ASIA") && *keys <= KEYS_OF_A_SESSION);
            if let Some(key) = key {
                let query = query(Some(Attribute::ResourceName(key.clone())), around(moment));
                self.ask_once(&query, 1).await;
            }
            for name in BEGINNINGS {
                if !watch.has_seen(session) {
                    let attribute = Some(Attribute::EventName(name.to_owned()));
                    self.ask_once(&query(attribute, moment), PAGES_OF_A_MOMENT).await;
                }
            }
        }
    }

    /// Is everything given that the query leads to? What could not be read counts as given: asking for parts of it would
    /// fail as well.
    async fn ask_once(&mut self, query: &Query, pages: usize) -> bool {
        if self.state.closed {
            return true;
        }
        if let Some(whole) = self.state.asked.get(query) {
            return *whole;
        }
        let whole = self.ask(query, pages).await.is_none_or(|answer| answer.whole);
        self.state.asked.insert(query.clone(), whole);
        whole
    }

    /// Asks, page by page. `None`: it failed, which is a gap; more questions would fail as well.
    async fn ask(&mut self, query: &Query, pages: usize) -> Option<Answer> {
        let mut answer = Answer { passed: 0, whole: false };
        let mut token: Option<String> = None;
        let mut oldest: Option<Timestamp> = None;
        for _ in 0..pages {
            let page = match self.page(query, token.as_deref()).await {
                Ok(page) => page,
                Err(stop) => {
                    self.report(stop, query, oldest);
                    return None;
                }
            };
            for record in &page.records {
                answer.passed += usize::from(self.events.give(record).await);
            }
            oldest = page.oldest.or(oldest);
            // A token that comes back is a circle.
            if page.token.is_none() || page.token == token {
                answer.whole = true;
                break;
            }
            token = page.token;
        }
        Some(answer)
    }

    async fn page(&mut self, query: &Query, token: Option<&str>) -> Result<Page, Stop> {
        let (mut throttles, mut failures) = (0, 0);
        loop {
            self.pace.turn().await;
            self.spend()?;
            let error = match self.api.lookup(&self.scope, query, token).await {
                Ok(page) => return Ok(page),
                Err(error) => error,
            };
            match error.reason {
                GapReason::Throttled => {
                    throttles += 1;
                    if throttles >= self.limits.throttles {
                        return Err(Stop::Slow(format!("throttled {throttles} times in a row")));
                    }
                }
                GapReason::Timeout | GapReason::Failed => {
                    failures += 1;
                    if failures >= FAILURES {
                        return Err(Stop::Failed(error));
                    }
                }
                _ => return Err(Stop::Failed(error)),
            }
            let doubled = self.limits.pause.saturating_mul(1 << (throttles + failures - 1).min(16));
            self.pace.rest(doubled.min(self.limits.longest_pause)).await;
        }
    }

    /// Takes one call from the budget.
    fn spend(&mut self) -> Result<(), Stop> {
        let (all, left) = if self.for_sessions {
            (self.limits.session_calls, &mut self.state.session_calls_left)
        } else {
            (self.limits.calls, &mut self.state.calls_left)
        };
        if *left == 0 {
            return Err(Stop::Slow(format!("ended after {all} calls")));
        }
        if self.began.elapsed() >= self.limits.time {
            return Err(Stop::Slow(format!("ended after {}", seconds(self.limits.time))));
        }
        *left -= 1;
        Ok(())
    }

    fn report(&mut self, stop: Stop, query: &Query, oldest: Option<Timestamp>) {
        let Scope { account, region } = &self.scope;
        let gap = GapScope {
            account: Some(account.clone()),
            region: Some(region.clone()),
            action: Some(ACTION.to_owned()),
            ..GapScope::default()
        };
        match stop {
            Stop::Slow(how) => {
                let unread = match oldest {
                    _ if self.for_sessions => "who is behind some sessions was not looked up".to_owned(),
                    Some(oldest) => format!("events of {account} {region} before {oldest} were not read"),
                    None => format!("events of {account} {region} since {} were not read", query.since),
                };
                let detail = format!(
                    "{ACTION}: {how} (AWS allows 2 calls a second): {unread}; \
                     remedy: a shorter --since, or the trail's logs (--cloudtrail s3://bucket)"
                );
                self.problems.add(GapReason::Throttled, gap, detail);
            }
            Stop::Failed(error) => {
                self.state.closed = matches!(error.reason, GapReason::Denied | GapReason::NotConfigured);
                self.problems.add(error.reason, gap, format!("{account} {region}: {}", error.detail));
            }
        }
    }
}

/// A query takes whole seconds.
fn query(attribute: Option<Attribute>, window: Window) -> Query {
    let second = |at: Timestamp, more: i64| Timestamp::from_second(at.as_second() + more).unwrap_or(at);
    let part = i64::from(window.until.subsec_nanosecond() > 0);
    Query { attribute, since: second(window.since, 0), until: second(window.until, part) }
}

fn seconds(time: Duration) -> String {
    format!("{} seconds", time.as_secs())
}
