//! What is wrong with driftd itself is told like a drift, through the same routes: sweeps that do not come, what cannot be seen, queues and receivers
//! that fail, a trail that is stopped. Each is told once when it begins and once when it ends.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::{Current, Daemon, Stop, wait};
use crate::model::Severity;
use crate::notify::{KeptDelivery, Labels};
use crate::store::{AlertGroup, NewAlert, StoreError};
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
    let mut wrong = seen.lasting(daemon.health.conditions(), now);
    wrong.extend(in_store(daemon, current, now).await?);
    let known: BTreeSet<String> = daemon.store.condition_list().await?.into_iter().map(|(name, _)| name).collect();
    for (name, condition) in wrong.iter().filter(|(name, _)| !known.contains(*name)) {
        let alerts = alerts(current, name, condition, false, now);
        if daemon.store.condition_begin(name, &alerts, now).await? {
            tracing::warn!(condition = name, text = condition.text, "driftd is not well");
            daemon.wake.notices.notify_one();
        }
    }
    for name in known.iter().filter(|name| !wrong.contains_key(*name)) {
        let over = Condition { severity: Severity::Info, text: format!("over: {}", said(name)) };
        let alerts = alerts(current, name, &over, true, now);
        if daemon.store.condition_end(name, &alerts, now).await? {
            tracing::info!(condition = name, "driftd is well again");
            daemon.wake.notices.notify_one();
        }
    }
    Ok(())
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
            wrong.insert(format!("receiver {receiver}"), Condition { severity: Severity::High, text });
        }
    }
    if let Some(last) = daemon.store.last_sweep().await? {
        let due = current.options.schedules.iter().map(|(schedule, _)| schedule.next_after(last)).min();
        if due.is_some_and(|due| now.duration_since(due) > LATE) {
            let last = crate::wording::minutes(last);
            let text = format!("no sweep has ended since {last}: what drifted since then may not be known");
            wrong.insert("sweeps".to_owned(), Condition { severity: Severity::High, text });
        }
    }
    Ok(wrong)
}

fn said(name: &str) -> String {
    match name.split_once(' ') {
        Some(("receiver", receiver)) => format!("receiver {receiver} takes alerts again"),
        Some(("queue", queue)) => format!("queue {queue} can be read again"),
        _ => match name {
            "sweeps" => "sweeps end again".to_owned(),
            "gaps" => "the last sweep saw everything".to_owned(),
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
    let failing = name.strip_prefix("receiver ");
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
