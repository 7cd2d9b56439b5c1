//! The JSON report of a scan -> the outcome that it shows, as far as a baseline asks. What a scan ignored is not in its report.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::Deserialize;

use crate::model::{Counts, Coverage, Finding, Gap, Outcome, Source};

/// A report, read.
#[derive(Debug, Clone)]
pub struct Reported {
    pub outcome: Outcome,
    /// Did the scan ignore something, which the report only counts?
    pub hides_ignored: bool,
}

#[derive(Deserialize)]
struct RawReport {
    schema_version: String,
    scan: RawScan,
    summary: RawSummary,
    findings: Vec<Finding>,
    gaps: Vec<Gap>,
    coverage: Vec<Coverage>,
}

#[derive(Deserialize)]
struct RawScan {
    id: String,
    driftd_version: String,
    started_at: Timestamp,
    finished_at: Timestamp,
    sources: Vec<Source>,
    accounts: BTreeSet<String>,
    regions: BTreeSet<String>,
    api_calls: u64,
}

#[derive(Deserialize)]
struct RawSummary {
    #[serde(default)]
    ignored: u64,
    #[serde(default)]
    ignored_by_rule: BTreeMap<String, u64>,
}

/// Reads a report.
///
/// # Errors
/// Says why it is none.
pub fn reported(text: &str) -> Result<Reported, String> {
    let raw: RawReport = serde_json::from_str(text)
        .map_err(|error| format!("not the output of `driftd scan --format json`: {error}"))?;
    let RawReport { schema_version, scan, summary, findings, gaps, coverage } = raw;
    if schema_version != "1" {
        return Err(format!("a report of version {schema_version:?}: this driftd reads version 1"));
    }
    let RawScan { id, driftd_version, started_at, finished_at, sources, accounts, regions, api_calls } = scan;
    let outcome = Outcome {
        id,
        driftd_version,
        started_at,
        finished_at,
        sources,
        accounts,
        regions,
        coverage,
        findings,
        gaps,
        counts: Counts::default(),
        api_calls,
        folded: BTreeMap::new(),
        activity: Vec::new(),
        rule_warnings: Vec::new(),
        unmapped: BTreeSet::new(),
    };
    Ok(Reported { outcome, hides_ignored: summary.ignored > 0 || !summary.ignored_by_rule.is_empty() })
}
