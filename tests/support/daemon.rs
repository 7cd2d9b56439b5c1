//! One `driftd run` against the false world: its configuration, and ways to watch it.

#![allow(clippy::disallowed_methods, reason = "how long a program takes is measured")]

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// How long anything may take here: the machine may be busy.
const PATIENCE: Duration = Duration::from_secs(120);

/// A configuration in a folder of its own, and the daemon's address.
pub(crate) struct Place {
    pub folder: tempfile::TempDir,
    endpoint: String,
    listen: String,
    environment: Vec<(&'static str, String)>,
}

impl Place {
    /// `config` is the file's text but for the address to listen on; relative paths in it are of the folder.
    pub(crate) fn new(endpoint: &str, config: &str) -> Self {
        let free = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let listen = free.local_addr().expect("an address").to_string();
        let folder = tempfile::tempdir().expect("a folder");
        let place = Self { folder, endpoint: endpoint.to_owned(), listen, environment: Vec::new() };
        place.configure(config);
        place
    }

    /// With a variable of the environment.
    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.environment.push((name, value.to_owned()));
        self
    }

    pub(crate) fn configure(&self, config: &str) {
        fs::write(self.path("driftd.yaml"), format!("listen: {}\n{config}", self.listen)).expect("writable");
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = super::program(&self.endpoint);
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command.arg("--config").arg(self.path("driftd.yaml")).args(arguments);
        command
    }

    pub(crate) fn start(&self) -> Running {
        let log = fs::File::options().create(true).append(true).open(self.path("log")).expect("writable");
        let run = self.command(&["run"]);
        // A file that may not grow is an error of a write then, and no signal.
        let mut command = Command::new("sh");
        command.args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""]).arg(run.get_program()).args(run.get_args());
        for (name, value) in run.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        let child = command.env("DRIFTD_LOG", "driftd=info,warn").stdout(Stdio::null()).stderr(log);
        Running(child.spawn().expect("driftd starts"))
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.path("log")).unwrap_or_default()
    }

    pub(crate) fn get(&self, path: &str) -> Option<String> {
        let mut stream = TcpStream::connect(&self.listen).ok()?;
        write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        Some(answer)
    }

    /// The sum of a metric over its labels.
    pub(crate) fn metric(&self, name: &str) -> f64 {
        let page = self.get("/metrics").unwrap_or_default();
        let is_it = |line: &&str| line.strip_prefix(name).is_some_and(|rest| rest.starts_with(['{', ' ']));
        page.lines().filter(is_it).filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum()
    }

    /// A metric with these labels, as they stand on the page.
    pub(crate) fn metric_of(&self, name: &str, labels: &str) -> Option<f64> {
        let page = self.get("/metrics").unwrap_or_default();
        let line = page.lines().find_map(|line| line.strip_prefix(&format!("{name}{{{labels}}} ")).map(str::to_owned));
        line?.parse().ok()
    }

    /// What the store has, resolved ones included.
    pub(crate) fn findings(&self) -> Vec<Value> {
        let states = ["open", "acknowledged", "resolved"].into_iter().flat_map(|state| ["--status", state]);
        let arguments: Vec<&str> = ["findings", "list", "--json"].into_iter().chain(states).collect();
        let done = self.command(&arguments).output().expect("driftd starts");
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        serde_json::from_slice(&done.stdout).expect("JSON")
    }

    /// What a command says that does not do it.
    pub(crate) fn refused(&self, arguments: &[&str]) -> String {
        let done = self.command(arguments).output().expect("driftd starts");
        let err = String::from_utf8_lossy(&done.stderr).into_owned();
        assert!(!done.status.success(), "{arguments:?}: {err}");
        err
    }

    pub(crate) fn said(&self, arguments: &[&str]) -> String {
        let done = self.command(arguments).output().expect("driftd starts");
        let (out, err) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
        assert!(done.status.success(), "{arguments:?}: {out}{err}");
        out.into_owned()
    }

    /// Waits until it is so.
    pub(crate) fn until<T>(&self, what: &str, mut is_so: impl FnMut() -> Option<T>) -> T {
        let began = Instant::now();
        while began.elapsed() < PATIENCE {
            if let Some(found) = is_so() {
                return found;
            }
            std::thread::sleep(Duration::from_millis(200));
        }
        panic!("{what}: not after {PATIENCE:?}\n{}", self.log());
    }

    /// Waits until it has swept once.
    pub(crate) fn until_swept(&self) {
        self.until("the first sweep", || (self.metric("driftd_last_scan_timestamp_seconds") > 0.0).then_some(()));
    }

    /// Waits for the one finding of this kind in this state.
    pub(crate) fn until_is(&self, kind: &str, state: &str) -> Value {
        self.until(&format!("{kind} is {state}"), || {
            let found = self.findings().into_iter().find(|one| one["finding"]["kind"] == kind);
            found.filter(|one| one["life"]["state"]["name"] == state)
        })
    }
}

/// The daemon; killed when dropped.
pub(crate) struct Running(Child);

impl Running {
    /// Of the process.
    pub(crate) fn id(&self) -> u32 {
        self.0.id()
    }

    /// SIGTERM; -> the exit code.
    pub(crate) fn stop(mut self) -> i32 {
        let began = Instant::now();
        let id = self.0.id().to_string();
        assert!(Command::new("kill").arg(id).status().expect("kill").success());
        let code = self.0.wait().expect("it ends").code().unwrap_or(-1);
        assert!(began.elapsed() < Duration::from_secs(10), "it took {:?} to end", began.elapsed());
        code
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Fails if a file holds this.
pub(crate) fn assert_not_in(path: &Path, secret: &[u8]) {
    let bytes = fs::read(path).unwrap_or_default();
    assert!(!bytes.windows(secret.len()).any(|window| window == secret), "a secret in {}", path.display());
}
