//! What can go wrong with the store, as far as callers treat it differently. No message holds an address or a password.

use std::error::Error;
use std::path::PathBuf;

/// Why the store did not do what it was asked. Nothing of the request was written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Not there, or the connection broke: try again later.
    #[error("the store cannot be reached")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
    /// Others write for too long: try again at once.
    #[error("the store is busy: another process holds it")]
    Busy(#[source] Box<dyn Error + Send + Sync>),
    /// No room on the disk: nothing is lost, and nothing can be written until there is.
    #[error("the store's disk is full: make room, or shorten store.retention")]
    Full(#[source] Box<dyn Error + Send + Sync>),
    /// The database was written by a newer driftd.
    #[error(
        "the store has schema {found}, this driftd knows up to {known}: start the newer driftd, or restore the backup \
         from before the update"
    )]
    Newer { found: i64, known: i64 },
    /// A migration that was applied is not the one that this driftd has.
    #[error(
        "the store's schema {version} is not the one of this driftd: restore a backup, or start with an empty store"
    )]
    ForeignSchema { version: i64 },
    /// Somebody changed the finding meanwhile: read it again, and decide again.
    #[error("finding {id} was changed meanwhile")]
    Conflict { id: String },
    /// The lease ran out and somebody else took over: nothing of this work may count.
    #[error("the lease of {what} was lost: somebody else took over")]
    LeaseLost { what: String },
    /// No finding of that id.
    #[error("no finding has an id that begins with {id}")]
    NotFound { id: String },
    /// Several findings have ids that begin like this.
    #[error("several findings have ids that begin with {id}: {}", .candidates.join(", "))]
    Ambiguous { id: String, candidates: Vec<String> },
    /// A daemon works on the file, and there may be one only.
    #[error(
        "the store {} is in use by another daemon ({holder}): stop that one, give this one a store.path of its own, or \
         let both share a PostgreSQL database (store.url)",
        .store.display()
    )]
    InUse { store: PathBuf, holder: String },
    /// The file or the address cannot be used as it is.
    #[error("{0}")]
    Location(String),
    /// What is kept cannot be understood.
    #[error("the store holds something unexpected ({what}): restore a backup")]
    Corrupt { what: String, source: Box<dyn Error + Send + Sync> },
    /// Anything else that the database says.
    #[error("the database refused a statement")]
    Failed(#[source] Box<dyn Error + Send + Sync>),
}

impl StoreError {
    /// May the same request succeed later, without anybody's help?
    pub fn is_temporary(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::Busy(_) | Self::Conflict { .. })
    }

    pub(super) fn corrupt(what: impl Into<String>, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Corrupt { what: what.into(), source: source.into() }
    }
}

/// A unique index refused a row; for the caller that knows what that means.
pub(super) fn is_unique_violation(error: &StoreError) -> bool {
    let StoreError::Failed(source) = error else { return false };
    let database = source.downcast_ref::<sqlx::Error>().and_then(sqlx::Error::as_database_error);
    database.is_some_and(sqlx::error::DatabaseError::is_unique_violation)
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        use sqlx::Error::{BeginFailed, Database, Io, PoolClosed, PoolTimedOut, Protocol, Tls, WorkerCrashed};
        let make = match &error {
            Io(_) | Tls(_) | Protocol(_) | PoolTimedOut | PoolClosed | WorkerCrashed | BeginFailed => Self::Unavailable,
            Database(database) => of_code(database.code().as_deref().unwrap_or_default()),
            _ => Self::Failed,
        };
        make(Box::new(error))
    }
}

/// SQLite's result codes, of which the lowest byte is the primary one (<https://sqlite.org/rescode.html>), and PostgreSQL's five
/// characters (<https://www.postgresql.org/docs/current/errcodes-appendix.html>).
fn of_code(code: &str) -> fn(Box<dyn Error + Send + Sync>) -> StoreError {
    if code.len() == 5 && !code.starts_with("0x") {
        return match code {
            "53100" => StoreError::Full,
            "40001" | "40P01" | "55P03" => StoreError::Busy,
            // Shutting down, starting, too many connections, a replica that cannot be written.
            "57P01" | "57P02" | "57P03" | "53300" | "25006" => StoreError::Unavailable,
            _ if code.starts_with("08") => StoreError::Unavailable,
            _ => StoreError::Failed,
        };
    }
    match code.parse::<u32>().unwrap_or_default() & 0xff {
        5 | 6 => StoreError::Busy,
        13 => StoreError::Full,
        // Input and output, cannot open, read-only.
        8 | 10 | 14 => StoreError::Unavailable,
        11 | 26 => {
            |source| StoreError::Corrupt { what: "the file is no database of SQLite, or damaged".to_owned(), source }
        }
        _ => StoreError::Failed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_of_both_engines() {
        let name = |code| match of_code(code)("x".into()) {
            StoreError::Busy(_) => "busy",
            StoreError::Full(_) => "full",
            StoreError::Unavailable(_) => "unavailable",
            StoreError::Corrupt { .. } => "corrupt",
            _ => "failed",
        };
        let table = [
            ("5", "busy"),
            ("517", "busy"),
            ("262", "busy"),
            ("13", "full"),
            ("14", "unavailable"),
            ("778", "unavailable"),
            ("267", "corrupt"),
            ("26", "corrupt"),
            ("2067", "failed"),
            ("1", "failed"),
            ("53100", "full"),
            ("40P01", "busy"),
            ("40001", "busy"),
            ("08006", "unavailable"),
            ("57P01", "unavailable"),
            ("25006", "unavailable"),
            ("23505", "failed"),
            ("42601", "failed"),
            ("", "failed"),
        ];
        for (code, expected) in table {
            assert_eq!(name(code), expected, "{code}");
        }
    }
}
