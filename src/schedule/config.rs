//! The section `schedule`, and the key of that name in an entry of `states`, which wins where it says something.

use std::time::Duration;

use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_saphyr::Spanned;

use super::{CronExpression, Schedule};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::yaml::{Mapping, TextOr, duration_or_zero, position};

/// Every hour: a sweep costs few calls, as listings are read in bulk.
const CRON: &str = "0 * * * *";
/// What is due at the same time begins within ten minutes.
const JITTER: Duration = Duration::from_secs(10 * 60);

/// A valid section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScheduleConfig {
    pub cron: CronExpression,
    pub timezone: TimeZone,
    /// What the delay of each name is less than.
    pub jitter: Duration,
}

impl Default for ScheduleConfig {
    #[expect(clippy::expect_used, reason = "a constant, which every test of a configuration parses")]
    fn default() -> Self {
        Self { cron: CRON.parse().expect("it is an expression"), timezone: TimeZone::UTC, jitter: JITTER }
    }
}

/// What one state says otherwise than the section.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ScheduleOverride {
    pub cron: Option<CronExpression>,
    pub timezone: Option<TimeZone>,
    pub jitter: Option<Duration>,
}

impl ScheduleConfig {
    /// With what is said otherwise.
    #[must_use]
    pub fn with(&self, other: &ScheduleOverride) -> Self {
        let ScheduleOverride { cron, timezone, jitter } = other.clone();
        Self {
            cron: cron.unwrap_or_else(|| self.cron.clone()),
            timezone: timezone.unwrap_or_else(|| self.timezone.clone()),
            jitter: jitter.unwrap_or(self.jitter),
        }
    }

    /// The schedule of the thing with this name.
    pub fn of(&self, name: &str) -> Schedule {
        Schedule::new(self.cron.clone(), self.timezone.clone(), self.jitter, name)
    }
}

/// A cron expression, or a mapping.
pub type RawSchedule = Spanned<TextOr<RawScheduleKeys>>;

/// When a state is compared as a whole.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RawScheduleKeys {
    /// Five fields (minute, hour, day of month, month, day of week) or a nickname: `0 6 * * 1-5`, `@daily`.
    #[schemars(with = "Option<String>")]
    cron: Option<Spanned<String>>,
    /// Whose clock it means, by its IANA name: `Europe/Berlin`.
    #[schemars(with = "Option<String>")]
    timezone: Option<Spanned<String>>,
    /// It begins later than that by a delay that is always the same and less than this.
    #[schemars(with = "Option<String>")]
    jitter: Option<Spanned<String>>,
}

impl Mapping for RawScheduleKeys {
    const EXPECTING: &str = "a cron expression, or a mapping with `cron`, `timezone` and `jitter`";
}

/// What of it is valid; every mistake goes to `diagnostics`.
pub fn validate(raw: Option<RawSchedule>, diagnostics: &mut Diagnostics) -> ScheduleOverride {
    let Some(raw) = raw else { return ScheduleOverride::default() };
    let at = position(&raw);
    match raw.value {
        TextOr::Text(text) => {
            let cron = cron(&text).map_err(|mistake| diagnostics.add(mistake, at)).ok();
            ScheduleOverride { cron, ..ScheduleOverride::default() }
        }
        TextOr::Mapping(RawScheduleKeys { cron: text, timezone, jitter }) => ScheduleOverride {
            cron: checked(text, cron, diagnostics),
            timezone: checked(timezone, zone, diagnostics),
            jitter: jitter.and_then(|jitter| duration_or_zero(&jitter, diagnostics)),
        },
    }
}

fn checked<T>(
    raw: Option<Spanned<String>>,
    parse: impl Fn(&str) -> Result<T, Diagnostic>,
    diagnostics: &mut Diagnostics,
) -> Option<T> {
    let raw = raw?;
    parse(&raw.value).map_err(|mistake| diagnostics.add(mistake, position(&raw))).ok()
}

/// A time zone by its IANA name; a mistake goes to `diagnostics`.
pub fn timezone(name: &Spanned<String>, diagnostics: &mut Diagnostics) -> Option<TimeZone> {
    zone(&name.value).map_err(|mistake| diagnostics.add(mistake, position(name))).ok()
}

/// A cron expression.
///
/// # Errors
/// It is none, or no moment matches it.
pub fn cron(text: &str) -> Result<CronExpression, Diagnostic> {
    text.parse().map_err(|error| {
        let message = format!("{text:?} is not a cron expression: {error}");
        Diagnostic::error("config/not-a-schedule", message)
            .with_hint("write five fields, e.g. \"0 6 * * 1-5\", or @daily")
    })
}

fn zone(name: &str) -> Result<TimeZone, Diagnostic> {
    TimeZone::get(name).map_err(|_| {
        let message = format!("{name:?} is not a time zone");
        Diagnostic::error("config/not-a-time-zone", message).with_hint("write its IANA name, e.g. Europe/Berlin or UTC")
    })
}
