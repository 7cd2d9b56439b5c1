//! Drifts become findings: judged, named, sorted.

use std::collections::VecDeque;

use jiff::Timestamp;
use serde_json::Value;

use crate::diff::fingerprint;
use crate::judge::{Context, RuleSet, judge as judge_one};
use crate::model::{Attributes, Attribution, DesiredState, Drift, DriftStatus, Finding, ResourceKey, RuleWarning};

/// Findings in the report's order, those that a rule ignores included, and what rules had to say about themselves.
pub(super) fn judge(
    desired: &DesiredState,
    drifts: Vec<Drift>,
    who: Vec<Option<Vec<Attribution>>>,
    rules: &RuleSet,
    now: Timestamp,
) -> (Vec<Finding>, Vec<RuleWarning>) {
    let (mut findings, mut warnings) = (Vec::new(), Vec::new());
    for (drift, who) in drifts.into_iter().zip(who) {
        let mut who = VecDeque::from(who.unwrap_or_default());
        let resource = drift.desired.and_then(|index| desired.resources.get(index));
        let address = resource.map(|resource| resource.address.as_str());
        let judgement = judge_one(rules, &drift, &Context { now, address, attributions: who.make_contiguous() });
        warnings.extend(judgement.warnings);
        let source = |index: usize| desired.sources.get(index).map(|source| source.name.clone());
        let key = ResourceKey::new(drift.scope.clone(), &drift.kind, &drift.id, address);
        findings.push(Finding {
            key: key.to_string(),
            fingerprint: fingerprint(&key, &drift),
            drift: drift.status,
            arn: arn(&drift),
            address: address.map(str::to_owned),
            source: resource.and_then(|resource| source(resource.source)),
            also_in: resource.iter().flat_map(|resource| &resource.also_in).filter_map(|&i| source(i)).collect(),
            code: resource.and_then(|resource| resource.code.clone()),
            severity: judgement.severity,
            rules: judgement.rules,
            reason: drift.reason,
            changes: drift.changes,
            attribution: who.pop_front(),
            other_attributions: who.into(),
            account: drift.scope.account,
            region: drift.scope.region,
            kind: drift.kind,
            id: drift.id,
            // What was not seen cannot be accepted.
            ignored: judgement.ignored.filter(|_| drift.status != DriftStatus::Unknown),
        });
    }
    findings.sort_by(|a, b| order(a).cmp(&order(b)));
    warnings.sort();
    warnings.dedup();
    (findings, warnings)
}

fn order(finding: &Finding) -> impl Ord + '_ {
    let name = finding.address.as_deref().unwrap_or(&finding.id);
    (finding.severity, &finding.account, &finding.region, &finding.kind, name, &finding.id)
}

fn arn(drift: &Drift) -> Option<String> {
    let of = |attributes: &Attributes| attributes.get("arn").and_then(Value::as_str).map(str::to_owned);
    of(&drift.live_attributes).or_else(|| of(&drift.desired_attributes)).filter(|arn| arn.starts_with("arn:"))
}
