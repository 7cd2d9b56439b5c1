//! The contract that every receiver is held to: what it does with every status, with silence, with hostile and with large messages, and that a
//! secret of it is never told. A false server on loopback takes what it sends.

pub(crate) mod aws;

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use bytes::Bytes;

use super::{Delivered, DeliveryError, Notice, Receiver, Tools};
use crate::environment::Environment;
use crate::secret::{Resolver, SecretRef};
use crate::wording::message::Message;
use crate::wording::samples;

/// What no error, log line or `Debug` may show.
pub(crate) const SECRET: &str = "whsec_aHVudGVyMi1odW50ZXIyLWh1bnRlcjI=";

/// A secret with this value.
pub(crate) fn secret(value: &str) -> SecretRef {
    let folder = std::env::temp_dir().join(format!("driftd-kit-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join(hex::encode(value));
    // At once: another test may be reading it.
    let mut whole = tempfile::NamedTempFile::new_in(&folder).unwrap();
    std::io::Write::write_all(&mut whole, value.as_bytes()).unwrap();
    whole.persist(&file).unwrap();
    SecretRef::File(file)
}

/// Interpreter with tests/requirements.txt: `$DRIFTD_TEST_PYTHON`, else the one that `make test` puts into .venv.
#[expect(clippy::disallowed_methods, reason = "which Python is the environment's to say")]
pub(crate) fn python() -> std::process::Command {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let path = std::env::var_os("DRIFTD_TEST_PYTHON").map_or_else(|| root.join(".venv/bin/python"), Into::into);
    assert!(path.is_file(), "no Python at {}: run `make test`, or set DRIFTD_TEST_PYTHON", path.display());
    let mut command = std::process::Command::new(path);
    command.current_dir(root);
    command
}

/// Something that a receiver sent.
#[derive(Debug, Clone)]
#[allow(dead_code, reason = "not every receiver looks at everything")]
pub(crate) struct Request {
    pub method: String,
    pub path: String,
    pub headers: HeaderMap,
    pub body: Bytes,
}

#[allow(dead_code, reason = "not every receiver looks at everything")]
impl Request {
    /// The header, or an empty text.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The body as JSON.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// A server that answers as it is told, and keeps what it got.
pub(crate) struct Server {
    pub url: String,
    state: Arc<ServerState>,
}

struct ServerState {
    status: AtomicU16,
    body: Mutex<String>,
    once: Mutex<VecDeque<(u16, String)>>,
    retry_after: Mutex<Option<String>>,
    requests: Mutex<Vec<Request>>,
}

impl Server {
    pub(crate) async fn start() -> Self {
        let state = Arc::new(ServerState {
            status: AtomicU16::new(200),
            body: Mutex::default(),
            once: Mutex::default(),
            retry_after: Mutex::default(),
            requests: Mutex::default(),
        });
        let router = Router::new().fallback(answer).with_state(Arc::clone(&state));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        #[expect(clippy::disallowed_methods, reason = "a server of a test ends with it")]
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, state }
    }

    /// What it answers from now on; a status of 0: nothing, for longer than anybody waits.
    pub(crate) fn answers(&self, status: u16, body: &str) {
        self.state.status.store(status, Ordering::SeqCst);
        body.clone_into(&mut self.state.body.lock().unwrap());
    }

    /// What it answers once, before that: first come, first served.
    pub(crate) fn answers_once(&self, status: u16, body: &str) {
        self.state.once.lock().unwrap().push_back((status, body.to_owned()));
    }

    pub(crate) fn retry_after(&self, value: Option<&str>) {
        *self.state.retry_after.lock().unwrap() = value.map(str::to_owned);
    }

    /// What it got since this was last asked.
    pub(crate) fn requests(&self) -> Vec<Request> {
        std::mem::take(&mut self.state.requests.lock().unwrap())
    }
}

async fn answer(
    State(state): State<Arc<ServerState>>,
    method: axum::http::Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, HeaderMap, String) {
    let request = Request { method: method.to_string(), path: uri.to_string(), headers, body };
    state.requests.lock().unwrap().push(request);
    let once = state.once.lock().unwrap().pop_front();
    let usual = || (state.status.load(Ordering::SeqCst), state.body.lock().unwrap().clone());
    let (status, body) = once.unwrap_or_else(usual);
    if status == 0 {
        tokio::time::sleep(Duration::from_secs(60)).await;
    }
    let mut headers = HeaderMap::new();
    if let Some(value) = state.retry_after.lock().unwrap().as_ref() {
        headers.insert("retry-after", value.parse().unwrap());
    }
    if (300..400).contains(&status) {
        headers.insert("location", "/elsewhere".parse().unwrap());
    }
    (StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), headers, body)
}

/// Tools with a client that loses patience soon.
pub(crate) async fn tools() -> Tools {
    let http = reqwest::Client::builder()
        .timeout(Duration::from_millis(300))
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap();
    let secrets = Arc::new(Resolver::new(Environment::default(), None).unwrap());
    Tools { http, secrets, aws: None }
}

pub(crate) fn notice(message: &Message) -> Notice<'_> {
    Notice {
        id: "ntc-0123456789abcdef",
        group: "grp-0123456789abcdef",
        handle: None,
        message,
        attempt: 1,
        now: "2026-11-28T12:00:00Z".parse().unwrap(),
    }
}

