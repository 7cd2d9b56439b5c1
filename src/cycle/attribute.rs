//! Who did it: asks the event sources about the drifts, as little as is needed, and correlates. What could not be read is a
//! gap, and what it hides is `unknown`, never a guess.

mod event_regions;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::attribution::source::{EventSource, Session, Subject, Taker, Window};
use crate::attribution::{ActivityLog, Collector, Event, Settings, Verdict, Wanted, correlate};
use crate::model::{
    ActivityRecord, Attribution, Caution, Confidence, Drift, DriftStatus, Gap, GapReason, GapScope, Scope,
};

pub use event_regions::EventRegions;

/// Roles assumed by roles: longer chains are not followed.
const HOPS: usize = 10;
/// Sessions whose beginning is sought for the principal asked about: each may cost a query.
const MOST_SESSIONS: usize = 200;

/// What is asked.
pub struct Question<'a> {
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
pub struct Attributed {
    /// One for each drift: whoever acted last first; `None` where nobody was asked.
    pub who: Vec<Option<Vec<Attribution>>>,
    /// All of them are gaps in events.
    pub gaps: Vec<Gap>,
    /// What the principal asked about did.
    pub activity: Vec<ActivityRecord>,
}

/// Somebody of whom everything is to be told.
pub struct Principal {
    /// A person's name, a user, a role, a session, an ARN, an access key or a source address.
    pub name: String,
    /// Where.
    pub scopes: BTreeSet<Scope>,
}

/// Takes events for the drifts, and for the principal asked about.
struct Both<'a> {
    collector: Collector<'a>,
    ledger: Option<ActivityLog>,
    /// Records of the source being read that nobody understands.
    malformed: u64,
    /// Source -> the same, of all that was read.
    unreadable: BTreeMap<String, u64>,
    gaps: Vec<Gap>,
}

impl Both<'_> {
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

impl Taker for Both<'_> {
    fn take(&mut self, event: Event) {
        if let Some(ledger) = &mut self.ledger {
            ledger.note(&event);
        }
        self.collector.take(event);
    }

    fn malformed(&mut self) {
        self.malformed += 1;
        self.collector.malformed();
    }
}

/// Names those behind the drifts. Without sources nobody is asked.
pub async fn attribute(question: &Question<'_>, sources: &[Box<dyn EventSource + '_>]) -> Attributed {
    let Question { drifts, since, until, settings, principal, event_regions } = question;
    let mut attributed = Attributed { who: vec![None; drifts.len()], ..Attributed::default() };
    let nothing_to_ask = drifts.iter().all(|drift| drift.status == DriftStatus::Unknown) && principal.is_none();
    if sources.is_empty() || nothing_to_ask {
        return attributed;
    }
    let event_regions = event_regions.with_buckets_of(drifts);
    let mut taker = Both {
        collector: Collector::new(drifts),
        ledger: principal.map(|_| ActivityLog::default()),
        malformed: 0,
        unreadable: BTreeMap::new(),
        gaps: Vec::new(),
    };
    let mut earliest = *until;
    let window =
        |source: &dyn EventSource| Window { since: since.unwrap_or_else(|| reach(source, *until)), until: *until };
    let subjects = subjects(drifts, &taker.collector, &event_regions);
    for source in sources {
        earliest = earliest.min(window(source.as_ref()).since);
        let gaps = source.about(&subjects, window(source.as_ref()), &mut taker).await;
        taker.ends(source.as_ref(), gaps);
    }
    // An event need not say in its index which resource it is about: of what has no name yet, everything written is read.
    let mut unnamed = scopes(drifts, &correlate(&taker.collector, settings), &event_regions);
    unnamed.extend(principal.iter().flat_map(|principal| principal.scopes.iter().cloned()));
    if !unnamed.is_empty() {
        for source in sources {
            let gaps = source.writes(&unnamed, window(source.as_ref()), &mut taker).await;
            taker.ends(source.as_ref(), gaps);
        }
    }
    let mut asked: BTreeSet<Session> = BTreeSet::new();
    let mut search = Search::default();
    let mut verdicts = correlate(&taker.collector, settings);
    for _ in 0..HOPS {
        let of_drifts = verdicts.iter().flatten().flat_map(|verdict| verdict.wanted.clone());
        let mut wanted: BTreeSet<Session> = of_drifts.filter(|session| !asked.contains(session)).collect();
        wanted.extend(search.next(wanted_by_ledger(&taker, *principal, settings)));
        if wanted.is_empty() {
            break;
        }
        for source in sources {
            let gaps = source.sessions(&wanted, &mut taker).await;
            taker.ends(source.as_ref(), gaps);
        }
        asked.extend(wanted);
        verdicts = correlate(&taker.collector, settings);
    }
    let mut of_activity = Vec::new();
    if let (Some(principal), Some(ledger)) = (principal, &taker.ledger) {
        attributed.activity = ledger.of(&principal.name, &taker.collector, settings);
        let names: Vec<String> = sources.iter().map(|source| source.name()).collect();
        let told = search.untold(&ledger.wanted(&principal.name, &taker.collector, settings)).into_iter();
        of_activity
            .extend(told.chain(ledger.untold()).map(|detail| gap_of(GapReason::Failed, names.join(", "), detail)));
    }
    // A record that is no event is told, and hides no more than itself: not everybody's name is in doubt for it.
    let who = drifts.iter().zip(verdicts).map(|(drift, verdict)| {
        let incomplete = taker.gaps.iter().any(|gap| event_regions.hides(gap, drift));
        verdict.map(|verdict| told(verdict, incomplete, earliest))
    });
    attributed.who = who.collect();
    let mut gaps = taker.into_gaps();
    gaps.extend(of_activity);
    attributed.gaps = gaps;
    attributed
}

