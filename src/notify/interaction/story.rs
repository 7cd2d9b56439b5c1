//! Presses from end to end: what Slack sends comes in over either way, is answered at once, is done if whoever pressed may, and told.

use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::routing::post;
use bytes::Bytes;
use futures::{SinkExt as _, StreamExt as _};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::json;
use sha2::Sha256;
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use url::form_urlencoded;

use super::http::{Interactivity, PATH, interactivity};
use super::tests::payload;
use super::*;
use crate::notify::config::ReceiverConfig;
use crate::notify::kit;
use crate::notify::receivers::ReceiverKind;
use crate::notify::receivers::slack::fake::{APP_TOKEN, CHANNEL, Fault, Slack};
use crate::notify::receivers::slack::{Allow, Buttons, Door, fake, tests::with_buttons};
use crate::notify::targets::mark;
use crate::store::Store;
use crate::wording::samples;

const SIGNING: &str = "8f742231b10e8888abcd99yyyzzz85a5";

fn clock() -> Clock {
    Arc::new(samples::now)
}

/// Bob may by his group, Alice by her address.
fn allow() -> Allow {
    let one = |text: &str| std::iter::once(text.to_owned()).collect();
    Allow { user_groups: one("S0OPS"), emails: one("alice@example.com") }
}

async fn app(slack: &Slack, door: Door, allow: Allow) -> Arc<App> {
    let config = with_buttons(&slack.url, Buttons { door, allow });
    let (show_values, send_resolved) = (true, true);
    let (name, kind, template) = ("ops".to_owned(), ReceiverKind::Slack(config), crate::notify::Template::default());
    let receiver = ReceiverConfig { name, kind, show_values, send_resolved, template };
    let mut apps =
        apps(&[receiver.clone(), ReceiverConfig { name: "again".to_owned(), ..receiver }], &kit::tools().await);
    assert_eq!(apps.len(), 1, "receivers with the same secret are one app");
    apps.remove(0)
}

fn socket_door() -> Door {
    Door::Socket(kit::secret(APP_TOKEN))
}

async fn states(store: &Store) -> Vec<String> {
    let all = store.finding_list(&crate::store::FindingFilter::default()).await.unwrap();
    all.iter().map(|one| one.life.state.name().as_str().to_owned()).collect()
}

#[tokio::test]
async fn only_who_is_named_may_press_and_every_press_is_audited() {
    let slack = Slack::start().await;
    let (_folder, store, targets) = crate::notify::press::tests::world(2).await;
    let desk = Desk::new(store.clone(), clock());
    let press = |user: &str| Interaction {
        user: user.to_owned(),
        channel: CHANNEL.to_owned(),
        targets: targets.clone(),
        wish: Wish::Do(Action::Acknowledge),
    };
    let app = app(&slack, socket_door(), allow()).await;
    let place = app.place(&press("U0BOB")).unwrap();
    let elsewhere = Interaction { channel: "C0OTHER".to_owned(), ..press("U0BOB") };
    assert!(app.place(&elsewhere).is_none());
    let mut another = press("U0BOB");
    another.targets.receiver = mark("nobody");
    assert!(app.place(&another).is_none());
    // Eve has Alice's address in another workspace; the others are gone, or never confirmed it.
    for user in ["U0EVE", "U0EVE2", "U0UNPROVEN", "U0GONE", "U0STRANGER"] {
        desk.on_press(&place, press(user)).await;
        let told = slack.ephemeral().remove(0);
        assert!(told["text"].as_str().unwrap().starts_with("Not done: "), "{user}: {told}");
        assert_eq!(told["user"], user);
        let entry = store.audit_list(1).await.unwrap().remove(0).entry;
        assert_eq!((entry.actor, entry.action), (format!("slack:{user}"), "finding.acknowledge.refused".to_owned()));
    }
    assert_eq!(states(&store).await, ["open", "open"]);
    // Slack cannot be asked: nobody may.
    slack.fault("usergroups.users.list", Fault::Status(503));
    let not_asked_yet = self::app(&slack, socket_door(), allow()).await.place(&press("U0BOB")).unwrap();
    desk.on_press(&not_asked_yet, press("U0BOB")).await;
    assert!(slack.ephemeral()[0]["text"].as_str().unwrap().contains("cannot be found out now"));
    assert_eq!(states(&store).await, ["open", "open"]);
    desk.on_press(&place, press("U0BOB")).await;
    assert_eq!(slack.ephemeral()[0]["text"], "You acknowledged 2 findings.");
    assert_eq!(states(&store).await, ["acknowledged", "acknowledged"]);
    assert_eq!(store.audit_list(1).await.unwrap()[0].entry.actor, "slack:bob@example.com");
    let snooze = Wish::Do(Action::Snooze { until: "2026-01-03T14:05:00Z".parse().unwrap() });
    desk.on_press(&place, Interaction { wish: snooze, ..press("U0ALICE") }).await;
    assert_eq!(slack.ephemeral()[0]["text"], "You snoozed 2 findings until 2026-01-03 14:05 UTC.");
    assert_eq!(store.audit_list(1).await.unwrap()[0].entry.actor, "slack:alice@example.com");
    // Nobody is named.
    let empty = self::app(&slack, socket_door(), Allow::default()).await.place(&press("U0BOB")).unwrap();
    desk.on_press(&empty, press("U0BOB")).await;
    assert!(slack.ephemeral()[0]["text"].as_str().unwrap().contains("nobody may press these buttons"));
}

