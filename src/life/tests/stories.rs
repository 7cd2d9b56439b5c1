//! What happens to a finding, one story after the other.

use super::world::{ACCOUNT, Memory, REGION, at, by, finding, gap, row, scope, source, sweep, vpc};
use crate::life::{
    FlappingPolicy, OperationError, Resolution, State, StateName, TransitionKind, close_source, expire, operation,
};
use crate::model::{Coverage, DriftStatus, Finding, GapReason, GapScope, Ignored, Outcome, Severity};

/// After the finding was seen once.
fn opened(finding: &Finding) -> Memory {
    let mut memory = Memory::default();
    memory.see(&sweep(0, vec![finding.clone()]));
    memory
}

fn how(memory: &Memory, finding: &Finding) -> Option<Resolution> {
    match memory.get(finding).life.state {
        State::Resolved { how, .. } => Some(how),
        _ => None,
    }
}

fn nothing_but(coverage: Vec<Coverage>) -> Outcome {
    Outcome { coverage, ..sweep(5, Vec::new()) }
}

#[test]
fn opened_resolved_returned_and_old() {
    let mut memory = Memory::default();
    assert_eq!(memory.see(&sweep(0, vec![vpc("a")])), ["opened"]);
    assert_eq!(memory.see(&sweep(1, vec![vpc("a")])), [""; 0]);
    assert_eq!(memory.get(&vpc("a")).life.last_seen, at(1));
    assert_eq!(memory.see(&sweep(2, vec![vpc("b")])), ["content_changed"]);
    assert_eq!(memory.see(&sweep(3, Vec::new())), ["resolved"]);
    assert_eq!(memory.see(&sweep(4, Vec::new())), [""; 0]);
    assert_eq!(memory.see(&sweep(5, vec![vpc("b")])), ["reopened"]);
    let life = &memory.get(&vpc("b")).life;
    assert_eq!((life.first_seen, life.state_since, life.last_seen), (at(0), at(5), at(5)));
}

/// The promise: what was not looked at completely is never resolved. Each outcome lacks the finding, and leaves it.
#[test]
fn only_what_was_seen_completely_is_resolved() {
    let changed = vpc("a");
    let unmanaged = finding("aws_vpc", "vpc-0a1b2c3d", DriftStatus::Unmanaged, "a");
    let key = changed.key.clone();
    let other_scope = |region: &str| Coverage { scope: crate::model::Scope::new(ACCOUNT, region), ..row("aws_vpc") };
    let single = |keys: Vec<String>| Coverage { resources: Some(keys), ..row("aws_vpc") };
    let incomplete = Coverage { complete: false, ..row("aws_vpc") };
    let declared_only = Coverage { unmanaged: false, ..row("aws_vpc") };
    // (finding, coverage, resolved, said to be out of sight)
    let table = [
        (&changed, vec![row("aws_vpc")], true, false),
        (&changed, vec![], false, false),
        (&changed, vec![row("aws_subnet")], false, false),
        (&changed, vec![other_scope("us-east-1"), other_scope("global")], false, false),
        (&changed, vec![incomplete.clone()], false, true),
        (&changed, vec![row("aws_vpc"), incomplete.clone()], false, true),
        (&changed, vec![single(vec!["other".into()])], false, false),
        (&changed, vec![single(vec![key.clone()])], true, false),
        (&changed, vec![Coverage { complete: false, ..single(vec![key.clone()]) }], false, true),
        (&changed, vec![declared_only.clone()], true, false),
        (&unmanaged, vec![row("aws_vpc")], true, false),
        (&unmanaged, vec![declared_only.clone()], false, false),
        (&unmanaged, vec![row("aws_vpc"), declared_only], true, false),
        (&unmanaged, vec![single(vec![key.clone()])], true, false),
        (&unmanaged, vec![Coverage { unmanaged: false, ..single(vec![key]) }], false, false),
        (&unmanaged, vec![incomplete], false, true),
    ];
    for (number, (finding, coverage, is_resolved, is_hidden)) in table.into_iter().enumerate() {
        let mut memory = opened(finding);
        memory.see(&nothing_but(coverage));
        let known = memory.get(finding);
        assert_eq!(known.is_resolved(), is_resolved, "row {number}");
        assert_eq!(known.life.not_seen.is_some(), is_hidden, "row {number}");
    }
}

