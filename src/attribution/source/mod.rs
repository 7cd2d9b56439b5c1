//! Where events come from: one file per source behind one trait. A source never fails, it has gaps; what it reads goes to
//! an [`EventSink`], event by event, so that a big trail is never in memory. Uses only `event`.

pub mod envelope;
mod event_sender;
pub mod folder;
pub mod log;
mod log_file_name;
pub mod lookup;
mod open;
mod problems;
pub mod queue;
mod reference;
pub mod s3;
#[cfg(test)]
mod testing;

use std::collections::BTreeSet;

use async_trait::async_trait;
use jiff::SignedDuration;

use super::event::{EventSink, ResourceQuery, SessionQuery, Window};
use crate::model::{Gap, GapReason, Scope};

pub use open::open;
pub use reference::SourceRef;

/// A place that has CloudTrail events. Its gaps have `scope.source`, its name, and no `scope.kind`: so gaps in events are
/// distinguished from gaps in resources.
#[async_trait]
pub trait EventSource: Send + Sync {
    /// As in the configuration: `lookup`, `s3://bucket/prefix`, `./logs`.
    fn name(&self) -> String;

    /// How far back it reads when nobody says so; `None`: as far as it has.
    fn default_reach(&self) -> Option<SignedDuration>;

    /// Does it ask every account with credentials for that account? Then those of other accounts are out of its reach.
    fn asks_accounts(&self) -> bool {
        false
    }

    /// Gives at least the events about these resources. A source of whole logs gives everything in the window.
    async fn about(&self, resources: &BTreeSet<ResourceQuery>, window: Window, sink: &mut dyn EventSink) -> Vec<Gap>;

    /// Gives every write of these scopes. Nothing more for sources that have given everything.
    async fn writes(&self, scopes: &BTreeSet<Scope>, window: Window, sink: &mut dyn EventSink) -> Vec<Gap>;

    /// Gives everything that was written in these accounts, in every region that the source has.
    async fn activity(&self, scopes: &BTreeSet<Scope>, window: Window, sink: &mut dyn EventSink) -> Vec<Gap> {
        self.writes(scopes, window, sink).await
    }

    /// Gives the calls that began these sessions. Nothing more for sources that have given everything.
    async fn sessions(&self, sessions: &BTreeSet<SessionQuery>, sink: &mut dyn EventSink) -> Vec<Gap>;
}

/// A call or a file that failed, in the words of whoever made the call. Holds no secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct SourceError {
    pub reason: GapReason,
    /// The IAM action: `cloudtrail:LookupEvents`.
    pub action: &'static str,
    /// One line for a person.
    pub detail: String,
}
