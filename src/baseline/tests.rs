//! Files, entries against outcomes, and what becomes of a file that is written again.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::*;
use crate::judge::Ignore;
use crate::model::{Change, Counts, Coverage, DriftStatus, Finding, Gap, GapReason, GapScope, Outcome, Scope, Source};

const ACCOUNT: &str = "123456789012";
const REGION: &str = "eu-west-1";

fn at(time: &str) -> Timestamp {
    time.parse().unwrap()
}

fn ignore(expires: &str) -> Ignore {
    Ignore { owner: "net".into(), reason: "migration: \"phase 2\"".into(), expires: expires.parse().unwrap() }
}

fn change(path: &str, live: Value) -> Change {
    let (desired, sensitive) = (json!("hunter2"), path.contains("password"));
    Change { path: path.into(), desired, live, added: None, removed: None, sensitive, declared: None }
}

/// `content` stands for what differs.
fn finding(kind: &str, id: &str, drift: DriftStatus, content: u8) -> Finding {
    let is_declared = drift != DriftStatus::Unmanaged;
    let is_changed = drift == DriftStatus::Changed;
    serde_json::from_value(json!({
        "key": format!("{ACCOUNT}/{REGION}/{kind}/{id}"),
        "fingerprint": format!("{content:032x}"),
        "drift": drift.as_str(),
        "kind": kind,
        "id": id,
        "arn": null,
        "address": is_declared.then(|| format!("{kind}.x")),
        "account": ACCOUNT,
        "region": REGION,
        "source": is_declared.then_some("prod"),
        "code": null,
        "severity": "high",
        "rules": [],
        "reason": null,
        "changes": if is_changed { vec![change("/tags/Name", json!("hunter2"))] } else { Vec::new() },
        "attribution": null,
    }))
    .unwrap()
}

fn changed(id: &str, content: u8) -> Finding {
    finding("aws_vpc", id, DriftStatus::Changed, content)
}

fn row(kind: &str) -> Coverage {
    Coverage {
        scope: Scope::new(ACCOUNT, REGION),
        kind: kind.into(),
        resources: None,
        unmanaged: true,
        complete: true,
        oldest_read: None,
    }
}

fn outcome(findings: Vec<Finding>) -> Outcome {
    Outcome {
        id: "1".into(),
        driftd_version: "0".into(),
        started_at: at("2026-03-01T00:00:00Z"),
        finished_at: at("2026-03-01T00:00:00Z"),
        sources: vec![
            serde_json::from_value(
                json!({"name": "prod", "location": "prod.tfstate", "serial": 1, "lineage": null, "resources": 1}),
            )
            .unwrap(),
        ],
        accounts: [ACCOUNT.to_owned()].into(),
        regions: [REGION.to_owned()].into(),
        coverage: vec![row("aws_vpc"), row("aws_instance")],
        findings,
        gaps: Vec::new(),
        counts: Counts::default(),
        api_calls: 0,
        folded: BTreeMap::new(),
        activity: Vec::new(),
        rule_warnings: Vec::new(),
        unmapped: BTreeSet::new(),
    }
}

fn view(outcome: &Outcome) -> View<'_> {
    View { outcome, is_filtered: false, hides_ignored: false, all_sources: false }
}

fn entry(finding: &Finding, expires: &str) -> Entry {
    Entry::new(finding, ignore(expires), "2026-02-01".parse().unwrap())
}

fn read(text: &str) -> Vec<Entry> {
    parse(&[("b.yaml".to_owned(), text.to_owned())]).unwrap()
}

#[test]
fn a_file_reads_well_holds_no_value_and_is_stable() {
    let mut rules = changed("vpc-b", 1);
    rules.changes = vec![
        Change { added: Some(vec![json!(1)]), removed: Some(vec![json!(2), json!(3)]), ..change("/ingress", json!(4)) },
        change("/password", json!("hunter2")),
        change("/tags/a\u{202e}\nb: \"c\\", json!("hunter2")),
    ];
    let stranger = finding("aws_vpc", "vpc-a", DriftStatus::Unmanaged, 2);
    let text = write(&[entry(&rules, "2026-06-30"), entry(&stranger, "2026-12-31")]);
    insta::assert_snapshot!(text);
    let again = read(&text);
    assert_eq!(write(&again), text);
    assert_eq!(again.iter().map(|entry| entry.place.position.line).collect::<Vec<_>>(), [7, 16]);
    assert_eq!(again[1].differs[2], "/tags/a\u{202e}\nb: \"c\\");
    assert!(read(&write(&[])).is_empty());
    assert!(!has_other_comments(&text) && has_other_comments(&text.replace("version", "# mine\nversion")));
}

