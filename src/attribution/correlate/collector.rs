//! Keeps what matters of a stream of events: those that belong to a drift, and those that identify whoever is behind a session. The
//! rest is dropped at once, so that a day of a big organisation fits.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use jiff::Timestamp;
use serde_json::Value;

use super::bearing::{self, Bearing};
use super::drift_case::{DriftCase, Link};
use super::payload_values::Payloads;
use crate::attribution::event::{Event, EventSink, ResourceQuery, Unread, event_class, event_table};
use crate::attribution::principal::Sessions;
use crate::model::{Drift, DriftStatus, arn};

/// Events kept of one drift, of those that bear on it; those that are about what drifted win, and of them the newest, and it is
/// told. More would be a setting that a machine writes every minute.
const MOST_OF_ONE: usize = 2_000;

/// How a call belongs to a case.
#[derive(Debug, Clone, Copy)]
struct Kept {
    link: Link,
    bearing: Bearing,
}

/// All that is known: events of drifts, and sessions.
pub struct Collector<'a> {
    pub(super) cases: Vec<Option<DriftCase<'a>>>,
    /// Name -> cases.
    by_name: HashMap<String, Vec<usize>>,
    singletons: Vec<usize>,
    pub(super) sessions: Sessions,
    /// Event id -> the event, and of how many cases it is.
    kept: BTreeMap<String, (Event, usize)>,
    /// Of each case: its events, oldest first, and how they belong to it.
    links: Vec<BTreeMap<(Timestamp, String), Kept>>,
    /// Of each case: the youngest event that had to make room.
    dropped: Vec<Option<Timestamp>>,
    /// Of each case: when the youngest record may have been that says too little, and may have been about it.
    doubted: Vec<Option<Timestamp>>,
    /// Ids of events that AWS has corrected: the call failed.
    void: HashSet<String>,
}

impl<'a> Collector<'a> {
    /// For these drifts; those that are `unknown` are not attributed.
    pub fn new(drifts: &'a [Drift]) -> Self {
        let of = |drift: &'a Drift| (drift.status != DriftStatus::Unknown).then(|| DriftCase::new(drift));
        let cases: Vec<_> = drifts.iter().map(of).collect();
        let mut by_name: HashMap<String, Vec<usize>> = HashMap::new();
        let mut singletons = Vec::new();
        for (index, case) in cases.iter().enumerate() {
            let Some(case) = case else { continue };
            if case.is_singleton() {
                singletons.push(index);
            }
            for name in case.names().flat_map(with_tail) {
                by_name.entry(name.to_owned()).or_default().push(index);
            }
        }
        let links = vec![BTreeMap::new(); cases.len()];
        let sessions = Sessions::default();
        let (dropped, doubted) = (vec![None; cases.len()], vec![None; cases.len()]);
        Self {
            cases,
            by_name,
            singletons,
            sessions,
            kept: BTreeMap::new(),
            links,
            dropped,
            doubted,
            void: HashSet::new(),
        }
    }

    /// What sources are asked about these drifts.
    pub fn resource_queries(&self) -> BTreeSet<ResourceQuery> {
        self.cases.iter().flatten().map(DriftCase::resource_query).collect()
    }

    /// Of which drifts there were too many events: their index, and what was left out.
    pub fn omitted_events(&self) -> impl Iterator<Item = (usize, String)> {
        let of = |(index, dropped): (usize, &Option<Timestamp>)| {
            let dropped = (*dropped)?;
            let detail = format!("more than {MOST_OF_ONE} calls bear on it: those up to {dropped} were left out");
            Some((index, detail))
        };
        self.dropped.iter().enumerate().filter_map(of)
    }

    /// When the youngest record may have been that may have been about this case, and that nobody can tell.
    pub(super) fn doubted_until(&self, case: usize) -> Option<Timestamp> {
        self.doubted.get(case).copied().flatten()
    }

