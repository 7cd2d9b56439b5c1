//! WHO DID IT: CloudTrail events -> the person behind a drift, with proof and an honest confidence. Reading events is the
//! business of `source/`; everything else here is pure: the same events and drifts give the same names.

mod agent;
mod arn;
mod body;
mod chain;
mod channel;
mod compact;
pub mod event;
mod mfa;
mod names;
mod naming;
mod noise;
mod person;
mod pipeline;
mod plain;
pub mod record;
mod sessions;
pub mod settings;
pub mod source;

pub use channel::{Way, channel};
pub use event::{Event, Identity, Issuer};
pub use noise::identifies;
pub use person::{Person, person};
pub use record::{Skipped, parse};
pub use sessions::Sessions;
pub use settings::{Pipeline, Settings};