#[test]
fn every_mistake_has_its_position() {
    let good = entry(&changed("vpc-a", 1), "2026-06-30");
    let written = write(&[good]);
    let items: &str = written.split_once("entries:\n").unwrap().1;
    let mut wrongly = Vec::new();
    for (wrong, code, line) in [
        (written.replace("version: 1", "version: 2"), "baseline/unknown-version", 5),
        (written.replace("version: 1\n", ""), "baseline/missing-key", 0),
        (written.replace("entries:", "entires:"), "baseline/unknown-key", 6),
        (written.replace("owner:", "ownre:"), "baseline/unknown-key", 15),
        (written.replace("    owner: \"net\"\n", ""), "baseline/missing-key", 17),
        (written.replace("    expires: 2026-06-30\n", ""), "baseline/missing-key", 17),
        (written.replace("\"net\"", "\" \""), "baseline/empty-value", 15),
        (written.replace("2026-06-30", "soon"), "baseline/not-a-day", 18),
        (written.replace("2026-06-30", "2026-06-31"), "baseline/not-a-day", 18),
        (written.replace("2026-06-30", "2026-06-30T00:00:00Z"), "baseline/not-a-day", 18),
        (written.replace("drift: changed", "drift: unknown"), "baseline/unknown-word", 11),
        (written.replace("kind: aws_vpc", "kind: aws_eip"), "baseline/bad-key", 8),
        (written.replace(&format!("{ACCOUNT}/{REGION}/"), ""), "baseline/bad-key", 7),
        (written.replace("00000001", "1"), "baseline/not-a-fingerprint", 14),
        (format!("{written}{items}"), "baseline/duplicate-entry", 19),
        (written.replace("    reason", "    owner: x\n    reason"), "baseline/duplicate-key", 16),
        (written.replace("address: \"aws_vpc.x\"", "address: [x]"), "baseline/wrong-type", 9),
        ("- [".to_owned(), "baseline/bad-yaml", 1),
        ("just words".to_owned(), "baseline/wrong-type", 0),
        (String::new(), "baseline/missing-key", 0),
    ] {
        let found = parse(&[("b.yaml".to_owned(), wrong.clone())]).unwrap_err();
        let found: Vec<_> = found.iter().map(|one| (one.code, one.line)).collect();
        if found != [(code, line)] {
            wrongly.push(format!("{code} {line}: {found:?}"));
        }
    }
    assert!(wrongly.is_empty(), "{wrongly:#?}");
    // All at once, and across files.
    let two = format!("{written}{items}").replace("\"net\"", "\"\"").replace("2026-06-30", "x");
    assert_eq!(parse(&[("b.yaml".to_owned(), two)]).unwrap_err().len(), 5);
    let found = parse(&[("a.yaml".to_owned(), written.clone()), ("b.yaml".to_owned(), written)]).unwrap_err();
    assert_eq!((found[0].code, found[0].file.as_str()), ("baseline/duplicate-entry", "b.yaml"));
    assert!(found[0].message.contains("a.yaml:7"), "{}", found[0]);
}

