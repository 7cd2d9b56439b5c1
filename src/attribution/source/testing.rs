//! What tests of sources share: a sink that remembers, records, a runtime.

use std::future::Future;

use serde_json::{Value, json};

use crate::attribution::event::{Event, EventSink, Unread, Window};

/// Remembers what it accepts.
#[derive(Default)]
pub(super) struct RecordingSink {
    pub(super) events: Vec<Event>,
    pub(super) malformed: usize,
    pub(super) unread: Vec<Unread>,
}

impl RecordingSink {
    /// Ids of the events, sorted.
    pub(super) fn ids(&self) -> String {
        let mut ids: Vec<&str> = self.events.iter().map(|event| event.id.as_str()).collect();
        ids.sort_unstable();
        ids.join(" ")
    }
}

impl EventSink for RecordingSink {
    fn accept(&mut self, event: Event) {
        self.events.push(event);
    }

    fn malformed(&mut self) {
        self.malformed += 1;
    }

    fn unread(&mut self, unread: Unread) {
        self.unread.push(unread);
    }
}

/// A write.
pub(super) fn a_record(id: &str, time: &str) -> Value {
    json!({"eventVersion": "1.11", "eventID": id, "eventTime": time, "eventSource": "ec2.amazonaws.com",
        "eventName": "ModifyVolume", "awsRegion": "eu-west-1", "recipientAccountId": "123456789012", "readOnly": false,
        "userIdentity": {"type": "IAMUser", "userName": "bob"}})
}

pub(super) fn window(since: &str, until: &str) -> Window {
    Window { since: since.parse().unwrap(), until: until.parse().unwrap() }
}

pub(super) fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}
