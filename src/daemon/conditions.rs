//! What is wrong with driftd itself is told like a drift, through the same routes: sweeps that do not come, what cannot be seen, queues and receivers
//! that fail, a trail that is stopped. Each is told once when it begins and once when it ends.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::{Current, Daemon, Stop, wait};
use crate::model::Severity;
use crate::notify::{KeptDelivery, Labels};
use crate::store::{AlertGroup, LastingCondition, NewAlert, StoreError};
use crate::wording::News;
use crate::wording::message::Occasion;

const TASK: &str = "conditions";
const LOOK: Duration = Duration::from_secs(30);
/// What passes by itself within this time is nobody's concern.
const PATIENCE: SignedDuration = SignedDuration::from_mins(10);
/// A sweep may take, and wait for others, so long after it was due.
const LATE: SignedDuration = SignedDuration::from_mins(60);
/// The kind of a condition in routes: `match: {kind: driftd}`.
const KIND: &str = "driftd";
/// What another replica said is wrong is left to it for so long.
const OTHERS: SignedDuration = SignedDuration::from_hours(1);
const SWEEPS: &str = "sweeps";
pub(super) const GAPS: &str = "gaps";
const RECEIVER: &str = "receiver ";

/// Something that is wrong now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Condition {
    pub severity: Severity,
    /// One sentence, with the way out.
    pub text: String,
}

pub(super) async fn run(daemon: Arc<Daemon>, mut stop: Stop) {
    let nothing = tokio::sync::Notify::new();
    let mut seen = Seen::default();
    loop {
        let current = daemon.current();
        if current.notify.route().is_some() {
            let now = daemon.now();
            daemon.store_said(TASK, tell(&daemon, &current, &mut seen, now).await);
        }
        if !wait(&mut stop, &nothing, LOOK).await {
            return;
        }
    }
}

/// Since when something was wrong in the eyes of this process.
#[derive(Default)]
struct Seen(BTreeMap<String, Timestamp>);

impl Seen {
    /// Those that are wrong for longer than it takes them to pass.
    fn lasting(&mut self, wrong: BTreeMap<String, Condition>, now: Timestamp) -> BTreeMap<String, Condition> {
        self.0.retain(|name, _| wrong.contains_key(name));
        wrong
            .into_iter()
            .filter(|(name, _)| {
                let since = *self.0.entry(name.clone()).or_insert(now);
                now.duration_since(since) >= PATIENCE
            })
            .collect()
    }
}

async fn tell(daemon: &Daemon, current: &Current, seen: &mut Seen, now: Timestamp) -> Result<(), StoreError> {
    let now_wrong = daemon.health.conditions();
    let mut wrong = seen.lasting(now_wrong, now);
    wrong.extend(in_store(daemon, current, now).await?);
    let known = daemon.store.condition_list().await?;
    let is_known = |name: &String| known.iter().any(|one| one.name == *name);
    for (name, condition) in wrong.iter().filter(|(name, _)| !is_known(name)) {
        let alerts = alerts(current, name, condition, false, now);
        if daemon.store.condition_begin(name, &daemon.owner, &alerts, now).await? {
            tracing::warn!(condition = name, text = condition.text, "driftd is not well");
            daemon.wake.notices.notify_one();
        }
    }
    for one in known.iter().filter(|one| !wrong.contains_key(&one.name) && is_over(daemon, current, one, now)) {
        // Its own severity: so those hear of the end who heard of the beginning.
        let severity = if one.name == GAPS { Severity::Medium } else { Severity::High };
        let over = Condition { severity, text: format!("over: {}", said(&one.name)) };
        let alerts = alerts(current, &one.name, &over, true, now);
        if daemon.store.condition_end(&one.name, &alerts, now).await? {
            tracing::info!(condition = one.name, "driftd is well again");
            daemon.wake.notices.notify_one();
        }
    }
    Ok(())
}