#[tokio::test]
async fn whoever_ignores_fills_in_a_form() {
    let slack = Slack::start().await;
    let (_folder, store, targets) = crate::notify::press::tests::world(1).await;
    let desk = Desk::new(store.clone(), clock());
    let wish = Wish::FillIn { trigger_id: "1.2".to_owned() };
    let press = |user: &str| Interaction {
        user: user.to_owned(),
        channel: CHANNEL.to_owned(),
        targets: targets.clone(),
        wish: wish.clone(),
    };
    let place = app(&slack, socket_door(), allow()).await.place(&press("U0ALICE")).unwrap();
    desk.on_press(&place, press("U0EVE")).await;
    assert!(slack.views().is_empty() && slack.ephemeral().len() == 1);
    desk.on_press(&place, press("U0ALICE")).await;
    let view = slack.views().remove(0);
    assert_eq!(view["blocks"][1]["element"]["initial_value"], "alice@example.com");
    // The form itself is checked again: it may be sent days later.
    let sent = |user: &str| {
        let submission = modal::tests::submission(user, &view, "network team", "load test", "2026-02-01");
        read(&submission, samples::now()).interaction.unwrap()
    };
    desk.on_press(&place, sent("U0EVE")).await;
    assert_eq!(states(&store).await, ["open"]);
    desk.on_press(&place, sent("U0ALICE")).await;
    assert_eq!(states(&store).await, ["ignored"]);
    let told = slack.ephemeral().pop().unwrap();
    assert_eq!(told["text"], "You ignored 1 finding until 2026-02-02 00:00 UTC; network team answers for it.");
    slack.fault("views.open", Fault::Refuse("expired_trigger_id"));
    desk.on_press(&place, press("U0ALICE")).await;
    assert!(slack.ephemeral()[0]["text"].as_str().unwrap().contains("press again"));
}

/// Takes its time, and keeps what it got.
#[derive(Default)]
struct Slow {
    got: Mutex<Vec<String>>,
    milliseconds: u64,
}

#[async_trait::async_trait]
impl OnPress for Slow {
    async fn on_press(&self, _place: &Place, interaction: Interaction) {
        tokio::time::sleep(Duration::from_millis(self.milliseconds)).await;
        self.got.lock().unwrap().push(interaction.user);
    }
}

fn signature(timestamp: &str, body: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(SIGNING.as_bytes()).unwrap();
    mac.update(format!("v0:{timestamp}:{body}").as_bytes());
    format!("v0={}", hex::encode(mac.finalize().into_bytes()))
}

