//! Who did it: several people, automation and a pipeline change a recorded account, and driftd has to name each of them, from
//! log files, from S3 and from LookupEvents; to say that it does not know where it cannot; and to take no harm from names.

#![allow(clippy::expect_used, reason = "a test that cannot go on fails")]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::str;

use serde_json::{Value, json};
use support::{Scan, World, driftd, scan};

/// A world after a busy Monday.
struct Monday {
    world: World,
    folder: tempfile::TempDir,
    /// Address, or kind and id, of what is drifted -> everybody who had a part in it.
    truth: BTreeMap<String, BTreeSet<String>>,
}

impl Monday {
    fn new() -> Self {
        let world = World::recorded("shop", 1);
        let folder = tempfile::tempdir().expect("a folder");
        let people = world.people(&folder.path().join("logs"));
        let truth = serde_json::from_value(people["truth"].clone()).expect("names");
        std::fs::write(folder.path().join("driftd.yaml"), people["config"].as_str().expect("YAML")).expect("writable");
        Self { world, folder, truth }
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().expect("UTF-8").to_owned()
    }

    fn scan(&self, cloudtrail: &str) -> Scan {
        let config = self.path("driftd.yaml");
        scan(self.world.door(0).endpoint, &self.world.state, &["--config", &config, "--cloudtrail", cloudtrail])
    }
}

#[test]
fn everybody_is_named_by_every_source() {
    let monday = Monday::new();
    monday.world.door(0).history(Path::new(&monday.path("logs")), true);
    let mut reports = Vec::new();
    let logs = monday.path("logs");
    for source in [logs.as_str(), "s3://acme-trail", "lookup"] {
        let scan = monday.scan(source);
        let report = scan.report.unwrap_or_else(|| panic!("{source}: {}", scan.stderr));
        assert_eq!((scan.code, &report["gaps"]), (2, &json!([])), "{source}: {}", scan.stderr);
        assert_eq!(named(&report), monday.truth, "{source}");
        reports.push((source, report));
    }
    let said = attributions(&reports[0].1);
    for (source, report) in &reports[1..] {
        for (thing, who) in attributions(report) {
            assert_eq!(
                without_chains(&who),
                without_chains(&said[&thing]),
                "{source} reports {thing} otherwise than the folder"
            );
        }
    }
    for (thing, channel, confidence, cautions) in [
        ("aws_iam_role.web", "sdk", "certain", json!([])),
        ("aws_instance.web[1]", "cli", "certain", json!([])),
        ("aws_s3_bucket_policy.uploads", "console", "certain", json!([])),
        ("aws_ebs_volume.orders", "terraform", "certain", json!([])),
        ("aws_iam_user contractor", "cloudformation", "certain", json!([])),
        ("module.network.aws_route.internet", "cli", "certain", json!(["break_glass"])),
        ("aws_instance.web[0]", "terraform", "certain", json!(["claims_to_be_terraform"])),
        ("aws_iam_user.deploy", "cli", "certain", json!(["pipeline_by_hand"])),
    ] {
        let who = &said[thing][0];
        let have =
            json!([who["channel"], who["confidence"], who.get("cautions").cloned().unwrap_or_else(|| json!([]))]);
        assert_eq!(have, json!([channel, confidence, cautions]), "{thing}: {who:#}");
    }
}

#[test]
fn one_persons_activity_with_the_ways_out() {
    let monday = Monday::new();
    let (config, logs) = (monday.path("driftd.yaml"), monday.path("logs"));
    let who = |principal: &str| {
        let arguments =
            ["who", "--config", &config, "--cloudtrail", &logs, "--format", "json", "--principal", principal];
        let done = driftd(&monday.world.moto, &monday.world.state, &arguments);
        assert_eq!(done.status.code(), Some(0), "{}", String::from_utf8_lossy(&done.stderr));
        serde_json::from_slice::<Value>(&done.stdout).expect("JSON")
    };
    // By name; by the role of a chain that ends elsewhere; by address.
    for (principal, calls) in [
        ("alice@example.com", 4),
        ("dave", 3),
        ("platform-hop", 3),
        ("198.51.100.21", 2),
        ("carol@example.com", 4),
        ("nobody", 0),
    ] {
        let activity = who(principal);
        assert_eq!(activity["changes"].as_array().map(Vec::len), Some(calls), "{principal}: {activity:#}");
    }
    let activity = who("alice@example.com");
    let of = |call: &str| {
        let changes = activity["changes"].as_array().into_iter().flatten();
        changes.filter(|change| change["call"]["event_name"] == call).collect::<Vec<_>>()
    };
    let policy = of("PutBucketPolicy")[0];
    assert_eq!(policy["drift"][0]["severity"], "critical", "{policy:#}");
    assert!(policy["drift"][0]["revert"].as_str().is_some_and(|way| way.contains("terraform apply")), "{policy:#}");
    assert!(policy["drift"][0]["adopt"].is_string());
}

