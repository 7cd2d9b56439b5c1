//! Which event made which change: events are held against every changed value of a drift, with the names and ids under which
//! CloudTrail knows its resource. Knows nothing of where events come from.

mod activity_log;
mod bearing;
mod blame;
mod collector;
mod drift_case;
mod effect;
mod element;
mod explanation;
mod keys;
mod payload_values;
mod place;
mod rule_ids;
mod tags;

pub use activity_log::{ActivityLog, UnresolvedSession};
pub use collector::Collector;
#[cfg(test)]
pub(crate) use explanation::tests::certainty::{corrections, records_that_say_too_little};
pub use explanation::{Explanation, correlate};
