//! Tests of a schedule: changes of daylight saving time, a week of simulated time, and delays.

use super::*;

fn schedule(cron: &str, zone: &str) -> Schedule {
    Schedule::new(cron.parse().unwrap(), TimeZone::get(zone).unwrap(), Duration::ZERO, "")
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// The times from one moment to another, as a clock in the zone shows them.
fn times(schedule: &Schedule, from: &str, to: &str) -> Vec<String> {
    let (mut now, end) = (at(from), at(to));
    let mut found = Vec::new();
    loop {
        now = schedule.next_after(now);
        if now > end {
            return found;
        }
        found.push(now.to_zoned(schedule.zone.clone()).strftime("%d %H:%M %:z").to_string());
    }
}

/// In 2026 Berlin's clock goes from 2 to 3 on 29 March, and from 3 back to 2 on 25 October.
#[test]
fn every_night_is_due_once_whatever_the_clock_does() {
    let nightly = schedule("30 2 * * *", "Europe/Berlin");
    assert_eq!(
        times(&nightly, "2026-03-27T12:00:00Z", "2026-03-30T12:00:00Z"),
        ["28 02:30 +01:00", "29 03:00 +02:00", "30 02:30 +02:00"]
    );
    assert_eq!(
        times(&nightly, "2026-10-23T12:00:00Z", "2026-10-26T12:00:00Z"),
        ["24 02:30 +02:00", "25 02:30 +02:00", "26 02:30 +01:00"]
    );
}

/// What repeats within the hour goes on, in the order of time.
#[test]
fn every_half_hour_is_every_half_hour() {
    let half_hourly = schedule("*/30 * * * *", "Europe/Berlin");
    for (from, to) in
        [("2026-03-28T23:59:00Z", "2026-03-29T03:00:00Z"), ("2026-10-24T23:59:00Z", "2026-10-25T03:00:00Z")]
    {
        let mut now = at(from);
        let first = half_hourly.next_after(now);
        let mut seen = 0;
        while now < at(to) {
            let next = half_hourly.next_after(now);
            assert!(seen == 0 || next.duration_since(now) == jiff::SignedDuration::from_mins(30), "{now} {next}");
            now = next;
            seen += 1;
        }
        assert!(first > at(from) && seen == 7, "{from}: {seen}");
    }
}

/// A week, as the daemon sees it: asked again after each run, some of which end late.
#[test]
fn a_week() {
    let daily = schedule("0 6 * * 1-5", "America/New_York");
    assert_eq!(
        times(&daily, "2026-11-02T00:00:00Z", "2026-11-09T00:00:00Z"),
        ["02 06:00 -05:00", "03 06:00 -05:00", "04 06:00 -05:00", "05 06:00 -05:00", "06 06:00 -05:00"]
    );
    // A run that took three days misses what was due meanwhile, once.
    assert_eq!(daily.next_after(at("2026-11-05T12:00:00Z")), at("2026-11-06T11:00:00Z"));
    // What is due at a moment is not due again at that moment.
    assert_eq!(daily.next_after(at("2026-11-02T11:00:00Z")), at("2026-11-03T11:00:00Z"));
}

#[test]
fn a_delay_is_of_the_name_and_less_than_the_jitter() {
    let jitter = Duration::from_secs(600);
    let hourly = |name: &str| Schedule::new("0 * * * *".parse().unwrap(), TimeZone::UTC, jitter, name);
    let delays: Vec<u64> = (0..100).map(|number| hourly(&format!("state-{number}")).delay().as_secs()).collect();
    assert!(delays.iter().all(|delay| *delay < 600));
    for third in [0..200, 200..400, 400..600] {
        assert!(delays.iter().filter(|delay| third.contains(*delay)).count() > 15, "{delays:?}");
    }
    let one = hourly("network");
    assert_eq!(one, hourly("network"));
    let due = at("2026-05-01T10:00:00Z") + one.delay();
    // Late, but not yet.
    assert_eq!(one.next_after(at("2026-05-01T10:00:00Z")), due);
    assert_eq!(one.next_after(due), at("2026-05-01T11:00:00Z") + one.delay());
    assert_eq!(delay(Duration::ZERO, "network"), Duration::ZERO);
}

#[test]
fn what_is_no_expression() {
    for wrong in ["", "* * * *", "0 0 * * * *", "61 * * * *", "0 0 30 2 *", "hourly", "@sometimes"] {
        assert!(wrong.parse::<CronExpression>().is_err(), "{wrong}");
    }
    for right in ["@daily", "0 0 L * *", "0 9 * * MON#1", "0 0 29 2 *", "*/15 8-18 * * mon-fri"] {
        assert!(right.parse::<CronExpression>().is_ok(), "{right}");
    }
    let last = schedule("0 0 29 2 *", "UTC");
    assert_eq!(last.next_after(Timestamp::MAX), Timestamp::MAX);
    assert!(last.next_after(Timestamp::MIN) > Timestamp::MIN);
}
