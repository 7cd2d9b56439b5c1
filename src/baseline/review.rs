//! Entries against an outcome: which of them match, and which match nothing any more. Gone is only what was looked for: the question
//! is the same as that for findings that are resolved ([`Sights`]).

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;

use super::{Baseline, Entry, is_hidden};
use crate::diagnostic::{self, Diagnostic};
use crate::life::{Sight, Sights, Subject, is_maker, is_part};
use crate::model::{DriftStatus, Finding, Outcome};
use crate::wording::text::sanitize_output;

/// How an outcome is looked at.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    pub outcome: &'a Outcome,
    /// Were only some kinds or resources looked at? Then a part of what a maker made is missing, and nobody can tell whether it is gone; nor
    /// what became of entries elsewhere.
    pub is_filtered: bool,
    /// Does it leave out what is ignored, as a report does?
    pub hides_ignored: bool,
    /// Was everything asked for that is configured, in all accounts? Then a source that is neither there nor unread was renamed or taken out.
    pub all_sources: bool,
}

impl View<'_> {
    /// The source of an entry that is configured no more, under this name at least.
    fn gone_source<'e>(&self, entry: &'e Entry) -> Option<&'e str> {
        let was_read = |name: &str| self.outcome.sources.iter().any(|source| source.name == name);
        let unread = self.outcome.gaps.iter().filter_map(|gap| gap.scope.source.as_deref()).any(|name| !was_read(name));
        let is_known = self.all_sources && !self.is_filtered && !unread && !self.outcome.sources.is_empty();
        entry.source.as_deref().filter(|name| is_known && !was_read(name))
    }
}

/// What there is in the place of an entry.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Standing<'a> {
    /// The drift as it was accepted.
    Matches(&'a Finding),
    /// Another drift of the same resource.
    OtherContent(&'a Finding),
    /// No drift any more.
    Stale,
    /// Nobody looked, or nobody saw everything.
    NotSeen,
}

/// An outcome, to be asked about one entry after the other.
pub(super) struct Standings<'a> {
    view: View<'a>,
    sights: Sights<'a>,
    findings: HashMap<&'a str, Vec<&'a Finding>>,
}

impl<'a> Standings<'a> {
    pub(super) fn new(view: View<'a>) -> Self {
        let mut findings: HashMap<&str, Vec<&Finding>> = HashMap::new();
        for finding in &view.outcome.findings {
            findings.entry(&finding.key).or_default().push(finding);
        }
        Self { view, sights: Sights::new(view.outcome), findings }
    }

    pub(super) fn of(&self, entry: &Entry) -> Standing<'a> {
        let found = self.findings.get(entry.key.as_str()).map(Vec::as_slice).unwrap_or_default();
        let is_seen = |finding: &&&Finding| finding.drift != DriftStatus::Unknown;
        if let Some(same) = found.iter().find(|finding| finding.fingerprint == entry.fingerprint) {
            return Standing::Matches(same);
        }
        let is_filtered_maker = self.view.is_filtered && is_maker(&entry.kind);
        match found.iter().find(is_seen) {
            Some(part) if is_filtered_maker || is_part(part, self.view.outcome) => Standing::NotSeen,
            Some(other) => Standing::OtherContent(other),
            None if !found.is_empty() || is_filtered_maker || self.view.hides_ignored => Standing::NotSeen,
            None => {
                let is_gone = self.view.gone_source(entry).is_some();
                let subject = entry.subject();
                let subject = Subject { source: subject.source.filter(|_| !is_gone), ..subject };
                match self.sights.of(subject) {
                    Sight::Absent => Standing::Stale,
                    // Where nobody declares anything any more nobody looks.
                    Sight::NotLooked if is_gone => Standing::Stale,
                    Sight::NotSeen(_) | Sight::NotLooked => Standing::NotSeen,
                }
            }
        }
    }
}

/// What an outcome says of all entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Review {
    /// How many entries there are in each state: `accepted`, `other_content`, `expired`, `stale`, `not_seen`.
    pub counts: BTreeMap<&'static str, u64>,
    /// A warning for each entry that matches nothing any more.
    pub stale: Vec<Diagnostic>,
}

/// Looks at all entries.
pub fn review(baseline: &Baseline, view: View<'_>, now: Timestamp) -> Review {
    let words = ["accepted", "other_content", "expired", "stale", "not_seen"];
    let mut counts: BTreeMap<&'static str, u64> = words.map(|word| (word, 0)).into();
    let mut stale = Vec::new();
    let standings = Standings::new(view);
    for entry in baseline.entries() {
        let word = match standings.of(entry) {
            Standing::Stale => {
                let why = view.gone_source(entry).map(|source| {
                    format!(": its source {} is not configured, or has another name now", sanitize_output(source))
                });
                let message = format!("{} matches nothing any more{}", entry.name(), why.unwrap_or_default());
                let hint = "take the entry out, or run `driftd baseline --merge`";
                stale.push(entry.warning("baseline/stale", message).with_hint(hint));
                "stale"
            }
            _ if entry.ignore.is_over(now) => "expired",
            Standing::Matches(finding) if entry.refuses(finding.severity, is_hidden(finding)).is_some() => {
                "other_content"
            }
            Standing::Matches(_) => "accepted",
            Standing::OtherContent(_) => "other_content",
            Standing::NotSeen => "not_seen",
        };
        *counts.entry(word).or_default() += 1;
    }
    diagnostic::sort(&mut stale);
    Review { counts, stale }
}
