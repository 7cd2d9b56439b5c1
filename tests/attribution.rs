//! Who did it: several people, robots and a pipeline change a recorded account, and driftd has to name each of them, from
//! log files, from S3 and from LookupEvents; to say that it does not know where it cannot; and to take no harm from names.

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
        let told = world.people(&folder.path().join("logs"));
        let truth = serde_json::from_value(told["truth"].clone()).expect("names");
        std::fs::write(folder.path().join("driftd.yaml"), told["config"].as_str().expect("YAML")).expect("writable");
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
            assert_eq!(who, said[&thing], "{source} tells of {thing} otherwise than the folder");
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
        let have = json!([who["channel"], who["confidence"], who.get("cautions").cloned().unwrap_or_else(|| json!([]))]);
        assert_eq!(have, json!([channel, confidence, cautions]), "{thing}: {who:#}");
    }
}

#[test]
fn one_persons_deeds_with_the_ways_out() {
    let monday = Monday::new();
    let (config, logs) = (monday.path("driftd.yaml"), monday.path("logs"));
    let who = |principal: &str| {
        let arguments = ["who", "--config", &config, "--cloudtrail", &logs, "--format", "json", "--principal", principal];
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
        let deeds = who(principal);
        assert_eq!(deeds["changes"].as_array().map(Vec::len), Some(calls), "{principal}: {deeds:#}");
    }
    let deeds = who("alice@example.com");
    let of = |call: &str| {
        let changes = deeds["changes"].as_array().into_iter().flatten();
        changes.filter(|change| change["call"]["event"]["event_name"] == call).collect::<Vec<_>>()
    };
    let policy = of("PutBucketPolicy")[0];
    assert_eq!(policy["drift"][0]["severity"], "critical", "{policy:#}");
    assert!(policy["drift"][0]["revert"].as_str().is_some_and(|way| way.contains("terraform apply")), "{policy:#}");
    assert!(policy["drift"][0]["adopt"].is_string());
}

#[test]
fn refused_events_name_nobody_and_say_so() {
    let monday = Monday::new();
    let door = monday.world.door(0);
    door.history(Path::new(&monday.path("logs")), false);
    for (fault, reason) in [("deny", "denied"), ("throttle", "throttled")] {
        door.fault(&json!({"kind": fault, "match": "cloudtrail:*"}));
        let scan = monday.scan("lookup");
        assert!(door.seen().struck > 0);
        let report = scan.report.expect("a report");
        assert_eq!(scan.code, 2, "{fault}: {}", scan.stderr);
        let gaps = report["gaps"].as_array().expect("gaps");
        assert!(!gaps.is_empty() && gaps.iter().all(|gap| gap["reason"] == reason && gap["scope"]["source"] == "lookup"), "{gaps:#?}");
        for (thing, who) in attributions(&report) {
            assert_eq!(who[0]["confidence"], "unknown", "{fault}: {thing}: {who:#}");
            assert!(who[0].get("actor").is_none_or(Value::is_null), "{fault}: {thing}: {who:#}");
            assert!(who[0]["cautions"].to_string().contains("events_incomplete"), "{fault}: {thing}: {who:#}");
        }
    }
    // Half of the calls are refused: whoever is named then is rightly named.
    door.fault(&json!({"kind": "throttle", "match": "cloudtrail:*", "every": 2}));
    let report = monday.scan("lookup").report.expect("a report");
    for (thing, names) in named(&report) {
        assert!(names.is_subset(&monday.truth[&thing]), "{thing}: {names:?}");
    }
    door.fault(&Value::Null);
    assert_eq!(named(&monday.scan("lookup").report.expect("a report")), monday.truth, "asked again, it answers");
}

/// Names are whatever their owners like: markup, escapes, other directions, megabytes.
#[test]
fn names_do_no_harm() {
    let monday = Monday::new();
    let state: Value = serde_json::from_str(&std::fs::read_to_string(&monday.world.state).expect("readable")).expect("JSON");
    let id = |kind: &str, at: usize| {
        let of_kind = state["resources"].as_array().into_iter().flatten().find(|resource| resource["type"] == kind);
        of_kind.expect("in the state")["instances"][at]["attributes"]["id"].as_str().expect("an id").to_owned()
    };
    let markup = "<script>alert(1)</script>\u{1b}[31m|`x`\n# head\n](javascript:alert(1))\u{202e}\r]]>\u{0}&quot;'\"";
    let records = [
        (id("aws_ebs_volume", 0), "Name", "orders-old", markup.to_owned()),
        (id("aws_instance", 0), "team", "ops", "<b>\u{1b}]0;x\u{7}".repeat(1 << 17)),
    ];
    let now = jiff_free_now(&monday);
    let records: Vec<Value> = records
        .iter()
        .enumerate()
        .map(|(number, (resource, key, value, name))| {
            json!({"eventVersion": "1.11", "eventID": format!("{name:.200}{number}"), "eventTime": now, "eventSource": "ec2.amazonaws.com",
                "eventName": "CreateTags", "awsRegion": "us-east-1", "recipientAccountId": "123456789012", "eventType": "AwsApiCall",
                "readOnly": false, "sourceIPAddress": name, "userAgent": format!("Boto3/1 {name}"),
                "userIdentity": {"type": "AssumedRole", "principalId": format!("AROAX:{name}"), "accountId": "123456789012",
                    "arn": format!("arn:aws:sts::123456789012:assumed-role/{name}/{name}"), "accessKeyId": "ASIAX",
                    "sessionContext": {"sessionIssuer": {"type": "Role", "userName": name}, "sourceIdentity": name}},
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
            let done = driftd(&monday.world.moto, &monday.world.state, &arguments);
            let text = str::from_utf8(&done.stdout).expect("UTF-8");
            assert!(matches!(done.status.code(), Some(0 | 2)), "{command} {format}: {} {text:.2000} {}", done.status, String::from_utf8_lossy(&done.stderr));
            assert!(text.len() < 1 << 20, "{format}: {} bytes", text.len());
            assert!(text.contains("alert(1)"), "{command} {format}: the name is told");
            let raw = ['\u{1b}', '\u{7}', '\u{202e}', '\u{0}', '\r'];
            assert!(!text.contains(raw), "{command} {format}: {:?}", text.find(raw).map(|at| &text[at.saturating_sub(80)..at]));
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
fn jiff_free_now(monday: &Monday) -> String {
    let scan = monday.scan("off");
    scan.report.expect("a report")["scan"]["started_at"].as_str().expect("a time").to_owned()
}

/// Address, or kind and id, of every finding -> its attributions, whoever acted last first.
fn attributions(report: &Value) -> BTreeMap<String, Value> {
    let findings = report["findings"].as_array().into_iter().flatten();
    let of = |finding: &Value| {
        let stranger = || format!("{} {}", finding["kind"].as_str().unwrap_or("?"), finding["id"].as_str().unwrap_or("?"));
        let thing = finding["address"].as_str().map_or_else(stranger, str::to_owned);
        let mut all = vec![finding["attribution"].clone()];
        all.extend(finding["other_attributions"].as_array().into_iter().flatten().cloned());
        (thing, Value::Array(all))
    };
    findings.map(of).collect()
}

/// The names only.
fn named(report: &Value) -> BTreeMap<String, BTreeSet<String>> {
    let names = |all: &Value| {
        let actors = all.as_array().into_iter().flatten().filter_map(|who| who["actor"]["name"].as_str());
        actors.map(str::to_owned).collect()
    };
    attributions(report).into_iter().map(|(thing, all)| (thing, names(&all))).collect()
}
