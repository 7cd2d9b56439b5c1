//! The queue. A job has a key, and is there once; a queue's jobs run one after the other; a job is taken with a lease and a token that
//! grows with every taking. Effects are written in a transaction that checks the token ([`super::Apply`]): a job may be begun twice,
//! but it has its effect once.

use jiff::Timestamp;

use super::db::{Row, Tx, values};
use super::error::is_unique_violation;
use super::{Store, StoreError};

/// A job to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewJob {
    /// Asked for twice, it is done once. Asked for while it runs, it is done once more.
    pub key: String,
    /// The task that takes it.
    pub kind: String,
    /// Jobs of one queue run one after the other (an account, a repository); `None`: beside all others.
    pub queue: Option<String>,
    /// What it is about, as far as the key does not say.
    pub payload: String,
    /// The smallest first.
    pub priority: i64,
    /// Not before this time; of two requests the earlier counts.
    pub run_at: Timestamp,
    /// After so many attempts it has failed for good, and says so.
    pub max_attempts: u32,
}

/// The right to write a job's effects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobLease {
    id: i64,
    token: i64,
    /// The job's key, for messages.
    key: String,
}

/// A job that somebody works on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenJob {
    pub lease: JobLease,
    pub key: String,
    pub kind: String,
    pub queue: Option<String>,
    pub payload: String,
    /// This one included.
    pub attempts: u32,
    pub max_attempts: u32,
}

/// Where a job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobState {
    /// Waits, or is being worked on.
    Queued,
    /// Out of attempts; it stays until it is asked for again, or pruned.
    Failed,
}

/// How much waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueDepth {
    pub kind: String,
    pub queued: u64,
    pub running: u64,
    pub failed: u64,
    /// When the longest waiting one was due.
    pub oldest_due: Option<Timestamp>,
}

/// So often another job is tried when somebody else was faster with the same queue.
const RACES: usize = 8;

impl Store {
    pub async fn job_enqueue(&self, jobs: &[NewJob]) -> Result<(), StoreError> {
        let mut tx = self.db.begin().await?;
        enqueue(&mut tx, jobs).await?;
        tx.commit().await
    }

    /// Takes one job of the kind that is due, until `lease_until`; `None` when there is none. One whose lease has ended is taken over.
    pub async fn job_take(
        &self,
        kind: &str,
        owner: &str,
        now: Timestamp,
        lease_until: Timestamp,
    ) -> Result<Option<TakenJob>, StoreError> {
        for _ in 0..RACES {
            match self.job_try_take(kind, owner, now, lease_until).await {
                // Two took jobs of one queue at the same time, and the index let one of them through.
                Err(error) if is_unique_violation(&error) => {}
                taken => return taken,
            }
        }
        Ok(None)
    }

    async fn job_try_take(
        &self,
        kind: &str,
        owner: &str,
        now: Timestamp,
        lease_until: Timestamp,
    ) -> Result<Option<TakenJob>, StoreError> {
        let mut tx = self.db.begin().await?;
        // Whoever had these was killed, again and again.
        let sql = "UPDATE jobs SET state = 'failed', lease_owner = NULL, lease_until = NULL, token = token + 1, \
                   last_error = COALESCE(last_error, 'the lease ended at every attempt') \
                   WHERE kind = $1 AND state = 'queued' AND attempts >= max_attempts AND lease_until <= $2";
        tx.execute(sql, values![kind, now]).await?;
        let sql = format!(
            "WITH due AS MATERIALIZED (SELECT id FROM jobs WHERE kind = $1 AND state = 'queued' AND run_at <= $2 \
             AND (lease_until IS NULL OR lease_until <= $2) \
             AND (queue IS NULL OR NOT EXISTS (SELECT 1 FROM jobs AS other WHERE other.queue = jobs.queue \
             AND other.lease_owner IS NOT NULL AND other.id <> jobs.id)) \
             ORDER BY priority, run_at, id LIMIT 1 {}) \
             UPDATE jobs SET lease_owner = $3, lease_until = $4, token = token + 1, attempts = attempts + 1 \
             WHERE id IN (SELECT id FROM due) \
             RETURNING id, token, job_key, kind, queue, payload, attempts, max_attempts",
            self.db.skip_locked()
        );
        let rows = tx.fetch(&sql, values![kind, now, owner, lease_until]).await?;
        let job = rows.first().map(job).transpose()?;
        tx.commit().await?;
        Ok(job)
    }

