//! What one cycle saw: findings, gaps, what was looked at and how completely, and the sources as they were read. It is what a store
//! keeps; a report is one view of it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{ActivityRecord, Finding, Gap, Scope, Source};

/// The product of one cycle. Serializes to JSON and back without loss.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// Unique; ids sort by time.
    pub id: String,
    pub driftd_version: String,
    pub started_at: Timestamp,
    pub finished_at: Timestamp,
    pub sources: Vec<Source>,
    /// Accounts and regions that were looked at, or of which something is declared.
    pub accounts: BTreeSet<String>,
    pub regions: BTreeSet<String>,
    /// Sorted by scope and kind.
    pub coverage: Vec<Coverage>,
    /// All of them, those that a rule ignores included; sorted as in the report.
    pub findings: Vec<Finding>,
    pub gaps: Vec<Gap>,
    pub counts: Counts,
    /// AWS API calls of this cycle, retries included.
    pub api_calls: u64,
    /// Live resources that no source declares and that are not findings of their own, by reason: made by AWS itself, or part of
    /// a resource that is reported or declared.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub folded: BTreeMap<String, u64>,
    /// What the principal did who was asked about.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub activity: Vec<ActivityRecord>,
    /// Rules that could not be evaluated, ignores that have run out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rule_warnings: Vec<RuleWarning>,
    /// Attributes (`kind.attribute`) that a state has and no reader reads or excuses.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub unmapped: BTreeSet<String>,
}

/// Numbers that the findings do not show.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Resource instances of all sources that were asked for.
    pub desired: u64,
    /// Live resources seen.
    pub live: u64,
    pub in_sync: u64,
}

/// What was looked at: one kind in one scope.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Coverage {
    #[serde(flatten)]
    pub scope: Scope,
    /// Terraform resource type.
    pub kind: String,
    /// Keys, when only these resources were read; `None`: all of the kind in the scope.
    pub resources: Option<Vec<String>>,
    /// Were resources that no source declares looked for?
    pub unmanaged: bool,
    /// Was everything that is not in a finding of its own (`unknown`, with the reason) seen? Only then does the absence of a
    /// finding say that there is none.
    pub complete: bool,
    /// Where not everything was read in this cycle: when the oldest read was made (RFC 3339). What changed since, without an event, was
    /// not seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oldest_read: Option<Timestamp>,
}

/// Something about a rule that its author must hear. The rule did not match.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RuleWarning {
    pub rule: String,
    pub message: String,
}

/// Who accepted a drift, why, and until when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ignored {
    /// Its id, or [`Ignored::BASELINE`].
    pub rule: String,
    pub owner: String,
    pub reason: String,
    /// Last day (UTC), `2026-12-31`.
    pub expires: String,
}

impl Ignored {
    /// Stands for a rule where an entry of a baseline file accepts the drift; no rule may have this id.
    pub const BASELINE: &str = "baseline";

    pub fn is_by_baseline(&self) -> bool {
        self.rule == Self::BASELINE
    }

    /// What reports count it by: the rule, or what the entry of the baseline says.
    pub fn label(&self) -> String {
        let Self { rule, owner, reason, expires } = self;
        if self.is_by_baseline() { format!("{rule}: {reason} ({owner}, until {expires})") } else { rule.clone() }
    }
}
