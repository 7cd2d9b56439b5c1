//! Any HTTP endpoint. The body is a CloudEvents 1.0 event in structured mode (<https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md>), its data the
//! [`Message`]; the signature is that of Standard Webhooks (<https://www.standardwebhooks.com>).

use std::path::Path;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use reqwest::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use schemars::JsonSchema;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::json;
use sha2::Sha256;
use std::collections::BTreeMap;

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::notify::config::{self, Address, OpenAddress, RawAddress, address};
use crate::notify::{Delivered, DeliveryError, Notice, Receiver, Tools, fit, http};
use crate::secret::config::{RawSecret, RawSecretKeys};
use crate::secret::{self, RotatingSecret, SecretRef};
use crate::wording::message::Message;
use crate::yaml::TextOr;

/// Intermediaries must forward events of up to 64 KiB; some room is left for what they add.
const LARGEST: usize = 60 * 1024;

/// Secrets come with padding and without; libraries of Standard Webhooks take both.
const PADDED_OR_NOT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Any HTTP endpoint.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Raw {
    /// The endpoint's URL; a secret, where a token stands in it.
    #[schemars(with = "TextOr<RawSecretKeys>")]
    url: RawAddress,
    /// The signing secret, `whsec_` and base64 (or any text): by it the endpoint knows that a message is from driftd.
    #[schemars(with = "Option<TextOr<RawSecretKeys>>")]
    signing_secret: Option<RawSecret>,
    /// A second signing secret, while the first is being replaced: messages are signed with both.
    #[schemars(with = "Option<TextOr<RawSecretKeys>>")]
    other_signing_secret: Option<RawSecret>,
    /// The value of the header `Authorization`.
    #[schemars(with = "Option<TextOr<RawSecretKeys>>")]
    authorization: Option<RawSecret>,
    /// Send without encryption to another machine, too: whoever is on the way can read and change every alert. Never with an authorization.
    #[serde(default)]
    allow_unencrypted: bool,
    /// More headers.
    #[serde(default)]
    headers: BTreeMap<String, String>,
}

/// A valid endpoint.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    url: Address,
    signing_secrets: Vec<SecretRef>,
    authorization: Option<SecretRef>,
    headers: BTreeMap<String, String>,
}

impl Raw {
    /// What of it is valid; every mistake goes to `diagnostics`.
    pub(super) fn validate(self, diagnostics: &mut Diagnostics) -> Option<Config> {
        let Self { url, signing_secret, other_signing_secret, authorization, allow_unencrypted, headers } = self;
        let at = crate::yaml::position(&url);
        // What is a secret goes to nobody in clear text.
        let url = address(url, allow_unencrypted && authorization.is_none(), diagnostics);
        for (name, value) in &headers {
            if let Some(hint) = reserved(name) {
                let mistake = Diagnostic::error("config/not-a-header", format!("{name:?} is a header of driftd's own"));
                diagnostics.add(mistake.with_hint(hint), at);
            } else if HeaderName::try_from(name).is_err() || HeaderValue::try_from(value).is_err() {
                let mistake = Diagnostic::error("config/not-a-header", format!("{name:?} is not a header"));
                diagnostics.add(mistake.with_hint("write a name like X-Team, and its value as a text in one line"), at);
            }
        }
        let mut secret = |raw: Option<RawSecret>| raw.and_then(|raw| secret::config::validate(raw, diagnostics));
        let signing_secrets = [secret(signing_secret), secret(other_signing_secret)].into_iter().flatten().collect();
        let authorization = secret(authorization);
        Some(Config { url: url?, signing_secrets, authorization, headers })
    }
}

/// Which headers are not the user's to give, and what to do.
fn reserved(name: &str) -> Option<&'static str> {
    match name.to_ascii_lowercase().as_str() {
        "authorization" => Some("write it as `authorization:`, a secret"),
        "content-type" | "content-length" | "host" => Some("leave it out"),
        name if name.starts_with("webhook-") => Some("leave it out: Standard Webhooks gives it its meaning"),
        _ => None,
    }
}

impl Config {
    pub(super) fn secrets(&self) -> Vec<&SecretRef> {
        self.url.secret().into_iter().chain(&self.signing_secrets).chain(&self.authorization).collect()
    }

