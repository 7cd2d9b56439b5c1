//! The events that came in, as a source for who did it: at hand at once, with no call to AWS.

use std::collections::BTreeSet;

use async_trait::async_trait;
use jiff::SignedDuration;

use super::{events, evidence};
use crate::attribution::event::{EventSink, ResourceQuery, SessionQuery, Unread, Window};
use crate::attribution::source::EventSource;
use crate::model::{Gap, GapReason, GapScope, Scope};
use crate::store::{Store, StoreError, StoredEvent};

/// How far back it reads when nobody says so.
const REACH: SignedDuration = SignedDuration::from_hours(14 * 24);

/// What the store has of events.
pub(super) struct StoredEvents<'a> {
    store: &'a Store,
}

impl<'a> StoredEvents<'a> {
    pub(super) fn new(store: &'a Store) -> Self {
        Self { store }
    }

    fn gap(&self, error: &StoreError) -> Gap {
        let scope = GapScope { source: Some(self.name()), ..GapScope::default() };
        Gap { reason: GapReason::Unreadable, scope, detail: format!("events received: {error}") }
    }

    /// Gives the events that the store answered.
    fn give(
        &self,
        answer: Result<Vec<StoredEvent>, StoreError>,
        window: Window,
        sink: &mut dyn EventSink,
        gaps: &mut Vec<Gap>,
    ) {
        match answer {
            Err(error) => gaps.push(self.gap(&error)),
            Ok(found) => {
                for stored in found.iter().filter(|stored| window.contains(stored.time)) {
                    match evidence::event(&stored.record) {
                        Some(event) => sink.accept(event),
                        None => {
                            sink.malformed();
                            sink.unread(Unread::Anything(stored.time));
                        }
                    }
                }
            }
        }
    }

    /// Gives what the store answered of records that could not be read.
    fn give_unread(
        &self,
        answer: Result<Vec<StoredEvent>, StoreError>,
        window: Window,
        sink: &mut dyn EventSink,
        gaps: &mut Vec<Gap>,
    ) {
        match answer {
            Err(error) => gaps.push(self.gap(&error)),
            Ok(found) => {
                for stored in found.iter().filter(|stored| window.contains(stored.time)) {
                    sink.malformed();
                    sink.unread(events::unread_again(stored));
                }
            }
        }
    }
}

#[async_trait]
impl EventSource for StoredEvents<'_> {
    fn name(&self) -> String {
        "events received".to_owned()
    }

    fn default_reach(&self) -> Option<SignedDuration> {
        Some(REACH)
    }

    async fn about(&self, resources: &BTreeSet<ResourceQuery>, window: Window, sink: &mut dyn EventSink) -> Vec<Gap> {
        let names: BTreeSet<&String> = resources.iter().flat_map(|resource| &resource.names).collect();
        let mut gaps = Vec::new();
        for name in names {
            self.give(self.store.event_list(name, window.since).await, window, sink, &mut gaps);
        }
        // Records of no account may be of any.
        let accounts: BTreeSet<&str> =
            resources.iter().map(|resource| resource.scope.account.as_str()).chain([""]).collect();
        for account in accounts {
            let unnamed = self.store.event_list(&events::unnamed_in(account), window.since).await;
            self.give(unnamed, window, sink, &mut gaps);
            let unread = self.store.event_list(&events::unread_in(account), window.since).await;
            self.give_unread(unread, window, sink, &mut gaps);
        }
        gaps
    }

    /// Every write is kept under all names that it has for what it changes, or under its account: there is nothing more to give.
    async fn writes(&self, _scopes: &BTreeSet<Scope>, _window: Window, _sink: &mut dyn EventSink) -> Vec<Gap> {
        Vec::new()
    }

    async fn sessions(&self, sessions: &BTreeSet<SessionQuery>, sink: &mut dyn EventSink) -> Vec<Gap> {
        let mut gaps = Vec::new();
        for session in sessions {
            let window = session.beginning();
            for name in session.access_key.iter().chain([&session.principal_id]) {
                let found = self.store.event_list(&events::session_name(name), window.since).await;
                self.give(found, window, sink, &mut gaps);
            }
        }
        gaps
    }
}

#[cfg(test)]
mod tests;
