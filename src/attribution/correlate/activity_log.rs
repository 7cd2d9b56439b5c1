//! Everything that was written in a time, by whomever: what a report about one person is made of. Of each call only that is
//! kept which shows who made it, how, and which objects it names; of too many calls the youngest.

use std::collections::hash_map::RandomState;
use std::collections::{BTreeMap, HashSet};
use std::hash::BuildHasher;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;

use super::Collector;
use crate::attribution::event::{Event, Identity, SessionQuery, event_class, event_table, objects};
use crate::attribution::principal::{AccessPath, Person, Settings, channel, pack, person, role, unpack};
use crate::model::{ActivityRecord, Actor, ActorType, Caution, EventRef};

/// Objects that are listed of one call.
const OBJECTS: usize = 20;
/// Characters of an object's name.
const LONGEST: usize = 700;
/// The principal that everybody is, and nobody too.
const EVERYBODY: &str = "*";
/// Calls that are kept.
const MOST: usize = 500_000;

/// All calls that changed something. Who began their sessions is the collector's to know.
pub struct ActivityLog {
    calls: BTreeMap<(Timestamp, Box<str>), Call>,
    /// Names, addresses and programs are few: each text is kept once.
    texts: HashSet<Arc<str>>,
    /// Marks of sessions that services began for themselves: nobody is behind them.
    of_services: HashSet<u64>,
    marks: RandomState,
    most: usize,
    /// The youngest call that had to make room.
    dropped: Option<Timestamp>,
    /// Ids of events that AWS has corrected by another one.
    void: HashSet<Box<str>>,
}

/// A session whose beginning would show who is behind calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnresolvedSession {
    pub session: SessionQuery,
    /// What was done in it is known to be the principal's, an automation's or a pipeline's all the same.
    pub named: bool,
}

/// What is kept of an event.
struct Call {
    /// [`pack`] of the identity, and what that leaves out.
    identity: Arc<str>,
    key: Option<Box<str>>,
    created: Option<Timestamp>,
    mfa: Option<bool>,
    recorded_name: Arc<str>,
    source: Arc<str>,
    account: Arc<str>,
    region: Arc<str>,
    kind: Arc<str>,
    user_agent: Option<Arc<str>>,
    source_ip: Option<Arc<str>>,
    shared_id: Option<Box<str>>,
    from_console: bool,
    tls: bool,
    objects: Box<[Box<str>]>,
}

impl Default for ActivityLog {
    fn default() -> Self {
        Self {
            calls: BTreeMap::new(),
            texts: HashSet::new(),
            of_services: HashSet::new(),
            marks: RandomState::new(),
            most: MOST,
            dropped: None,
            void: HashSet::new(),
        }
    }
}

impl ActivityLog {
    /// Keeps a call that changed something. The same call twice is once; a correction replaces what it corrects.
    pub fn note(&mut self, event: &Event) {
        if event.late {
            self.void.extend(event.corrects.as_deref().map(Into::into));
        }
        if event.error.is_some() {
            // A copy that says that the call failed replaces one that does not.
            self.void.extend(event.late.then(|| event.id.as_str().into()));
            return;
        }
        if event_class::identifies(event.service(), &event.name) {
            self.note_service(event);
            return;
        }
        let key = (event.time, event.id.as_str().into());
        if self.calls.contains_key(&key) && !event.late {
            return;
        }
        let call = self.call(event);
        self.calls.insert(key, call);
        if self.calls.len() > self.most
            && let Some(((time, _), call)) = self.calls.pop_first()
        {
            self.dropped = self.dropped.max(Some(time));
            self.release(call);
        }
    }

