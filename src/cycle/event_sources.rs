//! Where CloudTrail's events are read, made ready: joins the sources' wish to call AWS with the inventory's clients.

use jiff::Timestamp;

use super::log_bucket::LogBucket;
use crate::attribution::Settings;
use crate::attribution::source::folder::Folder;
use crate::attribution::source::s3::S3Logs;
use crate::attribution::source::{EventSource, SourceRef};
use crate::inventory::Aws;

/// How the person behind a drift is looked for.
#[derive(Debug, Clone, Default)]
pub struct AttributionOptions {
    /// Empty: nobody is named.
    pub sources: Vec<SourceRef>,
    /// How far back; `None` leaves it to each source's [`EventSource::default_reach`].
    pub since: Option<Timestamp>,
    pub settings: Settings,
}

/// The sources to read, in the order in which they were given. They live for one cycle: what one has given once it does
/// not give again.
pub fn event_sources<'a>(options: &AttributionOptions, aws: &'a Aws) -> Vec<Box<dyn EventSource + 'a>> {
    let source = |source: &SourceRef| -> Option<Box<dyn EventSource + 'a>> {
        match source {
            SourceRef::Path(path) => Some(Box::new(Folder::new(path))),
            SourceRef::S3 { bucket, prefix } => {
                Some(Box::new(S3Logs::new(Box::new(LogBucket::new(aws)), bucket, prefix, aws.home_region())))
            }
            SourceRef::Lookup => None,
        }
    };
    options.sources.iter().filter_map(source).collect()
}
