//! CloudTrail events as evidence, by their ids: a message that comes twice leaves one. They are redacted before they come here.

use jiff::Timestamp;
use serde_json::Value as Json;

use super::db::{LONGEST_INDEXED, Row, to_json, values};
use super::{Store, StoreError};

/// One event, with nothing in it that must not be shown.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredEvent {
    /// CloudTrail's `eventID`.
    pub id: String,
    pub time: Timestamp,
    /// `AuthorizeSecurityGroupIngress`
    pub name: String,
    /// `ec2.amazonaws.com`
    pub source: String,
    pub account: String,
    pub region: String,
    /// Who, in words.
    pub actor: String,
    /// Ids, names and ARNs of what it was about; longer ones than AWS has are left out.
    pub resources: Vec<String>,
    /// Why it failed; `None`: it did not.
    pub error_code: Option<String>,
    /// The record, redacted by the caller.
    pub record: Json,
}

impl Store {
    /// Keeps events with the marks that they make, at once: only then may their message be deleted. Returns how many were new; the
    /// marks of an event that was kept already are made again, as what they were made for may not have been done.
    pub async fn event_insert(&self, events: &[StoredEvent], marks: &[super::NewMark]) -> Result<u64, StoreError> {
        let mut tx = self.db.begin().await?;
        let mut new = 0;
        // In one order, so that two writers on PostgreSQL never wait for each other.
        let mut events: Vec<_> = events.iter().collect();
        events.sort_by(|a, b| a.id.cmp(&b.id));
        for event in events {
            let StoredEvent { id, time, name, source, account, region, actor, resources, error_code, record } = event;
            let sql = "INSERT INTO events (id, time, name, source, account, region, actor, error_code, record) \
                       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (id) DO NOTHING";
            let record = to_json("event", record)?;
            new +=
                tx.execute(sql, values![id, *time, name, source, account, region, actor, error_code, record]).await?;
            for resource in resources.iter().filter(|resource| resource.len() <= LONGEST_INDEXED) {
                let sql = "INSERT INTO event_resources (event_id, resource) VALUES ($1, $2) ON CONFLICT DO NOTHING";
                tx.execute(sql, values![id, resource]).await?;
            }
        }
        super::marks::upsert(&mut tx, marks).await?;
        tx.commit().await?;
        Ok(new)
    }

    /// Events about a resource (its id, name or ARN) since a time, oldest first.
    pub async fn event_list(&self, resource: &str, since: Timestamp) -> Result<Vec<StoredEvent>, StoreError> {
        let sql = "SELECT id, time, name, source, account, region, actor, error_code, record FROM events \
                   WHERE time >= $2 AND id IN (SELECT event_id FROM event_resources WHERE resource = $1) \
                   ORDER BY time, id";
        let rows = self.db.fetch(sql, values![resource, since]).await?;
        let mut events = Vec::with_capacity(rows.len());
        for row in &rows {
            let id = row.text("id")?;
            let sql = "SELECT resource FROM event_resources WHERE event_id = $1 ORDER BY resource";
            let resources = self.db.fetch(sql, values![&id]).await?;
            let resources = resources.iter().map(|row| row.text("resource")).collect::<Result<_, _>>()?;
            events.push(event(row, id, resources)?);
        }
        Ok(events)
    }
}

fn event(row: &Row, id: String, resources: Vec<String>) -> Result<StoredEvent, StoreError> {
    Ok(StoredEvent {
        id,
        time: row.time("time")?,
        name: row.text("name")?,
        source: row.text("source")?,
        account: row.text("account")?,
        region: row.text("region")?,
        actor: row.text("actor")?,
        resources,
        error_code: row.optional_text("error_code")?,
        record: row.json("record")?,
    })
}