    fn doubt(&mut self, time: Timestamp, is_meant: impl Fn(usize, &DriftCase<'a>) -> bool) {
        for (index, (case, doubted)) in self.cases.iter().zip(&mut self.doubted).enumerate() {
            if case.as_ref().is_some_and(|case| is_meant(index, case)) {
                *doubted = (*doubted).max(Some(time));
            }
        }
    }

    fn belongs_to(&self, event: &Event) -> Vec<(usize, Kept)> {
        let mut near: Vec<usize> = Vec::new();
        for payload in [&event.request, &event.response] {
            self.find(payload, &mut near);
        }
        for arn in &event.resources {
            with_tail(arn).for_each(|name| near.extend(self.by_name.get(name).into_iter().flatten()));
        }
        if event_table::row(event).is_some_and(event_table::Row::is_singleton) {
            near.extend(&self.singletons);
        }
        if near.is_empty() {
            return Vec::new();
        }
        near.sort_unstable();
        near.dedup();
        let payloads = Payloads::of(event);
        let link = |index: usize| {
            let case = self.cases.get(index)?.as_ref()?;
            let link = case.link(event, &payloads)?;
            let bearing = bearing::bearing(case, event, &payloads, link)?;
            Some((index, Kept { link, bearing }))
        };
        near.into_iter().filter_map(link).collect()
    }

    fn find(&self, value: &Value, near: &mut Vec<usize>) {
        match value {
            Value::String(text) => {
                with_tail(text).for_each(|name| near.extend(self.by_name.get(name).into_iter().flatten()))
            }
            Value::Number(number) => near.extend(self.by_name.get(&number.to_string()).into_iter().flatten()),
            Value::Array(items) => items.iter().for_each(|item| self.find(item, near)),
            Value::Object(members) => members.values().for_each(|member| self.find(member, near)),
            Value::Null | Value::Bool(_) => {}
        }
    }

    fn keep(&mut self, event: Event, links: Vec<(usize, Kept)>) {
        let (id, time, uses) = (event.id.clone(), event.time, links.len());
        self.kept.insert(id.clone(), (event, uses));
        for (index, link) in links {
            let Some(list) = self.links.get_mut(index) else { continue };
            list.insert((time, id.clone()), link);
            if list.len() > MOST_OF_ONE {
                // Calls that only can have to do with it make room for those that are about it.
                let far = list.iter().find(|(_, kept)| kept.bearing == Bearing::Far);
                let Some((key, _)) = far.or(list.first_key_value()) else { continue };
                let key = key.clone();
                list.remove(&key);
                if let Some(dropped) = self.dropped.get_mut(index) {
                    *dropped = (*dropped).max(Some(key.0));
                }
                self.release(&key.1);
            }
        }
    }

    /// Drops an event that a later copy corrects.
    fn drop_event(&mut self, id: &str) {
        if let Some((event, _)) = self.kept.remove(id) {
            let key = (event.time, event.id);
            self.links.iter_mut().for_each(|list| {
                list.remove(&key);
            });
        }
    }

    /// A correction that says that the call failed takes back what was recorded of it, whichever comes first.
    fn void_corrected(&mut self, event: &Event) {
        if !event.late {
            return;
        }
        for id in event.corrects.iter().chain([&event.id]) {
            self.drop_event(id);
            self.void.insert(id.clone());
        }
    }

    /// One case less has use for this event.
    fn release(&mut self, id: &str) {
        if let Some((_, uses)) = self.kept.get_mut(id) {
            *uses = uses.saturating_sub(1);
            if *uses == 0 {
                self.kept.remove(id);
            }
        }
    }

    /// The events of a case, oldest first.
    pub(super) fn events_of(&self, case: usize) -> impl Iterator<Item = (&Event, Link)> {
        let links = self.links.get(case).into_iter().flatten();
        links.filter_map(|((_, id), kept)| Some((&self.kept.get(id)?.0, kept.link)))
    }
}

impl EventSink for Collector<'_> {
    fn accept(&mut self, event: Event) {
        // Any event may be the half of a call that another account's trail has without a name.
        self.sessions.note(&event);
        if event_class::identifies(event.service(), &event.name) {
            return;
        }
        if let Some((known, _)) = self.kept.get(&event.id) {
            // Of two copies the corrected one counts, whichever comes first.
            if !event.late || known.late {
                return;
            }
            self.drop_event(&event.id.clone());
        }
        if event.error.is_some() {
            self.void_corrected(&event);
            return;
        }
        if !event.late && self.void.contains(&event.id) {
            return;
        }
        let links = self.belongs_to(&event);
        if !links.is_empty() {
            self.keep(event, links);
        } else if event_table::names_nothing(&event) {
            self.doubt(event.time, |_, case| case.may_be_meant(&event));
        }
    }

    /// Counted by whoever reads.
    fn malformed(&mut self) {}

    fn unread(&mut self, unread: Unread) {
        match unread {
            Unread::Nothing => {}
            Unread::Anything(until) => self.doubt(until, |_, _| true),
            Unread::Call(event) if event.error.is_some() => {}
            Unread::Call(event) if event_table::names_nothing(&event) => {
                self.doubt(event.time, |_, case| case.may_be_meant(&event));
            }
            Unread::Call(event) => {
                let linked: Vec<usize> = self.belongs_to(&event).into_iter().map(|(index, _)| index).collect();
                self.doubt(event.time, |index, _| linked.contains(&index));
            }
        }
    }
}

/// A text, and the name at the end of it if it is an ARN.
fn with_tail(text: &str) -> impl Iterator<Item = &str> {
    [Some(text), arn::name(text)].into_iter().flatten().filter(|name| !name.is_empty())
}
