//! CloudTrail events: one record in one form, what its operation does, and which resources it can change. Data and pure
//! functions; knows neither who made a call nor which drift it explains.

pub(super) mod event_class;
mod event_name;
pub(super) mod event_table;
pub(super) mod objects;
pub(super) mod operation_effect;
mod parse;
mod payload;
mod query;
mod record;
mod refusal;
pub(super) mod security_group_rules;
mod touched;

pub use event_table::names_nothing;
pub use parse::{Skipped, parse, unread};
pub(super) use payload::{squash, text};
pub use query::{EventSink, ResourceQuery, SessionQuery, Unread, Window};
pub use record::{Event, Identity, Issuer};
pub use touched::{Touched, names_of, touched};
