//! Presses as Slack sends them to the daemon: signed requests to `/slack/interactivity`. Answered before anything is done.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

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
use super::signature::Signed;
use super::{App, Clock, NotTaken, Waiting, read, take};

/// Where Slack is to send presses.
pub const PATH: &str = "/slack/interactivity";

/// The apps that the configuration has now.
pub type Apps = Box<dyn Fn() -> Vec<Arc<App>> + Send + Sync>;

/// What the handler needs.
pub struct Interactivity {
    apps: Apps,
    /// From [`super::queue`]; somebody must [`super::work`] on its other end.
    queue: mpsc::Sender<Waiting>,
    clock: Clock,
    /// When a refusal was last told in the log, in seconds.
    said_at: AtomicI64,
}

/// Bytes of a press: a message of ours and what Slack says around it.
pub const LARGEST: usize = 256 * 1024;
/// One line of the log in so many seconds about what is refused, since anybody may send it.
const SAID: i64 = 60;

impl Interactivity {
    pub fn new(apps: Apps, queue: mpsc::Sender<Waiting>, clock: Clock) -> Self {
        Self { apps, queue, clock, said_at: AtomicI64::new(i64::MIN) }
    }

    fn refused(&self, why: &str, now: Timestamp) -> Response {
        if now.as_second().saturating_sub(self.said_at.load(Ordering::Relaxed)) >= SAID {
            self.said_at.store(now.as_second(), Ordering::Relaxed);
            tracing::warn!(why, "a request that is not known to be Slack's was refused");
        }
        StatusCode::UNAUTHORIZED.into_response()
    }
}

/// The handler: 401 for whatever is not known to be Slack's, 404 for messages of no receiver, 503 when too much waits, otherwise 200 at once.
pub async fn interactivity(State(own): State<Arc<Interactivity>>, headers: HeaderMap, body: Bytes) -> Response {
    let now = (own.clock)();
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let signed = Signed::read(header("x-slack-request-timestamp"), header("x-slack-signature"), now);
    // Before any secret is looked at.
    let signed = match signed {
        Ok(signed) => signed,
        Err(error) => return own.refused(&error.to_string(), now),
    };
    let apps = match signers((own.apps)(), &signed, &body, now).await {
        Ok(apps) => apps,
        Err(why) => return own.refused(&why, now),
    };
    let payload = form_urlencoded::parse(&body).find(|(key, _)| key == "payload");
    let Some(payload) = payload.and_then(|(_, text)| serde_json::from_str::<Value>(&text).ok()) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let read = read(&payload, now);
    match read.interaction.map(|interaction| take(&apps, interaction, &own.queue)) {
        Some(Err(NotTaken::NoReceiver)) => return StatusCode::NOT_FOUND.into_response(),
        Some(Err(NotTaken::Full)) => return StatusCode::SERVICE_UNAVAILABLE.into_response(),
        Some(Ok(())) | None => {}
    }
    match read.answer {
        Some(answer) => ([(header::CONTENT_TYPE, "application/json")], answer.to_string()).into_response(),
        None => StatusCode::OK.into_response(),
    }
}

/// The apps by whose signing secret the request is signed; or why there is none.
async fn signers(apps: Vec<Arc<App>>, signed: &Signed, body: &[u8], now: Timestamp) -> Result<Vec<Arc<App>>, String> {
    let (mut found, mut why) = (Vec::new(), "no receiver has buttons with a signing secret".to_owned());
    for app in apps {
        let AppSecret::Signing(secret) = &app.secret else { continue };
        match secret.get(now).await {
            Ok(secret) if signed.is_by(secret.expose_secret(), body) => found.push(app),
            Ok(_) => "its signature is not by this signing secret".clone_into(&mut why),
            Err(error) => why = error.to_string(),
        }
    }
    if found.is_empty() { Err(why) } else { Ok(found) }
}
