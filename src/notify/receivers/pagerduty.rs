//! PagerDuty, by its Events API v2 (<https://developer.pagerduty.com/docs/send-alert-event>). A group of findings is one alert, its `dedup_key` the
//! group's: opened, it triggers; acknowledged, it acknowledges; resolved, it resolves; and whatever comes twice changes nothing. What asks nobody
//! to act now, a baseline or a digest, is a change event, which is shown and pages nobody.

use std::path::Path;

use reqwest::StatusCode;
use schemars::JsonSchema;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::diagnostic::Diagnostics;
use crate::model::Severity;
use crate::notify::config::{self, Address, OpenAddress, RawAddress, address};
use crate::notify::http::{self, Answer};
use crate::notify::summary::{self, SHOWN};
use crate::notify::{Delivered, DeliveryError, Notice, Receiver, Tools, fit};
use crate::secret::config::{RawSecret, RawSecretKeys};
use crate::secret::{self, RotatingSecret, SecretRef};
use crate::wording::message::{GroupStatus, Item, Message, Occasion};
use crate::wording::text::{sanitize_output, shorten};
use crate::yaml::TextOr;

/// The service region of the United States.
const URL: &str = "https://events.pagerduty.com";
/// Bytes of an event that PagerDuty takes.
const LARGEST: usize = 512_000;
/// Characters of a summary.
const SUMMARY: usize = 1024;
/// Links of an alert.
const LINKS: usize = 10;
/// Characters of a reason that PagerDuty gives.
const REASON: usize = 200;

/// A service of PagerDuty.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Raw {
    /// The integration key of the service's Events API v2 integration.
    #[schemars(with = "TextOr<RawSecretKeys>")]
    routing_key: RawSecret,
    /// Where events are sent, if not to the United States: `https://events.eu.pagerduty.com` for the service region EU.
    #[schemars(with = "Option<TextOr<RawSecretKeys>>")]
    url: Option<RawAddress>,
}

/// A valid service.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    routing_key: SecretRef,
    url: Address,
}

impl Raw {
    /// What of it is valid; every mistake goes to `diagnostics`.
    pub(super) fn validate(self, diagnostics: &mut Diagnostics) -> Option<Config> {
        let Self { routing_key, url } = self;
        let routing_key = secret::config::validate(routing_key, diagnostics);
        let url = url.map_or_else(|| Some(Address::Plain(URL.to_owned())), |url| address(url, false, diagnostics));
        Some(Config { routing_key: routing_key?, url: url? })
    }
}

impl Config {
    pub(super) fn secrets(&self) -> Vec<&SecretRef> {
        std::iter::once(&self.routing_key).chain(self.url.secret()).collect()
    }

    pub(super) fn resolve(&mut self, folder: &Path) {
        self.routing_key.resolve(folder);
        self.url.resolve(folder);
    }
}

/// A service that can be sent to.
struct PagerDuty {
    http: reqwest::Client,
    url: OpenAddress,
    routing_key: RotatingSecret,
}

pub(super) fn open(config: &Config, _name: &str, tools: &Tools) -> Result<Box<dyn Receiver>, String> {
    Ok(Box::new(PagerDuty {
        http: tools.http.clone(),
        url: config.url.open(tools),
        routing_key: RotatingSecret::new(config.routing_key.clone(), tools.secrets.clone()),
    }))
}

#[async_trait::async_trait]
impl Receiver for PagerDuty {
    async fn deliver(&self, notice: &Notice<'_>) -> Result<Delivered, DeliveryError> {
        let Some(action) = Action::of(notice.message) else {
            return Ok(Delivered::default());
        };
        let key = config::secret(&self.routing_key, notice.now).await?;
        let body = fit(notice.message, LARGEST, String::len, |message| {
            event(action, notice, message, key.expose_secret().trim()).to_string()
        })
        .ok_or_else(|| DeliveryError::refused("the event does not fit into 512 kB"))?;
        let mut url = self.url.get(notice.now).await?;
        let path = format!("{}/v2/{}", url.path().trim_end_matches('/'), action.endpoint());
        url.set_path(&path);
        let request = self.http.post(url).header("content-type", "application/json").body(body);
        let answer = http::exchange(request).await?;
        match answer.status {
            status if status.is_success() => Ok(Delivered::default()),
            StatusCode::BAD_REQUEST => Err(invalid(&answer, &key)),
            status => Err(http::error_of(status, &answer.headers, notice.now)),
        }
    }
}

/// What is asked of PagerDuty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    Trigger,
    Acknowledge,
    Resolve,
    /// Something to know of; no alert.
    Change,
}

impl Action {
    /// `None`: there is nothing to ask for.
    fn of(message: &Message) -> Option<Self> {
        match (message.occasion, message.status) {
            (Occasion::Digest | Occasion::Baseline, _) => Some(Self::Change),
            (Occasion::Test, _) => Some(Self::Trigger),
            (_, GroupStatus::Acknowledged) => Some(Self::Acknowledge),
            (_, GroupStatus::Resolved) => Some(Self::Resolve),
            // An alert that somebody resolved in PagerDuty would be triggered anew, and page for nothing.
            (_, GroupStatus::Open) if !message.pages => None,
            (_, GroupStatus::Open) => Some(Self::Trigger),
        }
    }

