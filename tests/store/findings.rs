//! Findings, their history and how they are found again.

use driftd::life::{StateName, TransitionKind, expire, finding_id, operation};
use driftd::model::{DriftStatus, Severity};
use driftd::store::{Apply, FindingFilter, StoreError};

use crate::sample::{at, changes, finding, keep, outcome};
use crate::{World, on_both};

on_both!(
    a_life_is_kept_as_it_was_lived,
    a_finding_that_somebody_else_changed_is_not_overwritten,
    a_finding_is_not_opened_twice,
    the_list_filters_and_sorts,
    a_finding_is_named_by_a_unique_prefix,
    what_ends_by_itself_is_found,
    the_first_sweep_is_a_baseline,
    all_or_nothing,
);

async fn a_life_is_kept_as_it_was_lived(world: &World) {
    let store = &world.store;
    let opened = keep(store, &outcome(0, vec![finding("vpc-1", "b"), finding("vpc-2", "b")])).await.unwrap();
    assert_eq!(opened.findings.len(), 2);
    keep(store, &outcome(5, vec![finding("vpc-1", "b"), finding("vpc-2", "c")])).await.unwrap();
    keep(store, &outcome(10, vec![finding("vpc-1", "b")])).await.unwrap();

    let id = finding_id(&finding("vpc-2", "b").key);
    let known = store.finding_show(&id).await.unwrap();
    assert_eq!((known.life.state.name(), known.life.first_seen, known.revision), (StateName::Resolved, at(0), 3));
    assert_eq!(known.finding, finding("vpc-2", "c"));
    let history = store.history_of(&id).await.unwrap();
    let steps: Vec<_> = history.iter().map(|entry| entry.transition.kind.as_str()).collect();
    assert_eq!(steps, ["opened", "content_changed", "resolved"]);
    // Seen again and the same: no step, but the time is kept.
    let same = store.finding_show(&finding_id(&finding("vpc-1", "b").key)).await.unwrap();
    assert_eq!((same.life.last_seen, same.life.first_seen), (at(10), at(0)));
    let scans = store.scan_list(10).await.unwrap();
    assert_eq!(
        scans.iter().map(|scan| (scan.id.as_str(), scan.changed)).collect::<Vec<_>>(),
        [("scan-10", 1), ("scan-5", 2), ("scan-0", 2)]
    );
}

async fn a_finding_that_somebody_else_changed_is_not_overwritten(world: &World) {
    let store = &world.store;
    keep(store, &outcome(0, vec![finding("vpc-1", "b")])).await.unwrap();
    let again = outcome(5, vec![finding("vpc-1", "c")]);
    let late = changes(store, &again).await;
    let known = store.finding_show(&late.findings[0].id).await.unwrap();
    let acknowledged = operation::acknowledge(&known, "alice", "mine", at(4)).unwrap();
    let apply = Apply { changes: Some(&acknowledged), ..Apply::at(at(4)) };
    store.apply(&apply).await.unwrap();

    let refused = store.apply(&Apply { outcome: Some(&again), changes: Some(&late), ..Apply::at(at(5)) }).await;
    assert!(matches!(&refused, Err(StoreError::Conflict { id }) if *id == known.id), "{refused:?}");
    assert_eq!(store.scan_list(10).await.unwrap().len(), 1, "nothing of the refused outcome was kept");
    // Read again and reconciled anew, the acknowledgement is seen; it does not hold for the new content.
    let anew = keep(store, &again).await.unwrap();
    assert!(matches!(anew.transitions[0].kind, TransitionKind::Reopened { .. }));
}

async fn a_finding_is_not_opened_twice(world: &World) {
    let first = outcome(0, vec![finding("vpc-1", "b")]);
    let one = changes(&world.store, &first).await;
    let other = changes(&world.store, &first).await;
    world.store.apply(&Apply { changes: Some(&one), ..Apply::at(at(0)) }).await.unwrap();
    let refused = world.another().await.apply(&Apply { changes: Some(&other), ..Apply::at(at(0)) }).await;
    assert!(matches!(refused, Err(StoreError::Conflict { .. })));
    assert_eq!(world.store.history_of(&one.findings[0].id).await.unwrap().len(), 1);
}

