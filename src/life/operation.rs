//! What people do with a finding: acknowledge, snooze, ignore, reopen. Each holds for the content that it was said of.

use jiff::Timestamp;

use super::{Changes, Hold, KnownFinding, ReopenReason, State, Transition, TransitionKind};

/// Why a finding cannot be treated like that; the message says what to do instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OperationError {
    #[error(
        "finding {id} is resolved since {since}: there is nothing to do; it opens by itself when the drift returns"
    )]
    Resolved { id: String, since: Timestamp },
    #[error("finding {id} is ignored by rule {rule} until {expires}: change that rule instead")]
    IgnoredByRule { id: String, rule: String, expires: String },
    #[error(
        "finding {id} is accepted by a baseline until {expires}, for which {owner} answers: change that file instead"
    )]
    IgnoredByBaseline { id: String, owner: String, expires: String },
    #[error("finding {id} is open already")]
    Open { id: String },
    #[error("{what} must not be empty: say {hint}")]
    Empty { what: &'static str, hint: &'static str },
    #[error("{what} {time} is not in the future: name a later time")]
    Past { what: &'static str, time: Timestamp },
}

/// Somebody knows of it and takes care.
pub fn acknowledge(known: &KnownFinding, by: &str, reason: &str, now: Timestamp) -> Result<Changes, OperationError> {
    let hold = hold(known, by, reason)?;
    let (by, reason) = (hold.by.clone(), hold.reason.clone());
    Ok(step(known, State::Acknowledged(hold), TransitionKind::Acknowledged { by, reason }, now))
}

/// Silent until a time, then open again.
pub fn snooze(
    known: &KnownFinding,
    by: &str,
    reason: &str,
    until: Timestamp,
    now: Timestamp,
) -> Result<Changes, OperationError> {
    let hold = hold(known, by, reason)?;
    future("the end of the snooze", until, now)?;
    let (by, reason) = (hold.by.clone(), hold.reason.clone());
    Ok(step(known, State::Snoozed { hold, until }, TransitionKind::Snoozed { by, reason, until }, now))
}

/// Accepted until a time; somebody answers for it.
pub fn ignore(
    known: &KnownFinding,
    by: &str,
    owner: &str,
    reason: &str,
    expires: Timestamp,
    now: Timestamp,
) -> Result<Changes, OperationError> {
    let hold = hold(known, by, reason)?;
    let owner = given("owner", "who answers for it", owner)?;
    given("reason", "why the drift is acceptable", reason)?;
    future("the expiry", expires, now)?;
    let kind =
        TransitionKind::Ignored { by: hold.by.clone(), owner: owner.clone(), reason: hold.reason.clone(), expires };
    Ok(step(known, State::Ignored { hold, owner, expires }, kind, now))
}

/// Takes an acknowledgement, a snooze, an ignore back.
pub fn reopen(known: &KnownFinding, by: &str, now: Timestamp) -> Result<Changes, OperationError> {
    let by = hold(known, by, "")?.by;
    if known.life.state == State::Open {
        return Err(OperationError::Open { id: known.id.clone() });
    }
    let kind = TransitionKind::Reopened { why: ReopenReason::ByPerson, by: Some(by) };
    Ok(step(known, State::Open, kind, now))
}

/// What a person may say of the finding as it is now.
fn hold(known: &KnownFinding, by: &str, reason: &str) -> Result<Hold, OperationError> {
    let id = || known.id.clone();
    match &known.life.state {
        State::Resolved { .. } => Err(OperationError::Resolved { id: id(), since: known.life.state_since }),
        State::IgnoredByRule(entry) if entry.is_by_baseline() => {
            let (owner, expires) = (entry.owner.clone(), entry.expires.clone());
            Err(OperationError::IgnoredByBaseline { id: id(), owner, expires })
        }
        State::IgnoredByRule(rule) => {
            Err(OperationError::IgnoredByRule { id: id(), rule: rule.rule.clone(), expires: rule.expires.clone() })
        }
        State::Open | State::Acknowledged(_) | State::Snoozed { .. } | State::Ignored { .. } => Ok(Hold {
            by: given("the name", "who does this", by)?,
            reason: reason.trim().to_owned(),
            fingerprint: known.finding.fingerprint.clone(),
        }),
    }
}

fn given(what: &'static str, hint: &'static str, text: &str) -> Result<String, OperationError> {
    let text = text.trim();
    if text.is_empty() { Err(OperationError::Empty { what, hint }) } else { Ok(text.to_owned()) }
}

fn future(what: &'static str, time: Timestamp, now: Timestamp) -> Result<(), OperationError> {
    if time > now { Ok(()) } else { Err(OperationError::Past { what, time }) }
}

fn step(known: &KnownFinding, state: State, kind: TransitionKind, now: Timestamp) -> Changes {
    let mut one = known.clone();
    let transitions = vec![Transition::enter(&mut one, state, kind, now)];
    Changes { findings: vec![one], transitions }
}
