//! What people are told: `driftd run` with receivers that answer, that are down, that refuse; killed in the middle; and what the commands say of
//! routes and receivers.

#![allow(clippy::expect_used, reason = "a test that cannot go on fails")]
#![allow(clippy::disallowed_methods, reason = "a receiver is down for a while")]

mod support;

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use support::shop::{GROUP, Shop};

/// A receiver of webhooks, or a model: answers with a status and a text, and keeps what it took.
struct Hook {
    url: String,
    status: Arc<AtomicU16>,
    /// Of each request: whether it was taken, the id (a model is given its key), the event.
    got: Arc<Mutex<Vec<(bool, String, Value)>>>,
}

impl Hook {
    fn new() -> Self {
        Self::saying("")
    }

    fn saying(says: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}/hook", listener.local_addr().expect("an address"));
        let hook = Self { url, status: Arc::new(AtomicU16::new(200)), got: Arc::default() };
        let (status, got) = (Arc::clone(&hook.status), Arc::clone(&hook.got));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (status, got) = (Arc::clone(&status), Arc::clone(&got));
                std::thread::spawn(move || take(stream, &status, says, &got));
            }
        });
        hook
    }

    fn answers(&self, status: u16) {
        self.status.store(status, Ordering::SeqCst);
    }

    /// The events that were taken, each id once.
    fn taken(&self) -> Vec<Value> {
        let got = self.got.lock().expect("no panic");
        let mut seen = BTreeSet::new();
        got.iter()
            .filter(|(taken, id, _)| *taken && seen.insert(id.clone()))
            .map(|(_, _, event)| event.clone())
            .collect()
    }

    /// Ids that were taken more than once.
    fn doubled(&self) -> Vec<String> {
        let got = self.got.lock().expect("no panic");
        let mut seen = BTreeSet::new();
        got.iter().filter(|(taken, id, _)| *taken && !seen.insert(id.clone())).map(|(_, id, _)| id.clone()).collect()
    }

    fn tries(&self) -> usize {
        self.got.lock().expect("no panic").len()
    }
}

fn take(stream: TcpStream, status: &AtomicU16, says: &str, got: &Mutex<Vec<(bool, String, Value)>>) {
    let mut reader = BufReader::new(stream);
    let (mut length, mut id) = (0, String::new());
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 {
            return;
        }
        let line = line.trim();
        if line.is_empty() {
            break;
        }
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.trim().parse().expect("a number"),
            "webhook-id" | "authorization" => value.trim().clone_into(&mut id),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    if reader.read_exact(&mut body).is_err() {
        return;
    }
    let status = status.load(Ordering::SeqCst);
    let event = serde_json::from_slice(&body).expect("JSON");
    got.lock().expect("no panic").push(((200..300).contains(&status), id, event));
    let length = says.len();
    let answer = format!("HTTP/1.1 {status} X\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{says}");
    let _ = reader.into_inner().write_all(answer.as_bytes());
}

/// The shop's configuration with receivers and routes.
fn with_receivers(shop: &Shop, more: &str) -> String {
    format!("{}\n{more}", shop.config())
}

fn occasions(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| event["data"]["occasion"].as_str().unwrap_or_default()).collect()
}

#[test]
fn one_act_is_one_message_and_its_end_another() {
    let (shop, hook, down) = (Shop::new(), Hook::new(), Hook::new());
    let place = &shop.place;
    place.configure(&with_receivers(
        &shop,
        &format!(
            "receivers:\n- {{name: hook, to: {{webhook: {{url: \"{}\"}}}}}}\n- {{name: down, to: {{webhook: {{url: \"{}\"}}}}}}\n\
             route:\n  receivers: [hook]\n  group_wait: 1s\n  group_interval: 1s\n  routes:\n  - match: {{severity: critical}}\n    \
             receivers: [hook, down]\n",
            hook.url, down.url
        ),
    ));
    assert!(place.said(&["notify", "test", "hook"]).contains("hook has it"));
    assert_eq!(occasions(&hook.taken()), ["test"]);
    let routes = place.said(&["routes", "test", "--severity", "critical", "--kind", GROUP]);
    assert!(routes.contains("hook  by route.routes[0]") && routes.contains("down  by route.routes[0]"), "{routes}");
    let routes = place.said(&["routes", "test", "--severity", "low"]);
    assert!(routes.contains("severity is low, and must be critical"), "{routes}");

    down.answers(503);
    let daemon = place.start();
    place.until_swept();
    shop.people("open");
    let opened =
        place.until("the alert", || hook.taken().into_iter().find(|event| event["data"]["occasion"] == "opened"));
    let message = &opened["data"];
    assert_eq!(message["severity"], "critical", "{message:#}");
    assert!(message["title"].as_str().expect("a title").contains("by mallory"), "{message:#}");
    let item = &message["items"][0];
    assert_eq!((item["kind"].as_str(), item["who"]["name"].as_str()), (Some(GROUP), Some("mallory")), "{item:#}");
    assert!(item["changes"].to_string().contains("0.0.0.0/0"), "{item:#}");
    let routes = place.said(&["routes", "test", "--finding", item["finding_id"].as_str().expect("an id")]);
    assert!(routes.contains("hook  by"), "{routes}");

    // Killed; what is not told yet is told by the next start, and what was told is not.
    drop(daemon);
    let daemon = place.start();
    shop.people("close");
    let told = |event: &Value| event["data"]["occasion"] == "resolved";
    let resolved = place.until("the end of it", || hook.taken().into_iter().find(told));
    assert_eq!(resolved["data"]["status"], "resolved");
    assert_eq!(resolved["subject"], opened["subject"], "of the same group");
    assert_eq!(occasions(&hook.taken()).iter().filter(|occasion| **occasion == "opened").count(), 1);
    assert_eq!(hook.doubled(), Vec::<String>::new());

    // The other one was down all the time: it is told everything, in order.
    assert!(down.tries() > 0 && down.taken().is_empty());
    let is_told = || place.get("/readyz").filter(|page| page.contains("receivers: down: it answered with 503"));
    place.until("what is wrong with it", is_told);
    down.answers(200);
    place.until("what it missed", || down.taken().iter().any(told).then_some(()));
    let occasions = occasions(&down.taken()).join(" ");
    assert!(occasions.starts_with("opened") && occasions.ends_with("resolved"), "{occasions}");
    assert_eq!(down.doubled(), Vec::<String>::new());
    std::thread::sleep(Duration::from_secs(2));
    assert_eq!(daemon.stop(), 0);
}

