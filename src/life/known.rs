//! What is remembered of a finding: its latest content and where it stands in its life.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::finding_id;
use crate::model::{Finding, Ignored};

/// A finding as it was last seen, and its life.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KnownFinding {
    /// See [`finding_id`].
    pub id: String,
    /// The finding as it was last seen; never `unknown`.
    pub finding: Finding,
    pub life: Life,
    /// Counts what was written of it, from 1; 0: not kept yet. The store refuses a change that was made from an older one.
    pub revision: i64,
}

/// Where a finding stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Life {
    pub state: State,
    /// When the state began.
    pub state_since: Timestamp,
    /// Kept over resolutions and returns.
    pub first_seen: Timestamp,
    /// Last time that it was seen to differ.
    pub last_seen: Timestamp,
    /// Begin of the last cycle that looked: an outcome of an earlier one says nothing new.
    pub last_checked: Timestamp,
    /// Serial of its source's state when it was last seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serial: Option<u64>,
    /// It was looked for and could not be seen: nothing is known of it since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_seen: Option<NotSeen>,
    /// Times at which it opened or was resolved, within the flapping window.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub flips: Vec<Timestamp>,
    /// It opens and resolves again and again since then: recorded, but not told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flapping_since: Option<Timestamp>,
}

/// Since when and why a finding is out of sight.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotSeen {
    pub since: Timestamp,
    pub reason: String,
}

/// The state of a finding.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "snake_case")]
pub enum State {
    Open,
    /// Somebody knows and takes care.
    Acknowledged(Hold),
    /// Somebody wants to be reminded.
    Snoozed {
        #[serde(flatten)]
        hold: Hold,
        until: Timestamp,
    },
    /// Somebody accepts it for a while.
    Ignored {
        #[serde(flatten)]
        hold: Hold,
        /// Who answers for it.
        owner: String,
        expires: Timestamp,
    },
    /// A rule accepts it for a while.
    IgnoredByRule(Ignored),
    Resolved {
        how: Resolution,
        /// Who did it, where that is known.
        by: Option<String>,
    },
}

/// What a person said of a finding; it holds for one content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// Who said so.
    pub by: String,
    /// Why; may be empty where no reason is required.
    pub reason: String,
    /// The content that it was said of: [`Finding::fingerprint`].
    pub fingerprint: String,
}

/// How a finding was resolved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Resolution {
    /// Live went back to what the state says, and the state was not written meanwhile: not through Terraform.
    RevertedByHand,
    /// A pipeline brought live back to the code.
    RevertedByPipeline,
    /// The code follows live.
    Adopted,
    /// The state was written since it was seen, and both are the same now: most likely an apply reverted or adopted it.
    Applied,
    /// What was unmanaged was deleted, or is declared now.
    NoLongerUnmanaged,
    /// No source declares it any more.
    NoLongerDeclared,
    /// Neither declared nor live any more.
    Gone,
    /// The rules, or what is compared, changed.
    RuleChanged,
    /// Its source was taken out of the configuration.
    SourceRemoved,
    /// Nobody declares it, and the configuration does not look there for such any more.
    NoLongerWatched,
}

impl Resolution {
    /// One word for the database and labels.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RevertedByHand => "reverted_by_hand",
            Self::RevertedByPipeline => "reverted_by_pipeline",
            Self::Adopted => "adopted",
            Self::Applied => "applied",
            Self::NoLongerUnmanaged => "no_longer_unmanaged",
            Self::NoLongerDeclared => "no_longer_declared",
            Self::Gone => "gone",
            Self::RuleChanged => "rule_changed",
            Self::SourceRemoved => "source_removed",
            Self::NoLongerWatched => "no_longer_watched",
        }
    }
}

/// The name of a state, without what belongs to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StateName {
    Open,
    Acknowledged,
    Snoozed,
    Ignored,
    IgnoredByRule,
    Resolved,
}

impl StateName {
    pub const ALL: [StateName; 6] =
        [Self::Open, Self::Acknowledged, Self::Snoozed, Self::Ignored, Self::IgnoredByRule, Self::Resolved];

    /// The word of the command line, the database and labels.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Acknowledged => "acknowledged",
            Self::Snoozed => "snoozed",
            Self::Ignored => "ignored",
            Self::IgnoredByRule => "ignored_by_rule",
            Self::Resolved => "resolved",
        }
    }
}

impl State {
    pub fn name(&self) -> StateName {
        match self {
            Self::Open => StateName::Open,
            Self::Acknowledged(_) => StateName::Acknowledged,
            Self::Snoozed { .. } => StateName::Snoozed,
            Self::Ignored { .. } => StateName::Ignored,
            Self::IgnoredByRule(_) => StateName::IgnoredByRule,
            Self::Resolved { .. } => StateName::Resolved,
        }
    }

    /// What a person said, if that made the state.
    pub fn hold(&self) -> Option<&Hold> {
        match self {
            Self::Acknowledged(hold) | Self::Snoozed { hold, .. } | Self::Ignored { hold, .. } => Some(hold),
            Self::Open | Self::IgnoredByRule(_) | Self::Resolved { .. } => None,
        }
    }

    /// When it ends by itself. A rule's ignore ends when the rules say so.
    pub fn ends(&self) -> Option<Timestamp> {
        match self {
            Self::Snoozed { until, .. } => Some(*until),
            Self::Ignored { expires, .. } => Some(*expires),
            Self::Open | Self::Acknowledged(_) | Self::IgnoredByRule(_) | Self::Resolved { .. } => None,
        }
    }
}

impl KnownFinding {
    /// A finding that was never seen before, open.
    pub(super) fn new(finding: Finding, started_at: Timestamp, now: Timestamp) -> Self {
        let life = Life {
            state: State::Open,
            state_since: now,
            first_seen: now,
            last_seen: now,
            last_checked: started_at,
            serial: None,
            not_seen: None,
            flips: Vec::new(),
            flapping_since: None,
        };
        Self { id: finding_id(&finding.key), finding, life, revision: 0 }
    }

    /// Does it still differ, as far as is known?
    pub fn is_resolved(&self) -> bool {
        matches!(self.life.state, State::Resolved { .. })
    }
}
