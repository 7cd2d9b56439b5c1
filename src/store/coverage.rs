//! When each kind was last looked at in each scope, as a whole: the age of what is known there.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::db::{Row, Tx, values};
use super::{Store, StoreError};
use crate::life::SeenBefore;
use crate::model::{Coverage, Outcome, Scope};

/// How old the knowledge of one kind in one scope is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CoverageAge {
    pub scope: Scope,
    /// Terraform resource type.
    pub kind: String,
    /// Last time that it was looked at.
    pub looked_at: Timestamp,
    /// Last time that it was seen completely.
    pub complete_at: Option<Timestamp>,
    /// Last time that resources without a declaration were looked for.
    pub unmanaged_at: Option<Timestamp>,
    /// The cycle that looked last.
    pub scan_id: String,
}

impl Store {
    /// Everything that was ever looked at, by scope and kind.
    pub async fn coverage_list(&self) -> Result<Vec<CoverageAge>, StoreError> {
        let sql = "SELECT account, region, kind, looked_at, complete_at, unmanaged_at, scan_id FROM coverage \
                   ORDER BY account, region, kind";
        let rows = self.db.fetch(sql, Vec::new()).await?;
        rows.iter().map(age).collect()
    }

    /// How many kinds of how many scopes were not seen completely when they were last looked at, since this time; and one of them.
    pub async fn coverage_gaps(&self, since: Timestamp) -> Result<Option<(u64, CoverageAge)>, StoreError> {
        let is_gap = "looked_at >= $1 AND (complete_at IS NULL OR complete_at < looked_at)";
        let sql = format!("SELECT count(*) AS number FROM coverage WHERE {is_gap}");
        let rows = self.db.fetch(&sql, values![since]).await?;
        let number = rows.first().map_or(Ok(0), |row| row.integer("number"))?.unsigned_abs();
        let sql = format!(
            "SELECT account, region, kind, looked_at, complete_at, unmanaged_at, scan_id FROM coverage WHERE {is_gap} \
             ORDER BY account, region, kind LIMIT 1"
        );
        let rows = self.db.fetch(&sql, values![since]).await?;
        rows.first().map(|row| Ok((number, age(row)?))).transpose()
    }

    /// What was looked at before an outcome, as far as its findings ask: for `life::reconcile`.
    pub async fn seen_before(&self, outcome: &Outcome) -> Result<SeenBefore, StoreError> {
        let sql = "SELECT name, first_compared FROM sources WHERE first_compared IS NOT NULL";
        let rows = self.db.fetch(sql, Vec::new()).await?;
        let sources = rows.iter().map(|row| Ok((row.text("name")?, row.time("first_compared")?)));
        let mut seen = SeenBefore { sources: sources.collect::<Result<_, StoreError>>()?, ..SeenBefore::default() };
        let scopes = outcome.findings.iter().map(|finding| Scope::new(&finding.account, &finding.region));
        for scope in scopes.collect::<BTreeSet<_>>() {
            let sql = "SELECT kind, looked_at, unmanaged_at FROM coverage WHERE account = $1 AND region = $2";
            for row in self.db.fetch(sql, values![&scope.account, &scope.region]).await? {
                let looked_at = row.time("looked_at")?;
                let latest = seen.scopes.entry(scope.clone()).or_insert(looked_at);
                *latest = looked_at.max(*latest);
                if row.optional_integer("unmanaged_at")?.is_some() {
                    seen.unmanaged.insert((scope.clone(), row.text("kind")?));
                }
            }
        }
        Ok(seen)
    }
}

fn age(row: &Row) -> Result<CoverageAge, StoreError> {
    Ok(CoverageAge {
        scope: Scope::new(row.text("account")?, row.text("region")?),
        kind: row.text("kind")?,
        looked_at: row.time("looked_at")?,
        complete_at: row.optional_time("complete_at")?,
        unmanaged_at: row.optional_time("unmanaged_at")?,
        scan_id: row.text("scan_id")?,
    })
}

/// Keeps when the outcome looked; a read of single resources does not count, and an older outcome does not take back.
pub(super) async fn update(tx: &mut Tx, outcome: &Outcome) -> Result<(), StoreError> {
    let insert = "INSERT INTO coverage (account, region, kind, looked_at, complete_at, unmanaged_at, scan_id)";
    let conflict = "ON CONFLICT (account, region, kind) DO UPDATE SET \
                    looked_at = excluded.looked_at, scan_id = excluded.scan_id, \
                    complete_at = COALESCE(excluded.complete_at, coverage.complete_at), \
                    unmanaged_at = COALESCE(excluded.unmanaged_at, coverage.unmanaged_at) \
                    WHERE coverage.looked_at <= excluded.looked_at";
    let at = outcome.started_at;
    let mut whole: Vec<_> = outcome.coverage.iter().filter(|row| row.resources.is_none()).collect();
    whole.sort();
    // A kind may have several rows: it was seen completely if it was in each.
    let mut ages = Vec::new();
    for rows in whole.chunk_by(|a, b| (&a.scope, &a.kind) == (&b.scope, &b.kind)) {
        let Some(Coverage { scope, kind, .. }) = rows.first() else { continue };
        let complete = rows.iter().all(|row| row.complete).then_some(at);
        let unmanaged = rows.iter().any(|row| row.unmanaged).then_some(at);
        ages.push(values![&scope.account, &scope.region, kind, at, complete, unmanaged, &outcome.id]);
    }
    tx.insert_rows(insert, conflict, ages).await
}