#[test]
fn an_entry_holds_for_its_content_and_to_the_end_of_its_day() {
    let baseline = Baseline::new([entry(&changed("vpc-a", 1), "2026-06-30")]);
    let says = |id: &str, content: u8, time: &str| {
        let finding = changed(id, content);
        match baseline.says(&finding.resource_key(), &finding.fingerprint, finding.severity, false, at(time)) {
            Said::Accepted(ignored) => ignored.label(),
            Said::Remark(remark) => remark,
            Said::Nothing => String::new(),
        }
    };
    let (before, after) = ("2026-06-30T23:59:59Z", "2026-07-01T00:00:00Z");
    for (id, content, time, said) in [
        ("vpc-a", 1, before, "baseline: migration: \"phase 2\" (net, until 2026-06-30)"),
        ("vpc-a", 1, after, "accepted until 2026-06-30, no longer; ask net"),
        ("vpc-a", 2, before, "accepted with other content until 2026-06-30 (net)"),
        ("vpc-a", 2, after, ""),
        ("vpc-b", 1, before, ""),
    ] {
        assert_eq!(says(id, content, time), said, "{id} {content} {time}");
    }
    assert!(baseline.expired(at(before)).is_empty());
    assert_eq!(baseline.expired(at(after))[0].code, "baseline/expired");
}

/// (what is looked at, what an entry that matches nothing is then)
#[test]
fn gone_is_only_what_was_looked_for() {
    let (declared, stranger) = (changed("vpc-a", 1), finding("aws_vpc", "vpc-a", DriftStatus::Unmanaged, 1));
    let group = finding("aws_autoscaling_group", "web", DriftStatus::Unmanaged, 1);
    let clean = outcome(Vec::new());
    let with = |coverage: Vec<Coverage>| Outcome { coverage, ..clean.clone() };
    let gap = Gap {
        reason: GapReason::Unreadable,
        scope: GapScope { source: Some("prod".into()), ..GapScope::default() },
        detail: "x".into(),
    };
    let unknown = Finding { drift: DriftStatus::Unknown, fingerprint: "0".repeat(32), ..declared.clone() };
    let declared_only = Coverage { unmanaged: false, ..row("aws_vpc") };
    let single = Coverage { resources: Some(vec!["other".into()]), ..row("aws_vpc") };
    for (name, finding, outcome, filtered, state) in [
        ("seen", &declared, clean.clone(), false, "stale"),
        ("seen", &stranger, clean.clone(), true, "stale"),
        ("same", &declared, outcome(vec![declared.clone()]), false, "accepted"),
        ("other", &declared, outcome(vec![changed("vpc-a", 2)]), false, "other_content"),
        ("unknown", &declared, outcome(vec![unknown]), false, "not_seen"),
        ("incomplete", &declared, with(vec![Coverage { complete: false, ..row("aws_vpc") }]), false, "not_seen"),
        ("other kind", &declared, with(vec![row("aws_subnet")]), true, "not_seen"),
        ("targets", &declared, with(vec![single]), true, "not_seen"),
        ("no source", &declared, Outcome { sources: Vec::new(), ..clean.clone() }, false, "not_seen"),
        ("gap", &declared, Outcome { gaps: vec![gap], ..clean.clone() }, false, "not_seen"),
        ("--no-unmanaged", &stranger, with(vec![declared_only]), false, "not_seen"),
        ("maker", &group, clean.clone(), false, "stale"),
        ("maker", &group, clean, true, "not_seen"),
    ] {
        let baseline = Baseline::new([entry(finding, "2026-06-30")]);
        let view = View { is_filtered: filtered, ..view(&outcome) };
        let review = review(&baseline, view, outcome.started_at);
        let found: Vec<_> = review.counts.iter().filter(|(_, count)| **count > 0).map(|(state, _)| *state).collect();
        assert_eq!(found, [state], "{name} {}", finding.key);
        assert_eq!(review.stale.len(), usize::from(state == "stale"), "{name}");
    }
}