    /// Gives back all jobs and marks that anybody holds. For the start of the one daemon that works on a SQLite file: whoever held them was
    /// killed. Nothing in PostgreSQL, where others may be at work: there leases end by time.
    pub async fn take_over(&self) -> Result<(), StoreError> {
        if !self.db.is_sqlite() {
            return Ok(());
        }
        let mut tx = self.db.begin().await?;
        for table in ["jobs", "marks"] {
            let sql = format!(
                "UPDATE {table} SET lease_owner = NULL, lease_until = NULL, token = token + 1 WHERE lease_owner IS NOT NULL"
            );
            tx.execute(&sql, Vec::new()).await?;
        }
        tx.commit().await
    }

    /// Holds the job for longer; fails when another took over.
    pub async fn job_extend(&self, lease: &JobLease, lease_until: Timestamp) -> Result<(), StoreError> {
        self.job_update(lease, "lease_until = $3", values![lease_until]).await
    }

    /// Gives a job back untouched, as when the program ends: the attempt does not count.
    pub async fn job_release(&self, lease: &JobLease) -> Result<(), StoreError> {
        let set = "lease_owner = NULL, lease_until = NULL, attempts = attempts - 1";
        self.job_update(lease, set, Vec::new()).await
    }

    /// It did not work: again at `retry_at`, unless its attempts are used up. Asked for meanwhile, it starts anew.
    pub async fn job_fail(&self, lease: &JobLease, error: &str, retry_at: Timestamp) -> Result<JobState, StoreError> {
        let mut tx = self.db.begin().await?;
        check(&mut tx, lease).await?;
        let sql = "UPDATE jobs SET last_error = $3, lease_owner = NULL, lease_until = NULL, rerun_at = NULL, \
                   state = CASE WHEN attempts >= max_attempts AND rerun_at IS NULL THEN 'failed' ELSE 'queued' END, \
                   run_at = CASE WHEN attempts >= max_attempts AND rerun_at IS NOT NULL THEN rerun_at ELSE $4 END, \
                   attempts = CASE WHEN attempts >= max_attempts AND rerun_at IS NOT NULL THEN 0 ELSE attempts END \
                   WHERE id = $1 AND token = $2 RETURNING state";
        let rows = tx.fetch(sql, values![lease.id, lease.token, error, retry_at]).await?;
        tx.commit().await?;
        let is_failed = rows.first().map(|row| row.text("state")).transpose()?.as_deref() == Some("failed");
        Ok(if is_failed { JobState::Failed } else { JobState::Queued })
    }

    /// Done, without any effect to be written; with effects, see [`super::Apply::job_done`].
    pub async fn job_done(&self, lease: &JobLease) -> Result<(), StoreError> {
        let mut tx = self.db.begin().await?;
        check(&mut tx, lease).await?;
        done(&mut tx, lease).await?;
        tx.commit().await
    }

    /// How much waits, by kind.
    pub async fn job_depth(&self) -> Result<Vec<QueueDepth>, StoreError> {
        let sql = "SELECT kind, count(CASE WHEN state = 'queued' AND lease_owner IS NULL THEN 1 END) AS queued, \
                   count(lease_owner) AS running, count(CASE WHEN state = 'failed' THEN 1 END) AS failed, \
                   min(CASE WHEN state = 'queued' AND lease_owner IS NULL THEN run_at END) AS oldest \
                   FROM jobs GROUP BY kind ORDER BY kind";
        let rows = self.db.fetch(sql, Vec::new()).await?;
        let depth = |row: &Row| {
            Ok(QueueDepth {
                kind: row.text("kind")?,
                queued: row.integer("queued")?.unsigned_abs(),
                running: row.integer("running")?.unsigned_abs(),
                failed: row.integer("failed")?.unsigned_abs(),
                oldest_due: row.optional_time("oldest")?,
            })
        };
        rows.iter().map(depth).collect()
    }

