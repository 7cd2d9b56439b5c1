//! Opening the store: where it is, how each engine is set up, and the backup of a file that is in use.

use std::fs::{self, OpenOptions, Permissions};
use std::io::ErrorKind;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::str::FromStr as _;
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Connection as _};

use super::db::Db;
use super::migrate::migrate;
use super::{Store, StoreError};

/// Where the store is.
#[derive(Debug, Clone)]
pub enum Location {
    /// A file of SQLite; made if it is not there. Not on a network file system: SQLite's locks do not hold there.
    Sqlite(PathBuf),
    /// `postgres://USER:PASSWORD@HOST/DATABASE?sslmode=verify-full`
    Postgres(SecretString),
}

/// How long a writer waits for another process (`driftd findings` beside the daemon) before it is told that the store is busy.
const BUSY: Duration = Duration::from_secs(5);
/// How long anybody waits for a connection.
const ACQUIRE: Duration = Duration::from_secs(10);
/// Connections that read a SQLite file.
const READERS: u32 = 4;
/// Connections of one replica to PostgreSQL, whose own limit is 100 for everybody by default.
const POSTGRES_CONNECTIONS: u32 = 8;
/// The file is its owner's alone: it names people and what is wrong with an account.
pub(super) const PRIVATE: u32 = 0o600;

impl Store {
    /// Opens the store and brings its schema up to date; refuses one of a newer driftd.
    pub async fn open(location: &Location) -> Result<Self, StoreError> {
        let db = match location {
            Location::Sqlite(path) => sqlite(path).await?,
            Location::Postgres(url) => postgres(url).await?,
        };
        migrate(&db).await?;
        Ok(Self { db })
    }

    /// Waits for what is being written and closes all connections.
    pub async fn close(&self) {
        match &self.db {
            Db::Sqlite { writer, readers } => {
                readers.close().await;
                writer.close().await;
            }
            Db::Postgres(pool) => pool.close().await,
        }
    }

    /// Does the database answer? For readiness.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.db.fetch("SELECT 1", Vec::new()).await.map(|_| ())
    }

    /// Writes a copy of a SQLite store to a new file while it is in use (<https://sqlite.org/lang_vacuum.html#vacuuminto>). PostgreSQL
    /// has its own tools.
    pub async fn backup(&self, path: &Path) -> Result<(), StoreError> {
        let Db::Sqlite { writer, .. } = &self.db else {
            return Err(StoreError::Location("a store in PostgreSQL is backed up with pg_dump".to_owned()));
        };
        let made = OpenOptions::new().write(true).create_new(true).mode(PRIVATE).open(path);
        made.map_err(|error| unusable("the backup cannot be written to", path, &error))?;
        let text = path.to_str().ok_or_else(|| StoreError::Location("the backup's path is no UTF-8".to_owned()))?;
        // A connection of its own: nobody waits for the copy.
        let mut connection = writer.connect_options().connect().await?;
        let copied = sqlx::query("VACUUM INTO $1").bind(text).execute(&mut connection).await;
        if copied.is_err() {
            // Half a copy must not pass for a backup.
            fs::remove_file(path).unwrap_or_default();
        }
        copied.map(|_| ()).map_err(StoreError::from)
    }
}

async fn sqlite(path: &Path) -> Result<Db, StoreError> {
    make_private(path)?;
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(false)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Normal)
        .busy_timeout(BUSY)
        .foreign_keys(true)
        .disable_statement_logging();
    // A full disk ends a transaction by itself (<https://sqlite.org/lang_transaction.html#response_to_errors_within_a_transaction>),
    // and sqlx takes it as still open: such a connection is replaced.
    let writer = SqlitePoolOptions::new()
        .max_connections(1)
        .acquire_timeout(ACQUIRE)
        .before_acquire(|connection, _| Box::pin(async move { Ok(!connection.is_in_transaction()) }));
    let readers = SqlitePoolOptions::new().max_connections(READERS).acquire_timeout(ACQUIRE);
    let reading = options.clone().pragma("query_only", "1");
    Ok(Db::Sqlite { writer: writer.connect_with(options).await?, readers: readers.connect_lazy_with(reading) })
}

/// Makes the file if it is not there, and takes it from everybody else if it is. SQLite gives its side files the same mode.
fn make_private(path: &Path) -> Result<(), StoreError> {
    match OpenOptions::new().write(true).create_new(true).mode(PRIVATE).open(path) {
        Ok(_) => return Ok(()),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        Err(error) => return Err(unusable("the store cannot be made at", path, &error)),
    }
    let mode = fs::metadata(path).map_err(|error| unusable("the store cannot be read at", path, &error))?.permissions();
    if mode.mode() & 0o077 != 0 {
        let private = fs::set_permissions(path, Permissions::from_mode(PRIVATE));
        private.map_err(|error| unusable("the store must be readable by its owner alone, chmod 600", path, &error))?;
    }
    Ok(())
}

pub(super) fn unusable(what: &str, path: &Path, error: &std::io::Error) -> StoreError {
    let hint = if error.kind() == ErrorKind::NotFound { ": make its folder first" } else { "" };
    StoreError::Location(format!("{what} {}: {error}{hint}", path.display()))
}

async fn postgres(url: &SecretString) -> Result<Db, StoreError> {
    // What is wrong with the address is not repeated: the password is in it.
    let form = "store.url is no address of PostgreSQL: write postgres://USER:PASSWORD@HOST/DATABASE";
    let options = PgConnectOptions::from_str(url.expose_secret()).map_err(|_| StoreError::Location(form.to_owned()))?;
    let options = options.application_name("driftd").disable_statement_logging();
    let pool = PgPoolOptions::new().max_connections(POSTGRES_CONNECTIONS).acquire_timeout(ACQUIRE);
    Ok(Db::Postgres(pool.connect_with(options).await?))
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    /// SQLite may use no more pages than it has: the same answer as that of a disk without room.
    #[tokio::test]
    async fn a_full_disk_is_told_as_such_and_nothing_is_lost() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&Location::Sqlite(folder.path().join("driftd.db"))).await.unwrap();
        store.cursor_set("a", "1", Timestamp::UNIX_EPOCH).await.unwrap();
        let limit = async |pages: &str| {
            let Db::Sqlite { writer, .. } = &store.db else { panic!() };
            sqlx::query(sqlx::AssertSqlSafe(format!("PRAGMA max_page_count = {pages}"))).execute(writer).await.unwrap();
        };
        limit("1").await;
        let much = "b".repeat(1_000_000);
        let refused = store.cursor_set("a", &much, Timestamp::UNIX_EPOCH).await.unwrap_err();
        assert!(matches!(refused, StoreError::Full(_)) && !refused.is_temporary(), "{refused:?}");
        assert_eq!(store.cursor_get("a").await.unwrap().as_deref(), Some("1"));
        limit("1000000").await;
        store.cursor_set("a", &much, Timestamp::UNIX_EPOCH).await.unwrap();
        assert_eq!(store.cursor_get("a").await.unwrap(), Some(much));
    }
}