fn reach(source: &dyn EventSource, until: Timestamp) -> Timestamp {
    source.default_reach().and_then(|reach| until.checked_sub(reach).ok()).unwrap_or(Timestamp::UNIX_EPOCH)
}

fn gap_of(reason: GapReason, source: String, detail: String) -> Gap {
    Gap { reason, scope: GapScope { source: Some(source), ..GapScope::default() }, detail }
}

/// What sources are asked about the drifts, in every place where their events may be logged.
fn subjects(drifts: &[Drift], collector: &Collector<'_>, event_regions: &EventRegions) -> BTreeSet<Subject> {
    let mut subjects = collector.subjects();
    for drift in drifts {
        let elsewhere = event_regions.elsewhere(drift);
        if elsewhere.is_empty() {
            continue;
        }
        for subject in Collector::new(std::slice::from_ref(drift)).subjects() {
            subjects.extend(elsewhere.iter().map(|scope| Subject { scope: scope.clone(), ..subject.clone() }));
        }
    }
    subjects
}

/// Where the events of those drifts are logged of which not everything is explained.
fn scopes(drifts: &[Drift], verdicts: &[Option<Verdict>], event_regions: &EventRegions) -> BTreeSet<Scope> {
    let is_open = |verdict: &Option<Verdict>| verdict.as_ref().is_some_and(|verdict| !verdict.explained);
    let open = drifts.iter().zip(verdicts).filter(|(_, verdict)| is_open(verdict)).map(|(drift, _)| drift);
    open.flat_map(|drift| std::iter::once(drift.scope.clone()).chain(event_regions.elsewhere(drift))).collect()
}

fn wanted_by_ledger(taker: &Both<'_>, principal: Option<&Principal>, settings: &Settings) -> Vec<Wanted> {
    match (principal, &taker.ledger) {
        (Some(principal), Some(ledger)) => ledger.wanted(&principal.name, &taker.collector, settings),
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
    fn next(&mut self, wanted: Vec<Wanted>) -> Vec<Session> {
        let left = MOST_SESSIONS.saturating_sub(self.sought.len());
        let new =
            wanted.into_iter().map(|wanted| wanted.session).filter(|session| !self.sought.contains(&key(session)));
        let new: Vec<Session> = new.take(left).collect();
        self.sought.extend(new.iter().map(key));
        new
    }

    /// What those that are still wanted mean for the list of activity.
    fn untold(&self, wanted: &[Wanted]) -> Vec<String> {
        let hidden = wanted.iter().filter(|wanted| !wanted.told);
        let (sought, others): (Vec<&Wanted>, Vec<_>) =
            hidden.partition(|wanted| self.sought.contains(&key(&wanted.session)));
        let say = |count: usize, why: &str| {
            (count > 0).then(|| format!("{count} sessions of roles: {why}; what was done in them is nobody's here"))
        };
        let unseen = say(sought.len(), "the calls that began them were not found");
        let unsought = say(others.len(), "after the youngest 200 the calls that began them were not sought");
        unseen.into_iter().chain(unsought).collect()
    }
}

fn key(session: &Session) -> (String, Timestamp) {
    (session.principal_id.clone(), session.created)
}

/// The verdict in the report's words. `incomplete`: not all events of its place could be read.
fn told(verdict: Verdict, incomplete: bool, since: Timestamp) -> Vec<Attribution> {
    let mut all = verdict.attributions;
    if all.is_empty() {
        let mut unknown = Attribution::unknown(format!("no event since {} explains it", day(since)));
        if incomplete {
            unknown.reasons = vec!["the events could not all be read: see the gaps".to_owned()];
            unknown.cautions.push(Caution::EventsIncomplete);
        }
        return vec![unknown];
    }
    if let Some(first) = all.first_mut()
        && !verdict.unexplained.is_empty()
    {
        first.reasons.push(format!("no event explains {}", verdict.unexplained.join(", ")));
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
        attribution.reasons.push("not certain: the events of its account and region could not all be read".to_owned());
    }
}

fn day(time: Timestamp) -> String {
    if time == Timestamp::UNIX_EPOCH { "the first".to_owned() } else { time.strftime("%F").to_string() }
}

#[cfg(test)]
mod tests;
