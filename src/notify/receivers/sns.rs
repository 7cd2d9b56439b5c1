//! A topic of Amazon SNS: text for people who subscribed with their mailbox, JSON for machines, or what Amazon Q Developer posts into Slack and
//! Teams. Filter policies see the attributes of a message. A topic changes no earlier message: what asks nobody to do anything is not sent to people.

mod amazon_q;
mod text;

use std::path::Path;

use aws_sdk_sns::types::MessageAttributeValue;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_saphyr::Spanned;

use crate::aws::AssumeRole;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::model::arn::Arn;
use crate::model::is_region;
use crate::notify::aws::{self, Attribute, LARGEST, Lane};
use crate::notify::summary::grade;
use crate::notify::{Delivered, DeliveryError, Notice, Receiver, Tools, fit};
use crate::secret::SecretRef;
use crate::wording::message::Message;
use crate::wording::text::{sanitize_output, shorten};
use crate::yaml::position;

/// "less than 100 characters": <https://docs.aws.amazon.com/sns/latest/api/API_Publish.html>.
const LONGEST_SUBJECT: usize = 99;
const ACTION: &str = "sns:Publish";
const TARGET: &str = "the topic";

/// A topic of Amazon SNS.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Raw {
    /// The topic's ARN; one that ends with `.fifo` keeps the order of each group.
    #[schemars(with = "String")]
    topic_arn: Spanned<String>,
    /// What is sent: `text` for people, `json` for machines, `amazon_q` for Amazon Q Developer in Slack and Teams.
    #[serde(default)]
    format: Format,
    /// A role to assume for it.
    #[schemars(with = "Option<String>")]
    role_arn: Option<Spanned<String>>,
    /// What that role's trust policy asks for.
    #[schemars(with = "Option<String>")]
    external_id: Option<Spanned<String>>,
}

/// What is sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// A text for people.
    #[default]
    Text,
    /// The message as data.
    Json,
    /// A custom notification of Amazon Q Developer.
    AmazonQ,
}

/// A valid topic.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    topic_arn: String,
    format: Format,
    role: Option<AssumeRole>,
}

impl Raw {
    /// What of it is valid; every mistake goes to `diagnostics`.
    pub(super) fn validate(self, diagnostics: &mut Diagnostics) -> Option<Config> {
        let Self { topic_arn, format, role_arn, external_id } = self;
        let role = aws::role(role_arn, external_id, diagnostics);
        if !is_topic(&topic_arn.value) {
            let mistake = Diagnostic::error("config/not-a-topic", "this is not the ARN of an SNS topic")
                .with_hint("write e.g. arn:aws:sns:eu-central-1:123456789012:driftd");
            diagnostics.add(mistake, position(&topic_arn));
            return None;
        }
        Some(Config { topic_arn: topic_arn.value, format, role })
    }
}

fn is_topic(text: &str) -> bool {
    let name = |arn: &Arn<'_>| !arn.resource.is_empty() && !arn.resource.contains(':');
    Arn::parse(text).is_some_and(|arn| arn.service == "sns" && is_region(arn.region) && name(&arn))
}

impl Config {
    pub(super) fn secrets(&self) -> Vec<&SecretRef> {
        Vec::new()
    }

    pub(super) fn resolve(&mut self, _folder: &Path) {}

    pub fn topic_arn(&self) -> &str {
        &self.topic_arn
    }

    pub fn role(&self) -> Option<&AssumeRole> {
        self.role.as_ref()
    }
}

/// A topic that can be sent to.
struct Sns {
    lane: Lane,
    topic_arn: String,
    format: Format,
}

pub(super) fn open(config: &Config, _name: &str, tools: &Tools) -> Result<Box<dyn Receiver>, String> {
    let region = Arn::parse(&config.topic_arn).map(|arn| arn.region);
    let lane = Lane::new(tools, region, config.role.as_ref())?;
    Ok(Box::new(Sns { lane, topic_arn: config.topic_arn.clone(), format: config.format }))
}

#[async_trait::async_trait]
impl Receiver for Sns {
    async fn deliver(&self, notice: &Notice<'_>) -> Result<Delivered, DeliveryError> {
        if notice.message.quiet && self.format != Format::Json {
            return Ok(Delivered::default());
        }
        let Payload { body, attributes } =
            fit(notice.message, LARGEST, Payload::size, |message| self.payload(notice, message))
                .ok_or_else(|| DeliveryError::refused("the message does not fit into 256 KiB"))?;
        let client = self.lane.client().await;
        let mut call = client.sns().publish().topic_arn(&self.topic_arn).subject(subject(notice.message)).message(body);
        for Attribute { name, data_type, value } in attributes {
            let value = MessageAttributeValue::builder().data_type(data_type).string_value(value).build();
            let value = value.map_err(|error| DeliveryError::refused(error.to_string()))?;
            call = call.message_attributes(name, value);
        }
        if self.topic_arn.ends_with(".fifo") {
            call = call.message_group_id(notice.group).message_deduplication_id(notice.id);
        }
        client.call(ACTION, call.send()).await.map_err(|error| aws::error(&error, TARGET))?;
        Ok(Delivered::default())
    }
}

/// What counts for the limit.
struct Payload {
    body: String,
    attributes: Vec<Attribute>,
}

impl Payload {
    fn size(&self) -> usize {
        self.body.len() + self.attributes.iter().map(Attribute::size).sum::<usize>()
    }
}

impl Sns {
    fn payload(&self, notice: &Notice<'_>, message: &Message) -> Payload {
        let body = match self.format {
            Format::Text => aws::plain_characters(&text::of(message)),
            Format::Json => aws::data(notice, message),
            Format::AmazonQ => aws::plain_characters(&amazon_q::of(notice, message)),
        };
        Payload { body, attributes: aws::attributes(message) }
    }
}

fn subject(message: &Message) -> String {
    let title = sanitize_output(message.title.trim());
    let subject = format!("[driftd] [{}] {title}", grade(message));
    shorten(&aws::plain_characters(&subject), LONGEST_SUBJECT)
}

#[cfg(test)]
mod tests;
