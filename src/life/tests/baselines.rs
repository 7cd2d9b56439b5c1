//! What a baseline accepts, in the life of a finding.

use super::world::{Memory, sweep, vpc};
use crate::life::{ReopenReason, TransitionKind, operation};
use crate::model::{Finding, Ignored};

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
    let refused = operation::acknowledge(memory.get(&vpc("a")), "alice", "", super::world::at(1)).unwrap_err();
    assert!(refused.to_string().contains("accepted by a baseline until 2026-12-31, for which net answers"));
    for (minutes, finding, why) in [(2, vpc("b"), ReopenReason::ContentChanged), (4, vpc("a"), ReopenReason::RuleEnded)]
    {
        let changes = memory.reconcile(&sweep(minutes, vec![finding]));
        assert_eq!(changes.transitions[0].kind, TransitionKind::Reopened { why, by: None });
        memory.see(&sweep(minutes + 1, vec![accepted("2026-12-31")]));
    }
}
