//! ACCEPT WHAT EXISTS: files of accepted drift, for Git and its reviews. An entry accepts one content of one finding, with owner,
//! reason and expiry; when more differs, or its day has passed, the drift counts.
//!
//! [`load`] and [`parse`] read the files, [`Baseline::says`] is asked about each drift of a cycle, [`review`] says which entries match
//! nothing any more, [`merge`] and [`write()`] make the file anew. What is accepted is ignored in the way of a rule's `ignore`. Pure but
//! for reading; knows neither where drift comes from nor who is told.

mod config;
mod entry;
mod load;
mod merge;
mod reported;
mod review;
mod write;

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::diagnostic::Diagnostic;
use crate::model::{Finding, Ignored, ResourceKey, Severity};

pub use config::{BaselineConfig, validate};
pub use entry::Entry;
pub use load::{load, parse};
pub use merge::{Acceptance, Merged, Step, StepKind, merge};
pub use reported::{Reported, reported};
pub use review::{Review, View, review};
pub use write::{has_other_comments, write};

/// The entries of all files.
#[derive(Debug, Clone, Default)]
pub struct Baseline {
    by_key: BTreeMap<String, Entry>,
}

/// What a baseline says of one drift.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// Nobody accepted it.
    Nothing,
    /// It is accepted.
    Accepted(Ignored),
    /// It counts, and whoever reads of it should know this.
    Remark(String),
}

/// Does a sensitive value differ, of which nobody can tell whether it is the one that was accepted?
fn is_hidden(finding: &Finding) -> bool {
    finding.changes.iter().any(|change| change.sensitive)
}

impl Baseline {
    /// Keys are unique: [`load`] sees to it.
    pub fn new(entries: impl IntoIterator<Item = Entry>) -> Self {
        Self { by_key: entries.into_iter().map(|entry| (entry.key.clone(), entry)).collect() }
    }

    /// Sorted by key.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.by_key.values()
    }

    /// Is the drift accepted, with this content? `is_hidden`: it has a sensitive value, of which nobody can tell whether it is the same.
    pub fn says(
        &self,
        key: &ResourceKey,
        fingerprint: &str,
        severity: Severity,
        is_hidden: bool,
        now: Timestamp,
    ) -> Said {
        if self.by_key.is_empty() {
            return Said::Nothing;
        }
        let Some(entry) = self.by_key.get(&key.to_string()) else { return Said::Nothing };
        let (owner, expires) = (&entry.ignore.owner, entry.ignore.expires);
        match (entry.fingerprint == fingerprint, entry.ignore.is_over(now)) {
            (true, false) => match entry.refuses(severity, is_hidden) {
                Some(why) => Said::Remark(why),
                None => Said::Accepted(entry.ignore.ignored(Ignored::BASELINE)),
            },
            (false, false) => Said::Remark(format!("accepted with other content until {expires} ({owner})")),
            (true, true) => Said::Remark(format!("accepted until {expires}, no longer; ask {owner}")),
            (false, true) => Said::Nothing,
        }
    }

    /// A warning for each entry whose day has passed.
    pub fn expired(&self, now: Timestamp) -> Vec<Diagnostic> {
        let expired = self.entries().filter(|entry| entry.ignore.is_over(now));
        let mut warnings: Vec<Diagnostic> = expired
            .map(|entry| {
                let (owner, expires) = (&entry.ignore.owner, entry.ignore.expires);
                let message = format!("{} was accepted until {expires}: it counts again", entry.name());
                entry
                    .warning("baseline/expired", message)
                    .with_hint(format!("ask {owner}; set `expires` to a later day, or take the entry out"))
            })
            .collect();
        crate::diagnostic::sort(&mut warnings);
        warnings
    }
}

#[cfg(test)]
mod tests;
