//! The outbox: what receivers are to be told, written with the transition that it tells, and sent afterwards. A notice counts as sent
//! only when the receiver said so.

use jiff::Timestamp;

use super::db::{Row, Tx, values};
use super::{Store, StoreError};

/// Something to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewNotice {
    /// Name of the receiver.
    pub receiver: String,
    /// The group that it tells of; its notices are sent one after the other. `None`: it stands alone.
    pub group: Option<i64>,
    /// What makes two notices the same one: the second is left out.
    pub dedupe_key: String,
    /// What is told, for the receiver's own form.
    pub payload: String,
    /// Not before this time: what belongs together is told together.
    pub next_try: Timestamp,
}

/// A notice that somebody sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenNotice {
    pub id: i64,
    pub receiver: String,
    pub dedupe_key: String,
    pub group: Option<i64>,
    /// What the receiver gave for an earlier notice of the group.
    pub handle: Option<String>,
    pub payload: String,
    /// This one included.
    pub attempts: u32,
    pub created_at: Timestamp,
    token: i64,
}

/// Where a notice is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum NoticeState {
    /// Waits, or is being sent.
    Pending,
    /// The receiver said so.
    Sent,
    /// Given up.
    Failed,
}

impl NoticeState {
    pub const ALL: [NoticeState; 3] = [Self::Pending, Self::Sent, Self::Failed];

    /// The word of the database and of labels.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Sent => "sent",
            Self::Failed => "failed",
        }
    }
}

impl Store {
    /// Takes up to `limit` notices of a receiver that are due, oldest first, until `lease_until`. Of a group only the oldest, so that its
    /// messages arrive in their order.
    pub async fn notice_take(
        &self,
        receiver: &str,
        now: Timestamp,
        lease_until: Timestamp,
        limit: u32,
    ) -> Result<Vec<TakenNotice>, StoreError> {
        let mut tx = self.db.begin().await?;
        let sql = format!(
            "WITH due AS MATERIALIZED (SELECT id FROM notices WHERE receiver = $1 AND state = 'pending' \
             AND next_try <= $2 AND (lease_until IS NULL OR lease_until <= $2) \
             AND NOT EXISTS (SELECT 1 FROM notices AS before WHERE before.group_id = notices.group_id \
             AND before.id < notices.id AND before.state = 'pending') ORDER BY id LIMIT $3 {}) \
             UPDATE notices SET lease_until = $4, token = token + 1, attempts = attempts + 1 \
             WHERE id IN (SELECT id FROM due) \
             RETURNING id, receiver, dedupe_key, group_id, payload, attempts, created_at, token, \
             (SELECT handle FROM alert_groups WHERE alert_groups.id = notices.group_id) AS handle",
            self.db.skip_locked()
        );
        let rows = tx.fetch(&sql, values![receiver, now, i64::from(limit), lease_until]).await?;
        let mut taken = rows.iter().map(notice).collect::<Result<Vec<_>, _>>()?;
        tx.commit().await?;
        taken.sort_by_key(|notice| notice.id);
        Ok(taken)
    }

    /// The receiver has it, and gave this for later ones of the group.
    pub async fn notice_sent(
        &self,
        notice: &TakenNotice,
        handle: Option<&str>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tx = self.db.begin().await?;
        let sent = "state = 'sent', finished_at = $3, lease_until = NULL, last_error = NULL";
        notice_update(&mut tx, notice, sent, values![now]).await?;
        if let Some(handle) = handle {
            let sql = "UPDATE alert_groups SET handle = $2 WHERE id = $1";
            tx.execute(sql, values![notice.group, handle]).await?;
        }
        tx.commit().await
    }

    /// Receivers that have notices which are due.
    pub async fn notice_receivers(&self, now: Timestamp) -> Result<Vec<String>, StoreError> {
        let sql = "SELECT DISTINCT receiver FROM notices WHERE state = 'pending' AND next_try <= $1 \
                   AND (lease_until IS NULL OR lease_until <= $1) ORDER BY receiver";
        self.db.fetch(sql, values![now]).await?.iter().map(|row| row.text("receiver")).collect()
    }

    /// Receivers that do not take what they are sent, since when, and why: a try failed and the notice waits, or the last one was refused.
    pub async fn notice_troubles(&self) -> Result<Vec<(String, Timestamp, Option<String>)>, StoreError> {
        let sql = "SELECT receiver, min(created_at) AS since, max(last_error) AS error FROM notices \
                   WHERE state = 'pending' AND last_error IS NOT NULL GROUP BY receiver \
                   UNION ALL SELECT receiver, max(finished_at) AS since, max(last_error) AS error FROM notices AS failed \
                   WHERE state = 'failed' AND NOT EXISTS (SELECT 1 FROM notices AS later \
                   WHERE later.receiver = failed.receiver AND later.state = 'sent' \
                   AND later.finished_at >= failed.finished_at) GROUP BY receiver ORDER BY 1";
        let trouble = |row: &Row| Ok((row.text("receiver")?, row.time("since")?, row.optional_text("error")?));
        self.db.fetch(sql, Vec::new()).await?.iter().map(trouble).collect()
    }

