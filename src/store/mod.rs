//! What driftd remembers: findings and their history, cycles, events, marks, the queue and the outbox. One aggregate per file;
//! SQLite in one file by default, PostgreSQL where several replicas share the work (docs/adr/0010-store.md).
//!
//! What belongs together is written together: [`Store::apply`]. Nothing here decides anything (that is `life`), knows the clock, or
//! makes secrets safe: values come in redacted.

mod alerts;
mod apply;
mod audit;
mod conditions;
mod coverage;
mod coverage_groups;
mod cursors;
mod db;
mod error;
mod events;
mod finding_list;
mod findings;
mod history;
mod jobs;
mod lock;
mod marks;
mod migrate;
mod notices;
mod open;
mod proposals;
mod prune;
mod scans;
mod sources;

use db::Db;

pub use alerts::{AlertGroup, DueGroup, NewAlert, Told};
pub use apply::Apply;
pub use audit::{AuditEntry, AuditRecord};
pub use conditions::LastingCondition;
pub use coverage::CoverageAge;
pub use error::StoreError;
pub use events::StoredEvent;
pub use finding_list::FindingFilter;
pub use history::HistoryEntry;
pub use jobs::{JobLease, JobState, NewJob, QueueDepth, TakenJob};
pub use lock::DaemonLock;
pub use marks::{NewMark, TakenMark};
pub use notices::{NewNotice, NoticeState, TakenNotice};
pub use open::Location;
pub use proposals::{Proposal, ProposalState};
pub use prune::{Pruned, Retention};
pub use scans::Scan;
pub use sources::KnownSource;

/// The store. Cheap to clone: all clones share their connections.
#[derive(Debug, Clone)]
pub struct Store {
    db: Db,
}

impl Store {
    /// Can several replicas share it?
    pub fn is_shared(&self) -> bool {
        !self.db.is_sqlite()
    }
}