    fn endpoint(self) -> &'static str {
        match self {
            Self::Trigger | Self::Acknowledge | Self::Resolve => "enqueue",
            Self::Change => "change/enqueue",
        }
    }
}

fn event(action: Action, notice: &Notice<'_>, message: &Message, routing_key: &str) -> Value {
    let word = match action {
        Action::Trigger => "trigger",
        Action::Acknowledge => "acknowledge",
        Action::Resolve => "resolve",
        Action::Change => {
            return json!({
                "routing_key": routing_key,
                "payload": {
                    "summary": shorten(&message.title, SUMMARY),
                    "source": source(message),
                    "timestamp": message.at.to_string(),
                    "custom_details": details(message),
                },
                "links": links(message),
            });
        }
    };
    let mut event = json!({
        "routing_key": routing_key,
        "event_action": word,
        "dedup_key": notice.group,
        "payload": {
            "summary": shorten(&message.title, SUMMARY),
            "source": source(message),
            "severity": severity(message),
            "timestamp": message.at.to_string(),
            "custom_details": details(message),
        },
        "links": links(message),
        "client": "driftd",
    });
    if let Some(page) = summary::links(&message.links).next() {
        event["client_url"] = page.url.as_str().into();
    }
    if let Some(first) = message.items.first() {
        let is_alone = message.items.len() == 1 && message.more == 0;
        event["payload"]["class"] = if is_alone { first.drift.as_str().into() } else { "drift".into() };
        event["payload"]["component"] = if is_alone { first.name.as_str().into() } else { first.kind.as_str().into() };
        event["payload"]["group"] = first.source.as_deref().unwrap_or(&first.account).into();
    }
    event
}

/// Of four words. A test must not wake anybody.
fn severity(message: &Message) -> &'static str {
    match (message.occasion, message.severity) {
        (Occasion::Test, _) | (_, Severity::Low | Severity::Info) => "info",
        (_, Severity::Critical) => "critical",
        (_, Severity::High) => "error",
        (_, Severity::Medium) => "warning",
    }
}

/// The thing that is affected, or the account of many.
fn source(message: &Message) -> String {
    match message.items.as_slice() {
        [] => "driftd".to_owned(),
        [one] if message.more == 0 => one.arn.clone().unwrap_or_else(|| one.resource_id.clone()),
        [first, ..] => format!("AWS account {}", first.account),
    }
}

fn details(message: &Message) -> Value {
    let (items, more) = summary::items(message, SHOWN);
    let mut details = json!({ "standing": summary::counts(message) });
    match &message.text {
        Some(text) => details["text"] = text.as_str().into(),
        None => details["news"] = summary::news(message).into(),
    }
    if !items.is_empty() {
        let is_alone = items.len() == 1 && more == 0;
        details["findings"] = items.iter().map(|one| finding(one, is_alone)).collect();
    }
    if more > 0 {
        details["more_findings"] = more.into();
    }
    if let Some(map) = details.as_object_mut() {
        map.retain(|_, value| *value != json!("") && *value != json!([]));
    }
    details
}

fn finding(item: &Item, is_alone: bool) -> Value {
    let (lines, more) = summary::changes(item, is_alone);
    let mut changes: Vec<String> = lines.iter().map(|line| format!("{}{}", line.sign.mark(), line.text)).collect();
    if more > 0 {
        changes.push(format!("... and {more} more lines"));
    }
    let mut finding =
        json!({ "name": item.name, "what": summary::what(item), "changes": changes, "id": item.finding_id });
    for (word, text) in summary::details(item, is_alone) {
        let key = word.to_lowercase().replace(' ', "_");
        match finding[&key].as_str() {
            Some(before) => finding[&key] = format!("{before}; {text}").into(),
            None => finding[&key] = text.into(),
        }
    }
    finding
}

fn links(message: &Message) -> Vec<Value> {
    let (items, _) = summary::items(message, 1);
    let of_item = items.iter().flat_map(|item| summary::links(&item.links));
    let all = of_item.chain(summary::links(&message.links)).take(LINKS);
    all.map(|link| json!({"href": link.url, "text": link.label})).collect()
}

