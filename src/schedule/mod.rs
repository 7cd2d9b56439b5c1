//! When something is due: a cron expression in a time zone, and a delay that spreads what is due at the same time. Pure: knows no clock and
//! draws no random number, so that a restart or another replica finds the same times.

pub mod config;

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use sha2::{Digest as _, Sha256};

pub use config::ScheduleConfig;

/// Five fields (minute, hour, day of month, month, day of week) or a nickname (`@daily`) that match at least one moment.
#[derive(Clone, PartialEq, Eq)]
pub struct CronExpression {
    text: String,
    cron: Cron,
}

impl FromStr for CronExpression {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
        let cron = parser.parse(text).map_err(|error| error.to_string())?;
        // 30 February is a valid expression.
        let any = Timestamp::UNIX_EPOCH.to_zoned(TimeZone::UTC);
        cron.find_next_occurrence(&any, false).map_err(|_| "no moment matches it".to_owned())?;
        Ok(Self { text: text.to_owned(), cron })
    }
}

impl fmt::Display for CronExpression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for CronExpression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.text)
    }
}

/// The times at which one thing is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    cron: CronExpression,
    zone: TimeZone,
    delay: Duration,
}

impl fmt::Display for Schedule {
    /// `0 * * * * Europe/Berlin`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.cron, self.zone.iana_name().unwrap_or("UTC"))
    }
}

impl Schedule {
    /// Due when the expression matches the clock of the time zone, and a delay of less than `jitter` later. The delay follows from the
    /// name: it is always the same for one name, and another one for most others.
    pub fn new(cron: CronExpression, zone: TimeZone, jitter: Duration, name: &str) -> Self {
        Self { cron, zone, delay: delay(jitter, name) }
    }

    /// The first time after this one. A time of day that a change to daylight saving time skips is due when the clock goes on; one that
    /// comes twice is due once, unless the expression repeats within the hour. [`Timestamp::MAX`] when no time is left.
    pub fn next_after(&self, after: Timestamp) -> Timestamp {
        // What matched before and is only late counts, too.
        let from = after.checked_sub(self.delay).unwrap_or(Timestamp::MIN).to_zoned(self.zone.clone());
        let matched = self.cron.cron.find_next_occurrence(&from, false).ok();
        matched.and_then(|at| at.timestamp().checked_add(self.delay).ok()).unwrap_or(Timestamp::MAX)
    }

    /// How much later than its expression says.
    pub fn delay(&self) -> Duration {
        self.delay
    }
}

/// Whole seconds, less than `jitter`, spread evenly over names.
fn delay(jitter: Duration, name: &str) -> Duration {
    let hash = Sha256::digest(name.as_bytes());
    let number = hash.iter().take(8).fold(0_u64, |number, byte| (number << 8) | u64::from(*byte));
    Duration::from_secs(number.checked_rem(jitter.as_secs()).unwrap_or(0))
}

#[cfg(test)]
mod tests;
