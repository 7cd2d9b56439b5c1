//! The life of a finding in sentences: what happened to it, and where it stands.

use jiff::Timestamp;

use super::text::sanitize_output;
use crate::life::{ReopenReason, Resolution, State, TransitionKind};
use crate::model::{DriftStatus, Finding};

/// What happened to a drift outside Terraform: `was changed outside Terraform`.
pub(super) fn what_happened(drift: DriftStatus) -> &'static str {
    match drift {
        DriftStatus::Changed => "was changed outside Terraform",
        DriftStatus::Missing => "was deleted outside Terraform",
        DriftStatus::Unmanaged => "was made outside Terraform",
        DriftStatus::Unknown => "could not be seen",
    }
}

/// One step, as the end of a sentence that begins with the finding's name. Clean.
pub fn step(kind: &TransitionKind, finding: &Finding) -> String {
    let by = |by: &Option<String>| by.as_ref().map(|by| format!(" by {by}")).unwrap_or_default();
    let because = |reason: &str| if reason.is_empty() { String::new() } else { format!(": {reason}") };
    let text = match kind {
        TransitionKind::Opened => what_happened(finding.drift).to_owned(),
        TransitionKind::Reopened { why, by: who } => match why {
            ReopenReason::Returned => format!("drifted again: it {}", what_happened(finding.drift)),
            ReopenReason::ContentChanged => {
                "differs in another way than what was accepted: it is open again".to_owned()
            }
            ReopenReason::SnoozeEnded => "is open again: its snooze has ended".to_owned(),
            ReopenReason::IgnoreExpired => "is open again: it was ignored until now".to_owned(),
            ReopenReason::RuleEnded => "is open again: no rule or baseline accepts it any more".to_owned(),
            ReopenReason::ByPerson => format!("was opened again{}", by(who)),
        },
        TransitionKind::ContentChanged { .. } => "differs in another way than before".to_owned(),
        TransitionKind::SeverityChanged { from, to } => {
            format!("is {} now, no longer {}", to.as_str(), from.as_str())
        }
        TransitionKind::AttributionChanged { to, .. } => match &to.actor {
            Some(actor) => format!("was done by {} ({})", actor.name, to.confidence.as_str()),
            None => "has no known author any more".to_owned(),
        },
        TransitionKind::Acknowledged { by, reason } => format!("was acknowledged by {by}{}", because(reason)),
        TransitionKind::Snoozed { by, reason, until } => {
            format!("was snoozed by {by} until {}{}", minutes(*until), because(reason))
        }
        TransitionKind::Ignored { by, owner, reason, expires } => {
            format!("was ignored by {by} until {}, {owner} answers for it{}", minutes(*expires), because(reason))
        }
        TransitionKind::IgnoredByRule { rule } => format!("is ignored now, by {rule}"),
        TransitionKind::Resolved { how, by: who } => format!("{}{}", resolution(*how), by(who)),
        TransitionKind::NotSeen { reason } => format!("could not be seen: {reason}"),
        TransitionKind::SeenAgain => "can be seen again".to_owned(),
        TransitionKind::FlappingBegan => {
            "comes and goes again and again: no more is told until it is stable".to_owned()
        }
        TransitionKind::FlappingEnded => "is stable again".to_owned(),
    };
    sanitize_output(&text)
}

/// How it ended.
pub(super) fn resolution(how: Resolution) -> &'static str {
    match how {
        Resolution::RevertedByHand => "was put back by hand",
        Resolution::RevertedByPipeline => "was put back by a pipeline",
        Resolution::Adopted => "was taken into the code",
        Resolution::Applied => "is as declared again, after an apply",
        Resolution::NoLongerUnmanaged => "was deleted, or is declared now",
        Resolution::NoLongerDeclared => "is not declared any more",
        Resolution::Gone => "is neither declared nor there any more",
        Resolution::RuleChanged => "is no drift any more: the rules, or what is compared, changed",
        Resolution::NoLongerWatched => "is not watched any more: the configuration leaves it out",
        Resolution::SourceRemoved => "is not watched any more: its source was taken out of the configuration",
    }
}

/// Where it stands. Clean.
pub fn standing(state: &State) -> String {
    let because = |reason: &str| if reason.is_empty() { String::new() } else { format!(": {reason}") };
    let text = match state {
        State::Open => "open".to_owned(),
        State::Acknowledged(hold) => format!("acknowledged by {}{}", hold.by, because(&hold.reason)),
        State::Snoozed { hold, until } => {
            format!("snoozed by {} until {}{}", hold.by, minutes(*until), because(&hold.reason))
        }
        State::Ignored { hold, owner, expires } => format!(
            "ignored by {} until {}; {owner} answers for it{}",
            hold.by,
            minutes(*expires),
            because(&hold.reason)
        ),
        State::IgnoredByRule(ignored) if ignored.is_by_baseline() => format!("ignored by {}", ignored.label()),
        State::IgnoredByRule(ignored) => format!("ignored by rule {} until {}", ignored.rule, ignored.expires),
        State::Resolved { how, by } => {
            format!("resolved: {}{}", resolution(*how), by.as_ref().map(|by| format!(" by {by}")).unwrap_or_default())
        }
    };
    sanitize_output(&text)
}

/// Does the step ask somebody to look? The others belong to a message that is there anyway.
pub(super) fn is_loud(kind: &TransitionKind) -> bool {
    match kind {
        TransitionKind::Opened
        | TransitionKind::Reopened { .. }
        | TransitionKind::ContentChanged { .. }
        | TransitionKind::AttributionChanged { .. }
        | TransitionKind::Resolved { .. }
        | TransitionKind::FlappingBegan
        | TransitionKind::FlappingEnded => true,
        // Worst first: what is worse now is less.
        TransitionKind::SeverityChanged { from, to } => to < from,
        TransitionKind::Acknowledged { .. }
        | TransitionKind::Snoozed { .. }
        | TransitionKind::Ignored { .. }
        | TransitionKind::IgnoredByRule { .. }
        | TransitionKind::NotSeen { .. }
        | TransitionKind::SeenAgain => false,
    }
}

/// Is there more to do than before? Whom a pager wakes, it wakes for this; good news, or a name that was found, are no reason.
pub(super) fn calls(kind: &TransitionKind) -> bool {
    match kind {
        TransitionKind::Opened | TransitionKind::Reopened { .. } | TransitionKind::ContentChanged { .. } => true,
        // Worst first: what is worse now is less.
        TransitionKind::SeverityChanged { from, to } => to < from,
        TransitionKind::AttributionChanged { .. }
        | TransitionKind::Resolved { .. }
        | TransitionKind::FlappingBegan
        | TransitionKind::Acknowledged { .. }
        | TransitionKind::Snoozed { .. }
        | TransitionKind::Ignored { .. }
        | TransitionKind::IgnoredByRule { .. }
        | TransitionKind::NotSeen { .. }
        | TransitionKind::SeenAgain
        | TransitionKind::FlappingEnded => false,
    }
}

/// `2026-12-24 08:00 UTC`
pub fn minutes(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}
