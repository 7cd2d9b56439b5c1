//! A false Slack for tests: it keeps channels, messages and threads, people and groups; refuses what Slack refuses, by Slack's own limits; and fails
//! when it is told to.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use bytes::Bytes;
use regex::Regex;
use serde_json::{Value, json};
use url::form_urlencoded;

/// The token that it takes.
pub(crate) const TOKEN: &str = "xoxb-whsec_aHVudGVyMi1odW50ZXIyLWh1bnRlcjI";
pub(crate) const APP_TOKEN: &str = "xapp-whsec_aHVudGVyMi1odW50ZXIyLWh1bnRlcjI";
pub(crate) const CHANNEL: &str = "C0123456789";

/// What goes wrong with the next call of a method.
#[derive(Debug, Clone)]
pub(crate) enum Fault {
    /// `ok: false`, with this word.
    Refuse(&'static str),
    /// Done, but its answer is lost.
    LoseAnswer,
    Status(u16),
}

/// Slack.
#[derive(Clone)]
pub(crate) struct Slack {
    pub url: String,
    state: Arc<Mutex<World>>,
}

#[derive(Default)]
struct World {
    clock: u64,
    /// All messages, replies too, in the order of their times.
    messages: Vec<Value>,
    ephemeral: Vec<Value>,
    views: Vec<Value>,
    calls: Vec<String>,
    faults: BTreeMap<String, VecDeque<Fault>>,
    /// Where Socket Mode is, one address for each connection.
    sockets: VecDeque<String>,
}

impl Slack {
    pub(crate) async fn start() -> Self {
        let state: Arc<Mutex<World>> = Arc::default();
        let router = Router::new().route("/api/{method}", axum::routing::post(call)).with_state(Arc::clone(&state));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/api", listener.local_addr().unwrap());
        #[expect(clippy::disallowed_methods, reason = "a server of a test ends with it")]
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, state }
    }

    pub(crate) fn fault(&self, method: &str, fault: Fault) {
        self.state.lock().unwrap().faults.entry(method.to_owned()).or_default().push_back(fault);
    }

    /// The methods that were called since this was last asked.
    pub(crate) fn calls(&self) -> Vec<String> {
        std::mem::take(&mut self.state.lock().unwrap().calls)
    }

    /// Messages of the channel itself.
    pub(crate) fn channel(&self) -> Vec<Value> {
        self.state.lock().unwrap().messages.iter().filter(|one| one.get("thread_ts").is_none()).cloned().collect()
    }

    /// Replies, of all threads.
    pub(crate) fn replies(&self) -> Vec<Value> {
        self.state.lock().unwrap().messages.iter().filter(|one| one.get("thread_ts").is_some()).cloned().collect()
    }

    pub(crate) fn delete(&self, ts: &str) {
        self.state.lock().unwrap().messages.retain(|one| one["ts"] != ts);
    }

    /// What single people were told.
    pub(crate) fn ephemeral(&self) -> Vec<Value> {
        std::mem::take(&mut self.state.lock().unwrap().ephemeral)
    }

    /// Views that were opened.
    pub(crate) fn views(&self) -> Vec<Value> {
        std::mem::take(&mut self.state.lock().unwrap().views)
    }

    pub(crate) fn socket(&self, url: &str) {
        self.state.lock().unwrap().sockets.push_back(url.to_owned());
    }
}

