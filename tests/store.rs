//! The store, on both engines: every test runs on SQLite and on a real PostgreSQL (`support/postgres.rs`; it says so loudly where
//! that is not installed). What differs between the engines is in `store/engines.rs`.

#![allow(clippy::unwrap_used, clippy::string_slice, reason = "a test that cannot go on fails")]

#[path = "store/alerts.rs"]
mod alerts;
#[path = "store/engines.rs"]
mod engines;
#[path = "store/findings.rs"]
mod findings;
#[path = "support/postgres.rs"]
mod postgres;
#[path = "store/queue.rs"]
mod queue;
#[path = "store/records.rs"]
mod records;
#[path = "store/sample.rs"]
mod sample;
#[path = "store/schema.rs"]
mod schema;

use std::sync::Arc;

use driftd::store::{Location, Store};
use postgres::Postgres;
use tempfile::TempDir;

/// An empty store, and what it stands on.
struct World {
    store: Store,
    location: Location,
    folder: TempDir,
    server: Option<Arc<Postgres>>,
}

impl World {
    async fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let location = Location::Sqlite(folder.path().join("driftd.db"));
        Self { store: Store::open(&location).await.unwrap(), location, folder, server: None }
    }

    async fn postgres(server: Arc<Postgres>) -> Self {
        let location = Location::Postgres(server.database().into());
        let store = Store::open(&location).await.unwrap();
        Self { store, location, folder: tempfile::tempdir().unwrap(), server: Some(server) }
    }

    /// Another process with the same store.
    async fn another(&self) -> Store {
        Store::open(&self.location).await.unwrap()
    }
}

fn block_on(future: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(future);
}

fn on_sqlite(test: impl AsyncFn(&World)) {
    block_on(async { test(&World::sqlite().await).await });
}

fn on_postgres(test: impl AsyncFn(&World)) {
    let Some(server) = Postgres::shared() else { return };
    block_on(async {
        let world = World::postgres(server).await;
        test(&world).await;
        world.store.close().await;
    });
}

/// Each test twice.
macro_rules! on_both {
    ($($name:ident),* $(,)?) => {
        mod sqlite {
            $(#[test] fn $name() { crate::on_sqlite(super::$name); })*
        }
        mod postgres {
            $(#[test] fn $name() { crate::on_postgres(super::$name); })*
        }
    };
}
use on_both;
