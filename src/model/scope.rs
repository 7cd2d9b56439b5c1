//! Where a kind is listed: one (account, region).

use serde::{Deserialize, Serialize};

/// The region of kinds that have none (IAM, the list of S3 buckets).
pub const GLOBAL: &str = "global";

/// One account and one region; `region` is [`GLOBAL`] for kinds without one.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Scope {
    /// Twelve digits.
    pub account: String,
    pub region: String,
}

impl Scope {
    pub fn new(account: impl Into<String>, region: impl Into<String>) -> Self {
        Self { account: account.into(), region: region.into() }
    }
}
