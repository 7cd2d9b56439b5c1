//! A queue of Amazon SQS: the message as JSON, with the notice's id by which a repetition is known. In a FIFO queue each group keeps its order.

use std::path::Path;

use aws_sdk_sqs::types::MessageAttributeValue;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_saphyr::Spanned;
use url::Url;

use crate::aws::{AssumeRole, region_of_queue};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::notify::aws::{self, Attribute, LARGEST, Lane};
use crate::notify::{Delivered, DeliveryError, Notice, Receiver, Tools, fit};
use crate::secret::SecretRef;
use crate::yaml::position;

const ACTION: &str = "sqs:SendMessage";
const TARGET: &str = "the queue";

/// A queue of Amazon SQS.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Raw {
    /// The queue's URL; one that ends with `.fifo` keeps the order of each group.
    #[schemars(with = "String")]
    url: Spanned<String>,
    /// Its region, if the URL does not tell.
    #[schemars(with = "Option<String>")]
    region: Option<Spanned<String>>,
    /// A role to assume for it.
    #[schemars(with = "Option<String>")]
    role_arn: Option<Spanned<String>>,
    /// What that role's trust policy asks for.
    #[schemars(with = "Option<String>")]
    external_id: Option<Spanned<String>>,
}

/// A valid queue.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    url: String,
    region: Option<String>,
    role: Option<AssumeRole>,
}

impl Raw {
    /// What of it is valid; every mistake goes to `diagnostics`.
    pub(super) fn validate(self, diagnostics: &mut Diagnostics) -> Option<Config> {
        let Self { url, region, role_arn, external_id } = self;
        let role = aws::role(role_arn, external_id, diagnostics);
        let region = aws::region(region, diagnostics);
        if !is_queue(&url.value) {
            let mistake = Diagnostic::error("config/not-a-queue", "this is not the URL of an SQS queue")
                .with_hint("write https://sqs.eu-central-1.amazonaws.com/123456789012/alerts");
            diagnostics.add(mistake, position(&url));
            return None;
        }
        if region.is_none() && region_of_queue(&url.value).is_none() {
            let mistake =
                Diagnostic::error("config/missing-key", "neither the URL nor `region` tells the queue's region")
                    .with_hint("write region: eu-central-1, say");
            diagnostics.add(mistake, position(&url));
            return None;
        }
        Some(Config { url: url.value, region, role })
    }
}

/// An account and a name are what is left of the host.
fn is_queue(text: &str) -> bool {
    let Ok(url) = Url::parse(text) else { return false };
    let segments = url.path_segments().map_or(0, |segments| segments.filter(|segment| !segment.is_empty()).count());
    matches!(url.scheme(), "https" | "http") && url.has_host() && url.username().is_empty() && segments == 2
}

impl Config {
    pub(super) fn secrets(&self) -> Vec<&SecretRef> {
        Vec::new()
    }

    pub(super) fn resolve(&mut self, _folder: &Path) {}

    pub fn url(&self) -> &str {
        &self.url
    }

    pub fn role(&self) -> Option<&AssumeRole> {
        self.role.as_ref()
    }
}

/// A queue that can be sent to.
struct Sqs {
    lane: Lane,
    url: String,
}

pub(super) fn open(config: &Config, _name: &str, tools: &Tools) -> Result<Box<dyn Receiver>, String> {
    let region = config.region.as_deref().or_else(|| region_of_queue(&config.url));
    Ok(Box::new(Sqs { lane: Lane::new(tools, region, config.role.as_ref())?, url: config.url.clone() }))
}

