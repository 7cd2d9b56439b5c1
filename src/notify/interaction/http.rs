//! Presses as Slack sends them to the daemon: signed requests to `/slack/interactivity`. Answered before anything is done.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use jiff::Timestamp;
use secrecy::ExposeSecret as _;
use serde_json::Value;
use tokio::sync::mpsc;
use url::form_urlencoded;

use super::allow::AppSecret;
use super::signature::verify;
use super::{App, Clock, Waiting, read};

/// Where Slack is to send presses.
pub const PATH: &str = "/slack/interactivity";

/// The apps that the configuration has now.
pub type Apps = Box<dyn Fn() -> Vec<Arc<App>> + Send + Sync>;

/// What the handler needs.
pub struct Interactivity {
    pub apps: Apps,
    /// From [`super::queue`]; somebody must [`super::work`] on its other end.
    pub queue: mpsc::Sender<Waiting>,
    pub clock: Clock,
}

/// The handler: 401 for whatever is not known to be Slack's, 503 when too much waits, otherwise 200 at once.
pub async fn interactivity(State(own): State<Arc<Interactivity>>, headers: HeaderMap, body: Bytes) -> Response {
    let Some(app) = signed_by((own.apps)(), &headers, &body, (own.clock)()).await else {
        return StatusCode::UNAUTHORIZED.into_response();
    };
    let payload = form_urlencoded::parse(&body).find(|(key, _)| key == "payload");
    let Some(payload) = payload.and_then(|(_, text)| serde_json::from_str::<Value>(&text).ok()) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let read = read(&payload, (own.clock)());
    if let Some(interaction) = read.interaction {
        let Some(place) = app.place(&interaction) else {
            tracing::warn!(channel = interaction.channel, "a button was pressed for which this app has no receiver");
            return StatusCode::OK.into_response();
        };
        if own.queue.try_send((place, interaction)).is_err() {
            tracing::error!("too many presses of buttons wait: one was not taken");
            return StatusCode::SERVICE_UNAVAILABLE.into_response();
        }
    }
    match read.answer {
        Some(answer) => ([(header::CONTENT_TYPE, "application/json")], answer.to_string()).into_response(),
        None => StatusCode::OK.into_response(),
    }
}

/// The app whose signing secret the request is signed with.
async fn signed_by(apps: Vec<Arc<App>>, headers: &HeaderMap, body: &[u8], now: Timestamp) -> Option<Arc<App>> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (timestamp, signature) = (header("x-slack-request-timestamp"), header("x-slack-signature"));
    let mut why = None;
    for app in apps {
        let AppSecret::Signing(secret) = &app.secret else { continue };
        match secret.get(now).await {
            Ok(secret) => match verify(secret.expose_secret(), timestamp, signature, body, now) {
                Ok(()) => return Some(app),
                Err(error) => why = Some(error.to_string()),
            },
            Err(error) => why = Some(error.to_string()),
        }
    }
    tracing::warn!(why, "a request that is not known to be Slack's was refused");
    None
}
