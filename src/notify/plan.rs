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
        // What came and went is told when it stays, and that it comes and goes: those who knew of it may have been told that it was over.
        TransitionKind::FlappingBegan | TransitionKind::FlappingEnded if is_open => Concerns::Routed,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::life::{Hold, Resolution, State, StateName};
    use crate::model::Severity;
    use crate::wording::samples;

    /// What is planned for one finding in a state that took this step: receiver, occasion and labels; `told`: those who know of it.
    fn planned(state: &State, kind: TransitionKind, change: impl Fn(&mut Transition)) -> Vec<String> {
        let mut known = samples::findings(1).remove(0);
        known.life.state = state.clone();
        let mut step = Transition {
            finding_id: known.id.clone(),
            key: known.finding.key.clone(),
            at: samples::now(),
            kind,
            was: Some(StateName::Open),
            state: state.name(),
            baseline: false,
            suppressed: false,
        };
        change(&mut step);
        let changes = Changes { findings: vec![known], transitions: vec![step] };
        let route = Route::to_all(vec!["ops".to_owned()]);
        let plan = plan(&changes, Some(&route), &Owners::default(), samples::now());
        let said = |alert: &NewAlert| match &alert.group {
            Some(group) => format!("{} {} {}", group.receiver, group.occasion, group.labels),
            None => "told".to_owned(),
        };
        let not_told = plan.not_told.keys().map(|why| format!("nobody: {}", why.as_str()));
        plan.alerts.iter().map(said).chain(not_told).collect()
    }

    fn hold() -> State {
        State::Acknowledged(Hold { by: "ana".to_owned(), reason: String::new(), fingerprint: String::new() })
    }

    #[test]
    fn what_opens_is_routed_and_what_becomes_of_it_goes_to_those_who_know() {
        let same = |_: &mut Transition| {};
        let of_alice = r#"ops opened {"account":"111111111111","actor":"alice@example.com","source":"prod"}"#;
        assert_eq!(planned(&State::Open, TransitionKind::Opened, same), [of_alice]);
        let worse = TransitionKind::SeverityChanged { from: Severity::Low, to: Severity::Critical };
        assert_eq!(planned(&State::Open, worse, same), [of_alice]);
        let milder = TransitionKind::SeverityChanged { from: Severity::Critical, to: Severity::Low };
        assert_eq!(planned(&State::Open, milder, same), ["told"]);
        let taken = TransitionKind::Acknowledged { by: "ana".to_owned(), reason: String::new() };
        assert_eq!(planned(&hold(), taken, same), ["told"]);
        let how = Resolution::RevertedByHand;
        let over = TransitionKind::Resolved { how, by: None };
        assert_eq!(planned(&State::Resolved { how, by: None }, over, same), ["told"]);
    }

    #[test]
    fn a_first_look_is_told_as_one_and_what_flaps_is_not() {
        let first = planned(&State::Open, TransitionKind::Opened, |step| step.baseline = true);
        assert_eq!(first, [r#"ops baseline {"source":"prod"}"#]);
        let flaps = planned(&State::Open, TransitionKind::Opened, |step| step.suppressed = true);
        assert_eq!(flaps, ["nobody: flapping"]);
        // It came and went; then it stayed. Those who knew of it were told that it was over.
        for step in [TransitionKind::FlappingBegan, TransitionKind::FlappingEnded] {
            assert!(planned(&State::Open, step.clone(), |_| {})[0].starts_with("ops opened"), "{step:?}");
            let over = State::Resolved { how: Resolution::RevertedByHand, by: None };
            assert_eq!(planned(&over, step, |_| {}), ["told"]);
        }
        // Somebody accepted it before it was seen.
        assert_eq!(planned(&hold(), TransitionKind::Opened, |_| {}), ["nobody: unchanged"]);
    }
}
