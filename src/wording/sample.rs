//! Made-up reports for the tests of the renderers: a rich one (with and without attribution), a clean one, a hostile one.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::model::{
    ActivityRecord, Actor, ActorType, Attribution, Caution, Change, Channel, CodePosition, Confidence, Coverage,
    DriftStatus, EventRef, Gap, GapReason, GapScope, Scope, Source,
    report::{Finding, Report, Scan, Severity, Summary},
};

/// A hostile name of a resource.
pub(crate) const EVIL: &str = "x\u{1b}[31m\u{202e}<script>alert(1)</script><img src=x>|`@everyone`\n# [a](http://evil.example)\u{9b}\u{200b}]]>\u{7}\u{e0041}";

/// Characters that no format may let through.
pub(crate) const EVIL_CHARACTERS: &[char] = &['\u{1b}', '\u{202e}', '\u{9b}', '\u{200b}', '\u{7}', '\u{e0041}'];

fn source(name: &str, resources: u64) -> Source {
    Source {
        name: name.into(),
        location: format!("s3://tfstate/{name}.tfstate"),
        serial: Some(42),
        lineage: None,
        resources,
        other_providers: BTreeMap::new(),
        foreign_providers: BTreeMap::new(),
        terraform_version: None,
        in_flight: false,
        warnings: Vec::new(),
    }
}

fn report(sources: Vec<Source>, summary: Summary, findings: Vec<Finding>, gaps: Vec<Gap>) -> Report {
    let coverage = coverage(gaps.is_empty());
    Report {
        schema_version: "1",
        scan: Scan {
            id: "01970000-0000-7000-8000-000000000000".into(),
            driftd_version: "0.1.0".into(),
            started_at: "2026-11-23T10:00:00Z".into(),
            finished_at: "2026-11-23T10:00:07Z".into(),
            complete: gaps.is_empty(),
            sources,
            accounts: vec!["111111111111".into()],
            regions: vec!["eu-central-1".into(), "us-east-1".into()],
            api_calls: 87,
            other_providers: BTreeMap::new(),
        },
        summary,
        findings,
        gaps,
        coverage,
    }
}

/// A kind that was listed, and one of which a single resource was read.
fn coverage(complete: bool) -> Vec<Coverage> {
    let scope = Scope::new("111111111111", "eu-central-1");
    let of = |kind: &str, resources: Option<Vec<String>>| Coverage {
        scope: scope.clone(),
        kind: kind.into(),
        unmanaged: resources.is_none(),
        complete: complete || resources.is_some(),
        oldest_read: None,
        resources,
    };
    let one = "111111111111/eu-central-1/aws_vpc/vpc-1".to_owned();
    vec![of("aws_security_group", None), of("aws_vpc", Some(vec![one]))]
}

pub(crate) fn clean() -> Report {
    let summary = Summary { desired: 12, live: 14, in_sync: 12, ..Summary::default() };
    report(vec![source("prod", 12)], summary, Vec::new(), Vec::new())
}

/// Clean, with resources of other providers in its source.
pub(crate) fn mixed() -> Report {
    let mut report = clean();
    let providers = [("registry.terraform.io/hashicorp/random", 2), ("null", 1), ("h.example/a/<b>\u{1b}", 1)];
    report.scan.other_providers = providers.map(|(name, number)| (name.to_owned(), number)).into();
    let source = &mut report.scan.sources[0];
    source.resources += 4;
    source.other_providers.clone_from(&report.scan.other_providers);
    report
}

pub(crate) fn finding(drift: DriftStatus, severity: Severity, kind: &str, id: &str, address: &str) -> Finding {
    Finding {
        key: format!("111111111111/eu-central-1/{kind}/{id}"),
        fingerprint: format!("fp-{kind}-{id}"),
        ignored: None,
        drift,
        kind: kind.into(),
        id: id.into(),
        arn: None,
        address: (!address.is_empty()).then(|| address.into()),
        account: "111111111111".into(),
        region: "eu-central-1".into(),
        source: (!address.is_empty()).then(|| "prod".into()),
        also_in: Vec::new(),
        code: None,
        tags: std::collections::BTreeMap::new(),
        severity,
        rules: Vec::new(),
        reason: None,
        changes: Vec::new(),
        attribution: None,
        other_attributions: Vec::new(),
    }
}

pub(crate) fn attribution(name: &str, confidence: Confidence, channel: Channel) -> Attribution {
    let arn = format!("arn:aws:sts::111111111111:assumed-role/admin/{name}");
    Attribution {
        confidence,
        channel,
        actor: Some(Actor { kind: ActorType::Person, name: name.into(), arn: Some(arn.clone()), chain: vec![arn] }),
        time: Some("2026-01-02T14:03:05Z".into()),
        source_ip: Some("203.0.113.7".into()),
        ..Attribution::unknown("AuthorizeSecurityGroupIngress set what is live")
    }
}

