//! Slack's Web API, as much of it as driftd calls (<https://docs.slack.dev/apis/web-api/>): a token, a call, and what an `ok: false` means, since Slack
//! answers with 200 whatever happened.

use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::CONTENT_TYPE;
use secrecy::ExposeSecret as _;
use serde_json::Value;
use url::form_urlencoded;

use crate::notify::config::secret;
use crate::notify::{DeliveryError, http};
use crate::secret::RotatingSecret;

/// Where Slack's methods are, but for those who use GovSlack.
pub const API_URL: &str = "https://slack.com/api";

/// What is wrong with a message: another try would be the same.
const OF_THE_MESSAGE: &[&str] = &[
    "msg_too_long",
    "msg_blocks_too_long",
    "invalid_blocks",
    "invalid_blocks_format",
    "invalid_attachments",
    "too_many_attachments",
    "no_text",
    "metadata_too_large",
    "invalid_metadata_format",
    "invalid_metadata_schema",
];

/// Slack, by one token.
pub struct Api {
    http: reqwest::Client,
    /// Without a slash at its end.
    url: String,
    token: RotatingSecret,
}

/// Why a call was of no use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiError {
    /// Slack's own word (`channel_not_found`); `None`: nothing of Slack's came back.
    pub code: Option<String>,
    pub error: DeliveryError,
}

impl From<DeliveryError> for ApiError {
    fn from(error: DeliveryError) -> Self {
        Self { code: None, error }
    }
}

impl From<ApiError> for DeliveryError {
    fn from(error: ApiError) -> Self {
        error.error
    }
}

impl ApiError {
    /// Did Slack say one of these?
    pub fn is(&self, codes: &[&str]) -> bool {
        self.code.as_deref().is_some_and(|code| codes.contains(&code))
    }
}

impl Api {
    pub fn new(http: reqwest::Client, url: &str, token: RotatingSecret) -> Self {
        Self { http, url: url.trim_end_matches('/').to_owned(), token }
    }

    /// May what Slack names (the address of a socket) be reached without TLS? Only where the methods are, too.
    pub fn is_plain(&self) -> bool {
        self.url.starts_with("http://")
    }

    /// Calls a method that takes JSON.
    pub async fn post(&self, method: &str, body: &Value, now: Timestamp) -> Result<Value, ApiError> {
        self.call(method, "application/json; charset=utf-8", body.to_string(), now).await
    }

    /// Calls a method that takes a form: most that only read.
    pub async fn form(&self, method: &str, pairs: &[(&str, &str)], now: Timestamp) -> Result<Value, ApiError> {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        self.call(method, "application/x-www-form-urlencoded", body, now).await
    }

    async fn call(&self, method: &str, form: &str, body: String, now: Timestamp) -> Result<Value, ApiError> {
        let token = secret(&self.token, now).await?;
        let request = self.http.post(format!("{}/{method}", self.url)).bearer_auth(token.expose_secret().trim());
        let answer = http::send(request.header(CONTENT_TYPE, form).body(body), now).await?;
        let Ok(said) = serde_json::from_str::<Value>(&answer.body) else {
            return Err(DeliveryError::retry("it answered with something else than JSON").into());
        };
        if said.get("ok").and_then(Value::as_bool) == Some(true) {
            return Ok(said);
        }
        Err(refusal(method, &said, http::pause(&answer.headers, now)))
    }
}

/// What an answer with `ok: false` means (<https://docs.slack.dev/reference/methods/chat.postMessage#errors>).
fn refusal(method: &str, said: &Value, pause: Option<Duration>) -> ApiError {
    let word = |key: &str| said.get(key).and_then(Value::as_str).filter(|text| is_word(text)).unwrap_or_default();
    let code = word("error");
    let why = match code {
        "" => "it answered without saying whether it did it".to_owned(),
        code => format!("{method} answered with {code}"),
    };
    let passes = matches!(
        code,
        "" | "ratelimited"
            | "rate_limited"
            | "message_limit_exceeded"
            | "internal_error"
            | "fatal_error"
            | "service_unavailable"
            | "request_timeout"
            | "team_added_to_org"
            | "ekm_access_denied"
            | "accesslimited"
            | "timeout"
    );
    let why = match way_out(code, word("needed")) {
        Some(way_out) => format!("{why}: {way_out}"),
        None => why,
    };
    let error = match () {
        () if passes => DeliveryError::Retry { why, after: pause },
        () if OF_THE_MESSAGE.contains(&code) => DeliveryError::refused(why),
        // A token, a scope, a channel: until somebody has corrected it.
        () => DeliveryError::misconfigured(why).after(pause),
    };
    ApiError { code: (!code.is_empty()).then(|| code.to_owned()), error }
}

/// Codes and scopes are words of a small alphabet; anything else is not repeated.
fn is_word(text: &str) -> bool {
    text.len() <= 100
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_:.,-".contains(&byte))
}

fn way_out(code: &str, needed: &str) -> Option<String> {
    let text = match code {
        "invalid_auth" | "not_authed" | "token_revoked" | "token_expired" | "account_inactive" => {
            "its token is not valid (any more): install the app again, and put its new token where the configuration says"
        }
        "not_allowed_token_type" => {
            "this is another sort of token: a bot token begins with xoxb-, an app-level token with xapp-"
        }
        "missing_scope" | "no_permission" => {
            let scope = if needed.is_empty() { "a scope" } else { needed };
            return Some(format!("the app lacks {scope}: add it under OAuth & Permissions, and install the app again"));
        }
        "not_in_channel" => "invite the app to the channel: /invite @NAME",
        "channel_not_found" => {
            "the channel is not there, or is private: invite the app to it, and check the channel's id"
        }
        "is_archived" => "the channel is archived: name another one",
        "restricted_action" | "restricted_action_read_only_channel" | "posting_to_general_channel_denied" => {
            "the workspace does not let the app post there: name another channel, or change the channel's permissions"
        }
        "org_login_required" | "enterprise_is_restricted" | "team_access_not_granted" => {
            "the app is not installed in this workspace: install it there"
        }
        code if OF_THE_MESSAGE.contains(&code) => "driftd made a message that Slack does not take: please report it",
        _ => return None,
    };
    Some(text.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_refusal_says_the_way_out_and_repeats_nothing_strange() {
        let of = |said: Value| refusal("chat.postMessage", &said, Some(Duration::from_secs(7)));
        for code in
            ["token_revoked", "channel_not_found", "not_in_channel", "invalid_auth", "is_archived", "missing_scope"]
        {
            let found = of(json!({"ok": false, "error": code, "needed": "chat:write"}));
            let DeliveryError::Retry { why, after: Some(_) } = &found.error else { panic!("{code}: {found:?}") };
            assert!(why.starts_with(&format!("chat.postMessage answered with {code}: ")), "{why}");
            assert!(found.is(&[code]));
        }
        for said in [
            json!({"ok": false, "error": "ratelimited"}),
            json!({"ok": false, "error": "internal_error"}),
            json!([]),
            json!({"ok": 1}),
        ] {
            let found = of(said.clone());
            assert!(
                matches!(found.error, DeliveryError::Retry { after: Some(pause), .. } if pause.as_secs() == 7),
                "{said}"
            );
        }
        for code in OF_THE_MESSAGE {
            let found = of(json!({"ok": false, "error": code}));
            assert!(matches!(found.error, DeliveryError::Refused { .. }), "{code}");
        }
        let strange = of(json!({"ok": false, "error": "xoxb-HUNTER2 <!channel>"}));
        assert!(!format!("{strange:?}").contains("HUNTER2"), "{strange:?}");
    }
}
