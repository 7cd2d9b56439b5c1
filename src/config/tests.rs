//! Tests of a whole configuration: every section reaches its owner, and every mistake is found at its place.

use super::*;
use crate::desired::config::CodeRef;
use crate::model::report::Severity;
use crate::secret::SecretRef;

fn mistakes(text: &str) -> Vec<String> {
    parse("driftd.yaml", text).unwrap_err().iter().map(ToString::to_string).collect()
}

#[test]
fn a_whole_configuration() {
    let text = "version: 1\nstates:\n  - s3://b/k\n  - location: ./x.tfstate\n    accounts: [\"012345678901\"]\n    regions: [eu-west-1]\naws:\n  regions: [eu-central-1]\n  accounts:\n    - id: \"012345678901\"\n      role_arn: arn:aws:iam::012345678901:role/driftd\n      external_id: x\nrules:\n  starter: false\n  paths: [../rules]\nscan:\n  unmanaged: false\n  kinds: [aws_s3_*]\n  fail_on: high\n  ignore_tags:\n    key_prefixes: [kubernetes.io/]\nattribution:\n  sources: [lookup]\n";
    let config = parse("driftd.yaml", text).unwrap();
    let scoped = StateConfig {
        location: "./x.tfstate".to_owned(),
        accounts: vec!["012345678901".to_owned()],
        regions: vec!["eu-west-1".to_owned()],
        ..StateConfig::default()
    };
    assert_eq!(config.states, [StateConfig::anywhere("s3://b/k"), scoped]);
    assert_eq!(config.aws.accounts[0].external_id.as_deref(), Some("x"));
    assert_eq!(config.scan.fail_on, Some(Severity::High));
    assert_eq!(config.scan.ignore_tags.key_prefixes, ["kubernetes.io/"]);
    assert!(!config.scan.unmanaged && !config.rules.starter);
    assert_eq!(config.attribution.sources.len(), 1);
    assert!(config.warnings.is_empty());
}

#[test]
fn empty_means_the_defaults() {
    let config = parse("driftd.yaml", "version: 1\n").unwrap();
    assert!(config.scan.unmanaged && config.rules.starter && config.states.is_empty());
    assert_eq!(format!("{config:?}"), format!("{:?}", Config::default()));
}