#[test]
fn what_a_receiver_refuses_is_not_tried_again() {
    let (shop, hook) = (Shop::new(), Hook::new());
    let place = &shop.place;
    place.configure(&with_receivers(
        &shop,
        &format!("receivers:\n- {{name: hook, to: {{webhook: {{url: \"{}\"}}}}}}\nroute: {{receivers: [hook], group_wait: 0s}}\n", hook.url),
    ));
    hook.answers(400);
    let refused = place.refused(&["notify", "test", "hook"]);
    assert!(refused.contains("hook does not have it: it answered with 400"), "{refused}");
    let daemon = place.start();
    place.until_swept();
    shop.people("open");
    place.until("the refusal", || {
        (place.metric_of("driftd_notices_total", "receiver=\"hook\",result=\"refused\"") == Some(1.0)).then_some(())
    });
    std::thread::sleep(Duration::from_secs(6));
    assert_eq!(hook.tries(), 2, "one by hand, one by the daemon");
    assert!(place.log().contains("the receiver refused an alert"));
    assert_eq!(daemon.stop(), 0);
}

const NOTE: &str = "SSH is open to the world: look at who uses it.";
const ANSWER: &str = r#"{"choices": [{"message": {"content": "SSH is open to the world: look at who uses it."}}]}"#;

#[test]
fn a_model_writes_a_note_and_one_that_fails_costs_nothing_but_the_note() {
    let (shop, hook, model) = (Shop::new(), Hook::new(), Hook::saying(ANSWER));
    let place = &shop.place;
    std::fs::write(place.path("model-key"), "hunter2\n").expect("it is writable");
    place.configure(&with_receivers(
        &shop,
        &format!(
            "receivers:\n- {{name: hook, to: {{webhook: {{url: \"{}\"}}}}}}\nroute: {{receivers: [hook], group_wait: 0s, group_interval: 0s}}\n\
             triage: {{openai: {{url: \"{}\", model: small, api_key: {{file: model-key}}}}}}\n",
            hook.url, model.url
        ),
    ));
    let daemon = place.start();
    place.until_swept();
    // The alert's first try fails: its note is kept, and the model is not asked again.
    hook.answers(503);
    shop.people("open");
    place.until("the first try", || (hook.tries() > 0).then_some(()));
    hook.answers(200);
    let opened = |number: usize| {
        let is_opened = |event: &Value| event["data"]["occasion"] == "opened";
        place.until("the alert", || hook.taken().into_iter().filter(is_opened).nth(number))
    };
    assert_eq!(opened(0)["data"]["items"][0]["generated_note"], NOTE);
    let tries: BTreeSet<String> =
        hook.got.lock().expect("no panic").iter().map(|(.., event)| event.to_string()).collect();
    assert_eq!(tries.len(), 1, "every try is the same: {tries:#?}");
    let asked = model.got.lock().expect("no panic").clone();
    let [(_, key, question)] = asked.as_slice() else { panic!("it is asked once: {asked:#?}") };
    assert_eq!((key.as_str(), question["model"].as_str()), ("Bearer hunter2", Some("small")));
    let question = question.to_string();
    assert!(question.contains("0.0.0.0/0") && question.contains(GROUP), "{question}");
    for personal in ["mallory", "123456789012", "198.51.100.7", "secret-of-the-test"] {
        assert!(!question.contains(personal), "{personal}: {question}");
    }
    shop.people("close");
    place.until("its end", || hook.taken().iter().any(|event| event["data"]["occasion"] == "resolved").then_some(()));
    assert_eq!(model.tries(), 1, "only a first message has a note");

    model.answers(500);
    shop.people("open");
    let second = opened(1);
    assert_eq!(second["data"]["items"][0]["generated_note"], Value::Null, "{second:#}");
    assert_eq!(model.tries(), 2);
    assert!(place.log().contains("no triage note"));
    assert_eq!(daemon.stop(), 0);
}