/// A gap leaves the finding, says so once, and says when it is over.
#[test]
fn what_cannot_be_seen_stays_and_says_so() {
    let here = GapScope { account: Some(ACCOUNT.into()), region: Some(REGION.into()), ..GapScope::default() };
    let hidden = |scope: GapScope| {
        let coverage = Vec::new();
        Outcome { gaps: vec![gap(GapReason::Denied, scope)], ..nothing_but(coverage) }
    };
    let whole_account = GapScope { account: Some(ACCOUNT.into()), ..GapScope::default() };
    let of_kind = GapScope { kind: Some("aws_vpc".into()), ..here.clone() };
    for scope in [here.clone(), whole_account, of_kind] {
        let mut memory = opened(&vpc("a"));
        assert_eq!(memory.see(&hidden(scope.clone())), ["not_seen"]);
        let mut later = hidden(scope);
        (later.started_at, later.finished_at) = (at(9), at(9));
        assert_eq!(memory.see(&later), [""; 0]);
        let not_seen = memory.get(&vpc("a")).life.not_seen.clone().unwrap();
        assert_eq!((not_seen.since, not_seen.reason.as_str()), (at(5), "denied: no answer"));
        assert_eq!(memory.see(&sweep(10, vec![vpc("a")])), ["seen_again"]);
    }
    let elsewhere = GapScope { region: Some("us-east-1".into()), ..here.clone() };
    let other_kind = GapScope { kind: Some("aws_subnet".into()), ..here.clone() };
    let events = GapScope { action: Some("cloudtrail:LookupEvents".into()), ..here };
    for scope in [elsewhere, other_kind, events, GapScope::default()] {
        assert_eq!(opened(&vpc("a")).see(&hidden(scope.clone())), [""; 0], "{scope:?}");
    }
    // A finding of its own that says `unknown`.
    let mut unknown = finding("aws_vpc", "vpc-0a1b2c3d", DriftStatus::Unknown, "");
    unknown.reason = Some("throttled".to_owned());
    let mut memory = opened(&vpc("a"));
    assert_eq!(memory.see(&sweep(5, vec![unknown.clone()])), ["not_seen"]);
    assert_eq!(memory.get(&vpc("a")).finding, vpc("a"));
    assert_eq!(memory.see(&sweep(6, Vec::new())), ["resolved"]);
    assert_eq!(memory.see(&sweep(7, vec![unknown.clone()])), [""; 0]);
    // What was never seen to differ is no finding.
    assert_eq!(Memory::default().see(&sweep(0, vec![unknown])), [""; 0]);
}

#[test]
fn a_source_that_cannot_be_read_keeps_its_findings() {
    let unread = GapScope { source: Some("prod".into()), ..GapScope::default() };
    let mut memory = opened(&vpc("a"));
    let gaps = vec![gap(GapReason::Unreadable, unread)];
    assert_eq!(memory.see(&Outcome { sources: Vec::new(), gaps, ..sweep(5, Vec::new()) }), ["not_seen"]);
    // A cycle of other sources says nothing of it.
    let mut memory = opened(&vpc("a"));
    assert_eq!(memory.see(&Outcome { sources: vec![source("other", 1)], ..sweep(5, Vec::new()) }), [""; 0]);
    assert_eq!(memory.get(&vpc("a")).life.state, State::Open);
    // Only the configuration takes it away.
    let known: Vec<_> = memory.known.values().cloned().collect();
    assert!(close_source(&known, "other", None, at(6)).findings.is_empty());
    assert_eq!(memory.keep(&close_source(&known, "prod", Some("alice"), at(6))), ["resolved"]);
    assert_eq!(how(&memory, &vpc("a")), Some(Resolution::SourceRemoved));
}