#[test]
fn an_entry_of_a_source_that_has_another_name_now() {
    let declared = changed("vpc-a", 1);
    let baseline = Baseline::new([entry(&declared, "2026-06-30")]);
    let renamed = Source { name: "production".to_owned(), ..outcome(Vec::new()).sources.remove(0) };
    let clean = Outcome { sources: vec![renamed], ..outcome(Vec::new()) };
    let of = |outcome: &Outcome, all_sources| {
        let review = review(&baseline, View { all_sources, ..view(outcome) }, outcome.started_at);
        let state = review.counts.iter().find(|(_, count)| **count > 0).map(|(state, _)| *state).unwrap();
        (state, review.stale.first().map(|stale| stale.message.clone()))
    };
    let (state, message) = of(&clean, true);
    assert_eq!(state, "stale");
    assert!(
        message
            .unwrap()
            .ends_with("matches nothing any more: its source prod is not configured, or has another name now")
    );
    // Nobody looks where nothing is declared.
    assert_eq!(of(&Outcome { coverage: Vec::new(), ..clean.clone() }, true).0, "stale");
    // As long as it drifts it is accepted, whatever its source is called.
    assert_eq!(of(&Outcome { findings: vec![declared.clone()], ..clean.clone() }, true).0, "accepted");
    // A scan of other states, a state that could not be read, a place that was not seen completely: nobody knows.
    assert_eq!(of(&clean, false), ("not_seen", None));
    // Nor does a scan of some kinds, or of single resources, know of the others.
    let some = Outcome { coverage: vec![row("aws_instance")], ..clean.clone() };
    let filtered = View { all_sources: true, is_filtered: true, ..view(&some) };
    assert_eq!(review(&baseline, filtered, some.started_at).stale, []);
    let acceptance = Acceptance { ignore: ignore("2026-12-31"), now: some.started_at };
    let before: Vec<Entry> = baseline.entries().cloned().collect();
    assert_eq!(merge(before.clone(), filtered, &acceptance).entries, before, "nothing is dropped");
    let scope = GapScope { source: Some("other".into()), ..GapScope::default() };
    let gap = Gap { reason: GapReason::Unreadable, scope, detail: "x".into() };
    assert_eq!(of(&Outcome { gaps: vec![gap], ..clean.clone() }, true).0, "not_seen");
    let unseen = vec![Coverage { complete: false, ..row("aws_vpc") }];
    assert_eq!(of(&Outcome { coverage: unseen, ..clean }, true).0, "not_seen");
}

#[test]
fn a_file_is_merged_and_every_change_is_told() {
    let by_rule = |finding: Finding| {
        let ignored = Ignored { rule: "r".into(), owner: "o".into(), reason: "x".into(), expires: "2026-12-31".into() };
        Finding { ignored: Some(ignored), ..finding }
    };
    let before = vec![
        entry(&changed("vpc-kept", 1), "2026-06-30"),
        entry(&changed("vpc-expired", 1), "2026-02-28"),
        entry(&changed("vpc-grown", 1), "2026-06-30"),
        entry(&changed("vpc-gone", 1), "2026-06-30"),
        entry(&finding("aws_eip", "eip-away", DriftStatus::Changed, 1), "2026-06-30"),
        entry(&changed("vpc-ruled", 1), "2026-06-30"),
        Entry { severity: Severity::Low, ..entry(&changed("vpc-worse", 1), "2026-06-30") },
    ];
    let secret = Finding { changes: vec![change("/password", json!("hunter2"))], ..changed("vpc-secret", 1) };
    let outcome = outcome(vec![
        changed("vpc-kept", 1),
        changed("vpc-expired", 1),
        changed("vpc-grown", 2),
        changed("vpc-new", 1),
        finding("aws_vpc", "vpc-hidden", DriftStatus::Unknown, 1),
        by_rule(changed("vpc-ruled", 2)),
        by_rule(changed("vpc-ruled-too", 1)),
        changed("vpc-worse", 1),
        secret,
    ]);
    let acceptance =
        Acceptance { ignore: Ignore { owner: "ann".into(), ..ignore("2026-12-31") }, now: at("2026-03-01T00:00:00Z") };
    let merged = merge(before.clone(), view(&outcome), &acceptance);
    let said = |entry: &Entry| {
        format!(
            "{} {} {} {}",
            entry.subject().id,
            entry.fingerprint.trim_start_matches('0'),
            entry.ignore.owner,
            entry.accepted
        )
    };
    assert_eq!(
        merged.entries.iter().map(said).collect::<Vec<_>>(),
        [
            "eip-away 1 net 2026-02-01",
            "vpc-expired 1 ann 2026-03-01",
            "vpc-grown 2 ann 2026-03-01",
            "vpc-kept 1 net 2026-02-01",
            "vpc-new 1 ann 2026-03-01",
            "vpc-ruled 1 net 2026-02-01",
            "vpc-worse 1 ann 2026-03-01",
        ]
    );
    use StepKind::{Added, Dropped, Kept, NotSeen, Refused, Renewed, Replaced};
    for (kind, number) in [(Added, 1), (Dropped, 1), (Kept, 2), (NotSeen, 1), (Refused, 1), (Renewed, 1), (Replaced, 2)]
    {
        assert_eq!(merged.count(kind), number, "{kind:?}");
    }
    // Once more changes nothing.
    assert_eq!(write(&merge(merged.entries.clone(), view(&outcome), &acceptance).entries), write(&merged.entries));
    // A report does not show what is accepted: nothing of it is dropped.
    let hides = merge(before, View { hides_ignored: true, ..view(&outcome) }, &acceptance);
    assert_eq!((hides.count(Dropped), hides.entries.len()), (0, 8));
}