    /// What one principal did, in order. A principal is a person's name, a user, a role, a session, an ARN, an access key or
    /// a source address; whoever is in the chain of credentials counts.
    pub fn of(&self, principal: &str, collector: &Collector<'_>, settings: &Settings) -> Vec<ActivityRecord> {
        let mut activity = Vec::new();
        for (event, call) in self.events() {
            let (access, who) = resolve_actor(&event, collector, settings);
            let actor = who.actor.or_else(|| (principal == EVERYBODY).then(nobody));
            let Some(actor) = actor.filter(|actor| is(principal, &event, actor)) else { continue };
            activity.push(ActivityRecord {
                event: EventRef {
                    time: event.time.to_string(),
                    event_id: event.id,
                    event_name: event.recorded_name,
                    event_source: event.source,
                    account: event.account,
                    region: event.region,
                    paths: Vec::new(),
                },
                actor,
                channel: access.channel,
                source_ip: event.source_ip,
                tool: access.tool,
                mfa: who.mfa,
                cautions: who.cautions,
                objects: call.objects.iter().map(|object| object.to_string()).collect(),
            });
        }
        activity
    }

    /// The sessions whose beginning would show more, the youngest first, each once.
    pub fn unresolved_sessions(
        &self,
        principal: &str,
        collector: &Collector<'_>,
        settings: &Settings,
    ) -> Vec<UnresolvedSession> {
        let mut all: BTreeMap<(Timestamp, String), UnresolvedSession> = BTreeMap::new();
        for (event, _) in self.events() {
            let (_, who) = resolve_actor(&event, collector, settings);
            let Some(session) = who.unresolved.filter(|session| !self.is_of_service(session)) else { continue };
            let machine = who.cautions.contains(&Caution::Automation);
            let named = who
                .actor
                .is_some_and(|actor| machine || actor.kind == ActorType::Pipeline || is(principal, &event, &actor));
            let key = (session.created, session.principal_id.clone());
            all.entry(key).and_modify(|known| known.named &= named).or_insert(UnresolvedSession { session, named });
        }
        all.into_values().rev().collect()
    }

    /// What a list of activity lacks because there were too many calls.
    pub fn omitted_calls(&self) -> Option<String> {
        let dropped = self.dropped?;
        Some(format!(
            "only the youngest {} calls are listed: those up to {dropped} are not; ask for less time",
            self.most
        ))
    }

    /// What the list of a principal's activity lacks because records name nobody; everybody's lacks nothing.
    pub fn nobodys_calls(&self, principal: &str, collector: &Collector<'_>, settings: &Settings) -> Option<String> {
        if principal == EVERYBODY {
            return None;
        }
        let count =
            self.events().filter(|(event, _)| resolve_actor(event, collector, settings).1.actor.is_none()).count();
        (count > 0).then(|| {
            format!("{count} calls are nobody's: their records have no identity; `--principal '*'` lists them")
        })
    }

    fn events(&self) -> impl Iterator<Item = (Event, &Call)> {
        self.calls
            .iter()
            .filter(|((_, id), _)| !self.void.contains(id))
            .map(|((time, id), call)| (call.event(*time, id), call))
    }

    fn call(&mut self, event: &Event) -> Call {
        let identity = &event.identity;
        Call {
            identity: self.text(&pack(identity)),
            key: identity.access_key.as_deref().map(Into::into),
            created: identity.created,
            mfa: identity.mfa,
            recorded_name: self.text(&event.recorded_name),
            source: self.text(&event.source),
            account: self.text(&event.account),
            region: self.text(&event.region),
            kind: self.text(&event.kind),
            user_agent: event.user_agent.as_deref().map(|text| self.text(text)),
            source_ip: event.source_ip.as_deref().map(|text| self.text(text)),
            shared_id: event.shared_id.as_deref().map(Into::into),
            from_console: event.from_console,
            tls: event.tls,
            objects: named(event),
        }
    }

    fn text(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.texts.get(text) {
            return Arc::clone(known);
        }
        let text: Arc<str> = text.into();
        self.texts.insert(Arc::clone(&text));
        text
    }

