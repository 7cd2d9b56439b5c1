//! What is wrong with driftd itself, as long as it is: told once when it begins and once when it ends, by whichever replica sees it first.

use jiff::Timestamp;

use super::alerts::{self, NewAlert};
use super::db::values;
use super::{Store, StoreError};

/// Conditions are cursors of this name, and what follows.
const PREFIX: &str = "condition.";

/// Something that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastingCondition {
    pub name: String,
    /// The process that sees it.
    pub owner: String,
    /// When that process last saw it.
    pub seen_at: Timestamp,
}

impl Store {
    /// Those that last.
    pub async fn condition_list(&self) -> Result<Vec<LastingCondition>, StoreError> {
        let sql = "SELECT name, value, updated_at FROM cursors WHERE name >= $1 AND name < $2 ORDER BY name";
        // The character after the point ends the range of names with the prefix.
        let rows = self.db.fetch(sql, values![PREFIX, "condition/"]).await?;
        let lasting = |row: &super::db::Row| {
            let name = row.text("name")?;
            let name = name.strip_prefix(PREFIX).unwrap_or(&name).to_owned();
            Ok(LastingCondition { name, owner: row.text("value")?, seen_at: row.time("updated_at")? })
        };
        rows.iter().map(lasting).collect()
    }

    /// It begins, and these are told; `false`: it lasts already.
    pub async fn condition_begin(
        &self,
        name: &str,
        owner: &str,
        alerts: &[NewAlert],
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut tx = self.db.begin().await?;
        alerts::lock(&mut tx).await?;
        let sql = "INSERT INTO cursors (name, value, updated_at) VALUES ($1, $2, $3) ON CONFLICT (name) DO NOTHING";
        if tx.execute(sql, values![format!("{PREFIX}{name}"), owner, now]).await? == 0 {
            return Ok(false);
        }
        alerts::add(&mut tx, alerts, now).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// This process sees it still. It is that of another one while that one saw it after `before`.
    pub async fn condition_seen(
        &self,
        name: &str,
        owner: &str,
        before: Timestamp,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tx = self.db.begin().await?;
        let sql = "UPDATE cursors SET value = $2, updated_at = $3 WHERE name = $1 AND (value = $2 OR updated_at < $4)";
        tx.execute(sql, values![format!("{PREFIX}{name}"), owner, now, before]).await?;
        tx.commit().await
    }

    /// It is over, and these are told; `false`: it was over already.
    pub async fn condition_end(&self, name: &str, alerts: &[NewAlert], now: Timestamp) -> Result<bool, StoreError> {
        let mut tx = self.db.begin().await?;
        alerts::lock(&mut tx).await?;
        if tx.execute("DELETE FROM cursors WHERE name = $1", values![format!("{PREFIX}{name}")]).await? == 0 {
            return Ok(false);
        }
        alerts::add(&mut tx, alerts, now).await?;
        tx.commit().await?;
        Ok(true)
    }
}
