//! A step in the life of a finding: what is kept as its history, and what people may be told.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{KnownFinding, Resolution, State, StateName};
use crate::model::{Attribution, DriftStatus, Severity};

/// Findings as they are now, and the steps that led there.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Changes {
    /// Everything that must be kept, those without a step (seen again, the same) included; by id, each once.
    pub findings: Vec<KnownFinding>,
    pub transitions: Vec<Transition>,
}

/// One step of one finding.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Transition {
    pub finding_id: String,
    /// Key of the finding.
    pub key: String,
    pub at: Timestamp,
    #[serde(flatten)]
    pub kind: TransitionKind,
    /// The state before; the same as `state` for a step that leaves it, `None` for a finding that was never seen before.
    pub was: Option<StateName>,
    /// The state after.
    pub state: StateName,
    /// It was there when its source (or, unmanaged, its kind) was looked at for the first time: told in one digest.
    pub baseline: bool,
    /// The finding is flapping: recorded, not told.
    pub suppressed: bool,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "transition", rename_all = "snake_case")]
pub enum TransitionKind {
    Opened,
    Reopened {
        why: ReopenReason,
        /// Who, if a person did it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<String>,
    },
    /// An open finding differs in another way than before.
    ContentChanged {
        from: DriftStatus,
        from_fingerprint: String,
    },
    SeverityChanged {
        from: Severity,
        to: Severity,
    },
    /// A name was found, or another one than before.
    AttributionChanged {
        from: Option<Box<Attribution>>,
        to: Box<Attribution>,
    },
    Acknowledged {
        by: String,
        reason: String,
    },
    Snoozed {
        by: String,
        reason: String,
        until: Timestamp,
    },
    Ignored {
        by: String,
        owner: String,
        reason: String,
        expires: Timestamp,
    },
    IgnoredByRule {
        rule: String,
    },
    Resolved {
        how: Resolution,
        by: Option<String>,
    },
    /// It was looked for and could not be seen; what is known of it stays.
    NotSeen {
        reason: String,
    },
    SeenAgain,
    FlappingBegan,
    /// Stable for the whole window; the finding's state is as it is now.
    FlappingEnded,
}

/// Why a finding is open again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReopenReason {
    /// It was resolved, and is back.
    Returned,
    /// It differs in another way than what was acknowledged, snoozed or ignored.
    ContentChanged,
    SnoozeEnded,
    IgnoreExpired,
    /// No rule, and no baseline, ignores it any more.
    RuleEnded,
    /// A person asked for it.
    ByPerson,
}

impl Transition {
    /// A step that leaves the state as it is.
    pub(super) fn new(known: &KnownFinding, kind: TransitionKind, now: Timestamp) -> Self {
        let suppressed = known.life.flapping_since.is_some()
            && !matches!(kind, TransitionKind::FlappingBegan | TransitionKind::FlappingEnded);
        let state = known.life.state.name();
        Self {
            finding_id: known.id.clone(),
            key: known.finding.key.clone(),
            at: now,
            kind,
            was: Some(state),
            state,
            baseline: false,
            suppressed,
        }
    }

    /// A step into another state.
    pub(super) fn enter(known: &mut KnownFinding, state: State, kind: TransitionKind, now: Timestamp) -> Self {
        let was = Some(known.life.state.name());
        known.life.state = state;
        known.life.state_since = now;
        Self { was, ..Self::new(known, kind, now) }
    }
}

impl TransitionKind {
    /// The word of the history and of labels.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Reopened { .. } => "reopened",
            Self::ContentChanged { .. } => "content_changed",
            Self::SeverityChanged { .. } => "severity_changed",
            Self::AttributionChanged { .. } => "attribution_changed",
            Self::Acknowledged { .. } => "acknowledged",
            Self::Snoozed { .. } => "snoozed",
            Self::Ignored { .. } => "ignored",
            Self::IgnoredByRule { .. } => "ignored_by_rule",
            Self::Resolved { .. } => "resolved",
            Self::NotSeen { .. } => "not_seen",
            Self::SeenAgain => "seen_again",
            Self::FlappingBegan => "flapping_began",
            Self::FlappingEnded => "flapping_ended",
        }
    }
}

impl Changes {
    /// The finding as it is now, after a step.
    pub fn finding_of(&self, transition: &Transition) -> Option<&KnownFinding> {
        let at = self.findings.binary_search_by(|known| known.id.cmp(&transition.finding_id)).ok()?;
        self.findings.get(at)
    }

    /// In order, as [`Changes::finding_of`] and writers that must not wait for each other need it.
    pub(super) fn sorted(mut self) -> Self {
        self.findings.sort_by(|a, b| a.id.cmp(&b.id));
        self
    }
}
