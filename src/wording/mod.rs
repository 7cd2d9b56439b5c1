//! The sentences that reports, alerts and proposals share: how a finding, a change, a name is said. Pure; knows nothing of where they are read.

mod changes;
mod compose;
mod finding;
mod links;
pub mod message;
mod steps;
pub mod text;
pub mod who;

pub use changes::{Line, Sign, compact, lines};
pub use compose::{Context, Group, GroupCounts, ITEMS, News, compose};
pub use finding::{code, name, note, place};
pub use links::LinkOptions;
pub use steps::{minutes, standing, step};

#[cfg(test)]
pub(crate) mod sample;
#[cfg(test)]
pub(crate) mod samples;
