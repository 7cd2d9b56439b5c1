//! What is due is told: groups become notices, in one transaction with the news that they tell; notices go to their receivers (`deliver.rs`), and
//! count as sent when the receiver said so.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::deliver::Sending;
use super::{Daemon, Stop, metrics};
use crate::model::Reason;
use crate::notify::interaction::{self, App};
use crate::notify::route::{Escalation, Route};
use crate::notify::time_window::muted_until;
use crate::notify::triage::Triage;
use crate::notify::{KeptDelivery, NotifyConfig, Owners, Receiver, ReceiverConfig, Tools};
use crate::store::{AlertGroup, DueGroup, NewAlert, NewNotice, StoreError, Told};
use crate::wording::message::{GroupStatus, Message, Occasion};
use crate::wording::{self, Context, Group, GroupCounts, News};

pub(super) const TASK: &str = "notify";
/// How long the task sleeps at most.
const LOOK: Duration = Duration::from_secs(5);
/// Groups that become notices at a time.
const GROUPS: u32 = 100;
/// For so long a group waits for its receiver to be configured.
const PATIENCE: SignedDuration = SignedDuration::from_mins(30);
/// Findings of a group that are looked at: of more, only the number is told.
const FINDINGS: u32 = 500;

/// Who is told what, ready to be sent to.
pub struct Notify {
    config: NotifyConfig,
    owners: Owners,
    /// What each rule says.
    reasons: BTreeMap<String, Reason>,
    pub(super) receivers: BTreeMap<String, Arc<Opened>>,
    /// Who writes notes on findings, if anybody does.
    pub(super) triage: Option<Arc<Triage>>,
    /// Where buttons of messages may come from.
    pub(super) apps: Vec<Arc<App>>,
}

/// A receiver of the configuration.
pub(super) struct Opened {
    pub config: ReceiverConfig,
    /// Or why it cannot be used.
    pub receiver: Result<Box<dyn Receiver>, String>,
}

/// What is kept of a notice until it is sent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Payload {
    /// Names the group for the receiver.
    pub group: String,
    pub message: Message,
}

impl Notify {
    /// Opens every receiver, and the way to the model; calls nobody.
    pub async fn new(config: NotifyConfig, owners: Owners, reasons: BTreeMap<String, Reason>, tools: &Tools) -> Self {
        let open = |config: &ReceiverConfig| {
            let receiver = config.kind.open(&config.name, tools);
            (config.name.clone(), Arc::new(Opened { config: config.clone(), receiver }))
        };
        let receivers = config.receivers.iter().map(open).collect();
        let triage = match &config.triage {
            Some(triage) => Triage::open(triage, tools)
                .await
                .inspect_err(|why| tracing::error!(why, "there are no triage notes: the model cannot be asked"))
                .ok(),
            None => None,
        };
        let apps = interaction::apps(&config.receivers, tools);
        Self { config, owners, reasons, receivers, triage: triage.map(Arc::new), apps }
    }

    /// Nobody is told anything.
    pub fn nobody() -> Self {
        let (config, owners) = (NotifyConfig::default(), Owners::default());
        let (reasons, receivers) = (BTreeMap::new(), BTreeMap::new());
        Self { config, owners, reasons, receivers, triage: None, apps: Vec::new() }
    }

    /// The route at the root, if there are receivers.
    pub fn route(&self) -> Option<&Route> {
        self.config.route.as_ref()
    }

    pub fn owners(&self) -> &Owners {
        &self.owners
    }

    /// The names of all receivers.
    pub fn receivers(&self) -> impl Iterator<Item = &str> {
        self.receivers.keys().map(String::as_str)
    }
}

pub(super) async fn run(daemon: Arc<Daemon>, mut stop: Stop) {
    let mut sending = Sending::default();
    loop {
        let current = daemon.current();
        let now = daemon.now();
        let more = daemon.store_said(TASK, write_due(&daemon, &current.notify, now).await).unwrap_or_default();
        daemon.store_said(TASK, sending.start(&daemon, &current.notify, &stop, now).await);
        let next = if more { Duration::ZERO } else { daemon.sleep_until_due(&sending).await };
        tokio::select! {
            () = super::ended(&mut stop) => break,
            () = daemon.wake.notices.notified() => {}
            () = tokio::time::sleep(next) => {}
            Some(done) = sending.tasks.join_next(), if !sending.tasks.is_empty() => sending.ended(done.ok()),
        }
    }
    // What is being sent now is recorded before the end, if the receiver answers soon.
    while sending.tasks.join_next().await.is_some() {}
}

