//! What is taken out of the configuration, a source or a place, takes its findings with it: nothing will ever look for them again.

use jiff::Timestamp;

use super::{Changes, KnownFinding, Resolution, State, Transition, TransitionKind};
use crate::model::DriftStatus;

/// Resolves the findings of a source that is configured no more; `source` is the name that they carry. A finding that another
/// source declares as well is left to that one. The caller knows the configuration; a source that merely cannot be read keeps its findings.
pub fn close_source(known: &[KnownFinding], source: &str, by: Option<&str>, now: Timestamp) -> Changes {
    let of_source = known.iter().filter(|one| one.finding.source.as_deref() == Some(source));
    close(of_source.filter(|one| one.finding.also_in.is_empty()), Resolution::SourceRemoved, by, now)
}

/// Resolves those that nobody declares. The caller knows that the configuration does not look for them any more.
pub fn close_unwatched(known: &[KnownFinding], now: Timestamp) -> Changes {
    let unmanaged = known.iter().filter(|one| one.finding.drift == DriftStatus::Unmanaged);
    close(unmanaged, Resolution::NoLongerWatched, None, now)
}

fn close<'a>(
    known: impl Iterator<Item = &'a KnownFinding>,
    how: Resolution,
    by: Option<&str>,
    now: Timestamp,
) -> Changes {
    let mut changes = Changes::default();
    for one in known.filter(|one| !one.is_resolved()) {
        let mut one = one.clone();
        let by = by.map(str::to_owned);
        let state = State::Resolved { how, by: by.clone() };
        one.life.not_seen = None;
        changes.transitions.push(Transition::enter(&mut one, state, TransitionKind::Resolved { how, by }, now));
        changes.findings.push(one);
    }
    changes.sorted()
}
