//! What the stories in tests/ share: the Python of the false world, a recorded account behind doors that can fail, and one
//! way to run `driftd scan`. Knows nothing of what a report should say.

#![allow(dead_code, reason = "every test file uses its own part")]

pub(crate) mod cycle;
pub(crate) mod daemon;
pub(crate) mod shop;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

/// Interpreter with tests/requirements.txt: `$DRIFTD_TEST_PYTHON`, else the one `make test` puts into .venv.
#[expect(clippy::disallowed_methods, reason = "which Python is the environment's to say")]
pub(crate) fn python() -> Command {
    let named = std::env::var_os("DRIFTD_TEST_PYTHON").map(PathBuf::from);
    let path = named.unwrap_or_else(|| root().join(".venv/bin/python"));
    assert!(path.is_file(), "no Python at {}: run `make test`, or set DRIFTD_TEST_PYTHON", path.display());
    let mut command = Command::new(path);
    command.current_dir(root());
    command
}

/// Lets the AWS SDK of this very process talk to this endpoint, and to nothing of this machine.
#[expect(unsafe_code, reason = "the SDK of this process reads its environment, and no thread runs yet")]
#[expect(clippy::disallowed_methods, reason = "clears what the machine sets for AWS")]
pub(crate) fn point_aws_at(endpoint: &str) {
    let set = |name: &str, value: &str| {
        // SAFETY: whoever calls this is the only test of its process, and no other thread runs yet.
        unsafe { std::env::set_var(name, value) }
    };
    let old: Vec<String> = std::env::vars().map(|(name, _)| name).filter(|name| name.starts_with("AWS_")).collect();
    // SAFETY: as above.
    old.iter().for_each(|name| unsafe { std::env::remove_var(name) });
    set("AWS_ENDPOINT_URL", endpoint);
    set("AWS_ACCESS_KEY_ID", "test");
    set("AWS_SECRET_ACCESS_KEY", "test");
    set("AWS_REGION", "us-east-1");
    set("AWS_EC2_METADATA_DISABLED", "true");
    set("AWS_CONFIG_FILE", "/dev/null");
    set("AWS_SHARED_CREDENTIALS_FILE", "/dev/null");
}

pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// A recorded account in a private moto, with as many doors (endpoints) as asked for. Stops when dropped.
pub(crate) struct World {
    process: Child,
    doors: Vec<String>,
    /// moto itself, for changes by hand.
    pub moto: String,
    pub state: PathBuf,
    /// Everything that the world said when it was up.
    pub announced: Value,
}

impl World {
    pub(crate) fn recorded(name: &str, doors: usize) -> Self {
        Self::serve(&["serve", "--world", name, "--doors", &doors.to_string()])
    }

    /// With one door that cuts every listing into pages of so many items.
    pub(crate) fn paged(name: &str, page: usize) -> Self {
        Self::serve(&["serve", "--world", name, "--page", &page.to_string()])
    }

    /// Many accounts, each with its role, its state and so many regions, behind one door; see `build` in tests/world/accounts.py.
    pub(crate) fn accounts(accounts: usize, regions: usize) -> Self {
        Self::serve(&["accounts", "--accounts", &accounts.to_string(), "--regions", &regions.to_string()])
    }

    /// An AWS organization behind one door; see `build` in tests/world/organization.py.
    pub(crate) fn organization() -> Self {
        Self::serve(&["organization"])
    }

    fn serve(arguments: &[&str]) -> Self {
        let mut process = python()
            .args(["-m", "tests.world"])
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python starts");
        let mut line = String::new();
        let stdout = process.stdout.take().expect("stdout is piped");
        BufReader::new(stdout).read_line(&mut line).expect("the world speaks");
        let up: Value = serde_json::from_str(&line).expect("the world says in JSON that it is up");
        let text = |value: &Value| value.as_str().expect("a string").to_owned();
        let doors = up["doors"].as_array().expect("doors").iter().map(text).collect();
        Self { process, doors, moto: text(&up["moto"]), state: text(&up["state"]).into(), announced: up }
    }

    /// Several people change the account; their CloudTrail logs go to `logs` and to `s3://acme-trail`. See `people_at_work` in
    /// tests/world/__main__.py for what comes back.
    pub(crate) fn people(&self, logs: &Path) -> Value {
        let arguments = ["-m", "tests.world", "people", "--endpoint", &self.moto, "--logs"];
        let done = python().args(arguments).arg(logs).output().expect("python starts");
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        serde_json::from_slice(&done.stdout).expect("JSON")
    }

    pub(crate) fn door(&self, index: usize) -> Door<'_> {
        Door { endpoint: &self.doors[index], state: &self.state }
    }
}

impl Drop for World {
    fn drop(&mut self) {
        drop(self.process.stdin.take()); // the world ends with its stdin
        let _ = self.process.wait();
    }
}

/// One endpoint of a [`World`].
pub(crate) struct Door<'a> {
    pub endpoint: &'a str,
    state: &'a Path,
}

/// What happened at a door since its last fault was set.
pub(crate) struct Seen {
    /// Operations, in order: `ec2:DescribeVpcs`.
    pub calls: Vec<String>,
    /// How often the fault struck.
    pub struck: u64,
    /// How the calls ended, in the order of their ends.
    pub ended: Vec<Ended>,
}

