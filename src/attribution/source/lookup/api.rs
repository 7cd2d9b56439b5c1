//! LookupEvents by AWS's SDK: the real [`LookupApi`].

use async_trait::async_trait;
use aws_sdk_cloudtrail::types::{LookupAttribute, LookupAttributeKey};
use aws_smithy_types::DateTime;
use jiff::Timestamp;

use super::{ACTION, Attribute, LookupApi, Page, Query};
use crate::attribution::source::SourceError;
use crate::aws::{Aws, ReadError};
use crate::model::{GapReason, Scope};

/// Events of a page: the most that there can be.
const PAGE: i32 = 50;

/// Looks up with the base credentials, or the role that is configured for an account.
pub(in crate::attribution::source) struct EventHistory<'a>(pub &'a Aws);

#[async_trait]
impl LookupApi for EventHistory<'_> {
    async fn lookup(&self, place: &Scope, query: &Query, token: Option<&str>) -> Result<Page, SourceError> {
        let source_error =
            |error: &ReadError| SourceError { reason: error.reason, action: ACTION, detail: error.detail() };
        let attribute = attribute(query).map_err(|detail| source_error(&ReadError::unexpected(ACTION, detail)))?;
        let Some(client) = self.0.scope(place).await else {
            let detail = self.0.why_not_reached(&place.account);
            return Err(SourceError { reason: GapReason::NotConfigured, action: ACTION, detail });
        };
        let call = client
            .cloudtrail()
            .lookup_events()
            .start_time(DateTime::from_secs(query.since.as_second()))
            .end_time(DateTime::from_secs(query.until.as_second()))
            .set_lookup_attributes(attribute.map(|attribute| vec![attribute]))
            .max_results(PAGE)
            .set_next_token(token.map(str::to_owned));
        let output = call.send().await.map_err(|error| source_error(&ReadError::new(ACTION, &error)))?;
        let oldest = output.events().last().and_then(|event| event.event_time());
        Ok(Page {
            records: output.events().iter().filter_map(|event| event.cloud_trail_event.clone()).collect(),
            oldest: oldest.and_then(|time| Timestamp::from_second(time.secs()).ok()),
            token: output.next_token,
        })
    }
}

fn attribute(query: &Query) -> Result<Option<LookupAttribute>, String> {
    let (key, value) = match &query.attribute {
        None => return Ok(None),
        Some(Attribute::EventName(name)) => (LookupAttributeKey::EventName, name.as_str()),
        Some(Attribute::ResourceName(name)) => (LookupAttributeKey::ResourceName, name.as_str()),
        Some(Attribute::Writes) => (LookupAttributeKey::ReadOnly, "false"),
    };
    let attribute = LookupAttribute::builder().attribute_key(key).attribute_value(value).build();
    attribute.map(Some).map_err(|error| error.to_string())
}