#[test]
fn denied_events_name_nobody_and_say_so() {
    let monday = Monday::new();
    refused(&monday, "deny", "denied");
}

#[test]
fn throttled_events_name_nobody_say_so_and_are_made_up_for() {
    let monday = Monday::new();
    refused(&monday, "throttle", "throttled");
    let door = monday.world.door(0);
    // Half of the calls are refused: that only takes longer.
    door.fault(&json!({"kind": "throttle", "match": "cloudtrail:*", "every": 2}));
    assert_eq!(named(&monday.scan("lookup").report.expect("a report")), monday.truth);
    assert!(door.seen().struck > 0);
    door.fault(&Value::Null);
    let later = monday.scan("lookup").report.expect("a report");
    assert_eq!((named(&later), &later["gaps"]), (monday.truth.clone(), &json!([])), "asked again, it answers");
}

/// Every LookupEvents is refused.
fn refused(monday: &Monday, fault: &str, reason: &str) {
    let door = monday.world.door(0);
    door.history(Path::new(&monday.path("logs")), false);
    door.fault(&json!({"kind": fault, "match": "cloudtrail:*"}));
    let scan = monday.scan("lookup");
    assert!(door.seen().struck > 0);
    let report = scan.report.expect("a report");
    assert_eq!(scan.code, 2, "{fault}: {}", scan.stderr);
    let gaps = report["gaps"].as_array().expect("gaps");
    let is_expected = |gap: &Value| gap["reason"] == reason && gap["scope"]["source"] == "lookup";
    assert!(!gaps.is_empty() && gaps.iter().all(is_expected), "{gaps:#?}");
    let findings = attributions(&report);
    assert_eq!(findings.keys().collect::<Vec<_>>(), monday.truth.keys().collect::<Vec<_>>());
    for (thing, who) in findings {
        assert_eq!(who[0]["confidence"], "unknown", "{fault}: {thing}: {who:#}");
        assert!(who[0].get("actor").is_none_or(Value::is_null), "{fault}: {thing}: {who:#}");
        assert!(who[0]["cautions"].to_string().contains("events_incomplete"), "{fault}: {thing}: {who:#}");
    }
}

