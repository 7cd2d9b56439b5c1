//! Everything that was written in a time, by whomever: what a report about one person is made of. Bodies are not kept, only
//! which objects they name.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::Value;

use super::channel::channel;
use super::person::person;
use super::source::Taker;
use super::{Event, Sessions, Settings, arn, noise, objects, table};
use crate::model::{Actor, Deed, EventRef};

/// Objects told of one call.
const OBJECTS: usize = 20;

/// All calls that changed something, and the sessions that made them.
#[derive(Default)]
pub struct Ledger {
    calls: BTreeMap<(Timestamp, String), (Event, Vec<String>)>,
    sessions: Sessions,
}

impl Ledger {
    /// What one principal did, in order. A principal is a person's name, a user, a role, a session, an ARN, an access key or
    /// a source address; whoever is in the chain of credentials counts.
    pub fn of(&self, principal: &str, settings: &Settings) -> Vec<Deed> {
        let mut deeds = Vec::new();
        for (event, objects) in self.calls.values() {
            let way = channel(event);
            let who = person(event, &self.sessions, settings, &way);
            let Some(actor) = who.actor else { continue };
            if !is(principal, event, &actor) {
                continue;
            }
            deeds.push(Deed {
                event: EventRef {
                    event_id: event.id.clone(),
                    event_name: event.recorded_name.clone(),
                    event_source: event.source.clone(),
                    time: event.time.to_string(),
                    account: event.account.clone(),
                    region: event.region.clone(),
                    paths: Vec::new(),
                },
                actor,
                channel: way.channel,
                source_ip: event.source_ip.clone(),
                tool: way.tool,
                mfa: who.mfa,
                cautions: who.cautions,
                objects: objects.clone(),
            });
        }
        deeds
    }
}

/// Is this event the principal's, by any of the names it goes by?
fn is(principal: &str, event: &Event, actor: &Actor) -> bool {
    let identity = &event.identity;
    let names =
        [Some(actor.name.as_str()), actor.arn.as_deref(), identity.arn.as_deref(), identity.user_name.as_deref()];
    let more =
        [identity.role_name(), identity.session_name(), identity.access_key.as_deref(), event.source_ip.as_deref()];
    let issuer = identity.issuer.as_ref().and_then(|issuer| issuer.arn.as_deref());
    let wanted = glob::Pattern::new(principal).ok();
    let fits = |name: &str| {
        name.eq_ignore_ascii_case(principal) || wanted.as_ref().is_some_and(|pattern| pattern.matches(name))
    };
    names.into_iter().chain(more).chain([issuer, identity.source_identity.as_deref()]).flatten().any(fits)
        || actor.chain.iter().any(|link| {
            let role = arn::role(link);
            let tails =
                [Some(link.as_str()), role.as_deref()].into_iter().flatten().filter_map(|arn| arn.rsplit('/').next());
            fits(link) || role.as_deref().is_some_and(fits) || tails.into_iter().any(fits)
        })
}

impl Taker for Ledger {
    fn take(&mut self, mut event: Event) {
        self.sessions.note(&event);
        if !noise::identifies(event.service(), &event.name) && event.error.is_none() {
            let objects = named(&event);
            (event.request, event.response, event.additional) = (Value::Null, Value::Null, Value::Null);
            self.calls.insert((event.time, event.id.clone()), (event, objects));
        }
    }

    fn malformed(&mut self) {}
}

/// What the event is about.
fn named(event: &Event) -> Vec<String> {
    let mut found = BTreeSet::new();
    for path in table::row(event).map(|row| row.ids.as_slice()).unwrap_or_default() {
        let (body, rest) = match path.split_once('.') {
            Some(("R", rest)) => (&event.request, rest),
            Some(("P", rest)) => (&event.response, rest),
            _ => continue,
        };
        if let Value::Object(members) = body {
            objects::values(members, rest, &mut found);
        }
    }
    if found.is_empty() {
        found.extend(event.resources.iter().cloned());
    }
    found.into_iter().take(OBJECTS).collect()
}
