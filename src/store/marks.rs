//! Marks: "this resource may have changed". One for each resource, however many events tell of it; taken with a lease, and gone only
//! when nothing new was heard while it was read.

use jiff::Timestamp;

use super::db::{LONGEST_INDEXED, Row, Tx, values};
use super::{QueueDepth, Store, StoreError};
use crate::model::{ResourceKey, Scope};

/// A resource to be read again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewMark {
    pub scope: Scope,
    /// Terraform resource type.
    pub kind: String,
    /// `None`: something of the kind was created, and nobody knows its id.
    pub id: Option<String>,
    /// See [`ResourceKey::address`].
    pub address: Option<String>,
    /// Not before this time: AWS's answers lag behind its events.
    pub not_before: Timestamp,
    /// Time and id of the event.
    pub event_time: Timestamp,
    pub event_id: Option<String>,
}

/// A mark that somebody works on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenMark {
    /// What identifies the mark: the key of the resource, or scope and kind.
    pub key: String,
    pub scope: Scope,
    pub kind: String,
    pub id: Option<String>,
    pub address: Option<String>,
    pub newest_event: Timestamp,
    pub event_id: Option<String>,
    /// How often it was marked: more than this means that something new was heard.
    generation: i64,
    token: i64,
}

impl NewMark {
    /// What identifies the mark.
    pub fn key(&self) -> String {
        let Self { scope, kind, id, address, .. } = self;
        match id {
            Some(id) => {
                let address = address.clone();
                ResourceKey { scope: scope.clone(), kind: kind.clone(), id: id.clone(), address }.to_string()
            }
            None => format!("{}/{}/{kind}", scope.account, scope.region),
        }
    }
}

impl TakenMark {
    /// The resource; `None` for one that was created, with an id that nobody knows.
    pub fn resource_key(&self) -> Option<ResourceKey> {
        let id = self.id.clone()?;
        Some(ResourceKey { scope: self.scope.clone(), kind: self.kind.clone(), id, address: self.address.clone() })
    }
}

impl Store {
    /// Marks resources; one with a longer key than AWS has is left out.
    pub async fn mark_upsert(&self, marks: &[NewMark]) -> Result<(), StoreError> {
        let mut tx = self.db.begin().await?;
        upsert(&mut tx, marks).await?;
        tx.commit().await
    }

    /// Takes up to `limit` marks that are due, the longest due first, until `lease_until`. They are given back by
    /// [`super::Apply::marks_done`] or [`Store::mark_release`], or taken by another when the lease ends.
    pub async fn mark_take(
        &self,
        owner: &str,
        now: Timestamp,
        lease_until: Timestamp,
        limit: u32,
    ) -> Result<Vec<TakenMark>, StoreError> {
        let mut tx = self.db.begin().await?;
        let sql = format!(
            "WITH due AS MATERIALIZED (SELECT mark_key FROM marks WHERE not_before <= $1 \
             AND (lease_until IS NULL OR lease_until <= $1) ORDER BY not_before, mark_key LIMIT $2 {}) \
             UPDATE marks SET lease_owner = $3, lease_until = $4, token = token + 1 \
             WHERE mark_key IN (SELECT mark_key FROM due) \
             RETURNING mark_key, account, region, kind, resource_id, address, newest_event, event_id, generation, token",
            self.db.skip_locked()
        );
        let rows = tx.fetch(&sql, values![now, i64::from(limit), owner, lease_until]).await?;
        let mut taken = rows.iter().map(mark).collect::<Result<Vec<_>, _>>()?;
        tx.commit().await?;
        taken.sort_by(|a, b| a.key.cmp(&b.key));
        Ok(taken)
    }

    /// Holds marks for longer; fails when another took one of them over.
    pub async fn mark_extend(&self, marks: &[TakenMark], lease_until: Timestamp) -> Result<(), StoreError> {
        let mut tx = self.db.begin().await?;
        // Taken, they are sorted: two writers on PostgreSQL never wait for each other.
        for mark in marks {
            let sql =
                "UPDATE marks SET lease_until = $3 WHERE mark_key = $1 AND token = $2 AND lease_owner IS NOT NULL";
            if tx.execute(sql, values![&mark.key, mark.token, lease_until]).await? != 1 {
                return Err(lost(mark));
            }
        }
        tx.commit().await
    }

