//! What is asked of sources of events, and who receives the answers. Knows no source.

use jiff::{SignedDuration, Timestamp};

use super::Event;
use crate::model::Scope;

/// Accepts events as they are read. Sources call it in any order, and may give the same event twice.
pub trait EventSink: Send {
    fn accept(&mut self, event: Event);
    /// A record that could not be read.
    fn malformed(&mut self);
    /// What the record was about that could not be read, as far as it shows; told after [`EventSink::malformed`].
    fn unread(&mut self, unread: Unread);
}

/// What a record that is no usable event may have been about.
#[derive(Debug, Clone, PartialEq)]
pub enum Unread {
    /// It is no record of a call that changes anything.
    Nothing,
    /// This call, made at its time at the latest ([`Timestamp::MAX`]: nobody knows when, it may have been the last one).
    Call(Box<Event>),
    /// It is a record of a call that was made until then ([`Timestamp::MAX`]: nobody knows when), and does not show of what.
    Anything(Timestamp),
}

/// The time in which events count; both ends belong to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    pub since: Timestamp,
    pub until: Timestamp,
}

impl Window {
    /// Does this moment count?
    pub fn contains(&self, time: Timestamp) -> bool {
        self.since <= time && time <= self.until
    }

    /// Is all of the other one in it?
    pub fn covers(&self, other: &Self) -> bool {
        self.since <= other.since && other.until <= self.until
    }
}

/// A resource whose events are wanted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ResourceQuery {
    /// Where its events are logged; a global resource's region is [`crate::model::GLOBAL`].
    pub scope: Scope,
    /// Ids, names and ARNs under which events may name it, the most specific first.
    pub names: Vec<String>,
}

/// A session whose beginning is wanted: the call that issued its credentials.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SessionQuery {
    /// The account of the role, and the region where the session was used.
    pub scope: Scope,
    pub access_key: Option<String>,
    /// `AROA...:session`
    pub principal_id: String,
    /// When the session began: the issuing call completed in this second.
    pub created: Timestamp,
}

impl SessionQuery {
    /// The moment in which the call that began it completed. Identity Center and others take a second or two longer than
    /// the session says.
    pub fn beginning(&self) -> Window {
        Window {
            since: self.created.saturating_sub(BEFORE).unwrap_or(self.created),
            until: self.created.saturating_add(AFTER).unwrap_or(self.created),
        }
    }

    /// Is this the call that began it: did it hand out these credentials, or sign this user in?
    pub fn is_begun_by(&self, event: &Event) -> bool {
        let answered = |pointer: &str| event.response.pointer(pointer).and_then(serde_json::Value::as_str);
        let key = answered("/credentials/accessKeyId");
        if key.is_some() && key == self.access_key.as_deref() {
            return true;
        }
        if !self.beginning().contains(event.time) {
            return false;
        }
        let is_role = self.principal_id.contains(':');
        answered("/assumedRoleUser/assumedRoleId") == Some(&self.principal_id)
            // A sign-in of a role only follows the call that is sought.
            || !is_role
                && event.name == "ConsoleLogin"
                && event.identity.principal_id.as_deref() == Some(&self.principal_id)
    }
}

/// How far around a session's `created` the call that began it is looked for.
const BEFORE: SignedDuration = SignedDuration::from_secs(2);
const AFTER: SignedDuration = SignedDuration::from_secs(5);
