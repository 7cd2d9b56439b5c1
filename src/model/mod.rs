//! The vocabulary: plain data that every stage speaks. Imports nothing of ours, knows no I/O and no clock.

mod attribution;
mod compare_rules;
mod desired;
mod drift;
mod gap;
mod live;
pub mod pointer;
pub mod policy;
mod region;
pub mod report;
pub mod schema;
mod scope;

pub use attribution::{
    ActivityRecord, Actor, ActorType, Attribution, Caution, Channel, Confidence, EventRef, OtherEvent,
};
pub use compare_rules::{CompareRules, OwnedField};
pub use desired::{
    CodePosition, Desired, DesiredState, InstanceStatus, ProviderRef, SensitivePath, Source, UnreadSource, is_unique_id,
};
pub use drift::{Change, Drift, DriftStatus};
pub use gap::{Gap, GapReason, GapScope};
pub use live::{Inventory, Listing, Live, Owner};
pub use region::{is_account_id, is_region};
pub use scope::{GLOBAL, Scope};

/// A resource's attributes in Terraform's own form: what stands under `attributes` in a state file.
pub type Attributes = serde_json::Map<String, serde_json::Value>;

/// What stands wherever a sensitive value would have stood.
pub const REDACTED: &str = "(sensitive)";
