//! Tests of a whole configuration: every section reaches its owner, and every mistake is found at its place.

use super::*;
use crate::model::report::Severity;

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
    let config = load(&file).unwrap();
    assert_eq!(config.rules.paths, [folder.path().join("r")]);
    assert_eq!(config.attribution.sources[0].to_string(), folder.path().join("./e").display().to_string());
    let missing = load(&folder.path().join("none.yaml")).unwrap_err();
    assert_eq!(missing[0].code, "config/unreadable");
}
