//! What is wrong with driftd itself is told like a drift, through the same routes: sweeps that do not come, what cannot be seen, queues and receivers
//! that fail, a trail that is stopped. Each is told once when it begins and once when it ends.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::accounts::SWEEP;
use super::{Current, Daemon, Stop, wait};
use crate::model::Severity;
use crate::notify::{KeptDelivery, Labels};
use crate::store::{AlertGroup, LastingCondition, NewAlert, StoreError};
use crate::wording::message::Occasion;
use crate::wording::text::count;
use crate::wording::{self, News};

const TASK: &str = "conditions";
const LOOK: Duration = Duration::from_secs(30);
/// What passes by itself within this time is nobody's concern.
const PATIENCE: SignedDuration = SignedDuration::from_mins(10);
/// A sweep may take, and wait for others, so long after it was due.
const LATE: SignedDuration = SignedDuration::from_mins(60);
/// The kind of a condition in routes: `match: {kind: driftd}`.
const KIND: &str = "driftd";
/// What another replica saw to be wrong is left to it for so long since it last saw it.
const OTHERS: SignedDuration = SignedDuration::from_mins(5);
/// What was not looked at for so long is looked at no more.
const LOOKED_AT: SignedDuration = SignedDuration::from_hours(48);
const SWEEPS: &str = "sweeps";
const GAPS: &str = "gaps";
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
    let others_until = now.checked_sub(OTHERS).unwrap_or(now);
    let seen_now = daemon.health.conditions();
    let in_store = in_store(daemon, current, now).await?;
    let known = daemon.store.condition_list().await?;
    for one in known.iter().filter(|one| seen_now.contains_key(&one.name)) {
        daemon.store.condition_seen(&one.name, &daemon.owner, others_until, now).await?;
    }
    let mut wrong = seen.lasting(seen_now, now);
    wrong.extend(in_store);
    let is_known = |name: &String| known.iter().any(|one| one.name == *name);
    for (name, condition) in wrong.iter().filter(|(name, _)| !is_known(name)) {
        let alerts = alerts(current, name, condition, false, now);
        if daemon.store.condition_begin(name, &daemon.owner, &alerts, now).await? {
            tracing::warn!(condition = name, text = condition.text, "driftd is not well");
            daemon.wake.notices.notify_one();
        }
    }
    for one in known.iter().filter(|one| !wrong.contains_key(&one.name)) {
        let Some(text) = end_of(daemon, current, one, others_until) else { continue };
        // Its own severity: so those hear of the end who heard of the beginning.
        let severity = if one.name == GAPS { Severity::Medium } else { Severity::High };
        let alerts = alerts(current, &one.name, &Condition { severity, text }, true, now);
        if daemon.store.condition_end(&one.name, &alerts, now).await? {
            tracing::info!(condition = one.name, "driftd is well again");
            daemon.wake.notices.notify_one();
        }
    }
    Ok(())
}

/// What is said of the end of a condition that is not wrong now; `None`: nothing shows that it has ended. What only a process sees is over when
/// that process, or another long after it, saw it to be well: after a start nothing is known of it.
fn end_of(daemon: &Daemon, current: &Current, one: &LastingCondition, others_until: Timestamp) -> Option<String> {
    let is_well = || {
        let is_mine = !daemon.store.is_shared() || one.owner == daemon.owner || one.seen_at < others_until;
        is_mine && daemon.health.is_well(&one.name)
    };
    let unwatched = |what: &str| Some(format!("{what} is not configured any more"));
    if let Some(receiver) = one.name.strip_prefix(RECEIVER) {
        let is_configured = current.notify.receivers().any(|name| name == receiver);
        return match is_configured {
            true => Some(format!("over: receiver {receiver} takes alerts again")),
            false => unwatched(&one.name),
        };
    }
    if let Some(queue) = one.name.strip_prefix("queue ") {
        let is_watched = match queue {
            "lookup" => current.options.lookup.is_some(),
            url => current.options.queues.iter().any(|queue| queue.url == url),
        };
        return match is_watched {
            true => is_well().then(|| format!("over: queue {queue} can be read again")),
            false => unwatched(&one.name),
        };
    }
    match one.name.as_str() {
        SWEEPS => Some("over: sweeps end again".to_owned()),
        GAPS => Some("over: all that is looked at was seen completely".to_owned()),
        "states" => is_well().then(|| "over: the states can be read again".to_owned()),
        "trail" => is_well().then(|| "over: a trail logs again".to_owned()),
        // Of another version of driftd.
        other => Some(format!("{other} is not watched any more")),
    }
}

/// What the store shows, the same to every replica and after every start.
async fn in_store(
    daemon: &Daemon,
    current: &Current,
    now: Timestamp,
) -> Result<BTreeMap<String, Condition>, StoreError> {
    let mut wrong = BTreeMap::new();
    for (receiver, since, error) in daemon.store.notice_troubles().await? {
        let is_configured = current.notify.receivers().any(|name| name == receiver);
        if is_configured && now.duration_since(since) >= PATIENCE {
            let why = error.unwrap_or_default();
            let text = format!("receiver {receiver} takes no alerts since {}: {why}", wording::minutes(since));
            wrong.insert(format!("{RECEIVER}{receiver}"), Condition { severity: Severity::High, text });
        }
    }
    let last = daemon.store.last_sweep().await?;
    let is_at_work = daemon.store.job_depth().await?.iter().any(|queue| queue.kind == SWEEP && queue.running > 0);
    if let Some(last) = last.filter(|_| !is_at_work) {
        let due = current.options.schedules.iter().map(|(schedule, _)| schedule.next_after(last)).min();
        if due.is_some_and(|due| now.duration_since(due) > LATE) {
            let last = wording::minutes(last);
            let text = format!("no sweep has ended since {last}: what drifted since then may not be known");
            wrong.insert(SWEEPS.to_owned(), Condition { severity: Severity::High, text });
        }
    }
    let since = now.checked_sub(LOOKED_AT).unwrap_or(now);
    if let Some((number, one)) = daemon.store.coverage_gaps(since).await? {
        let text = format!(
            "{} could not be seen completely, {} in {} {} among them: their drift is not known",
            count(number, "part", "parts"),
            one.kind,
            one.scope.account,
            one.scope.region
        );
        wrong.insert(GAPS.to_owned(), Condition { severity: Severity::Medium, text });
    }
    Ok(wrong)
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