/// A baseline never accepts a sensitive value, so that an entry is neither renewed nor replaced by one.
#[test]
fn a_file_is_merged_with_sensitive_values_that_differ() {
    let secret = |id: &str, fingerprint| {
        let change = Change { sensitive: true, ..change("/password", json!("(sensitive)")) };
        Finding { changes: vec![change], ..changed(id, fingerprint) }
    };
    let before = vec![
        entry(&changed("vpc-a", 1), "2026-06-30"),
        entry(&changed("vpc-b", 1), "2026-02-28"),
        entry(&changed("vpc-c", 1), "2026-06-30"),
        Entry { severity: Severity::Low, ..entry(&changed("vpc-d", 1), "2026-06-30") },
    ];
    let found = [("vpc-a", 2), ("vpc-b", 1), ("vpc-c", 1), ("vpc-d", 1), ("vpc-new", 1)];
    let outcome = outcome(found.map(|(id, fingerprint)| secret(id, fingerprint)).into());
    let acceptance = Acceptance { ignore: ignore("2026-12-31"), now: at("2026-03-01T00:00:00Z") };
    let merged = merge(before.clone(), view(&outcome), &acceptance);
    assert_eq!(merged.entries, before);
    assert!(merged.steps.iter().all(|step| step.kind == StepKind::Refused), "{:?}", merged.steps);
    assert_eq!(merged.count(StepKind::Refused), 5);
}

#[test]
fn a_report_is_read_back() {
    let mut scan = outcome(vec![changed("vpc-a", 1)]);
    scan.findings.push(Finding { ignored: Some(ignore("2026-12-31").ignored("r")), ..changed("vpc-b", 1) });
    let text = serde_json::to_string(&crate::model::report::Report::from(scan.clone())).unwrap();
    let read = reported(&text).unwrap();
    assert!(read.hides_ignored);
    assert_eq!((&read.outcome.findings[..], read.outcome.coverage), (&scan.findings[..1], scan.coverage));
    assert!(reported("{}").unwrap_err().contains("driftd scan --format json"));
    assert!(reported(&text.replacen("\"1\"", "\"2\"", 1)).unwrap_err().contains("version"));
}

/// What is unmanaged is known by its place alone, what is sensitive by its path: neither is accepted when it may be worse by now.
#[test]
fn what_is_worse_or_hidden_counts() {
    let stranger = finding("aws_security_group", "sg-1", DriftStatus::Unmanaged, 1);
    let baseline = Baseline::new([Entry::new(&stranger, ignore("2026-12-31"), "2026-11-01".parse().unwrap())]);
    let now = "2026-11-28T00:00:00Z".parse().unwrap();
    let says = |severity, is_hidden| {
        let key = stranger.resource_key();
        match baseline.says(&key, &stranger.fingerprint, severity, is_hidden, now) {
            Said::Accepted(_) => "accepted".to_owned(),
            Said::Remark(remark) => remark,
            Said::Nothing => "nothing".to_owned(),
        }
    };
    assert_eq!(says(Severity::High, false), "accepted");
    assert_eq!(says(Severity::Low, false), "accepted", "less bad is not worse");
    assert_eq!(says(Severity::Critical, false), "accepted as high until 2026-12-31 (net); it is critical now");
    assert!(says(Severity::High, true).contains("sensitive"));
}