/// Why PagerDuty does not take an event, in its own words, unless they hold the key.
fn invalid(answer: &Answer, key: &SecretString) -> DeliveryError {
    #[derive(Deserialize)]
    struct Invalid {
        #[serde(default)]
        errors: Vec<String>,
    }
    let errors = serde_json::from_str::<Invalid>(&answer.body).map(|invalid| invalid.errors).unwrap_or_default();
    let reason = errors.join("; ");
    let is_told = !reason.is_empty() && !reason.contains(key.expose_secret().trim());
    let is_about_key = ["routing_key", "routing key"].iter().any(|name| reason.to_lowercase().contains(name));
    let reason = if is_told { format!(": {}", shorten(&sanitize_output(&reason), REASON)) } else { String::new() };
    match is_about_key {
        true => DeliveryError::misconfigured(format!("it does not take the routing key (400){reason}")),
        false => DeliveryError::refused(format!("it does not take the event (400){reason}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notify::kit;
    use crate::wording::samples;

    fn opened(url: &str, tools: &Tools) -> Box<dyn Receiver> {
        let config = Config { routing_key: kit::secret(kit::SECRET), url: Address::Plain(url.to_owned()) };
        open(&config, "oncall", tools).unwrap()
    }

    #[tokio::test]
    async fn it_keeps_the_contract() {
        kit::Contract {
            open: &opened,
            success: (202, r#"{"status":"success","message":"Event processed","dedup_key":"x"}"#),
            keeps: |message| Action::of(message).is_none(),
            check: &|request| {
                assert!(request.body.len() <= LARGEST);
                let event = request.json();
                is_valid(&event, &request.path);
            },
        }
        .holds()
        .await;
    }

    /// By PagerDuty's published schema of events, and the limits of its documentation.
    fn is_valid(event: &Value, path: &str) {
        let texts = |value: &Value, keys: &[&str]| {
            keys.iter()
                .for_each(|key| assert!(value[key].as_str().is_some_and(|text| !text.is_empty()), "{key}: {value}"));
        };
        let payload = &event["payload"];
        texts(payload, &["summary", "source", "timestamp"]);
        assert!(payload["summary"].as_str().unwrap().chars().count() <= 1024 && payload["custom_details"].is_object());
        let at = payload["timestamp"].as_str().unwrap();
        assert!(at.parse::<jiff::Timestamp>().is_ok(), "{at}");
        for link in event["links"].as_array().unwrap() {
            texts(link, &["href", "text"]);
        }
        let all = ["routing_key", "payload", "links", "event_action", "dedup_key", "client", "client_url"];
        let known = if path == "/v2/change/enqueue" { &all[..3] } else { &all[..] };
        assert!(event.as_object().unwrap().keys().all(|key| known.contains(&key.as_str())), "{event}");
        if path == "/v2/change/enqueue" {
            return;
        }
        assert_eq!(path, "/v2/enqueue");
        texts(event, &["routing_key", "dedup_key"]);
        assert!(event["dedup_key"].as_str().unwrap().len() <= 255);
        assert!(["trigger", "acknowledge", "resolve"].iter().any(|word| event["event_action"] == *word), "{event}");
        assert!(["critical", "error", "warning", "info"].iter().any(|word| payload["severity"] == *word), "{event}");
    }

    /// PagerDuty publishes the schema without a licence: it is not kept here.
    #[test]
    #[expect(clippy::disallowed_methods, reason = "where the schema lies is the environment's to say")]
    fn every_event_fits_the_published_schema() {
        if std::env::var_os("PAGERDUTY_SCHEMA").is_none() {
            eprintln!(
                "SKIPPED, loudly: PAGERDUTY_SCHEMA names no reference/events-v2/openapiv3.json of \
                 https://github.com/PagerDuty/api-schema, so nothing was compared with PagerDuty's own words"
            );
            return;
        }
        let events: Vec<Value> = samples::messages()
            .iter()
            .filter_map(|(_, message)| Some((Action::of(message)?, message)))
            .map(|(action, message)| {
                let event = event(action, &kit::notice(message), message, "e93facc04764012d7bfb002500d5d1a6");
                json!({"endpoint": action.endpoint(), "event": event})
            })
            .collect();
        kit::validated("pagerduty", &events);
    }

    #[test]
    fn the_life_of_a_group_is_the_life_of_an_alert() {
        let asked: Vec<String> = samples::messages()
            .iter()
            .filter(|(name, _)| *name != "hostile")
            .map(|(name, message)| format!("{name}: {:?}", Action::of(message)))
            .collect();
        insta::assert_snapshot!(asked.join("\n"));
        let message = samples::message(1);
        let sent = event(Action::Trigger, &kit::notice(&message), &message, "R0UT1NG");
        insta::assert_json_snapshot!("pagerduty_trigger", sent);
    }

    #[tokio::test]
    async fn a_refusal_says_why_but_no_key() {
        let (server, tools) = (kit::Server::start().await, kit::tools().await);
        let (receiver, message) = (opened(&server.url, &tools), samples::message(1));
        let error = async |body: &str| {
            server.answers(400, body);
            receiver.deliver(&kit::notice(&message)).await.unwrap_err().to_string()
        };
        let said = error(r#"{"status":"invalid event","errors":["'payload.severity' is\n invalid"]}"#).await;
        assert_eq!(said, r"it does not take the event (400): 'payload.severity' is\n invalid");
        let said = error(&format!(r#"{{"errors":["no such key: {}"]}}"#, kit::SECRET)).await;
        assert_eq!(said, "it does not take the event (400)");
        server.answers(400, r#"{"errors":["Length of 'routing_key' is incorrect (should be 32 characters)"]}"#);
        let error = receiver.deliver(&kit::notice(&message)).await.unwrap_err();
        assert!(matches!(error, DeliveryError::Retry { after: Some(_), .. }), "a wrong key loses no alert: {error:?}");
    }
}
