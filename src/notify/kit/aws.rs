//! The counterparts of the receivers in AWS: moto, and a false server that refuses in every way. The same questions as [`super::Contract`]'s.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::{SECRET, Server, notice, passes, python, refused};
use crate::aws::Aws;
use crate::notify::receivers::ReceiverKind;
use crate::notify::{Receiver, Tools};
use crate::wording::samples;

/// The receiver that this line of a configuration is, if it is valid, and what was said about it.
pub(crate) fn config_of(kind: &str) -> (Option<ReceiverKind>, String) {
    let text = format!("version: 1\nreceivers:\n  - name: it\n    to:\n      {kind}\n");
    let shown =
        |found: Vec<crate::diagnostic::Diagnostic>| found.iter().map(|one| format!("{one}\n")).collect::<String>();
    match crate::config::parse("driftd.yaml", &text) {
        Ok(mut config) => (config.notify.receivers.pop().map(|receiver| receiver.kind), shown(config.warnings)),
        Err(mistakes) => (None, shown(mistakes)),
    }
}

/// Tools whose AWS is at this address; they lose patience soon.
pub(crate) async fn tools_at(endpoint: &str) -> Tools {
    let aws = Aws::at(endpoint, Duration::from_millis(300)).await;
    Tools { aws: Some(Arc::new(aws)), ..super::tools().await }
}

/// An error as services with JSON answer it.
pub(crate) fn json_error(code: &str, message: &str) -> String {
    json!({"__type": code, "message": message}).to_string()
}

/// An error as services with XML answer it.
pub(crate) fn xml_error(code: &str, message: &str) -> String {
    format!(
        "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>"
    )
}

/// A receiver in AWS.
pub(crate) struct Contract<'a> {
    pub open: &'a dyn Fn(&Tools) -> Box<dyn Receiver>,
    pub error: fn(&str, &str) -> String,
    /// The code for a target that is not there.
    pub absent: &'a str,
}

impl Contract<'_> {
    pub(crate) async fn holds(&self) {
        let server = Server::start().await;
        let tools = tools_at(&server.url).await;
        let receiver = (self.open)(&tools);
        let message = samples::message(1);
        for (status, code) in [
            (400, "ThrottlingException"),
            (429, "TooManyRequestsException"),
            (403, "ExpiredToken"),
            (400, "ExpiredTokenException"),
            (403, "InvalidClientTokenId"),
            (403, "UnrecognizedClientException"),
            (403, "SignatureDoesNotMatch"),
            (500, "InternalError"),
            (503, "ServiceUnavailable"),
            // Somebody has to correct these, and no alert is lost meanwhile.
            (403, "AccessDenied"),
            (403, "AccessDeniedException"),
            (400, self.absent),
            (404, self.absent),
        ] {
            // What AWS says about a signature repeats the session's token.
            let said = if code.starts_with("Signature") { SECRET } else { "later" };
            server.answers(status, &(self.error)(code, said));
            passes(code, receiver.deliver(&notice(&message)).await);
        }
        server.answers(400, &(self.error)("InvalidParameterValue", "no"));
        refused("what is about the message", receiver.deliver(&notice(&message)).await);
        for status in [500, 502, 504] {
            server.answers(status, "<html>not AWS</html>");
            passes("a broken answer", receiver.deliver(&notice(&message)).await);
        }
        server.answers(0, "");
        passes("silence", receiver.deliver(&notice(&message)).await);
        let gone = (self.open)(&tools_at("http://127.0.0.1:1").await);
        passes("nobody listens", gone.deliver(&notice(&message)).await);
        let without = Tools { aws: None, ..tools };
        let opened = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drop((self.open)(&without))));
        assert!(opened.is_err(), "without AWS it cannot be opened");
    }
}

/// Gives this to a validator of tests/world/receivers_aws.py, which fails with what is wrong.
pub(crate) fn validate(with: &str, value: &Value) {
    let mut command = python();
    command.args(["-m", "tests.world.receivers_aws", with]).stdin(Stdio::piped()).stderr(Stdio::piped());
    let mut process = command.spawn().unwrap();
    process.stdin.take().unwrap().write_all(value.to_string().as_bytes()).unwrap();
    let done = process.wait_with_output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

/// A private moto with topics, queues, a bus and Security Hub in it; see tests/world/receivers_aws.py. Ends when dropped.
pub(crate) struct World {
    process: Child,
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
    up: Value,
}

impl World {
    pub(crate) fn start() -> Self {
        let mut command = python();
        command.args(["-m", "tests.world.receivers_aws", "serve"]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let (stdin, stdout) = (process.stdin.take(), BufReader::new(process.stdout.take().unwrap()));
        let mut world = Self { process, stdin, stdout, up: Value::Null };
        world.up = world.answer();
        world
    }

    /// Something that it made when it started.
    pub(crate) fn named(&self, name: &str) -> String {
        self.up[name].as_str().unwrap().to_owned()
    }

    pub(crate) fn ask(&mut self, question: &str) -> Value {
        writeln!(self.stdin.as_mut().unwrap(), "{question}").unwrap();
        self.answer()
    }

    fn answer(&mut self) -> Value {
        let mut line = String::new();
        self.stdout.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap()
    }

    /// Tools whose AWS it is.
    pub(crate) async fn tools(&self) -> Tools {
        let patience = Duration::from_secs(20);
        let aws = Aws::at(&self.named("endpoint"), patience).await;
        let http = reqwest::Client::builder().timeout(patience).no_proxy().build().unwrap();
        Tools { http, aws: Some(Arc::new(aws)), ..super::tools().await }
    }
}

impl Drop for World {
    fn drop(&mut self) {
        drop(self.stdin.take()); // it ends with its stdin
        let _ = self.process.wait();
    }
}
