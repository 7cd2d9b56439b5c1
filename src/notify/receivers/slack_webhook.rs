//! A Slack channel, by an incoming webhook (<https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks>): nothing but an address that is
//! a secret. What was sent cannot be changed, has no thread and no buttons.

use std::time::Duration;

use reqwest::header::CONTENT_TYPE;
use serde_json::json;

use super::slack::{Rendered, webhook};
use crate::notify::config::OpenAddress;
pub use crate::notify::config::{RawSecretUrl as Raw, SecretUrl as Config};
use crate::notify::{Delivered, DeliveryError, Notice, Receiver, Tools, http};

/// Slack takes about one message per second and webhook.
const PACE: Duration = Duration::from_secs(1);

/// A webhook that can be sent to.
struct SlackWebhook {
    http: reqwest::Client,
    url: OpenAddress,
}

pub(super) fn open(config: &Config, _name: &str, tools: &Tools) -> Result<Box<dyn Receiver>, String> {
    Ok(Box::new(SlackWebhook { http: tools.http.clone(), url: config.open(tools) }))
}

#[async_trait::async_trait]
impl Receiver for SlackWebhook {
    async fn deliver(&self, notice: &Notice<'_>) -> Result<Delivered, DeliveryError> {
        if notice.message.quiet {
            return Ok(Delivered::default());
        }
        let Rendered { text, blocks, attachments } = webhook(notice.message)
            .ok_or_else(|| DeliveryError::refused("the message does not fit into 8,000 characters"))?;
        let body = json!({
            "text": text, "blocks": blocks, "attachments": attachments, "unfurl_links": false, "unfurl_media": false,
        });
        let request = self.http.post(self.url.get(notice.now).await?);
        let request = request.header(CONTENT_TYPE, "application/json; charset=utf-8").body(body.to_string());
        let answer = http::send(request, notice.now).await?;
        match answer.body.trim() {
            // Nothing: its answer broke off.
            "ok" | "" => Ok(Delivered::default()),
            _ => Err(DeliveryError::misconfigured(
                "it did not answer with ok: is its address that of an incoming webhook?",
            )),
        }
    }

    fn pace(&self) -> Duration {
        PACE
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notify::kit;
    use crate::notify::receivers::slack::fake;
    use crate::wording::samples;

    #[tokio::test]
    async fn it_keeps_the_contract() {
        kit::Contract {
            open: &|url, tools| {
                let url = kit::secret(&format!("{url}/services/T0/B0/{}", kit::SECRET));
                open(&Config { url }, "ops", tools).unwrap()
            },
            success: (200, "ok"),
            keeps: |message| message.quiet,
            check: &|request| {
                let body = request.json();
                assert_eq!(fake::problem(&body), None, "{body:#}");
                assert!(!request.body.windows(4).any(|bytes| bytes == b"<!ch"), "{body:#}");
                assert!(!body.to_string().contains("driftd_acknowledge"));
            },
        }
        .holds()
        .await;
    }

    #[tokio::test]
    async fn another_answer_than_ok_is_not_taken_for_success() {
        let (server, tools) = (kit::Server::start().await, kit::tools().await);
        let url = kit::secret(&server.url);
        let receiver = open(&Config { url }, "ops", &tools).unwrap();
        server.answers(200, "<html>log in</html>");
        let message = samples::message(1);
        let error = receiver.deliver(&kit::notice(&message)).await.unwrap_err();
        assert!(matches!(error, DeliveryError::Retry { after: Some(_), .. }), "{error}");
        let mut quiet = message.clone();
        quiet.quiet = true;
        server.requests();
        assert_eq!(receiver.deliver(&kit::notice(&quiet)).await, Ok(Delivered::default()));
        assert!(server.requests().is_empty());
    }
}
