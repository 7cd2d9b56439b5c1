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
    const ALL: [NoticeState; 3] = [Self::Pending, Self::Sent, Self::Failed];

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
    /// Takes up to `limit` notices of a receiver that are due, oldest first, until `lease_until`.
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
             AND next_try <= $2 AND (lease_until IS NULL OR lease_until <= $2) ORDER BY id LIMIT $3 {}) \
             UPDATE notices SET lease_until = $4, token = token + 1, attempts = attempts + 1 \
             WHERE id IN (SELECT id FROM due) \
             RETURNING id, receiver, dedupe_key, payload, attempts, created_at, token",
            self.db.skip_locked()
        );
        let rows = tx.fetch(&sql, values![receiver, now, i64::from(limit), lease_until]).await?;
        let mut taken = rows.iter().map(notice).collect::<Result<Vec<_>, _>>()?;
        tx.commit().await?;
        taken.sort_by_key(|notice| notice.id);
        Ok(taken)
    }

    /// The receiver has it.
    pub async fn notice_sent(&self, notice: &TakenNotice, now: Timestamp) -> Result<(), StoreError> {
        self.notice_update(notice, "state = 'sent', finished_at = $3, lease_until = NULL", values![now]).await
    }

    /// It could not be sent: again at `next_try`.
    pub async fn notice_retry(&self, notice: &TakenNotice, error: &str, next_try: Timestamp) -> Result<(), StoreError> {
        let set = "last_error = $3, next_try = $4, lease_until = NULL";
        self.notice_update(notice, set, values![error, next_try]).await
    }

    /// It can never be sent: given up, and kept as such.
    pub async fn notice_fail(&self, notice: &TakenNotice, error: &str, now: Timestamp) -> Result<(), StoreError> {
        let set = "state = 'failed', last_error = $3, finished_at = $4, lease_until = NULL";
        self.notice_update(notice, set, values![error, now]).await
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

    async fn notice_update(
        &self,
        notice: &TakenNotice,
        set: &str,
        more: Vec<super::db::Value>,
    ) -> Result<(), StoreError> {
        let mut tx = self.db.begin().await?;
        let mut values = values![notice.id, notice.token];
        values.extend(more);
        let sql = format!("UPDATE notices SET {set} WHERE id = $1 AND token = $2 AND state = 'pending'");
        if tx.execute(&sql, values).await? == 0 {
            return Err(StoreError::LeaseLost { what: format!("notice {}", notice.id) });
        }
        tx.commit().await
    }
}

/// Writes notices; one whose key was there before is left out.
pub(super) async fn insert(tx: &mut Tx, notices: &[NewNotice], now: Timestamp) -> Result<(), StoreError> {
    let sql = "INSERT INTO notices (receiver, dedupe_key, payload, state, attempts, next_try, token, created_at) \
               VALUES ($1, $2, $3, 'pending', 0, $4, 0, $5) ON CONFLICT (dedupe_key) DO NOTHING";
    for NewNotice { receiver, dedupe_key, payload, next_try } in notices {
        tx.execute(sql, values![receiver, dedupe_key, payload, *next_try, now]).await?;
    }
    Ok(())
}

fn notice(row: &Row) -> Result<TakenNotice, StoreError> {
    Ok(TakenNotice {
        id: row.integer("id")?,
        receiver: row.text("receiver")?,
        dedupe_key: row.text("dedupe_key")?,
        payload: row.text("payload")?,
        attempts: u32::try_from(row.integer("attempts")?).unwrap_or(u32::MAX),
        created_at: row.time("created_at")?,
        token: row.integer("token")?,
    })
}
