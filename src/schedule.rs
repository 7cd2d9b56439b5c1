//! When something is due: a cron expression in a time zone, right when clocks change, and a jitter that is the same every time.
//! Pure.

use std::time::Duration;

use croner::Cron;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use sha2::{Digest as _, Sha256};

/// A cron expression (five fields, names, `L`, `W`, `#`) in a time zone.
#[derive(Debug, Clone)]
pub struct Schedule {
    cron: Cron,
    zone: TimeZone,
}

impl Schedule {
    /// # Errors
    /// What is wrong with the expression, or that nobody knows the time zone.
    pub fn parse(cron: &str, zone: &str) -> Result<Self, String> {
        let zone = TimeZone::get(zone).map_err(|_| format!("{zone:?} is no time zone: write Europe/Berlin, or UTC"))?;
        let cron: Cron = cron.parse().map_err(|error| format!("{cron:?} is no cron expression: {error}"))?;
        Ok(Self { cron, zone })
    }

    /// The first time after this one; `None`: there is none (the 30th of February). A time that clocks skip comes when they have moved;
    /// one that they show twice comes once.
    pub fn next_after(&self, time: Timestamp) -> Option<Timestamp> {
        let next = self.cron.find_next_occurrence(&time.to_zoned(self.zone.clone()), false).ok()?;
        Some(next.timestamp())
    }
}

/// A part of `most` that follows from the name alone: what is due at one time does not begin at one time, nor at another after every
/// restart.
pub fn jitter(name: &str, most: Duration) -> Duration {
    let digest = Sha256::digest(name.as_bytes());
    let share = u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]]);
    most.mul_f64(f64::from(share) / f64::from(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(cron: &str, zone: &str, from: &str, count: usize) -> Vec<String> {
        let schedule = Schedule::parse(cron, zone).unwrap();
        let mut time: Timestamp = from.parse().unwrap();
        let mut found = Vec::new();
        for _ in 0..count {
            time = schedule.next_after(time).unwrap();
            found.push(time.to_string());
        }
        found
    }

    /// <https://en.wikipedia.org/wiki/Daylight_saving_time_by_country>: in Berlin, 29 March and 25 October of 2026.
    #[test]
    fn nothing_is_skipped_or_doubled_when_clocks_change() {
        let spring = times("30 2 * * *", "Europe/Berlin", "2026-03-28T00:00:00Z", 3);
        assert_eq!(spring, ["2026-03-28T01:30:00Z", "2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"]);
        let autumn = times("30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z", 2);
        assert_eq!(autumn, ["2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"]);
        let hourly = times("0 * * * *", "Europe/Berlin", "2026-10-24T23:30:00Z", 4);
        assert!(hourly.is_sorted() && hourly.windows(2).all(|pair| pair[0] != pair[1]), "{hourly:?}");
    }

    #[test]
    fn a_week_of_quarters_over_the_change_of_clocks() {
        let all = times("*/15 * * * *", "Europe/Berlin", "2026-10-22T00:00:00Z", 7 * 24 * 4);
        let seconds = |text: &String| text.parse::<Timestamp>().unwrap().as_second();
        assert!(all.windows(2).all(|pair| seconds(&pair[0]) < seconds(&pair[1])));
        assert!(
            all.windows(2).all(|pair| seconds(&pair[1]) - seconds(&pair[0]) <= 75 * 60),
            "never later than an hour"
        );
    }

    #[test]
    fn mistakes_are_told() {
        assert!(Schedule::parse("61 * * * *", "UTC").unwrap_err().contains("cron expression"));
        assert!(Schedule::parse("0 * * * *", "Europe/Nowhere").unwrap_err().contains("time zone"));
        assert_eq!(Schedule::parse("0 0 30 2 *", "UTC").unwrap().next_after(Timestamp::UNIX_EPOCH), None);
    }

    #[test]
    fn the_jitter_is_the_names() {
        let most = Duration::from_secs(600);
        assert_eq!(jitter("prod", most), jitter("prod", most));
        assert_ne!(jitter("prod", most), jitter("dev", most));
        assert!(jitter("prod", most) <= most);
    }
}