#[test]
fn how_it_was_resolved() {
    let written = Outcome { sources: vec![source("prod", 2)], ..sweep(5, Vec::new()) };
    let missing = finding("aws_vpc", "vpc-0a1b2c3d", DriftStatus::Missing, "");
    let unmanaged = finding("aws_vpc", "vpc-0a1b2c3d", DriftStatus::Unmanaged, "");
    let resolved = |finding: &Finding, outcome: &Outcome, declared: Option<&[&str]>| {
        let mut memory = opened(finding);
        memory.declared = declared.map(|keys| keys.iter().map(|&key| key.to_owned()).collect());
        memory.see(outcome);
        how(&memory, finding)
    };
    assert_eq!(resolved(&vpc("a"), &sweep(5, Vec::new()), None), Some(Resolution::RevertedByHand));
    assert_eq!(resolved(&vpc("a"), &written, None), Some(Resolution::Applied));
    assert_eq!(resolved(&missing, &written, None), Some(Resolution::Applied));
    assert_eq!(resolved(&unmanaged, &written, None), Some(Resolution::NoLongerUnmanaged));
    // With what the sources declare, even where nothing was looked at: the last resource of its kind is gone from the state.
    let nowhere = Outcome { coverage: Vec::new(), ..written };
    assert_eq!(resolved(&vpc("a"), &nowhere, Some(&[])), Some(Resolution::NoLongerDeclared));
    assert_eq!(resolved(&missing, &nowhere, Some(&[])), Some(Resolution::Gone));
    assert_eq!(resolved(&vpc("a"), &nowhere, Some(&[&vpc("a").key])), None);
    assert_eq!(resolved(&unmanaged, &nowhere, Some(&[])), None);
    let unread = Outcome { sources: Vec::new(), ..nowhere };
    assert_eq!(resolved(&vpc("a"), &unread, Some(&[])), None);
    // What the caller knows goes first.
    let mut memory = opened(&vpc("a"));
    memory.resolutions.insert(vpc("a").key, (Resolution::Adopted, Some("bob".to_owned())));
    memory.see(&sweep(5, Vec::new()));
    let expected = State::Resolved { how: Resolution::Adopted, by: Some("bob".to_owned()) };
    assert_eq!(memory.get(&vpc("a")).life.state, expected);
}

/// A group that nobody declares has no listing of its own.
#[test]
fn a_maker_is_resolved_when_its_account_was_seen() {
    let group = finding("aws_autoscaling_group", "web", DriftStatus::Unmanaged, "");
    let global = Coverage { scope: crate::model::Scope::new(ACCOUNT, "global"), ..row("aws_iam_role") };
    let not_unmanaged = |row: Coverage| Coverage { unmanaged: false, ..row };
    let incomplete = |row: Coverage| Coverage { complete: false, ..row };
    let single = |row: Coverage| Coverage { resources: Some(vec!["x".into()]), ..row };
    let table = [
        (vec![row("aws_instance"), row("aws_vpc"), global.clone()], Some(true)),
        (vec![row("aws_vpc"), global.clone()], Some(false)),
        (vec![row("aws_instance"), incomplete(row("aws_vpc"))], None),
        (vec![row("aws_instance"), row("aws_vpc"), incomplete(global)], None),
        (vec![row("aws_instance"), not_unmanaged(row("aws_vpc"))], None),
        (vec![row("aws_instance"), row("aws_vpc"), not_unmanaged(row("aws_vpc"))], Some(true)),
        (vec![not_unmanaged(row("aws_instance"))], Some(false)),
        (vec![single(row("aws_instance"))], Some(false)),
    ];
    for (number, (coverage, is_resolved)) in table.into_iter().enumerate() {
        let mut memory = opened(&group);
        memory.see(&nothing_but(coverage));
        let known = memory.get(&group);
        assert_eq!(known.is_resolved(), is_resolved == Some(true), "row {number}");
        assert_eq!(known.life.not_seen.is_some(), is_resolved.is_none(), "row {number}");
    }
}

