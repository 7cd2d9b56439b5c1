//! What is to be told, before it is written as notices: groups of findings by receiver, and what is new about them. Written with the step that it
//! tells, in one transaction.

use std::time::Duration;

use jiff::Timestamp;

use super::db::{Row, Tx, values};
use super::notices::{self, NewNotice};
use super::{Store, StoreError};
use crate::life::{KnownFinding, StateName};
use crate::model::Severity;

/// Something new about a finding, or about driftd itself, for one receiver or for all that were told of it before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAlert {
    /// `None`: about driftd itself.
    pub finding_id: Option<String>,
    /// What is new, as JSON.
    pub body: String,
    /// The group that it belongs to; `None`: every group that has the finding.
    pub group: Option<AlertGroup>,
}

/// The group that an alert begins or joins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertGroup {
    pub receiver: String,
    /// `opened`, `digest`, `baseline`, `escalated`, `health`
    pub occasion: &'static str,
    /// What its findings have in common, as JSON with sorted keys.
    pub labels: String,
    /// How it is told, as JSON; kept as it was when the group began.
    pub delivery: String,
    /// Nothing new for so long: the next finding begins a group of its own.
    pub window: Duration,
    /// When a new group is told.
    pub due_at: Timestamp,
    /// When a group that was told before is told again, at the earliest after its last message.
    pub interval: Duration,
    /// When others are told, if nobody acknowledges.
    pub escalate_at: Option<Timestamp>,
}

/// A group of which something is due.
#[derive(Debug, Clone, PartialEq)]
pub struct DueGroup {
    pub id: i64,
    pub receiver: String,
    pub occasion: String,
    pub labels: String,
    pub delivery: String,
    pub opened_at: Timestamp,
    /// When something new was last heard.
    pub last_news_at: Timestamp,
    pub due_at: Option<Timestamp>,
    pub escalate_at: Option<Timestamp>,
    /// Messages that were written.
    pub told: i64,
    pub last_told_at: Option<Timestamp>,
    /// What is new: id and JSON.
    pub news: Vec<(i64, String)>,
    /// The worst of its findings: open ones first.
    pub findings: Vec<KnownFinding>,
    /// All of its findings.
    pub counts: Vec<(StateName, Severity, u64)>,
    /// What it was when it was read, before its news: whoever tells the group must not have missed anything.
    pub revision: i64,
}

/// What became of a due group.
#[derive(Debug, Clone, PartialEq)]
pub struct Told<'a> {
    pub group: &'a DueGroup,
    /// The message; `None`: there was nothing to tell.
    pub notice: Option<NewNotice>,
    /// When it is due again without news.
    pub due_at: Option<Timestamp>,
    pub escalate_at: Option<Timestamp>,
    /// For others, who hear of it because nobody acknowledged.
    pub escalations: &'a [NewAlert],
    /// Nothing more will be told of it.
    pub is_closed: bool,
    /// Its news are used up.
    pub takes_news: bool,
}

impl Store {
    /// Groups that are due, the longest due first, with at most `findings` of the findings of each.
    pub async fn alert_due(&self, now: Timestamp, limit: u32, findings: u32) -> Result<Vec<DueGroup>, StoreError> {
        let sql = "SELECT id, receiver, occasion, labels, delivery, opened_at, last_news_at, due_at, escalate_at, told, \
                   last_told_at, revision \
                   FROM alert_groups WHERE closed_at IS NULL AND (due_at <= $1 OR escalate_at <= $1) \
                   ORDER BY due_at, id LIMIT $2";
        let mut due = Vec::new();
        for row in self.db.fetch(sql, values![now, i64::from(limit)]).await? {
            let id = row.integer("id")?;
            let sql = "SELECT id, body FROM alert_news WHERE group_id = $1 ORDER BY id";
            let news = self.db.fetch(sql, values![id]).await?;
            let sql = "SELECT f.finding, f.life, f.revision FROM findings f \
                       JOIN alert_members m ON m.finding_id = f.id WHERE m.group_id = $1 \
                       ORDER BY CASE f.state WHEN 'open' THEN 0 WHEN 'resolved' THEN 2 ELSE 1 END, \
                       f.severity_rank, f.id LIMIT $2";
            let members = self.db.fetch(sql, values![id, i64::from(findings)]).await?;
            let sql = "SELECT f.state, f.severity, count(*) AS number FROM findings f \
                       JOIN alert_members m ON m.finding_id = f.id WHERE m.group_id = $1 GROUP BY f.state, f.severity";
            let counts = self.db.fetch(sql, values![id]).await?;
            due.push(DueGroup {
                id,
                receiver: row.text("receiver")?,
                occasion: row.text("occasion")?,
                labels: row.text("labels")?,
                delivery: row.text("delivery")?,
                opened_at: row.time("opened_at")?,
                last_news_at: row.time("last_news_at")?,
                due_at: row.optional_time("due_at")?,
                escalate_at: row.optional_time("escalate_at")?,
                told: row.integer("told")?,
                revision: row.integer("revision")?,
                last_told_at: row.optional_time("last_told_at")?,
                news: news
                    .iter()
                    .map(|row| Ok((row.integer("id")?, row.text("body")?)))
                    .collect::<Result<_, StoreError>>()?,
                findings: members.iter().map(super::findings::from_row).collect::<Result<_, _>>()?,
                counts: counts.iter().map(counted).collect::<Result<_, _>>()?,
            });
        }
        Ok(due)
    }

