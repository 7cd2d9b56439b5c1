//! How far back: a duration before now, or a moment.

use std::str::FromStr;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, SpanRelativeTo, Timestamp};

/// `24h`, `7d`, or a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Since {
    /// So long before now; days have 24 hours.
    Ago(SignedDuration),
    At(Timestamp),
}

impl Since {
    /// The moment that is meant.
    ///
    /// # Errors
    /// It lies in the future, or before all time; says what to write.
    pub fn before(self, now: Timestamp) -> Result<Timestamp, String> {
        match self {
            Self::Ago(duration) => now.checked_sub(duration).map_err(|_| format!("it is too long ago: write {FORMS}")),
            Self::At(at) if at > now => Err(format!("{at} lies in the future")),
            Self::At(at) => Ok(at),
        }
    }
}

const FORMS: &str = "a duration (90m, 24h, 7d), a day (2026-01-31) or a time (2026-01-31T08:00:00Z)";

impl FromStr for Since {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Ok(at) = text.parse::<Timestamp>() {
            return Ok(Self::At(at));
        }
        if let Some(day) = text.parse::<Date>().ok().and_then(|day| day.to_zoned(TimeZone::UTC).ok()) {
            return Ok(Self::At(day.timestamp()));
        }
        let span = text.parse::<Span>().ok();
        let duration = span.and_then(|span| span.to_duration(SpanRelativeTo::days_are_24_hours()).ok());
        match duration {
            Some(duration) if duration > SignedDuration::ZERO => Ok(Self::Ago(duration)),
            _ => Err(format!("{text:?} is neither a duration nor a time: write {FORMS}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_people_write_it() {
        let now: Timestamp = "2026-02-01T12:00:00Z".parse().unwrap();
        for (written, meant) in [
            ("24h", "2026-01-31T12:00:00Z"),
            ("90m", "2026-02-01T10:30:00Z"),
            ("7d", "2026-01-25T12:00:00Z"),
            ("1d12h", "2026-01-31T00:00:00Z"),
            ("2w", "2026-01-18T12:00:00Z"),
            ("2026-01-31", "2026-01-31T00:00:00Z"),
            ("2026-01-31T08:00:00Z", "2026-01-31T08:00:00Z"),
            ("2026-01-31T08:00:00+02:00", "2026-01-31T06:00:00Z"),
        ] {
            assert_eq!(written.parse::<Since>().unwrap().before(now).unwrap().to_string(), meant, "{written}");
        }
        for wrong in ["", "24", "0h", "-3d", "yesterday", "1 month", "2026-13-01", "99999999999999h"] {
            assert!(wrong.parse::<Since>().is_err(), "{wrong}");
        }
        assert!("2027-01-01".parse::<Since>().unwrap().before(now).is_err());
        assert!("9000000h".parse::<Since>().map_or_else(Err, |since| since.before(now)).is_ok());
    }
}
