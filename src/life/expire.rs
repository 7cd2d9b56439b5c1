//! What ends by itself: a snooze, an ignore, flapping.

use jiff::Timestamp;

use super::{Changes, FlappingPolicy, KnownFinding, ReopenReason, State, Transition, TransitionKind, flapping};

/// Reopens what was snoozed or ignored until now, and ends flapping of what has been stable. Only findings that change are returned.
pub fn expire(known: &[KnownFinding], policy: &FlappingPolicy, now: Timestamp) -> Changes {
    let mut changes = Changes::default();
    for one in known {
        let mut one = one.clone();
        let before = changes.transitions.len();
        expire_one(&mut one, policy, now, &mut changes.transitions);
        if changes.transitions.len() > before {
            changes.findings.push(one);
        }
    }
    changes.sorted()
}

pub(super) fn expire_one(
    known: &mut KnownFinding,
    policy: &FlappingPolicy,
    now: Timestamp,
    steps: &mut Vec<Transition>,
) {
    flapping::settle(known, policy, now, steps);
    if known.life.state.ends().is_some_and(|end| end <= now) {
        let why = match known.life.state {
            State::Ignored { .. } => ReopenReason::IgnoreExpired,
            _ => ReopenReason::SnoozeEnded,
        };
        steps.push(Transition::enter(known, State::Open, TransitionKind::Reopened { why, by: None }, now));
    }
}