pub(crate) fn change(path: &str, desired: Value, live: Value) -> Change {
    Change { path: path.into(), desired, live, added: None, removed: None, sensitive: false, declared: Some(true) }
}

fn gap(reason: GapReason, kind: &str, id: Option<&str>, action: Option<&str>, detail: &str) -> Gap {
    Gap {
        reason,
        scope: GapScope {
            account: Some("111111111111".into()),
            region: Some("eu-central-1".into()),
            kind: Some(kind.into()),
            id: id.map(Into::into),
            action: action.map(Into::into),
            ..GapScope::default()
        },
        detail: detail.into(),
    }
}

pub(crate) fn rich() -> Report {
    let rule = |port: u16, cidr: &str| json!({"protocol": "tcp", "from_port": port, "to_port": port, "cidr_blocks": [cidr], "description": "", "self": false});
    let mut group = finding(
        DriftStatus::Changed,
        Severity::Critical,
        "aws_security_group",
        "sg-0a1b2c3d4e5f67890",
        "module.network[\"prod\"].aws_security_group.web",
    );
    group.code =
        Some(CodePosition { file: "modules/network/main.tf".into(), line: 12, repository: None, commit: None });
    group.rules = vec!["port-open-to-world".into(), "ssh-open-to-world".into()];
    group.changes = vec![
        change("/description", "web".into(), "web (changed by hand)".into()),
        Change {
            added: Some(vec![rule(22, "0.0.0.0/0")]),
            removed: Some(vec![rule(443, "10.0.0.0/8")]),
            ..change("/ingress", json!([rule(443, "10.0.0.0/8")]), json!([rule(22, "0.0.0.0/0")]))
        },
    ];

    let mut role = finding(DriftStatus::Changed, Severity::Critical, "aws_iam_role", "deploy", "aws_iam_role.deploy");
    role.region = "global".into();
    role.rules = vec!["role-trusts-another-account".into()];
    role.changes = vec![change(
        "/assume_role_policy",
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#.into(),
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"},{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::999999999999:root"},"Action":"sts:AssumeRole"}]}"#.into(),
    )];

    let mut log = finding(DriftStatus::Missing, Severity::High, "aws_flow_log", "fl-0123", "aws_flow_log.main");
    log.rules = vec!["flow-log-missing".into()];

    let mut database = finding(DriftStatus::Changed, Severity::Medium, "aws_instance", "i-0abc", "aws_instance.db[0]");
    database.changes = vec![
        change("/instance_type", "t3.micro".into(), "t3.large".into()),
        Change { sensitive: true, ..change("/user_data", "(sensitive)".into(), "(sensitive)".into()) },
        change("/ebs_optimized", false.into(), true.into()),
        change(
            "/arn_of_something_long",
            format!("arn:aws:iam::111111111111:role/{}", "very-long-".repeat(12)).into(),
            Value::Null,
        ),
    ];

    let mut key = finding(DriftStatus::Unmanaged, Severity::Critical, "aws_iam_access_key", "AKIAIOSFODNN7EXAMPLE", "");
    key.region = "global".into();
    key.rules = vec!["unmanaged-access-key".into()];

    let mut tags = finding(DriftStatus::Changed, Severity::Low, "aws_vpc", "vpc-1", "aws_vpc.main");
    tags.code = Some(CodePosition { file: "main.tf".into(), line: 3, repository: None, commit: None });
    tags.changes = vec![change("/tags/owner", "platform".into(), Value::Null)];

    let mut unknown =
        finding(DriftStatus::Unknown, Severity::Info, "aws_s3_bucket_policy", "logs", "aws_s3_bucket_policy.logs");
    unknown.reason = Some("denied".into());
    let mut unknown_too = unknown.clone();
    unknown_too.address = Some("aws_s3_bucket_policy.data".into());
    unknown_too.id = "data".into();

    let gaps = vec![
        gap(
            GapReason::Denied,
            "aws_s3_bucket_policy",
            Some("logs"),
            Some("s3:GetBucketPolicy"),
            "access denied to bucket logs",
        ),
        gap(
            GapReason::Denied,
            "aws_s3_bucket_policy",
            Some("data"),
            Some("s3:GetBucketPolicy"),
            "access denied to bucket data",
        ),
        gap(GapReason::Unsupported, "aws_glue_job", None, None, "no reader for this kind"),
        Gap {
            reason: GapReason::Unreadable,
            scope: GapScope { source: Some("staging".into()), ..GapScope::default() },
            detail: "staging.tfstate: not a state: expected value at line 1 column 1".into(),
        },
    ];
    let summary = Summary {
        desired: 20,
        live: 31,
        in_sync: 13,
        changed: 4,
        missing: 1,
        unmanaged: 1,
        unknown: 2,
        ..Summary::default()
    };
    report(
        vec![source("prod", 18), source("shared", 2)],
        summary,
        vec![key, role, group, log, database, tags, unknown, unknown_too],
        gaps,
    )
}

