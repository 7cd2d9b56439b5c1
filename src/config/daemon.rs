//! The section `daemon`: how patient it is. Stands here, since the daemon gets numbers and does not know where they were written.

use std::num::NonZeroU32;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_saphyr::Spanned;

use crate::diagnostic::Diagnostics;
use crate::yaml::{duration, duration_or_zero};

/// A valid section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DaemonConfig {
    /// After an event, before the resource is read: AWS's copies catch up, and what belongs together arrives.
    pub settle: Duration,
    /// After the event, until its resource is read once more.
    pub recheck: Duration,
    /// When more resources than these are to be read at a time, the accounts and regions that they are in are swept.
    pub storm: NonZeroU32,
    /// How often states are asked whether they moved.
    pub state_poll: Duration,
    /// The longest wait for a state that is locked or moves, or a pipeline that is writing.
    pub in_flight_wait: Duration,
    /// How old a read of a single resource may be in a sweep, where events tell of every change; zero: everything is read at every sweep.
    pub full_read_every: Duration,
}

impl Default for DaemonConfig {
    fn default() -> Self {
        const MINUTE: u64 = 60;
        Self {
            settle: Duration::from_secs(5),
            recheck: Duration::from_secs(MINUTE),
            storm: NonZeroU32::MIN.saturating_add(499),
            state_poll: Duration::from_secs(30),
            in_flight_wait: Duration::from_secs(15 * MINUTE),
            full_read_every: Duration::ZERO,
        }
    }
}

/// How patient the daemon is.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RawDaemon {
    /// How long after an event the resource is read.
    #[schemars(with = "Option<String>")]
    settle: Option<Spanned<String>>,
    /// Until so long after the event it is read once more.
    #[schemars(with = "Option<String>")]
    recheck: Option<Spanned<String>>,
    /// When more resources than these are to be read at a time, the accounts and regions that they are in are swept.
    storm: Option<NonZeroU32>,
    /// How often states are asked whether they moved.
    #[schemars(with = "Option<String>")]
    state_poll: Option<Spanned<String>>,
    /// The longest wait for a state that is locked or moves, or a pipeline that is writing.
    #[schemars(with = "Option<String>")]
    in_flight_wait: Option<Spanned<String>>,
    /// How old a read of a single resource may be in a sweep, where events tell of every change. `0s` reads everything at every sweep.
    #[schemars(with = "Option<String>")]
    full_read_every: Option<Spanned<String>>,
}

impl RawDaemon {
    /// What of it is valid; every mistake goes to `diagnostics`.
    pub fn validate(self, diagnostics: &mut Diagnostics) -> DaemonConfig {
        let Self { settle, recheck, storm, state_poll, in_flight_wait, full_read_every } = self;
        let default = DaemonConfig::default();
        let mut or = |raw: Option<Spanned<String>>, default: Duration, zero: bool| {
            let parse = if zero { duration_or_zero } else { duration };
            raw.and_then(|text| parse(&text, diagnostics)).unwrap_or(default)
        };
        DaemonConfig {
            settle: or(settle, default.settle, true),
            recheck: or(recheck, default.recheck, true),
            storm: storm.unwrap_or(default.storm),
            state_poll: or(state_poll, default.state_poll, false),
            in_flight_wait: or(in_flight_wait, default.in_flight_wait, true),
            full_read_every: or(full_read_every, default.full_read_every, true),
        }
    }
}
