//! One daemon for one SQLite file: it holds a lock on a file beside the store for as long as its process lives. The lock is the kernel's and
//! ends with the process, however that ends; the file stays and means nothing. Commands that read or change the store beside the daemon
//! (`driftd findings`, `driftd store backup`) do not ask for it.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use super::open::{PRIVATE, unusable};
use super::{Location, StoreError};

/// The right to be the daemon of a store, until it is dropped.
#[derive(Debug)]
pub struct DaemonLock {
    /// `None`: PostgreSQL, which any number of daemons share.
    _file: Option<File>,
}

impl DaemonLock {
    /// Takes the lock; [`StoreError::InUse`] when another daemon has it. To be taken before the store is opened, as that may migrate it.
    pub fn take(location: &Location) -> Result<Self, StoreError> {
        let Location::Sqlite(store) = location else { return Ok(Self { _file: None }) };
        let path = path_beside(store);
        // Not the store's own file: that closing it gives up SQLite's locks is a rule of POSIX.
        let options = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(PRIVATE).open(&path);
        let mut file = options.map_err(|error| unusable("the store's lock cannot be made at", &path, &error))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                // Whoever holds it is told as far as it says so.
                let _ = file.read_to_string(&mut holder);
                let holder = holder
                    .trim()
                    .parse::<u32>()
                    .map_or_else(|_| "another one".to_owned(), |id| format!("process {id}"));
                return Err(StoreError::InUse { store: store.clone(), holder });
            }
            Err(TryLockError::Error(error)) => {
                return Err(unusable(
                    "the file system gives no lock (put store.path on a local disk, or use PostgreSQL) for",
                    &path,
                    &error,
                ));
            }
        }
        let id = std::process::id().to_string();
        let noted = file.set_len(0).and_then(|()| file.write_all(id.as_bytes()));
        noted.map_err(|error| unusable("the store's lock cannot be written to", &path, &error))?;
        Ok(Self { _file: Some(file) })
    }
}

/// `driftd.db.lock`, beside the file itself: two names of one store (a link) are one store.
fn path_beside(store: &Path) -> PathBuf {
    let store = fs::canonicalize(store).unwrap_or_else(|_| store.to_owned());
    let mut path = OsString::from(store);
    path.push(".lock");
    path.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_daemon_for_a_file_by_whichever_name_and_the_next_when_it_ended() {
        let folder = tempfile::tempdir().unwrap();
        let (store, link) = (folder.path().join("driftd.db"), folder.path().join("link.db"));
        File::create(&store).unwrap();
        std::os::unix::fs::symlink(&store, &link).unwrap();
        let location = Location::Sqlite(store.clone());
        // What an earlier process left, killed.
        fs::write(path_beside(&store), "4000000000").unwrap();
        let first = DaemonLock::take(&location).unwrap();
        for other in [location.clone(), Location::Sqlite(link)] {
            let refused = DaemonLock::take(&other).unwrap_err();
            let text = refused.to_string();
            assert!(matches!(refused, StoreError::InUse { .. }) && !refused.is_temporary(), "{text}");
            assert!(text.contains(&format!("process {}", std::process::id())) && text.contains("store.path"), "{text}");
        }
        DaemonLock::take(&Location::Sqlite(folder.path().join("other.db"))).unwrap();
        drop(first);
        DaemonLock::take(&location).unwrap();
        let missing = DaemonLock::take(&Location::Sqlite(folder.path().join("none/driftd.db"))).unwrap_err();
        assert!(missing.to_string().contains("make its folder first"), "{missing}");
        DaemonLock::take(&Location::Postgres("postgres://a:b@localhost/c".into())).unwrap();
    }
}