#[async_trait::async_trait]
impl Receiver for Sqs {
    async fn deliver(&self, notice: &Notice<'_>) -> Result<Delivered, DeliveryError> {
        let attributes = aws::attributes(notice.message);
        let room = LARGEST.saturating_sub(attributes.iter().map(Attribute::size).sum());
        let body = fit(notice.message, room, String::len, |message| aws::data(notice, message))
            .ok_or_else(|| DeliveryError::refused("the message does not fit into 256 KiB"))?;
        let client = self.lane.client().await;
        let mut call = client.sqs_sender().send_message().queue_url(&self.url).message_body(body);
        for Attribute { name, data_type, value } in attributes {
            let value = MessageAttributeValue::builder().data_type(data_type).string_value(value).build();
            call = call.message_attributes(name, value.map_err(|error| DeliveryError::refused(error.to_string()))?);
        }
        if self.url.trim_end_matches('/').ends_with(".fifo") {
            call = call.message_group_id(notice.group).message_deduplication_id(notice.id);
        }
        client.call(ACTION, call.send()).await.map_err(|error| aws::error(&error, TARGET))?;
        Ok(Delivered::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notify::kit::aws::config_of;
    use crate::notify::kit::{self, aws::World};
    use crate::wording::samples;

    fn queue(url: &str) -> Config {
        Config { url: url.to_owned(), region: Some("eu-central-1".to_owned()), role: None }
    }

    #[test]
    fn mistakes_are_found_at_their_places() {
        let (config, said) = config_of("sqs: {url: \"https://sqs.eu-central-1.amazonaws.com/123456789012/alerts\"}");
        assert!(config.is_some() && said.is_empty(), "{said}");
        let (config, said) = config_of("sqs: {url: \"https://queues.example.com/123456789012/alerts\"}");
        assert!(config.is_none() && said.contains("config/missing-key"), "{said}");
        let (config, said) = config_of("sqs: {url: queue, region: Frankfurt, role_arn: admin}");
        assert!(config.is_none());
        for code in ["config/not-a-queue", "config/not-a-region", "config/not-a-role"] {
            assert!(said.contains(code), "{said}");
        }
    }

    #[tokio::test]
    async fn errors_of_the_queue() {
        let open = |tools: &Tools| open(&queue("http://127.0.0.1:1/123456789012/alerts"), "queue", tools).unwrap();
        kit::aws::Contract {
            open: &open,
            error: kit::aws::json_error,
            absent: "AWS.SimpleQueueService.NonExistentQueue",
        }
        .holds()
        .await;
    }

    #[tokio::test]
    async fn moto_has_every_message_once() {
        let mut world = World::start();
        let tools = world.tools().await;
        let url = world.named("queue");
        let receiver = open(&queue(&url), "queue", &tools).unwrap();
        for (name, message) in samples::messages() {
            receiver.deliver(&kit::notice(&message)).await.unwrap();
            let received = world.ask(&format!("messages {url}"));
            let received = received.as_array().unwrap();
            assert_eq!(received.len(), 1, "{name}");
            let body: serde_json::Value = serde_json::from_str(received[0]["body"].as_str().unwrap()).unwrap();
            assert_eq!((&body["id"], &body["group"]), (&"ntc-0123456789abcdef".into(), &"grp-0123456789abcdef".into()));
            let told: crate::wording::message::Message = serde_json::from_value(body).unwrap();
            assert_eq!(told.title, message.title, "{name}");
            assert_eq!(received[0]["attributes"]["severity"], message.severity.as_str(), "{name}");
        }
        let url = world.named("fifo_queue");
        let receiver = open(&queue(&url), "queue", &tools).unwrap();
        let message = samples::message(1);
        for attempt in 1..=2 {
            receiver.deliver(&Notice { attempt, ..kit::notice(&message) }).await.unwrap();
        }
        let received = world.ask(&format!("messages {url}"));
        assert_eq!(received.as_array().unwrap().len(), 1, "the second try is the same message: {received}");
        assert_eq!(received[0]["group"], "grp-0123456789abcdef");
        let gone = open(&queue(&format!("{url}x")), "queue", &tools).unwrap();
        let error = gone.deliver(&kit::notice(&message)).await.unwrap_err();
        assert!(
            matches!(&error, DeliveryError::Retry { why, .. } if why.contains("the queue is not there")),
            "{error:?}"
        );
    }
}
