//! `driftd scan`: one cycle, printed.

use std::collections::BTreeMap;
use std::io::IsTerminal as _;

use jiff::Timestamp;

use super::args::{Colour, Scan};
use super::output::{say, write};
use super::{bad_config, fail, print};
use crate::aws::{Aws, ReadError};
use crate::baseline::{self, View};
use crate::config::Config;
use crate::cycle::{self, Progress, Resources, Settings, Sweep, Work};
use crate::desired::{self, Environment, StateBucket};
use crate::diagnostic::Diagnostic;
use crate::model::Reason;
use crate::model::report::Report;
use crate::model::{Gap, Outcome};
use crate::report;
use crate::setup::Setup;
use crate::wording::text::sanitize_output;

/// Columns of a table where nothing tells how many there are.
const DEFAULT_WIDTH: usize = 100;
/// What `COLUMNS` or a terminal may say: a narrower table is none, and nobody reads a wider one.
const WIDTHS: std::ops::RangeInclusive<usize> = 60..=1000;

pub(super) fn run(args: Scan, config: Config) -> u8 {
    block_on(scan(args, config))
}

/// Runs a command that waits for the network.
pub(super) fn block_on(command: impl Future<Output = u8>) -> u8 {
    match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => {
            let code = runtime.block_on(command);
            // Nobody waits for a thread that hangs in a read: of a pipe without a writer, of a file system that is gone.
            runtime.shutdown_background();
            code
        }
        Err(error) => fail(&format!("failed to start: {error}")),
    }
}

/// Everything a cycle needs.
pub(super) struct Prepared {
    pub aws: Aws,
    pub settings: Settings,
    pub sweep: Sweep,
    pub reasons: BTreeMap<String, Reason>,
}

/// A configuration with the command line over it -> what a cycle needs, or the exit code of a mistake that is printed.
#[expect(clippy::disallowed_methods, reason = "the edge: from here on the time is an argument")]
pub(super) async fn connect(config: &Config) -> Result<Prepared, u8> {
    let setup = Setup::from_config(config, Environment::of_process(), Timestamp::now());
    let Setup { settings, sweep, aws, warnings } = setup.map_err(|mistakes| bad_config(&mistakes))?;
    print(&warnings);
    let aws = match Aws::connect(aws).await {
        Ok(aws) => aws,
        Err(error) => {
            // What is wrong without AWS, too, is not to be found only after a login.
            for gap in desired::check_local(&settings.states, &settings.load).await {
                say(&format!("error: {}", sanitize_output(&gap.detail)));
            }
            return Err(fail(&no_credentials(&error)));
        }
    };
    let reasons = settings.rules.reasons();
    Ok(Prepared { aws, settings, sweep, reasons })
}

/// One cycle, with progress on a terminal and warnings on stderr.
#[expect(clippy::disallowed_methods, reason = "the edge: the clock and the id of a scan come from here")]
pub(super) async fn run_cycle(aws: &Aws, settings: &Settings, work: &Work) -> Outcome {
    let progress = Bar::new();
    let store = StateBucket::new(aws);
    let environment = cycle::Environment {
        aws,
        settings,
        store: &store,
        progress: &progress,
        clock: &Timestamp::now,
        events: &[],
        asks_sources: true,
        keeping: None,
    };
    let outcome = cycle::run(work, &environment, uuid::Uuid::now_v7().to_string()).await;
    progress.clear();
    for warning in &outcome.rule_warnings {
        say(&format!("warning: rule {}: {}", sanitize_output(&warning.rule), sanitize_output(&warning.message)));
    }
    for source in &outcome.sources {
        let name = sanitize_output(&source.name);
        source.warnings.iter().for_each(|warning| say(&format!("warning: {name}: {}", sanitize_output(warning))));
    }
    outcome
}

/// The whole scopes of the states, or only some resources.
pub(super) fn work(targets: &[String], sweep: Sweep) -> Work {
    if targets.is_empty() {
        return Work::Sweep(sweep);
    }
    Work::Resources(Resources { addresses: targets.iter().cloned().collect(), ..Resources::default() })
}

/// Is only a part of each scope looked at?
pub(super) fn is_filtered(targets: &[String], sweep: &Sweep) -> bool {
    !targets.is_empty() || sweep.kinds.is_some()
}