/// The outcome of a slow sweep comes after that of a read that began later.
#[test]
fn an_older_outcome_says_nothing_new() {
    let mut memory = opened(&vpc("a"));
    assert_eq!(memory.see(&sweep(10, Vec::new())), ["resolved"]);
    let slow = Outcome { finished_at: at(20), ..sweep(5, vec![vpc("a")]) };
    assert_eq!(memory.see(&slow), [""; 0]);
    assert!(memory.get(&vpc("a")).is_resolved());
}

#[test]
fn what_people_say_holds_for_one_content() {
    let ends = at(60);
    let hold = |memory: &mut Memory, what: StateName| {
        let known = memory.get(&vpc("a")).clone();
        let changes = match what {
            StateName::Acknowledged => operation::acknowledge(&known, "alice", "", at(1)),
            StateName::Snoozed => operation::snooze(&known, "alice", "", ends, at(1)),
            _ => operation::ignore(&known, "alice", "team", "fine", ends, at(1)),
        };
        memory.keep(&changes.unwrap());
        assert_eq!(memory.get(&vpc("a")).life.state.name(), what);
    };
    for what in [StateName::Acknowledged, StateName::Snoozed, StateName::Ignored] {
        let mut memory = opened(&vpc("a"));
        hold(&mut memory, what);
        assert_eq!(memory.see(&sweep(5, vec![vpc("a")])), [""; 0]);
        assert_eq!(memory.see(&sweep(6, vec![vpc("b")])), ["reopened"]);

        let mut memory = opened(&vpc("a"));
        hold(&mut memory, what);
        let known: Vec<_> = memory.known.values().cloned().collect();
        let early = expire(&known, &memory.flapping, at(59));
        let late = expire(&known, &memory.flapping, ends);
        let words = memory.keep(&late);
        let ends_by_itself = what != StateName::Acknowledged;
        assert_eq!((early.findings.len(), words.len()), (0, usize::from(ends_by_itself)));

        let mut memory = opened(&vpc("a"));
        hold(&mut memory, what);
        let known = memory.get(&vpc("a")).clone();
        assert_eq!(memory.keep(&operation::reopen(&known, "bob", at(2)).unwrap()), ["reopened"]);
        let mut memory = opened(&vpc("a"));
        hold(&mut memory, what);
        assert_eq!(memory.see(&sweep(5, Vec::new())), ["resolved"]);
        // What was said of it ended with it.
        assert_eq!(memory.see(&sweep(6, vec![vpc("a")])), ["reopened"]);
        assert_eq!(memory.get(&vpc("a")).life.state, State::Open);
    }
}

#[test]
fn refusals_name_the_way_out() {
    let mut memory = opened(&vpc("a"));
    let open = memory.get(&vpc("a")).clone();
    let says = |error: OperationError| error.to_string();
    let empty = operation::ignore(&open, "alice", " ", "fine", at(60), at(1)).unwrap_err();
    assert_eq!(says(empty), "owner must not be empty: say who answers for it");
    let empty = operation::ignore(&open, "alice", "team", "", at(60), at(1)).unwrap_err();
    assert_eq!(says(empty), "reason must not be empty: say why the drift is acceptable");
    assert!(matches!(operation::acknowledge(&open, "", "", at(1)), Err(OperationError::Empty { .. })));
    let past = operation::ignore(&open, "alice", "team", "fine", at(1), at(1)).unwrap_err();
    assert_eq!(says(past), "the expiry 2026-03-01T12:01:00Z is not in the future: name a later time");
    assert!(matches!(operation::snooze(&open, "alice", "", at(0), at(1)), Err(OperationError::Past { .. })));
    assert!(matches!(operation::reopen(&open, "alice", at(1)), Err(OperationError::Open { .. })));
    memory.see(&sweep(5, Vec::new()));
    let resolved = operation::acknowledge(memory.get(&vpc("a")), "alice", "", at(6)).unwrap_err();
    assert_eq!(
        says(resolved),
        format!(
            "finding {} is resolved since 2026-03-01T12:05:00Z: there is nothing to do; it opens by itself when the \
             drift returns",
            open.id
        )
    );
}

