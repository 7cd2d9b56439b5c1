//! An event that came in -> what is kept of it, and what it marks. Pure.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::evidence;
use crate::attribution::event::{Event, touched};
use crate::cycle::Mark;
use crate::store::{NewMark, StoredEvent};

/// In the list of resources of an event: the session that it began.
const SESSION: &str = "session:";

/// What is kept of an event: writes that may change what is watched, and calls that begin sessions, by which people are found.
/// Everything else is `None`.
pub(super) fn stored(event: &Event) -> Option<StoredEvent> {
    let touched = touched(event);
    let sessions = sessions_of(event);
    if touched.is_empty() && sessions.is_empty() {
        return None;
    }
    let names = touched.into_iter().flat_map(|one| one.names).chain(event.resources.iter().cloned());
    let resources: BTreeSet<String> = names.chain(sessions).collect();
    let identity = &event.identity;
    let actor = identity.arn.as_ref().or(identity.user_name.as_ref()).or(identity.invoked_by.as_ref());
    Some(StoredEvent {
        id: event.id.clone(),
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