    /// Gives marks back, to be taken again from `not_before` on: their resources could not be read.
    pub async fn mark_release(&self, marks: &[TakenMark], not_before: Timestamp) -> Result<(), StoreError> {
        let mut tx = self.db.begin().await?;
        for mark in marks {
            let sql = "UPDATE marks SET lease_owner = NULL, lease_until = NULL, not_before = $3 \
                       WHERE mark_key = $1 AND token = $2";
            tx.execute(sql, values![&mark.key, mark.token, not_before]).await?;
        }
        tx.commit().await
    }

    /// The marks as a queue beside those of jobs. The oldest may be taken: whoever has it may be stuck.
    pub async fn mark_depth(&self) -> Result<QueueDepth, StoreError> {
        let sql = "SELECT count(*) AS number, count(lease_owner) AS running, min(not_before) AS oldest FROM marks";
        let rows = self.db.fetch(sql, Vec::new()).await?;
        let mut depth = QueueDepth { kind: "marks".to_owned(), queued: 0, running: 0, failed: 0, oldest_due: None };
        if let Some(row) = rows.first() {
            depth.running = row.integer("running")?.unsigned_abs();
            depth.queued = row.integer("number")?.unsigned_abs().saturating_sub(depth.running);
            depth.oldest_due = row.optional_time("oldest")?;
        }
        Ok(depth)
    }

    /// How many marks wait, taken ones included, and since when the oldest could be taken.
    pub async fn mark_count(&self) -> Result<(u64, Option<Timestamp>), StoreError> {
        let sql = "SELECT count(*) AS number, min(not_before) AS oldest FROM marks";
        let rows = self.db.fetch(sql, Vec::new()).await?;
        let Some(row) = rows.first() else { return Ok((0, None)) };
        Ok((row.integer("number")?.unsigned_abs(), row.optional_time("oldest")?))
    }
}

pub(super) async fn upsert(tx: &mut Tx, marks: &[NewMark]) -> Result<(), StoreError> {
    // Due is the earliest time that somebody asked for: a resource that changes all the time is read all the same. One that is
    // being read is due again from the new time on.
    let sql = "INSERT INTO marks (mark_key, account, region, kind, resource_id, address, not_before, newest_event, \
               event_id, generation, token) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 1, 0) \
               ON CONFLICT (mark_key) DO UPDATE SET generation = marks.generation + 1, \
               not_before = CASE WHEN marks.lease_owner IS NOT NULL OR excluded.not_before < marks.not_before \
               THEN excluded.not_before ELSE marks.not_before END, \
               event_id = CASE WHEN excluded.newest_event > marks.newest_event \
               THEN excluded.event_id ELSE marks.event_id END, \
               newest_event = CASE WHEN excluded.newest_event > marks.newest_event \
               THEN excluded.newest_event ELSE marks.newest_event END";
    // In one order, so that two writers on PostgreSQL never wait for each other.
    let mut marks: Vec<_> = marks.iter().map(|mark| (mark.key(), mark)).collect();
    marks.retain(|(key, _)| key.len() <= LONGEST_INDEXED);
    marks.sort_by(|(a, _), (b, _)| a.cmp(b));
    for (key, mark) in marks {
        let NewMark { scope, kind, id, address, not_before, event_time, event_id } = mark;
        let values = values![key, &scope.account, &scope.region, kind, id, address, *not_before, *event_time, event_id];
        tx.execute(sql, values).await?;
    }
    Ok(())
}

/// The resource was read: the mark goes, unless something new was heard meanwhile.
pub(super) async fn done(tx: &mut Tx, mark: &TakenMark) -> Result<(), StoreError> {
    let sql = "DELETE FROM marks WHERE mark_key = $1 AND token = $2 AND generation = $3";
    if tx.execute(sql, values![&mark.key, mark.token, mark.generation]).await? == 1 {
        return Ok(());
    }
    let sql = "UPDATE marks SET lease_owner = NULL, lease_until = NULL WHERE mark_key = $1 AND token = $2";
    match tx.execute(sql, values![&mark.key, mark.token]).await? {
        1 => Ok(()),
        _ => Err(lost(mark)),
    }
}

fn lost(mark: &TakenMark) -> StoreError {
    StoreError::LeaseLost { what: format!("the mark {}", mark.key) }
}

fn mark(row: &Row) -> Result<TakenMark, StoreError> {
    Ok(TakenMark {
        key: row.text("mark_key")?,
        scope: Scope::new(row.text("account")?, row.text("region")?),
        kind: row.text("kind")?,
        id: row.optional_text("resource_id")?,
        address: row.optional_text("address")?,
        newest_event: row.time("newest_event")?,
        event_id: row.optional_text("event_id")?,
        generation: row.integer("generation")?,
        token: row.integer("token")?,
    })
}
