//! A drift with its verdict: who did it, how bad it is, and whether a rule accepts it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Attribution, Change, CodePosition, DriftStatus, Ignored, ResourceKey, Scope};

/// Worst first, so that the derived order is the report's order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    Critical,
    High,
    Medium,
    Low,
    Info,
}

impl Severity {
    pub const ALL: [Severity; 5] = [Self::Critical, Self::High, Self::Medium, Self::Low, Self::Info];

    /// The word of the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::High => "high",
            Self::Medium => "medium",
            Self::Low => "low",
            Self::Info => "info",
        }
    }
}

/// What a report shows of a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    pub severity: Severity,
    pub why: String,
}

/// One drift with its verdict.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// The identity of the finding over its life: the text of a [`super::ResourceKey`].
    pub key: String,
    /// The finding's content: key, status and changed paths with live values.
    pub fingerprint: String,
    pub drift: DriftStatus,
    pub kind: String,
    pub id: String,
    pub arn: Option<String>,
    pub address: Option<String>,
    pub account: String,
    /// `global` for kinds without a region.
    pub region: String,
    pub source: Option<String>,
    /// Further sources that hold the same object.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also_in: Vec<String>,
    pub code: Option<CodePosition>,
    /// Tags of the live resource, or of the declared one where it is missing; what is sensitive is not among them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
    pub severity: Severity,
    /// Ids of the rules that spoke, sorted.
    pub rules: Vec<String>,
    /// For `unknown`: why it could not be seen. For others: what to bear in mind.
    pub reason: Option<String>,
    pub changes: Vec<Change>,
    /// Whoever made the last change that explains what is live; `null` while no event source is configured.
    pub attribution: Option<Attribution>,
    /// Others who made some of the changes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub other_attributions: Vec<Attribution>,
    /// The rule, or the baseline, that accepts it for now. Never in a report's list of findings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ignored: Option<Ignored>,
}

impl Finding {
    /// The identity of the finding, taken apart.
    pub fn resource_key(&self) -> ResourceKey {
        let mut key = ResourceKey::new(Scope::new(&self.account, &self.region), &self.kind, &self.id, None);
        // The text says whether the address counts, and how.
        key.address = self.key.strip_prefix(&format!("{key}@")).map(str::to_owned);
        key
    }
}
