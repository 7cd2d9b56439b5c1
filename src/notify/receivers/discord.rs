//! Discord, by a channel's webhook (<https://docs.discord.com/developers/resources/webhook>). The first message of a group is kept as it stands now,
//! edited in place; what asks for attention comes as a short message besides, since an edit tells nobody. A webhook knows no key of idempotency: a
//! message whose answer was lost comes twice.

mod embeds;

use std::time::Duration;

use reqwest::Method;
use serde_json::Value;
use url::Url;

use crate::notify::config::OpenAddress;
pub use crate::notify::config::{RawSecretUrl as Raw, SecretUrl as Config};
use crate::notify::http::{self, Answer};
use crate::notify::{Delivered, DeliveryError, Notice, Receiver, Tools, fit};
use crate::wording::message::Message;

/// A channel takes 30 messages of webhooks a minute.
const PACE: Duration = Duration::from_secs(2);
/// <https://docs.discord.com/developers/topics/opcodes-and-status-codes#json>
const UNKNOWN_MESSAGE: u64 = 10008;
const THREAD_ARCHIVED: u64 = 50083;
/// How long to wait, where neither body nor `Retry-After` say so.
const RESET_AFTER: &str = "x-ratelimit-reset-after";

/// A webhook that can be sent to.
struct Discord {
    http: reqwest::Client,
    url: OpenAddress,
}

pub(super) fn open(config: &Config, _name: &str, tools: &Tools) -> Result<Box<dyn Receiver>, String> {
    Ok(Box::new(Discord { http: tools.http.clone(), url: config.open(tools) }))
}

#[async_trait::async_trait]
impl Receiver for Discord {
    async fn deliver(&self, notice: &Notice<'_>) -> Result<Delivered, DeliveryError> {
        let url = self.url.get(notice.now).await?;
        let whole = || rendered(notice.message, embeds::whole);
        if let Some(id) = notice.handle
            && self.edited(&url, id, whole()?, notice).await?
        {
            if !notice.message.quiet {
                self.posted(&url, rendered(notice.message, embeds::news)?, notice).await?;
            }
            return Ok(Delivered::default());
        }
        // Nothing to change, and no reason to send more: it was never sent, or somebody deleted it.
        if notice.message.quiet {
            return Ok(Delivered::default());
        }
        let handle = self.posted(&url, whole()?, notice).await?;
        Ok(Delivered { handle })
    }

    fn pace(&self) -> Duration {
        PACE
    }
}

impl Discord {
    /// Posts a message. Its id, by which it can be edited.
    async fn posted(&self, url: &Url, body: Value, notice: &Notice<'_>) -> Result<Option<String>, DeliveryError> {
        let answer = self.asked(Method::POST, waiting(url), body).await?;
        if !answer.status.is_success() {
            return Err(error_of(&answer, notice));
        }
        let message: Value = serde_json::from_str(&answer.body).unwrap_or_default();
        Ok(message["id"].as_str().filter(|id| is_id(id)).map(str::to_owned))
    }

    /// Edits the message; `false` if somebody deleted it, or its thread is archived: what is posted opens that again.
    async fn edited(&self, url: &Url, id: &str, body: Value, notice: &Notice<'_>) -> Result<bool, DeliveryError> {
        if !is_id(id) {
            return Ok(false);
        }
        let mut url = waiting(url);
        let path = format!("{}/messages/{id}", url.path().trim_end_matches('/'));
        url.set_path(&path);
        let answer = self.asked(Method::PATCH, url, body).await?;
        match answer.status {
            status if status.is_success() => Ok(true),
            _ if [UNKNOWN_MESSAGE, THREAD_ARCHIVED].map(Some).contains(&code(&answer)) => Ok(false),
            _ => Err(error_of(&answer, notice)),
        }
    }

    async fn asked(&self, method: Method, url: Url, body: Value) -> Result<Answer, DeliveryError> {
        let request = self.http.request(method, url).header("content-type", "application/json");
        http::exchange(request.body(body.to_string())).await
    }
}

/// Discord's own code of an error.
fn code(answer: &Answer) -> Option<u64> {
    serde_json::from_str::<Value>(&answer.body).ok()?["code"].as_u64()
}

fn rendered(message: &Message, render: fn(&Message) -> Value) -> Result<Value, DeliveryError> {
    fit(message, embeds::LARGEST, embeds::size, render)
        .ok_or_else(|| DeliveryError::refused("the message does not fit into Discord's limits"))
}

/// Without `wait` Discord answers before it has the message, and does not say its id.
fn waiting(url: &Url) -> Url {
    let mut url = url.clone();
    url.query_pairs_mut().append_pair("wait", "true");
    url
}

