//! More accounts than one job has and than the SDK keeps credentials of by itself: each role is assumed once, each account is swept once,
//! and the metrics tell of all of them.

#![allow(clippy::expect_used, reason = "a test that cannot go on fails")]

mod support;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Stdio};

use serde_json::{Value, json};
use support::daemon::Place;

const ACCOUNTS: u32 = 110;
const REGIONS: u32 = 2;
/// In every so manieth account and region a port is open.
const OPENED: u32 = 10;

/// The false AWS of benches/fleet_aws.py, and states for it. Ends when dropped.
struct Fleet {
    process: Child,
    endpoint: String,
    config: String,
    _states: tempfile::TempDir,
}

impl Fleet {
    fn new(fleet: &Value) -> Self {
        let states = tempfile::tempdir().expect("a folder");
        let mut python = support::python();
        python.args(["-m", "benches.fleet_aws", &fleet.to_string(), "{}"]).arg(states.path());
        let mut process = python.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("python starts");
        let mut line = String::new();
        BufReader::new(process.stdout.take().expect("a pipe")).read_line(&mut line).expect("it speaks");
        let up: Value = serde_json::from_str(&line).expect("JSON");
        let text = |name: &str| up[name].as_str().expect("a text").to_owned();
        Self { process, endpoint: text("endpoint"), config: text("config"), _states: states }
    }

    /// How often an operation was called.
    fn calls(&self, operation: &str) -> u64 {
        let mut stream = TcpStream::connect(self.endpoint.trim_start_matches("http://")).expect("it is there");
        write!(stream, "GET /_seen HTTP/1.1\r\n\r\n").expect("it listens");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("it answers");
        let seen: Value = serde_json::from_str(answer.split_once("\r\n\r\n").expect("HTTP").1).expect("JSON");
        seen["calls"][operation].as_u64().unwrap_or_default()
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        drop(self.process.stdin.take()); // it ends with its stdin
        let _ = self.process.wait();
    }
}

#[test]
fn many_accounts_are_swept_in_groups_and_each_role_is_assumed_once() {
    let fleet = Fleet::new(&json!({"accounts": ACCOUNTS, "regions": REGIONS, "opened": OPENED, "by_hand": 1_000_000}));
    let config = format!(
        "version: 1\n{}store: {{path: driftd.db}}\nscan: {{kinds: [aws_vpc, aws_security_group, aws_iam_role]}}\nlog: {{format: json}}\n",
        fleet.config
    );
    let place = Place::new(&fleet.endpoint, &config);
    let daemon = place.start();
    place.until("both groups", || (place.metric("driftd_scans_total") >= 2.0).then_some(()));
    // With a group that no state declares, in the very first region.
    let (opened, by_hand) = (ACCOUNTS * REGIONS / OPENED, 1);
    // The last group is told after it was kept.
    place.until("all that differs", || {
        let told = place.metric("driftd_drift_findings");
        (told > 0.0 && place.metric("driftd_last_successful_scan_timestamp_seconds") > 0.0).then_some(())
    });
    let told = place.metric("driftd_drift_findings");
    assert!((told - f64::from(opened + by_hand)).abs() < 0.5, "{told} findings of both groups: {}", place.log());
    assert_eq!(place.findings().len(), (opened + by_hand) as usize);
    assert_eq!(fleet.calls("sts:AssumeRole"), u64::from(ACCOUNTS), "one credential per role");
    assert_eq!(fleet.calls("ec2:DescribeVpcs"), u64::from(ACCOUNTS * REGIONS), "each account was swept once");
    assert_eq!(daemon.stop(), 0);
    assert_eq!(place.log().matches("\"api_calls\"").count(), 2, "{}", place.log());
}
