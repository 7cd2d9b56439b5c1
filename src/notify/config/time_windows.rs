//! The section `time_windows`: hours of the week, by name.

use jiff::civil::{Time, Weekday};
use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_saphyr::Spanned;

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::notify::time_window::TimeWindow;
use crate::schedule;
use crate::yaml::position;

/// Days, as they are written.
const DAYS: [(&str, Weekday); 7] = [
    ("mon", Weekday::Monday),
    ("tue", Weekday::Tuesday),
    ("wed", Weekday::Wednesday),
    ("thu", Weekday::Thursday),
    ("fri", Weekday::Friday),
    ("sat", Weekday::Saturday),
    ("sun", Weekday::Sunday),
];

/// Hours of the week.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RawTimeWindow {
    /// What `mute` calls it.
    name: String,
    /// Whose clock it means, by its IANA name; without it UTC.
    #[schemars(with = "Option<String>")]
    timezone: Option<Spanned<String>>,
    /// Days on which it begins: `mon`, or `mon-fri`; without it every day.
    #[schemars(with = "Vec<String>")]
    #[serde(default)]
    days: Vec<Spanned<String>>,
    /// When it begins: `20:00`; without it at midnight.
    #[schemars(with = "Option<String>")]
    from: Option<Spanned<String>>,
    /// When it ends; not later than `from`: on the next day.
    #[schemars(with = "Option<String>")]
    to: Option<Spanned<String>>,
}

/// What of the list is valid; every mistake goes to `diagnostics`.
pub(super) fn validate(raw: Vec<Spanned<RawTimeWindow>>, diagnostics: &mut Diagnostics) -> Vec<TimeWindow> {
    let mut found: Vec<TimeWindow> = Vec::new();
    for entry in raw {
        let at = position(&entry);
        let RawTimeWindow { name, timezone, days, from, to } = entry.value;
        if found.iter().any(|window| window.name == name) {
            let message = format!("there are two time windows of the name {name:?}");
            diagnostics.error("config/duplicate-time-window", at, message);
        }
        let timezone = timezone.and_then(|name| schedule::config::timezone(&name, diagnostics));
        let mut all: Vec<Weekday> = days.iter().flat_map(|text| span(text, diagnostics)).collect();
        if days.is_empty() {
            all = DAYS.map(|(_, day)| day).to_vec();
        }
        let mut time = |text: Option<Spanned<String>>| text.and_then(|text| clock(&text, diagnostics));
        let (from, to) = (time(from).unwrap_or(Time::midnight()), time(to).unwrap_or(Time::midnight()));
        found.push(TimeWindow { name, timezone: timezone.unwrap_or(TimeZone::UTC), days: all, from, to });
    }
    found
}

/// `mon`, or `fri-mon`: across the end of the week, too.
fn span(text: &Spanned<String>, diagnostics: &mut Diagnostics) -> Vec<Weekday> {
    let lower = text.value.to_lowercase();
    let index = |word: &str| DAYS.iter().position(|(name, _)| word.trim().starts_with(name));
    let (first, last) = match lower.split_once('-') {
        Some((first, last)) => (index(first), index(last)),
        None => (index(&lower), index(&lower)),
    };
    let (Some(first), Some(last)) = (first, last) else {
        let mistake = Diagnostic::error("config/not-a-day", format!("{:?} is not a day of the week", text.value));
        diagnostics.add(mistake.with_hint("write mon, or mon-fri"), position(text));
        return Vec::new();
    };
    let length = (last + 7 - first) % 7 + 1;
    DAYS.iter().cycle().skip(first).take(length).map(|(_, day)| *day).collect()
}

fn clock(text: &Spanned<String>, diagnostics: &mut Diagnostics) -> Option<Time> {
    let found = Time::strptime("%H:%M", &text.value).ok();
    if found.is_none() && text.value != "24:00" {
        let mistake = Diagnostic::error("config/not-a-time-of-day", format!("{:?} is not a time of day", text.value));
        diagnostics.add(mistake.with_hint("write it as \"07:30\""), position(text));
    }
    found.or(Some(Time::midnight()))
}
