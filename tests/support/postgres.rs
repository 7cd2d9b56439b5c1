//! A real PostgreSQL server for tests, out of Debian's package: its own folder, a free port of the loopback address, gone afterwards.
//! PostgreSQL refuses to run as root; its programs run as `nobody` then.

use std::fs;
use std::io::Write as _;
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, Weak};

use tempfile::TempDir;

/// A running server, stopped when dropped.
pub(crate) struct Postgres {
    folder: TempDir,
    programs: PathBuf,
    port: u16,
    databases: AtomicUsize,
}

/// The server that tests of one program share while any of them runs.
static SHARED: Mutex<Weak<Postgres>> = Mutex::new(Weak::new());

impl Postgres {
    /// The server, started if it does not run; `None`, said loudly, where PostgreSQL is not installed.
    pub(crate) fn shared() -> Option<Arc<Self>> {
        let Some(programs) = programs() else {
            // Past the harness, which shows what is printed only when a test fails.
            let said =
                b"SKIPPED, loudly: PostgreSQL is not installed (apt-get install postgresql): SQLite alone is tested\n";
            std::io::stderr().write_all(said).unwrap();
            return None;
        };
        let mut shared = SHARED.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let server = shared.upgrade().unwrap_or_else(|| Arc::new(Self::start(programs)));
        *shared = Arc::downgrade(&server);
        Some(server)
    }

    fn start(programs: PathBuf) -> Self {
        let folder = tempfile::Builder::new().prefix("driftd-postgres-").tempdir().unwrap();
        // The server's own user must reach it, whoever made it.
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
        let mut server = Self { folder, programs, port: 0, databases: AtomicUsize::new(0) };
        let data = server.data();
        let made = server
            .program("initdb")
            .args(["--auth=trust", "--username=driftd", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync", "-D"])
            .arg(&data)
            .status();
        assert!(made.unwrap().success(), "initdb");
        // Somebody else may be given the same port before the server has it.
        for _ in 0..5 {
            server.port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            if server.control("start") {
                return server;
            }
        }
        panic!("PostgreSQL does not start: {}", fs::read_to_string(server.folder.path().join("log")).unwrap());
    }

    /// The address of a new, empty database.
    pub(crate) fn database(&self) -> String {
        let name = format!("test{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let port = self.port.to_string();
        let made = self.program("createdb").args(["-h", "127.0.0.1", "-U", "driftd", "-p", &port, &name]).status();
        assert!(made.unwrap().success(), "createdb");
        format!("postgres://driftd@127.0.0.1:{port}/{name}")
    }

    /// Runs SQL in a database of this server.
    #[allow(dead_code, reason = "not every test needs it")]
    pub(crate) fn execute(&self, database: &str, sql: &str) {
        let done = self.program("psql").args(["-q", "-v", "ON_ERROR_STOP=1", database, "-c", sql]).status();
        assert!(done.unwrap().success(), "psql");
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn control(&self, what: &str) -> bool {
        let port = self.port;
        let options = format!("-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off");
        let mut command = self.program("pg_ctl");
        command.args(["-w", "-t", "60", "-m", "immediate", "-o", &options, "-D"]).arg(self.data());
        command.arg("-l").arg(self.folder.path().join("log")).arg(what).status().unwrap().success()
    }

    /// One of its programs, quiet, in its folder, and never as root.
    fn program(&self, name: &str) -> Command {
        let program = self.programs.join(name);
        let is_root = fs::metadata("/proc/self").unwrap().uid() == 0;
        let mut command = if is_root {
            let mut command = Command::new("setpriv");
            command.args(["--reuid=nobody", "--regid=nogroup", "--clear-groups"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        command.current_dir(self.folder.path()).stdin(Stdio::null()).stdout(Stdio::null());
        command
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.control("stop");
    }
}

/// The folder of the newest version's programs.
fn programs() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").ok()?.flatten();
    let folders = versions.map(|version| version.path().join("bin"));
    let number = |path: &Path| path.parent()?.file_name()?.to_str()?.parse::<u32>().ok();
    folders.filter(|folder| folder.join("initdb").is_file()).max_by_key(|folder| number(folder))
}
