//! How the person behind a drift is looked for, as the configuration says.

use jiff::Timestamp;

use super::principal::Settings;
use super::source::SourceRef;

/// How the person behind a drift is looked for.
#[derive(Debug, Clone, Default)]
pub struct AttributionOptions {
    /// Empty: nobody is named.
    pub sources: Vec<SourceRef>,
    /// How far back; `None` leaves it to each source's [`super::source::EventSource::default_reach`].
    pub since: Option<Timestamp>,
    pub settings: Settings,
}
