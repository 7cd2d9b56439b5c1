//! The relay of the tests (tests/world/mailbox.py) as a value, and its mails as Python read them.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use serde_json::{Value, json};

use crate::notify::kit;
use crate::notify::receivers::email::config::{Config, LoginConfig, Thread, Tls, Username};

/// The relay, behind its stdin and stdout. Stops when dropped.
pub(super) struct Mailbox {
    process: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
    ports: Value,
    pub(super) folder: tempfile::TempDir,
}

impl Mailbox {
    pub(super) fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut command = kit::python();
        command.args(["-m", "tests.world.mailbox"]).arg(folder.path());
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let stdin = process.stdin.take().unwrap();
        let stdout = BufReader::new(process.stdout.take().unwrap());
        let mut mailbox = Self { process, stdin, stdout, ports: Value::Null, folder };
        mailbox.ports = mailbox.line();
        mailbox.tell(json!({"password": kit::SECRET}));
        mailbox
    }

    fn line(&mut self) -> Value {
        let mut line = String::new();
        self.stdout.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|_| panic!("the relay of the test ended: {line:?}"))
    }

    /// Sets what it answers; gives the mails that came since.
    pub(super) fn tell(&mut self, what: Value) -> Vec<Value> {
        writeln!(self.stdin, "{what}").unwrap();
        let told = self.line();
        assert_eq!(told["unknown"], json!([]));
        told["mails"].as_array().unwrap().clone()
    }

    pub(super) fn mails(&mut self) -> Vec<Value> {
        self.tell(json!({}))
    }

    pub(super) fn port(&self, name: &str) -> u16 {
        self.ports[name].as_u64().unwrap().try_into().unwrap()
    }

    pub(super) fn config(&self, port: &str) -> Config {
        let tls = match port {
            "starttls" => Tls::Starttls,
            "implicit" => Tls::Implicit,
            _ => Tls::None,
        };
        let login = (tls != Tls::None).then(|| LoginConfig {
            username: Username::Plain("driftd".to_owned()),
            password: kit::secret(kit::SECRET),
        });
        Config {
            port: self.port(port),
            tls,
            ca_file: Some(PathBuf::from(self.ports["ca"].as_str().unwrap())),
            login,
            ..config()
        }
    }
}

impl Drop for Mailbox {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn config() -> Config {
    Config {
        host: "localhost".to_owned(),
        port: 1,
        tls: Tls::None,
        ca_file: None,
        login: None,
        from: "driftd <driftd@example.com>".parse().unwrap(),
        to: vec!["On call <oncall@example.com>".parse().unwrap(), "platform@example.com".parse().unwrap()],
        reply_to: Some("secops@example.com".parse().unwrap()),
        thread: Thread::Daily,
        max_items: None,
    }
}

/// The text of this type.
pub(super) fn part<'a>(mail: &'a Value, kind: &str) -> &'a str {
    let parts = mail["parts"].as_array().unwrap();
    parts.iter().find(|part| part[0] == kind).and_then(|part| part[1].as_str()).unwrap()
}

/// The header, which may stand there once.
pub(super) fn header<'a>(mail: &'a Value, name: &str) -> Option<&'a str> {
    let all: Vec<&Value> = mail["headers"].as_array().unwrap().iter().filter(|header| header[0] == name).collect();
    assert!(all.len() <= 1, "{name} stands there more than once: {all:?}");
    all.first().and_then(|header| header[1].as_str())
}
