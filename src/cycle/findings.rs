//! Drifts become findings: judged, named, sorted.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, VecDeque};

use jiff::Timestamp;
use serde_json::Value;

use crate::baseline::{Baseline, Said};
use crate::diff::fingerprint;
use crate::judge::{Context, Judgement, RuleSet, TOO_MANY_STEPS, judge as judge_one, on_deep_stack};
use crate::model::arn::is_arn;
use crate::model::{
    Attributes, Attribution, Desired, DesiredState, Drift, DriftStatus, Finding, REDACTED, ResourceKey, RuleWarning,
};

/// A rule that took too many steps so often has few on further drifts: 10,000 of them would take an hour.
const MOST_EXHAUSTED: usize = 3;

/// What drifts are judged by.
#[derive(Clone, Copy)]
pub(super) struct Verdicts<'a> {
    pub rules: &'a RuleSet,
    pub baseline: &'a Baseline,
}

/// Findings in the report's order, those that are ignored included, and what rules had to say about themselves.
pub(super) fn judge(
    desired: &DesiredState,
    drifts: Vec<Drift>,
    who: Vec<Option<Vec<Attribution>>>,
    Verdicts { rules, baseline }: Verdicts<'_>,
    now: Timestamp,
) -> (Vec<Finding>, Vec<RuleWarning>) {
    let mut drifts: Vec<_> = drifts.into_iter().zip(who).collect();
    // Which rules are left out must not depend on which account answered first.
    drifts.sort_by(|(a, _), (b, _)| (&a.scope, &a.kind, &a.id, a.desired).cmp(&(&b.scope, &b.kind, &b.id, b.desired)));
    let (judgements, mut warnings) = on_deep_stack(|| judgements(desired, &drifts, rules, now));
    let mut findings = Vec::new();
    for ((drift, who), judgement) in drifts.into_iter().zip(judgements) {
        let mut who = VecDeque::from(who.unwrap_or_default());
        let resource = resource_of(desired, &drift);
        let address = resource.map(|resource| resource.address.as_str());
        let source = |index: usize| desired.sources.get(index).map(|source| source.name.clone());
        let key = match resource {
            Some(resource) => resource.key(drift.scope.clone(), &desired.sources),
            None => ResourceKey::new(drift.scope.clone(), &drift.kind, &drift.id, None),
        };
        let fingerprint = fingerprint(&key, &drift);
        // What was not seen cannot be accepted.
        let is_seen = drift.status != DriftStatus::Unknown;
        let is_hidden = drift.changes.iter().any(|change| change.sensitive);
        let (accepted, remark) = match baseline.says(&key, &fingerprint, judgement.severity, is_hidden, now) {
            Said::Accepted(ignored) if is_seen => (Some(ignored), None),
            Said::Remark(remark) if is_seen => (None, Some(remark)),
            Said::Accepted(_) | Said::Remark(_) | Said::Nothing => (None, None),
        };
        let reason = drift.reason.clone().or_else(|| disagreement(resource?, desired));
        findings.push(Finding {
            key: key.to_string(),
            fingerprint,
            drift: drift.status,
            arn: arn(&drift),
            address: address.map(str::to_owned),
            source: resource.and_then(|resource| source(resource.source)),
            also_in: resource
                .iter()
                .flat_map(|resource| resource.also_in.iter().chain(&resource.disputed_by))
                .filter_map(|&index| source(index))
                .collect(),
            code: resource.and_then(|resource| resource.code.clone()),
            tags: tags(&drift),
            severity: judgement.severity,
            rules: judgement.rules,
            reason: [reason, remark].into_iter().flatten().reduce(|reason, remark| format!("{reason}; {remark}")),
            changes: drift.changes,
            attribution: who.pop_front(),
            other_attributions: who.into(),
            account: drift.scope.account,
            region: drift.scope.region,
            kind: drift.kind,
            id: drift.id,
            ignored: judgement.ignored.filter(|_| is_seen).or(accepted),
        });
    }
    findings.sort_by(|a, b| order(a).cmp(&order(b)));
    warnings.sort();
    warnings.dedup();
    (findings, warnings)
}

/// Two states hold one object, and are not the same.
fn disagreement(resource: &Desired, desired: &DesiredState) -> Option<String> {
    let others: Vec<_> = resource.disputed_by.iter().filter_map(|&index| desired.sources.get(index)).collect();
    let names: Vec<_> = others.iter().map(|source| source.name.as_str()).collect();
    (!names.is_empty()).then(|| format!("the states differ: {} holds it, too", names.join(", ")))
}

fn resource_of<'a>(desired: &'a DesiredState, drift: &Drift) -> Option<&'a Desired> {
    drift.desired.and_then(|index| desired.resources.get(index))
}

/// One for each drift, and what is to be told of rules.
fn judgements(
    desired: &DesiredState,
    drifts: &[(Drift, Option<Vec<Attribution>>)],
    rules: &RuleSet,
    now: Timestamp,
) -> (Vec<Judgement>, Vec<RuleWarning>) {
    let (mut judgements, mut warnings) = (Vec::new(), Vec::new());
    let mut rules = Cow::Borrowed(rules);
    let mut exhausted: HashMap<String, usize> = HashMap::new();
    for (drift, who) in drifts {
        let address = resource_of(desired, drift).map(|resource| resource.address.as_str());
        let context = Context { now, address, attributions: who.as_deref().unwrap_or_default() };
        let mut judgement = judge_one(&rules, drift, &context);
        for member in &drift.made {
            judgement.add_member(judge_one(&rules, member, &Context { address: None, ..context }));
        }
        for warning in judgement.warnings.iter().filter(|warning| warning.message == TOO_MANY_STEPS) {
            let times = exhausted.entry(warning.rule.clone()).or_default();
            *times += 1;
            if *times == MOST_EXHAUSTED {
                let message = format!("it has fewer steps for further drifts: {TOO_MANY_STEPS}");
                warnings.push(RuleWarning { rule: warning.rule.clone(), message });
                rules.to_mut().restrict(&warning.rule);
            }
        }
        warnings.append(&mut judgement.warnings);
        judgements.push(judgement);
    }
    (judgements, warnings)
}

fn order(finding: &Finding) -> impl Ord + '_ {
    let name = finding.address.as_deref().unwrap_or(&finding.id);
    (finding.severity, &finding.account, &finding.region, &finding.kind, name, &finding.id)
}

/// Tags as they are, or were declared.
fn tags(drift: &Drift) -> BTreeMap<String, String> {
    let of = |attributes: &Attributes| {
        let found = ["tags_all", "tags"].into_iter().find_map(|name| attributes.get(name)?.as_object());
        let text = |(key, value): (&String, &Value)| Some((key.clone(), value.as_str()?.to_owned()));
        let tags = found.map(|tags| tags.iter().filter_map(text).collect::<BTreeMap<_, _>>()).unwrap_or_default();
        tags.into_iter().filter(|(_, value)| value != REDACTED).collect()
    };
    let live: BTreeMap<String, String> = of(&drift.live_attributes);
    if live.is_empty() { of(&drift.desired_attributes) } else { live }
}

fn arn(drift: &Drift) -> Option<String> {
    let of = |attributes: &Attributes| attributes.get("arn").and_then(Value::as_str).map(str::to_owned);
    of(&drift.live_attributes).or_else(|| of(&drift.desired_attributes)).filter(|text| is_arn(text))
}
