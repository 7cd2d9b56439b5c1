//! WHAT IS: reads live AWS, kind by kind, by bulk listing or one resource at a time. What could not be read is a gap, never an
//! absence.

mod cache;
mod collect;
mod kept;
mod kind;
pub mod kinds;
pub mod value;

pub use cache::ScopeReader;
pub use collect::{Request, Selection, collect};
pub use kept::{Keeping, KeptReads};
pub use kind::{Completion, Kind, ListRequest, Listed, Reach};
