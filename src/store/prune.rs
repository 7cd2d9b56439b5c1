//! Retention: what is old enough is forgotten. What is open, waits, or was looked at last is never too old.

use std::time::Duration;

use jiff::Timestamp;

use super::db::values;
use super::{Store, StoreError};

/// How long each sort of record is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Since they were resolved. What returns later is a new finding, with a new age.
    pub resolved_findings: Duration,
    /// Steps of findings that are kept themselves, too.
    pub history: Duration,
    pub scans: Duration,
    pub events: Duration,
    /// Notices that were sent or given up, and groups of which nothing more is told. Until then the same notice is not sent again.
    pub notices: Duration,
    /// Proposals that are not open.
    pub proposals: Duration,
    pub audit: Duration,
}

/// How many records were forgotten.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pruned {
    pub resolved_findings: u64,
    pub history: u64,
    pub scans: u64,
    pub events: u64,
    pub notices: u64,
    pub alert_groups: u64,
    pub proposals: u64,
    pub audit: u64,
}

/// So many rows are deleted in one transaction: nobody who writes waits for long.
const BATCH: i64 = 1000;

impl Store {
    /// Forgets what is older than it has to be.
    pub async fn prune(&self, now: Timestamp, retention: &Retention) -> Result<Pruned, StoreError> {
        let Retention { resolved_findings, history, scans, events, notices, proposals, audit } = *retention;
        let old = async |table, key, condition, age| self.delete(table, key, condition, now, age).await;
        let resolved = "state = 'resolved' AND state_since < $1";
        Ok(Pruned {
            resolved_findings: old("findings", "id", resolved, resolved_findings).await?,
            history: old("history", "id", "at < $1", history).await?,
            scans: old("scans", "id", "finished_at < $1", scans).await?,
            events: old("events", "id", "time < $1", events).await?,
            notices: old("notices", "id", "state <> 'pending' AND finished_at < $1", notices).await?,
            alert_groups: old("alert_groups", "id", "closed_at < $1", notices).await?,
            proposals: old("proposals", "finding_id", "state <> 'open' AND updated_at < $1", proposals).await?,
            audit: old("audit", "id", "at < $1", audit).await?,
        })
    }

    async fn delete(
        &self,
        table: &str,
        key: &str,
        condition: &str,
        now: Timestamp,
        age: Duration,
    ) -> Result<u64, StoreError> {
        // Longer than time is counted: for ever.
        let Ok(before) = now.checked_sub(age) else { return Ok(0) };
        let sql = format!(
            "DELETE FROM {table} WHERE {condition} \
             AND {key} IN (SELECT {key} FROM {table} WHERE {condition} ORDER BY {key} LIMIT $2)"
        );
        let mut all = 0;
        loop {
            let mut tx = self.db.begin().await?;
            let number = tx.execute(&sql, values![before, BATCH]).await?;
            tx.commit().await?;
            all += number;
            if number == 0 {
                return Ok(all);
            }
        }
    }
}