    /// When the next group is due.
    pub async fn alert_next_due(&self) -> Result<Option<Timestamp>, StoreError> {
        let sql = "SELECT min(at) AS next FROM (SELECT min(due_at) AS at FROM alert_groups WHERE closed_at IS NULL \
                   UNION ALL SELECT min(escalate_at) AS at FROM alert_groups WHERE closed_at IS NULL) AS times";
        let rows = self.db.fetch(sql, Vec::new()).await?;
        rows.first().map_or(Ok(None), |row| row.optional_time("next"))
    }

    /// Writes the message of a due group, and when it is due again: all of it or nothing. `false`: another replica did it, or something new
    /// came since it was read; look again.
    pub async fn alert_told(&self, told: &Told<'_>, now: Timestamp) -> Result<bool, StoreError> {
        let Told { group, notice, due_at, escalate_at, escalations, is_closed, takes_news } = told;
        let mut tx = self.db.begin().await?;
        lock(&mut tx).await?;
        let number = i64::from(notice.is_some());
        let sql = "UPDATE alert_groups SET revision = revision + 1, due_at = $3, escalate_at = $4, told = told + $5, \
                   last_told_at = CASE WHEN $5 = 1 THEN $6 ELSE last_told_at END, \
                   closed_at = CASE WHEN $7 = 1 THEN $6 ELSE NULL END, \
                   joinable = CASE WHEN $7 = 1 THEN 0 ELSE joinable END \
                   WHERE id = $1 AND revision = $2 AND closed_at IS NULL";
        let values = values![group.id, group.revision, *due_at, *escalate_at, number, now, *is_closed];
        let changed = tx.execute(sql, values).await?;
        if changed == 0 {
            return Ok(false);
        }
        if *takes_news {
            tx.execute("DELETE FROM alert_news WHERE group_id = $1", values![group.id]).await?;
        }
        if let Some(notice) = notice {
            notices::insert(&mut tx, std::slice::from_ref(notice), now).await?;
        }
        add(&mut tx, escalations, now).await?;
        tx.commit().await?;
        Ok(true)
    }
}

/// One writer of groups at a time. On PostgreSQL rows alone would not do: who tells a group and closes it, and who adds news to it, would miss each
/// other, or wait for each other's rows. Taken before anything else of the transaction.
pub(super) async fn lock(tx: &mut Tx) -> Result<(), StoreError> {
    /// Any number that no other lock of the database has.
    const ALERTS: i64 = 0x6472_6966_7464;
    tx.advisory_lock(ALERTS).await
}

/// Writes alerts to the groups that they belong to; the caller has the [`lock`].
pub(super) async fn add(tx: &mut Tx, alerts: &[NewAlert], now: Timestamp) -> Result<(), StoreError> {
    for alert in alerts {
        let groups = match &alert.group {
            Some(group) => vec![join(tx, alert, group, now).await?],
            None => groups_of(tx, alert).await?,
        };
        for group in groups {
            let sql = "INSERT INTO alert_news (group_id, at, body) VALUES ($1, $2, $3)";
            tx.execute(sql, values![group, now, &alert.body]).await?;
            if let Some(finding) = &alert.finding_id {
                let sql = "INSERT INTO alert_members (group_id, finding_id) VALUES ($1, $2) ON CONFLICT DO NOTHING";
                tx.execute(sql, values![group, finding]).await?;
            }
            due(tx, group, alert.group.as_ref().map(|group| group.due_at), now).await?;
        }
    }
    Ok(())
}

