//! A Slack channel, by a bot: one living message per group, changed in place; what is new stands in its thread. Buttons come back elsewhere
//! (`notify::interaction`).

pub mod api;
mod config;
mod message;
mod text;

#[cfg(test)]
pub(crate) mod fake;
#[cfg(test)]
pub(crate) mod tests;

use std::collections::HashMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tokio::sync::Mutex;

pub use api::{Api, ApiError};
pub use config::{Allow, Buttons, Config, Door, Raw};
pub use message::{ACKNOWLEDGE, IGNORE, Rendered, SNOOZE, SNOOZES, webhook};
pub use text::{Mrkdwn, escape, escaped, is_id, plain};

use crate::notify::{Delivered, DeliveryError, Notice, Receiver, Tools};

/// Slack takes about one message per second and channel, and changes of messages at least 50 times a minute
/// (<https://docs.slack.dev/apis/web-api/rate-limits>).
const PACE: Duration = Duration::from_millis(1_200);
/// People who are looked up for one message.
const MENTIONS: usize = 5;
/// How long that may take, all together.
const LOOKING_UP: Duration = Duration::from_secs(5);
/// People whose ids are remembered.
const REMEMBERED: usize = 1_000;
/// By this the messages of driftd are known.
const EVENT: &str = "driftd_notice";
/// Messages of a page, and pages, in which an earlier try is looked for.
const PAGE: &str = "100";
const PAGES: usize = 5;
/// The bot may write there and not read.
const MAY_NOT_READ: &[&str] =
    &["missing_scope", "no_permission", "not_allowed_token_type", "channel_not_found", "not_in_channel"];
/// Slack's clock and ours may differ so much.
const SKEW: SignedDuration = SignedDuration::from_secs(120);
/// The message that is to be changed is not there any more, or Slack does not let it be changed.
const GONE: &[&str] = &["message_not_found", "cant_update_message", "edit_window_closed", "thread_not_found"];

/// A channel that can be sent to.
struct Slack {
    name: String,
    api: Api,
    channel: String,
    mention_actors: bool,
    has_buttons: bool,
    /// E-mail address -> id; `None`: Slack does not know it.
    people: Mutex<HashMap<String, Option<String>>>,
}

pub(super) fn open(config: &Config, name: &str, tools: &Tools) -> Result<Box<dyn Receiver>, String> {
    Ok(Box::new(Slack {
        name: name.to_owned(),
        api: config.api(tools),
        channel: config.channel.clone(),
        mention_actors: config.mention_actors,
        has_buttons: config.buttons.is_some(),
        people: Mutex::default(),
    }))
}

#[async_trait::async_trait]
impl Receiver for Slack {
    async fn deliver(&self, notice: &Notice<'_>) -> Result<Delivered, DeliveryError> {
        // Nobody is mentioned where Slack does not say soon who they are.
        let mentions = tokio::time::timeout(LOOKING_UP, self.mentions(notice)).await.unwrap_or_default();
        if let Some(ts) = notice.handle.and_then(|handle| self.own_ts(handle))
            && self.update(notice, ts, &mentions).await?
        {
            self.reply(notice, ts, &mentions).await?;
            return Ok(Delivered { handle: None });
        }
        let ts = match self.posted_before(notice, None).await? {
            Some(ts) => ts,
            None => self.post(notice, &mentions).await?,
        };
        Ok(Delivered { handle: Some(format!("{}:{ts}", self.channel)) })
    }

    fn pace(&self) -> Duration {
        PACE
    }
}

