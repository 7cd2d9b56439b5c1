//! Sources of desired state as they were last read: whether one moved, whether one was ever compared.

use jiff::Timestamp;

use super::db::{Row, Tx, values};
use super::{Store, StoreError};
use crate::model::{Outcome, Source};

/// What is known of a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownSource {
    pub name: String,
    /// Without any secret.
    pub location: String,
    pub serial: Option<i64>,
    pub lineage: Option<String>,
    /// What the place says of the file's version (an ETag, a time): equal stamps are equal files.
    pub stamp: Option<String>,
    pub last_read: Timestamp,
    /// `None`: it was read, but never compared in a sweep; its first one is a baseline.
    pub last_compared: Option<Timestamp>,
}

impl Store {
    /// When a sweep last compared a source as a whole; `None`: never.
    pub async fn last_sweep(&self) -> Result<Option<Timestamp>, StoreError> {
        let rows = self.db.fetch("SELECT max(last_compared) AS last FROM sources", Vec::new()).await?;
        rows.first().map_or(Ok(None), |row| row.optional_time("last"))
    }

    /// All sources, by name.
    pub async fn source_list(&self) -> Result<Vec<KnownSource>, StoreError> {
        let sql = "SELECT name, location, serial, lineage, stamp, last_read, last_compared FROM sources ORDER BY name";
        let rows = self.db.fetch(sql, Vec::new()).await?;
        let source = |row: &Row| {
            Ok(KnownSource {
                name: row.text("name")?,
                location: row.text("location")?,
                serial: row.optional_integer("serial")?,
                lineage: row.optional_text("lineage")?,
                stamp: row.optional_text("stamp")?,
                last_read: row.time("last_read")?,
                last_compared: row.optional_time("last_compared")?,
            })
        };
        rows.iter().map(source).collect()
    }

    /// Keeps the stamp that a source had when it was last asked whether it moved.
    pub async fn source_stamp(&self, name: &str, stamp: &str) -> Result<(), StoreError> {
        let mut tx = self.db.begin().await?;
        tx.execute("UPDATE sources SET stamp = $2 WHERE name = $1", values![name, stamp]).await?;
        tx.commit().await
    }

    /// Forgets a source that is configured no more; its findings are closed by `life::close_source`.
    pub async fn source_remove(&self, name: &str) -> Result<(), StoreError> {
        let mut tx = self.db.begin().await?;
        tx.execute("DELETE FROM sources WHERE name = $1", values![name]).await?;
        tx.commit().await
    }
}

/// Keeps what was read. Compared is a source only by a sweep: an event that comes before the first one must not use up the baseline.
pub(super) async fn update(tx: &mut Tx, outcome: &Outcome) -> Result<(), StoreError> {
    let is_sweep = outcome.coverage.iter().any(|row| row.resources.is_none());
    let at = outcome.started_at;
    let insert = "INSERT INTO sources (name, location, serial, lineage, last_read, first_compared, last_compared)";
    let conflict = "ON CONFLICT (name) DO UPDATE SET location = excluded.location, \
                    serial = excluded.serial, lineage = excluded.lineage, last_read = excluded.last_read, \
                    first_compared = COALESCE(sources.first_compared, excluded.first_compared), \
                    last_compared = COALESCE(excluded.last_compared, sources.last_compared) \
                    WHERE sources.last_read <= excluded.last_read";
    let compared = is_sweep.then_some(at);
    let row = |source: &Source| {
        let Source { name, location, serial, lineage, .. } = source;
        let serial = serial.and_then(|serial| i64::try_from(serial).ok());
        values![name, location, serial, lineage, at, compared, compared]
    };
    tx.insert_rows(insert, conflict, outcome.sources.iter().map(row).collect()).await
}