async fn call(
    State(state): State<Arc<Mutex<World>>>,
    Path(method): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, HeaderMap, String) {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let is_form = header("content-type").starts_with("application/x-www-form-urlencoded");
    let body: Value = match is_form {
        true => form_urlencoded::parse(&body)
            .map(|(key, value)| (key.into_owned(), Value::from(value)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        false => serde_json::from_slice(&body).unwrap_or_default(),
    };
    let mut world = state.lock().unwrap();
    world.calls.push(method.clone());
    let fault = world.faults.get_mut(&method).and_then(VecDeque::pop_front);
    let mut more = HeaderMap::new();
    let said = match &fault {
        Some(Fault::Status(status)) => return (StatusCode::from_u16(*status).unwrap(), more, String::new()),
        Some(Fault::Refuse(word)) => {
            if *word == "ratelimited" {
                more.insert("retry-after", "30".parse().unwrap());
            }
            json!({"ok": false, "error": word, "needed": "channels:history"})
        }
        Some(Fault::LoseAnswer) | None => {
            let token = if method == "apps.connections.open" { APP_TOKEN } else { TOKEN };
            match header("authorization") == format!("Bearer {token}") {
                true => world.answer(&method, &body, is_form),
                false => json!({"ok": false, "error": "invalid_auth"}),
            }
        }
    };
    match fault {
        Some(Fault::LoseAnswer) => (StatusCode::GATEWAY_TIMEOUT, more, String::new()),
        _ => (StatusCode::OK, more, said.to_string()),
    }
}

impl World {
    fn answer(&mut self, method: &str, body: &Value, is_form: bool) -> Value {
        let refused = |word: &str| json!({"ok": false, "error": word});
        // Methods that only read take no JSON.
        let reads = [
            "conversations.history",
            "conversations.replies",
            "users.info",
            "users.lookupByEmail",
            "usergroups.users.list",
        ];
        if reads.contains(&method) != is_form && method != "auth.test" && method != "apps.connections.open" {
            return refused("invalid_arguments");
        }
        let text = |key: &str| body[key].as_str().unwrap_or_default();
        let is_message = method.starts_with("chat.");
        if is_message || method.starts_with("conversations.") {
            if text("channel") != CHANNEL {
                return refused("channel_not_found");
            }
            if let Some(problem) = is_message.then(|| problem(body)).flatten() {
                return json!({"ok": false, "error": "invalid_blocks", "problem": problem});
            }
        }
        match method {
            "chat.postMessage" => {
                let thread = body.get("thread_ts").cloned();
                if thread.as_ref().is_some_and(|ts| !self.messages.iter().any(|one| one["ts"] == *ts)) {
                    return refused("thread_not_found");
                }
                self.clock += 1;
                let mut message = body.clone();
                message["ts"] = json!(format!("{}.{:06}", 1_767_362_700 + self.clock, self.clock));
                self.messages.push(message.clone());
                json!({"ok": true, "channel": CHANNEL, "ts": message["ts"], "message": message})
            }
            "chat.update" => {
                let Some(message) = self.messages.iter_mut().find(|one| one["ts"] == body["ts"]) else {
                    return refused("message_not_found");
                };
                *message = body.clone();
                json!({"ok": true, "channel": CHANNEL, "ts": body["ts"]})
            }
            "chat.postEphemeral" => {
                self.ephemeral.push(body.clone());
                json!({"ok": true, "message_ts": "1.1"})
            }
            "conversations.history" | "conversations.replies" => {
                let oldest: f64 = text("oldest").parse().unwrap_or_default();
                let is_asked = |one: &&Value| match method {
                    "conversations.history" => one.get("thread_ts").is_none(),
                    _ => one["ts"] == body["ts"] || one["thread_ts"] == body["ts"],
                };
                let after = |one: &&Value| one["ts"].as_str().unwrap().parse::<f64>().unwrap() > oldest;
                let mut found: Vec<Value> = self.messages.iter().filter(is_asked).filter(after).cloned().collect();
                if text("include_all_metadata") != "true" {
                    found.iter_mut().for_each(|one| one["metadata"] = Value::Null);
                }
                found.reverse();
                // One per page, so that pages are needed.
                let at: usize = text("cursor").parse().unwrap_or_default();
                let next = if at + 1 < found.len() { (at + 1).to_string() } else { String::new() };
                let page: Vec<Value> = found.into_iter().skip(at).take(1).collect();
                json!({"ok": true, "messages": page, "response_metadata": {"next_cursor": next}})
            }
            "users.lookupByEmail" => match text("email") {
                "alice@example.com" => json!({"ok": true, "user": {"id": "U0ALICE"}}),
                _ => refused("users_not_found"),
            },
            "users.info" => match user(text("user")) {
                Some(user) => json!({"ok": true, "user": user}),
                None => refused("user_not_found"),
            },
            "usergroups.users.list" => match text("usergroup") {
                "S0OPS" => json!({"ok": true, "users": ["U0BOB", "U0NOBODY"]}),
                _ => refused("no_such_subteam"),
            },
            "auth.test" => json!({"ok": true, "team_id": "T0HOME", "user_id": "U0BOT"}),
            "views.open" => {
                if text("trigger_id").is_empty() {
                    return refused("invalid_trigger_id");
                }
                self.views.push(body["view"].clone());
                json!({"ok": true})
            }
            "apps.connections.open" => match self.sockets.pop_front() {
                Some(url) => json!({"ok": true, "url": url}),
                None => refused("internal_error"),
            },
            _ => refused("unknown_method"),
        }
    }
}

/// People: of the workspace, and one of another whose address nobody here confirmed.
fn user(id: &str) -> Option<Value> {
    let of = |email: &str, team: &str, more: Value| {
        let mut user = json!({"id": id, "team_id": team, "name": "x", "deleted": false, "is_bot": false, "profile": {"email": email}});
        user.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        Some(user)
    };
    match id {
        "U0BOB" => of("bob@example.com", "T0HOME", json!({"is_email_confirmed": true})),
        "U0ALICE" => of("Alice@Example.com", "T0HOME", json!({})),
        "U0EVE" => of("alice@example.com", "T0ELSEWHERE", json!({"is_stranger": true})),
        "U0EVE2" => of("alice@example.com", "T0ELSEWHERE", json!({})),
        "U0UNPROVEN" => of("alice@example.com", "T0HOME", json!({"is_email_confirmed": false})),
        "U0GONE" => of("alice@example.com", "T0HOME", json!({"deleted": true})),
        _ => None,
    }
}

/// What Slack, or we, would not take of a message (<https://docs.slack.dev/reference/block-kit/blocks>).
pub(crate) fn problem(body: &Value) -> Option<String> {
    let text = body["text"].as_str().unwrap_or_default();
    if text.is_empty() || text.chars().count() > 4_000 {
        return Some("text".to_owned());
    }
    let none = Vec::new();
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let (blocks, attachments) = (list(&body["blocks"]), list(&body["attachments"]));
    let size: usize = blocks.iter().chain(&attachments).map(|one| one.to_string().chars().count()).sum();
    if size > 8_000 {
        return Some(format!("msg_blocks_too_long: {size}"));
    }
    let inner: Vec<Value> =
        attachments.iter().flat_map(|one| one["blocks"].as_array().unwrap_or(&none).clone()).collect();
    if blocks.len() > 50 || inner.len() > 50 || attachments.len() > 20 {
        return Some("too many blocks".to_owned());
    }
    if let Some(color) =
        attachments.iter().map(|one| one["color"].as_str().unwrap_or_default()).find(|one| one.len() != 7)
    {
        return Some(format!("color {color}"));
    }
    [sequences(text), code(text)].into_iter().chain(blocks.iter().chain(&inner).map(block)).flatten().next()
}

fn block(block: &Value) -> Option<String> {
    let list = |key: &str| block[key].as_array().cloned().unwrap_or_default();
    let id = block["block_id"].as_str().unwrap_or_default();
    if id.len() > 255 {
        return Some("block_id".to_owned());
    }
    match block["type"].as_str().unwrap_or_default() {
        "header" => words(&block["text"], 150, false),
        "section" => {
            let fields = list("fields");
            if fields.len() > 10 || (fields.is_empty() && block["text"].is_null()) {
                return Some("fields".to_owned());
            }
            let text = (!block["text"].is_null()).then(|| words(&block["text"], 3_000, true)).flatten();
            text.or_else(|| fields.iter().find_map(|field| words(field, 2_000, true)))
        }
        "context" => {
            let elements = list("elements");
            if elements.is_empty() || elements.len() > 10 {
                return Some("elements of a context".to_owned());
            }
            elements.iter().find_map(|one| words(one, 2_000, true))
        }
        "actions" => {
            let elements = list("elements");
            if elements.is_empty() || elements.len() > 25 {
                return Some("elements of actions".to_owned());
            }
            elements.iter().find_map(element)
        }
        other => Some(format!("block {other}")),
    }
}

fn element(element: &Value) -> Option<String> {
    if element["action_id"].as_str().is_none_or(|id| id.is_empty() || id.len() > 255) {
        return Some("action_id".to_owned());
    }
    match element["type"].as_str().unwrap_or_default() {
        "button" => {
            let value = element["value"].as_str().unwrap_or_default();
            words(&element["text"], 75, false).or((value.len() > 2_000).then(|| "value".to_owned()))
        }
        "static_select" => {
            let options = element["options"].as_array().cloned().unwrap_or_default();
            if options.is_empty() || options.len() > 100 {
                return Some("options".to_owned());
            }
            let of = |one: &Value| {
                words(&one["text"], 75, false).or((one["value"].as_str()?.len() > 75).then(|| "value".to_owned()))
            };
            words(&element["placeholder"], 150, false).or_else(|| options.iter().find_map(of))
        }
        other => Some(format!("element {other}")),
    }
}

fn words(object: &Value, limit: usize, may_format: bool) -> Option<String> {
    let text = object["text"].as_str().unwrap_or_default();
    let is_plain = object["type"] == "plain_text";
    let is_formatted = may_format && object["type"] == "mrkdwn" && object["verbatim"] == true;
    if !is_plain && !is_formatted {
        return Some(format!("not a text here: {object}"));
    }
    if text.is_empty() || text.chars().count() > limit {
        return Some(format!("{} characters, of at most {limit}", text.chars().count()));
    }
    if is_plain && text.contains(['<', '>']) {
        return Some(format!("not escaped: {text}"));
    }
    sequences(text).or_else(|| (!is_plain).then(|| code(text)).flatten())
}

/// Nothing but mentions of people and links of ours may stand in angle brackets.
fn sequences(text: &str) -> Option<String> {
    let known = Regex::new(r"<@[A-Z0-9]+>|<https?://[^<>|\s`]+\|[^<>|]+>|&amp;|&lt;|&gt;").unwrap();
    let rest = known.replace_all(text, "");
    rest.contains(['<', '>', '&']).then(|| format!("a control sequence in: {text}"))
}

/// Code ends where it is to end.
fn code(text: &str) -> Option<String> {
    (!text.matches('`').count().is_multiple_of(2)).then(|| format!("code that does not end: {text}"))
}