async fn scan(args: Scan, config: Config) -> u8 {
    let config = match args.over(config) {
        Ok(config) => config,
        Err(mistakes) => return bad_config(&mistakes),
    };
    if config.states.is_empty() {
        let mistake = Diagnostic::error("cli/nothing-to-scan", "nothing to scan");
        return bad_config(&[mistake.with_hint("give --state, or list `states` in the configuration")]);
    }
    let prepared = match connect(&config).await {
        Ok(prepared) => prepared,
        Err(code) => return code,
    };
    let Prepared { aws, settings, sweep, reasons } = prepared;
    let is_filtered = is_filtered(&args.targets, &sweep);
    let outcome = run_cycle(&aws, &settings, &work(&args.targets, sweep)).await;
    let all_sources = args.states.is_empty();
    let view = View { outcome: &outcome, is_filtered, hides_ignored: false, all_sources };
    print(&baseline::review(&settings.baseline, view, outcome.started_at).stale);
    let unmapped = outcome.unmapped.clone();
    let report = Report::from(outcome);
    let on_terminal = args.output.is_none() && std::io::stdout().is_terminal();
    let render = report::Options { width: width(on_terminal), colour: colour(args.color, on_terminal), reasons };
    let text = match report::render(&report, args.format.into(), &render) {
        Ok(text) => text,
        Err(error) => return fail(&error.to_string()),
    };
    if let Err(error) = write(args.output.as_deref(), &text) {
        return fail(&error);
    }
    if args.fail_on_uncovered && !unmapped.is_empty() {
        return fail(&format!("uncovered attributes: {}", Vec::from_iter(unmapped).join(" ")));
    }
    if report.scan.sources.is_empty() {
        return fail(&no_state(&report.gaps));
    }
    report::exit_code(&report, config.scan.fail_on)
}

/// In full: on a terminal the report may be far above, and elsewhere in a file.
pub(super) fn no_state(gaps: &[Gap]) -> String {
    let gaps = gaps.iter().filter(|gap| gap.scope.source.is_some());
    let lines: Vec<String> = gaps.map(|gap| format!("\n  {}", sanitize_output(&gap.detail))).collect();
    format!("no state could be read{}{}", if lines.is_empty() { "" } else { ":" }, lines.concat())
}

pub(super) fn no_credentials(error: &ReadError) -> String {
    format!(
        "failed to find out which AWS account this is: {}\n\
         remedy: give credentials by the environment, a profile (AWS_PROFILE), SSO (`aws sso login`) or a role; \
         sts:GetCallerIdentity needs no permission",
        // The SDK lists what it tried in lines of its own.
        sanitize_output(&error.detail().split_whitespace().collect::<Vec<_>>().join(" "))
    )
}

/// Columns for a table: the terminal's, else those that `COLUMNS` says.
#[expect(clippy::disallowed_methods, reason = "the width of the output is the environment's to say")]
pub(super) fn width(on_terminal: bool) -> usize {
    let of_terminal = terminal_size::terminal_size_of(std::io::stdout()).filter(|_| on_terminal);
    let columns = of_terminal.map(|(columns, _)| usize::from(columns.0));
    columns_or_default(columns, std::env::var("COLUMNS").ok().as_deref())
}

fn columns_or_default(of_terminal: Option<usize>, variable: Option<&str>) -> usize {
    let said = of_terminal.filter(|columns| *columns > 0);
    let said = said.or_else(|| variable?.trim().parse().ok().filter(|columns| *columns > 0));
    said.map_or(DEFAULT_WIDTH, |columns| columns.clamp(*WIDTHS.start(), *WIDTHS.end()))
}

fn colour(asked: Option<Colour>, on_terminal: bool) -> bool {
    match asked {
        Some(Colour::Always) => true,
        Some(Colour::Never) => false,
        // NO_COLOR, CLICOLOR_FORCE and a dumb TERM are the library's to know.
        _ if on_terminal => anstream::AutoStream::choice(&std::io::stdout()) != anstream::ColorChoice::Never,
        _ => false,
    }
}

/// A progress bar on a terminal's stderr; nothing elsewhere.
struct Bar(indicatif::ProgressBar);

impl Bar {
    fn new() -> Self {
        // indicatif draws on stderr, and only if that is a terminal.
        let bar = indicatif::ProgressBar::new(0);
        if let Ok(style) = indicatif::ProgressStyle::with_template("{msg} {bar:30} {pos}/{len}") {
            bar.set_style(style);
        }
        Self(bar)
    }

    fn clear(&self) {
        self.0.finish_and_clear();
    }
}

impl Progress for Bar {
    fn begin(&self, step: &str, total: u64) {
        self.0.reset();
        self.0.set_length(total);
        self.0.set_message(step.to_owned());
    }

    fn advance(&self) {
        self.0.inc(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_terminal_comes_before_columns() {
        for (of_terminal, variable, expected) in [
            (Some(120), Some("80"), 120),
            (Some(40), None, 60),
            (None, Some("80"), 80),
            (None, Some("20"), 60),
            (None, Some("999999"), 1000),
            (None, Some("wide"), 100),
            (None, Some("0"), 100),
            (None, None, 100),
        ] {
            assert_eq!(columns_or_default(of_terminal, variable), expected, "{of_terminal:?} {variable:?}");
        }
    }
}