    pub(super) fn resolve(&mut self, folder: &Path) {
        self.url.resolve(folder);
        self.signing_secrets.iter_mut().chain(&mut self.authorization).for_each(|secret| secret.resolve(folder));
    }
}

/// An endpoint that can be sent to.
struct Webhook {
    http: reqwest::Client,
    url: OpenAddress,
    signing_secrets: Vec<RotatingSecret>,
    authorization: Option<RotatingSecret>,
    headers: BTreeMap<String, String>,
}

pub(super) fn open(config: &Config, _name: &str, tools: &Tools) -> Result<Box<dyn Receiver>, String> {
    let rotating = |reference: &SecretRef| RotatingSecret::new(reference.clone(), tools.secrets.clone());
    Ok(Box::new(Webhook {
        http: tools.http.clone(),
        url: config.url.open(tools),
        signing_secrets: config.signing_secrets.iter().map(rotating).collect(),
        authorization: config.authorization.as_ref().map(rotating),
        headers: config.headers.clone(),
    }))
}

#[async_trait::async_trait]
impl Receiver for Webhook {
    async fn deliver(&self, notice: &Notice<'_>) -> Result<Delivered, DeliveryError> {
        let body = fit(notice.message, LARGEST, String::len, |message| event(notice, message))
            .ok_or_else(|| DeliveryError::refused("the message does not fit into 60 KiB"))?;
        let mut request = self.http.post(self.url.get(notice.now).await?);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        if let Some(authorization) = &self.authorization {
            let value = config::secret(authorization, notice.now).await?;
            request = request.header("authorization", sensitive(value.expose_secret())?);
        }
        let seconds = notice.now.as_second();
        let mut signatures = Vec::new();
        for secret in &self.signing_secrets {
            let secret = config::secret(secret, notice.now).await?;
            signatures.push(signature(&secret, notice.id, seconds, &body)?);
        }
        request = request.header("webhook-id", notice.id).header("webhook-timestamp", seconds);
        if !signatures.is_empty() {
            request = request.header("webhook-signature", signatures.join(" "));
        }
        let request = request.header(CONTENT_TYPE, "application/cloudevents+json; charset=utf-8").body(body);
        http::send(request, notice.now).await?;
        Ok(Delivered::default())
    }
}

fn sensitive(text: &str) -> Result<HeaderValue, DeliveryError> {
    let mut value = HeaderValue::try_from(text.trim())
        .map_err(|_| DeliveryError::misconfigured("the value of `authorization` is not the value of a header"))?;
    value.set_sensitive(true);
    Ok(value)
}

/// The event. Its type is `io.driftd.drift.opened.v1` and alike.
fn event(notice: &Notice<'_>, message: &Message) -> String {
    json!({
        "specversion": "1.0",
        "id": notice.id,
        "source": "/driftd",
        "type": format!("io.driftd.drift.{}.v1", message.occasion.as_str()),
        "subject": notice.group,
        "time": message.at.to_string(),
        "datacontenttype": "application/json",
        "data": message,
    })
    .to_string()
}

