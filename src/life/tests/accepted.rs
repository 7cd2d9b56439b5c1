//! What is accepted, by a baseline or by a person: one content, and no worse.

use super::world::{Memory, at, finding, sweep, vpc};
use crate::life::{ReopenReason, State, StateName, TransitionKind, operation};
use crate::model::{DriftStatus, Finding, Ignored, Severity};

fn accepted(expires: &str) -> Finding {
    let (rule, owner, reason) = (Ignored::BASELINE.into(), "net".into(), "x".into());
    Finding { ignored: Some(Ignored { rule, owner, reason, expires: expires.into() }), ..vpc("a") }
}

/// What is edited in a baseline is no news; what grows beyond it is.
#[test]
fn a_baseline_accepts_one_content() {
    let mut memory = Memory::default();
    assert_eq!(memory.see(&sweep(0, vec![accepted("2026-06-30")])), ["ignored_by_rule"]);
    assert_eq!(memory.see(&sweep(1, vec![accepted("2026-12-31")])), [""; 0]);
    let refused = operation::acknowledge(memory.get(&vpc("a")), "alice", "", at(1)).unwrap_err();
    assert!(refused.to_string().contains("accepted by a baseline until 2026-12-31, for which net answers"));
    for (minutes, finding, why) in [(2, vpc("b"), ReopenReason::ContentChanged), (4, vpc("a"), ReopenReason::RuleEnded)]
    {
        let changes = memory.reconcile(&sweep(minutes, vec![finding]));
        assert_eq!(changes.transitions[0].kind, TransitionKind::Reopened { why, by: None });
        memory.see(&sweep(minutes + 1, vec![accepted("2026-12-31")]));
    }
}

/// What nobody declares has one content: that it is there. An acknowledgement ends when it becomes worse.
#[test]
fn an_acknowledgement_ends_when_it_becomes_worse() {
    let stranger =
        |severity| Finding { severity, ..finding("aws_instance", "i-0a1b2c3d", DriftStatus::Unmanaged, "x") };
    let mut memory = Memory::default();
    memory.see(&sweep(0, vec![stranger(Severity::Medium)]));
    let known = memory.get(&stranger(Severity::Medium)).clone();
    memory.keep(&operation::acknowledge(&known, "ann", "known", at(1)).unwrap());
    assert_eq!(memory.see(&sweep(2, vec![stranger(Severity::Low)])), ["severity_changed"]);
    assert_eq!(memory.get(&known.finding).life.state.name(), StateName::Acknowledged);
    assert_eq!(memory.see(&sweep(3, vec![stranger(Severity::Critical)])), ["reopened", "severity_changed"]);
    assert_eq!(memory.get(&known.finding).life.state, State::Open);
}
