//! Why a source cannot be read, and which gap that is. Every text names the source and the way out, and no secret.

use thiserror::Error;

use super::tfstate::StateError;
use crate::model::{Gap, GapReason, GapScope};

/// Why a source cannot be read; `location` never holds a secret.
#[derive(Debug, Error)]
pub enum ReadError {
    /// The request itself is wrong; it will never work.
    #[error("{location}: {problem}")]
    BadRequest { location: String, problem: String },
    #[error("no state at {location} ({how}): nothing was ever applied there, or the address is wrong")]
    NoState { location: String, how: String },
    #[error("access to {location} was refused ({how}): {remedy}")]
    Denied { location: String, how: String, remedy: String },
    #[error("{location}: {problem}")]
    NotConfigured { location: String, problem: String },
    #[error("{location} asked us to slow down ({how}); scan again later")]
    Throttled { location: String, how: String },
    #[error("no answer from {location} in time ({how}): check the network and the address")]
    Timeout { location: String, how: String },
    #[error("reading {location} failed: {how}")]
    Failed { location: String, how: String, transient: bool },
    #[error(transparent)]
    State(#[from] StateError),
}

impl ReadError {
    /// Reading once more may help.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Throttled { .. } => true,
            Self::Failed { transient, .. } => *transient,
            Self::State(error) => error.is_torn(),
            Self::BadRequest { .. }
            | Self::NoState { .. }
            | Self::Denied { .. }
            | Self::NotConfigured { .. }
            | Self::Timeout { .. } => false,
        }
    }

    /// The contract's word for it.
    pub fn reason(&self) -> GapReason {
        match self {
            Self::Denied { .. } => GapReason::Denied,
            Self::NotConfigured { .. } => GapReason::NotConfigured,
            Self::Throttled { .. } => GapReason::Throttled,
            Self::Timeout { .. } => GapReason::Timeout,
            Self::Failed { .. } => GapReason::Failed,
            Self::BadRequest { .. } | Self::NoState { .. } | Self::State(_) => GapReason::Unreadable,
        }
    }

    /// The gap that the source named `source` leaves.
    pub fn gap(&self, source: &str) -> Gap {
        let scope = GapScope { source: Some(source.to_owned()), ..GapScope::default() };
        Gap { reason: self.reason(), scope, detail: self.to_string().replace('\n', " ") }
    }

    pub(crate) fn bad_request(location: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::BadRequest { location: location.into(), problem: problem.into() }
    }

    pub(crate) fn not_configured(location: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::NotConfigured { location: location.into(), problem: problem.into() }
    }

    /// What the file system said about `path`.
    pub(crate) fn from_io(location: &str, cause: &std::io::Error) -> Self {
        use std::io::ErrorKind;
        let location = location.to_owned();
        match cause.kind() {
            ErrorKind::NotFound => Self::NoState { location, how: "no such file".to_owned() },
            ErrorKind::PermissionDenied => Self::Denied {
                location,
                how: "permission denied".to_owned(),
                remedy: "let driftd's user read the file".to_owned(),
            },
            _ => Self::Failed { location, how: cause.to_string(), transient: false },
        }
    }
}
