//! What belongs together is written together: an outcome, the steps of findings that follow from it, the notices that tell them, the
//! jobs that they cause, and that the job which did it is done. All of it, or nothing.

use jiff::Timestamp;

use super::{AuditEntry, JobLease, NewAlert, NewJob, NewMark, NewNotice, Store, StoreError, TakenMark};
use super::{alerts, audit, coverage, findings, history, jobs, marks, notices, scans, sources};
use crate::life::Changes;
use crate::model::Outcome;

/// One transaction. `Apply::at(now)` is an empty one.
#[derive(Debug, Clone, Copy)]
pub struct Apply<'a> {
    pub now: Timestamp,
    /// Kept as a scan, with the sources and the coverage.
    pub outcome: Option<&'a Outcome>,
    /// From `life`; made of findings as this store gave them.
    pub changes: Option<&'a Changes>,
    /// What of the changes is told, to whom.
    pub alerts: &'a [NewAlert],
    pub notices: &'a [NewNotice],
    pub jobs: &'a [NewJob],
    /// Marks whose resources the outcome read.
    pub marks_done: &'a [TakenMark],
    /// Resources to be read again, after those that are done.
    pub marks: &'a [NewMark],
    pub audit: &'a [AuditEntry],
    /// The job that does this: nothing is written when another took it over.
    pub lease: Option<&'a JobLease>,
    /// The job is done with it.
    pub job_done: bool,
}

impl Apply<'_> {
    /// Nothing yet.
    pub fn at(now: Timestamp) -> Self {
        Self {
            now,
            outcome: None,
            changes: None,
            alerts: &[],
            notices: &[],
            jobs: &[],
            marks_done: &[],
            marks: &[],
            audit: &[],
            lease: None,
            job_done: false,
        }
    }
}

impl Store {
    /// Writes all of it or nothing. [`StoreError::Conflict`]: a finding was changed since it was read; read again and reconcile anew.
    /// [`StoreError::LeaseLost`]: another does the work now.
    pub async fn apply(&self, apply: &Apply<'_>) -> Result<(), StoreError> {
        let Apply {
            now,
            outcome,
            changes,
            alerts,
            notices,
            jobs,
            marks_done,
            marks: new_marks,
            audit,
            lease,
            job_done,
        } = *apply;
        let mut tx = self.db.begin().await?;
        if !alerts.is_empty() {
            alerts::lock(&mut tx).await?;
        }
        if let Some(lease) = lease {
            jobs::check(&mut tx, lease).await?;
        }
        if let Some(outcome) = outcome {
            scans::insert(&mut tx, outcome).await?;
            sources::update(&mut tx, outcome).await?;
            coverage::update(&mut tx, outcome).await?;
        }
        if let Some(changes) = changes {
            for known in &changes.findings {
                findings::save(&mut tx, known).await?;
            }
            for step in &changes.transitions {
                history::append(&mut tx, step).await?;
            }
        }
        for mark in marks_done {
            marks::done(&mut tx, mark).await?;
        }
        marks::upsert(&mut tx, new_marks).await?;
        alerts::add(&mut tx, alerts, now).await?;
        notices::insert(&mut tx, notices, now).await?;
        audit::append(&mut tx, audit, now).await?;
        if let Some(lease) = lease.filter(|_| job_done) {
            jobs::done(&mut tx, lease).await?;
        }
        jobs::enqueue(&mut tx, jobs).await?;
        tx.commit().await
    }
}