async fn the_list_filters_and_sorts(world: &World) {
    let store = &world.store;
    let mut low = finding("vpc-1", "b");
    low.severity = Severity::Low;
    let mut critical = finding("vpc-3", "b");
    (critical.severity, critical.drift, critical.source) = (Severity::Critical, DriftStatus::Unmanaged, None);
    keep(store, &outcome(0, vec![critical, finding("vpc-2", "b"), low])).await.unwrap();
    let list = async |filter: FindingFilter| {
        let found = store.finding_list(&filter).await.unwrap();
        found.into_iter().map(|known| known.finding.id).collect::<Vec<_>>()
    };
    assert_eq!(list(FindingFilter::default()).await, ["vpc-3", "vpc-2", "vpc-1"]);
    let worst = vec![Severity::Critical, Severity::Low];
    assert_eq!(list(FindingFilter { severities: worst, ..Default::default() }).await, ["vpc-3", "vpc-1"]);
    let unmanaged = vec![DriftStatus::Unmanaged];
    assert_eq!(list(FindingFilter { drifts: unmanaged, ..Default::default() }).await, ["vpc-3"]);
    let of_prod = FindingFilter { sources: vec!["prod".into()], states: vec![StateName::Open], ..Default::default() };
    assert_eq!(store.finding_count(&of_prod).await.unwrap(), 2);
    assert_eq!(list(FindingFilter { limit: Some(1), offset: 1, ..of_prod }).await, ["vpc-1"]);
    let elsewhere = FindingFilter { regions: vec!["us-east-1".into()], ..Default::default() };
    assert_eq!(list(elsewhere).await, [""; 0]);
}

async fn a_finding_is_named_by_a_unique_prefix(world: &World) {
    let store = &world.store;
    // Among 40 ids of hexadecimal digits, two begin alike.
    let findings = (0..40).map(|number| finding(&format!("vpc-{number}"), "b")).collect();
    keep(store, &outcome(0, findings)).await.unwrap();
    let all = store.finding_list(&FindingFilter::default()).await.unwrap();
    let first = |known: &driftd::life::KnownFinding| known.id[..1].to_owned();
    let twice = all.iter().find(|one| all.iter().filter(|other| first(one) == first(other)).count() > 1).unwrap();
    let refused = store.finding_show(&first(twice)).await;
    assert!(matches!(refused, Err(StoreError::Ambiguous { candidates, .. }) if candidates.len() > 1));
    let shown = store.finding_show(&twice.id[..12].to_uppercase()).await.unwrap();
    assert_eq!(shown, *twice);
    for wrong in ["", "zz", "' OR 1=1", "ffffffffffffffff0"] {
        assert!(matches!(store.finding_show(wrong).await, Err(StoreError::NotFound { .. })), "{wrong}");
    }
}

async fn what_ends_by_itself_is_found(world: &World) {
    let store = &world.store;
    let opened = keep(store, &outcome(0, vec![finding("vpc-1", "b"), finding("vpc-2", "b")])).await.unwrap();
    let known = store.finding_show(&opened.findings[0].id).await.unwrap();
    let snoozed = operation::snooze(&known, "alice", "", at(60), at(1)).unwrap();
    store.apply(&Apply { changes: Some(&snoozed), ..Apply::at(at(1)) }).await.unwrap();
    assert_eq!(store.finding_expiring(at(59)).await.unwrap(), []);
    let due = store.finding_expiring(at(60)).await.unwrap();
    assert_eq!(due.len(), 1);
    let woken = expire(&due, &Default::default(), at(60));
    store.apply(&Apply { changes: Some(&woken), ..Apply::at(at(60)) }).await.unwrap();
    assert_eq!(store.finding_show(&known.id).await.unwrap().life.state.name(), StateName::Open);
    assert_eq!(store.finding_expiring(at(61)).await.unwrap(), []);
}

