//! From many readers to one taker: records are read in several places at a time, and taken one by one. The channel
//! between them is short, so that a slow taker slows the readers instead of filling the memory.

use std::collections::BTreeSet;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::mpsc::{Receiver, Sender, channel};

use super::{Event, Session, Taker, Window, log};
use crate::attribution::Skipped;
use crate::model::Gap;

/// Events that may wait for the taker.
const WAITING: usize = 256;

/// What a reader gives.
enum Delivery {
    Event(Box<Event>),
    Malformed,
}

/// Where readers put records; only those in one of the windows pass.
#[derive(Clone)]
pub(super) struct Outlet {
    sender: Sender<Delivery>,
    windows: Arc<[Window]>,
    watch: Option<Arc<Watch>>,
}

/// Sessions whose beginning has not been seen yet.
pub(super) struct Watch(Mutex<BTreeSet<Session>>);

impl Watch {
    pub(super) fn new(sessions: &BTreeSet<Session>) -> Self {
        Self(Mutex::new(sessions.clone()))
    }

    pub(super) fn unseen(&self) -> BTreeSet<Session> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn has_seen(&self, session: &Session) -> bool {
        !self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(session)
    }

    fn see(&self, event: &Event) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).retain(|session| !session.is_begun_by(event));
    }
}

/// Nobody takes events any more: the scan was given up.
#[derive(Debug)]
pub(super) struct Closed;

impl Outlet {
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
        // An error means that nobody takes it any more: the caller is about to be dropped.
        self.sender.send(delivery).await.is_ok() && counts
    }

    fn sorted(&self, text: &str) -> Option<Delivery> {
        match log::record(text) {
            Ok(event) => self.passes(&event).then(|| Delivery::Event(Box::new(event))),
            Err(Skipped::Noise) => None,
            Err(Skipped::Malformed) => Some(Delivery::Malformed),
        }
    }

    fn passes(&self, event: &Event) -> bool {
        let wanted = self.windows.iter().any(|window| window.contains(event.time));
        if wanted && let Some(watch) = &self.watch {
            watch.see(event);
        }
        wanted
    }
}

/// Runs the readers and hands what they give to the taker.
pub(super) async fn gather<F>(
    windows: &[Window],
    watch: Option<Arc<Watch>>,
    taker: &mut dyn Taker,
    readers: impl FnOnce(Outlet) -> F,
) -> Vec<Gap>
where
    F: Future<Output = Vec<Gap>>,
{
    let (sender, receiver) = channel(WAITING);
    // The readers own the only sender: when they are done, the taking ends.
    let reading = readers(Outlet { sender, windows: windows.into(), watch });
    let (gaps, ()) = futures::join!(reading, take(receiver, taker));
    gaps
}

async fn take(mut receiver: Receiver<Delivery>, taker: &mut dyn Taker) {
    while let Some(delivery) = receiver.recv().await {
        match delivery {
            Delivery::Event(event) => taker.take(*event),
            Delivery::Malformed => taker.malformed(),
        }
    }
}
