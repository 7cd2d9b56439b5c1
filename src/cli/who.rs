//! `driftd who`: everything that one principal changed, each with its drift and the ways out.

use std::io::IsTerminal as _;

use super::args::{FormatArg, Who};
use super::output::{say, write};
use super::scan::{connect, run_cycle, width};
use super::{bad_config, fail};
use crate::attribution::Since;
use crate::config::Config;
use crate::cycle::{Sweep, Work};
use crate::diagnostic::Diagnostic;
use crate::model::report::Report;
use crate::report::activity::Activity;

/// How far back unless the command line or the configuration says so.
const DEFAULT_SINCE: Since = Since::Ago(jiff::SignedDuration::from_hours(24));

pub(super) fn run(args: Who, config: Config) -> u8 {
    super::scan::block_on(who(args, config))
}

async fn who(args: Who, config: Config) -> u8 {
    let Who { principal, scan } = args;
    if !matches!(scan.format, FormatArg::Table | FormatArg::Json | FormatArg::Markdown) {
        return bad_config(&[Diagnostic::error("cli/format", "`who` writes table, json or markdown")]);
    }
    if !scan.targets.is_empty() {
        return bad_config(&[Diagnostic::error(
            "cli/target",
            "`who` looks at all that somebody did: leave --target out",
        )]);
    }
    let mut config = match scan.over(config) {
        Ok(config) => config,
        Err(mistakes) => return bad_config(&mistakes),
    };
    if config.attribution.sources.is_empty() {
        let mistake = Diagnostic::error("cli/no-event-source", "no source of events");
        return bad_config(&[
            mistake.with_hint("give --cloudtrail lookup (or s3://bucket/prefix, or a folder of logs)")
        ]);
    }
    config.attribution.since.get_or_insert(DEFAULT_SINCE);
    if config.states.is_empty() {
        say("warning: without a state nothing is known of drift: give --state");
        config.scan.unmanaged = false;
    }
    let prepared = match connect(&config).await {
        Ok(prepared) => prepared,
        Err(code) => return code,
    };
    let sweep = Sweep { principal: Some(principal.clone()), ..prepared.sweep };
    let since =
        prepared.settings.attribution.since.map(|since| since.strftime("%F %R UTC").to_string()).unwrap_or_default();
    let outcome = run_cycle(&prepared.aws, &prepared.settings, &Work::Sweep(sweep)).await;
    let records = outcome.activity.clone();
    let report = Report::from(outcome);
    let activity = Activity { principal: &principal, since: &since, records: &records, report: &report };
    let text = match scan.format {
        FormatArg::Json => activity.json(),
        FormatArg::Markdown => activity.markdown(),
        _ => activity.table(width(scan.output.is_none() && std::io::stdout().is_terminal())),
    };
    match write(scan.output.as_deref(), &text) {
        Ok(()) if report.gaps.is_empty() => 0,
        // Not everything was seen.
        Ok(()) => 3,
        Err(error) => fail(&error),
    }
}
