//! Subcommands that only print: types, permissions, schema, completions, manual, and the mistakes of a configuration.

use std::collections::BTreeSet;
use std::io;
use std::path::Path;

use clap::CommandFactory as _;
use jiff::Timestamp;
use serde_json::json;

use super::args::Args;
use super::{BAD_CONFIG, FAILED, bad_config, print};
use crate::attribution::source::SourceRef;
use crate::config::{self, Config};
use crate::desired::{Environment, StateConfig};
use crate::inventory::{Reach, kinds};
use crate::setup::Setup;

/// The report's contract.
const REPORT_SCHEMA: &str = include_str!("../../docs/scan-report.schema.json");

#[expect(clippy::disallowed_methods, reason = "the edge: from here on the time is an argument")]
pub(super) fn check_config(named: Option<&Path>) -> u8 {
    let Some(path) = config::find(named) else {
        eprintln!("error: no configuration found; looked at $DRIFTD_CONFIG, {}", config::PLACES.join(", "));
        return BAD_CONFIG;
    };
    let config = match config::load(&path) {
        Ok(config) => config,
        Err(mistakes) => return bad_config(&mistakes),
    };
    print(&config.warnings);
    // What a scan would refuse is a mistake here, too.
    if let Err(mistakes) = Setup::from_config(&config, Environment::of_process(), Timestamp::now()) {
        return bad_config(&mistakes);
    }
    println!("{}: ok", path.display());
    0
}

pub(super) fn kinds(names: bool) -> u8 {
    for kind in kinds::ALL {
        if names {
            println!("{}", kind.name());
        } else {
            let reach = if kind.reach() == Reach::Global { "global" } else { "regional" };
            println!("{:<52} {reach:<9} {}", kind.name(), kind.actions().join(" "));
        }
    }
    0
}

pub(super) fn iam_policy(globs: &[String], mut config: Config) -> u8 {
    if !globs.is_empty() {
        config.scan.kinds = globs.to_vec();
    }
    let only = match config.scan.kind_filter() {
        Ok(only) => only,
        Err(mistake) => return bad_config(&[mistake]),
    };
    let mut actions: BTreeSet<&str> = BTreeSet::new();
    for kind in kinds::ALL.iter().filter(|kind| only.as_ref().is_none_or(|only| only.is_match(kind.name()))) {
        actions.extend(kind.actions());
    }
    let mut statements = vec![json!({
        "Sid": "DriftdRead", "Effect": "Allow", "Action": actions, "Resource": "*",
    })];
    let buckets: BTreeSet<String> = config.states.iter().filter_map(state_bucket).collect();
    if !buckets.is_empty() {
        let objects: Vec<String> = buckets.iter().map(|bucket| format!("arn:aws:s3:::{bucket}/*")).collect();
        let lists: Vec<String> = buckets.iter().map(|bucket| format!("arn:aws:s3:::{bucket}")).collect();
        statements.push(json!({
            "Sid": "DriftdState", "Effect": "Allow", "Action": ["s3:GetObject", "s3:GetObjectVersion"], "Resource": objects,
        }));
        statements.push(json!({
            "Sid": "DriftdStateList", "Effect": "Allow", "Action": ["s3:ListBucket"], "Resource": lists,
        }));
    }
    statements.extend(event_statements(&config.attribution.sources));
    let roles: BTreeSet<&str> = config.aws.accounts.iter().map(|account| account.role_arn.as_str()).collect();
    if !roles.is_empty() {
        statements.push(json!({
            "Sid": "DriftdRoles", "Effect": "Allow", "Action": ["sts:AssumeRole"], "Resource": roles,
        }));
    }
    let policy = json!({"Version": "2012-10-17", "Statement": statements});
    println!("{policy:#}");
    0
}

/// What reading CloudTrail's events takes. Logs that are encrypted with a key of your own take kms:Decrypt for it as well.
fn event_statements(sources: &[SourceRef]) -> Vec<serde_json::Value> {
    let mut statements = Vec::new();
    if sources.contains(&SourceRef::Lookup) {
        statements.push(json!({
            "Sid": "DriftdEvents", "Effect": "Allow", "Action": ["cloudtrail:LookupEvents"], "Resource": "*",
        }));
    }
    let mut objects = BTreeSet::new();
    let mut lists = BTreeSet::new();
    for source in sources {
        if let SourceRef::S3 { bucket, prefix } = source {
            let inside = if prefix.is_empty() { "*".to_owned() } else { format!("{prefix}/*") };
            objects.insert(format!("arn:aws:s3:::{bucket}/{inside}"));
            lists.insert(format!("arn:aws:s3:::{bucket}"));
        }
    }
    if !objects.is_empty() {
        statements.push(json!({
            "Sid": "DriftdLogs", "Effect": "Allow", "Action": ["s3:GetObject"], "Resource": objects,
        }));
        statements.push(json!({
            "Sid": "DriftdLogsList", "Effect": "Allow", "Action": ["s3:ListBucket"], "Resource": lists,
        }));
    }
    statements
}

fn state_bucket(state: &StateConfig) -> Option<String> {
    let rest = state.location.strip_prefix("s3://")?;
    Some(rest.split('/').next()?.to_owned())
}

pub(super) fn schema() -> u8 {
    print!("{REPORT_SCHEMA}");
    0
}

pub(super) fn completions(shell: clap_complete::Shell) -> u8 {
    clap_complete::generate(shell, &mut Args::command(), "driftd", &mut io::stdout());
    0
}

pub(super) fn man() -> u8 {
    match clap_mangen::Man::new(Args::command()).render(&mut io::stdout()) {
        Ok(()) => 0,
        Err(error) => {
            eprintln!("error: failed to write the manual: {error}");
            FAILED
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_take_no_more_than_they_need() {
        let sources = ["lookup", "s3://logs/org", "s3://other", "./folder"].map(|source| source.parse().unwrap());
        let statements = json!(event_statements(&sources));
        assert_eq!(statements[0]["Action"], json!(["cloudtrail:LookupEvents"]));
        assert_eq!(statements[1]["Resource"], json!(["arn:aws:s3:::logs/org/*", "arn:aws:s3:::other/*"]));
        assert_eq!(statements[2]["Resource"], json!(["arn:aws:s3:::logs", "arn:aws:s3:::other"]));
        assert!(event_statements(&["./folder".parse().unwrap()]).is_empty());
    }
}
