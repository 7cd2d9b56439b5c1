//! Who did it: asks the event sources about the drifts, as little as is needed, and correlates. What could not be read is a
//! gap, and what it hides is `unknown`, never a guess.

mod event_regions;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::attribution::source::EventSource;
use crate::attribution::{
    ActivityLog, Collector, Event, EventSink, Explanation, ResourceQuery, SessionQuery, Settings, Unread,
    UnresolvedSession, Window, correlate,
};
use crate::model::{
    ActivityRecord, Attribution, Caution, Confidence, Drift, DriftStatus, Gap, GapReason, GapScope, Scope,
};

pub(super) use event_regions::EventRegions;

/// AWS's clock may be ahead of this machine's: an event of the future has happened all the same.
const AHEAD: SignedDuration = SignedDuration::from_hours(24);
/// Roles assumed by roles: longer chains are not followed.
const HOPS: usize = 10;
/// Sessions whose beginning is sought for the principal asked about: each may cost a query.
const MOST_SESSIONS: usize = 200;

/// What is asked.
pub(super) struct Question<'a> {
    pub drifts: &'a [Drift],
    /// How far back; `None` leaves it to each source.
    pub since: Option<Timestamp>,
    pub until: Timestamp,
    pub settings: &'a Settings,
    pub principal: Option<&'a Principal>,
    pub event_regions: &'a EventRegions,
}

/// Who did what, drift by drift.
#[derive(Default)]
pub(super) struct Attributed {
    /// One for each drift: whoever acted last first; `None` where nobody was asked.
    pub who: Vec<Option<Vec<Attribution>>>,
    /// One for each drift: is what is live what the last known event about it set, all of it?
    pub proven: Vec<bool>,
    /// All of them are gaps in events.
    pub gaps: Vec<Gap>,
    /// What the principal asked about did.
    pub activity: Vec<ActivityRecord>,
}

impl Attributed {
    /// Nobody could be asked any more.
    pub(super) fn too_late(drifts: usize, deadline: Duration) -> Self {
        let detail =
            format!("nobody was asked who did it to the end: the scan's deadline of {} s passed", deadline.as_secs());
        let gap = Gap { reason: GapReason::Timeout, scope: GapScope::default(), detail };
        Self { who: vec![None; drifts], proven: vec![false; drifts], gaps: vec![gap], activity: Vec::new() }
    }
}

/// A principal of whom all activity is reported.
pub(super) struct Principal {
    /// A person's name, a user, a role, a session, an ARN, an access key or a source address.
    pub name: String,
    /// Where.
    pub scopes: BTreeSet<Scope>,
}

/// Takes events for the drifts, and for the principal asked about.
struct CycleSink<'a> {
    collector: Collector<'a>,
    activity_log: Option<ActivityLog>,
    /// Records of the source being read that nobody understands.
    malformed: u64,
    /// Source -> the same, of all that was read.
    unreadable: BTreeMap<String, u64>,
    gaps: Vec<Gap>,
}

impl CycleSink<'_> {
    /// A source has given what it has.
    fn ends(&mut self, source: &dyn EventSource, gaps: Vec<Gap>) {
        self.gaps.extend(gaps);
        let malformed = std::mem::take(&mut self.malformed);
        if malformed > 0 {
            *self.unreadable.entry(source.name()).or_default() += malformed;
        }
    }

    fn into_gaps(self) -> Vec<Gap> {
        let mut gaps = self.gaps;
        gaps.extend(self.unreadable.into_iter().map(|(source, count)| {
            let detail = format!("{source}: {count} records are no events that driftd can read, and were left out");
            gap_of(GapReason::Unreadable, source, detail)
        }));
        gaps
    }
}

impl EventSink for CycleSink<'_> {
    fn accept(&mut self, event: Event) {
        if let Some(activity_log) = &mut self.activity_log {
            activity_log.note(&event);
        }
        self.collector.accept(event);
    }

    fn malformed(&mut self) {
        self.malformed += 1;
        self.collector.malformed();
    }

    fn unread(&mut self, unread: Unread) {
        self.collector.unread(unread);
    }
}

