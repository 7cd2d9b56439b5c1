//! Durations as people write them: `5s`, `90m`, `1h 30m`, `7d`.

use std::time::Duration;

use jiff::{Span, SpanRelativeTo};
use serde_saphyr::Spanned;

use super::position;
use crate::diagnostic::{Diagnostic, Diagnostics};

/// More than nothing; days have 24 hours.
pub fn duration(text: &Spanned<String>, diagnostics: &mut Diagnostics) -> Option<Duration> {
    checked(text, diagnostics, |duration| !duration.is_zero())
}

/// The same, and `0s` is allowed.
pub fn duration_or_zero(text: &Spanned<String>, diagnostics: &mut Diagnostics) -> Option<Duration> {
    checked(text, diagnostics, |_| true)
}

fn checked(
    text: &Spanned<String>,
    diagnostics: &mut Diagnostics,
    allowed: impl Fn(&Duration) -> bool,
) -> Option<Duration> {
    let found = parse(&text.value).filter(allowed);
    if found.is_none() {
        let message = format!("{:?} is not a duration", text.value);
        let mistake = Diagnostic::error("config/not-a-duration", message).with_hint("write it as 90m, 2h or 1h 30m");
        diagnostics.add(mistake, position(text));
    }
    found
}

fn parse(text: &str) -> Option<Duration> {
    let span = text.parse::<Span>().ok()?.to_duration(SpanRelativeTo::days_are_24_hours()).ok()?;
    Duration::try_from(span).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_people_write_it() {
        for (written, seconds) in
            [("5s", 5), ("90m", 5400), ("1h 30m", 5400), ("7d", 604_800), ("1d12h", 129_600), ("0s", 0)]
        {
            assert_eq!(parse(written), Some(Duration::from_secs(seconds)), "{written}");
        }
        for wrong in ["", "5", "soon", "-1h", "1 month", "1y"] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}
