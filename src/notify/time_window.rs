//! Times of the week in a time zone, in which people do not want to be told. Pure.

use jiff::civil::{Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _, Unit};

/// The same hours on some days of the week. Hours that end before they begin go on to the next day.
#[derive(Debug, Clone, PartialEq)]
pub struct TimeWindow {
    pub name: String,
    pub timezone: TimeZone,
    /// Days on which it begins.
    pub days: Vec<Weekday>,
    pub from: Time,
    /// The same as `from`: a whole day.
    pub to: Time,
}

impl TimeWindow {
    /// When the window that this moment is in ends; `None`: it is in none.
    pub fn ends(&self, at: Timestamp) -> Option<Timestamp> {
        let today = at.to_zoned(self.timezone.clone()).date();
        // One that began the day before may go on.
        let mut begins = [today.yesterday().ok()?, today].into_iter().filter(|day| self.days.contains(&day.weekday()));
        begins.find_map(|day| {
            let last = if self.to <= self.from { day.tomorrow().ok()? } else { day };
            let moment = |day: jiff::civil::Date, time: Time| {
                Some(day.to_datetime(time).to_zoned(self.timezone.clone()).ok()?.timestamp())
            };
            let (from, to) = (moment(day, self.from)?, moment(last, self.to)?);
            (from <= at && at < to).then_some(to)
        })
    }
}

/// When nobody is told of nothing any more, seen from this moment: the end of all windows that follow each other. `None`: now.
pub fn muted_until(windows: &[TimeWindow], at: Timestamp) -> Option<Timestamp> {
    let mut end = None;
    let mut moment = at;
    // Windows that follow each other without a break for ever end by themselves: a week is enough to see it.
    let limit = at.checked_add((8 * 24).hours()).ok()?;
    while let Some(next) = windows.iter().filter_map(|window| window.ends(moment)).max() {
        end = Some(next);
        moment = next;
        if moment >= limit {
            break;
        }
    }
    end.map(|end| end.round(Unit::Second).unwrap_or(end))
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::time;

    fn window(days: &[Weekday], from: Time, to: Time) -> TimeWindow {
        let timezone = TimeZone::get("Europe/Berlin").unwrap();
        TimeWindow { name: "x".to_owned(), timezone, days: days.to_vec(), from, to }
    }

    #[test]
    fn nights_and_weekends_follow_each_other() {
        use Weekday::{Friday, Monday, Saturday, Sunday, Thursday, Tuesday, Wednesday};
        let nights = window(&[Monday, Tuesday, Wednesday, Thursday, Friday], time(20, 0, 0, 0), time(7, 0, 0, 0));
        let weekend = window(&[Saturday, Sunday], time(0, 0, 0, 0), time(0, 0, 0, 0));
        let until = |text: &str| {
            let at: Timestamp = text.parse().unwrap();
            muted_until(&[nights.clone(), weekend.clone()], at).map(|end| end.to_string())
        };
        assert_eq!(until("2026-11-24T12:00:00Z"), None, "a Tuesday at noon");
        assert_eq!(until("2026-11-24T19:30:00Z").as_deref(), Some("2026-11-25T06:00:00Z"), "its night");
        assert_eq!(until("2026-11-25T05:59:59Z").as_deref(), Some("2026-11-25T06:00:00Z"), "after midnight");
        assert_eq!(until("2026-11-25T06:00:00Z"), None);
        assert_eq!(until("2026-11-27T20:00:00Z").as_deref(), Some("2026-11-29T23:00:00Z"), "Friday to Monday");
        // The clocks go back in the night to Sunday, 25 October 2026.
        assert_eq!(until("2026-10-24T10:00:00Z").as_deref(), Some("2026-10-25T23:00:00Z"));
    }

    #[test]
    fn all_day_every_day_ends_the_search() {
        use Weekday::{Friday, Monday, Saturday, Sunday, Thursday, Tuesday, Wednesday};
        let always = window(
            &[Monday, Tuesday, Wednesday, Thursday, Friday, Saturday, Sunday],
            time(0, 0, 0, 0),
            time(0, 0, 0, 0),
        );
        assert!(muted_until(&[always], "2026-11-24T12:00:00Z".parse().unwrap()).is_some());
    }
}