async fn the_first_sweep_is_a_baseline(world: &World) {
    let store = &world.store;
    // A read of one resource comes before the first sweep, and does not use the baseline up.
    let mut single = outcome(0, vec![finding("vpc-1", "b")]);
    single.coverage = vec![driftd::model::Coverage {
        resources: Some(vec![single.findings[0].key.clone()]),
        ..single.coverage[1].clone()
    }];
    let is_baseline =
        |changes: driftd::life::Changes| changes.transitions.iter().map(|step| step.baseline).collect::<Vec<_>>();
    assert_eq!(is_baseline(keep(store, &single).await.unwrap()), [true]);
    let mut unmanaged = finding("vpc-9", "b");
    (unmanaged.drift, unmanaged.source) = (DriftStatus::Unmanaged, None);
    let first = outcome(5, vec![finding("vpc-1", "b"), finding("vpc-2", "b"), unmanaged.clone()]);
    assert_eq!(is_baseline(keep(store, &first).await.unwrap()), [true, true]);
    let mut another = unmanaged.clone();
    (another.id, another.key) = ("vpc-8".to_owned(), another.key.replace("vpc-9", "vpc-8"));
    // Scopes are swept one by one: in each, what is there when its turn comes is a baseline.
    let elsewhere = driftd::model::Finding {
        region: "us-east-1".to_owned(),
        key: finding("vpc-7", "b").key.replace(crate::sample::REGION, "us-east-1"),
        ..finding("vpc-7", "b")
    };
    let mut next_scope = outcome(6, vec![elsewhere]);
    next_scope.coverage.iter_mut().for_each(|row| row.scope.region = "us-east-1".to_owned());
    assert_eq!(is_baseline(keep(store, &next_scope).await.unwrap()), [true]);
    let second = outcome(10, vec![finding("vpc-1", "b"), finding("vpc-3", "b"), unmanaged, another]);
    let steps = keep(store, &second).await.unwrap();
    let opened: Vec<_> = steps.transitions.iter().filter(|step| step.kind == TransitionKind::Opened).collect();
    assert_eq!(opened.iter().map(|step| step.baseline).collect::<Vec<_>>(), [false, false]);
    let coverage = store.coverage_list().await.unwrap();
    let ages: Vec<_> = coverage
        .iter()
        .filter(|age| age.scope.region == crate::sample::REGION)
        .map(|age| (age.kind.as_str(), age.complete_at, age.unmanaged_at))
        .collect();
    assert_eq!(ages, [("aws_instance", Some(at(10)), Some(at(10))), ("aws_vpc", Some(at(10)), Some(at(10)))]);
}

/// A transaction that fails in its last statement leaves nothing.
async fn all_or_nothing(world: &World) {
    let store = &world.store;
    let first = outcome(0, vec![finding("vpc-1", "b")]);
    let changes = changes(store, &first).await;
    let mut twice = changes.clone();
    twice.findings.push(changes.findings[0].clone());
    let notice = driftd::store::NewNotice {
        receiver: "ops".to_owned(),
        group: None,
        dedupe_key: "n".to_owned(),
        payload: "{}".to_owned(),
        next_try: at(0),
    };
    let apply = Apply {
        outcome: Some(&first),
        changes: Some(&twice),
        notices: std::slice::from_ref(&notice),
        ..Apply::at(at(0))
    };
    assert!(matches!(store.apply(&apply).await, Err(StoreError::Conflict { .. })));
    assert!(store.scan_list(1).await.unwrap().is_empty() && store.source_list().await.unwrap().is_empty());
    assert!(store.finding_list(&FindingFilter::default()).await.unwrap().is_empty());
    assert!(store.coverage_list().await.unwrap().is_empty() && store.notice_count().await.unwrap().is_empty());
    store.apply(&Apply { changes: Some(&changes), ..apply }).await.unwrap();
    assert_eq!(store.notice_count().await.unwrap().len(), 1);
}
