//! Two engines behind one door: statements are written once, with `$1` and only text and 64-bit integers, which both speak alike.
//! sqlx's own `Any` driver is not used: it takes no options of an engine (the pragmas of SQLite).

use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::postgres::{PgPool, PgRow, Postgres};
use sqlx::sqlite::{Sqlite, SqlitePool, SqliteRow};
use sqlx::{AssertSqlSafe, Row as _, Transaction};

use super::StoreError;

/// The longest text, in bytes, that an index is asked to hold: an index of PostgreSQL takes 2,704 at most, and no ARN, with the key of an
/// object in it, is longer than this. Events may say anything; what is longer names no resource, and must not stop the events after it.
pub(super) const LONGEST_INDEXED: usize = 2048;

/// Rows of one statement: with a dozen columns far from the 32,766 values that SQLite takes.
const ROWS: usize = 200;

/// A value of a statement.
#[derive(Debug, Clone)]
pub(super) enum Value {
    Text(Option<String>),
    Integer(Option<i64>),
}

/// The values of a statement, in the order of `$1`, `$2`, ...
macro_rules! values {
    ($($value:expr),* $(,)?) => { vec![$($crate::store::db::Value::from($value)),*] };
}
pub(super) use values;

/// The engine, with its connections.
#[derive(Debug, Clone)]
pub(super) enum Db {
    /// One connection writes, some others read.
    Sqlite {
        writer: SqlitePool,
        readers: SqlitePool,
    },
    Postgres(PgPool),
}

/// A transaction; dropped without [`Tx::commit`], nothing of it was.
pub(super) enum Tx {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

/// A row of an answer.
pub(super) enum Row {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

impl Db {
    pub(super) fn is_sqlite(&self) -> bool {
        matches!(self, Self::Sqlite { .. })
    }

    /// Begins to write. On SQLite, waits for whoever else writes.
    pub(super) async fn begin(&self) -> Result<Tx, StoreError> {
        Ok(match self {
            Self::Sqlite { writer, .. } => Tx::Sqlite(writer.begin_with("BEGIN IMMEDIATE").await?),
            Self::Postgres(pool) => Tx::Postgres(pool.begin().await?),
        })
    }

    /// Reads, outside of any transaction.
    pub(super) async fn fetch(&self, sql: &str, values: Vec<Value>) -> Result<Vec<Row>, StoreError> {
        Ok(match self {
            Self::Sqlite { readers, .. } => {
                let rows = bind!(sql, values).fetch_all(readers).await?;
                rows.into_iter().map(Row::Sqlite).collect()
            }
            Self::Postgres(pool) => {
                let rows = bind!(sql, values).fetch_all(pool).await?;
                rows.into_iter().map(Row::Postgres).collect()
            }
        })
    }

    /// What follows a `SELECT` of rows to be taken, so that two takers never wait for each other. SQLite has one writer anyway.
    pub(super) fn skip_locked(&self) -> &'static str {
        match self {
            Self::Sqlite { .. } => "",
            Self::Postgres(_) => "FOR UPDATE SKIP LOCKED",
        }
    }
}

/// The statement with its values, for either engine.
macro_rules! bind {
    ($sql:expr, $values:expr) => {{
        let mut query = sqlx::query(AssertSqlSafe($sql.to_owned()));
        for value in $values {
            query = match value {
                Value::Text(text) => query.bind(text),
                Value::Integer(number) => query.bind(number),
            };
        }
        query
    }};
}
use bind;

impl Tx {
    /// Runs a statement; the number of rows that it changed.
    pub(super) async fn execute(&mut self, sql: &str, values: Vec<Value>) -> Result<u64, StoreError> {
        Ok(match self {
            Self::Sqlite(tx) => bind!(sql, values).execute(&mut **tx).await?.rows_affected(),
            Self::Postgres(tx) => bind!(sql, values).execute(&mut **tx).await?.rows_affected(),
        })
    }

    /// Inserts rows, many with each statement: on PostgreSQL a statement is a round trip. `insert` ends before `VALUES`, `conflict` is what
    /// follows the rows. No two rows may have the same key.
    pub(super) async fn insert_rows(
        &mut self,
        insert: &str,
        conflict: &str,
        rows: Vec<Vec<Value>>,
    ) -> Result<(), StoreError> {
        for rows in rows.chunks(ROWS) {
            let mut places = Vec::with_capacity(rows.len());
            let mut number = 0..;
            for row in rows {
                let row: Vec<String> = row.iter().zip(&mut number).map(|(_, at)| format!("${}", at + 1)).collect();
                places.push(format!("({})", row.join(", ")));
            }
            let sql = format!("{insert} VALUES {} {conflict}", places.join(", "));
            self.execute(&sql, rows.iter().flatten().cloned().collect()).await?;
        }
        Ok(())
    }