/// Names are whatever their owners like: markup, escapes, other directions, megabytes.
#[test]
fn names_do_no_harm() {
    let monday = Monday::new();
    let mut state: Value =
        serde_json::from_str(&std::fs::read_to_string(&monday.world.state).expect("readable")).expect("JSON");
    // A change that nobody else has made.
    for one in state["resources"].as_array_mut().expect("resources").iter_mut().filter(|one| one["type"] == "aws_vpc") {
        for tags in ["tags", "tags_all"] {
            one["instances"][0]["attributes"][tags]["Name"] = "old".into();
        }
    }
    let edited = monday.folder.path().join("edited.tfstate");
    std::fs::write(&edited, state.to_string()).expect("writable");
    let id = |kind: &str, at: usize| {
        let of_kind = state["resources"].as_array().into_iter().flatten().find(|resource| resource["type"] == kind);
        of_kind.expect("in the state")["instances"][at]["attributes"]["id"].as_str().expect("an id").to_owned()
    };
    let markup = "<script>alert(1)</script>\u{1b}[31m|`x`\n# head\n](javascript:alert(1))\u{202e}\r]]>\u{0}&quot;'\"";
    let records = [
        (id("aws_vpc", 0), "Name", "shop", markup.to_owned()),
        (id("aws_instance", 0), "team", "ops", format!("<script>{}", "\u{1b}]0;x\u{7}".repeat(1 << 18))),
    ];
    let now = after_all(&monday);
    let records: Vec<Value> = records
        .iter()
        .enumerate()
        .map(|(number, (resource, key, value, name))| {
            json!({"eventVersion": "1.11", "eventID": format!("{name:.200}{number}"), "eventTime": now, "eventSource": "ec2.amazonaws.com",
                "eventName": "CreateTags", "awsRegion": "us-east-1", "recipientAccountId": "123456789012", "eventType": "AwsApiCall",
                "readOnly": false, "sourceIPAddress": format!("{name:.500}"), "userAgent": format!("Boto3/1 {name:.500}"),
                "userIdentity": {"type": "AssumedRole", "principalId": format!("AROAX:{name:.500}"), "accountId": "123456789012",
                    "arn": format!("arn:aws:sts::123456789012:assumed-role/{name:.500}/{name}"), "accessKeyId": "ASIAX",
                    "sessionContext": {"sessionIssuer": {"type": "Role", "userName": format!("{name:.500}")}, "sourceIdentity": format!("{name:.500}")}},
                "requestParameters": {"resourcesSet": {"items": [{"resourceId": resource}]}, "tagSet": {"items": [{"key": key, "value": value}]}},
                "responseElements": {"_return": true}})
        })
        .collect();
    std::fs::write(monday.path("logs/hostile.json"), json!({ "Records": records }).to_string()).expect("writable");
    let logs = monday.path("logs");
    for format in ["table", "json", "markdown", "html", "sarif", "junit"] {
        for command in ["scan", "who"] {
            let mut arguments = vec![command, "--cloudtrail", &logs, "--format", format];
            if command == "who" {
                arguments.extend(["--principal", "*script*"]);
                if !["table", "json", "markdown"].contains(&format) {
                    continue;
                }
            }
            let done = driftd(&monday.world.moto, &edited, &arguments);
            let text = str::from_utf8(&done.stdout).expect("UTF-8");
            assert!(
                matches!(done.status.code(), Some(0 | 2)),
                "{command} {format}: {} {text:.2000} {}",
                done.status,
                String::from_utf8_lossy(&done.stderr)
            );
            assert!(text.len() < 1 << 20, "{format}: {} bytes", text.len());
            assert!(text.contains("alert(1)"), "{command} {format}: the name is shown");
            let raw = ['\u{1b}', '\u{7}', '\u{202e}', '\u{0}', '\r'];
            assert!(
                !text.contains(raw),
                "{command} {format}: {:?}",
                text.split_once(raw).and_then(|(before, _)| before.lines().next_back())
            );
            assert!(!text.lines().any(|line| line.starts_with("# head")), "{format}");
            match format {
                "json" | "sarif" => drop(serde_json::from_str::<Value>(text).expect("JSON")),
                "html" | "junit" => assert!(!text.contains("<script>alert"), "{format}"),
                // Within code, where markup is none.
                "markdown" => assert!(!text.contains("`x`"), "{format}"),
                _ => {}
            }
        }
    }
}

/// Later than everything that happened.
fn after_all(monday: &Monday) -> String {
    let scan = monday.scan("off");
    scan.report.expect("a report")["scan"]["started_at"].as_str().expect("a time").to_owned()
}

/// Address, or kind and id, of every finding -> its attributions, whoever acted last first.
fn attributions(report: &Value) -> BTreeMap<String, Value> {
    let findings = report["findings"].as_array().into_iter().flatten();
    let of = |finding: &Value| {
        let unmanaged =
            || format!("{} {}", finding["kind"].as_str().unwrap_or("?"), finding["id"].as_str().unwrap_or("?"));
        let thing = finding["address"].as_str().map_or_else(unmanaged, str::to_owned);
        let mut all = vec![finding["attribution"].clone()];
        all.extend(finding["other_attributions"].as_array().into_iter().flatten().cloned());
        (thing, Value::Array(all))
    };
    findings.map(of).collect()
}

/// LookupEvents is not asked for the beginning of a session that carries its source identity: the name is known.
fn without_chains(attributions: &Value) -> Value {
    let mut all = attributions.clone();
    for who in all.as_array_mut().into_iter().flatten() {
        if let Some(actor) = who["actor"].as_object_mut() {
            actor.remove("chain");
        }
    }
    all
}

/// The names only.
fn named(report: &Value) -> BTreeMap<String, BTreeSet<String>> {
    let names = |all: &Value| {
        let actors = all.as_array().into_iter().flatten().filter_map(|who| who["actor"]["name"].as_str());
        actors.map(str::to_owned).collect()
    };
    attributions(report).into_iter().map(|(thing, all)| (thing, names(&all))).collect()
}
