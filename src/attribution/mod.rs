//! WHO DID IT: CloudTrail events -> the person behind a drift, with proof and an honest confidence. Reading events is the
//! business of `source/`; everything else here is pure: the same events and drifts give the same names.

mod agent;
mod arn;
mod body;
mod chain;
mod channel;
mod collect;
mod compact;
pub mod config;
mod correlate;
mod effect;
pub mod event;
mod group_rules;
mod leaves;
mod ledger;
mod mfa;
mod names;
mod naming;
mod noise;
mod objects;
mod person;
mod pipeline;
mod plain;
pub mod record;
mod sessions;
pub mod settings;
mod since;
pub mod source;
mod subject;
mod table;
mod tags;
mod verbs;

pub use channel::{Way, channel};
pub use collect::Collector;
pub use correlate::{Verdict, correlate};
pub use event::{Event, Identity, Issuer};
pub use ledger::{ActivityLog, Wanted};
pub use noise::identifies;
pub use person::{Person, person};
pub use record::{Skipped, parse};
pub use sessions::Sessions;
pub use settings::{Pipeline, Settings};
pub use since::Since;
