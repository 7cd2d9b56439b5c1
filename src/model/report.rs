//! The scan report: the output contract (`schema_version` 1), as plain data.

use serde::{Deserialize, Serialize};

use super::{Attribution, Change, CodePosition, DriftStatus, Gap, Source};

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

/// One drift with its verdict.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Finding {
    /// Stable over scans for the same drift of the same resource.
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
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub also_in: Vec<String>,
    pub code: Option<CodePosition>,
    pub severity: Severity,
    /// Ids of the rules that spoke, sorted.
    pub rules: Vec<String>,
    /// For `unknown`: why it could not be seen.
    pub reason: Option<String>,
    pub changes: Vec<Change>,
    /// Whoever made the last change that explains what is live; `null` while no event source is configured.
    pub attribution: Option<Attribution>,
    /// Others who made some of the changes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub other_attributions: Vec<Attribution>,
}

/// The scan itself.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Scan {
    pub id: String,
    pub driftd_version: String,
    /// RFC 3339, UTC.
    pub started_at: String,
    pub finished_at: String,
    /// `false` whenever there are gaps.
    pub complete: bool,
    pub sources: Vec<Source>,
    pub accounts: Vec<String>,
    pub regions: Vec<String>,
    /// AWS API calls made by this scan, retries included.
    pub api_calls: u64,
}

/// Counts; `desired = in_sync + changed + missing + unknown + ignored` (of the desired ones).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    pub desired: u64,
    pub live: u64,
    pub in_sync: u64,
    pub changed: u64,
    pub missing: u64,
    pub unmanaged: u64,
    pub unknown: u64,
    pub ignored: u64,
}

/// One cycle's report.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// Always `"1"`.
    pub schema_version: &'static str,
    pub scan: Scan,
    pub summary: Summary,
    /// Sorted by severity (worst first), then account, region, kind, address or id.
    pub findings: Vec<Finding>,
    pub gaps: Vec<Gap>,
}
