//! Who did it: asks the event sources about the drifts, as little as is needed, and correlates. What could not be read is a
//! gap, and what it hides is `unknown`, never a guess.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::attribution::source::{EventSource, Session, Taker, Window};
use crate::attribution::{Collector, Counts, Event, Ledger, Settings, Verdict, correlate};
use crate::model::{Attribution, Caution, Deed, Drift, DriftKind, Gap, Scope};

/// Roles assumed by roles: longer chains are not followed.
const HOPS: usize = 10;

/// Who did what, drift by drift.
#[derive(Default)]
pub struct Attributed {
    /// One for each drift: whoever acted last first; `None` where nobody was asked.
    pub who: Vec<Option<Vec<Attribution>>>,
    pub gaps: Vec<Gap>,
    pub counts: Counts,
    /// What the principal asked about did.
    pub deeds: Vec<Deed>,
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
    ledger: Option<Ledger>,
}

impl Taker for Both<'_> {
    fn take(&mut self, event: Event) {
        if let Some(ledger) = &mut self.ledger {
            ledger.take(event.clone());
        }
        self.collector.take(event);
    }

    fn malformed(&mut self) {
        self.collector.malformed();
    }
}

/// Names those behind the drifts. Without sources nobody is asked.
pub async fn attribute(
    drifts: &[Drift],
    sources: &[Box<dyn EventSource + '_>],
    since: Option<Timestamp>,
    until: Timestamp,
    settings: &Settings,
    principal: Option<&Principal>,
) -> Attributed {
    let mut attributed = Attributed { who: vec![None; drifts.len()], ..Attributed::default() };
    let nothing_to_ask = drifts.iter().all(|drift| drift.kind_of_drift == DriftKind::Unknown) && principal.is_none();
    if sources.is_empty() || nothing_to_ask {
        return attributed;
    }
    let mut taker = Both { collector: Collector::new(drifts), ledger: principal.map(|_| Ledger::default()) };
    let gaps = &mut attributed.gaps;
    let mut earliest = until;
    let window = |source: &dyn EventSource| Window { since: since.unwrap_or_else(|| reach(source, until)), until };
    let subjects = taker.collector.subjects();
    for source in sources {
        earliest = earliest.min(window(source.as_ref()).since);
        gaps.extend(source.about(&subjects, window(source.as_ref()), &mut taker).await);
    }
    // An event need not say in its index which resource it is about: of what has no name yet, everything written is read.
    let mut unnamed = scopes(drifts, &correlate(&taker.collector, settings));
    unnamed.extend(principal.iter().flat_map(|principal| principal.scopes.iter().cloned()));
    if !unnamed.is_empty() {
        for source in sources {
            gaps.extend(source.writes(&unnamed, window(source.as_ref()), &mut taker).await);
        }
    }
    let mut asked: BTreeSet<Session> = BTreeSet::new();
    let mut verdicts = correlate(&taker.collector, settings);
    for _ in 0..HOPS {
        let wanted: BTreeSet<Session> = verdicts
            .iter()
            .flatten()
            .flat_map(|verdict| verdict.wanted.clone())
            .filter(|session| !asked.contains(session))
            .collect();
        if wanted.is_empty() {
            break;
        }
        for source in sources {
            gaps.extend(source.sessions(&wanted, &mut taker).await);
        }
        asked.extend(wanted);
        verdicts = correlate(&taker.collector, settings);
    }
    if let (Some(principal), Some(ledger)) = (principal, &taker.ledger) {
        attributed.deeds = ledger.of(&principal.name, settings);
    }
    let incomplete = !gaps.is_empty();
    attributed.who =
        verdicts.into_iter().map(|verdict| verdict.map(|verdict| told(verdict, incomplete, earliest))).collect();
    attributed.counts = taker.collector.counts();
    attributed
}

fn reach(source: &dyn EventSource, until: Timestamp) -> Timestamp {
    source.default_reach().and_then(|reach| until.checked_sub(reach).ok()).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// Where the drifts lie of which not everything is explained.
fn scopes(drifts: &[Drift], verdicts: &[Option<Verdict>]) -> BTreeSet<Scope> {
    let open = |(drift, verdict): (&Drift, &Option<Verdict>)| {
        verdict.as_ref().is_some_and(|verdict| !verdict.explained).then(|| drift.scope.clone())
    };
    drifts.iter().zip(verdicts).filter_map(open).collect()
}

/// The verdict in the report's words.
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
        all.iter_mut().for_each(|attribution| attribution.cautions.push(Caution::EventsIncomplete));
    }
    all
}

fn day(time: Timestamp) -> String {
    if time == Timestamp::UNIX_EPOCH { "the first".to_owned() } else { time.strftime("%F").to_string() }
}
