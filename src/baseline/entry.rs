//! One accepted drift. Holds paths of what differs, never a value.

use jiff::civil::Date;

use crate::diagnostic::{Diagnostic, DiagnosticSeverity, Position};
use crate::judge::Ignore;
use crate::life::Subject;
use crate::model::{Change, DriftStatus, Finding, Severity};
use crate::wording::text::sanitize_output;

/// One entry of a baseline file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The finding's key: its identity for life.
    pub key: String,
    /// The finding's fingerprint: the content that is accepted.
    pub fingerprint: String,
    /// Terraform resource type; as in the key, for the reader.
    pub kind: String,
    /// Terraform address; `None` when unmanaged.
    pub address: Option<String>,
    /// The source that declares it.
    pub source: Option<String>,
    pub drift: DriftStatus,
    /// As bad as it was when it was accepted; what is worse is not.
    pub severity: Severity,
    /// What differs, in words.
    pub differs: Vec<String>,
    /// Who answers for it, why, and until when.
    pub ignore: Ignore,
    /// Since when.
    pub accepted: Date,
    pub place: Place,
}

/// Where an entry stands; nowhere yet, if it is new.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place {
    pub file: String,
    pub position: Position,
}

/// Account, region, kind and id (with whatever else makes it unique) of a key; `None` if it is none.
pub(super) fn parts(key: &str) -> Option<[&str; 4]> {
    let mut parts = key.splitn(4, '/');
    let parts = [parts.next()?, parts.next()?, parts.next()?, parts.next()?];
    parts.iter().all(|part| !part.is_empty()).then_some(parts)
}

impl Entry {
    /// Accepts the finding as it is.
    pub fn new(finding: &Finding, ignore: Ignore, accepted: Date) -> Self {
        Self {
            key: finding.key.clone(),
            fingerprint: finding.fingerprint.clone(),
            kind: finding.kind.clone(),
            address: finding.address.clone(),
            source: finding.source.clone(),
            drift: finding.drift,
            severity: finding.severity,
            differs: finding.changes.iter().map(words).collect(),
            ignore,
            accepted,
            place: Place::default(),
        }
    }

    /// Why it does not accept this content as it is now, although that is the one it was given for.
    pub(super) fn refuses(&self, severity: Severity, is_hidden: bool) -> Option<String> {
        let (owner, expires) = (&self.ignore.owner, self.ignore.expires);
        if severity < self.severity {
            let (was, is) = (self.severity.as_str(), severity.as_str());
            return Some(format!("accepted as {was} until {expires} ({owner}); it is {is} now"));
        }
        is_hidden.then(|| {
            format!("accepted until {expires} ({owner}), but a sensitive value differs, and may be another one by now")
        })
    }

    /// What an outcome is asked about it.
    pub fn subject(&self) -> Subject<'_> {
        // Checked when it was read; an empty place is one that nobody looks at.
        let [account, region, kind, id] = parts(&self.key).unwrap_or_default();
        Subject { key: &self.key, account, region, kind, id, drift: self.drift, source: self.source.as_deref() }
    }

    /// As people know it.
    pub(super) fn name(&self) -> String {
        let key = sanitize_output(&self.key);
        match &self.address {
            Some(address) => format!("{} ({key})", sanitize_output(address)),
            None => key,
        }
    }

    /// A warning at its place.
    pub(super) fn warning(&self, code: &'static str, message: String) -> Diagnostic {
        let Place { file, position } = self.place.clone();
        let Position { line, column } = position;
        Diagnostic { severity: DiagnosticSeverity::Warning, file, line, column, ..Diagnostic::error(code, message) }
    }
}

/// `/ingress: 1 added`, `/tags/env`.
fn words(change: &Change) -> String {
    let Change { path, desired: _, live: _, added, removed, sensitive, declared: _ } = change;
    let number = |list: &Option<Vec<_>>, word: &str| {
        let number = list.as_ref().map_or(0, Vec::len);
        (number > 0).then(|| format!("{number} {word}"))
    };
    let counted = [number(added, "added"), number(removed, "removed"), sensitive.then(|| "sensitive".to_owned())];
    let counted: Vec<String> = counted.into_iter().flatten().collect();
    if counted.is_empty() { path.clone() } else { format!("{path}: {}", counted.join(", ")) }
}
