//! Cycles that were run: the outcome of each without its findings, which live their own life.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::db::{Tx, to_json, values};
use super::{Store, StoreError, coverage_groups};
use crate::model::{Counts, Coverage, DriftStatus, Gap, Outcome, RuleWarning, Source};

/// What is kept of a cycle.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Scan {
    /// The outcome's.
    pub id: String,
    pub driftd_version: String,
    pub started_at: Timestamp,
    pub finished_at: Timestamp,
    /// Those that its findings and gaps name, and those that had something to say. Of hundreds of states every cycle reads all, and
    /// [`Store::source_list`] has them.
    pub sources: Vec<Source>,
    pub gaps: Vec<Gap>,
    #[serde(rename = "coverage_groups", with = "coverage_groups", default)]
    pub coverage: Vec<Coverage>,
    pub counts: Counts,
    /// Findings by drift, in the contract's words; those that a rule ignores included.
    pub changed: u64,
    pub missing: u64,
    pub unmanaged: u64,
    pub unknown: u64,
    /// How many of them a rule ignores.
    pub ignored: u64,
    pub api_calls: u64,
    pub rule_warnings: Vec<RuleWarning>,
}

impl From<&Outcome> for Scan {
    fn from(outcome: &Outcome) -> Self {
        let count = |drift| outcome.findings.iter().filter(|finding| finding.drift == drift).count() as u64;
        Self {
            id: outcome.id.clone(),
            driftd_version: outcome.driftd_version.clone(),
            started_at: outcome.started_at,
            finished_at: outcome.finished_at,
            sources: named_sources(outcome),
            gaps: outcome.gaps.clone(),
            coverage: outcome.coverage.clone(),
            counts: outcome.counts,
            changed: count(DriftStatus::Changed),
            missing: count(DriftStatus::Missing),
            unmanaged: count(DriftStatus::Unmanaged),
            unknown: count(DriftStatus::Unknown),
            ignored: outcome.findings.iter().filter(|finding| finding.ignored.is_some()).count() as u64,
            api_calls: outcome.api_calls,
            rule_warnings: outcome.rule_warnings.clone(),
        }
    }
}

fn named_sources(outcome: &Outcome) -> Vec<Source> {
    let of_findings = outcome.findings.iter().flat_map(|finding| finding.source.iter().chain(&finding.also_in));
    let of_gaps = outcome.gaps.iter().filter_map(|gap| gap.scope.source.as_ref());
    let named: BTreeSet<&String> = of_findings.chain(of_gaps).collect();
    let says = |source: &&Source| source.in_flight || !source.warnings.is_empty() || named.contains(&source.name);
    outcome.sources.iter().filter(says).cloned().collect()
}

impl Store {
    /// The latest cycles, newest first.
    pub async fn scan_list(&self, limit: u32) -> Result<Vec<Scan>, StoreError> {
        let sql = "SELECT body FROM scans ORDER BY finished_at DESC, id DESC LIMIT $1";
        self.db.fetch(sql, values![i64::from(limit)]).await?.iter().map(|row| row.json("body")).collect()
    }
}

/// A cycle that was kept already is not kept twice.
pub(super) async fn insert(tx: &mut Tx, outcome: &Outcome) -> Result<(), StoreError> {
    let sql = "INSERT INTO scans (id, started_at, finished_at, complete, body) VALUES ($1, $2, $3, $4, $5) \
               ON CONFLICT (id) DO NOTHING";
    let body = to_json("scan", &Scan::from(outcome))?;
    let complete = outcome.gaps.is_empty();
    tx.execute(sql, values![&outcome.id, outcome.started_at, outcome.finished_at, complete, body]).await?;
    Ok(())
}
