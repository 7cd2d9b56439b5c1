//! The life of a finding: opened, acknowledged, snoozed, ignored, resolved, returned. Everything here is a pure function from what
//! was known and what happened to what is known now, and to the [`Transition`]s that lead there. Time comes in as an argument;
//! nothing here knows where findings are kept or who is told.
//!
//! Three things change a life: an outcome of a cycle ([`reconcile`]), a person ([`operation`]) and time ([`expire`]).

mod expire;
mod finding_id;
mod flapping;
mod known;
pub mod operation;
mod reconcile;
mod sight;
mod source;
mod transition;

pub use expire::expire;
pub use finding_id::finding_id;
pub use flapping::FlappingPolicy;
pub use known::{Hold, KnownFinding, Life, NotSeen, Resolution, State, StateName};
pub use operation::OperationError;
pub use reconcile::{Reconcile, SeenBefore, reconcile};
pub use sight::{Sight, Sights, Subject, is_maker, is_part};
pub use source::{close_source, close_unwatched};
pub use transition::{Changes, ReopenReason, Transition, TransitionKind};

#[cfg(test)]
pub(crate) mod tests;
