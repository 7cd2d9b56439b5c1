//! `driftd who`: everything that one principal changed, each with its drift and the ways out.

use super::args::{FormatArg, Who};
use super::scan::{prepare, run_cycle, width, write};
use super::{BAD_CONFIG, fail};
use crate::config::Config;
use crate::cycle::Work;
use crate::model::report::Report;
use crate::report::activity::Activity;

/// How far back when nobody says so.
const DEFAULT_SINCE: &str = "24h";

pub(super) fn run(args: Who, config: Config) -> u8 {
    super::scan::block_on(who(args, config))
}

async fn who(args: Who, config: Config) -> u8 {
    let Who { principal, mut scan } = args;
    if !matches!(scan.format, FormatArg::Table | FormatArg::Json | FormatArg::Markdown) {
        eprintln!("error: `who` writes table, json or markdown");
        return BAD_CONFIG;
    }
    let sources = !scan.cloudtrail.is_empty() || !config.attribution.sources.is_empty();
    if !sources {
        eprintln!("error: no source of events: give --cloudtrail lookup (or s3://bucket/prefix, or a folder of logs)");
        return BAD_CONFIG;
    }
    if scan.since.is_none() && config.attribution.since.is_none() {
        scan.since = Some(DEFAULT_SINCE.to_owned());
    }
    let mut prepared = match prepare(&scan, &config, false).await {
        Ok(prepared) => prepared,
        Err(code) => return code,
    };
    prepared.sweep.principal = Some(principal.clone());
    if prepared.settings.states.is_empty() {
        eprintln!("warning: no state was given, so nothing is said of drift: give --state");
        prepared.sweep.unmanaged = false;
    }
    let since =
        prepared.settings.attribution.since.map(|since| since.strftime("%F %R UTC").to_string()).unwrap_or_default();
    let outcome = run_cycle(&prepared.aws, &prepared.settings, &Work::Sweep(prepared.sweep)).await;
    let records = outcome.activity.clone();
    let report = Report::from(outcome);
    let activity = Activity { principal: &principal, since: &since, records: &records, report: &report };
    let text = match scan.format {
        FormatArg::Json => activity.json(),
        FormatArg::Markdown => activity.markdown(),
        _ => activity.table(width(scan.output.is_none())),
    };
    match write(scan.output.as_deref(), &text) {
        Ok(()) if report.gaps.is_empty() => 0,
        // Not everything was seen.
        Ok(()) => 3,
        Err(error) => fail(&error),
    }
}
