//! Findings and outcomes of one region, made short.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{Timestamp, ToSpan as _};

use crate::life::{Changes, FlappingPolicy, KnownFinding, Reconcile, Resolution, SeenBefore, finding_id, reconcile};
use crate::model::{
    Actor, ActorType, Attribution, Confidence, Counts, Coverage, DriftStatus, Finding, Gap, GapReason, GapScope,
    Outcome, ResourceKey, Scope, Severity, Source,
};

pub(crate) const ACCOUNT: &str = "123456789012";
pub(crate) const REGION: &str = "eu-west-1";

/// Minutes after a fixed time.
pub(crate) fn at(minutes: i64) -> Timestamp {
    "2026-03-01T12:00:00Z".parse::<Timestamp>().unwrap() + minutes.minutes()
}

pub(crate) fn scope() -> Scope {
    Scope::new(ACCOUNT, REGION)
}

/// A finding; one that is unmanaged has no source, any other is of `prod`. `content` stands for what differs.
pub(crate) fn finding(kind: &str, id: &str, drift: DriftStatus, content: &str) -> Finding {
    let key = ResourceKey::new(scope(), kind, id, None).to_string();
    let is_declared = drift != DriftStatus::Unmanaged;
    Finding {
        fingerprint: format!("{key} {} {content}", drift.as_str()),
        key,
        drift,
        kind: kind.to_owned(),
        id: id.to_owned(),
        arn: None,
        address: is_declared.then(|| format!("{kind}.x")),
        account: ACCOUNT.to_owned(),
        region: REGION.to_owned(),
        source: is_declared.then(|| "prod".to_owned()),
        also_in: Vec::new(),
        code: None,
        tags: std::collections::BTreeMap::new(),
        severity: Severity::Medium,
        rules: Vec::new(),
        reason: None,
        changes: Vec::new(),
        attribution: None,
        other_attributions: Vec::new(),
        ignored: None,
    }
}

/// A VPC that differs.
pub(crate) fn vpc(content: &str) -> Finding {
    finding("aws_vpc", "vpc-0a1b2c3d", DriftStatus::Changed, content)
}

pub(crate) fn by(name: &str) -> Attribution {
    let actor = Actor { kind: ActorType::Person, name: name.to_owned(), arn: None, chain: Vec::new() };
    Attribution { actor: Some(actor), confidence: Confidence::Likely, ..Attribution::unknown("x") }
}

pub(crate) fn row(kind: &str) -> Coverage {
    Coverage {
        scope: scope(),
        kind: kind.to_owned(),
        resources: None,
        unmanaged: true,
        complete: true,
        oldest_read: None,
    }
}

pub(crate) fn gap(reason: GapReason, scope: GapScope) -> Gap {
    Gap { reason, scope, detail: "no answer".to_owned() }
}

/// A sweep of VPCs and machines that saw everything.
pub(crate) fn sweep(minutes: i64, findings: Vec<Finding>) -> Outcome {
    Outcome {
        id: minutes.to_string(),
        driftd_version: "0".to_owned(),
        started_at: at(minutes),
        finished_at: at(minutes),
        sources: vec![source("prod", 1)],
        accounts: [ACCOUNT.to_owned()].into(),
        regions: [REGION.to_owned()].into(),
        coverage: vec![row("aws_instance"), row("aws_vpc")],
        findings,
        gaps: Vec::new(),
        counts: Counts::default(),
        api_calls: 0,
        folded: BTreeMap::new(),
        activity: Vec::new(),
        rule_warnings: Vec::new(),
        unmapped: BTreeSet::new(),
    }
}

pub(crate) fn source(name: &str, serial: u64) -> Source {
    Source {
        name: name.to_owned(),
        location: format!("{name}.tfstate"),
        serial: Some(serial),
        lineage: None,
        resources: 0,
        other_providers: BTreeMap::new(),
        foreign_providers: BTreeMap::new(),
        terraform_version: None,
        in_flight: false,
        warnings: Vec::new(),
    }
}

/// What is kept, and everything that happened.
#[derive(Default)]
pub(crate) struct Memory {
    pub(crate) known: BTreeMap<String, KnownFinding>,
    pub(crate) seen_before: SeenBefore,
    pub(crate) flapping: FlappingPolicy,
    pub(crate) declared: Option<BTreeSet<String>>,
    pub(crate) resolutions: BTreeMap<String, (Resolution, Option<String>)>,
}

impl Memory {
    /// Keeps what a step changed; the words of the transitions, those that are suppressed in brackets.
    pub(crate) fn keep(&mut self, changes: &Changes) -> Vec<String> {
        for known in &changes.findings {
            self.known.insert(known.id.clone(), known.clone());
        }
        let words = changes.transitions.iter().map(|step| {
            let word = step.kind.as_str();
            if step.suppressed { format!("({word})") } else { word.to_owned() }
        });
        words.collect()
    }

    pub(crate) fn reconcile(&mut self, outcome: &Outcome) -> Changes {
        let known: Vec<_> = self.known.values().cloned().collect();
        let with = Reconcile {
            outcome,
            flapping: &self.flapping,
            seen_before: &self.seen_before,
            declared: self.declared.as_ref(),
            resolutions: &self.resolutions,
            now: outcome.finished_at,
        };
        reconcile(&known, &with)
    }

    pub(crate) fn see(&mut self, outcome: &Outcome) -> Vec<String> {
        let changes = self.reconcile(outcome);
        self.keep(&changes)
    }

    pub(crate) fn get(&self, finding: &Finding) -> &KnownFinding {
        &self.known[&finding_id(&finding.key)]
    }
}
