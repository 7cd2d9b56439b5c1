//! What an alert says, before a receiver gives it its form: plain data, short, clean of what deceives, with nothing sensitive in it. It is kept
//! in the outbox, given to `exec` and webhooks as JSON, and what a user's own template sees.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Line;
use crate::model::{Confidence, DriftStatus, Severity};

/// Why a message comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Occasion {
    /// The first message of its group.
    Opened,
    /// Something is new in a group that was told.
    Updated,
    /// Nothing of the group differs any more.
    Resolved,
    /// Still open, and told again.
    Reminder,
    /// Nobody acknowledged it in time.
    Escalated,
    /// What gathered since the last digest.
    Digest,
    /// What was there when a source was looked at for the first time.
    Baseline,
    /// driftd itself cannot see or tell something, or can again.
    Health,
    /// Somebody asked for a message to see whether it arrives.
    Test,
}

impl Occasion {
    pub const ALL: [Self; 9] = [
        Self::Opened,
        Self::Updated,
        Self::Resolved,
        Self::Reminder,
        Self::Escalated,
        Self::Digest,
        Self::Baseline,
        Self::Health,
        Self::Test,
    ];

    /// The word of JSON and labels.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Updated => "updated",
            Self::Resolved => "resolved",
            Self::Reminder => "reminder",
            Self::Escalated => "escalated",
            Self::Digest => "digest",
            Self::Baseline => "baseline",
            Self::Health => "health",
            Self::Test => "test",
        }
    }
}

/// Where the group stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GroupStatus {
    /// Something differs, and nobody said that they take care.
    Open,
    /// Everything that differs is acknowledged, snoozed or ignored.
    Acknowledged,
    /// Nothing differs any more.
    Resolved,
}

impl GroupStatus {
    /// The word of JSON and labels.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Acknowledged => "acknowledged",
            Self::Resolved => "resolved",
        }
    }
}

/// One message about one group of findings (or about driftd itself: then without items).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Message {
    pub occasion: Occasion,
    pub status: GroupStatus,
    /// The worst of what is open; where nothing is, the worst that was.
    pub severity: Severity,
    /// One line: what happened, by whom.
    pub title: String,
    /// What is new since the group's last message, oldest first, a sentence each.
    pub news: Vec<String>,
    /// Nothing of the news asks anybody to do anything: who cannot change an earlier message need not send another.
    pub quiet: bool,
    /// There is more to do than before: worth waking somebody. What was kept by an older driftd does not say.
    #[serde(default = "yes")]
    pub pages: bool,
    /// Findings of the group, worst first.
    pub items: Vec<Item>,
    /// Findings of the group that are not among `items`.
    pub more: u64,
    /// Open findings of the group by severity.
    pub open: BTreeMap<Severity, u64>,
    /// Findings that somebody acknowledged, snoozed or ignored.
    pub acknowledged: u64,
    /// Findings that are no more.
    pub resolved: u64,
    /// When it was written.
    pub at: Timestamp,
    /// For all of the group: the dashboard.
    pub links: Vec<Link>,
    /// A user's own text, in the place of news and items.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

fn yes() -> bool {
    true
}

/// Where something can be looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// `console`, `code`, `event`, `dashboard`
    pub rel: String,
    /// A word or two for people.
    pub label: String,
    pub url: String,
}

/// One finding of a message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Item {
    /// What `driftd explain` takes.
    pub finding_id: String,
    pub fingerprint: String,
    pub severity: Severity,
    pub drift: DriftStatus,
    /// Terraform resource type.
    pub kind: String,
    /// The address, or kind and id where nobody declares it.
    pub name: String,
    pub resource_id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arn: Option<String>,
    pub account: String,
    /// `global` for kinds without a region.
    pub region: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Is it open? Otherwise `standing` says what it is.
    pub is_open: bool,
    /// Does it differ no more?
    pub is_resolved: bool,
    /// `open`, `acknowledged by bob: on it`, `resolved: put back by hand`.
    pub standing: String,
    pub first_seen: Timestamp,
    /// Nobody looked, or nothing was found: `None`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub who: Option<Who>,
    /// What differs, line by line.
    pub changes: Vec<Line>,
    /// Lines of changes that are left out.
    pub more_changes: u64,
    /// The rules that spoke: id, and why it matters.
    pub rules: Vec<RuleText>,
    /// What to bear in mind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// `file:line`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// What can be done, a sentence each.
    pub todo: Vec<String>,
    pub links: Vec<Link>,
    /// Written by a language model; never a fact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generated_note: Option<String>,
}

/// A rule that spoke.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleText {
    pub id: String,
    /// May be empty: the rule is not known any more.
    pub why: String,
}

/// Who did it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Who {
    /// The most human name known; `None`: nobody is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    pub confidence: Confidence,
    /// In a line: `alice@example.com · console · 14:03 UTC · 203.0.113.7`.
    pub line: String,
    /// `console`, `aws service`; empty: not known.
    pub channel: String,
    /// Time of the last event; RFC 3339, UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_ip: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mfa: Option<bool>,
    /// May somebody else have taken this name?
    #[serde(default)]
    pub is_forgeable: bool,
    pub cautions: Vec<String>,
    /// Ids of CloudTrail events.
    pub events: Vec<String>,
}

impl Message {
    /// Findings of the group.
    pub fn findings(&self) -> u64 {
        self.open.values().sum::<u64>() + self.acknowledged + self.resolved
    }

    /// Open findings of the group.
    pub fn open_findings(&self) -> u64 {
        self.open.values().sum()
    }
}
