//! The life of findings, told as stories, and against a simple model under random outcomes, operations and times.

mod accepted;
mod model_check;
mod stories;
mod unwatched;
pub(crate) mod world;