/// A message with a note of a language model.
pub(crate) fn noted() -> Message {
    let mut message = samples::message(1);
    message.items[0].generated_note = Some("noteworthy".to_owned());
    message
}

/// Is that note told, and as what it is?
pub(crate) fn is_marked(text: &str) -> bool {
    text.contains("noteworthy")
        && ["language model", "language_model", "generated"].iter().any(|mark| text.contains(mark))
}

/// A receiver that speaks HTTP.
pub(crate) struct Contract<'a> {
    /// The receiver, sending to this server. Every secret of it holds [`SECRET`].
    pub open: &'a dyn Fn(&str, &Tools) -> Box<dyn Receiver>,
    /// What the server answers when it has a message.
    pub success: (u16, &'a str),
    /// Which messages it may keep to itself.
    pub keeps: fn(&Message) -> bool,
    /// Called with every request of success: its form, its limits, its escaping.
    pub check: &'a dyn Fn(&Request),
}

impl Contract<'_> {
    pub(crate) async fn holds(&self) {
        let (server, tools) = (Server::start().await, tools().await);
        let receiver = (self.open)(&server.url, &tools);
        let (status, body) = self.success;
        server.answers(status, body);
        for (name, message) in samples::messages() {
            let sent = receiver.deliver(&notice(&message)).await;
            assert!(sent.is_ok(), "{name}: {sent:?}");
            let requests = server.requests();
            assert!((self.keeps)(&message) || !requests.is_empty(), "{name}: nothing was sent");
            requests.iter().for_each(|request| (self.check)(request));
        }
        let noted = noted();
        receiver.deliver(&notice(&noted)).await.unwrap();
        let requests = server.requests();
        assert!(requests.iter().any(|request| is_marked(&String::from_utf8_lossy(&request.body))), "no note");
        self.statuses(&server, receiver.as_ref()).await;
        self.silence(&server, receiver.as_ref()).await;
        drop(server);
        let gone = (self.open)("http://127.0.0.1:1", &tools);
        passes("nobody listens", gone.deliver(&notice(&samples::message(1))).await);
    }

    async fn statuses(&self, server: &Server, receiver: &dyn Receiver) {
        let message = samples::message(1);
        for status in [400, 405, 406, 409, 410, 413, 415, 422, 451] {
            server.answers(status, SECRET);
            refused(&format!("{status}"), receiver.deliver(&notice(&message)).await);
        }
        // An address or a credential that somebody has to correct loses no alert.
        for status in [301, 302, 401, 402, 403, 404, 407, 418] {
            server.answers(status, SECRET);
            passes(&format!("{status}"), receiver.deliver(&notice(&message)).await);
        }
        for status in [408, 425, 429, 500, 501, 502, 503, 504, 529] {
            server.answers(status, SECRET);
            passes(&format!("{status}"), receiver.deliver(&notice(&message)).await);
        }
        server.answers(429, "");
        server.retry_after(Some("17"));
        let told = receiver.deliver(&notice(&message)).await.unwrap_err();
        assert!(matches!(told, DeliveryError::Retry { after: Some(pause), .. } if pause.as_secs() == 17), "{told:?}");
        server.retry_after(None);
        server.requests();
    }

    async fn silence(&self, server: &Server, receiver: &dyn Receiver) {
        server.answers(0, "");
        passes("silence", receiver.deliver(&notice(&samples::message(1))).await);
    }
}

fn passes(what: &str, answer: Result<Delivered, DeliveryError>) {
    let error = answer.unwrap_err();
    assert!(matches!(error, DeliveryError::Retry { .. }), "{what}: {error:?}");
    is_clean(what, &error);
}

fn refused(what: &str, answer: Result<Delivered, DeliveryError>) {
    let error = answer.unwrap_err();
    assert!(matches!(error, DeliveryError::Refused { .. }), "{what}: {error:?}");
    is_clean(what, &error);
}

/// Nothing of a secret, and not longer than a line.
pub(crate) fn is_clean(what: &str, error: &DeliveryError) {
    for text in [error.to_string(), format!("{error:?}")] {
        assert!(!text.contains(SECRET) && !text.contains("hunter2"), "{what} tells a secret: {text}");
        assert!(text.len() < 500, "{what}: {text}");
    }
}

/// Has everything checked by what somebody else wrote, in Python: `tests/world/receivers.py`.
pub(crate) fn validated(what: &str, all: &[serde_json::Value]) {
    use std::io::Write as _;
    use std::process::Stdio;
    let mut command = python();
    command.args(["-m", "tests.world.receivers", what]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
    let lines: String = all.iter().map(|one| format!("{one}\n")).collect();
    // A validator that ended early says why on stderr.
    _ = child.stdin.take().unwrap().write_all(lines.as_bytes());
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{what}: {said}{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(said.trim(), format!("{} valid", all.len()), "{what}");
}