#[test]
fn a_rule_ignores_and_ends() {
    let ignored = Ignored { rule: "r".into(), owner: "o".into(), reason: "x".into(), expires: "2026-12-31".into() };
    let by_rule = |content: &str| Finding { ignored: Some(ignored.clone()), ..vpc(content) };
    let mut memory = Memory::default();
    assert_eq!(memory.see(&sweep(0, vec![by_rule("a")])), ["ignored_by_rule"]);
    assert_eq!(memory.see(&sweep(1, vec![by_rule("b")])), [""; 0]);
    let refused = operation::acknowledge(memory.get(&vpc("a")), "alice", "", at(1)).unwrap_err();
    assert!(refused.to_string().ends_with("is ignored by rule r until 2026-12-31: change that rule instead"));
    assert_eq!(memory.see(&sweep(2, vec![vpc("b")])), ["reopened"]);
    assert_eq!(memory.see(&sweep(3, vec![by_rule("b")])), ["ignored_by_rule"]);
    assert_eq!(memory.see(&sweep(4, Vec::new())), ["resolved"]);
    let was = memory.reconcile(&sweep(5, vec![by_rule("b")])).transitions[0].was;
    assert_eq!(was, Some(StateName::Resolved));
}

#[test]
fn names_are_kept_and_changes_of_names_recorded() {
    let named = |name: &str| Finding { attribution: Some(by(name)), ..vpc("a") };
    let mut memory = opened(&vpc("a"));
    assert_eq!(memory.see(&sweep(1, vec![named("alice")])), ["attribution_changed"]);
    assert_eq!(memory.see(&sweep(2, vec![named("alice")])), [""; 0]);
    // The events are out of reach now: the name stays.
    let nobody = Finding { attribution: Some(crate::model::Attribution::unknown("no event")), ..vpc("a") };
    assert_eq!(memory.see(&sweep(3, vec![nobody.clone()])), [""; 0]);
    assert_eq!(memory.get(&vpc("a")).finding.attribution, Some(by("alice")));
    // Another name is believed: more may be known now.
    let changes = memory.reconcile(&sweep(4, vec![named("bob")]));
    let expected = TransitionKind::AttributionChanged { from: Some(Box::new(by("alice"))), to: Box::new(by("bob")) };
    assert_eq!(changes.transitions[0].kind, expected);
    // It was found for other content.
    memory.see(&sweep(5, vec![Finding { attribution: None, ..vpc("b") }]));
    assert_eq!(memory.get(&vpc("a")).finding.attribution, None);
}

#[test]
fn severity_and_status_change() {
    let mut memory = opened(&vpc("a"));
    let worse = Finding { severity: Severity::Critical, ..vpc("a") };
    assert_eq!(memory.see(&sweep(1, vec![worse])), ["severity_changed"]);
    let missing = finding("aws_vpc", "vpc-0a1b2c3d", DriftStatus::Missing, "");
    let changes = memory.reconcile(&sweep(2, vec![missing.clone()]));
    assert!(matches!(changes.transitions[0].kind, TransitionKind::ContentChanged { from: DriftStatus::Changed, .. }));
    assert_eq!(changes.findings[0].finding.drift, DriftStatus::Missing);
}

