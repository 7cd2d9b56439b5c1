//! Notices on their way: each receiver takes its own, one after the other; what fails is tried again, later and later, and one receiver that fails
//! holds up no other.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::task::JoinSet;

use super::notify::{Notify, Opened, Payload, TASK};
use super::{Daemon, Stop, metrics, triage};
use crate::notify::triage::{PATIENCE, Triage};
use crate::notify::{DELIVERY_LIMIT, DeliveryError, Notice};
use crate::store::{StoreError, TakenNotice};

/// Longer than a delivery, so that nobody else takes a notice that is being sent.
const LEASE: Duration = Duration::from_secs(130);
/// What is left of the lease after the longest note and the longest delivery.
const RECORDING: Duration = Duration::from_secs(25);
const _: () = assert!(PATIENCE.as_secs() + DELIVERY_LIMIT.as_secs() + RECORDING.as_secs() < LEASE.as_secs());
/// The first pause after a failure; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_secs(5);
const LONGEST_PAUSE: Duration = Duration::from_secs(10 * 60);
/// What no receiver took for so long is given up.
const GIVE_UP: SignedDuration = SignedDuration::from_hours(7 * 24);

/// What is on its way.
#[derive(Default)]
pub(super) struct Sending {
    pub tasks: JoinSet<(String, Option<Timestamp>)>,
    busy: HashSet<String>,
    /// Receivers that are left alone until then.
    pub paused: HashMap<String, Timestamp>,
}

impl Sending {
    /// Begins to send to every receiver that has something due and is neither busy nor paused.
    pub(super) async fn start(
        &mut self,
        daemon: &Arc<Daemon>,
        notify: &Notify,
        stop: &Stop,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.paused.retain(|_, until| *until > now);
        for name in daemon.store.notice_receivers(now).await? {
            let Some(receiver) = notify.receivers.get(&name) else {
                let before = now.checked_sub(GIVE_UP).unwrap_or(now);
                daemon.store.notice_give_up(&name, before, "the receiver is not configured any more", now).await?;
                continue;
            };
            if self.paused.contains_key(&name) || !self.busy.insert(name.clone()) {
                continue;
            }
            let (daemon, receiver, stop) = (Arc::clone(daemon), Arc::clone(receiver), stop.clone());
            let triage = notify.triage.clone();
            self.tasks.spawn(async move {
                let paused = send_all(&daemon, &receiver, triage.as_deref(), &stop).await;
                (name, paused)
            });
        }
        Ok(())
    }

    pub(super) fn ended(&mut self, done: Option<(String, Option<Timestamp>)>) {
        let Some((name, paused)) = done else {
            // A task that panicked: nobody knows whose it was.
            self.busy.clear();
            return;
        };
        self.busy.remove(&name);
        self.paused.extend(paused.map(|until| (name, until)));
    }
}

/// Sends what is due, one after the other. -> until when the receiver is to be left alone.
async fn send_all(daemon: &Daemon, opened: &Opened, triage: Option<&Triage>, stop: &Stop) -> Option<Timestamp> {
    loop {
        // At the end only what is on its way is waited for.
        if *stop.borrow() {
            return None;
        }
        let now = daemon.now();
        let lease = now.checked_add(LEASE).unwrap_or(now);
        let taken = daemon.store.notice_take(&opened.config.name, now, lease, 1).await;
        let notice = daemon.store_said(TASK, taken)?.pop()?;
        let said = deliver(daemon, opened, triage, &notice, stop).await;
        let (pause, done) = record(daemon, opened, &notice, said).await;
        daemon.store_said(TASK, done);
        if let Some(pause) = pause {
            return daemon.now().checked_add(pause).ok();
        }
    }
}

