//! An event that came in -> what is kept of it, and what it marks. Pure.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::evidence;
use crate::attribution::event::{Event, Unread, names_nothing, touched};
use crate::cycle::Mark;
use crate::store::{NewMark, StoredEvent};

/// In the list of resources of an event: the session that it began.
const SESSION: &str = "session:";
/// The same, of a call that does not say what it is about: the account where that may lie.
const UNNAMED: &str = "unnamed:";
/// The same, of a record that could not be read.
const UNREAD: &str = "unread:";
/// In place of an account that is not known.
const ANY_ACCOUNT: &str = "*";

/// After the id of a record that came late, or corrects another one.
const ADDENDUM: &str = ":addendum";

/// What was received has happened before, by AWS's clock: that may be ahead of this machine's.
const AHEAD: SignedDuration = SignedDuration::from_hours(24);

/// What is kept of an event: writes that may change what is watched, also those that do not say what they are about,
/// corrections that say that a call failed, and calls that begin sessions, by which people are found.
/// Everything else is `None`.
pub(super) fn stored(event: &Event) -> Option<StoredEvent> {
    let touched = match takes_back(event) {
        true => touched(&Event { error: None, ..event.clone() }),
        false => touched(event),
    };
    let sessions = sessions_of(event);
    if touched.is_empty() && sessions.is_empty() {
        return None;
    }
    let names = touched.into_iter().flat_map(|one| one.names).chain(event.resources.iter().cloned());
    let unnamed = names_nothing(event).then(|| unnamed_in(&event.account));
    let resources: BTreeSet<String> = names.chain(sessions).chain(unnamed).collect();
    let identity = &event.identity;
    let actor = identity.arn.as_ref().or(identity.user_name.as_ref()).or(identity.invoked_by.as_ref());
    Some(StoredEvent {
        // A correction may have the id of what it corrects, and both are kept: whoever reads them knows which counts.
        id: if event.late { format!("{}{ADDENDUM}", event.id) } else { event.id.clone() },
        time: event.time,
        name: event.name.clone(),
        source: event.source.clone(),
        account: event.account.clone(),
        region: event.region.clone(),
        actor: actor.unwrap_or(&identity.kind).clone(),
        resources: resources.into_iter().collect(),
        error_code: event.error.clone(),
        record: evidence::of(event),
    })
}

/// Does it say that the call failed that an earlier record of it has?
fn takes_back(event: &Event) -> bool {
    event.late && event.error.is_some()
}

/// What is kept of a record that could not be read, when it was received: so no name is `certain` of what it may have been about. `None`:
/// it was about nothing that may be watched.
pub(super) fn unread(unread: Unread, received_at: Timestamp) -> Option<StoredEvent> {
    match unread {
        Unread::Nothing => None,
        Unread::Call(call) if !changes_something(&call) => None,
        Unread::Call(call) => {
            let made_until = made_until(received_at);
            let made_until = call.time.min(made_until);
            let mut stored = stored(&Event { time: made_until, ..*call })?;
            stored.time = received_at;
            stored.resources = vec![unread_in(&stored.account)];
            // One with an id that was received again is known already.
            stored.id = match stored.id.as_str() {
                "" => format!("{UNREAD}{received_at}:{}", hex::encode(Sha256::digest(stored.record.to_string()))),
                id => format!("{UNREAD}{id}"),
            };
            Some(stored)
        }
        Unread::Anything(_) => Some(StoredEvent {
            id: format!("{UNREAD}{received_at}"),
            time: received_at,
            name: String::new(),
            source: String::new(),
            account: String::new(),
            region: String::new(),
            actor: String::new(),
            resources: vec![unread_in("")],
            error_code: None,
            record: Value::Null,
        }),
    }
}

/// What such a record may have been about.
pub(super) fn unread_again(stored: &StoredEvent) -> Unread {
    match evidence::event(&stored.record) {
        Some(call) => Unread::Call(Box::new(call)),
        None => Unread::Anything(made_until(stored.time)),
    }
}

fn made_until(received_at: Timestamp) -> Timestamp {
    received_at.saturating_add(AHEAD).unwrap_or(Timestamp::MAX)
}

/// The name under which calls of this account are asked for that do not say what they are about.
pub(super) fn unnamed_in(account: &str) -> String {
    format!("{UNNAMED}{}", account_or_any(account))
}

/// The name under which records of this account are asked for that could not be read.
pub(super) fn unread_in(account: &str) -> String {
    format!("{UNREAD}{}", account_or_any(account))
}

fn account_or_any(account: &str) -> &str {
    if account.is_empty() { ANY_ACCOUNT } else { account }
}

/// Does it change what may be watched?
pub(super) fn changes_something(event: &Event) -> bool {
    !touched(event).is_empty()
}

/// The names under which a session that this call began is asked for.
fn sessions_of(event: &Event) -> Vec<String> {
    let answered = |pointer: &str| event.response.pointer(pointer).and_then(serde_json::Value::as_str);
    let by_service = event.identity.kind == "AWSService";
    let begun = match event.name.as_str() {
        "AssumeRole"
        | "AssumeRoleWithSAML"
        | "AssumeRoleWithWebIdentity"
        | "AssumeRoot"
        | "GetFederationToken"
        | "GetSessionToken"
            if event.error.is_none() && !by_service =>
        {
            vec![
                answered("/assumedRoleUser/assumedRoleId").map(str::to_owned),
                answered("/credentials/accessKeyId").map(str::to_owned),
            ]
        }
        "ConsoleLogin" | "Federate" | "GetRoleCredentials" => vec![event.identity.principal_id.clone()],
        _ => Vec::new(),
    };
    begun.into_iter().flatten().map(|name| session_name(&name)).collect()
}

/// The name of a session, by its principal or its access key.
pub(super) fn session_name(of: &str) -> String {
    format!("{SESSION}{of}")
}

/// What an event marks, to be read at `not_before`.
pub(super) fn marks(event: &Event, touched: BTreeSet<Mark>, not_before: impl Fn(&str) -> Timestamp) -> Vec<NewMark> {
    let mark = |mark: Mark| {
        let (scope, kind, id, address) = match mark {
            Mark::Resource(key) => (key.scope, key.kind, Some(key.id), key.address),
            Mark::Kind(scope, kind) => (scope, kind, None, None),
        };
        let mut new = NewMark {
            scope,
            kind,
            id,
            address,
            not_before: event.time,
            event_time: event.time,
            event_id: Some(event.id.clone()),
        };
        new.not_before = not_before(&new.key());
        new
    };
    touched.into_iter().map(mark).collect()
}
