//! What the stories that run cycles in this very process share.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use driftd::attribution::source::EventSource;
use driftd::attribution::{EventSink, ResourceQuery, SessionQuery, Window, parse};
use driftd::baseline::Baseline;
use driftd::cycle::{AttributionOptions, IgnoreTags, Settings};
use driftd::desired::{LoadOptions, StateConfig};
use driftd::judge;
use driftd::model::{DriftStatus, Finding, Gap, Outcome, Scope};
use serde_json::{Value, json};

/// Those of a plain scan of one state.
pub(crate) fn settings(state: String) -> Settings {
    Settings {
        states: vec![StateConfig::anywhere(state)],
        load: LoadOptions::default(),
        rules: judge::starter(),
        baseline: Baseline::default(),
        ignore_tags: IgnoreTags::default(),
        attribution: AttributionOptions::default(),
        deadline: Duration::from_secs(600),
    }
}

pub(crate) fn found(outcome: &Outcome) -> Vec<String> {
    assert_eq!(outcome.gaps, []);
    let name = |finding: &Finding| {
        assert_ne!(finding.drift, DriftStatus::Unknown);
        format!("{} {}", finding.drift.as_str(), finding.address.as_deref().unwrap_or(&finding.kind))
    };
    outcome.findings.iter().map(name).collect()
}

/// One event, whoever asks.
pub(crate) struct Told(Value);

#[async_trait::async_trait]
impl EventSource for Told {
    fn name(&self) -> String {
        "told".to_owned()
    }

    fn default_reach(&self) -> Option<jiff::SignedDuration> {
        None
    }

    async fn about(&self, _: &BTreeSet<ResourceQuery>, _: Window, sink: &mut dyn EventSink) -> Vec<Gap> {
        let event = parse(&self.0.to_string());
        sink.accept(event.unwrap_or_else(|_| panic!("no event: {}", self.0)));
        Vec::new()
    }

    async fn writes(&self, _: &BTreeSet<Scope>, _: Window, _: &mut dyn EventSink) -> Vec<Gap> {
        Vec::new()
    }

    async fn sessions(&self, _: &BTreeSet<SessionQuery>, _: &mut dyn EventSink) -> Vec<Gap> {
        Vec::new()
    }
}

/// Somebody opened the group half a minute ago.
pub(crate) fn opening(state: &Path, user_agent: &str) -> Told {
    let text = std::fs::read_to_string(state).expect("readable");
    let state: Value = serde_json::from_str(&text).expect("JSON");
    let is_it = |one: &&Value| one["type"] == "aws_security_group" && one["name"] == "web";
    let group = state["resources"].as_array().and_then(|all| all.iter().find(is_it)).expect("the group");
    let group = &group["instances"][0]["attributes"]["id"];
    Told(json!({
        "eventVersion": "1.08", "eventID": "opening", "eventName": "AuthorizeSecurityGroupIngress", "eventSource": "ec2.amazonaws.com",
        "eventTime": "2026-02-01T00:09:30Z", "awsRegion": "us-east-1", "recipientAccountId": "123456789012", "eventType": "AwsApiCall",
        "readOnly": false, "sourceIPAddress": "198.51.100.7", "userAgent": user_agent,
        "userIdentity": {"type": "IAMUser", "userName": "mallory", "accountId": "123456789012", "principalId": "AIDAEXAMPLE",
            "arn": "arn:aws:iam::123456789012:user/mallory", "accessKeyId": "AKIAIOSFODNN7EXAMPLE"},
        "requestParameters": {"groupId": group, "ipPermissions": {"items": [
            {"ipProtocol": "tcp", "fromPort": 22, "toPort": 22, "ipRanges": {"items": [{"cidrIp": "0.0.0.0/0"}]}}]}},
        "responseElements": {"_return": true},
    }))
}
