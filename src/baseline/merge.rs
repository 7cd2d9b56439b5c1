//! A file and an outcome -> the file anew: what is accepted stays as it is, what is new is added, what is gone is dropped, and every
//! change is told.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::review::{Standing, Standings};
use super::{Entry, View, is_hidden};
use crate::judge::Ignore;
use crate::life::is_part;
use crate::model::{DriftStatus, Finding};

/// Who accepts what is new, why, until when; and the time.
#[derive(Debug, Clone)]
pub struct Acceptance {
    pub ignore: Ignore,
    pub now: Timestamp,
}

/// What became of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merged {
    pub entries: Vec<Entry>,
    /// What was done to each entry, in order.
    pub steps: Vec<Step>,
}

/// What became of one entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// As people know it.
    pub name: String,
    pub kind: StepKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum StepKind {
    /// It is new.
    Added,
    /// It is as it was.
    Kept,
    /// It had expired, and is accepted anew.
    Renewed,
    /// Something else differs than what was accepted; that is accepted in its place.
    Replaced,
    /// It matches nothing any more.
    Dropped,
    /// A sensitive value differs: nobody could tell whether it is still the same. An entry that there was stays as it was.
    Refused,
    /// Nobody looked, or nobody saw everything: it is as it was.
    NotSeen,
}

/// Accepts all drift of the outcome that nothing ignores yet. What is unknown is no drift.
pub fn merge(before: Vec<Entry>, view: View<'_>, acceptance: &Acceptance) -> Merged {
    let Acceptance { ignore, now } = acceptance;
    let today = now.to_zoned(TimeZone::UTC).date();
    let accept = |finding: &Finding| Entry::new(finding, ignore.clone(), today);
    let standings = Standings::new(view);
    let mut merged = Merged { entries: Vec::new(), steps: Vec::new() };
    let known: BTreeSet<String> = before.iter().map(|entry| entry.key.clone()).collect();
    for entry in before {
        let is_over = entry.ignore.is_over(*now);
        let (entry, kind) = match standings.of(&entry) {
            Standing::Matches(finding) | Standing::OtherContent(finding)
                if finding.ignored.is_none() && is_hidden(finding) =>
            {
                (entry, StepKind::Refused)
            }
            Standing::Matches(finding) if is_over && finding.ignored.is_none() => (accept(finding), StepKind::Renewed),
            // The same content may be worse by now.
            Standing::Matches(finding) if finding.ignored.is_none() && finding.severity < entry.severity => {
                (accept(finding), StepKind::Replaced)
            }
            Standing::OtherContent(finding) if finding.ignored.is_none() => (accept(finding), StepKind::Replaced),
            // A rule ignores it besides: that is the rule's affair.
            Standing::Matches(_) | Standing::OtherContent(_) => (entry, StepKind::Kept),
            Standing::NotSeen => (entry, StepKind::NotSeen),
            Standing::Stale => {
                merged.steps.push(Step { name: entry.name(), kind: StepKind::Dropped });
                continue;
            }
        };
        merged.add(entry, kind);
    }
    let mut added = known;
    for finding in &view.outcome.findings {
        let counts = finding.drift != DriftStatus::Unknown && finding.ignored.is_none();
        if counts && !is_part(finding, view.outcome) && added.insert(finding.key.clone()) {
            let entry = accept(finding);
            if is_hidden(finding) {
                merged.steps.push(Step { name: entry.name(), kind: StepKind::Refused });
            } else {
                merged.add(entry, StepKind::Added);
            }
        }
    }
    merged.entries.sort_by(|a, b| a.key.cmp(&b.key));
    merged
}

impl Merged {
    fn add(&mut self, entry: Entry, kind: StepKind) {
        self.steps.push(Step { name: entry.name(), kind });
        self.entries.push(entry);
    }

    /// How many entries went this way.
    pub fn count(&self, kind: StepKind) -> u64 {
        self.steps.iter().filter(|step| step.kind == kind).count() as u64
    }
}