/// A group that was told is due again when its interval is over. One that was not is due at `first_due` at the latest: what makes it worse must not
/// wait for the end of a mute time that the group was put off to.
async fn due(tx: &mut Tx, group: i64, first_due: Option<Timestamp>, now: Timestamp) -> Result<(), StoreError> {
    let sql = "SELECT due_at, last_told_at, again FROM alert_groups WHERE id = $1";
    let rows = tx.fetch(sql, values![group]).await?;
    let Some(row) = rows.first() else { return Ok(()) };
    let again = Duration::from_micros(row.integer("again")?.unsigned_abs());
    let due_at = match (row.optional_time("last_told_at")?, row.optional_time("due_at")?) {
        (None, due_at) => match (due_at, first_due) {
            (Some(due_at), Some(first_due)) => Some(due_at.min(first_due)),
            // It was in somebody's hands before anybody was told, and is not any more.
            (due_at, first_due) => due_at.or(first_due).or(Some(now)),
        },
        (Some(told), due_at) => {
            let next = told.checked_add(again).unwrap_or(Timestamp::MAX).max(now);
            Some(due_at.map_or(next, |due_at| due_at.min(next)))
        }
    };
    let sql = "UPDATE alert_groups SET revision = revision + 1, due_at = $2, last_news_at = $3 WHERE id = $1";
    tx.execute(sql, values![group, due_at, now]).await?;
    Ok(())
}

/// Groups that have the finding and are not closed.
async fn groups_of(tx: &mut Tx, alert: &NewAlert) -> Result<Vec<i64>, StoreError> {
    let sql = "SELECT g.id FROM alert_groups g JOIN alert_members m ON m.group_id = g.id \
               WHERE m.finding_id = $1 AND g.closed_at IS NULL ORDER BY g.id";
    let rows = tx.fetch(sql, values![&alert.finding_id]).await?;
    rows.iter().map(|row| row.integer("id")).collect()
}

/// The group that the finding is in already, or the one that takes it, or a new one.
async fn join(tx: &mut Tx, alert: &NewAlert, group: &AlertGroup, now: Timestamp) -> Result<i64, StoreError> {
    let AlertGroup { receiver, occasion, labels, delivery, window, due_at, interval, escalate_at } = group;
    let sql = "SELECT g.id FROM alert_groups g JOIN alert_members m ON m.group_id = g.id \
               WHERE m.finding_id = $1 AND g.receiver = $2 AND g.occasion = $3 AND g.closed_at IS NULL ORDER BY g.id";
    let known = tx.fetch(sql, values![&alert.finding_id, receiver, *occasion]).await?;
    if let Some(row) = known.first() {
        // It is worse, or open again: told as its route says now, and to others in time.
        let id = row.integer("id")?;
        let sql = "UPDATE alert_groups SET delivery = $2, escalate_at = coalesce(escalate_at, $3) WHERE id = $1";
        tx.execute(sql, values![id, delivery, *escalate_at]).await?;
        return Ok(id);
    }
    let oldest = now.checked_sub(*window).unwrap_or(Timestamp::MIN);
    let sql = "UPDATE alert_groups SET joinable = 0 WHERE receiver = $1 AND occasion = $2 AND labels = $3 \
               AND joinable = 1 AND last_news_at < $4";
    tx.execute(sql, values![receiver, *occasion, labels, oldest]).await?;
    let again = i64::try_from(interval.as_micros()).unwrap_or(i64::MAX / 4);
    let sql = "INSERT INTO alert_groups (receiver, occasion, labels, delivery, opened_at, last_news_at, joinable, due_at, \
               escalate_at, told, again, revision) VALUES ($1, $2, $3, $4, $5, $5, 1, $6, $7, 0, $8, 0) \
               ON CONFLICT (receiver, occasion, labels) WHERE joinable = 1 \
               DO UPDATE SET last_news_at = excluded.last_news_at, delivery = excluded.delivery, \
               escalate_at = coalesce(alert_groups.escalate_at, excluded.escalate_at) RETURNING id";
    let values = values![receiver, *occasion, labels, delivery, now, *due_at, *escalate_at, again];
    let rows = tx.fetch(sql, values).await?;
    rows.first().ok_or_else(|| StoreError::corrupt("alert_groups", "no group was made"))?.integer("id")
}

fn counted(row: &Row) -> Result<(StateName, Severity, u64), StoreError> {
    let (state, severity) = (row.text("state")?, row.text("severity")?);
    let name = StateName::ALL.into_iter().find(|name| name.as_str() == state);
    let rank = Severity::ALL.into_iter().find(|rank| rank.as_str() == severity);
    let unknown = || StoreError::corrupt("state", format!("unknown: {state} {severity}"));
    Ok((name.ok_or_else(unknown)?, rank.ok_or_else(unknown)?, row.integer("number")?.unsigned_abs()))
}
