//! Every step in the life of every finding; only ever appended to.

use super::db::{Tx, to_json, values};
use super::{Store, StoreError};
use crate::life::Transition;

/// A step as it was kept.
#[derive(Debug, Clone, PartialEq)]
pub struct HistoryEntry {
    /// Grows with time; names the step for ever.
    pub id: i64,
    pub transition: Transition,
}

impl Store {
    /// The history of one finding, oldest first; `finding_id` is the whole id.
    pub async fn history_of(&self, finding_id: &str) -> Result<Vec<HistoryEntry>, StoreError> {
        let sql = "SELECT id, body FROM history WHERE finding_id = $1 ORDER BY id";
        let rows = self.db.fetch(sql, values![finding_id]).await?;
        rows.iter().map(|row| Ok(HistoryEntry { id: row.integer("id")?, transition: row.json("body")? })).collect()
    }
}

pub(super) async fn append(tx: &mut Tx, step: &Transition) -> Result<(), StoreError> {
    let sql = "INSERT INTO history (finding_id, at, transition, body) VALUES ($1, $2, $3, $4)";
    tx.execute(sql, values![&step.finding_id, step.at, step.kind.as_str(), to_json("transition", step)?]).await?;
    Ok(())
}
