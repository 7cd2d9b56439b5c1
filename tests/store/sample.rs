//! Findings and outcomes to keep.

use driftd::life::{Changes, FlappingPolicy, Reconcile, reconcile};
use driftd::model::{Change, Counts, Coverage, DriftStatus, Finding, Outcome, ResourceKey, Scope, Severity, Source};
use driftd::store::{Apply, Store, StoreError};
use jiff::{Timestamp, ToSpan as _};

pub(crate) const ACCOUNT: &str = "123456789012";
pub(crate) const REGION: &str = "eu-west-1";

/// Minutes after a fixed time.
pub(crate) fn at(minutes: i64) -> Timestamp {
    "2026-03-01T12:00:00Z".parse::<Timestamp>().unwrap() + minutes.minutes()
}

/// A changed VPC of source `prod`; `value` is what differs.
pub(crate) fn finding(id: &str, value: &str) -> Finding {
    let key = ResourceKey::new(Scope::new(ACCOUNT, REGION), "aws_vpc", id, None).to_string();
    Finding {
        fingerprint: format!("{key}={value}"),
        key,
        drift: DriftStatus::Changed,
        kind: "aws_vpc".to_owned(),
        id: id.to_owned(),
        arn: None,
        address: Some(format!("aws_vpc.{id}")),
        account: ACCOUNT.to_owned(),
        region: REGION.to_owned(),
        source: Some("prod".to_owned()),
        also_in: Vec::new(),
        code: None,
        tags: std::collections::BTreeMap::new(),
        severity: Severity::High,
        rules: Vec::new(),
        reason: None,
        changes: vec![Change {
            path: "/tags/Name".to_owned(),
            desired: "a".into(),
            live: value.into(),
            added: None,
            removed: None,
            sensitive: false,
            declared: None,
        }],
        attribution: None,
        other_attributions: Vec::new(),
        ignored: None,
    }
}

/// A sweep of one region that saw everything.
pub(crate) fn outcome(minutes: i64, findings: Vec<Finding>) -> Outcome {
    let row = |kind: &str| Coverage {
        scope: Scope::new(ACCOUNT, REGION),
        kind: kind.to_owned(),
        resources: None,
        unmanaged: true,
        complete: true,
        oldest_read: None,
    };
    Outcome {
        id: format!("scan-{minutes}"),
        driftd_version: "0.1.0".to_owned(),
        started_at: at(minutes),
        finished_at: at(minutes),
        sources: vec![Source {
            name: "prod".to_owned(),
            location: "prod.tfstate".to_owned(),
            serial: Some(3),
            lineage: Some("l".to_owned()),
            resources: 2,
            other_providers: Default::default(),
            foreign_providers: Default::default(),
            terraform_version: None,
            in_flight: false,
            warnings: Vec::new(),
        }],
        accounts: [ACCOUNT.to_owned()].into(),
        regions: [REGION.to_owned()].into(),
        coverage: vec![row("aws_instance"), row("aws_vpc")],
        findings,
        gaps: Vec::new(),
        counts: Counts::default(),
        api_calls: 7,
        folded: Default::default(),
        activity: Vec::new(),
        rule_warnings: Vec::new(),
        unmapped: Default::default(),
    }
}

/// What follows from an outcome.
pub(crate) async fn changes(store: &Store, outcome: &Outcome) -> Changes {
    let known = store.finding_known(outcome, None).await.unwrap();
    let seen_before = store.seen_before(outcome).await.unwrap();
    let resolutions = Default::default();
    let flapping = FlappingPolicy::default();
    let now = outcome.finished_at;
    let with = Reconcile {
        outcome,
        flapping: &flapping,
        seen_before: &seen_before,
        declared: None,
        resolutions: &resolutions,
        now,
    };
    reconcile(&known, &with)
}

/// Reconciles and keeps, as the daemon does.
pub(crate) async fn keep(store: &Store, outcome: &Outcome) -> Result<Changes, StoreError> {
    let changes = changes(store, outcome).await;
    let apply = Apply { outcome: Some(outcome), changes: Some(&changes), ..Apply::at(outcome.finished_at) };
    store.apply(&apply).await.map(|()| changes)
}
