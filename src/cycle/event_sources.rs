//! Where CloudTrail's events are read, made ready: joins the sources' wish to call AWS with the inventory's clients.

use jiff::Timestamp;

use crate::attribution::Settings;
use crate::attribution::source::folder::Folder;
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
pub fn event_sources<'a>(options: &AttributionOptions, _aws: &'a Aws) -> Vec<Box<dyn EventSource + 'a>> {
    let source = |source: &SourceRef| -> Option<Box<dyn EventSource + 'a>> {
        match source {
            SourceRef::Path(path) => Some(Box::new(Folder::new(path))),
            SourceRef::Lookup | SourceRef::S3 { .. } => None,
        }
    };
    options.sources.iter().filter_map(source).collect()
}