impl Daemon {
    async fn sleep_until_due(&self, sending: &Sending) -> Duration {
        let now = self.now();
        let groups = self.store.alert_next_due().await.ok().flatten();
        let notices = self.store.notice_next_due().await.ok().flatten();
        let paused = sending.paused.values().copied().min();
        let next = [groups, notices.filter(|at| *at > now), paused].into_iter().flatten().min();
        // What is overdue is due.
        let until = next.map_or(LOOK, |at| Duration::try_from(at.duration_since(now)).unwrap_or_default());
        until.clamp(Duration::from_millis(50), LOOK)
    }
}

/// Writes the messages of groups that are due. -> whether more are due.
async fn write_due(daemon: &Daemon, notify: &Notify, now: Timestamp) -> Result<bool, StoreError> {
    let due = daemon.store.alert_due(now, GROUPS, FINDINGS).await?;
    let is_all = due.len() < GROUPS as usize;
    for group in &due {
        let written = written(group, notify, now);
        let told = Told {
            group,
            notice: written.notice,
            due_at: written.due_at,
            escalate_at: written.escalate_at,
            escalations: &written.escalations,
            is_closed: written.is_closed,
            takes_news: written.takes_news,
        };
        if daemon.store.alert_told(&told, now).await?
            && let Some(reason) = written.not_told
        {
            metrics::not_told(reason, 1);
        }
    }
    Ok(!is_all)
}

/// What becomes of a due group.
#[derive(Default)]
struct Written {
    notice: Option<NewNotice>,
    due_at: Option<Timestamp>,
    escalate_at: Option<Timestamp>,
    escalations: Vec<NewAlert>,
    is_closed: bool,
    takes_news: bool,
    /// Why nothing is told.
    not_told: Option<&'static str>,
}

/// Pure: a group, the configuration and the time -> what is told, and when it is due again.
fn written(group: &DueGroup, notify: &Notify, now: Timestamp) -> Written {
    let Some(receiver) = notify.receivers.get(&group.receiver) else {
        // Replicas get a new configuration one after the other, and what was taken out by mistake is put back.
        if now.duration_since(group.last_news_at) < PATIENCE {
            let due_at = now.checked_add(LOOK).ok();
            return Written { due_at, escalate_at: group.escalate_at, ..Written::default() };
        }
        return Written { is_closed: true, takes_news: true, not_told: Some("no_receiver"), ..Written::default() };
    };
    let route = route_of(group, notify);
    let news: Vec<News> = group.news.iter().filter_map(|(_, body)| serde_json::from_str(body).ok()).collect();
    let labels: BTreeMap<String, String> = serde_json::from_str(&group.labels).unwrap_or_default();
    let counts = GroupCounts {
        by_state: group.counts.iter().map(|(state, severity, number)| ((*state, *severity), *number)).collect(),
    };
    let kept = occasion(&group.occasion);
    let occasion = match (kept, group.told, news.is_empty()) {
        (Occasion::Opened | Occasion::Baseline | Occasion::Escalated, 1.., true) => Occasion::Reminder,
        (Occasion::Opened | Occasion::Baseline | Occasion::Escalated, 1.., false) => Occasion::Updated,
        (occasion, _, _) => occasion,
    };
    let (links, reasons) = (&notify.config.links, &notify.reasons);
    let context = Context { reasons, links, show_values: receiver.config.show_values };
    let message = wording::compose(
        &Group { occasion, kept, labels: &labels, findings: &group.findings, counts: &counts, news: &news, now },
        &context,
    );
    let is_due = group.due_at.is_some_and(|at| at <= now);
    let escalation = route.and_then(|route| route.delivery.escalation.as_ref());
    let (escalations, escalate_at) = match group.escalate_at {
        Some(at) if at <= now => (escalation.map(|to| escalated(group, to, now)).unwrap_or_default(), None),
        other => (Vec::new(), other),
    };
    let rest = Written { due_at: group.due_at, escalate_at, escalations, ..Written::default() };
    if !is_due {
        return rest;
    }
    // What is wrong with driftd is told when it begins and when it ends: without news nothing is known of it.
    if kept == Occasion::Health && news.is_empty() {
        return Written { due_at: None, not_told: Some("nothing_new"), ..rest };
    }
    if let Some(until) = muted(&message, route, now) {
        return Written { due_at: Some(until), not_told: Some("muted"), ..rest };
    }
    let is_over = message.status == GroupStatus::Resolved;
    let is_closed = is_over || kept == Occasion::Digest;
    let repeat = route.and_then(|route| route.delivery.repeat_interval);
    let due_at = repeat
        .filter(|_| {
            !is_closed && message.status == GroupStatus::Open && !matches!(kept, Occasion::Health | Occasion::Baseline)
        })
        .and_then(|interval| now.checked_add(interval).ok());
    let escalate_at = rest.escalate_at.filter(|_| message.status == GroupStatus::Open);
    let rest = Written { due_at, escalate_at, is_closed, takes_news: true, ..rest };
    match not_told(&message, group, &news, &receiver.config) {
        Some(why) => Written { not_told: Some(why), ..rest },
        None => {
            let name = group_name(group);
            let id = format!("{name}-{}", group.told + 1);
            let payload = serde_json::to_string(&Payload { group: name, message }).unwrap_or_default();
            let notice = NewNotice {
                receiver: group.receiver.clone(),
                group: Some(group.id),
                dedupe_key: id,
                payload,
                next_try: now,
            };
            Written { notice: Some(notice), ..rest }
        }
    }
}

