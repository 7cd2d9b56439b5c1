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
    /// Notices that were sent or given up. Until then the same notice is not sent again.
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
    pub proposals: u64,
    pub audit: u64,
}

impl Store {
    /// Forgets what is older than it has to be. Each sort by itself, so that writers are not held up for long.
    pub async fn prune(&self, now: Timestamp, retention: &Retention) -> Result<Pruned, StoreError> {
        let Retention { resolved_findings, history, scans, events, notices, proposals, audit } = *retention;
        Ok(Pruned {
            resolved_findings: self
                .delete("findings WHERE state = 'resolved' AND state_since < $1", now, resolved_findings)
                .await?,
            history: self.delete("history WHERE at < $1", now, history).await?,
            scans: self.delete("scans WHERE finished_at < $1", now, scans).await?,
            events: self.delete("events WHERE time < $1", now, events).await?,
            notices: self.delete("notices WHERE state <> 'pending' AND finished_at < $1", now, notices).await?,
            proposals: self.delete("proposals WHERE state <> 'open' AND updated_at < $1", now, proposals).await?,
            audit: self.delete("audit WHERE at < $1", now, audit).await?,
        })
    }

    async fn delete(&self, what: &str, now: Timestamp, age: Duration) -> Result<u64, StoreError> {
        // Longer than time is counted: for ever.
        let Ok(before) = now.checked_sub(age) else { return Ok(0) };
        let mut tx = self.db.begin().await?;
        let number = tx.execute(&format!("DELETE FROM {what}"), values![before]).await?;
        tx.commit().await?;
        Ok(number)
    }
}
