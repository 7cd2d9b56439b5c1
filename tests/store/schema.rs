//! The schema of a store: brought up to date, refused when it is newer, left alone by two that open it at the same time.

use driftd::store::{Location, Store, StoreError};

use crate::World;
use crate::on_both;

on_both!(a_newer_schema_is_refused, a_changed_schema_is_refused, many_open_it_at_the_same_time, a_closed_store_says_so);

/// Runs SQL beside the store.
async fn execute(world: &World, sql: &'static str) {
    match &world.location {
        Location::Sqlite(path) => {
            let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path);
            let pool = sqlx::SqlitePool::connect_with(options).await.unwrap();
            sqlx::query(sql).execute(&pool).await.unwrap();
            pool.close().await;
        }
        Location::Postgres(url) => {
            use secrecy::ExposeSecret as _;
            world.server.as_ref().unwrap().execute(url.expose_secret(), sql);
        }
    }
}

async fn a_newer_schema_is_refused(world: &World) {
    execute(
        world,
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
         SELECT 99, 'of the future', success, checksum, 0 FROM _sqlx_migrations WHERE version = 1",
    )
    .await;
    let refused = Store::open(&world.location).await.unwrap_err();
    assert!(matches!(refused, StoreError::Newer { found: 99, known: 2 }), "{refused:?}");
    assert_eq!(
        refused.to_string(),
        "the store has schema 99, this driftd knows up to 2: start the newer driftd, or restore the backup from before \
         the update"
    );
}

async fn a_changed_schema_is_refused(world: &World) {
    let sql = match world.location {
        Location::Sqlite(_) => "UPDATE _sqlx_migrations SET checksum = x'00'",
        Location::Postgres(_) => "UPDATE _sqlx_migrations SET checksum = '\\x00'",
    };
    execute(world, sql).await;
    let refused = Store::open(&world.location).await.unwrap_err();
    assert!(matches!(refused, StoreError::ForeignSchema { version: 1 }), "{refused:?}");
}

async fn many_open_it_at_the_same_time(world: &World) {
    let location = match &world.server {
        Some(server) => Location::Postgres(server.database().into()),
        None => Location::Sqlite(world.folder.path().join("new.db")),
    };
    let open = async || Store::open(&location).await.unwrap().ping().await.unwrap();
    tokio::join!(open(), open(), open(), open());
}

async fn a_closed_store_says_so(world: &World) {
    world.store.close().await;
    let refused = world.store.ping().await.unwrap_err();
    assert!(matches!(refused, StoreError::Unavailable(_)) && refused.is_temporary(), "{refused:?}");
}