/// `v1,<base64 of HMAC-SHA256 over "id.timestamp.body">`; the key of a secret that begins with `whsec_` is base64.
fn signature(secret: &SecretString, id: &str, seconds: i64, body: &str) -> Result<String, DeliveryError> {
    let text = secret.expose_secret().trim();
    let key = match text.strip_prefix("whsec_") {
        Some(encoded) => PADDED_OR_NOT
            .decode(encoded)
            .map_err(|_| DeliveryError::misconfigured("the signing secret is not base64 behind its whsec_"))?,
        None => text.as_bytes().to_vec(),
    };
    if key.is_empty() {
        // Anybody could sign with it.
        return Err(DeliveryError::misconfigured("the signing secret is empty behind its whsec_"));
    }
    let mut mac = Hmac::<Sha256>::new_from_slice(&key)
        .map_err(|_| DeliveryError::misconfigured("the signing secret cannot be used as a key"))?;
    mac.update(format!("{id}.{seconds}.{body}").as_bytes());
    Ok(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notify::kit;
    use crate::wording::samples;

    #[tokio::test]
    async fn it_keeps_the_contract() {
        kit::Contract {
            open: &|url, tools| {
                let config = Config {
                    url: Address::Secret(kit::secret(&format!("{url}/hook/{}", kit::SECRET))),
                    signing_secrets: vec![kit::secret(kit::SECRET)],
                    authorization: Some(kit::secret(kit::SECRET)),
                    headers: BTreeMap::new(),
                };
                open(&config, "hook", tools).unwrap()
            },
            success: (200, ""),
            keeps: |message| message.quiet,
            check: &|request| {
                let event: serde_json::Value = serde_json::from_slice(&request.body).unwrap();
                assert!(request.body.len() <= 64 * 1024);
                assert_eq!(event["id"], request.header("webhook-id"));
                assert!(request.header("webhook-signature").starts_with("v1,"));
                let message: Message = serde_json::from_value(event["data"].clone()).unwrap();
                assert_eq!(
                    message.items.len() as u64 + message.more,
                    message.findings().max(message.items.len() as u64)
                );
            },
        }
        .holds()
        .await;
    }

    /// The example of <https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>.
    #[test]
    fn the_signature_is_that_of_the_standard() {
        let secret = SecretString::from("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        let found = signature(&secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, r#"{"test": 2432232314}"#);
        assert_eq!(found.unwrap(), "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        let with_line_end = SecretString::from("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\r\n");
        let found = signature(&with_line_end, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, r#"{"test": 2432232314}"#);
        assert_eq!(found.unwrap(), "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        for bad in ["whsec_", "whsec_ ", " ", "whsec_?"] {
            let error = signature(&SecretString::from(bad), "id", 1, "x").unwrap_err();
            assert!(matches!(error, DeliveryError::Retry { after: Some(_), .. }), "{bad}: {error:?}");
        }
    }

    #[test]
    fn mistakes_are_found() {
        let url = "url: \"http://alerts.example.com\"";
        for (keys, expected) in [
            ("url: \"https://alerts.example.com\", headers: {X-Team: infra}".to_owned(), ""),
            (url.to_owned(), "config/unencrypted"),
            (format!("{url}, allow_unencrypted: true, signing_secret: {{env: X}}"), ""),
            (format!("{url}, allow_unencrypted: true, authorization: {{env: X}}"), "config/unencrypted"),
            ("url: \"https://a.example\", headers: {AUTHORIZATION: x}".to_owned(), "`authorization:`"),
            ("url: \"https://a.example\", headers: {Webhook-Id: x}".to_owned(), "config/not-a-header"),
            ("url: \"https://a.example\", headers: {Host: x}".to_owned(), "config/not-a-header"),
        ] {
            let (_, said) = kit::aws::config_of(&format!("webhook: {{{keys}}}"));
            assert!(if expected.is_empty() { said.is_empty() } else { said.contains(expected) }, "{keys}: {said}");
        }
    }

    /// By the SDK of CloudEvents and the library of Standard Webhooks.
    #[tokio::test]
    #[expect(clippy::disallowed_methods, reason = "the library refuses what is not of these minutes")]
    async fn others_can_read_and_verify_it() {
        let (server, tools) = (kit::Server::start().await, kit::tools().await);
        let secrets = ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_aHVudGVyMi1odW50ZXIyLWh1bnRlcjI"];
        let config = Config {
            url: Address::Plain(server.url.clone()),
            signing_secrets: secrets.map(kit::secret).to_vec(),
            authorization: None,
            headers: BTreeMap::new(),
        };
        let receiver = open(&config, "hook", &tools).unwrap();
        let mut all = samples::messages();
        let mut own = samples::message(3);
        (own.title, own.text) = ("t".repeat(20_000), Some("\u{1f980}\n".repeat(10_000)));
        all.push(("a user's own words", own));
        let mut sent = Vec::new();
        for (name, message) in &all {
            let notice = Notice { now: jiff::Timestamp::now(), ..kit::notice(message) };
            receiver.deliver(&notice).await.expect(name);
            let request = server.requests().pop().unwrap();
            let headers: BTreeMap<&str, &str> =
                request.headers.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect();
            let body = std::str::from_utf8(&request.body).unwrap();
            sent.push(json!({"secrets": secrets, "headers": headers, "body": body}));
        }
        kit::validated("webhook", &sent);
    }
}