#[tokio::test]
async fn signed_requests_are_answered_before_anything_is_done() {
    let slack = Slack::start().await;
    let app = app(&slack, Door::Http(kit::secret(SIGNING)), allow()).await;
    let (queue, waiting) = queue();
    let own = Arc::new(Interactivity::new(Box::new(move || vec![Arc::clone(&app)]), queue, clock()));
    let router = Router::new().route(PATH, post(interactivity)).with_state(Arc::clone(&own));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}{PATH}", listener.local_addr().unwrap());
    #[expect(clippy::disallowed_methods, reason = "a server of a test ends with it")]
    tokio::spawn(async move { axum::serve(listener, router).await });
    let now = samples::now().as_second();
    let http = kit::tools().await.http;
    let send = async |payload: &Value, timestamp: String, signed: &str| {
        let body: String =
            form_urlencoded::Serializer::new(String::new()).append_pair("payload", &payload.to_string()).finish();
        let signature = if signed.is_empty() { signature(&timestamp, &body) } else { signed.to_owned() };
        let request =
            http.post(&url).header("x-slack-request-timestamp", timestamp).header("x-slack-signature", signature);
        // The client of the kit waits for 300 ms: longer than the handler, and much shorter than what is done.
        let answer = request.body(body).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    let press = payload("U0BOB", &json!({"action_id": ACKNOWLEDGE}), 1);
    assert_eq!(send(&press, now.to_string(), "").await, (200, String::new()));
    assert_eq!(send(&press, now.to_string(), "v0=00").await.0, 401);
    assert_eq!(send(&press, (now - 301).to_string(), "").await.0, 401);
    assert_eq!(send(&press, String::new(), "").await.0, 401);
    assert_eq!(send(&json!({"type": "shortcut"}), now.to_string(), "").await, (200, String::new()));
    let submission = modal::tests::submission("U0BOB", &modal::tests::view(), "", "x", "2026-02-01");
    let (status, answer) = send(&submission, now.to_string(), "").await;
    assert!(status == 200 && answer.contains("Say who answers for it."), "{answer}");
    // More than anybody works on: whoever pressed sees that it was not taken.
    let mut refused = 0;
    for _ in 0..WAITING {
        refused += u32::from(send(&press, now.to_string(), "").await.0 == 503);
    }
    assert_eq!(refused, 1, "one waited before");
    let slow = Slow { milliseconds: 1, ..Slow::default() };
    drop(own);
    let working = work(waiting, &slow);
    assert!(tokio::time::timeout(Duration::from_secs(2), working).await.is_err(), "the router holds the queue open");
    assert_eq!(slow.got.lock().unwrap().len(), WAITING);
}

fn is_send<T: Send>(_: &T) {}

/// Slack's side of Socket Mode.
struct Server {
    listener: TcpListener,
    url: String,
}

impl Server {
    async fn start(slack: &Slack, connections: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("ws://{}/link/?ticket=secret", listener.local_addr().unwrap());
        (0..connections).for_each(|_| slack.socket(&url));
        Self { listener, url }
    }

    async fn accept(&self) -> WebSocketStream<TcpStream> {
        let (stream, _) = self.listener.accept().await.unwrap();
        let mut socket = tokio_tungstenite::accept_async(stream).await.unwrap();
        socket.send(Message::text(json!({"type": "hello", "num_connections": 1}).to_string())).await.unwrap();
        socket
    }
}

fn envelope(id: &str, payload: &Value) -> Message {
    let envelope =
        json!({"envelope_id": id, "type": "interactive", "accepts_response_payload": true, "payload": payload});
    Message::text(envelope.to_string())
}

async fn acknowledgement(socket: &mut WebSocketStream<TcpStream>) -> Value {
    let wait = Duration::from_millis(700);
    loop {
        let next = tokio::time::timeout(wait, socket.next()).await.expect("an acknowledgement at once");
        if let Message::Text(text) = next.unwrap().unwrap() {
            return serde_json::from_str(text.as_str()).unwrap();
        }
    }
}

