//! What a receiver is: it takes one message and says whether it has it.

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;

use crate::wording::message::Message;

/// How long one delivery may take, all of its requests together.
pub const DELIVERY_LIMIT: Duration = Duration::from_secs(90);
/// What a person has to correct is not tried every few seconds: some receivers lock out whoever keeps failing.
const MISCONFIGURED_PAUSE: Duration = Duration::from_secs(10 * 60);

/// One message on its way to one receiver.
#[derive(Debug, Clone, Copy)]
pub struct Notice<'a> {
    /// The same in every try: by it a receiver can tell a repetition. At most 64 characters of `[a-z0-9-]`.
    pub id: &'a str,
    /// The same for every message of a group: what threads, incidents and living messages are tied to. At most 64 characters of `[a-z0-9-]`.
    pub group: &'a str,
    /// What the receiver gave for an earlier message of the group: [`Delivered::handle`].
    pub handle: Option<&'a str>,
    pub message: &'a Message,
    /// From 1. More than one: an earlier try may have arrived, its answer lost.
    pub attempt: u32,
    pub now: Timestamp,
}

/// The receiver has it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Delivered {
    /// What later messages of the group need: an address of the first message. `None`: as before.
    pub handle: Option<String>,
}

/// The receiver does not have it. No text of it holds a secret, an address with a secret in it, or what the receiver answered at length.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DeliveryError {
    /// Another try may help: it is down, slow, has had too much, or an address or credential is wrong until somebody corrects it.
    #[error("{why}")]
    Retry {
        /// A lowercase fragment.
        why: String,
        /// Not before so long: it said so.
        after: Option<Duration>,
    },
    /// The message itself is at fault: no further try of it helps.
    #[error("{why}")]
    Refused {
        /// A lowercase fragment, with the way out.
        why: String,
    },
}

impl DeliveryError {
    pub fn retry(why: impl Into<String>) -> Self {
        Self::Retry { why: why.into(), after: None }
    }

    /// An address, a credential or a permission is wrong. The message is kept until somebody has corrected it; so long it is tried seldom.
    pub fn misconfigured(why: impl Into<String>) -> Self {
        Self::Retry { why: why.into(), after: Some(MISCONFIGURED_PAUSE) }
    }

    pub fn refused(why: impl Into<String>) -> Self {
        Self::Refused { why: why.into() }
    }

    /// Another try, but after the pause that the receiver asked for, if it did.
    #[must_use]
    pub fn after(self, pause: Option<Duration>) -> Self {
        match self {
            Self::Retry { why, after } => Self::Retry { why, after: pause.or(after) },
            refused @ Self::Refused { .. } => refused,
        }
    }
}

/// A place where alerts go.
#[async_trait]
pub trait Receiver: Send + Sync {
    /// Sends the message, once; retries are the caller's. A message that is `quiet` may be taken without being sent, where an earlier message
    /// cannot be changed.
    async fn deliver(&self, notice: &Notice<'_>) -> Result<Delivered, DeliveryError>;

    /// The least time between two messages that it asks for.
    fn pace(&self) -> Duration {
        Duration::ZERO
    }
}
