//! WHAT SHOULD BE: Terraform states and code, read into [`crate::model::DesiredState`].
//!
//! [`load()`] is the way in. A request (`--state`) is taken apart by [`request`], opened as one or more [`StateFile`]s
//! (one file per backend), read by [`tfstate`], placed by [`locate`] and joined with the [`code`]. A source that cannot be
//! read is a gap, never an absence.

mod backend;
pub mod code;
pub mod config;
mod error;
mod git;
mod hcp;
mod http;
mod load;
mod local;
pub mod locate;
mod names;
mod owners;
mod probe;
mod references;
mod request;
mod s3;
mod state_bucket;
pub mod tfstate;

pub use crate::environment::Environment;
pub use backend::BackendConfig;
pub use config::{CodeConfig, StateConfig};
pub use error::ReadError;
pub use http::HttpOptions;
pub use load::{LoadOptions, Loaded, MovedSource, WrittenSource, check_local, load, open};
pub(crate) use owners::mark_copies;
pub use probe::{Probe, probe};
pub(crate) use references::is_proof;
pub use s3::{MemoryStore, Object, ObjectAddress, ObjectStore, RoleToAssume, StoreError};
pub use state_bucket::StateBucket;

use std::collections::VecDeque;
use std::io::{self, Read};

use async_trait::async_trait;
use jiff::Timestamp;

/// One state at one place, whatever the backend.
#[async_trait]
pub(crate) trait StateFile: Send + Sync {
    /// Where it is, without any secret (no password, token or query string).
    fn location(&self) -> String;

    /// Equal for two requests of the very same document.
    fn identity(&self) -> String {
        self.location()
    }

    /// Opens the newest version of it.
    async fn fetch(&self) -> Result<Fetched, ReadError>;

    /// Is there more than one try? A pipe is empty after the first.
    fn can_be_read_again(&self) -> bool {
        true
    }

    /// Something cheap that differs when the document does, where a read is not one atomic answer.
    async fn stamp(&self) -> Option<String> {
        None
    }

    /// Is it there, and may it be read? What has a stamp is, and may.
    async fn probe(&self) -> Result<(), ReadError> {
        match self.stamp().await {
            Some(_) => Ok(()),
            None => self.fetch().await.map(|_| ()),
        }
    }
}

/// A state's bytes, not read yet, and what the backend said beside them.
pub(crate) struct Fetched {
    pub body: Body,
    pub warnings: Vec<String>,
    /// When the backend says that it was written.
    pub written_at: Option<Timestamp>,
}

impl From<Body> for Fetched {
    fn from(body: Body) -> Self {
        Self { body, warnings: Vec::new(), written_at: None }
    }
}

/// Bytes to parse; what was downloaded is freed piece by piece while it is read.
pub(crate) enum Body {
    File(std::fs::File),
    Chunks(Chunks),
}

impl Read for Body {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::File(file) => file.read(out),
            Self::Chunks(chunks) => chunks.read(out),
        }
    }
}

/// Downloaded pieces of a document.
#[derive(Default)]
pub(crate) struct Chunks {
    pieces: VecDeque<Vec<u8>>,
    /// How much of the first piece is read already.
    done: usize,
}

impl Chunks {
    pub(crate) fn push(&mut self, piece: Vec<u8>) {
        self.pieces.push_back(piece);
    }
}

impl From<Vec<u8>> for Body {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Chunks(Chunks { pieces: VecDeque::from([bytes]), done: 0 })
    }
}

impl Read for Chunks {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while let Some(piece) = self.pieces.front() {
            let rest = piece.get(self.done..).unwrap_or_default();
            if rest.is_empty() {
                self.pieces.pop_front();
                self.done = 0;
                continue;
            }
            let mut rest = rest;
            let count = rest.read(out)?;
            self.done += count;
            return Ok(count);
        }
        Ok(0)
    }
}

/// In a warning: the state is being written, or may be.
pub(crate) const APPLYING: &str = "an apply may be running";

/// `who` and `when` of a lock, as Terraform writes it beside a state (`statemgr.LockInfo`).
pub(crate) fn lock_warning(lock: &[u8]) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Lock {
        #[serde(rename = "Who", default)]
        who: String,
        #[serde(rename = "Created", default)]
        created: String,
    }
    let lock: Lock = serde_json::from_slice(lock).ok()?;
    let or_unknown = |text: String| if text.is_empty() { "unknown".to_owned() } else { text };
    Some(format!("locked by {} since {}: {APPLYING}", or_unknown(lock.who), or_unknown(lock.created)))
}
