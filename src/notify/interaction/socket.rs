//! Socket Mode: presses over a connection that the daemon opens to Slack (<https://docs.slack.dev/apis/events-api/using-socket-mode>), so that it needs no
//! public address. Every envelope is acknowledged before anything is done with it; what breaks is connected anew, later and later.

use std::sync::Arc;
use std::time::Duration;

use futures::{SinkExt as _, StreamExt as _};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use super::allow::AppSecret;
use super::{App, Clock, OnPress, Waiting, read};
use crate::notify::receivers::slack::Api;

/// The first pause after a connection that was of no use; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// A connection that held for so long was of use.
const OF_USE: SignedDuration = SignedDuration::from_secs(10);
/// How long connecting may take.
const CONNECT: Duration = Duration::from_secs(20);
/// Slack pings more often; whoever says nothing for so long is asked, and after twice as long given up.
const SILENCE: Duration = Duration::from_secs(30);
/// How long sending an acknowledgement may take.
const SEND: Duration = Duration::from_secs(5);
/// Bytes of one message of Slack's.
const LARGEST: usize = 4 * 1024 * 1024;

type Connection = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Why a connection ended.
#[derive(Debug)]
enum Ended {
    /// Slack asks for a new one; it does so every few hours.
    Refresh,
    /// Socket Mode was turned off for the app.
    Disabled,
    Broken(String),
}

/// Takes presses of an app and does them, until `stop`; those that were taken are done before it returns.
pub async fn run(app: &Arc<App>, on_press: &dyn OnPress, clock: &Clock, stop: impl Future<Output = ()>) {
    let AppSecret::Socket(api) = &app.secret else { return };
    let (queue, waiting) = super::queue();
    let taking = async {
        tokio::select! {
            () = stop => {}
            () = listen(app, api, &queue, clock) => {}
        }
        drop(queue);
    };
    tokio::join!(taking, super::work(waiting, on_press));
}

/// One connection after the other, for ever.
async fn listen(app: &Arc<App>, api: &Api, queue: &mpsc::Sender<Waiting>, clock: &Clock) {
    let mut pause = FIRST_PAUSE;
    loop {
        let began = clock();
        let ended = match connect(api, began).await {
            Ok(mut connection) => {
                let ended = attend(std::slice::from_ref(app), &mut connection, queue, clock).await;
                // Slack learns of it soon; if not, it notices itself.
                _ = tokio::time::timeout(SEND, connection.close(None)).await;
                ended
            }
            Err(why) => Ended::Broken(why),
        };
        let was_of_use = clock().duration_since(began) >= OF_USE;
        match &ended {
            Ended::Refresh => tracing::debug!("Slack asks for a new connection"),
            Ended::Disabled => {
                tracing::error!("Socket Mode is turned off for the Slack app: turn it on, or buttons do nothing")
            }
            Ended::Broken(why) => tracing::warn!(why, "the connection for Slack's buttons broke"),
        }
        pause = match ended {
            Ended::Disabled => LONGEST_PAUSE,
            Ended::Refresh | Ended::Broken(_) if was_of_use => FIRST_PAUSE,
            Ended::Refresh | Ended::Broken(_) => pause,
        };
        tokio::time::sleep(pause).await;
        pause = pause.saturating_mul(2).min(LONGEST_PAUSE);
    }
}

/// Asks Slack for an address and connects to it. The address holds a ticket, so that no error may repeat it.
async fn connect(api: &Api, now: Timestamp) -> Result<Connection, String> {
    let said = api.post("apps.connections.open", &json!({}), now).await.map_err(|error| error.error.to_string())?;
    let url = said.get("url").and_then(Value::as_str).unwrap_or_default();
    let is_socket = url.starts_with("wss://") || (api.is_plain() && url.starts_with("ws://"));
    if !is_socket {
        return Err("Slack named no address for Socket Mode".to_owned());
    }
    let config = WebSocketConfig::default().max_message_size(Some(LARGEST)).max_frame_size(Some(LARGEST));
    let connecting = tokio_tungstenite::connect_async_tls_with_config(url, Some(config), false, None);
    match tokio::time::timeout(CONNECT, connecting).await {
        Ok(Ok((connection, _))) => Ok(connection),
        Ok(Err(error)) => Err(broken(&error)),
        Err(_) => Err("Slack did not answer in time".to_owned()),
    }
}