    /// Gives up what waits for a receiver since before this time.
    pub async fn notice_give_up(
        &self,
        receiver: &str,
        before: Timestamp,
        error: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tx = self.db.begin().await?;
        let sql = "UPDATE notices SET state = 'failed', last_error = $3, finished_at = $4, lease_until = NULL \
                   WHERE receiver = $1 AND state = 'pending' AND created_at < $2";
        tx.execute(sql, values![receiver, before, error, now]).await?;
        tx.commit().await
    }

    /// When the next pending notice is due.
    pub async fn notice_next_due(&self) -> Result<Option<Timestamp>, StoreError> {
        let sql = "SELECT min(CASE WHEN lease_until > next_try THEN lease_until ELSE next_try END) AS next \
                   FROM notices WHERE state = 'pending'";
        let rows = self.db.fetch(sql, Vec::new()).await?;
        rows.first().map_or(Ok(None), |row| row.optional_time("next"))
    }

    /// Writes notices that belong to no step of a finding; one whose key was there before is left out.
    pub async fn notice_add(&self, notices: &[NewNotice], now: Timestamp) -> Result<(), StoreError> {
        let mut tx = self.db.begin().await?;
        insert(&mut tx, notices, now).await?;
        tx.commit().await
    }

    /// It could not be sent: again at `next_try`.
    pub async fn notice_retry(&self, notice: &TakenNotice, error: &str, next_try: Timestamp) -> Result<(), StoreError> {
        let set = "last_error = $3, next_try = $4, lease_until = NULL";
        self.notice_set(notice, set, values![error, next_try]).await
    }

    /// It says something else from now on: whoever tries next sends this.
    pub async fn notice_rewrite(&self, notice: &TakenNotice, payload: &str) -> Result<(), StoreError> {
        self.notice_set(notice, "payload = $3", values![payload]).await
    }

    /// It can never be sent: given up, and kept as such.
    pub async fn notice_fail(&self, notice: &TakenNotice, error: &str, now: Timestamp) -> Result<(), StoreError> {
        let set = "state = 'failed', last_error = $3, finished_at = $4, lease_until = NULL";
        self.notice_set(notice, set, values![error, now]).await
    }

    /// How many there are, by receiver and state.
    pub async fn notice_count(&self) -> Result<Vec<(String, NoticeState, u64)>, StoreError> {
        let sql = "SELECT receiver, state, count(*) AS number FROM notices GROUP BY receiver, state \
                   ORDER BY receiver, state";
        let rows = self.db.fetch(sql, Vec::new()).await?;
        let count = |row: &Row| {
            let word = row.text("state")?;
            let state = NoticeState::ALL.into_iter().find(|state| state.as_str() == word);
            let state = state.ok_or_else(|| StoreError::corrupt("state", format!("unknown: {word}")))?;
            Ok((row.text("receiver")?, state, row.integer("number")?.unsigned_abs()))
        };
        rows.iter().map(count).collect()
    }

    async fn notice_set(&self, notice: &TakenNotice, set: &str, more: Vec<super::db::Value>) -> Result<(), StoreError> {
        let mut tx = self.db.begin().await?;
        notice_update(&mut tx, notice, set, more).await?;
        tx.commit().await
    }
}

async fn notice_update(
    tx: &mut Tx,
    notice: &TakenNotice,
    set: &str,
    more: Vec<super::db::Value>,
) -> Result<(), StoreError> {
    let mut values = values![notice.id, notice.token];
    values.extend(more);
    let sql = format!("UPDATE notices SET {set} WHERE id = $1 AND token = $2 AND state = 'pending'");
    match tx.execute(&sql, values).await? {
        0 => Err(StoreError::LeaseLost { what: format!("notice {}", notice.id) }),
        _ => Ok(()),
    }
}

/// Writes notices; one whose key was there before is left out.
pub(super) async fn insert(tx: &mut Tx, notices: &[NewNotice], now: Timestamp) -> Result<(), StoreError> {
    let sql = "INSERT INTO notices (receiver, dedupe_key, payload, state, attempts, next_try, token, created_at, \
               group_id) VALUES ($1, $2, $3, 'pending', 0, $4, 0, $5, $6) ON CONFLICT (dedupe_key) DO NOTHING";
    for NewNotice { receiver, group, dedupe_key, payload, next_try } in notices {
        tx.execute(sql, values![receiver, dedupe_key, payload, *next_try, now, *group]).await?;
    }
    Ok(())
}

fn notice(row: &Row) -> Result<TakenNotice, StoreError> {
    Ok(TakenNotice {
        id: row.integer("id")?,
        receiver: row.text("receiver")?,
        dedupe_key: row.text("dedupe_key")?,
        group: row.optional_integer("group_id")?,
        handle: row.optional_text("handle")?,
        payload: row.text("payload")?,
        attempts: u32::try_from(row.integer("attempts")?).unwrap_or(u32::MAX),
        created_at: row.time("created_at")?,
        token: row.integer("token")?,
    })
}
