//! Steps in the lives of findings -> what is to be told, to whom. Pure; written by the store with the steps themselves.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::labels::{Labels, labels};
use super::owners::Owners;
use super::route::{Delivery, Destination, Route};
use crate::life::{Changes, KnownFinding, Transition, TransitionKind};
use crate::store::{AlertGroup, NewAlert};
use crate::wording::News;
use crate::wording::message::Occasion;

/// What is kept of a delivery with its group, so that a group ends as it began.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KeptDelivery {
    /// The route's place in the tree: its mute times, escalation and digest are read from there, as they are when the group is due.
    pub route: String,
}

/// A step that is not told, and why; a word for metrics and `driftd routes test`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum NotTold {
    /// It opens and resolves again and again.
    Flapping,
    /// No route gives it to anybody.
    NoRoute,
    /// It changes nothing that people were told.
    Unchanged,
}

impl NotTold {
    /// The word of labels.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Flapping => "flapping",
            Self::NoRoute => "no_route",
            Self::Unchanged => "unchanged",
        }
    }
}

/// What is told of these changes, and what is not.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Plan {
    pub alerts: Vec<NewAlert>,
    pub not_told: BTreeMap<NotTold, u64>,
}

/// What of these changes is told to whom. Without a route only those who were told of a finding before hear of it again.
pub fn plan(changes: &Changes, route: Option<&Route>, owners: &Owners, now: Timestamp) -> Plan {
    let mut plan = Plan::default();
    for step in &changes.transitions {
        let Some(known) = changes.finding_of(step) else { continue };
        match alerts_of(step, known, route, owners, now) {
            Ok(alerts) => plan.alerts.extend(alerts),
            Err(why) => *plan.not_told.entry(why).or_default() += 1,
        }
    }
    plan
}

fn alerts_of(
    step: &Transition,
    known: &KnownFinding,
    route: Option<&Route>,
    owners: &Owners,
    now: Timestamp,
) -> Result<Vec<NewAlert>, NotTold> {
    if step.suppressed {
        return Err(NotTold::Flapping);
    }
    let alert = |group| NewAlert {
        finding_id: Some(known.id.clone()),
        body: body(&News::step(&known.finding, &step.kind)),
        group,
    };
    match concerns(step, known) {
        Concerns::Nobody => Err(NotTold::Unchanged),
        Concerns::Told => Ok(vec![alert(None)]),
        Concerns::Routed => {
            let Some(route) = route else { return Ok(vec![alert(None)]) };
            let labels = labels(&known.finding, &owners.of(&known.finding));
            let found = route.destinations(&labels);
            match found.is_empty() {
                true => Err(NotTold::NoRoute),
                false => Ok(found.iter().map(|to| alert(Some(group(to, &labels, step, now)))).collect()),
            }
        }
    }
}

/// Who hears of a step.
enum Concerns {
    /// Those whom the routes name.
    Routed,
    /// Those who were told of the finding before.
    Told,
    Nobody,
}

fn concerns(step: &Transition, known: &KnownFinding) -> Concerns {
    // A finding that somebody holds is told only to those who know of it.
    let is_open = known.life.state.name() == crate::life::StateName::Open;
    match &step.kind {
        TransitionKind::Opened | TransitionKind::Reopened { .. } if is_open => Concerns::Routed,
        // Worst first: what is worse now is less, and may have other routes.
        TransitionKind::SeverityChanged { from, to } if is_open && to < from => Concerns::Routed,
        TransitionKind::ContentChanged { .. } if is_open => Concerns::Routed,
        // It was never open: a rule accepted it before anybody heard of it.
        TransitionKind::Opened => Concerns::Nobody,
        TransitionKind::NotSeen { .. } | TransitionKind::SeenAgain => Concerns::Nobody,
        _ => Concerns::Told,
    }
}

fn group(to: &Destination<'_>, labels: &Labels, step: &Transition, now: Timestamp) -> AlertGroup {
    let Destination { receiver, route } = *to;
    let delivery = &route.delivery;
    let later = |by| now.checked_add(by).unwrap_or(Timestamp::MAX);
    let value = |name: &str| labels.get(name).map(|values| values.join(", ")).unwrap_or_default();
    let (occasion, names) = match (&delivery.digest, step.baseline) {
        (Some(_), _) => (Occasion::Digest, Vec::new()),
        (None, true) => (Occasion::Baseline, vec!["source".to_owned()]),
        (None, false) => (Occasion::Opened, delivery.group_by.clone()),
    };
    let common: BTreeMap<String, String> = names.into_iter().map(|name| (name.clone(), value(&name))).collect();
    let due_at = match &delivery.digest {
        Some(schedule) => schedule.next_after(now),
        None => later(delivery.group_wait),
    };
    AlertGroup {
        receiver: receiver.to_owned(),
        occasion: occasion.as_str(),
        labels: body(&common),
        delivery: body(&KeptDelivery { route: route.path.clone() }),
        window: window(delivery, occasion),
        due_at,
        interval: delivery.group_interval,
        escalate_at: delivery
            .escalation
            .as_ref()
            .filter(|_| occasion == Occasion::Opened)
            .map(|escalation| later(escalation.after)),
    }
}

/// A digest, and the first look at a source, gather until they are told.
fn window(delivery: &Delivery, occasion: Occasion) -> std::time::Duration {
    const GATHERS: std::time::Duration = std::time::Duration::from_secs(40 * 24 * 60 * 60);
    if occasion == Occasion::Opened { delivery.group_window } else { GATHERS }
}

/// JSON of plain data; its keys are texts, so that it cannot fail.
fn body<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default()
}