/// Records what came of a notice. -> how long the receiver is to be left alone.
async fn record(
    daemon: &Daemon,
    opened: &Opened,
    taken: &TakenNotice,
    said: Result<Option<String>, DeliveryError>,
) -> (Option<Duration>, Result<(), StoreError>) {
    let name = &opened.config.name;
    let now = daemon.now();
    match said {
        Ok(handle) => {
            metrics::notice(name, "sent");
            daemon.health.receiver(name, None);
            tracing::info!(receiver = name, notice = taken.dedupe_key, attempts = taken.attempts, "alert sent");
            let pace = opened.receiver.as_ref().map_or(Duration::ZERO, |receiver| receiver.pace());
            ((!pace.is_zero()).then_some(pace), record_sent(daemon, taken, handle.as_deref()).await)
        }
        Err(DeliveryError::Refused { why }) => {
            metrics::notice(name, "refused");
            daemon.health.receiver(name, Some(&why));
            tracing::error!(receiver = name, notice = taken.dedupe_key, why, "the receiver refused an alert");
            (None, daemon.store.notice_fail(taken, &why, now).await)
        }
        Err(DeliveryError::Retry { why, .. }) if now.duration_since(taken.created_at) > GIVE_UP => {
            metrics::notice(name, "given_up");
            daemon.health.receiver(name, Some(&why));
            tracing::error!(receiver = name, notice = taken.dedupe_key, why, "an alert was given up");
            (None, daemon.store.notice_fail(taken, &why, now).await)
        }
        Err(DeliveryError::Retry { why, after }) => {
            metrics::notice(name, "failed");
            daemon.health.receiver(name, Some(&why));
            let pause = pause(taken.attempts).max(after.unwrap_or_default());
            tracing::warn!(
                receiver = name,
                notice = taken.dedupe_key,
                attempts = taken.attempts,
                why,
                again_in = ?pause,
                "an alert could not be sent"
            );
            // One that fails again and again may be at fault itself: the next one has its try before it.
            let own = if taken.attempts > 3 { pause.saturating_mul(2) } else { pause };
            let next = now.checked_add(own).unwrap_or(now);
            (Some(pause), daemon.store.notice_retry(taken, &why, next).await)
        }
    }
}

/// Records that the receiver has it: again and again as long as the lease lasts, since what is not recorded is sent once more.
async fn record_sent(daemon: &Daemon, taken: &TakenNotice, handle: Option<&str>) -> Result<(), StoreError> {
    let began = daemon.now();
    loop {
        let now = daemon.now();
        match daemon.store.notice_sent(taken, handle, now).await {
            Ok(()) => return Ok(()),
            Err(error @ StoreError::LeaseLost { .. }) => return Err(error),
            Err(error) if now.duration_since(began).unsigned_abs() > RECORDING => return Err(error),
            Err(_) => tokio::time::sleep(Duration::from_secs(1)).await,
        }
    }
}

/// Twice as long after every failure.
fn pause(attempts: u32) -> Duration {
    let doubled = FIRST_PAUSE.saturating_mul(2u32.saturating_pow(attempts.saturating_sub(1).min(16)));
    doubled.min(LONGEST_PAUSE)
}

async fn deliver(
    daemon: &Daemon,
    opened: &Opened,
    triage: Option<&Triage>,
    taken: &TakenNotice,
    stop: &Stop,
) -> Result<Option<String>, DeliveryError> {
    let receiver = opened.receiver.as_ref().map_err(|why| DeliveryError::retry(why.clone()))?;
    let mut payload: Payload = serde_json::from_str(&taken.payload)
        .map_err(|error| DeliveryError::refused(format!("its notice cannot be read: {error}")))?;
    if let Some(triage) = triage {
        triage::add_note(daemon, triage, taken, &mut payload, stop).await;
    }
    let Payload { group, message } = payload;
    let (message, failed) = opened.config.template.apply(&message);
    if let Some(error) = failed {
        tracing::warn!(receiver = opened.config.name, %error, "the template of a receiver failed: driftd's own words are sent");
    }
    let notice = Notice {
        id: &taken.dedupe_key,
        group: &group,
        handle: taken.handle.as_deref(),
        message: &message,
        attempt: taken.attempts,
        now: daemon.now(),
    };
    match tokio::time::timeout(DELIVERY_LIMIT, receiver.deliver(&notice)).await {
        Ok(said) => said.map(|delivered| delivered.handle),
        Err(_) => Err(DeliveryError::retry("it did not answer in time")),
    }
}
