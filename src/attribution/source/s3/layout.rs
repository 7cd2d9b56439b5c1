//! Where a trail puts its files: `[PREFIX/]AWSLogs/[o-ID/]ACCOUNT/CloudTrail/REGION/YYYY/MM/DD/FILE`, and what part of that a
//! prefix already says. <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-find-log-files.html>.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::super::log_file_name::{TIME, delivered};
use super::LogFolder;
use crate::attribution::event::Window;
use crate::model::account::is_account_id;

const LOGS: &str = "AWSLogs";

/// What a prefix says; `None` is left to be discovered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Root {
    /// Ends in `AWSLogs/`.
    pub base: String,
    /// `o-ab12`, or nothing because the account follows.
    pub organization: Option<String>,
    pub account: Option<String>,
    pub region: Option<String>,
    /// `2026/01/`, or as much as there is of it.
    pub day: String,
}

impl Root {
    /// Reads a prefix.
    ///
    /// # Errors
    /// It leads to where no logs are; says where they are.
    pub(super) fn parse(prefix: &str) -> Result<Self, String> {
        let segments: Vec<&str> = prefix.split('/').filter(|segment| !segment.is_empty()).collect();
        let Some(at) = segments.iter().position(|segment| *segment == LOGS) else {
            let base = [segments.as_slice(), &[LOGS, ""]].concat().join("/");
            return Ok(Self { base, ..Self::default() });
        };
        let (before, mut rest) = (&segments[..=at], segments[at + 1..].iter().copied().peekable());
        let mut root = Self { base: format!("{}/", before.join("/")), ..Self::default() };
        root.organization = rest.next_if(|segment| segment.starts_with("o-")).map(str::to_owned);
        let Some(account) = rest.next() else { return Ok(root) };
        if !is_account_id(account) {
            return Err(format!(
                "{account:?} is neither an organization nor an account: give the prefix before {LOGS}/"
            ));
        }
        root.account = Some(account.to_owned());
        match rest.next() {
            None => return Ok(root),
            Some("CloudTrail") => {}
            Some(other) => return Err(format!("{other}/ holds no events: its neighbour CloudTrail/ does")),
        }
        root.region = rest.next().map(str::to_owned);
        for part in rest.by_ref().take(3) {
            root.day.extend([part, "/"]);
        }
        let digits = root.day.bytes().all(|byte| byte.is_ascii_digit() || byte == b'/');
        if !digits || rest.next().is_some() {
            return Err("a day is the most that a prefix can name; for one file give its local copy".to_owned());
        }
        Ok(root)
    }

    /// Where accounts (or organizations) are.
    pub(super) fn accounts(&self) -> String {
        match &self.organization {
            Some(organization) => format!("{}{organization}/", self.base),
            None => self.base.clone(),
        }
    }
}

/// `s3://bucket/prefix`
pub(super) fn location(bucket: &str, prefix: &str) -> String {
    if prefix.is_empty() { format!("s3://{bucket}") } else { format!("s3://{bucket}/{prefix}") }
}

/// Times of delivery; both ends belong to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Delivered {
    pub from: Timestamp,
    pub until: Timestamp,
}

impl Delivered {
    /// When events of a window may have been delivered.
    pub(super) fn of(window: Window, slack: SignedDuration, lag: SignedDuration) -> Self {
        let from = window.since.checked_sub(slack).unwrap_or(window.since);
        Self { from, until: window.until.checked_add(lag).unwrap_or(window.until) }
    }

    /// The same times, without overlaps.
    pub(super) fn merged(times: impl Iterator<Item = Self>) -> Vec<Self> {
        let mut times: Vec<Self> = times.collect();
        times.sort();
        let mut merged: Vec<Self> = Vec::new();
        for time in times {
            match merged.last_mut() {
                Some(last) if time.from <= last.until => last.until = last.until.max(time.until),
                _ => merged.push(time),
            }
        }
        merged
    }

    /// May this file have events of it? One whose name does not say is read.
    pub(super) fn has(&self, key: &str) -> bool {
        delivered(key).is_none_or(|at| self.from <= at && at <= self.until)
    }
}

/// `2026/01/02/`
fn day(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC).strftime("%Y/%m/%d/").to_string()
}

/// A key that stands before every file of that day.
pub(super) fn start_of_day(prefix: &str, at: Timestamp) -> String {
    format!("{prefix}{}", day(at))
}

/// A key that stands behind every file of that day.
pub(super) fn end_of_day(prefix: &str, at: Timestamp) -> String {
    format!("{prefix}{}\u{10ffff}", day(at))
}

/// A key that stands before every file that was delivered then or later.
pub(super) fn start_of_minute(folder: &LogFolder, at: Timestamp) -> String {
    let time = at.to_zoned(TimeZone::UTC).strftime(TIME).to_string();
    format!("{}{}_CloudTrail_{}_{time}", start_of_day(&folder.prefix, at), folder.scope.account, folder.scope.region)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_from_outside_and_inside() {
        let shown = |prefix: &str| {
            let root = Root::parse(prefix).unwrap();
            let of = |part: Option<String>| part.unwrap_or_else(|| "-".to_owned());
            format!("{} {} {} {}", root.accounts(), of(root.account), of(root.region), root.day)
        };
        for (prefix, meant) in [
            ("", "AWSLogs/ - - "),
            ("trails/org", "trails/org/AWSLogs/ - - "),
            ("AWSLogs", "AWSLogs/ - - "),
            ("p/AWSLogs/o-ab12", "p/AWSLogs/o-ab12/ - - "),
            ("p/AWSLogs/123456789012", "p/AWSLogs/ 123456789012 - "),
            ("AWSLogs/o-ab12/123456789012/CloudTrail", "AWSLogs/o-ab12/ 123456789012 - "),
            ("AWSLogs/123456789012/CloudTrail/eu-west-1", "AWSLogs/ 123456789012 eu-west-1 "),
            ("AWSLogs/123456789012/CloudTrail/eu-west-1/2026/01", "AWSLogs/ 123456789012 eu-west-1 2026/01/"),
        ] {
            assert_eq!(shown(prefix), meant, "{prefix}");
        }
        for wrong in [
            "AWSLogs/elsewhere",
            "AWSLogs/123456789012/CloudTrail-Digest/eu-west-1",
            "AWSLogs/123456789012/CloudTrail/eu-west-1/x",
            "AWSLogs/123456789012/CloudTrail/eu-west-1/2026/01/02/file.json.gz",
        ] {
            assert!(Root::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn times_that_overlap_are_one() {
        let at = |from: i64, until: i64| Delivered {
            from: Timestamp::from_second(from).unwrap(),
            until: Timestamp::from_second(until).unwrap(),
        };
        let merged = Delivered::merged([at(50, 60), at(10, 20), at(15, 30), at(16, 17), at(30, 31)].into_iter());
        assert_eq!(merged, [at(10, 31), at(50, 60)]);
    }
}