impl Slack {
    /// The time of the living message, which is its name; `None`: it stands in another channel, where the receiver wrote to before.
    fn own_ts<'a>(&self, handle: &'a str) -> Option<&'a str> {
        let (channel, ts) = handle.split_once(':')?;
        (channel == self.channel && is_ts(ts)).then_some(ts)
    }

    /// Changes the living message. `false`: it is not there any more.
    async fn update(&self, notice: &Notice<'_>, ts: &str, mentions: &[String]) -> Result<bool, DeliveryError> {
        let mut body = self.body(notice, &self.living(notice, mentions)?);
        body["ts"] = json!(ts);
        // Not the default of this method, which makes links and mentions of words.
        body["parse"] = json!("none");
        match self.api.post("chat.update", &body, notice.now).await {
            Ok(_) => Ok(true),
            Err(error) if error.is(GONE) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Says in the thread what is new.
    async fn reply(&self, notice: &Notice<'_>, ts: &str, mentions: &[String]) -> Result<(), DeliveryError> {
        let message = notice.message;
        if message.news.is_empty() && message.quiet || self.posted_before(notice, Some(ts)).await?.is_some() {
            return Ok(());
        }
        let mentions = if message.quiet { &[] } else { mentions };
        let mut body = self.body(notice, &message::reply(message, mentions));
        body["thread_ts"] = json!(ts);
        match self.api.post("chat.postMessage", &body, notice.now).await {
            Ok(_) => Ok(()),
            // Somebody deleted it between the two calls: it says all there is, and the next notice begins anew.
            Err(error) if error.is(GONE) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// A new living message. -> its time
    async fn post(&self, notice: &Notice<'_>, mentions: &[String]) -> Result<String, DeliveryError> {
        let body = self.body(notice, &self.living(notice, mentions)?);
        let said = self.api.post("chat.postMessage", &body, notice.now).await?;
        let ts = said.get("ts").and_then(Value::as_str).filter(|ts| is_ts(ts));
        ts.map(str::to_owned).ok_or_else(|| DeliveryError::retry("it answered without the message's time"))
    }

    fn living(&self, notice: &Notice<'_>, mentions: &[String]) -> Result<Rendered, DeliveryError> {
        let buttons = self.has_buttons.then_some((notice.group, self.name.as_str()));
        message::living(notice.message, buttons, mentions)
            .ok_or_else(|| DeliveryError::refused("the message does not fit into 8,000 characters"))
    }

    fn body(&self, notice: &Notice<'_>, Rendered { text, blocks, attachments }: &Rendered) -> Value {
        json!({
            "channel": self.channel,
            "text": text,
            "blocks": blocks,
            "attachments": attachments,
            "unfurl_links": false,
            "unfurl_media": false,
            // By these a message is found again whose answer was lost.
            "metadata": {
                "event_type": EVENT,
                "event_payload": {"notice": notice.id, "group": notice.group},
            },
        })
    }

    /// The time of the message that an earlier try of this notice left, in the channel or in a thread. A channel that may not be read tells
    /// nothing: then a message may come twice, which is better than not at all.
    async fn posted_before(&self, notice: &Notice<'_>, thread: Option<&str>) -> Result<Option<String>, DeliveryError> {
        if notice.attempt <= 1 {
            return Ok(None);
        }
        let oldest = notice.message.at.checked_sub(SKEW).unwrap_or(notice.message.at).as_second().to_string();
        let mut cursor = String::new();
        for _ in 0..PAGES {
            let mut pairs = vec![
                ("channel", self.channel.as_str()),
                ("limit", PAGE),
                ("include_all_metadata", "true"),
                ("oldest", &oldest),
            ];
            pairs.extend(thread.map(|ts| ("ts", ts)));
            if !cursor.is_empty() {
                pairs.push(("cursor", &cursor));
            }
            let method = if thread.is_some() { "conversations.replies" } else { "conversations.history" };
            let said = match self.api.form(method, &pairs, notice.now).await {
                Ok(said) => said,
                Err(error) if error.is(MAY_NOT_READ) => {
                    tracing::debug!(notice = notice.id, error = %error.error, "an earlier try cannot be looked for");
                    return Ok(None);
                }
                Err(error) => return Err(error.into()),
            };
            let messages = said.get("messages").and_then(Value::as_array);
            let own = |message: &&Value| {
                let text = |pointer: &str| message.pointer(pointer).and_then(Value::as_str);
                text("/metadata/event_payload/notice") == Some(notice.id) && text("/metadata/event_type") == Some(EVENT)
            };
            // The message that a thread hangs on has the id of this notice since it was changed.
            let is_reply =
                |message: &&Value| thread.is_none_or(|ts| message.get("ts").and_then(Value::as_str) != Some(ts));
            if let Some(found) = messages.into_iter().flatten().find(|message| own(message) && is_reply(message)) {
                return Ok(found.get("ts").and_then(Value::as_str).filter(|ts| is_ts(ts)).map(str::to_owned));
            }
            let next = said.pointer("/response_metadata/next_cursor").and_then(Value::as_str).unwrap_or_default();
            if next.is_empty() {
                return Ok(None);
            }
            next.clone_into(&mut cursor);
        }
        Ok(None)
    }

    /// Ids of those who did it. Nothing of this keeps a message from being sent.
    async fn mentions(&self, notice: &Notice<'_>) -> Vec<String> {
        let mut ids = Vec::new();
        if !self.mention_actors {
            return ids;
        }
        for email in message::actors(notice.message).into_iter().take(MENTIONS) {
            ids.extend(self.person(&email, notice.now).await);
        }
        ids.dedup();
        ids
    }

    async fn person(&self, email: &str, now: Timestamp) -> Option<String> {
        let mut people = self.people.lock().await;
        if let Some(known) = people.get(email) {
            return known.clone();
        }
        let id = match self.api.form("users.lookupByEmail", &[("email", email)], now).await {
            Ok(said) => said.pointer("/user/id").and_then(Value::as_str).filter(|id| is_id(id)).map(str::to_owned),
            Err(error) if error.is(&["users_not_found"]) => None,
            Err(error) => {
                tracing::warn!(error = %error.error, "who changed something cannot be mentioned in Slack");
                return None;
            }
        };
        if people.len() >= REMEMBERED {
            people.clear();
        }
        people.insert(email.to_owned(), id.clone());
        id
    }
}

/// `1503435956.000247`: how Slack names a message.
fn is_ts(text: &str) -> bool {
    (3..=40).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
}
