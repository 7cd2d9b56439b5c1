//! Made-up messages for the tests of the words and of every receiver: each occasion, one finding and many, a hostile one.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::json;

use super::message::{Message, Occasion};
use super::sample::{self, EVIL, attribution, change};
use super::{Context, Group, GroupCounts, LinkOptions, News, compose};
use crate::life::{Hold, KnownFinding, Life, ReopenReason, Resolution, State, TransitionKind, finding_id};
use crate::model::Reason;
use crate::model::{Change, Channel, Confidence, DriftStatus, Finding, Severity};

pub(crate) fn now() -> Timestamp {
    "2026-01-02T14:05:00Z".parse().unwrap()
}

/// A finding as it is kept.
pub(crate) fn known(mut finding: Finding, state: State) -> KnownFinding {
    let first_seen = "2026-01-02T14:03:09Z".parse().unwrap();
    finding.fingerprint = format!("fp-{}", finding.id);
    KnownFinding {
        id: finding_id(&finding.key),
        finding,
        life: Life {
            state,
            state_since: first_seen,
            first_seen,
            last_seen: now(),
            last_checked: now(),
            serial: Some(42),
            not_seen: None,
            flips: Vec::new(),
            flapping_since: None,
        },
        revision: 1,
    }
}

/// A group of this many findings that alice opened: security groups with a door to the world.
pub(crate) fn findings(number: usize) -> Vec<KnownFinding> {
    let one = |index: usize| {
        let id = format!("sg-{index:017x}");
        let address = format!("module.network[\"prod\"].aws_security_group.web[{index}]");
        let mut finding =
            sample::finding(DriftStatus::Changed, Severity::Critical, "aws_security_group", &id, &address);
        finding.rules = vec!["ssh-open-to-world".to_owned()];
        let rule = json!({"protocol": "tcp", "from_port": 22, "to_port": 22, "cidr_blocks": ["0.0.0.0/0"]});
        finding.changes = vec![Change {
            added: Some(vec![rule.clone()]),
            removed: Some(Vec::new()),
            ..change("/ingress", json!([]), json!([rule]))
        }];
        finding.attribution = Some(attribution("alice@example.com", Confidence::Certain, Channel::Console));
        known(finding, State::Open)
    };
    (0..number).map(one).collect()
}

fn reasons() -> BTreeMap<String, Reason> {
    let why = "Anybody on the internet can try to log in.".to_owned();
    BTreeMap::from([("ssh-open-to-world".to_owned(), Reason { severity: Severity::Critical, why })])
}

/// The message of these findings.
pub(crate) fn composed(occasion: Occasion, findings: &[KnownFinding], news: &[News]) -> Message {
    let links = LinkOptions {
        code: Some("https://git.example.com/infra/blob/main/{file}#L{line}".to_owned()),
        dashboard: Some("https://driftd.example.com".to_owned()),
    };
    let labels = BTreeMap::from([("source".to_owned(), "prod".to_owned())]);
    let counts = GroupCounts::of(findings);
    let group = Group { occasion, kept: occasion, labels: &labels, findings, counts: &counts, news, now: now() };
    compose(&group, &Context { reasons: &reasons(), links: &links, show_values: true })
}

fn steps(findings: &[KnownFinding], kind: &TransitionKind) -> Vec<News> {
    findings.iter().map(|one| News::step(&one.finding, kind)).collect()
}

/// The first message of a group of this many findings.
pub(crate) fn message(number: usize) -> Message {
    let findings = findings(number);
    composed(Occasion::Opened, &findings, &steps(&findings, &TransitionKind::Opened))
}

/// Whatever a name, a reason, a value can be.
pub(crate) fn hostile() -> Message {
    let mut finding = sample::finding(DriftStatus::Changed, Severity::High, EVIL, EVIL, EVIL);
    finding.reason = Some(EVIL.to_owned());
    finding.rules = vec![EVIL.to_owned()];
    finding.source = Some(format!("<!channel> <@U1> {EVIL}"));
    finding.changes = vec![
        change("/tags/<!here>", EVIL.into(), format!("```{EVIL}```").into()),
        change("/description", "a".into(), "x".repeat(20_000).into()),
    ];
    finding.attribution = Some(attribution(EVIL, Confidence::Certain, Channel::Console));
    let findings = [known(finding, State::Open)];
    composed(Occasion::Opened, &findings, &steps(&findings, &TransitionKind::Opened))
}

/// One message of every sort, each with a name.
pub(crate) fn messages() -> Vec<(&'static str, Message)> {
    let one = findings(1);
    let mut settled = one.clone();
    settled.iter_mut().for_each(|one| {
        one.life.state = State::Resolved { how: Resolution::RevertedByHand, by: Some("bob@example.com".to_owned()) };
    });
    let mut acknowledged = one.clone();
    let hold = Hold { by: "bob".to_owned(), reason: "on it".to_owned(), fingerprint: "x".to_owned() };
    acknowledged.iter_mut().for_each(|one| one.life.state = State::Acknowledged(hold.clone()));
    let named = TransitionKind::AttributionChanged {
        from: None,
        to: Box::new(attribution("alice@example.com", Confidence::Certain, Channel::Console)),
    };
    let returned = TransitionKind::Reopened { why: ReopenReason::Returned, by: None };
    let resolved = TransitionKind::Resolved { how: Resolution::RevertedByHand, by: Some("bob@example.com".to_owned()) };
    let taken = TransitionKind::Acknowledged { by: "bob".to_owned(), reason: "on it".to_owned() };
    let mut mixed: Vec<KnownFinding> = sample::attributed()
        .findings
        .into_iter()
        .filter(|finding| finding.drift != DriftStatus::Unknown)
        .map(|finding| known(finding, State::Open))
        .collect();
    mixed.iter_mut().skip(4).for_each(|one| one.life.state = State::Acknowledged(hold.clone()));
    let failing = News::Health {
        text: "receiver oncall does not answer since 2026-01-02 13:00 UTC: it answered with 503".to_owned(),
        severity: Severity::High,
        is_over: false,
    };
    vec![
        ("one finding", message(1)),
        ("a group of twelve", message(12)),
        ("five hundred", message(500)),
        ("every kind of drift", composed(Occasion::Opened, &mixed, &steps(&mixed, &TransitionKind::Opened))),
        ("hostile", hostile()),
        ("a name that was found later", composed(Occasion::Updated, &one, &steps(&one, &named))),
        ("acknowledged", composed(Occasion::Updated, &acknowledged, &steps(&acknowledged, &taken))),
        ("returned", composed(Occasion::Updated, &one, &steps(&one, &returned))),
        ("resolved", composed(Occasion::Updated, &settled, &steps(&settled, &resolved))),
        ("a reminder", composed(Occasion::Reminder, &one, &[])),
        ("escalated", composed(Occasion::Escalated, &one, &[])),
        ("a digest", composed(Occasion::Digest, &mixed, &steps(&mixed, &TransitionKind::Opened))),
        ("a baseline", composed(Occasion::Baseline, &findings(40), &[])),
        ("health", composed(Occasion::Health, &[], &[failing])),
        ("a test", composed(Occasion::Test, &[], &[])),
    ]
}