    /// Lets go of the texts that no other call has.
    fn release(&mut self, call: Call) {
        let Call { identity, recorded_name, source, account, region, kind, user_agent, source_ip, .. } = call;
        let texts = [identity, recorded_name, source, account, region, kind];
        for text in texts.into_iter().chain(user_agent).chain(source_ip) {
            // The one of the set, and this one.
            if Arc::strong_count(&text) == 2 {
                self.texts.remove(&text);
            }
        }
    }

    /// A service assumed a role for itself: an instance, a function.
    fn note_service(&mut self, event: &Event) {
        if event.identity.kind != "AWSService" || self.of_services.len() >= 2 * self.most {
            return;
        }
        let answered = |pointer: &str| event.response.pointer(pointer).and_then(Value::as_str);
        if let Some(key) = answered("/credentials/accessKeyId") {
            self.of_services.insert(self.marks.hash_one(key));
        }
        if let Some(principal) = answered("/assumedRoleUser/assumedRoleId") {
            self.of_services.insert(self.marks.hash_one((principal, event.time.as_second())));
        }
    }

    fn is_of_service(&self, session: &SessionQuery) -> bool {
        let has = |mark: u64| self.of_services.contains(&mark);
        let moment = session.beginning();
        session.access_key.as_deref().is_some_and(|key| has(self.marks.hash_one(key)))
            || (moment.since.as_second()..=moment.until.as_second())
                .any(|second| has(self.marks.hash_one((session.principal_id.as_str(), second))))
    }
}

impl Call {
    /// The event again, without its bodies.
    fn event(&self, time: Timestamp, id: &str) -> Event {
        let text = |text: &Option<Arc<str>>| text.as_deref().map(str::to_owned);
        let mut identity: Identity = unpack(&self.identity);
        identity.access_key = self.key.as_deref().map(str::to_owned);
        identity.created = self.created;
        identity.mfa = self.mfa;
        Event {
            id: id.to_owned(),
            shared_id: self.shared_id.as_deref().map(str::to_owned),
            time,
            source: self.source.to_string(),
            name: self.recorded_name.to_string(),
            recorded_name: self.recorded_name.to_string(),
            account: self.account.to_string(),
            region: self.region.to_string(),
            identity,
            user_agent: text(&self.user_agent),
            source_ip: text(&self.source_ip),
            from_console: self.from_console,
            tls: self.tls,
            kind: self.kind.to_string(),
            error: None,
            read_only: None,
            request: Value::Null,
            response: Value::Null,
            additional: Value::Null,
            resources: Vec::new(),
            late: false,
            corrects: None,
            omitted: false,
            vpc_endpoint: None,
        }
    }
}

fn resolve_actor(event: &Event, collector: &Collector<'_>, settings: &Settings) -> (AccessPath, Person) {
    let access = channel(event);
    let who = person(event, &collector.sessions, settings, &access);
    (access, who)
}

/// For a record that has no identity.
fn nobody() -> Actor {
    Actor { kind: ActorType::Unknown, name: "nobody (no identity)".to_owned(), arn: None, chain: Vec::new() }
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
    // Of root there is one in each account: it goes by that word, and by the account's id.
    if identity.kind == "Root" && (fits("root") || identity.account.as_deref().is_some_and(&fits)) {
        return true;
    }
    names.into_iter().chain(more).chain([issuer, identity.source_identity.as_deref()]).flatten().any(fits)
        || actor.chain.iter().any(|link| {
            let role = role(link);
            let tails =
                [Some(link.as_str()), role.as_deref()].into_iter().flatten().filter_map(|arn| arn.rsplit('/').next());
            fits(link) || role.as_deref().is_some_and(fits) || tails.into_iter().any(fits)
        })
}

/// What the event is about.
fn named(event: &Event) -> Box<[Box<str>]> {
    let paths = event_table::row(event).map(|row| row.ids.as_slice()).unwrap_or_default();
    let mut found = objects::at(event, paths);
    if found.is_empty() {
        found.extend(event.resources.iter().cloned());
    }
    found.into_iter().take(OBJECTS).map(|name| name.chars().take(LONGEST).collect::<String>().into()).collect()
}

#[cfg(test)]
mod tests;