/// Names those behind the drifts. Without sources nobody is asked.
pub(super) async fn attribute(question: &Question<'_>, sources: &[&dyn EventSource]) -> Attributed {
    let Question { drifts, since, until, settings, principal, event_regions } = question;
    let (who, proven) = (vec![None; drifts.len()], vec![false; drifts.len()]);
    let mut attributed = Attributed { who, proven, ..Attributed::default() };
    let nothing_to_ask = drifts.iter().all(|drift| drift.status == DriftStatus::Unknown) && principal.is_none();
    if sources.is_empty() || nothing_to_ask {
        return attributed;
    }
    let event_regions = event_regions.with_buckets_of(drifts);
    let mut sink = CycleSink {
        collector: Collector::new(drifts),
        activity_log: principal.map(|_| ActivityLog::default()),
        malformed: 0,
        unreadable: BTreeMap::new(),
        gaps: Vec::new(),
    };
    let mut earliest = *until;
    let window = |source: &dyn EventSource| Window {
        since: since.unwrap_or_else(|| reach(source, *until)),
        until: ahead(*until),
    };
    let subjects = subjects(drifts, &sink.collector, &event_regions);
    for source in sources {
        earliest = earliest.min(window(*source).since);
        let gaps = source.about(&subjects, window(*source), &mut sink).await;
        sink.ends(*source, gaps);
    }
    // An event need not say in its index which resource it is about: of what has no name yet, everything written is read.
    let mut unnamed = scopes(drifts, &correlate(&sink.collector, settings), &event_regions);
    unnamed.retain(|scope| principal.is_none_or(|principal| !principal.scopes.contains(scope)));
    for source in sources {
        if !unnamed.is_empty() {
            let gaps = source.writes(&unnamed, window(*source), &mut sink).await;
            sink.ends(*source, gaps);
        }
        if let Some(principal) = principal {
            let gaps = source.activity(&principal.scopes, window(*source), &mut sink).await;
            sink.ends(*source, gaps);
        }
    }
    let of_principal = principal.iter().flat_map(|principal| &principal.scopes);
    let scopes_of_run = drifts.iter().map(|drift| &drift.scope).chain(of_principal);
    let accounts: BTreeSet<String> = scopes_of_run.map(|scope| scope.account.clone()).collect();
    let mut asked: BTreeSet<SessionQuery> = BTreeSet::new();
    let mut search = Search::default();
    let mut explanations = correlate(&sink.collector, settings);
    for _ in 0..HOPS {
        let of_drifts = explanations.iter().flatten().flat_map(|explanation| explanation.unresolved_sessions.clone());
        let mut wanted: BTreeSet<SessionQuery> = of_drifts.filter(|session| !asked.contains(session)).collect();
        wanted.extend(search.next(unresolved_of_principal(&sink, *principal, settings)));
        if wanted.is_empty() {
            break;
        }
        for source in sources {
            let within = |session: &&SessionQuery| !source.asks_accounts() || accounts.contains(&session.scope.account);
            let gaps = source.sessions(&wanted.iter().filter(within).cloned().collect(), &mut sink).await;
            sink.ends(*source, gaps);
        }
        asked.extend(wanted);
        explanations = correlate(&sink.collector, settings);
    }
    let mut of_activity = Vec::new();
    if let (Some(principal), Some(activity_log)) = (principal, &sink.activity_log) {
        attributed.activity = activity_log.of(&principal.name, &sink.collector, settings);
        let names: Vec<String> = sources.iter().map(|source| source.name()).collect();
        let unresolved = search
            .unresolved_details(&activity_log.unresolved_sessions(&principal.name, &sink.collector, settings))
            .into_iter();
        of_activity.extend(
            unresolved
                .chain(activity_log.omitted_calls())
                .chain(activity_log.nobodys_calls(&principal.name, &sink.collector, settings))
                .map(|detail| gap_of(GapReason::Failed, names.join(", "), detail)),
        );
    }
    let (crowded, gaps_of_crowded) = crowded(&sink.collector, drifts, sources);
    let who = drifts.iter().zip(explanations).enumerate().map(|(index, (drift, explanation))| {
        let incomplete = crowded.contains(&index) || sink.gaps.iter().any(|gap| event_regions.hides(gap, drift));
        // A record that is no event hides no more than what it may have been about.
        let incomplete = incomplete || explanation.as_ref().is_some_and(|explanation| explanation.doubted);
        let proven = explanation.as_ref().is_some_and(|explanation| explanation.proven && !incomplete);
        (explanation.map(|explanation| to_attributions(explanation, incomplete, earliest)), proven)
    });
    (attributed.who, attributed.proven) = who.unzip();
    let mut gaps = sink.into_gaps();
    gaps.extend(of_activity);
    gaps.extend(gaps_of_crowded);
    attributed.gaps = gaps;
    attributed
}

fn ahead(until: Timestamp) -> Timestamp {
    until.saturating_add(AHEAD).unwrap_or(until)
}

/// The drifts of which not all events could be kept, and the gaps that say so.
fn crowded(collector: &Collector<'_>, drifts: &[Drift], sources: &[&dyn EventSource]) -> (BTreeSet<usize>, Vec<Gap>) {
    let names: Vec<String> = sources.iter().map(|source| source.name()).collect();
    let gap = |(index, detail): (usize, String)| {
        let drift = drifts.get(index)?;
        let mut gap = gap_of(GapReason::Failed, names.join(", "), format!("{} {}: {detail}", drift.kind, drift.id));
        gap.scope.account = Some(drift.scope.account.clone());
        gap.scope.region = Some(drift.scope.region.clone());
        gap.scope.id = Some(drift.id.clone());
        Some((index, gap))
    };
    collector.omitted_events().filter_map(gap).unzip()
}

fn reach(source: &dyn EventSource, until: Timestamp) -> Timestamp {
    source.default_reach().and_then(|reach| until.checked_sub(reach).ok()).unwrap_or(Timestamp::UNIX_EPOCH)
}