    async fn job_update(&self, lease: &JobLease, set: &str, more: Vec<super::db::Value>) -> Result<(), StoreError> {
        let mut tx = self.db.begin().await?;
        check(&mut tx, lease).await?;
        let mut values = values![lease.id, lease.token];
        values.extend(more);
        tx.execute(&format!("UPDATE jobs SET {set} WHERE id = $1 AND token = $2"), values).await?;
        tx.commit().await
    }
}

/// Asks for jobs. One that waits keeps the earlier time; one that runs will run once more; one that failed begins anew.
pub(super) async fn enqueue(tx: &mut Tx, jobs: &[NewJob]) -> Result<(), StoreError> {
    let sql = "INSERT INTO jobs (job_key, kind, queue, payload, priority, state, run_at, attempts, max_attempts, token) \
               VALUES ($1, $2, $3, $4, $5, 'queued', $6, 0, $7, 0) ON CONFLICT (job_key) DO UPDATE SET \
               payload = excluded.payload, priority = excluded.priority, max_attempts = excluded.max_attempts, \
               run_at = CASE WHEN jobs.lease_owner IS NOT NULL \
               OR (jobs.state = 'queued' AND jobs.run_at < excluded.run_at) THEN jobs.run_at ELSE excluded.run_at END, \
               rerun_at = CASE WHEN jobs.lease_owner IS NULL THEN NULL \
               WHEN jobs.rerun_at < excluded.run_at THEN jobs.rerun_at ELSE excluded.run_at END, \
               attempts = CASE WHEN jobs.state = 'failed' THEN 0 ELSE jobs.attempts END, state = 'queued'";
    for job in jobs {
        let NewJob { key, kind, queue, payload, priority, run_at, max_attempts } = job;
        let most = i64::from((*max_attempts).max(1));
        tx.execute(sql, values![key, kind, queue, payload, *priority, *run_at, most]).await?;
    }
    Ok(())
}

/// Nobody took the job over; nobody can until the transaction ends, as the row is locked by being written.
pub(super) async fn check(tx: &mut Tx, lease: &JobLease) -> Result<(), StoreError> {
    let sql = "UPDATE jobs SET token = token WHERE id = $1 AND token = $2 AND lease_owner IS NOT NULL";
    match tx.execute(sql, values![lease.id, lease.token]).await? {
        1 => Ok(()),
        _ => Err(StoreError::LeaseLost { what: format!("the job {}", lease.key) }),
    }
}

/// After [`check`], in its transaction.
pub(super) async fn done(tx: &mut Tx, lease: &JobLease) -> Result<(), StoreError> {
    let sql = "DELETE FROM jobs WHERE id = $1 AND rerun_at IS NULL";
    if tx.execute(sql, values![lease.id]).await? == 0 {
        let sql = "UPDATE jobs SET lease_owner = NULL, lease_until = NULL, run_at = rerun_at, rerun_at = NULL, \
                   attempts = 0, last_error = NULL WHERE id = $1";
        tx.execute(sql, values![lease.id]).await?;
    }
    Ok(())
}

fn job(row: &Row) -> Result<TakenJob, StoreError> {
    let key = row.text("job_key")?;
    let count = |column| row.integer(column).map(|number| u32::try_from(number).unwrap_or(u32::MAX));
    Ok(TakenJob {
        lease: JobLease { id: row.integer("id")?, token: row.integer("token")?, key: key.clone() },
        key,
        kind: row.text("kind")?,
        queue: row.optional_text("queue")?,
        payload: row.text("payload")?,
        attempts: count("attempts")?,
        max_attempts: count("max_attempts")?,
    })
}
