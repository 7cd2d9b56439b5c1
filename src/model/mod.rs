//! The vocabulary: plain data that every stage speaks. Imports nothing of ours, knows no I/O and no clock.

pub mod account;
pub mod arn;
mod attribution;
pub mod cidr;
mod compare_rules;
mod desired;
mod drift;
mod gap;
mod live;
pub mod number;
pub mod pointer;
pub mod policy;
pub mod protocol;
pub mod report;
pub mod schema;
mod scope;
pub mod security_group_rule;

pub use arn::Arn;
pub use attribution::{
    ActivityRecord, Actor, ActorType, Attribution, Caution, Channel, Confidence, EventRef, OtherEvent,
};
pub use compare_rules::{CompareRules, OwnedField};
pub use desired::{
    CodePosition, Desired, DesiredState, InstanceStatus, ProviderRef, SensitivePath, Source, is_unique_id,
};
pub use drift::{Change, Drift, DriftStatus};
pub use gap::{Gap, GapReason, GapScope};
pub use live::{Inventory, Listing, Live, Owner};
pub use scope::{GLOBAL, Scope};
pub use security_group_rule::SecurityGroupRule;

/// A resource's attributes in Terraform's own form: what stands under `attributes` in a state file.
pub type Attributes = serde_json::Map<String, serde_json::Value>;

/// What stands wherever a sensitive value would have stood.
pub const REDACTED: &str = "(sensitive)";
