//! What differs: one drift per resource, with its changes. Values are already redacted here.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Attributes, Scope};

/// How a resource differs; the contract's `findings[].drift`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DriftStatus {
    Changed,
    Missing,
    Unmanaged,
    Unknown,
}

impl DriftStatus {
    /// The word of the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Changed => "changed",
            Self::Missing => "missing",
            Self::Unmanaged => "unmanaged",
            Self::Unknown => "unknown",
        }
    }
}

/// One attribute path that differs. Sensitive values are [`super::REDACTED`] already.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// JSON Pointer into the Terraform attributes.
    pub path: String,
    pub desired: Value,
    pub live: Value,
    /// For sets: elements live only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub added: Option<Vec<Value>>,
    /// For sets: elements desired only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub removed: Option<Vec<Value>>,
    pub sensitive: bool,
    /// Whether the code sets it; `None` when no code is at hand.
    pub declared: Option<bool>,
}

/// One resource that differs, or that could not be seen.
#[derive(Debug, Clone, PartialEq)]
pub struct Drift {
    pub status: DriftStatus,
    /// Terraform resource type.
    pub kind: String,
    pub id: String,
    pub scope: Scope,
    /// Index into the run's desired resources; `None` when unmanaged.
    pub desired: Option<usize>,
    /// For `unknown`: why it could not be seen. For `unmanaged`: what its name claims, or what it made.
    pub reason: Option<String>,
    pub changes: Vec<Change>,
    /// What an undeclared resource made that is not read itself (a group, a stack): each would be unmanaged.
    pub made: Vec<Drift>,
    /// For the rules: all desired attributes, sensitive ones redacted. Empty when unmanaged.
    pub desired_attributes: Attributes,
    /// For the rules: all live attributes that were read, sensitive ones redacted. Empty when missing or unknown.
    pub live_attributes: Attributes,
}
