//! The audit log: who did what, when, on what. People and driftd itself alike; only ever appended to.

use jiff::Timestamp;

use super::db::{Row, Tx, values};
use super::{Store, StoreError};

/// Something that was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// Who: a person, or `driftd`.
    pub actor: String,
    /// What: `finding.acknowledge`, `proposal.open`.
    pub action: String,
    /// On what: the id of a finding, a URL.
    pub subject: String,
    /// Anything else worth knowing; never a secret.
    pub detail: String,
}

/// An entry as it was kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRecord {
    pub id: i64,
    pub at: Timestamp,
    pub entry: AuditEntry,
}

impl Store {
    /// Appends an entry unless the same was done to the same subject before: for what may be begun twice and must be told once.
    pub async fn audit_once(&self, entry: &AuditEntry, now: Timestamp) -> Result<(), StoreError> {
        let sql = "INSERT INTO audit (at, actor, action, subject, detail) \
                   SELECT CAST($1 AS BIGINT), CAST($2 AS TEXT), CAST($3 AS TEXT), CAST($4 AS TEXT), CAST($5 AS TEXT) \
                   WHERE NOT EXISTS (SELECT 1 FROM audit WHERE action = $3 AND subject = $4)";
        let AuditEntry { actor, action, subject, detail } = entry;
        let mut tx = self.db.begin().await?;
        tx.execute(sql, values![now, actor, action, subject, detail]).await?;
        tx.commit().await
    }

    /// The latest entries, newest first.
    pub async fn audit_list(&self, limit: u32) -> Result<Vec<AuditRecord>, StoreError> {
        let sql = "SELECT id, at, actor, action, subject, detail FROM audit ORDER BY id DESC LIMIT $1";
        self.db.fetch(sql, values![i64::from(limit)]).await?.iter().map(record).collect()
    }
}

pub(super) async fn append(tx: &mut Tx, entries: &[AuditEntry], now: Timestamp) -> Result<(), StoreError> {
    let sql = "INSERT INTO audit (at, actor, action, subject, detail) VALUES ($1, $2, $3, $4, $5)";
    for AuditEntry { actor, action, subject, detail } in entries {
        tx.execute(sql, values![now, actor, action, subject, detail]).await?;
    }
    Ok(())
}

fn record(row: &Row) -> Result<AuditRecord, StoreError> {
    Ok(AuditRecord {
        id: row.integer("id")?,
        at: row.time("at")?,
        entry: AuditEntry {
            actor: row.text("actor")?,
            action: row.text("action")?,
            subject: row.text("subject")?,
            detail: row.text("detail")?,
        },
    })
}
