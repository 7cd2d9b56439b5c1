//! What only one engine has: the file of SQLite, its lock, its backup; the connection of PostgreSQL.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use driftd::store::{FindingFilter, Location, NewJob, Store, StoreError};

use crate::sample::{at, finding, keep, outcome};
use crate::{on_postgres, on_sqlite};

fn mode(path: &std::path::Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn the_file_is_its_owners_alone() {
    on_sqlite(async |world| {
        keep(&world.store, &outcome(0, vec![finding("vpc-1", "b")])).await.unwrap();
        for entry in fs::read_dir(world.folder.path()).unwrap() {
            let path = entry.unwrap().path();
            assert_eq!(mode(&path), 0o600, "{}", path.display());
        }
        // One that others may read is taken from them.
        let Location::Sqlite(path) = &world.location else { panic!() };
        fs::set_permissions(path, fs::Permissions::from_mode(0o644)).unwrap();
        world.another().await;
        assert_eq!(mode(path), 0o600);
    });
}

/// The one daemon of a SQLite file goes on at once where it was killed; replicas of PostgreSQL wait for the lease.
#[test]
fn what_a_killed_daemon_held_is_taken_over() {
    let job = NewJob {
        key: "sweep".to_owned(),
        kind: "sweep".to_owned(),
        queue: None,
        payload: String::new(),
        priority: 0,
        run_at: at(0),
        max_attempts: 3,
    };
    let held = async |store: &Store| {
        store.job_enqueue(std::slice::from_ref(&job)).await.unwrap();
        let first = store.job_take("sweep", "killed", at(0), at(10)).await.unwrap().unwrap();
        assert_eq!(store.job_take("sweep", "new", at(1), at(11)).await.unwrap(), None);
        store.take_over().await.unwrap();
        (first, store.job_take("sweep", "new", at(1), at(11)).await.unwrap())
    };
    on_sqlite(async |world| {
        let (first, again) = held(&world.store).await;
        assert_eq!(again.unwrap().attempts, 2);
        let late = world.store.job_done(&first.lease).await.unwrap_err();
        assert!(matches!(late, StoreError::LeaseLost { .. }), "{late:?}");
    });
    on_postgres(async |world| assert_eq!(held(&world.store).await.1, None));
}

#[test]
fn a_folder_that_is_not_there_is_named() {
    on_sqlite(async |world| {
        let location = Location::Sqlite(world.folder.path().join("no/driftd.db"));
        let refused = Store::open(&location).await.unwrap_err().to_string();
        assert!(refused.contains("no/driftd.db") && refused.ends_with("make its folder first"), "{refused}");
    });
}

#[test]
fn a_file_of_something_else_is_refused_and_left_alone() {
    on_sqlite(async |world| {
        let path = world.folder.path().join("notes.txt");
        fs::write(&path, "not a database, but a text that is long enough to have a header ".repeat(20)).unwrap();
        let refused = Store::open(&Location::Sqlite(path.clone())).await.unwrap_err();
        assert!(matches!(refused, StoreError::Corrupt { .. }), "{refused:?}");
        assert!(fs::read_to_string(path).unwrap().starts_with("not a database"));
    });
}

#[test]
fn a_backup_is_a_store() {
    on_sqlite(async |world| {
        keep(&world.store, &outcome(0, vec![finding("vpc-1", "b")])).await.unwrap();
        let path = world.folder.path().join("backup.db");
        world.store.backup(&path).await.unwrap();
        keep(&world.store, &outcome(5, vec![finding("vpc-1", "b"), finding("vpc-2", "b")])).await.unwrap();
        assert_eq!(mode(&path), 0o600);
        let restored = Store::open(&Location::Sqlite(path.clone())).await.unwrap();
        let filter = FindingFilter::default();
        assert_eq!(restored.finding_count(&filter).await.unwrap(), 1);
        assert_eq!(world.store.finding_count(&filter).await.unwrap(), 2);
        // Nothing is overwritten.
        let refused = world.store.backup(&path).await.unwrap_err();
        assert!(refused.to_string().contains("File exists"), "{refused}");
    });
}

/// A process is killed between its statements: what it had written of its transaction never was, and nobody waits for it.
#[test]
fn a_writer_that_is_killed_leaves_nothing() {
    on_sqlite(async |world| {
        let Location::Sqlite(path) = &world.location else { panic!() };
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path);
        let pool = sqlx::SqlitePool::connect_with(options).await.unwrap();
        let mut tx = pool.begin_with("BEGIN IMMEDIATE").await.unwrap();
        sqlx::query("INSERT INTO cursors (name, value, updated_at) VALUES ('x', '1', 0)")
            .execute(&mut *tx)
            .await
            .unwrap();
        drop((tx, pool));
        world.store.cursor_set("y", "1", at(0)).await.unwrap();
        assert_eq!(world.store.cursor_get("x").await.unwrap(), None);
    });
}

