//! Who is blamed for one change, and the attributions that the report makes of all of them. Knows nothing of how blame is found.

use std::collections::{BTreeMap, BTreeSet};

use super::collector::Collector;
use super::drift_case::Link;
use super::payload_values::Payloads;
use crate::attribution::event::Event;
use crate::attribution::principal::{AccessPath, Person, Settings, channel, person};
use crate::model::{ActorType, Attribution, Caution, Confidence, EventRef, OtherEvent, arn};

/// An event that belongs to the drift, with who made it and how.
pub(super) struct RelatedEvent<'a> {
    pub event: &'a Event,
    pub link: Link,
    pub payloads: Payloads,
    access: AccessPath,
    pub person: Person,
}

impl<'a> RelatedEvent<'a> {
    pub(super) fn new(event: &'a Event, link: Link, collector: &Collector<'_>, settings: &Settings) -> Self {
        let access = channel(event);
        let person = person(event, &collector.sessions, settings, &access);
        Self { event, link, payloads: Payloads::of(event), access, person }
    }

    pub(super) fn actor(&self) -> &str {
        self.person.actor.as_ref().map_or("", |actor| &actor.name)
    }

    /// Is it the same actor? A user and a role may share a name, as may those of two accounts.
    pub(super) fn is_of_same_actor(&self, other: &Self) -> bool {
        let of = |related: &Self| {
            let actor = related.person.actor.as_ref()?;
            let is_of_account = matches!(actor.kind, ActorType::IamUser | ActorType::Role);
            let origin = actor.chain.first().or(actor.arn.as_ref()).filter(|_| is_of_account);
            let account = origin.and_then(|origin| arn::account(origin)).map(str::to_owned);
            Some((actor.kind, actor.name.clone(), account))
        };
        of(self) == of(other)
    }
}

/// One item with the event that is blamed for it.
pub(super) struct Blame<'a, 'b> {
    pub related: &'b RelatedEvent<'a>,
    path: Option<String>,
    pub confidence: Confidence,
    reason: String,
    cautions: Vec<Caution>,
    pub others: Vec<OtherEvent>,
    /// What is live is what the event set, and nothing that is known came after it: no older answer of AWS would look like that.
    pub is_proof: bool,
    /// A call of the same second says the opposite: it explains the change only if nobody came later.
    pub is_contradicted: bool,
}

/// Others than the blamed one who did the same in the same second: it is not known who was last.
pub(super) fn same_second<'a, 'b>(
    related: &RelatedEvent<'_>,
    all_related: &'b [RelatedEvent<'a>],
    same: impl Fn(&'b RelatedEvent<'a>) -> bool,
) -> Vec<&'b RelatedEvent<'a>> {
    all_related
        .iter()
        .filter(|other| other.event.time == related.event.time && !other.is_of_same_actor(related))
        .filter(|other| same(other))
        .collect()
}

pub(super) fn with_rivals<'a, 'b>(mut blame: Blame<'a, 'b>, rivals: Vec<&RelatedEvent<'_>>) -> Blame<'a, 'b> {
    if !rivals.is_empty() {
        blame.confidence = Confidence::Possible;
        blame.is_of_one_second();
        let path = blame.path.clone().unwrap_or_default();
        blame.others.extend(rivals.iter().map(|rival| other(rival, &path, "did the same in the same second")));
    }
    blame
}

pub(super) fn other(related: &RelatedEvent<'_>, path: &str, why: &str) -> OtherEvent {
    let paths = if path.is_empty() { Vec::new() } else { vec![path.to_owned()] };
    OtherEvent { event: event_ref(related.event, paths), actor: related.actor().to_owned(), why: why.to_owned() }
}

fn event_ref(event: &Event, paths: Vec<String>) -> EventRef {
    EventRef {
        event_id: event.id.clone(),
        event_name: event.recorded_name.clone(),
        event_source: event.source.clone(),
        time: event.time.to_string(),
        account: event.account.clone(),
        region: event.region.clone(),
        paths,
    }
}

impl<'a, 'b> Blame<'a, 'b> {
    pub(super) fn new(
        related: &'b RelatedEvent<'a>,
        path: Option<String>,
        confidence: Confidence,
        reason: String,
    ) -> Self {
        let (cautions, others) = (Vec::new(), Vec::new());
        Self { related, path, confidence, reason, cautions, others, is_proof: false, is_contradicted: false }
    }

    /// Others acted in the same second: the order is not known.
    pub(super) fn is_of_one_second(&mut self) {
        self.cautions.push(Caution::SameSecond);
    }
}

/// One attribution for each actor and channel, the last one to act first.
pub(super) fn grouped(blames: Vec<Blame<'_, '_>>) -> Vec<Attribution> {
    let mut groups: BTreeMap<(String, Option<String>, crate::model::Channel), Vec<Blame<'_, '_>>> = BTreeMap::new();
    for blame in blames {
        let arn = blame.related.person.actor.as_ref().and_then(|actor| actor.arn.clone());
        groups.entry((blame.related.actor().to_owned(), arn, blame.related.access.channel)).or_default().push(blame);
    }
    let mut all: Vec<(jiff::Timestamp, Attribution)> = groups.into_values().filter_map(attribution).collect();
    all.sort_by(|(a_time, a), (b_time, b)| b_time.cmp(a_time).then_with(|| a.actor.cmp(&b.actor)));
    all.into_iter().map(|(_, attribution)| attribution).collect()
}

fn attribution(mut blames: Vec<Blame<'_, '_>>) -> Option<(jiff::Timestamp, Attribution)> {
    blames
        .sort_by(|a, b| (a.related.event.time, &a.related.event.id).cmp(&(b.related.event.time, &b.related.event.id)));
    let last = blames.last()?.related;
    let mut paths: BTreeMap<(jiff::Timestamp, &str), (&Event, BTreeSet<String>)> = BTreeMap::new();
    let (mut reasons, mut cautions, mut others) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for blame in &blames {
        let event = blame.related.event;
        let entry = paths.entry((event.time, &event.id)).or_insert_with(|| (event, BTreeSet::new()));
        entry.1.extend(blame.path.clone());
        reasons.insert(blame.reason.clone());
        reasons.extend(blame.related.person.reasons.iter().cloned());
        cautions.extend(blame.cautions.iter().copied());
        cautions.extend(blame.related.person.cautions.iter().copied());
        others.extend(blame.others.iter().cloned());
    }
    let mut confidence = blames.iter().map(|blame| blame.confidence).min()?;
    // What the caller says of itself is no proof of who it is.
    if cautions.contains(&Caution::NameIsForgeable) {
        confidence = confidence.min(Confidence::Likely);
    }
    let person = &last.person;
    let attribution = Attribution {
        confidence: if person.actor.is_some() { confidence } else { Confidence::Unknown },
        actor: person.actor.clone(),
        channel: last.access.channel,
        time: Some(last.event.time.to_string()),
        source_ip: last.event.source_ip.clone(),
        user_agent: last.event.user_agent.clone(),
        mfa: person.mfa,
        events: paths.into_values().map(|(event, paths)| event_ref(event, paths.into_iter().collect())).collect(),
        tool: last.access.tool.clone(),
        reasons: reasons.into_iter().collect(),
        cautions: cautions.into_iter().collect(),
        other_events: others.into_iter().collect(),
    };
    Some((last.event.time, attribution))
}
