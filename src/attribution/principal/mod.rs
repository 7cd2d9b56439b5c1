//! From the identity in a record to the person, program or service behind it: sessions are followed back to the call that
//! began them. Knows nothing of drifts.

mod actor_name;
mod chain;
mod channel;
mod compact;
mod mfa;
mod person;
mod pipelines;
mod principal_arn;
mod sanitize_input;
mod sessions;
mod settings;
mod stack_calls;
mod user_agent;

pub use channel::{AccessPath, channel};
pub(super) use compact::{pack, unpack};
pub use person::{Person, person};
pub(super) use principal_arn::role;
pub use sessions::Sessions;
pub use settings::{Pipeline, Settings};
