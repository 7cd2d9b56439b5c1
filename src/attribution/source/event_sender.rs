//! From many readers to one sink: records are read in several places at a time, and accepted one by one. The channel
//! between them is short, so that a slow sink slows the readers instead of filling the memory.

use std::collections::BTreeSet;
use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::mpsc::{Receiver, Sender, channel};

use super::log;
use crate::attribution::event::{Event, EventSink, SessionQuery, Skipped, Unread, Window};
use crate::model::Gap;

/// Events that may wait for the sink.
const WAITING: usize = 256;

/// What a reader gives.
enum Delivery {
    Event(Box<Event>),
    Malformed(Unread),
}

/// How many records were events, and of what was left out.
#[derive(Debug, Default)]
pub(super) struct Tally {
    events: AtomicU64,
    /// Later than anything that was asked for.
    later: AtomicU64,
    /// No accounts of calls: insights, what passed an endpoint.
    no_calls: AtomicU64,
}

impl Tally {
    pub(super) fn later(&self) -> u64 {
        self.later.load(Ordering::Relaxed)
    }

    /// Records that are no accounts of calls, where there are no others.
    pub(super) fn nothing_but_no_calls(&self) -> Option<u64> {
        let no_calls = self.no_calls.load(Ordering::Relaxed);
        (no_calls > 0 && self.events.load(Ordering::Relaxed) == 0).then_some(no_calls)
    }
}

/// Where readers send records; only those in one of the windows pass.
#[derive(Clone)]
pub(super) struct EventSender {
    sender: Sender<Delivery>,
    windows: Arc<[Window]>,
    watch: Option<Arc<Watch>>,
    tally: Arc<Tally>,
}

/// Sessions whose beginning has not been seen yet.
pub(super) struct Watch(Mutex<BTreeSet<SessionQuery>>);

impl Watch {
    pub(super) fn new(sessions: &BTreeSet<SessionQuery>) -> Self {
        Self(Mutex::new(sessions.clone()))
    }

    pub(super) fn unseen(&self) -> BTreeSet<SessionQuery> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn has_seen(&self, session: &SessionQuery) -> bool {
        !self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(session)
    }

    fn see(&self, event: &Event) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).retain(|session| !session.is_begun_by(event));
    }
}

/// The receiver is gone: the scan was given up.
#[derive(Debug)]
pub(super) struct Closed;

impl EventSender {
    /// What was given so far.
    pub(super) fn tally(&self) -> &Tally {
        &self.tally
    }

    /// One record's text, from a thread that may wait.
    pub(super) fn record(&self, text: &str) -> Result<(), Closed> {
        match self.sorted(text) {
            Some(delivery) => self.sender.blocking_send(delivery).map_err(|_| Closed),
            None if self.sender.is_closed() => Err(Closed),
            None => Ok(()),
        }
    }

    /// One record's text. Is it an event that counts?
    pub(super) async fn give(&self, text: &str) -> bool {
        let Some(delivery) = self.sorted(text) else { return false };
        let counts = matches!(delivery, Delivery::Event(_));
        // An error means that the receiver is gone: the caller is about to be dropped.
        self.sender.send(delivery).await.is_ok() && counts
    }

    fn sorted(&self, text: &str) -> Option<Delivery> {
        let record = log::record(text);
        let count = if record == Err(Skipped::NoCall) { &self.tally.no_calls } else { &self.tally.events };
        count.fetch_add(1, Ordering::Relaxed);
        match record {
            Ok(event) => self.passes(&event).then(|| Delivery::Event(Box::new(event))),
            Err(Skipped::Irrelevant | Skipped::NoCall) => None,
            Err(Skipped::Malformed) => Some(Delivery::Malformed(log::unread(text))),
        }
    }

    fn passes(&self, event: &Event) -> bool {
        let wanted = self.windows.iter().any(|window| window.contains(event.time));
        if wanted && let Some(watch) = &self.watch {
            watch.see(event);
        }
        if !wanted && self.windows.iter().all(|window| event.time > window.until) {
            self.tally.later.fetch_add(1, Ordering::Relaxed);
        }
        wanted
    }
}

/// Runs the readers and hands what they give to the sink.
pub(super) async fn gather<F>(
    windows: &[Window],
    watch: Option<Arc<Watch>>,
    sink: &mut dyn EventSink,
    readers: impl FnOnce(EventSender) -> F,
) -> Vec<Gap>
where
    F: Future<Output = Vec<Gap>>,
{
    let (sender, receiver) = channel(WAITING);
    // The readers own the only sender: when they are done, the taking ends.
    let reading = readers(EventSender { sender, windows: windows.into(), watch, tally: Arc::default() });
    let (gaps, ()) = futures::join!(reading, forward(receiver, sink));
    gaps
}

async fn forward(mut receiver: Receiver<Delivery>, sink: &mut dyn EventSink) {
    while let Some(delivery) = receiver.recv().await {
        match delivery {
            Delivery::Event(event) => sink.accept(*event),
            Delivery::Malformed(unread) => {
                sink.malformed();
                sink.unread(unread);
            }
        }
    }
}
