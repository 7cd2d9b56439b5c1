//! The vocabulary: plain data that every stage speaks. Imports nothing of ours, knows no I/O and no clock.

pub mod account;
pub mod arn;
mod attribution;
pub mod cidr;
mod compare_rules;
mod desired;
mod drift;
mod finding;
mod gap;
mod key;
mod live;
pub mod number;
mod outcome;
pub mod pointer;
pub mod policy;
mod prior;
pub mod protocol;
mod region;
pub mod report;
pub mod schema;
mod scope;
pub mod security_group_rule;
mod unique_id;

pub use account::is_account_id;
pub use arn::Arn;
pub use attribution::{
    ActivityRecord, Actor, ActorType, Attribution, Caution, Channel, Confidence, EventRef, OtherEvent,
};
pub use compare_rules::{CompareRules, OwnedField};
pub use desired::{
    CodePosition, Desired, DesiredState, InstanceStatus, ProviderClass, ProviderRef, SensitivePath, Source,
    UnreadSource,
};
pub use drift::{Change, Drift, DriftStatus};
pub use finding::{Finding, Reason, Severity};
pub use gap::{Gap, GapReason, GapScope};
pub use key::{ResourceKey, id_is_unique};
pub use live::{Listing, Live, Owner};
pub use outcome::{Counts, Coverage, Ignored, Outcome, RuleWarning};
pub use prior::PriorState;
pub use region::is_region;
pub use scope::{GLOBAL, Scope};
pub use security_group_rule::SecurityGroupRule;
pub use unique_id::is_unique_id;

/// A resource's attributes in Terraform's own form: what stands under `attributes` in a state file.
pub type Attributes = serde_json::Map<String, serde_json::Value>;

/// What stands wherever a sensitive value would have stood.
pub const REDACTED: &str = "(sensitive)";