/// Two processes write; the second waits for the first, and is told so when it takes too long. Readers never wait.
#[test]
fn two_writers_take_turns() {
    on_sqlite(async |world| {
        let Location::Sqlite(path) = &world.location else { panic!() };
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path);
        let pool = sqlx::SqlitePool::connect_with(options).await.unwrap();
        let tx = pool.begin_with("BEGIN IMMEDIATE").await.unwrap();
        let release = async {
            tokio::time::sleep(std::time::Duration::from_millis(300)).await;
            tx.rollback().await.unwrap();
        };
        let write = async {
            assert_eq!(world.store.cursor_get("a").await.unwrap(), None, "a reader does not wait");
            world.store.cursor_set("a", "1", at(0)).await
        };
        let ((), written) = tokio::join!(release, write);
        written.unwrap();
        let held = pool.begin_with("BEGIN IMMEDIATE").await.unwrap();
        let refused = world.store.cursor_set("a", "2", at(0)).await.unwrap_err();
        assert!(matches!(refused, StoreError::Busy(_)) && refused.is_temporary(), "{refused:?}");
        held.rollback().await.unwrap();
        world.store.cursor_set("a", "3", at(0)).await.unwrap();
        assert_eq!(world.store.cursor_get("a").await.unwrap().as_deref(), Some("3"));
    });
}

/// The server ends all connections, as when it is started anew: the store is out of reach for a moment, and then works again.
#[test]
fn a_lost_connection_is_made_again() {
    on_postgres(async |world| {
        use secrecy::ExposeSecret as _;
        let Location::Postgres(url) = &world.location else { panic!() };
        let job = NewJob {
            key: "a".to_owned(),
            kind: "sweep".to_owned(),
            queue: None,
            payload: String::new(),
            priority: 0,
            run_at: at(0),
            max_attempts: 3,
        };
        world.store.job_enqueue(&[job]).await.unwrap();
        let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                   WHERE application_name = 'driftd' AND datname = current_database()";
        world.server.as_ref().unwrap().execute(url.expose_secret(), end);
        let mut tries = 0;
        let taken = loop {
            tries += 1;
            match world.store.job_take("sweep", "one", at(1), at(11)).await {
                Ok(taken) => break taken,
                Err(error) => assert!(matches!(error, StoreError::Unavailable(_)) && tries < 10, "{error:?}"),
            }
        };
        assert_eq!(taken.unwrap().attempts, 1);
    });
}

/// A replica dies while it writes: the other has the job when the lease ends, and nothing of the dead one's work is there.
#[test]
fn a_replica_that_dies_while_it_writes_leaves_nothing() {
    on_postgres(async |world| {
        use secrecy::ExposeSecret as _;
        let Location::Postgres(url) = &world.location else { panic!() };
        let pool = sqlx::PgPool::connect(url.expose_secret()).await.unwrap();
        let mut tx = pool.begin().await.unwrap();
        sqlx::query("INSERT INTO cursors (name, value, updated_at) VALUES ('x', '1', 0)")
            .execute(&mut *tx)
            .await
            .unwrap();
        let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name <> 'driftd' \
                   AND datname = current_database() AND pid <> pg_backend_pid()";
        world.server.as_ref().unwrap().execute(url.expose_secret(), end);
        assert!(tx.commit().await.is_err());
        assert_eq!(world.store.cursor_get("x").await.unwrap(), None);
    });
}

/// The password is in the address; no message has it.
#[test]
fn no_message_holds_the_password() {
    on_postgres(async |world| {
        use secrecy::ExposeSecret as _;
        let Location::Postgres(url) = &world.location else { panic!() };
        let addresses = [
            url.expose_secret().replace("driftd@", "nobody:hunter2@"),
            "postgres://driftd:hunter2@127.0.0.1:1/x".to_owned(),
            "postgres://driftd:hunter2@[/x".to_owned(),
            "driftd:hunter2".to_owned(),
        ];
        for address in addresses {
            let location = Location::Postgres(address.into());
            let error = Store::open(&location).await.unwrap_err();
            let all = format!("{error} {error:?} {location:?}");
            assert!(!all.contains("hunter2"), "{all}");
        }
    });
}
