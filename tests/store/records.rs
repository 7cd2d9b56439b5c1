//! What is simply kept and read again: sources, cursors, proposals, the audit log; and what is forgotten.

use std::time::Duration;

use driftd::life::close_source;
use driftd::store::{
    Apply, AuditEntry, FindingFilter, NewNotice, Proposal, ProposalState, Pruned, Retention, StoredEvent,
};

use crate::sample::{ACCOUNT, REGION, at, finding, keep, outcome};
use crate::{World, on_both};

on_both!(
    sources_are_remembered,
    cursors_are_moved,
    proposals_hold_for_one_content,
    the_audit_log_grows,
    what_is_old_is_forgotten,
    gaps_and_scans_are_read_again,
);

async fn sources_are_remembered(world: &World) {
    let store = &world.store;
    keep(store, &outcome(5, vec![finding("vpc-1", "b")])).await.unwrap();
    store.source_stamp("prod", "etag-1").await.unwrap();
    let mut older = outcome(1, Vec::new());
    older.sources[0].serial = Some(1);
    store.apply(&Apply { outcome: Some(&older), ..Apply::at(at(6)) }).await.unwrap();
    let source = &store.source_list().await.unwrap()[0];
    assert_eq!((source.name.as_str(), source.serial, source.stamp.as_deref()), ("prod", Some(3), Some("etag-1")));
    assert_eq!((source.last_read, source.last_compared), (at(5), Some(at(5))));

    let findings = store.finding_of_source("prod").await.unwrap();
    let closed = close_source(&findings, "prod", None, at(7));
    store.apply(&Apply { changes: Some(&closed), ..Apply::at(at(7)) }).await.unwrap();
    store.source_remove("prod").await.unwrap();
    assert!(store.source_list().await.unwrap().is_empty());
    assert!(store.finding_of_source("prod").await.unwrap().is_empty());
}

async fn cursors_are_moved(world: &World) {
    let store = &world.store;
    assert_eq!(store.cursor_get("trail").await.unwrap(), None);
    store.cursor_set("trail", "1", at(0)).await.unwrap();
    store.cursor_set("trail", "2", at(1)).await.unwrap();
    assert_eq!(world.another().await.cursor_get("trail").await.unwrap().as_deref(), Some("2"));
}

async fn proposals_hold_for_one_content(world: &World) {
    let store = &world.store;
    let proposal = |fingerprint: &str, state, url: Option<&str>| Proposal {
        key: "k".to_owned(),
        fingerprint: fingerprint.to_owned(),
        state,
        url: url.map(str::to_owned),
    };
    let url = Some("https://git.example/pull/1");
    store.proposal_upsert(&proposal("a", ProposalState::Open, url), at(0)).await.unwrap();
    store.proposal_upsert(&proposal("a", ProposalState::Rejected, None), at(1)).await.unwrap();
    store.proposal_upsert(&proposal("b", ProposalState::Open, None), at(2)).await.unwrap();
    let expected = [proposal("a", ProposalState::Rejected, url), proposal("b", ProposalState::Open, None)];
    assert_eq!(store.proposal_list("k").await.unwrap(), expected);
    assert_eq!(store.proposal_in_state(ProposalState::Open).await.unwrap(), expected[1..]);
}

async fn the_audit_log_grows(world: &World) {
    let store = &world.store;
    let entry = |subject: &str| AuditEntry {
        actor: "alice".to_owned(),
        action: "finding.acknowledge".to_owned(),
        subject: subject.to_owned(),
        detail: "'; DROP TABLE audit; --".to_owned(),
    };
    for (minutes, audit) in [(0, vec![entry("1"), entry("2")]), (1, vec![entry("3")])] {
        store.apply(&Apply { audit: &audit, ..Apply::at(at(minutes)) }).await.unwrap();
    }
    for minutes in [2, 3] {
        store.audit_once(&entry("once"), at(minutes)).await.unwrap();
    }
    assert_eq!(store.audit_list(9).await.unwrap().len(), 4);
    let log = store.audit_list(3).await.unwrap().split_off(1);
    assert_eq!(log.iter().map(|record| &record.entry).collect::<Vec<_>>(), [&entry("3"), &entry("2")]);
    assert_eq!(log[0].at, at(1));
}

async fn what_is_old_is_forgotten(world: &World) {
    let store = &world.store;
    let notice = |key: &str| NewNotice {
        receiver: "ops".to_owned(),
        group: None,
        dedupe_key: key.to_owned(),
        payload: String::new(),
        next_try: at(0),
    };
    let both = outcome(0, vec![finding("vpc-1", "b"), finding("vpc-2", "b")]);
    keep(store, &both).await.unwrap();
    keep(store, &outcome(1, vec![finding("vpc-1", "b")])).await.unwrap();
    store.apply(&Apply { notices: &[notice("sent"), notice("waits")], ..Apply::at(at(0)) }).await.unwrap();
    let taken = store.notice_take("ops", at(0), at(1), 1).await.unwrap();
    store.notice_sent(&taken[0], None, at(1)).await.unwrap();
    let event = StoredEvent {
        id: "e".to_owned(),
        time: at(0),
        name: "x".to_owned(),
        source: "x".to_owned(),
        account: ACCOUNT.to_owned(),
        region: REGION.to_owned(),
        actor: "x".to_owned(),
        resources: vec!["vpc-1".to_owned()],
        error_code: Some("AccessDenied".to_owned()),
        record: serde_json::Value::Null,
    };
    store.event_insert(&[event], &[]).await.unwrap();
    let hour = Duration::from_secs(60 * 60);
    let retention = Retention {
        resolved_findings: hour,
        history: hour,
        scans: hour,
        events: hour,
        notices: hour,
        proposals: hour,
        audit: Duration::MAX,
    };
    assert_eq!(store.prune(at(60), &retention).await.unwrap(), Pruned::default());
    let expected = Pruned { resolved_findings: 1, history: 3, scans: 2, events: 1, notices: 1, ..Pruned::default() };
    assert_eq!(store.prune(at(62), &retention).await.unwrap(), expected);
    let left = store.finding_list(&FindingFilter::default()).await.unwrap();
    assert_eq!(left.iter().map(|known| known.finding.id.as_str()).collect::<Vec<_>>(), ["vpc-1"]);
    assert!(store.event_list("vpc-1", at(0)).await.unwrap().is_empty());
    assert_eq!(store.notice_count().await.unwrap().len(), 1, "what waits is never too old");
}

async fn gaps_and_scans_are_read_again(world: &World) {
    let store = &world.store;
    let mut seen = outcome(0, vec![finding("vpc-1", "b")]);
    seen.gaps.push(driftd::model::Gap {
        reason: driftd::model::GapReason::Denied,
        scope: driftd::model::GapScope { kind: Some("aws_subnet".to_owned()), ..Default::default() },
        detail: "no".to_owned(),
    });
    keep(store, &seen).await.unwrap();
    let scan = &store.scan_list(1).await.unwrap()[0];
    assert_eq!((&scan.gaps, &scan.coverage, &scan.sources), (&seen.gaps, &seen.coverage, &seen.sources));
    assert_eq!((scan.changed, scan.unknown, scan.api_calls), (1, 0, 7));
}