fn broken(error: &Error) -> String {
    match error {
        Error::Http(response) => format!("it answered with {}", response.status()),
        Error::Io(error) => error.to_string(),
        Error::Tls(error) => format!("TLS: {error}"),
        Error::ConnectionClosed | Error::AlreadyClosed => "it was closed".to_owned(),
        Error::Capacity(_) => "Slack sent more than driftd takes".to_owned(),
        _ => "it broke the protocol".to_owned(),
    }
}

/// Takes what comes over one connection until it ends.
async fn attend(apps: &[Arc<App>], connection: &mut Connection, queue: &mpsc::Sender<Waiting>, clock: &Clock) -> Ended {
    let mut was_asked = false;
    loop {
        let text = match tokio::time::timeout(SILENCE, connection.next()).await {
            Ok(Some(Ok(Message::Text(text)))) => text,
            Ok(Some(Ok(Message::Close(_))) | None) => return Ended::Broken("Slack closed it".to_owned()),
            // A ping is answered by the library, with what is sent next at the latest.
            Ok(Some(Ok(_))) => {
                was_asked = false;
                if let Err(why) = within(connection.flush()).await {
                    return Ended::Broken(why);
                }
                continue;
            }
            Ok(Some(Err(error))) => return Ended::Broken(broken(&error)),
            Err(_) if was_asked => return Ended::Broken("Slack says nothing any more".to_owned()),
            Err(_) => {
                was_asked = true;
                if let Err(why) = within(connection.send(Message::Ping(bytes::Bytes::new()))).await {
                    return Ended::Broken(why);
                }
                continue;
            }
        };
        was_asked = false;
        let Ok(envelope) = serde_json::from_str::<Value>(text.as_str()) else { continue };
        let word = |key: &str| envelope.get(key).and_then(Value::as_str).unwrap_or_default();
        match (word("type"), word("reason")) {
            ("disconnect", "link_disabled") => return Ended::Disabled,
            ("disconnect", _) => return Ended::Refresh,
            _ => {}
        }
        let id = word("envelope_id");
        if id.is_empty() {
            continue;
        }
        if let Err(why) = take(apps, connection, &envelope, id, queue, clock).await {
            return Ended::Broken(why);
        }
    }
}

/// Puts what an envelope asks for into the queue, and acknowledges it. What is not taken is not acknowledged: whoever pressed sees that.
async fn take(
    apps: &[Arc<App>],
    connection: &mut Connection,
    envelope: &Value,
    id: &str,
    queue: &mpsc::Sender<Waiting>,
    clock: &Clock,
) -> Result<(), String> {
    let read = match envelope.get("type").and_then(Value::as_str) {
        Some("interactive") => read(envelope.get("payload").unwrap_or(&Value::Null), clock()),
        // Events and commands that somebody turned on for the app: nothing of ours.
        _ => super::Read::default(),
    };
    // Slack may not know that it arrived and send it again: done twice is done once.
    if let Some(interaction) = read.interaction
        && super::take(apps, interaction, queue).is_err()
    {
        return Ok(());
    }
    let mut answer = json!({"envelope_id": id});
    if let Some(payload) = read.answer {
        answer["payload"] = payload;
    }
    within(connection.send(Message::text(answer.to_string()))).await
}

async fn within(sending: impl Future<Output = Result<(), Error>>) -> Result<(), String> {
    match tokio::time::timeout(SEND, sending).await {
        Ok(sent) => sent.map_err(|error| broken(&error)),
        Err(_) => Err("Slack takes nothing any more".to_owned()),
    }
}
