//! The schema of the database: every migration, in order, for both engines. They run by themselves when the store is opened; what has
//! been released is never changed, only followed by another one.

use sqlx::SqlSafeStr as _;
use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};

use super::StoreError;
use super::db::Db;

/// One step of the schema, as each engine says it.
struct Step {
    version: i64,
    name: &'static str,
    sqlite: &'static str,
    postgres: &'static str,
}

const STEPS: &[Step] = &[
    Step {
        version: 1,
        name: "initial",
        sqlite: include_str!("../../migrations/sqlite/0001_initial.sql"),
        postgres: include_str!("../../migrations/postgres/0001_initial.sql"),
    },
    Step {
        version: 2,
        name: "alerts",
        sqlite: include_str!("../../migrations/sqlite/0002_alerts.sql"),
        postgres: include_str!("../../migrations/postgres/0002_alerts.sql"),
    },
];

/// Brings the database to this driftd's schema. Several processes may try at a time: on PostgreSQL sqlx takes a lock; on SQLite, where
/// it takes none, one transaction around everything does.
pub(super) async fn migrate(db: &Db) -> Result<(), StoreError> {
    match db {
        Db::Sqlite { writer, .. } => {
            let mut tx = writer.begin_with("BEGIN IMMEDIATE").await?;
            migrator(|step| step.sqlite).run(&mut *tx).await.map_err(refusal)?;
            Ok(tx.commit().await?)
        }
        Db::Postgres(pool) => migrator(|step| step.postgres).run(pool).await.map_err(refusal),
    }
}

fn refusal(error: MigrateError) -> StoreError {
    match error {
        MigrateError::VersionMissing(found) => {
            StoreError::Newer { found, known: STEPS.last().map_or(0, |step| step.version) }
        }
        MigrateError::VersionMismatch(version) | MigrateError::Dirty(version) => StoreError::ForeignSchema { version },
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => error.into(),
        other => StoreError::Failed(other.into()),
    }
}

fn migrator(sql: impl Fn(&Step) -> &'static str) -> Migrator {
    let migration = |step: &Step| {
        Migration::new(step.version, step.name.into(), MigrationType::Simple, sql(step).into_sql_str(), false)
    };
    Migrator::with_migrations(STEPS.iter().map(migration).collect())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::STEPS;

    /// A file that is not in the list would never run.
    #[test]
    fn every_file_is_a_step() {
        let listed: BTreeSet<String> =
            STEPS.iter().map(|step| format!("{:04}_{}.sql", step.version, step.name)).collect();
        for engine in ["sqlite", "postgres"] {
            let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(engine);
            let files = std::fs::read_dir(folder).unwrap();
            let files: BTreeSet<_> =
                files.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
            assert_eq!(files, listed, "{engine}");
        }
        assert!(STEPS.windows(2).all(|two| two[0].version < two[1].version));
    }
}
