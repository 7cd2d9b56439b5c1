//! A finding that opens and resolves again and again is told once as flapping, and then not until it has been stable for a while.

use std::time::Duration;

use jiff::Timestamp;

use super::{KnownFinding, Transition, TransitionKind};

/// When a finding counts as flapping.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FlappingPolicy {
    /// Openings and resolutions together, within the window, from which on it is flapping.
    pub flips: usize,
    pub window: Duration,
}

impl Default for FlappingPolicy {
    /// Three times open and resolved within a day.
    fn default() -> Self {
        Self { flips: 6, window: Duration::from_secs(24 * 60 * 60) }
    }
}

/// It opened or was resolved; begins flapping when that happened too often. To be called before the step itself is recorded, so that
/// the step is suppressed already.
pub(super) fn flip(known: &mut KnownFinding, policy: &FlappingPolicy, now: Timestamp, steps: &mut Vec<Transition>) {
    known.life.flips.retain(|&time| now.duration_since(time).unsigned_abs() < policy.window);
    known.life.flips.push(now);
    if known.life.flips.len() >= policy.flips && known.life.flapping_since.is_none() {
        known.life.flapping_since = Some(now);
        steps.push(Transition::new(known, TransitionKind::FlappingBegan, now));
    }
}

/// Ends flapping once nothing has flipped for a whole window.
pub(super) fn settle(known: &mut KnownFinding, policy: &FlappingPolicy, now: Timestamp, steps: &mut Vec<Transition>) {
    if known.life.flapping_since.is_some() && settles_at(known, policy).is_none_or(|at| at <= now) {
        known.life.flapping_since = None;
        steps.push(Transition::new(known, TransitionKind::FlappingEnded, now));
    }
}

/// When it will have been stable for a whole window; `None` when it never flipped, or later than time is counted.
fn settles_at(known: &KnownFinding, policy: &FlappingPolicy) -> Option<Timestamp> {
    known.life.flips.last()?.checked_add(policy.window).ok()
}