fn gap_of(reason: GapReason, source: String, detail: String) -> Gap {
    Gap { reason, scope: GapScope { source: Some(source), ..GapScope::default() }, detail }
}

/// What sources are asked about the drifts, in every place where their events may be logged.
fn subjects(drifts: &[Drift], collector: &Collector<'_>, event_regions: &EventRegions) -> BTreeSet<ResourceQuery> {
    let mut subjects = collector.resource_queries();
    for drift in drifts {
        let elsewhere = event_regions.elsewhere(drift);
        if elsewhere.is_empty() {
            continue;
        }
        for subject in Collector::new(std::slice::from_ref(drift)).resource_queries() {
            subjects.extend(elsewhere.iter().map(|scope| ResourceQuery { scope: scope.clone(), ..subject.clone() }));
        }
    }
    subjects
}

/// Where the events of those drifts are logged of which not everything is explained.
fn scopes(drifts: &[Drift], explanations: &[Option<Explanation>], event_regions: &EventRegions) -> BTreeSet<Scope> {
    let is_open =
        |explanation: &Option<Explanation>| explanation.as_ref().is_some_and(|explanation| !explanation.explained);
    let open = drifts.iter().zip(explanations).filter(|(_, explanation)| is_open(explanation)).map(|(drift, _)| drift);
    open.flat_map(|drift| std::iter::once(drift.scope.clone()).chain(event_regions.elsewhere(drift))).collect()
}

fn unresolved_of_principal(
    sink: &CycleSink<'_>,
    principal: Option<&Principal>,
    settings: &Settings,
) -> Vec<UnresolvedSession> {
    match (principal, &sink.activity_log) {
        (Some(principal), Some(activity_log)) => {
            activity_log.unresolved_sessions(&principal.name, &sink.collector, settings)
        }
        _ => Vec::new(),
    }
}

/// The search for the beginnings of sessions, for the principal asked about.
#[derive(Default)]
struct Search {
    /// Principal and beginning of those that were sought.
    sought: BTreeSet<(String, Timestamp)>,
}

impl Search {
    /// Those that were not sought yet, the youngest first, until there are enough.
    fn next(&mut self, wanted: Vec<UnresolvedSession>) -> Vec<SessionQuery> {
        let left = MOST_SESSIONS.saturating_sub(self.sought.len());
        let new =
            wanted.into_iter().map(|wanted| wanted.session).filter(|session| !self.sought.contains(&key(session)));
        let new: Vec<SessionQuery> = new.take(left).collect();
        self.sought.extend(new.iter().map(key));
        new
    }

    /// What those that are still wanted mean for the list of activity.
    fn unresolved_details(&self, wanted: &[UnresolvedSession]) -> Vec<String> {
        let hidden = wanted.iter().filter(|wanted| !wanted.named);
        let (sought, others): (Vec<&UnresolvedSession>, Vec<_>) =
            hidden.partition(|wanted| self.sought.contains(&key(&wanted.session)));
        let say = |count: usize, why: &str| {
            (count > 0).then(|| format!("{count} sessions of roles: {why}; what was done in them is nobody's here"))
        };
        let unseen = say(sought.len(), "the calls that began them were not found");
        let unsought = say(others.len(), "after the youngest 200 the calls that began them were not sought");
        unseen.into_iter().chain(unsought).collect()
    }
}

fn key(session: &SessionQuery) -> (String, Timestamp) {
    (session.principal_id.clone(), session.created)
}

/// The explanation as attributions of the report. `incomplete`: not all events of its place could be read.
fn to_attributions(explanation: Explanation, incomplete: bool, since: Timestamp) -> Vec<Attribution> {
    let mut all = explanation.attributions;
    if all.is_empty() {
        let mut unknown = Attribution::unknown(format!("no event since {} explains it", day(since)));
        if incomplete {
            unknown.reasons = vec!["the events could not all be read: see the gaps".to_owned()];
            unknown.cautions.push(Caution::EventsIncomplete);
        }
        return vec![unknown];
    }
    if let Some(first) = all.first_mut()
        && !explanation.unexplained.is_empty()
    {
        first.reasons.push(format!("no event explains {}", explanation.unexplained.join(", ")));
    }
    if incomplete {
        all.iter_mut().for_each(doubt);
    }
    all
}

/// Somebody else may have acted last, in an event that was not read.
fn doubt(attribution: &mut Attribution) {
    attribution.cautions.push(Caution::EventsIncomplete);
    if attribution.confidence == Confidence::Certain {
        attribution.confidence = Confidence::Likely;
        let why = "not certain: the events of its account and region could not all be read, or do not say what they are about";
        attribution.reasons.push(why.to_owned());
    }
}

fn day(time: Timestamp) -> String {
    if time == Timestamp::UNIX_EPOCH { "the first".to_owned() } else { time.strftime("%F").to_string() }
}

#[cfg(test)]
mod tests;
