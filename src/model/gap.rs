//! What could not be seen, and why. A gap is data, never an absence.

use serde::{Deserialize, Serialize};

/// Why something could not be seen; the contract's `gaps[].reason`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GapReason {
    /// AWS refused: no permission.
    Denied,
    /// AWS asked us to slow down, until the retries ran out.
    Throttled,
    /// No answer within the deadline, or the connection broke.
    Timeout,
    /// No reader exists for this kind.
    Unsupported,
    /// No credentials or role are configured for this account or source.
    NotConfigured,
    /// A source (state, code) that cannot be read or parsed.
    Unreadable,
    /// Any other failure.
    Failed,
}

impl GapReason {
    /// The word of the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Denied => "denied",
            Self::Throttled => "throttled",
            Self::Timeout => "timeout",
            Self::Unsupported => "unsupported",
            Self::NotConfigured => "not_configured",
            Self::Unreadable => "unreadable",
            Self::Failed => "failed",
        }
    }
}

/// What the gap covers. A `None` means "all of them": a gap with only `kind` set covers every resource of that kind.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct GapScope {
    pub source: Option<String>,
    pub account: Option<String>,
    pub region: Option<String>,
    pub kind: Option<String>,
    /// The Terraform id of the one resource, when it is only one.
    pub id: Option<String>,
    /// The IAM action refused, e.g. `s3:GetBucketPolicy`.
    pub action: Option<String>,
}

/// Something that could not be seen.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Gap {
    pub reason: GapReason,
    pub scope: GapScope,
    /// One line for a person; never holds a secret.
    pub detail: String,
}
