//! The scan report: the output contract (`schema_version` 1), as plain data; one view of an [`Outcome`].

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Coverage, DriftStatus, Gap, Outcome, Source};

pub use super::finding::{Finding, Severity};

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
    /// Resource instances of other providers than AWS's, by provider address: not compared, no gap.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub other_providers: BTreeMap<String, u64>,
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
    /// Declared ones that a rule or a baseline ignores.
    pub ignored: u64,
    /// All that is ignored, by rule; what a baseline accepts by its reason, owner and expiry.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub ignored_by_rule: BTreeMap<String, u64>,
    /// Live resources that no source declares and that are not reported one by one.
    pub folded: u64,
    /// The same by reason: see [`Outcome::folded`].
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub folded_by_reason: BTreeMap<String, u64>,
}

impl Summary {
    /// All drifts that rules ignore, of declared resources and of others.
    pub fn ignored_drifts(&self) -> u64 {
        self.ignored_by_rule.values().sum()
    }
}

/// One cycle's report.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// Always `"1"`.
    pub schema_version: &'static str,
    pub scan: Scan,
    pub summary: Summary,
    /// Sorted by severity (worst first), then account, region, kind, address or id; without those that a rule ignores.
    pub findings: Vec<Finding>,
    pub gaps: Vec<Gap>,
    /// What was looked at, and how completely.
    pub coverage: Vec<Coverage>,
}

impl From<Outcome> for Report {
    /// The view that the contract describes. Ignored findings are only counted.
    fn from(outcome: Outcome) -> Self {
        let (ignored, findings): (Vec<Finding>, Vec<Finding>) =
            outcome.findings.into_iter().partition(|finding| finding.ignored.is_some());
        let count = |status| findings.iter().filter(|finding| finding.drift == status).count() as u64;
        let mut ignored_by_rule: BTreeMap<String, u64> = BTreeMap::new();
        for rule in ignored.iter().filter_map(|finding| finding.ignored.as_ref()) {
            *ignored_by_rule.entry(rule.label()).or_default() += 1;
        }
        let mut other_providers: BTreeMap<String, u64> = BTreeMap::new();
        for (address, number) in outcome.sources.iter().flat_map(|source| &source.other_providers) {
            *other_providers.entry(address.clone()).or_default() += number;
        }
        let summary = Summary {
            desired: outcome.counts.desired,
            live: outcome.counts.live,
            in_sync: outcome.counts.in_sync,
            changed: count(DriftStatus::Changed),
            missing: count(DriftStatus::Missing),
            unmanaged: count(DriftStatus::Unmanaged),
            unknown: count(DriftStatus::Unknown),
            ignored: ignored.iter().filter(|finding| finding.address.is_some()).count() as u64,
            ignored_by_rule,
            folded: outcome.folded.values().sum(),
            folded_by_reason: outcome.folded,
        };
        Self {
            schema_version: "1",
            scan: Scan {
                id: outcome.id,
                driftd_version: outcome.driftd_version,
                started_at: outcome.started_at.to_string(),
                finished_at: outcome.finished_at.to_string(),
                complete: outcome.gaps.is_empty(),
                sources: outcome.sources,
                accounts: outcome.accounts.into_iter().collect(),
                regions: outcome.regions.into_iter().collect(),
                api_calls: outcome.api_calls,
                other_providers,
            },
            summary,
            findings,
            gaps: outcome.gaps,
            coverage: outcome.coverage,
        }
    }
}
