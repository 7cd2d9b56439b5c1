//! The section `events`: where the daemon hears of changes as they happen. Stands here, since the sources themselves are opened by whoever
//! names a cause (`attribution`) and driven by the daemon.

use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_saphyr::Spanned;
use url::Url;

use crate::aws::config::{is_role_arn, not_a_region, not_a_role};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::yaml::{duration, position};

/// LookupEvents shows a call after some minutes; AWS allows two requests a second per account and region.
const LOOKUP_INTERVAL: Duration = Duration::from_secs(5 * 60);

/// A place where events come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventSourceConfig {
    Sqs(QueueConfig),
    Lookup {
        /// How often each account and region is asked.
        interval: Duration,
    },
}

/// A queue that gets CloudTrail's events by EventBridge, or notifications of a trail's log files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueConfig {
    /// `https://sqs.REGION.amazonaws.com/ACCOUNT/NAME`
    pub url: String,
    /// `None`: the one in the URL.
    pub region: Option<String>,
    /// `None`: the credentials themselves may read it.
    pub role_arn: Option<String>,
    pub external_id: Option<String>,
}

/// A source of events: exactly one of the keys.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RawEventSource {
    /// An SQS queue with CloudTrail's events, or with notifications of a trail's log files.
    sqs: Option<RawQueue>,
    /// CloudTrail's event history is asked every so often.
    lookup: Option<RawLookup>,
}

/// An SQS queue with CloudTrail's events, or with notifications of a trail's log files.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct RawQueue {
    /// The queue's URL.
    #[schemars(with = "String")]
    url: Spanned<String>,
    /// Its region, if the URL does not tell.
    #[schemars(with = "Option<String>")]
    region: Option<Spanned<String>>,
    /// A role to assume for it.
    #[schemars(with = "Option<String>")]
    role_arn: Option<Spanned<String>>,
    /// What that role's trust policy asks for.
    external_id: Option<String>,
}

/// CloudTrail's event history is asked every so often.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct RawLookup {
    /// How often.
    #[schemars(with = "Option<String>")]
    interval: Option<Spanned<String>>,
}

/// What of the list is valid; every mistake goes to `diagnostics`.
pub fn validate(raw: Vec<Spanned<RawEventSource>>, diagnostics: &mut Diagnostics) -> Vec<EventSourceConfig> {
    let mut sources = Vec::new();
    for entry in raw {
        let at = position(&entry);
        let RawEventSource { sqs, lookup } = entry.value;
        let source = match (sqs, lookup) {
            (Some(queue), None) => EventSourceConfig::Sqs(queue.validate(diagnostics)),
            (None, Some(RawLookup { interval })) => EventSourceConfig::Lookup {
                interval: interval.and_then(|text| duration(&text, diagnostics)).unwrap_or(LOOKUP_INTERVAL),
            },
            _ => {
                let mistake = Diagnostic::error("config/not-one-of", "a source of events is either `sqs` or `lookup`")
                    .with_hint("write `- sqs: {url: ...}` or `- lookup: {}`");
                diagnostics.add(mistake, at);
                continue;
            }
        };
        if sources.contains(&source) {
            diagnostics.error("config/duplicate-event-source", at, "this source of events is listed twice");
        }
        sources.push(source);
    }
    sources
}

impl RawQueue {
    fn validate(self, diagnostics: &mut Diagnostics) -> QueueConfig {
        let Self { url, region, role_arn, external_id } = self;
        if !is_queue(&url.value) {
            let mistake = Diagnostic::error("config/not-a-queue", "this is not the URL of an SQS queue")
                .with_hint("write https://sqs.eu-central-1.amazonaws.com/123456789012/driftd");
            diagnostics.add(mistake, position(&url));
        }
        if let Some(region) = &region
            && let Some(mistake) = not_a_region(&region.value)
        {
            diagnostics.add(mistake, position(region));
        }
        if let Some(arn) = &role_arn
            && !is_role_arn(&arn.value)
        {
            diagnostics.add(not_a_role(&arn.value), position(arn));
        }
        let text = |raw: Option<Spanned<String>>| raw.map(|raw| raw.value);
        QueueConfig { url: url.value, region: text(region), role_arn: text(role_arn), external_id }
    }
}

/// An account and a name are what is left of the host.
fn is_queue(text: &str) -> bool {
    let Ok(url) = Url::parse(text) else { return false };
    let segments = url.path_segments().map_or(0, |segments| segments.filter(|segment| !segment.is_empty()).count());
    matches!(url.scheme(), "https" | "http") && url.has_host() && url.username().is_empty() && segments == 2
}