    /// Runs a statement that answers with rows.
    pub(super) async fn fetch(&mut self, sql: &str, values: Vec<Value>) -> Result<Vec<Row>, StoreError> {
        Ok(match self {
            Self::Sqlite(tx) => bind!(sql, values).fetch_all(&mut **tx).await?.into_iter().map(Row::Sqlite).collect(),
            Self::Postgres(tx) => {
                bind!(sql, values).fetch_all(&mut **tx).await?.into_iter().map(Row::Postgres).collect()
            }
        })
    }

    /// Waits for whoever has this lock, and has it until the end of the transaction. SQLite has one writer anyway.
    pub(super) async fn advisory_lock(&mut self, key: i64) -> Result<(), StoreError> {
        if let Self::Postgres(tx) = self {
            sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(key).execute(&mut **tx).await?;
        }
        Ok(())
    }

    pub(super) async fn commit(self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(tx) => tx.commit().await?,
            Self::Postgres(tx) => tx.commit().await?,
        }
        Ok(())
    }
}

impl Row {
    pub(super) fn text(&self, column: &str) -> Result<String, StoreError> {
        self.optional_text(column)?.ok_or_else(|| StoreError::corrupt(column, "it is null"))
    }

    pub(super) fn optional_text(&self, column: &str) -> Result<Option<String>, StoreError> {
        Ok(match self {
            Self::Sqlite(row) => row.try_get(column)?,
            Self::Postgres(row) => row.try_get(column)?,
        })
    }

    pub(super) fn integer(&self, column: &str) -> Result<i64, StoreError> {
        self.optional_integer(column)?.ok_or_else(|| StoreError::corrupt(column, "it is null"))
    }

    pub(super) fn optional_integer(&self, column: &str) -> Result<Option<i64>, StoreError> {
        Ok(match self {
            Self::Sqlite(row) => row.try_get(column)?,
            Self::Postgres(row) => row.try_get(column)?,
        })
    }

    pub(super) fn time(&self, column: &str) -> Result<Timestamp, StoreError> {
        time_of(column, self.integer(column)?)
    }

    pub(super) fn optional_time(&self, column: &str) -> Result<Option<Timestamp>, StoreError> {
        self.optional_integer(column)?.map(|number| time_of(column, number)).transpose()
    }

    /// The column holds JSON.
    pub(super) fn json<T: DeserializeOwned>(&self, column: &str) -> Result<T, StoreError> {
        serde_json::from_str(&self.text(column)?).map_err(|error| StoreError::corrupt(column, error))
    }
}

fn time_of(column: &str, microseconds: i64) -> Result<Timestamp, StoreError> {
    Timestamp::from_microsecond(microseconds).map_err(|error| StoreError::corrupt(column, error))
}

/// JSON for a column.
pub(super) fn to_json<T: Serialize>(what: &str, value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::corrupt(what, error))
}

impl From<Option<String>> for Value {
    /// PostgreSQL has no text with a zero byte; nothing of AWS or Terraform means anything by one.
    fn from(text: Option<String>) -> Self {
        Self::Text(text.map(|text| if text.contains('\0') { text.replace('\0', "\u{fffd}") } else { text }))
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Some(text).into()
    }
}

impl From<&String> for Value {
    fn from(text: &String) -> Self {
        text.clone().into()
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

impl From<Option<&str>> for Value {
    fn from(text: Option<&str>) -> Self {
        text.map(str::to_owned).into()
    }
}

impl From<&Option<String>> for Value {
    fn from(text: &Option<String>) -> Self {
        text.clone().into()
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Integer(Some(number))
    }
}

impl From<Option<i64>> for Value {
    fn from(number: Option<i64>) -> Self {
        Self::Integer(number)
    }
}

impl From<bool> for Value {
    fn from(is: bool) -> Self {
        Self::Integer(Some(i64::from(is)))
    }
}

impl From<Timestamp> for Value {
    fn from(time: Timestamp) -> Self {
        Self::Integer(Some(time.as_microsecond()))
    }
}

impl From<Option<Timestamp>> for Value {
    fn from(time: Option<Timestamp>) -> Self {
        Self::Integer(time.map(Timestamp::as_microsecond))
    }
}
