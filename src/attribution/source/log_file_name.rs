//! Names of log files, and what they say without the file being opened. The layout:
//! <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-find-log-files.html>.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::model::account::is_account_id;

/// How a name writes the time of delivery.
pub(super) const TIME: &str = "%Y%m%dT%H%MZ";

/// Neighbours of logs that hold no events: hourly digests, insights, aggregates of data and network events.
const NEIGHBOURS: &[&str] = &["CloudTrail-Digest", "CloudTrail-Insight", "CloudTrail-Aggregated"];

/// Can this path (with `/`) be a log? Digests, insights and files of other kinds are none.
pub(super) fn is_log(path: &str) -> bool {
    let packed = path.strip_suffix(".gz").unwrap_or(path);
    let ends = [".json", ".jsonl", ".ndjson"].iter().any(|end| packed.ends_with(end));
    ends && !is_neighbour(path)
}

/// Does the path lead to what lies beside logs?
pub(super) fn is_neighbour(path: &str) -> bool {
    path.split('/').any(|segment| NEIGHBOURS.contains(&segment))
}

/// When a file was delivered, in UTC and to the minute: no event in it is younger. `None`: the name does not say.
/// `123456789012_CloudTrail_eu-west-1_20260102T0310Z_AbCdEf.json.gz`
pub(super) fn delivered(name: &str) -> Option<Timestamp> {
    let mut parts = name.rsplit('/').next()?.split('_');
    let (account, trail, _region, time) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    if !is_account_id(account) || trail != "CloudTrail" {
        return None;
    }
    DateTime::strptime(TIME, time).ok()?.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_the_time_of_delivery() {
        let minute = |name| delivered(name).map(|time| time.to_string());
        assert_eq!(
            minute("a/123456789012_CloudTrail_eu-west-1_20260102T0310Z_AbC_dEf.json.gz").as_deref(),
            Some("2026-01-02T03:10:00Z")
        );
        for name in ["events.json", "123456789012_CloudTrail_eu-west-1", "1_CloudTrail_x_20260102T0310Z_y", "", "_____"]
        {
            assert_eq!(minute(name), None, "{name}");
        }
    }

    #[test]
    fn what_lies_beside_logs() {
        for log in ["a.json", "x/b.json.gz", "c.jsonl", "AWSLogs/1/CloudTrail/r/2026/01/02/x.json.gz"] {
            assert!(is_log(log), "{log}");
        }
        for other in [
            "a.txt",
            "b.gz",
            "x/",
            "AWSLogs/1/CloudTrail-Digest/r/2026/01/02/x.json.gz",
            "p/AWSLogs/o-1/1/CloudTrail-Insight/r/2026/01/02/x.json.gz",
        ] {
            assert!(!is_log(other), "{other}");
        }
    }
}
