//! Every rule tried on the cases it carries: what `driftd rules test` runs.

use serde_json::Value;

use super::{
    expression::Scope as Variables,
    raw,
    rule::{Rule, RuleSet},
};
use crate::model::{Actor, Attributes, Attribution, Change, Drift, DriftStatus, Scope, pointer};

/// How one case came out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseResult {
    pub rule: String,
    pub case: String,
    pub passed: bool,
    /// Why the case failed; `None` when passed.
    pub problem: Option<String>,
}

/// Tries all cases of all rules, in order.
pub fn run_cases(rules: &RuleSet) -> Vec<CaseResult> {
    super::on_deep_stack(|| rules.rules.iter().flat_map(|rule| rule.cases.iter().map(|case| run(rule, case))).collect())
}

fn run(rule: &Rule, case: &raw::Case) -> CaseResult {
    let drift = drift_of(case);
    let outcome = if rule.matches.fits(&drift) {
        match &rule.when {
            Some(when) => {
                let variables = Variables::new(&drift, case.address.as_deref(), attribution_of(case).as_ref());
                when.holds(&variables, rule.most_steps)
            }
            None => Ok(true),
        }
    } else {
        Ok(false)
    };
    let problem = match outcome {
        Ok(matched) if matched == case.expect => None,
        Ok(true) => Some("matched, expected not to".to_string()),
        Ok(false) => Some("did not match, expected to".to_string()),
        Err(error) => Some(format!("failed to evaluate `when`: {error}")),
    };
    CaseResult { rule: rule.id.clone(), case: case.name.clone(), passed: problem.is_none(), problem }
}

fn drift_of(case: &raw::Case) -> Drift {
    let changes = match &case.changes {
        Some(changes) => changes.iter().map(from_raw).collect(),
        None if case.drift == DriftStatus::Changed => differences(&case.desired, &case.live),
        None => Vec::new(),
    };
    Drift {
        status: case.drift,
        kind: case.kind.clone(),
        id: "made-up".into(),
        scope: Scope::new(
            case.account.as_deref().unwrap_or("111111111111"),
            case.region.as_deref().unwrap_or("eu-central-1"),
        ),
        desired: None,
        reason: None,
        changes,
        made: Vec::new(),
        desired_attributes: case.desired.clone(),
        live_attributes: case.live.clone(),
    }
}

/// Who did it, in a case that says so.
fn attribution_of(case: &raw::Case) -> Option<Attribution> {
    let who = case.who.as_ref()?;
    let actor = who.actor.as_ref().map(|actor| Actor {
        kind: actor.kind,
        name: actor.name.clone(),
        arn: actor.arn.clone(),
        chain: actor.arn.clone().into_iter().collect(),
    });
    Some(Attribution {
        confidence: who.confidence,
        actor,
        channel: who.channel,
        mfa: who.mfa,
        cautions: who.cautions.clone(),
        ..Attribution::unknown("made up")
    })
}

fn from_raw(raw: &raw::CaseChange) -> Change {
    Change {
        path: raw.path.clone(),
        desired: raw.desired.clone(),
        live: raw.live.clone(),
        added: raw.added.clone(),
        removed: raw.removed.clone(),
        sensitive: false,
        declared: None,
    }
}

/// One change for each top-level attribute that differs; lists are taken as sets.
fn differences(desired: &Attributes, live: &Attributes) -> Vec<Change> {
    let mut names: Vec<_> = desired.keys().chain(live.keys()).collect();
    names.sort();
    names.dedup();
    names
        .into_iter()
        .filter_map(|name| {
            let (old, new) = (desired.get(name).unwrap_or(&Value::Null), live.get(name).unwrap_or(&Value::Null));
            if old == new {
                return None;
            }
            let (added, removed) = match (old, new) {
                (Value::Array(old), Value::Array(new)) => (Some(without(new, old)), Some(without(old, new))),
                _ => (None, None),
            };
            Some(Change {
                path: pointer::join("", name),
                desired: old.clone(),
                live: new.clone(),
                added,
                removed,
                sensitive: false,
                declared: None,
            })
        })
        .collect()
}

fn without(all: &[Value], out: &[Value]) -> Vec<Value> {
    all.iter().filter(|item| !out.contains(item)).cloned().collect()
}

/// A drift for tests: one kind, one change at `path` (none when empty).
#[cfg(test)]
pub(crate) fn made_up(kind: &str, drift: DriftStatus, path: &str) -> Drift {
    let change = Change {
        path: path.into(),
        desired: "a".into(),
        live: "b".into(),
        added: None,
        removed: None,
        sensitive: false,
        declared: None,
    };
    Drift {
        status: drift,
        kind: kind.into(),
        id: "id".into(),
        scope: Scope::new("111111111111", "eu-central-1"),
        desired: Some(0),
        reason: None,
        changes: if path.is_empty() { Vec::new() } else { vec![change] },
        made: Vec::new(),
        desired_attributes: Attributes::new(),
        live_attributes: Attributes::new(),
    }
}
