//! The event table of attribution against AWS's own API models: an event that no service has can never be seen, and a write that
//! the table does not know leaves a change without a name.

#![allow(clippy::expect_used, reason = "a test that cannot go on fails")]

mod support;

use std::collections::BTreeSet;

const TABLE: &str = include_str!("../src/attribution/event/events.json");
/// Lines of `service Operation`.
const WRITES: &str = include_str!("event_table/writes.txt");
/// Lines of `service Operation: reason`.
const EXCUSED: &str = include_str!("event_table/excused.txt");

#[test]
fn every_event_is_an_operation_of_its_service() {
    let done = support::python().args(["-m", "tests.world", "events"]).output().expect("python starts");
    let said = String::from_utf8_lossy(&done.stdout);
    assert!(done.status.success(), "\n{said}\n{}", String::from_utf8_lossy(&done.stderr));
}

#[test]
fn every_write_of_ec2_iam_and_s3_is_known_or_excused() {
    let table: serde_json::Value = serde_json::from_str(TABLE).expect("JSON");
    let names = |service: &str| -> BTreeSet<String> {
        let source = format!("{}.amazonaws.com", service.replace("s3control", "s3"));
        table[&source].as_object().expect("a source of events").keys().map(|name| canonical(service, name)).collect()
    };
    let (mut unknown, mut needed) = (Vec::new(), BTreeSet::new());
    for write in lines(WRITES) {
        let (service, operation) = write.split_once(' ').expect("service and operation");
        if names(service).contains(&canonical(service, operation)) {
            continue;
        }
        let excuses: Vec<&str> = lines(EXCUSED).filter(|line| excuses(line, write)).collect();
        if excuses.is_empty() {
            unknown.push(write);
        }
        needed.extend(excuses);
    }
    assert!(unknown.is_empty(), "neither in the event table nor excused:\n{}", unknown.join("\n"));
    let idle: Vec<&str> = lines(EXCUSED).filter(|line| !needed.contains(line)).collect();
    assert!(idle.is_empty(), "excuses that nothing needs:\n{}", idle.join("\n"));
}

fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'))
}

fn excuses(line: &str, write: &str) -> bool {
    let (pattern, reason) = line.split_once(": ").expect("a reason");
    assert!(!reason.is_empty(), "{line}");
    glob::Pattern::new(pattern).expect("a pattern").matches(write)
}

/// What CloudTrail's renames of S3's events leave.
fn canonical(service: &str, name: &str) -> String {
    match service {
        "s3" | "s3control" => {
            ["Configuration", "Bucket", "Account"].iter().fold(name.to_owned(), |name, word| name.replace(word, ""))
        }
        _ => name.to_owned(),
    }
}