fn event(id: &str, name: &str, source: &str) -> EventRef {
    EventRef {
        event_id: id.into(),
        event_name: name.into(),
        event_source: source.into(),
        time: "2026-01-02T14:03:05Z".into(),
        account: "111111111111".into(),
        region: "eu-central-1".into(),
        paths: Vec::new(),
    }
}

/// The rich report where two of the findings have somebody behind them.
pub(crate) fn attributed() -> Report {
    let mut report = rich();
    let alice = attribution("alice@example.com", Confidence::Certain, Channel::Console);
    let events = [
        ("sg-0a1b2c3d4e5f67890", event("e-1", "AuthorizeSecurityGroupIngress", "ec2.amazonaws.com")),
        ("AKIAIOSFODNN7EXAMPLE", event("e-2", "CreateAccessKey", "iam.amazonaws.com")),
    ];
    for (id, event) in events {
        for finding in report.findings.iter_mut().filter(|finding| finding.id == id) {
            finding.attribution = Some(Attribution { events: vec![event.clone()], ..alice.clone() });
        }
    }
    report
}

/// What one person did: two calls of [`attributed`], and one that left nothing.
pub(crate) fn records() -> Vec<ActivityRecord> {
    let Attribution { actor, .. } = attribution("alice@example.com", Confidence::Certain, Channel::Console);
    let record = |event: EventRef, objects: &[&str], cautions: &[Caution]| ActivityRecord {
        event,
        actor: actor.clone().unwrap(),
        channel: Channel::Console,
        source_ip: Some("203.0.113.7".into()),
        tool: None,
        mfa: Some(true),
        cautions: cautions.to_vec(),
        objects: objects.iter().map(|object| (*object).into()).collect(),
    };
    vec![
        record(event("e-1", "AuthorizeSecurityGroupIngress", "ec2.amazonaws.com"), &["sg-0a1b2c3d4e5f67890"], &[]),
        record(
            event("e-2", "CreateAccessKey", "iam.amazonaws.com"),
            &["ci", "AKIAIOSFODNN7EXAMPLE"],
            &[Caution::NameIsForgeable],
        ),
        record(event("e-3", "CreateTags", "ec2.amazonaws.com"), &["vpc-1"], &[]),
    ]
}

pub(crate) fn hostile() -> Report {
    let mut one = finding(DriftStatus::Changed, Severity::Critical, "aws_vpc", EVIL, EVIL);
    one.source = Some(EVIL.into());
    one.reason = Some(EVIL.into());
    one.rules = vec![EVIL.into()];
    one.code = Some(CodePosition { file: EVIL.into(), line: 1, repository: Some(EVIL.into()), commit: None });
    one.changes = vec![
        change(&format!("/tags/{EVIL}"), EVIL.into(), Value::Null),
        Change {
            added: Some(vec![json!({EVIL: EVIL})]),
            removed: Some(vec![EVIL.into()]),
            ..change("/x", Value::Null, Value::Null)
        },
        change(
            "/policy",
            Value::Null,
            json!({"Statement": [{"Sid": EVIL, "Effect": "Allow", "Action": EVIL}]}).to_string().into(),
        ),
    ];
    one.attribution = Some(attribution(EVIL, Confidence::Likely, Channel::Console));
    if let Some(attribution) = &mut one.attribution {
        attribution.source_ip = Some(EVIL.into());
        attribution.tool = Some(EVIL.into());
        attribution.user_agent = Some(EVIL.into());
        attribution.reasons = vec![EVIL.into()];
    }
    one.other_attributions = vec![Attribution::unknown(EVIL)];
    let mut two = finding(DriftStatus::Unmanaged, Severity::Low, EVIL, EVIL, "");
    two.account = EVIL.into();
    two.region = EVIL.into();
    let mut three = finding(DriftStatus::Unknown, Severity::Info, "aws_vpc", "x", EVIL);
    three.reason = Some(EVIL.into());
    let scope = GapScope {
        source: Some(EVIL.into()),
        account: Some(EVIL.into()),
        region: Some(EVIL.into()),
        kind: Some(EVIL.into()),
        id: Some(EVIL.into()),
        action: Some(EVIL.into()),
    };
    let gaps = vec![
        Gap { reason: GapReason::Denied, scope, detail: EVIL.into() },
        Gap {
            reason: GapReason::Unreadable,
            scope: GapScope { source: Some(EVIL.into()), ..GapScope::default() },
            detail: EVIL.into(),
        },
    ];
    let mut from = source("prod", 3);
    from.name = EVIL.into();
    from.location = EVIL.into();
    from.warnings = vec![EVIL.into()];
    // Of nothing that is declared: `ignored` stays 0.
    let ignored_by_rule = BTreeMap::from([(EVIL.to_owned(), 1)]);
    let summary =
        Summary { desired: 2, live: 3, changed: 1, unmanaged: 1, unknown: 1, ignored_by_rule, ..Summary::default() };
    report(vec![from], summary, vec![one, two, three], gaps)
}
