//! WHO DID IT: CloudTrail events -> the person behind a drift, with proof and an honest confidence.
//!
//! * `event/`: one CloudTrail record in one form, and what its operation can change.
//! * `principal/`: from the identity in a record to the person (or program, or service) behind it.
//! * `correlate/`: which event made which change of a drift.
//! * `source/`: reads events from LookupEvents, S3 and files; the only part that is not pure.
//!
//! `principal` uses `event`, `correlate` uses both, `source` uses only `event`: the same events and drifts give the same names.

pub mod config;
pub mod correlate;
pub mod event;
mod options;
pub mod principal;
mod since;
pub mod source;

pub use correlate::{ActivityLog, Collector, Explanation, UnresolvedSession, correlate};
pub use event::{Event, EventSink, ResourceQuery, SessionQuery, Unread, Window, parse};
pub use options::AttributionOptions;
pub use principal::{Pipeline, Settings};
pub use since::Since;