/// The end of one call.
#[derive(serde::Deserialize)]
pub(crate) struct Ended {
    pub operation: String,
    /// Of the assumed role; empty for the base credentials.
    pub account: String,
    pub region: String,
    /// `answered`, or the fault.
    pub how: String,
}

impl Door<'_> {
    /// See `Fault` in tests/world/faults.py; a list for several, `null` for none.
    pub(crate) fn fault(&self, fault: &Value) {
        self.talk("PUT", "/_door", &fault.to_string());
    }

    /// What LookupEvents answers from now on, at every door: the records of these log files. `throttled`: as AWS does.
    pub(crate) fn history(&self, logs: &Path, throttled: bool) {
        self.talk("PUT", "/_history", &serde_json::json!({"folder": logs, "throttled": throttled}).to_string());
    }

    pub(crate) fn seen(&self) -> Seen {
        let answer: Value = serde_json::from_str(&self.talk("GET", "/_door", "")).expect("JSON");
        let calls = answer["calls"].as_array().expect("calls");
        Seen {
            calls: calls.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            struck: answer["struck"].as_u64().expect("struck"),
            ended: serde_json::from_value(answer["ended"].clone()).expect("ends"),
        }
    }

    pub(crate) fn scan(&self) -> Scan {
        self.scan_with(&[])
    }

    pub(crate) fn scan_with(&self, arguments: &[&str]) -> Scan {
        scan(self.endpoint, self.state, arguments)
    }

    fn talk(&self, method: &str, target: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(self.endpoint.trim_start_matches("http://")).expect("the door is open");
        let length = body.len();
        write!(stream, "{method} {target} HTTP/1.1\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}")
            .expect("the door listens");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("the door answers");
        answer.split_once("\r\n\r\n").expect("an HTTP answer").1.to_owned()
    }
}

/// One run of `driftd scan --format json`.
pub(crate) struct Scan {
    pub code: i32,
    pub stderr: String,
    /// `None` when stdout was no report.
    pub report: Option<Value>,
}

impl Scan {
    pub(crate) fn of(done: &Output) -> Self {
        Self {
            code: done.status.code().unwrap_or(-1),
            stderr: String::from_utf8_lossy(&done.stderr).into_owned(),
            report: serde_json::from_slice(&done.stdout).ok(),
        }
    }

    /// `address: drift` of every finding of this kind of drift.
    pub(crate) fn findings(&self, drift: &str) -> Vec<String> {
        let findings = self.report.as_ref().and_then(|report| report["findings"].as_array());
        let of_kind = findings.into_iter().flatten().filter(|finding| finding["drift"] == drift);
        of_kind.map(|f| f["address"].as_str().unwrap_or(f["id"].as_str().unwrap_or("?")).to_owned()).collect()
    }

    pub(crate) fn gaps(&self) -> usize {
        self.report.as_ref().and_then(|report| report["gaps"].as_array()).map_or(0, Vec::len)
    }
}

/// Runs `driftd scan --format json` against one endpoint.
pub(crate) fn scan(endpoint: &str, state: &Path, arguments: &[&str]) -> Scan {
    Scan::of(&driftd(endpoint, state, &[&["scan", "--format", "json"], arguments].concat()))
}

/// Runs the program against one endpoint, with nothing of this machine's AWS settings.
pub(crate) fn driftd(endpoint: &str, state: &Path, arguments: &[&str]) -> Output {
    command(endpoint, state, arguments).output().expect("driftd starts")
}

/// The same, with the highest resident memory in KiB (Linux; elsewhere 0).
pub(crate) fn driftd_measured(endpoint: &str, state: &Path, arguments: &[&str]) -> (Output, u64) {
    let mut command = command(endpoint, state, arguments);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("driftd starts");
    let status = format!("/proc/{}/status", child.id());
    let ended = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        let watch = scope.spawn(|| {
            let mut peak = 0;
            while !ended.load(std::sync::atomic::Ordering::Relaxed) {
                let text = std::fs::read_to_string(&status).unwrap_or_default();
                let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
                peak = line.and_then(|kib| kib.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0).max(peak);
                std::thread::sleep(std::time::Duration::from_millis(20));
            }
            peak
        });
        let output = child.wait_with_output().expect("driftd ends");
        ended.store(true, std::sync::atomic::Ordering::Relaxed);
        (output, watch.join().expect("no thread panicked"))
    })
}

fn command(endpoint: &str, state: &Path, arguments: &[&str]) -> Command {
    let mut command = program(endpoint);
    command.args(arguments).arg("--state").arg(state);
    command
}

/// The program against one endpoint, with nothing of this machine's AWS settings.
#[expect(clippy::disallowed_methods, reason = "clears what the machine sets for AWS and driftd")]
pub(crate) fn program(endpoint: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_driftd"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("AWS_") || name.starts_with("DRIFTD_")) {
        command.env_remove(name);
    }
    command
        .env("AWS_ENDPOINT_URL", endpoint)
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .env("AWS_REGION", "us-east-1")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_CONFIG_FILE", "/dev/null")
        .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null");
    command
}