#[test]
fn every_mistake_is_found_at_its_place() {
    let text = "version: 2
state: [s3://b/k]
aws:
  regions: [Frankfurt]
  accounts:
    - id: \"12\"
      role_arn: nonsense
    - {id: \"111111111111\", role_arn: \"arn:aws:iam::222222222222:role/x\"}
    - {id: \"111111111111\", role_arn: \"arn:aws:iam::111111111111:role/x\"}
scan:
  kinds: [\"aws_[\", aws_s4_bucket]
  fail_on: hihg
  kind: aws_vpc
  ignore_tag:
    keys: [a]
attribution:
  sources: [\"ftp://me:hunter2@x\"]
  since: {hunter2: hunter2}
";
    insta::assert_snapshot!(mistakes(text).join("\n"));
}

#[test]
fn an_organization_is_on_when_it_stands_there() {
    let organization =
        |text: &str| parse("f", &format!("version: 1\naws: {{organization: {text}}}\n")).unwrap().aws.organization;
    assert_eq!(organization("null"), None);
    let default = organization("{}").unwrap();
    assert_eq!((default.role_name.as_str(), default.refresh.as_secs()), ("driftd-read", 3600));
    let all = "{role_name: platform/read, external_id: x, include: [r-ab12], exclude: [ou-ab12-cdef3456], exclude_accounts: [\"012345678901\"], \
               regions: [eu-west-1], organizations_role: {role_arn: \"arn:aws:iam::111111111111:role/o\", external_id: y}, refresh: 15m}";
    let all = organization(all).unwrap();
    assert_eq!((all.role_name.as_str(), all.external_id.as_deref()), ("platform/read", Some("x")));
    assert!(all.include.contains("r-ab12") && all.exclude.contains("ou-ab12-cdef3456"));
    assert!(all.exclude_accounts.contains("012345678901") && all.regions == ["eu-west-1"]);
    let role = all.organizations_role.unwrap();
    assert_eq!((role.role_arn.as_str(), role.external_id.as_deref()), ("arn:aws:iam::111111111111:role/o", Some("y")));
    assert_eq!(all.refresh.as_secs(), 900);
}

#[test]
fn every_mistake_of_an_organization_is_found_at_its_place() {
    let text = "version: 1
aws:
  organization:
    role_name: arn:aws:iam::111111111111:role/driftd-read
    include: [Sandbox, ou-ab12-cdef3456, ou-ab12-cdef3456]
    exclude:
      - \"210987654321\"
      - ou-ab12-cdef3456
    exclude_accounts: [\"12\"]
    regions: [Frankfurt]
    organizations_role: {role_arn: driftd-organization}
    refresh: hourly
    roles: []
";
    insta::assert_snapshot!(mistakes(text).join("\n"));
    let half = mistakes("version: 1\naws: {organization: {organizations_role: {external_id: x}}}\n").join("\n");
    assert!(half.contains("config/missing-key") && half.contains("`role_arn`"), "{half}");
}

#[test]
fn states_are_texts_or_mappings() {
    let text = "version: 1
states:
  - \"\"
  - {location: x, accounts: [\"1\"], regions: [Dublin]}
  - [hunter2]
";
    insta::assert_snapshot!(mistakes(text).join("\n"));
    let text = "version: 1\nstates:\n  - {locatoin: hunter2}\n";
    insta::assert_snapshot!(mistakes(text).join("\n"));
    let text = "version: 1\nstates:\n  - accounts: [\"111111111111\"]\n";
    insta::assert_snapshot!(mistakes(text).join("\n"));
}

/// All of the daemon's keys, otherwise than by default.
#[test]
fn a_whole_configuration_of_the_daemon() {
    let text = "version: 1
states:
  - {location: s3://b/k, name: network, code: \"https://u:hunter2@git.example.com/infra.git\", schedule: \"@daily\", owner: net}
  - {location: ./x, code: ./infra, schedule: {timezone: America/New_York, jitter: 0s}}
  - s3://b/rest
schedule: {cron: 0 6 * * 1-5, timezone: Europe/Berlin}
events:
  - sqs: {url: \"https://sqs.eu-west-1.amazonaws.com/123456789012/q\", role_arn: \"arn:aws:iam::123456789012:role/x\"}
  - lookup: {}
daemon: {settle: 0s, recheck: 2m, storm: 7, state_poll: 1m, in_flight_wait: 1h}
store: {url: {env: DATABASE_URL}, retention: {scans: 7d}}
listen: \"[::]:9000\"
limits: {requests_per_second: 3}
log: {format: json}
";
    let config = parse("driftd.yaml", text).unwrap();
    assert!(!format!("{config:?}").contains("hunter2"), "{config:?}");
    let [network, local, rest] = config.states.as_slice() else { panic!() };
    assert_eq!((network.name.as_deref(), network.owner.as_deref()), (Some("network"), Some("net")));
    assert_eq!(local.code, Some(CodeRef::Directory("./infra".into())));
    let due = |state: &StateConfig| {
        let schedule = config.schedule_of(state);
        let at = schedule.next_after("2026-06-01T12:00:00Z".parse().unwrap());
        (at - schedule.delay()).to_string()
    };
    assert_eq!(due(network), "2026-06-01T22:00:00Z");
    assert_eq!(due(local), "2026-06-02T10:00:00Z");
    assert_eq!(due(rest), "2026-06-02T04:00:00Z");
    assert_eq!(config.events.len(), 2);
    assert_eq!(config.events[1], EventSourceConfig::Lookup { interval: std::time::Duration::from_secs(300) });
    assert_eq!((config.daemon.storm.get(), config.daemon.settle.as_secs()), (7, 0));
    assert_eq!(config.daemon.recheck.as_secs(), 120);
    assert_eq!((config.daemon.state_poll.as_secs(), config.daemon.in_flight_wait.as_secs()), (60, 3600));
    assert_eq!(config.store.location, StoreLocation::Postgres(SecretRef::Env("DATABASE_URL".to_owned())));
    assert_eq!(config.store.retention.scans.as_secs(), 7 * 86_400);
    assert_eq!((config.listen.port(), config.limits.requests_per_second.get()), (9000, 3));
    assert_eq!(config.log.format, LogFormat::Json);
}

/// The smallest useful file.
#[test]
fn three_lines_are_enough_for_the_daemon() {
    let config = parse("f", "version: 1\nstates: [s3://acme-states/prod.tfstate]\nschedule: \"0 6 * * *\"\n").unwrap();
    let next = config.schedule_of(&config.states[0]).next_after("2026-06-01T12:00:00Z".parse().unwrap());
    assert!(next.to_string().starts_with("2026-06-02T06:0"), "{next}");
}

#[test]
fn every_mistake_of_the_daemon_is_found_at_its_place() {
    let text = "version: 1
states:
  - {location: a, name: x, code: \" \", schedule: {cron: hourly}}
  - {location: b, name: x, schedule: 0 0 30 2 *}
schedule: {timezone: Berlin, jitter: soon, jiter: 5m}
events:
  - sqs: {url: \"https://hunter2@sqs.eu-west-1.amazonaws.com/123456789012/q\", region: Dublin, role_arn: x}
  - {sqs: {url: \"http://127.0.0.1:5000/123456789012/q\"}, lookup: {}}
  - lookup: {interval: 0s}
  - lookup: {interval: 5m}
  - lookup:
daemon: {storm: 0}
store: {path: x.db, url: \"postgres://u:hunter2@db/driftd\", retention: {scans: for ever}}
listen: localhost
limits: {requests_per_second: -1}
log: {format: jsonl}
";
    insta::assert_snapshot!(mistakes(text).join("\n"));
}

#[test]
fn a_secret_lies_in_one_place_and_not_in_the_file() {
    let text = "version: 1\nstore:\n  url: {env: A, file: b}\n";
    insta::assert_snapshot!(mistakes(text).join("\n"));
    for (place, expected) in [
        ("{file: secrets/url}", "file ./secrets/url"),
        ("{credential: url}", "credential url"),
        ("{aws_secret: {id: driftd/db, json_key: url}}", "AWS secret driftd/db, key url"),
        ("{ssm: /driftd/url}", "SSM parameter /driftd/url"),
        ("{vault: {path: driftd/db, key: url}}", "Vault secret/driftd/db, key url"),
        ("{vault: {mount: kv, path: db, key: url, kubernetes: {role: driftd}}}", "Vault kv/db, key url"),
    ] {
        let mut config = parse("f", &format!("version: 1\nstore: {{url: {place}}}\n")).unwrap();
        config.store.resolve(Path::new("."));
        let StoreLocation::Postgres(url) = config.store.location else { panic!() };
        assert_eq!(url.to_string(), expected);
    }
    for (wrong, code) in [
        ("{}", "config/not-one-of"),
        ("{credential: ../url}", "config/not-a-credential"),
        ("{aws_secret: {json_key: x}}", "config/missing-key"),
        ("{vault: {path: a, key: b, token: {env: X}, kubernetes: {role: y}}}", "config/not-one-of"),
        ("{vault: {path: a, key: b, token: {vault: {path: c, key: d}}}}", "config/not-one-of"),
        ("{vault: {path: a, key: b, token: hunter2}}", "config/plain-secret"),
        ("{vault: {path: a, key: b, address: vault}}", "config/not-a-url"),
    ] {
        let found = parse("f", &format!("version: 1\nstore: {{url: {wrong}}}\n")).unwrap_err();
        assert_eq!(found.iter().map(|one| one.code).collect::<Vec<_>>(), [code], "{wrong}: {found:#?}");
    }
}

#[test]
fn variables_are_filled_in_and_never_shown() {
    let environment: Environment =
        [("ROLE", "hunter2"), ("REGION", "eu-west-1"), ("ID", "12"), ("WORD", "hunter2"), ("LIST", "a, b")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into_iter()
            .collect();
    let text = "version: 1\nstates: [\"s3://${LIST}/k\"]\naws: {regions: [\"${REGION}\", \"${OTHER:-eu-west-2}\"]}\n";
    let config = parse_with("f", text, &environment).unwrap();
    assert_eq!(config.aws.regions, ["eu-west-1", "eu-west-2"]);
    assert_eq!(config.states[0].location, "s3://a, b/k");
    let text = "version: 1
states:
  - ${ONE}
  - {location: \"x-${TWO}\", owner: \"${ONE}\"}
aws:
  regions: [\"${WORD}\"]
  accounts: [{id: \"${ID}\", role_arn: \"${ROLE}\"}]
attribution: {sources: [\"${WORD}://x\"], since: \"${WORD}\"}
scan: {fail_on: \"${WORD}\", unmanaged: \"${WORD}\"}
log: {format: \"${WORD}\"}
limits: {requests_per_second: \"${WORD}\"}
listen: ${
";
    let found: Vec<String> =
        parse_with("driftd.yaml", text, &environment).unwrap_err().iter().map(ToString::to_string).collect();
    let text = found.join("\n");
    assert!(!text.contains("hunter2"), "{text}");
    insta::assert_snapshot!(text);
}

/// A password in the wrong place must not reach a log.
#[test]
fn no_value_is_repeated_by_a_parser() {
    for text in [
        "version: hunter2\n",
        "version: 1\nscan: hunter2\n",
        "version: 1\nscan: {fail_on: hunter2}\n",
        "version: 1\nscan: {unmanaged: hunter2}\n",
        "version: 1\nstates: hunter2\n",
        "version: 1\naws: {accounts: [hunter2]}\n",
        "version: 1\nrules: {paths: {a: hunter2}}\n",
        "version: 1\nstates: [\"hunter2]\n",
        "version: 1\nstates: [hunter2\naws: }\n",
        "version: 1\nattribution: *hunter2\n",
        "hunter2\n",
    ] {
        let mistakes = mistakes(text);
        assert!(!mistakes.is_empty() && !mistakes.iter().any(|one| one.contains("hunter2")), "{text}: {mistakes:#?}");
    }
}

#[test]
fn broken_texts_are_mistakes_and_odd_ones_are_not() {
    for text in ["", "# nothing\n", "states: []\n"] {
        assert_eq!(mistakes(text).len(), 1, "{text:?}");
    }
    for text in
        ["{version: 1, states: [a]}\n", "---\nversion: 1\nstates:\n- a\n", "version: 1\nscan: {unmanaged: no}\n"]
    {
        assert!(parse("f", text).is_ok(), "{text:?}");
    }
}

#[test]
fn a_pattern_that_matches_nothing_is_a_warning() {
    let config = parse("f", "version: 1\nscan: {kinds: [aws_s3_*, aws_s4_bucket]}\n").unwrap();
    let warnings: Vec<String> = config.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(
        warnings,
        ["f:2:26: warning[config/unused-pattern]: no Terraform type of the AWS provider matches \"aws_s4_bucket\""]
    );
}

#[test]
fn relative_paths_are_relative_to_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("driftd.yaml");
    std::fs::write(&file, "version: 1\nrules: {paths: [r]}\nattribution: {sources: [./e]}\n").unwrap();
    let config = load(&file, &Environment::default()).unwrap();
    assert_eq!(config.rules.paths, [folder.path().join("r")]);
    assert_eq!(config.attribution.sources[0].to_string(), folder.path().join("./e").display().to_string());
    let missing = load(&folder.path().join("none.yaml"), &Environment::default()).unwrap_err();
    assert_eq!(missing[0].code, "config/unreadable");
}
