//! One queue of CloudTrail's news: received, kept with the marks that follow, and only then deleted. What nobody can read is set
//! aside and counted.

use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::{Daemon, QueueOptions, Stop, events, metrics};
use crate::attribution::event::{Event, EventSink, Unread};
use crate::attribution::source::SourceError;
use crate::attribution::source::queue::{Message, MessageError, Queue};
use crate::model::Scope;
use crate::store::{AuditEntry, NewMark, StoreError, StoredEvent};

/// After a call that failed, the next one is made so much later; doubled by each further one, to the longest pause.
const PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// A message that cannot be read is left so often to the queue's own rule for such (its dead-letter queue); one that comes again is
/// taken out.
const RECEIVED_AT_MOST: u32 = 3;
/// Events that are written in one transaction: a log file has thousands.
const AT_A_TIME: usize = 500;

pub(super) async fn run(daemon: Arc<Daemon>, options: QueueOptions, mut stop: Stop) {
    let pause = Cell::new(PAUSE);
    loop {
        let current = daemon.current();
        let working = async {
            daemon.states_known().await;
            let queue = Queue::open(&current.aws, &options.url, options.region.as_deref(), options.role.as_ref()).await;
            loop {
                turn(&daemon, &queue, &options).await?;
                daemon.health.queue_answers(&options.url);
                pause.set(PAUSE);
            }
        };
        let failed: Result<(), TurnError> = tokio::select! {
            failed = working => failed,
            () = super::ended(&mut stop) => return,
        };
        match failed {
            Ok(()) => {}
            Err(TurnError::Queue(error)) => {
                tracing::warn!(queue = options.url, error = %error, "a queue could not be read");
                daemon.health.queue_fails(&options.url, &error.to_string());
                daemon.kept.had_a_gap(daemon.now());
                metrics::queue_error();
            }
            // The messages come again.
            Err(TurnError::Store(error)) => drop(daemon.store_said::<()>("queue", Err(error))),
        }
        tokio::select! {
            () = tokio::time::sleep(pause.get()) => {}
            () = super::ended(&mut stop) => return,
        }
        pause.set((pause.get() * 2).min(LONGEST_PAUSE));
    }
}

/// Why messages were not taken: they come again.
#[derive(Debug, thiserror::Error)]
enum TurnError {
    #[error(transparent)]
    Queue(#[from] SourceError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Receives some messages and keeps what they have.
async fn turn(daemon: &Daemon, queue: &Queue<'_>, options: &QueueOptions) -> Result<(), TurnError> {
    let messages = queue.receive().await?;
    let mut set_aside_now = 0;
    let mut done: Vec<&Message> = Vec::new();
    for message in &messages {
        let mut sink = Received::default();
        let read = queue.read(message, &mut sink).await;
        keep(daemon, sink).await?;
        match read {
            Ok(()) => done.push(message),
            Err(MessageError::Poison(why)) => {
                metrics::message("poison");
                daemon.kept.had_a_gap(daemon.now());
                if message.received >= RECEIVED_AT_MOST {
                    set_aside(daemon, options, message, &why).await?;
                    set_aside_now += 1;
                    done.push(message);
                }
            }
            // It comes again when its time is up, and goes to the dead-letter queue in the end.
            Err(MessageError::Failed(error)) => {
                metrics::message("failed");
                daemon.kept.had_a_gap(daemon.now());
                tracing::warn!(queue = options.url, message_id = message.id, error = %error, "a message could not be read");
            }
        }
    }
    if !done.is_empty() {
        queue.delete(&done).await?;
        metrics::messages("stored", done.len() - set_aside_now);
        metrics::messages("set_aside", set_aside_now);
    }
    Ok(())
}

async fn set_aside(daemon: &Daemon, options: &QueueOptions, message: &Message, why: &str) -> Result<(), StoreError> {
    tracing::warn!(queue = options.url, message_id = message.id, why, "a message that nobody can read was set aside");
    let entry = AuditEntry {
        actor: "driftd".to_owned(),
        action: "queue.set_aside".to_owned(),
        subject: format!("{} {}", options.url, message.id),
        detail: why.to_owned(),
    };
    // Killed before it is deleted, the message comes again.
    daemon.store.audit_once(&entry, daemon.now()).await
}

/// What a message had, or an answer.
#[derive(Default)]
pub(super) struct Received {
    pub events: Vec<(Event, StoredEvent)>,
    malformed: usize,
    /// What records were about that could not be read, and what they changed may be watched.
    unread_calls: Vec<Unread>,
    /// One of them does not even show that.
    has_unreadable: bool,
}

impl EventSink for Received {
    fn accept(&mut self, event: Event) {
        if let Some(stored) = events::stored(&event) {
            self.events.push((event, stored));
        }
    }

    fn malformed(&mut self) {
        self.malformed += 1;
    }

    fn unread(&mut self, unread: Unread) {
        match unread {
            Unread::Nothing => {}
            Unread::Call(_) => self.unread_calls.push(unread),
            // However many there are, they say the same.
            Unread::Anything(_) => self.has_unreadable = true,
        }
    }
}

impl Received {
    /// What is kept of the records that could not be read.
    pub(super) fn take_unread(&mut self, now: Timestamp) -> Vec<StoredEvent> {
        let unreadable = std::mem::take(&mut self.has_unreadable).then_some(Unread::Anything(Timestamp::MAX));
        let all = std::mem::take(&mut self.unread_calls).into_iter().chain(unreadable);
        all.filter_map(|unread| events::unread(unread, now)).collect()
    }
}

/// Keeps events with what they mark.
pub(super) async fn keep(daemon: &Daemon, mut received: Received) -> Result<(), StoreError> {
    let unread = received.take_unread(daemon.now());
    if received.malformed > 0 || !unread.is_empty() {
        daemon.kept.had_a_gap(daemon.now());
    }
    metrics::messages("malformed", received.malformed);
    for some in unread.chunks(AT_A_TIME) {
        daemon.store.event_insert(some, &[]).await?;
    }
    let current = daemon.current();
    for some in received.events.chunks(AT_A_TIME) {
        let mut marks: Vec<NewMark> = Vec::new();
        for (event, _) in some {
            let not_before = |key: &str| daemon.not_before(key, &current.options);
            let touched = daemon.marks_of(event);
            // That somebody began a session changes nothing, and comes on ways of its own.
            if events::changes_something(event) {
                let scope = Scope::new(&event.account, &event.region);
                daemon.kept.heard(scope, &event.name, &touched, daemon.now());
            }
            marks.extend(events::marks(event, touched, not_before));
            metrics::event_lag(daemon.now().duration_since(event.time).as_secs_f64());
        }
        let stored: Vec<StoredEvent> = some.iter().map(|(_, stored)| stored.clone()).collect();
        let new = daemon.store.event_insert(&stored, &marks).await?;
        metrics::events(new);
        if !marks.is_empty() {
            daemon.wake.marks.notify_one();
        }
    }
    Ok(())
}