/// Why a message is not sent, if it is not.
fn not_told(message: &Message, group: &DueGroup, news: &[News], receiver: &ReceiverConfig) -> Option<&'static str> {
    let is_first = group.told == 0;
    match message.occasion {
        Occasion::Health | Occasion::Test => None,
        Occasion::Digest => (message.open_findings() == 0 && news.is_empty()).then_some("nothing_open"),
        // What was over, or in somebody's hands, before anybody was told.
        _ if is_first && message.status != GroupStatus::Open => Some("over_before_told"),
        Occasion::Reminder if message.status != GroupStatus::Open => Some("nothing_open"),
        Occasion::Resolved if !receiver.send_resolved => Some("resolved_unwanted"),
        _ => None,
    }
}

/// Until when nobody is to be told, if that is so.
fn muted(message: &Message, route: Option<&Route>, now: Timestamp) -> Option<Timestamp> {
    let delivery = &route?.delivery;
    // Worst first.
    let breaks_through = delivery.unmutable.is_some_and(|least| message.severity <= least);
    if breaks_through && message.status == GroupStatus::Open { None } else { muted_until(&delivery.mute, now) }
}

/// Those who are told because nobody acknowledged: everything of the group that is open still.
fn escalated(group: &DueGroup, to: &Escalation, now: Timestamp) -> Vec<NewAlert> {
    let open = group.findings.iter().filter(|one| one.life.state.name() == crate::life::StateName::Open);
    let labels = BTreeMap::from([("escalated", group_name(group))]);
    let alert = |receiver: &String, one: &crate::life::KnownFinding| NewAlert {
        finding_id: Some(one.id.clone()),
        body: json(&News::Step {
            name: wording::name(&one.finding),
            text: format!("is open since {}: nobody acknowledged it", wording::minutes(one.life.first_seen)),
            loud: true,
            calls: true,
        }),
        group: Some(AlertGroup {
            receiver: receiver.clone(),
            occasion: Occasion::Escalated.as_str(),
            labels: json(&labels),
            delivery: group.delivery.clone(),
            window: Duration::from_secs(60),
            due_at: now,
            interval: Duration::from_secs(60),
            escalate_at: None,
        }),
    };
    open.flat_map(|one| to.receivers.iter().map(move |receiver| (receiver, one)))
        .map(|(receiver, one)| alert(receiver, one))
        .collect()
}

/// The route that gives the worst of its findings to the group's receiver now; where none does, the one that did when it began, by its place.
fn route_of<'a>(group: &DueGroup, notify: &'a Notify) -> Option<&'a Route> {
    if let Some(worst) = group.findings.first() {
        let labels = crate::notify::labels(&worst.finding, &notify.owners.of(&worst.finding));
        let found = notify.route()?.destinations(&labels).into_iter().find(|to| to.receiver == group.receiver);
        if let Some(to) = found {
            return Some(to.route);
        }
    }
    let kept: KeptDelivery = serde_json::from_str(&group.delivery).ok()?;
    notify.route()?.all().into_iter().find(|route| route.path == kept.route)
}

fn occasion(word: &str) -> Occasion {
    Occasion::ALL.into_iter().find(|occasion| occasion.as_str() == word).unwrap_or(Occasion::Opened)
}

/// Names the group for receivers: the same for all of its messages, and another one in every other store.
fn group_name(group: &DueGroup) -> String {
    let identity = format!("{}\n{}\n{}\n{}", group.id, group.receiver, group.labels, group.opened_at.as_microsecond());
    format!("driftd-{}", hex::encode(&Sha256::digest(identity)[..8]))
}

/// JSON of plain data; its keys are texts, so that it cannot fail.
pub(super) fn json<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

#[cfg(test)]
mod tests;
