//! A source that was taken out of the configuration takes its findings with it: nothing will ever look for them again.

use jiff::Timestamp;

use super::{Changes, KnownFinding, Resolution, State, Transition, TransitionKind};

/// Resolves the findings of a source that is configured no more; `source` is the name that they carry. A finding that another
/// source declares as well is left to that one. The caller knows the configuration; a source that merely cannot be read keeps its findings.
pub fn close_source(known: &[KnownFinding], source: &str, by: Option<&str>, now: Timestamp) -> Changes {
    let mut changes = Changes::default();
    let of_source = known.iter().filter(|one| !one.is_resolved() && one.finding.source.as_deref() == Some(source));
    for one in of_source.filter(|one| one.finding.also_in.is_empty()) {
        let mut one = one.clone();
        let (how, by) = (Resolution::SourceRemoved, by.map(str::to_owned));
        let state = State::Resolved { how, by: by.clone() };
        one.life.not_seen = None;
        changes.transitions.push(Transition::enter(&mut one, state, TransitionKind::Resolved { how, by }, now));
        changes.findings.push(one);
    }
    changes.sorted()
}