#[test]
fn the_first_outcome_is_a_baseline() {
    let unmanaged = finding("aws_vpc", "vpc-11111111", DriftStatus::Unmanaged, "");
    let mut memory = Memory::default();
    let baseline = |memory: &mut Memory| {
        let changes = memory.reconcile(&sweep(0, vec![vpc("a"), unmanaged.clone()]));
        changes.transitions.iter().map(|step| (step.was, step.baseline)).collect::<Vec<_>>()
    };
    assert_eq!(baseline(&mut memory), [(None, true), (None, true)]);
    memory.seen_before.sources.insert("prod".to_owned(), at(-5));
    assert_eq!(baseline(&mut memory), [(None, true), (None, true)]);
    // The scope was swept before the source was there.
    memory.seen_before.scopes.insert(scope(), at(-9));
    assert_eq!(baseline(&mut memory), [(None, true), (None, true)]);
    memory.seen_before.scopes.insert(scope(), at(-5));
    assert_eq!(baseline(&mut memory), [(None, false), (None, true)]);
    memory.seen_before.unmanaged.insert((scope(), "aws_vpc".to_owned()));
    assert_eq!(baseline(&mut memory), [(None, false), (None, false)]);
}

#[test]
fn flapping_is_told_once_and_ends_when_it_is_stable() {
    let window = std::time::Duration::from_secs(60 * 60);
    let mut memory = Memory { flapping: FlappingPolicy { flips: 4, window }, ..Memory::default() };
    assert_eq!(memory.see(&sweep(0, vec![vpc("a")])), ["opened"]);
    assert_eq!(memory.see(&sweep(1, Vec::new())), ["resolved"]);
    assert_eq!(memory.see(&sweep(2, vec![vpc("a")])), ["reopened"]);
    assert_eq!(memory.see(&sweep(3, Vec::new())), ["flapping_began", "(resolved)"]);
    assert_eq!(memory.see(&sweep(4, vec![vpc("a")])), ["(reopened)"]);
    assert_eq!(memory.see(&sweep(50, vec![vpc("a")])), [""; 0]);
    // An hour after the last flip.
    assert_eq!(memory.see(&sweep(63, vec![vpc("a")])), [""; 0]);
    assert_eq!(memory.see(&sweep(64, vec![vpc("a")])), ["flapping_ended"]);
    assert_eq!(memory.see(&sweep(65, Vec::new())), ["resolved"]);
    // Rarely is not flapping.
    let mut memory = Memory { flapping: FlappingPolicy { flips: 4, window }, ..Memory::default() };
    for hour in 0..10 {
        let findings = if hour % 2 == 0 { vec![vpc("a")] } else { Vec::new() };
        memory.see(&sweep(hour * 40, findings));
        assert_eq!(memory.get(&vpc("a")).life.flapping_since, None, "hour {hour}");
    }
}

/// Every step leads to its finding, however many there are.
#[test]
fn a_step_has_its_finding() {
    let many = (0..20).map(|number| finding("aws_vpc", &format!("vpc-{number:08}"), DriftStatus::Changed, "a"));
    let changes = Memory::default().reconcile(&sweep(0, many.collect()));
    assert_eq!(changes.transitions.len(), 20);
    for step in &changes.transitions {
        assert_eq!(changes.finding_of(step).map(|known| &known.finding.key), Some(&step.key));
    }
}

/// What the store keeps is what was.
#[test]
fn a_life_survives_json() {
    let mut memory = opened(&Finding { attribution: Some(by("alice")), ..vpc("a") });
    let known = memory.get(&vpc("a")).clone();
    let mut all = vec![memory.reconcile(&sweep(5, Vec::new()))];
    all.push(operation::acknowledge(&known, "alice", "x", at(1)).unwrap());
    all.push(operation::snooze(&known, "alice", "x", at(60), at(1)).unwrap());
    all.push(operation::ignore(&known, "alice", "o", "x", at(60), at(1)).unwrap());
    all.push(memory.reconcile(&sweep(5, vec![Finding { attribution: Some(by("bob")), ..vpc("b") }])));
    for changes in all {
        for known in changes.findings {
            let text = serde_json::to_string(&known).unwrap();
            assert_eq!(serde_json::from_str::<crate::life::KnownFinding>(&text).unwrap(), known);
        }
        for step in changes.transitions {
            let text = serde_json::to_string(&step).unwrap();
            assert_eq!(serde_json::from_str::<crate::life::Transition>(&text).unwrap(), step);
        }
    }
}