/// A snowflake: digits.
fn is_id(text: &str) -> bool {
    !text.is_empty() && text.len() <= 20 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// As everywhere, but how long to wait stands in the body or a header of Discord's own, with parts of seconds.
fn error_of(answer: &Answer, notice: &Notice<'_>) -> DeliveryError {
    match http::error_of(answer.status, &answer.headers, notice.now) {
        DeliveryError::Retry { why, after } => {
            let body: Value = serde_json::from_str(&answer.body).unwrap_or_default();
            let header = answer.headers.get(RESET_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
            let own = [body["retry_after"].as_f64(), header].into_iter().flatten().filter_map(http::seconds_pause);
            DeliveryError::Retry { why, after: own.chain(after).max() }
        }
        refused => refused,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notify::kit;
    use crate::wording::samples;

    const TAKEN: &str = r#"{"id": "1234567890", "type": 0}"#;

    fn opened(url: &str, tools: &Tools) -> Box<dyn Receiver> {
        let url = kit::secret(&format!("{url}/api/webhooks/1/{}?thread_id=9", kit::SECRET));
        open(&Config { url }, "chat", tools).unwrap()
    }

    #[tokio::test]
    async fn it_keeps_the_contract() {
        kit::Contract {
            open: &opened,
            success: (200, TAKEN),
            keeps: |message| message.quiet,
            check: &|request| {
                assert_eq!(request.path, format!("/api/webhooks/1/{}?thread_id=9&wait=true", kit::SECRET));
                embeds::tests::is_within_limits(&request.json());
            },
        }
        .holds()
        .await;
    }

    #[tokio::test]
    async fn a_message_is_edited_and_posted_anew_if_it_is_gone() {
        let (server, tools) = (kit::Server::start().await, kit::tools().await);
        let receiver = opened(&server.url, &tools);
        let mut message = samples::message(2);
        let asked = async |message: &Message, handle: Option<&str>| {
            let notice = Notice { handle, ..kit::notice(message) };
            let answer = receiver.deliver(&notice).await;
            let methods: Vec<String> = server.requests().into_iter().map(|request| request.method).collect();
            (answer.map(|delivered| delivered.handle), methods.join(" "))
        };
        server.answers(200, TAKEN);
        let id = || Some("1234567890".to_owned());
        assert_eq!(asked(&message, None).await, (Ok(id()), "POST".to_owned()));
        assert_eq!(asked(&message, Some("77")).await, (Ok(None), "PATCH POST".to_owned()));
        server.answers_once(404, r#"{"message": "Unknown Message", "code": 10008}"#);
        assert_eq!(asked(&message, Some("77")).await, (Ok(id()), "PATCH POST".to_owned()));
        message.quiet = true;
        assert_eq!(asked(&message, Some("77")).await, (Ok(None), "PATCH".to_owned()));
        assert_eq!(asked(&message, None).await, (Ok(None), String::new()));
        server.answers_once(404, r#"{"message": "Unknown Message", "code": 10008}"#);
        assert_eq!(asked(&message, Some("77")).await, (Ok(None), "PATCH".to_owned()));
        message.quiet = false;
        server.answers_once(400, r#"{"message": "Thread is archived", "code": 50083}"#);
        assert_eq!(asked(&message, Some("77")).await, (Ok(id()), "PATCH POST".to_owned()));
        // The webhook itself is gone: nothing is posted anew.
        server.answers_once(404, r#"{"message": "Unknown Webhook", "code": 10015}"#);
        let (answer, methods) = asked(&message, Some("77")).await;
        assert!(matches!(answer, Err(DeliveryError::Retry { .. })) && methods == "PATCH", "{answer:?}");
        let strange = asked(&message, Some("../../users/@me")).await;
        assert_eq!(strange, (Ok(id()), "POST".to_owned()), "what is no id is in no address");
        server.answers_once(503, "");
        let (answer, methods) = asked(&message, Some("77")).await;
        assert!(matches!(answer, Err(DeliveryError::Retry { .. })) && methods == "PATCH", "{answer:?}");
    }

    #[tokio::test]
    async fn it_waits_for_as_long_as_discord_says() {
        let (server, tools) = (kit::Server::start().await, kit::tools().await);
        let (receiver, message) = (opened(&server.url, &tools), samples::message(1));
        let after = async |body: &str, retry_after: Option<&str>| {
            server.answers(429, body);
            server.retry_after(retry_after);
            match receiver.deliver(&kit::notice(&message)).await {
                Err(DeliveryError::Retry { after, .. }) => after.map(|pause| pause.as_secs()),
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(
            after(r#"{"message": "rate limited", "retry_after": 64.57, "global": false}"#, None).await,
            Some(65)
        );
        assert_eq!(after(r#"{"retry_after": 0.3}"#, Some("5")).await, Some(5));
        assert_eq!(after(r#"{"retry_after": -1}"#, None).await, None);
        assert_eq!(after("<html>", None).await, None);
        let answer = Answer {
            status: reqwest::StatusCode::TOO_MANY_REQUESTS,
            headers: [(RESET_AFTER.parse().unwrap(), "1.25".parse().unwrap())].into_iter().collect(),
            body: String::new(),
        };
        let error = error_of(&answer, &kit::notice(&message));
        assert!(matches!(error, DeliveryError::Retry { after: Some(pause), .. } if pause.as_secs() == 2), "{error:?}");
    }
}
