//! The program as people start it: the example configuration, mistakes, bad states, and what goes to stdout. No AWS.

#![allow(clippy::expect_used, reason = "a test that cannot go on fails")]

mod support;

use std::process::{Command, Output};

fn driftd(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_driftd"))
        .current_dir(support::root())
        .env_remove("DRIFTD_CONFIG")
        .args(arguments)
        .output()
        .expect("driftd starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Every key with its default: reading the file is reading nothing.
#[test]
fn the_example_configuration_says_the_defaults() {
    let example =
        driftd::config::load(&support::root().join("config/driftd.yaml"), &driftd::environment::Environment::default())
            .expect("it is valid");
    let nothing = driftd::config::parse("nothing", "version: 1\n").expect("it is valid");
    assert_eq!(format!("{example:?}"), format!("{nothing:?}"));
    let done = driftd(&["--config", "config/driftd.yaml", "check-config"]);
    assert_eq!(done.status.code(), Some(0), "{}", text(&done.stderr));
}

#[test]
fn mistakes_in_the_configuration_come_at_once_and_end_with_78() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("driftd.yaml");
    let broken = "version: 1\nstate: []\naws:\n  regions: [Frankfurt]\n  accounts: [{id: \"12\", role_arn: x}]\nscan:\n  kinds: [\"aws_[\"]\n";
    std::fs::write(&file, broken).expect("writable");
    let path = file.to_str().expect("UTF-8");
    for arguments in [vec!["--config", path, "check-config"], vec!["--config", path, "scan", "--state", "x"]] {
        let done = driftd(&arguments);
        assert_eq!(done.status.code(), Some(78), "{arguments:?}");
        let said = format!("{}{}", text(&done.stdout), text(&done.stderr));
        for place in [
            "driftd.yaml:2:1: error[config/unknown-key]",
            "driftd.yaml:4:",
            "driftd.yaml:5:",
            "driftd.yaml:7:",
            "did you mean `states`?",
        ] {
            assert!(said.contains(place), "{place} in {said}");
        }
    }
}

/// 2 would mean drift.
#[test]
fn what_cannot_be_understood_ends_with_78() {
    for arguments in [&["scan", "--no-such-flag"][..], &["scan", "--format", "poem"], &["nothing"], &[]] {
        let done = driftd(arguments);
        assert_eq!(done.status.code(), Some(78), "{arguments:?}");
        assert!(done.stdout.is_empty() && !done.stderr.is_empty(), "{arguments:?}");
    }
    for arguments in [&["--help"][..], &["scan", "--help"], &["--version"]] {
        let done = driftd(arguments);
        assert_eq!(done.status.code(), Some(0), "{arguments:?}");
        assert!(!done.stdout.is_empty() && done.stderr.is_empty(), "{arguments:?}");
    }
}

#[test]
fn nothing_to_scan_is_bad_configuration() {
    let done = driftd(&["scan"]);
    assert_eq!(done.status.code(), Some(78));
    assert!(text(&done.stderr).contains("--state"), "{}", text(&done.stderr));
    assert!(done.stdout.is_empty());
}

/// Flags are checked like the keys of the configuration, all at once, before AWS is called.
#[test]
fn mistakes_in_flags_come_at_once_and_end_with_78() {
    let flags = ["--region", "Frankfurt", "--kind", "aws_[", "--since", "yesterday", "--cloudtrail", "ftp://x"];
    let done = driftd(&[&["scan", "--state", "x"], &flags[..]].concat());
    assert_eq!(done.status.code(), Some(78));
    let said = text(&done.stderr);
    for flag in ["--region \"Frankfurt\"", "--kind \"aws_[\"", "--since \"yesterday\"", "--cloudtrail ftp://"] {
        assert!(said.contains(flag), "{flag} in {said}");
    }
    let done = driftd(&["scan", "--state", "x", "--kind", "aws_s4_*"]);
    assert_eq!(done.status.code(), Some(78));
    assert!(text(&done.stderr).contains("aws_s4_*"), "{}", text(&done.stderr));
    let done = driftd(&["who", "--principal", "eve", "--cloudtrail", "off"]);
    assert_eq!(done.status.code(), Some(78));
    assert!(text(&done.stderr).contains("no source of events"), "{}", text(&done.stderr));
}

/// What a scan would refuse, `check-config` refuses: rules and folders that are not there.
#[test]
fn check_config_looks_at_what_the_configuration_names() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("driftd.yaml");
    let names = "version: 1\nrules: {paths: [none.yaml]}\nattribution: {sources: [./none]}\nscan: {kinds: [aws_vpc, aws_vcp]}\n";
    std::fs::write(&file, names).expect("writable");
    let done = driftd(&["--config", file.to_str().expect("UTF-8"), "check-config"]);
    assert_eq!(done.status.code(), Some(78));
    let said = text(&done.stderr);
    for code in ["error[rules/unreadable]", "error[config/no-such-event-source]", "warning[config/unused-pattern]"] {
        assert!(said.contains(code), "{code} in {said}");
    }
}