/// Is a condition over that is not wrong now? What only a process sees is over when it was seen to be well; after a start nothing is known of it.
/// What another replica sees is that one's to end, while it may live.
fn is_over(daemon: &Daemon, current: &Current, one: &LastingCondition, now: Timestamp) -> bool {
    if is_in_store(&one.name) {
        return true;
    }
    let is_others = daemon.store.is_shared() && one.owner != daemon.owner;
    if is_others && now.duration_since(one.since) < OTHERS {
        return false;
    }
    let is_watched = match one.name.strip_prefix("queue ") {
        Some(url) => current.options.queues.iter().any(|queue| queue.url == url),
        None => true,
    };
    !is_watched || daemon.health.is_well(&one.name)
}

/// Does the store show it, the same to every replica?
fn is_in_store(name: &str) -> bool {
    name == SWEEPS || name.starts_with(RECEIVER)
}

/// What the store shows, the same to every replica.
async fn in_store(
    daemon: &Daemon,
    current: &Current,
    now: Timestamp,
) -> Result<BTreeMap<String, Condition>, StoreError> {
    let mut wrong = BTreeMap::new();
    for (receiver, since, error) in daemon.store.notice_waiting().await? {
        if now.duration_since(since) >= PATIENCE {
            let why = error.unwrap_or_else(|| "no try has ended".to_owned());
            let text = format!("receiver {receiver} takes no alerts since {}: {why}", crate::wording::minutes(since));
            wrong.insert(format!("{RECEIVER}{receiver}"), Condition { severity: Severity::High, text });
        }
    }
    if let Some(last) = daemon.store.last_sweep().await? {
        let due = current.options.schedules.iter().map(|(schedule, _)| schedule.next_after(last)).min();
        if due.is_some_and(|due| now.duration_since(due) > LATE) {
            let last = crate::wording::minutes(last);
            let text = format!("no sweep has ended since {last}: what drifted since then may not be known");
            wrong.insert(SWEEPS.to_owned(), Condition { severity: Severity::High, text });
        }
    }
    Ok(wrong)
}

fn said(name: &str) -> String {
    match name.split_once(' ') {
        Some(("receiver", receiver)) => format!("receiver {receiver} takes alerts again"),
        Some(("queue", queue)) => format!("queue {queue} can be read again"),
        _ => match name {
            SWEEPS => "sweeps end again".to_owned(),
            GAPS => "the last sweep saw everything".to_owned(),
            "states" => "the states can be read again".to_owned(),
            "trail" => "a trail logs again".to_owned(),
            other => other.to_owned(),
        },
    }
}

/// To those whom the routes name, but for the one who is at fault.
fn alerts(current: &Current, name: &str, condition: &Condition, is_over: bool, now: Timestamp) -> Vec<NewAlert> {
    let Some(route) = current.notify.route() else { return Vec::new() };
    let one = |text: &str| vec![text.to_owned()];
    let labels: Labels = [
        ("kind", one(KIND)),
        ("severity", one(condition.severity.as_str())),
        ("address", one(&format!("{KIND}.{name}"))),
    ]
    .into_iter()
    .map(|(name, values)| (name.to_owned(), values))
    .collect();
    let failing = name.strip_prefix(RECEIVER);
    let mut receivers: Vec<(String, String)> = route
        .destinations(&labels)
        .into_iter()
        .map(|to| (to.receiver.to_owned(), to.route.path.clone()))
        .filter(|(receiver, _)| Some(receiver.as_str()) != failing)
        .collect();
    // Nobody else would hear of it: everybody else does.
    if receivers.is_empty() {
        let others = current.notify.receivers().filter(|receiver| Some(*receiver) != failing);
        receivers = others.map(|receiver| (receiver.to_owned(), route.path.clone())).collect();
    }
    let news = News::Health { text: condition.text.clone(), severity: condition.severity, is_over };
    receivers
        .into_iter()
        .map(|(receiver, path)| NewAlert {
            finding_id: None,
            body: super::notify::json(&news),
            group: Some(AlertGroup {
                receiver,
                occasion: Occasion::Health.as_str(),
                labels: super::notify::json(&BTreeMap::from([("health", name)])),
                delivery: super::notify::json(&KeptDelivery { route: path }),
                window: Duration::from_secs(365 * 24 * 60 * 60),
                due_at: now,
                interval: Duration::from_secs(60),
                escalate_at: None,
            }),
        })
        .collect()
}
