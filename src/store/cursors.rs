//! How far something was read: the position of an event source, by name.

use jiff::Timestamp;

use super::db::values;
use super::{Store, StoreError};

impl Store {
    pub async fn cursor_get(&self, name: &str) -> Result<Option<String>, StoreError> {
        let rows = self.db.fetch("SELECT value FROM cursors WHERE name = $1", values![name]).await?;
        rows.first().map(|row| row.text("value")).transpose()
    }

    pub async fn cursor_set(&self, name: &str, value: &str, now: Timestamp) -> Result<(), StoreError> {
        let sql = "INSERT INTO cursors (name, value, updated_at) VALUES ($1, $2, $3) ON CONFLICT (name) DO UPDATE SET \
                   value = excluded.value, updated_at = excluded.updated_at";
        let mut tx = self.db.begin().await?;
        tx.execute(sql, values![name, value, now]).await?;
        tx.commit().await
    }
}
