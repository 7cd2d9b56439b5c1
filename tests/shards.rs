//! Hundreds of accounts and regions at once: a scope that does not answer and one that is denied blind only themselves, and nobody
//! waits for them.

#![allow(clippy::expect_used, reason = "a test that cannot go on fails")]

mod support;

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use support::{Door, Scan, World};

const ACCOUNTS: usize = 10;
const REGIONS: usize = 30;
/// Types that are read in each scope; those of the states.
const KINDS: [&str; 2] = ["aws_vpc", "aws_security_group"];
/// After so long a call that nobody answers is given up, all its tries together: `OPERATION_TIMEOUT` in src/aws/connection.rs.
const GIVEN_UP: Duration = Duration::from_secs(90);

/// Account and region.
type Place = (String, String);

#[test]
fn a_scope_that_fails_blinds_only_itself() {
    let world = World::accounts(ACCOUNTS, REGIONS);
    let place = |account: usize, region: usize| {
        (text(&world.announced["accounts"][account]), text(&world.announced["regions"][region]))
    };
    // Both have a change and a resource that nobody declares, and neither is the first or last of its account.
    let (hanging, denied) = (place(2, 15), place(6, 15));
    let door = world.door(0);
    let fault = |kind: &str, (account, region): &Place| json!({"kind": kind, "match": "ec2:*", "account": account, "region": region});

    // In this order: that the first scan waits for the false AWS itself costs no time beside the one that hangs.
    let (troubled, took) =
        scan(&world, &door, "with two failing scopes", &json!([fault("hang", &hanging), fault("deny", &denied)]));
    let ended = door.seen().ended;
    let (clean, clean_took) = scan(&world, &door, "without", &Value::Null);

    assert_eq!(clean.code, 0, "{}", clean.stderr);
    assert_eq!(clean.gaps(), 0, "{:?}", clean.report);
    let scopes = ACCOUNTS * REGIONS;
    assert_eq!(clean.findings("changed").len(), scopes.div_ceil(3));
    assert_eq!(clean.findings("unmanaged").len(), scopes.div_ceil(5));
    assert_eq!(items(&clean, "coverage").len(), scopes * KINDS.len());

    // What is not theirs is as if they were well.
    assert_eq!(troubled.code, 3, "{}", troubled.stderr);
    let failing = |item: &Value| [&hanging, &denied].contains(&&place_of(item));
    for part in ["findings", "coverage"] {
        let of_others = |scan: &Scan| items(scan, part).into_iter().filter(|item| !failing(item)).collect::<Vec<_>>();
        assert_eq!(of_others(&troubled), of_others(&clean), "{part} of the others");
    }

    // What is theirs is not known, with the reason.
    for (place, reason) in [(&hanging, "timeout"), (&denied, "denied")] {
        let of =
            |part: &str| items(&troubled, part).into_iter().filter(|item| place_of(item) == *place).collect::<Vec<_>>();
        let (gaps, findings, coverage) = (of("gaps"), of("findings"), of("coverage"));
        assert!(gaps.iter().all(|gap| gap["reason"] == reason), "{place:?}: {gaps:#?}");
        for kind in KINDS {
            assert!(gaps.iter().any(|gap| gap["scope"]["kind"] == kind), "{place:?}: no gap for {kind}: {gaps:#?}");
        }
        assert_eq!(findings.len(), KINDS.len(), "{findings:#?}");
        assert!(findings.iter().all(|finding| finding["drift"] == "unknown"), "{findings:#?}");
        assert_eq!(coverage.len(), KINDS.len(), "{coverage:#?}");
        assert!(coverage.iter().all(|one| one["complete"] == false), "{coverage:#?}");
    }
    assert!(items(&troubled, "gaps").iter().all(failing), "{:#?}", items(&troubled, "gaps"));

    // Nobody waited: when the last call that hung was given up, all others had ended.
    let last_answer = ended.iter().rposition(|call| call.how != "hang").expect("calls");
    let last_hang = ended.iter().rposition(|call| call.how == "hang").expect("a call that hung");
    assert!(last_answer < last_hang, "{} calls after it", last_answer - last_hang);
    assert!(
        took < GIVEN_UP + clean_took * 2 + Duration::from_secs(15),
        "{took:?}; without failing scopes {clean_took:?}"
    );
}

/// One scan of everything; prints what it took. Every role is assumed once, however many regions it is for.
#[expect(clippy::disallowed_methods, reason = "measures real time")]
#[expect(clippy::print_stdout, reason = "figures for whoever runs it with --nocapture")]
fn scan(world: &World, door: &Door<'_>, what: &str, fault: &Value) -> (Scan, Duration) {
    door.fault(fault);
    let config = text(&world.announced["config"]);
    let mut arguments = vec!["scan", "--format", "json", "--config", &config, "--fail-on", "critical"];
    arguments.extend(KINDS.iter().flat_map(|kind| ["--kind", kind]));
    let began = Instant::now();
    let (output, peak) = support::driftd_measured(door.endpoint, &world.state, &arguments);
    let (scan, took) = (Scan::of(&output), began.elapsed());
    let calls = door.seen().calls;
    let assumed = calls.iter().filter(|call| *call == "sts:AssumeRole").count();
    println!(
        "{} scopes, {what}: {} calls ({assumed} AssumeRole), {:.1} s, peak memory {} MiB",
        ACCOUNTS * REGIONS,
        calls.len(),
        took.as_secs_f64(),
        peak / 1024
    );
    assert!(scan.report.is_some(), "{}", scan.stderr);
    assert_eq!(assumed, ACCOUNTS, "one credential per role");
    (scan, took)
}

fn items(scan: &Scan, part: &str) -> Vec<Value> {
    scan.report.iter().filter_map(|report| report[part].as_array()).flatten().cloned().collect()
}

/// Gaps and coverage name theirs in `scope`.
fn place_of(item: &Value) -> Place {
    let scope = if item["scope"].is_object() { &item["scope"] } else { item };
    (text(&scope["account"]), text(&scope["region"]))
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