/// A baseline is answered for, and written over nothing.
#[test]
fn a_baseline_says_who_why_and_until_when() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("baseline.yaml");
    std::fs::write(&file, "version: 1\nentries:\n  - key: x\n    ownre: y\n").expect("writable");
    let path = file.to_str().expect("UTF-8");
    let accept = ["baseline", "--owner", "ann", "--reason", "x", "--expires", "90d"];
    for (arguments, said) in [
        (&["baseline", "--state", "x"][..], "--owner"),
        (&["baseline", "--owner", "", "--reason", " ", "--expires", "never"], "cli/empty-value"),
        (&["baseline", "--owner", "a", "--reason", "b", "--expires", "2020-01-01"], "lies in the past"),
        (&[&accept[..], &["--merge"]].concat(), "--output"),
        (&[&accept[..], &["--from", "x", "--state", "y"]].concat(), "--from"),
        (&[&accept[..], &["--output", path]].concat(), "cli/file-exists"),
        (&[&accept[..], &["--output", path, "--merge"]].concat(), "baseline.yaml:4:5: error[baseline/unknown-key]"),
        (&accept, "cli/nothing-to-scan"),
    ] {
        let done = driftd(arguments);
        assert_eq!(done.status.code(), Some(78), "{arguments:?}: {}", text(&done.stderr));
        assert!(text(&done.stderr).contains(said) && done.stdout.is_empty(), "{said} in {}", text(&done.stderr));
    }
    let link = folder.path().join("link");
    std::os::unix::fs::symlink(&file, &link).expect("a link");
    let done = driftd(&[&accept[..], &["--merge", "--output", link.to_str().expect("UTF-8")]].concat());
    assert_eq!(done.status.code(), Some(1));
    assert!(text(&done.stderr).contains("symbolic link"), "{}", text(&done.stderr));
    let config = folder.path().join("driftd.yaml");
    std::fs::write(&config, "version: 1\nbaseline: [baseline.yaml, none.yaml]\n").expect("writable");
    let done = driftd(&["--config", config.to_str().expect("UTF-8"), "check-config"]);
    assert_eq!(done.status.code(), Some(78));
    for said in ["baseline.yaml:4:5: error[baseline/unknown-key]", "none.yaml: error[baseline/unreadable]"] {
        assert!(text(&done.stderr).contains(said), "{said} in {}", text(&done.stderr));
    }
}

/// A document for every format that people and programs read.
#[test]
fn what_is_printed_is_what_it_says() {
    for arguments in [&["schema"][..], &["--config", "config/driftd.yaml", "schema"]] {
        let schema: serde_json::Value = serde_json::from_slice(&driftd(arguments).stdout).expect("the schema is JSON");
        assert_eq!(schema["properties"]["schema_version"]["const"], "1");
    }
    let schema: serde_json::Value =
        serde_json::from_slice(&driftd(&["schema", "--config"]).stdout).expect("the schema is JSON");
    assert_eq!(schema, driftd::config::schema());
    let policy: serde_json::Value =
        serde_json::from_slice(&driftd(&["iam-policy"]).stdout).expect("the policy is JSON");
    let actions = policy.to_string();
    for wanted in ["ec2:DescribeSecurityGroups", "iam:GetAccountAuthorizationDetails", "s3:GetBucketPolicy"] {
        assert!(actions.contains(wanted), "{wanted} in {actions}");
    }
    for writes in [":Put", ":Create", ":Delete", ":Update", ":Modify", ":Attach", ":Run", ":Terminate", ":*\""] {
        assert!(!actions.contains(writes), "a scan only reads, but may {writes}: {actions}");
    }
    let kinds = text(&driftd(&["kinds", "--names"]).stdout);
    assert!(kinds.lines().any(|kind| kind == "aws_security_group"), "{kinds}");
    assert!(text(&driftd(&["man"]).stdout).contains(".TH"));
    assert!(text(&driftd(&["completions", "bash"]).stdout).contains("driftd"));
    assert_eq!(driftd(&["rules", "test"]).status.code(), Some(0));
}

/// `driftd kinds | head -1`: whoever reads has seen enough.
#[test]
fn a_reader_that_left_is_no_failure() {
    use std::process::Stdio;
    let all: [&[&str]; 8] = [
        &["kinds"],
        &["iam-policy"],
        &["rules", "list"],
        &["rules", "test"],
        &["completions", "bash"],
        &["schema"],
        &["man"],
        &["--config", "config/driftd.yaml", "check-config"],
    ];
    for arguments in all {
        let mut command = Command::new(env!("CARGO_BIN_EXE_driftd"));
        command.current_dir(support::root()).env_remove("DRIFTD_CONFIG").args(arguments);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("driftd starts");
        drop(child.stdout.take());
        let done = child.wait_with_output().expect("it ends");
        assert_eq!(done.status.code(), Some(0), "{arguments:?}: {}", text(&done.stderr));
        assert!(!text(&done.stderr).contains("panicked"), "{arguments:?}: {}", text(&done.stderr));
    }
}

/// A newcomer without credentials is told of everything that is wrong, first of what a login does not mend, and of nothing else.
#[test]
fn what_is_wrong_without_aws_is_told_before_the_credentials() {
    let done = Command::new(env!("CARGO_BIN_EXE_driftd"))
        .current_dir(support::root())
        .env_clear()
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_CONFIG_FILE", "/none")
        .env("AWS_SHARED_CREDENTIALS_FILE", "/none")
        .args(["scan", "--state", "none.tfstate"])
        .output()
        .expect("driftd starts");
    assert_eq!(done.status.code(), Some(1));
    let said = text(&done.stderr);
    let (first, second) = (said.find("no state at none.tfstate"), said.find("failed to find out which AWS account"));
    assert!(first.is_some() && first < second, "{said}");
    assert!(!said.contains("WARN") && !said.contains('\u{1b}') && said.lines().count() <= 4, "{said}");
}
