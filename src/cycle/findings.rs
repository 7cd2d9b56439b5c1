//! Drifts become findings: judged, named, sorted.

use std::collections::VecDeque;

use jiff::Timestamp;
use serde_json::Value;

use crate::diff::fingerprint;
use crate::judge::{Context, RuleSet, RuleWarning, judge as judge_one};
use crate::model::report::Finding;
use crate::model::{Attribution, DesiredState, Drift, DriftStatus};

/// Findings in the report's order, the number of those that rules ignore, and what rules had to say about themselves.
pub(super) fn judge(
    desired: &DesiredState,
    drifts: Vec<Drift>,
    who: Vec<Option<Vec<Attribution>>>,
    rules: &RuleSet,
    now: Timestamp,
) -> (Vec<Finding>, u64, Vec<RuleWarning>) {
    let (mut findings, mut ignored, mut warnings) = (Vec::new(), 0, Vec::new());
    for (drift, who) in drifts.into_iter().zip(who) {
        let mut who = VecDeque::from(who.unwrap_or_default());
        let resource = drift.desired.and_then(|index| desired.resources.get(index));
        let address = resource.map(|resource| resource.address.as_str());
        let judgement = judge_one(rules, &drift, &Context { now, address, attributions: who.make_contiguous() });
        warnings.extend(judgement.warnings);
        if judgement.ignored.is_some() && drift.status != DriftStatus::Unknown {
            // The contract counts the desired ones.
            ignored += u64::from(drift.desired.is_some());
            continue;
        }
        let source = |index: usize| desired.sources.get(index).map(|source| source.name.clone());
        findings.push(Finding {
            fingerprint: fingerprint(&drift, address),
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
        });
    }
    findings.sort_by(|a, b| key(a).cmp(&key(b)));
    warnings.sort();
    warnings.dedup();
    (findings, ignored, warnings)
}

fn key(finding: &Finding) -> impl Ord + '_ {
    let name = finding.address.as_deref().unwrap_or(&finding.id);
    (finding.severity, &finding.account, &finding.region, &finding.kind, name, &finding.id)
}

fn arn(drift: &Drift) -> Option<String> {
    let of = |attributes: &crate::model::Attributes| attributes.get("arn").and_then(Value::as_str).map(str::to_owned);
    of(&drift.live_attributes).or_else(|| of(&drift.desired_attributes)).filter(|arn| arn.starts_with("arn:"))
}