#[tokio::test]
async fn socket_mode_acknowledges_at_once_and_connects_anew() {
    let slack = Slack::start().await;
    let server = Server::start(&slack, 2).await;
    assert!(server.url.starts_with("ws://"));
    let app = app(&slack, socket_door(), allow()).await;
    // A press takes longer than Slack would wait in this test.
    let slow = Slow { milliseconds: 1_500, ..Slow::default() };
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    // The time goes on with every look at it, so that a connection counts as one that held.
    let seconds = AtomicI64::new(0);
    let clock: Clock = Arc::new(move || {
        let later = SignedDuration::from_secs(20 * seconds.fetch_add(1, Ordering::SeqCst));
        samples::now().checked_add(later).unwrap()
    });
    slack.fault("apps.connections.open", Fault::Refuse("internal_error"));
    let client = socket::run(&app, &slow, &clock, async { _ = stopped.await });
    // The daemon spawns it.
    is_send(&client);
    let story = async {
        let mut socket = server.accept().await;
        let press = |user: &str| payload(user, &json!({"action_id": ACKNOWLEDGE}), 1);
        socket.send(Message::text("not JSON")).await.unwrap();
        for (id, user) in [("e1", "U0BOB"), ("e2", "U0ALICE")] {
            socket.send(envelope(id, &press(user))).await.unwrap();
            assert_eq!(acknowledgement(&mut socket).await, json!({"envelope_id": id}));
        }
        assert!(slow.got.lock().unwrap().is_empty(), "acknowledged before it is done");
        let wrong = modal::tests::submission("U0BOB", &modal::tests::view(), "net", " ", "2026-12-01");
        socket.send(envelope("e3", &wrong)).await.unwrap();
        let answer = acknowledgement(&mut socket).await;
        assert_eq!(answer["payload"]["errors"]["reason"], "Say why the drift is acceptable.");
        // What is not ours is acknowledged, and nothing else.
        let event = json!({"envelope_id": "e4", "type": "events_api", "payload": {}});
        socket.send(Message::text(event.to_string())).await.unwrap();
        assert_eq!(acknowledgement(&mut socket).await, json!({"envelope_id": "e4"}));
        socket.send(Message::Ping(Bytes::from_static(b"x"))).await.unwrap();
        assert!(matches!(socket.next().await.unwrap().unwrap(), Message::Pong(_)));
        let refresh = json!({"type": "disconnect", "reason": "refresh_requested"});
        socket.send(Message::text(refresh.to_string())).await.unwrap();
        let mut second = server.accept().await;
        second.send(envelope("e5", &press("U0EVE"))).await.unwrap();
        assert_eq!(acknowledgement(&mut second).await, json!({"envelope_id": "e5"}));
        stop.send(()).unwrap();
    };
    let both = async { tokio::join!(client, story) };
    tokio::time::timeout(Duration::from_secs(20), both).await.expect("it stops when it is told to");
    let got = slow.got.lock().unwrap().clone();
    assert_eq!(got, ["U0BOB", "U0ALICE", "U0EVE"], "what was acknowledged is done before the end");
    let asked = slack.calls().iter().filter(|call| *call == "apps.connections.open").count();
    assert_eq!(asked, 3);
}

/// Whoever asks without end is locked out.
#[tokio::test]
async fn a_wrong_token_is_told_and_tried_again_later() {
    let slack = Slack::start().await;
    let app = app(&slack, Door::Socket(kit::secret(fake::TOKEN)), allow()).await;
    let (slow, clock) = (Slow::default(), clock());
    socket::run(&app, &slow, &clock, tokio::time::sleep(Duration::from_millis(1_200))).await;
    let asked = slack.calls().iter().filter(|call| *call == "apps.connections.open").count();
    assert!((1..=2).contains(&asked), "{asked} times within a second");
}
