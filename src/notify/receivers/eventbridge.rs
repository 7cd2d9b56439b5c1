//! An event bus of Amazon EventBridge: source `driftd`, detail types `Drift opened` and alike, the message as the detail, the findings' ARNs as the
//! event's resources. A repetition is known by the `id` in the detail.

use std::path::Path;

use aws_sdk_eventbridge::types::{PutEventsRequestEntry, PutEventsResultEntry};
use aws_smithy_types::DateTime;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_saphyr::Spanned;

use crate::aws::{AssumeRole, ReadError};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::model::arn::{Arn, is_arn};
use crate::model::{GapReason, is_region};
use crate::notify::aws::{self, LARGEST, Lane};
use crate::notify::{Delivered, DeliveryError, Notice, Receiver, Tools, fit};
use crate::secret::SecretRef;
use crate::wording::message::{Message, Occasion};
use crate::yaml::position;

const ACTION: &str = "events:PutEvents";
const TARGET: &str = "the event bus";
const SOURCE: &str = "driftd";
/// Bytes that the time of an event counts for: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html>.
const TIME: usize = 14;

/// An event bus of Amazon EventBridge.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Raw {
    /// The bus: its name, or its ARN where it is one of another account or region.
    #[schemars(with = "String")]
    event_bus: Spanned<String>,
    /// The region of a bus that is given by its name; without it that of the credentials.
    #[schemars(with = "Option<String>")]
    region: Option<Spanned<String>>,
    /// A role to assume for it.
    #[schemars(with = "Option<String>")]
    role_arn: Option<Spanned<String>>,
    /// What that role's trust policy asks for.
    #[schemars(with = "Option<String>")]
    external_id: Option<Spanned<String>>,
}

/// A valid bus.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    event_bus: String,
    region: Option<String>,
    role: Option<AssumeRole>,
}

impl Raw {
    /// What of it is valid; every mistake goes to `diagnostics`.
    pub(super) fn validate(self, diagnostics: &mut Diagnostics) -> Option<Config> {
        let Self { event_bus, region, role_arn, external_id } = self;
        let role = aws::role(role_arn, external_id, diagnostics);
        let given = aws::region(region, diagnostics);
        let own = bus_region(&event_bus.value).map(str::to_owned);
        let is_known = match is_arn(&event_bus.value) {
            true => own.is_some() && given.as_ref().is_none_or(|given| own.as_ref() == Some(given)),
            false => is_bus_name(&event_bus.value),
        };
        if !is_known {
            let mistake = Diagnostic::error("config/not-an-event-bus", "this is not the name or ARN of an event bus")
                .with_hint("write e.g. default, or arn:aws:events:eu-central-1:123456789012:event-bus/security, and no other `region` beside an ARN");
            diagnostics.add(mistake, position(&event_bus));
            return None;
        }
        Some(Config { event_bus: event_bus.value, region: own.or(given), role })
    }
}

/// `arn:aws:events:eu-central-1:123456789012:event-bus/security`
fn bus_region(text: &str) -> Option<&str> {
    let arn = Arn::parse(text)?;
    let name = arn.resource.strip_prefix("event-bus/")?;
    (arn.service == "events" && is_region(arn.region) && is_bus_name(name)).then_some(arn.region)
}

fn is_bus_name(text: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
    !text.is_empty() && text.len() <= 256 && text.chars().all(is_part)
}

impl Config {
    pub(super) fn secrets(&self) -> Vec<&SecretRef> {
        Vec::new()
    }

    pub(super) fn resolve(&mut self, _folder: &Path) {}

    /// Name or ARN.
    pub fn event_bus(&self) -> &str {
        &self.event_bus
    }

    pub fn region(&self) -> Option<&str> {
        self.region.as_deref()
    }

    pub fn role(&self) -> Option<&AssumeRole> {
        self.role.as_ref()
    }
}

/// A bus that can be sent to.
struct EventBridge {
    lane: Lane,
    event_bus: String,
}

pub(super) fn open(config: &Config, _name: &str, tools: &Tools) -> Result<Box<dyn Receiver>, String> {
    let lane = Lane::new(tools, config.region.as_deref(), config.role.as_ref())?;
    Ok(Box::new(EventBridge { lane, event_bus: config.event_bus.clone() }))
}

#[async_trait::async_trait]
impl Receiver for EventBridge {
    async fn deliver(&self, notice: &Notice<'_>) -> Result<Delivered, DeliveryError> {
        let Event { detail, resources } =
            fit(notice.message, LARGEST, Event::size, |message| Event::of(notice, message))
                .ok_or_else(|| DeliveryError::refused("the message does not fit into 256 KiB"))?;
        let entry = PutEventsRequestEntry::builder()
            .time(DateTime::from_secs(notice.message.at.as_second()))
            .source(SOURCE)
            .detail_type(detail_type(notice.message.occasion))
            .detail(detail)
            .set_resources(Some(resources))
            .event_bus_name(&self.event_bus);
        let client = self.lane.client().await;
        let answer = client.call(ACTION, client.eventbridge().put_events().entries(entry.build()).send()).await;
        let answer = answer.map_err(|error| aws::error(&error, TARGET))?;
        // The call succeeds though its entry does not.
        match answer.entries().iter().find(|entry| entry.error_code.is_some()) {
            Some(entry) => Err(refusal(entry)),
            None if answer.failed_entry_count > 0 => {
                Err(DeliveryError::retry(format!("{ACTION}: it did not take the event")))
            }
            None => Ok(Delivered::default()),
        }
    }
}

/// What counts for the limit.
struct Event {
    detail: String,
    resources: Vec<String>,
}

impl Event {
    fn of(notice: &Notice<'_>, message: &Message) -> Self {
        let resources = message.items.iter().filter_map(|item| item.arn.clone()).collect();
        Self { detail: aws::data(notice, message), resources }
    }

    fn size(&self) -> usize {
        let resources: usize = self.resources.iter().map(String::len).sum();
        TIME + SOURCE.len() + 128 + self.detail.len() + resources
    }
}

/// At most 128 characters.
fn detail_type(occasion: Occasion) -> &'static str {
    match occasion {
        Occasion::Opened => "Drift opened",
        Occasion::Updated => "Drift updated",
        Occasion::Resolved => "Drift resolved",
        Occasion::Reminder => "Drift reminder",
        Occasion::Escalated => "Drift escalated",
        Occasion::Digest => "Drift digest",
        Occasion::Baseline => "Drift baseline",
        Occasion::Health => "driftd health",
        Occasion::Test => "driftd test",
    }
}

/// Codes: <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEventsResultEntry.html>.
fn refusal(entry: &PutEventsResultEntry) -> DeliveryError {
    let code = entry.error_code().unwrap_or_default();
    let (reason, status) = match code {
        "ThrottlingException" => (GapReason::Throttled, None),
        _ if code.starts_with("Internal") => (GapReason::Failed, None),
        _ if code.contains("AccessDenied") || code.contains("NotAuthorized") => (GapReason::Denied, Some(400)),
        _ => (GapReason::Failed, Some(400)),
    };
    let message = entry.error_message().unwrap_or_default().to_owned();
    aws::error(&ReadError { reason, action: ACTION, code: Some(code.to_owned()), status, message }, TARGET)
}

#[cfg(test)]
mod tests;
