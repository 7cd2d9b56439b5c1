//! `driftd scan`: one cycle, printed.

use std::collections::BTreeMap;
use std::io::{IsTerminal as _, Write as _};
use std::path::Path;

use jiff::Timestamp;

use super::args::{Colour, Scan};
use super::{bad_config, fail};
use crate::aws::{Aws, ReadError};
use crate::config::Config;
use crate::cycle::{self, Progress, Resources, Settings, Sweep, Work};
use crate::desired::{Environment, StateBucket};
use crate::diagnostic::Diagnostic;
use crate::judge::Reason;
use crate::model::Outcome;
use crate::model::report::Report;
use crate::report::{self, text::sanitize_output};
use crate::setup::Setup;

/// Columns of a table that does not go to a terminal.
const DEFAULT_WIDTH: usize = 100;

pub(super) fn run(args: Scan, config: Config) -> u8 {
    block_on(scan(args, config))
}

/// Runs a command that waits for the network.
pub(super) fn block_on(command: impl Future<Output = u8>) -> u8 {
    match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime.block_on(command),
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
    let Setup { settings, sweep, aws } = setup.map_err(|mistakes| bad_config(&mistakes))?;
    let aws = Aws::connect(aws).await.map_err(|error| fail(&no_credentials(&error)))?;
    let reasons = settings.rules.reasons();
    Ok(Prepared { aws, settings, sweep, reasons })
}

/// One cycle, with progress on a terminal and warnings on stderr.
#[expect(clippy::disallowed_methods, reason = "the edge: the clock and the id of a scan come from here")]
pub(super) async fn run_cycle(aws: &Aws, settings: &Settings, work: &Work) -> Outcome {
    let progress = Bar::new();
    let store = StateBucket::new(aws);
    let environment = cycle::Environment { aws, settings, store: &store, progress: &progress, clock: &Timestamp::now };
    let outcome = cycle::run(work, &environment, uuid::Uuid::now_v7().to_string()).await;
    progress.clear();
    for warning in &outcome.rule_warnings {
        eprintln!("warning: rule {}: {}", warning.rule, warning.message);
    }
    for source in &outcome.sources {
        let name = sanitize_output(&source.name);
        source.warnings.iter().for_each(|warning| eprintln!("warning: {name}: {}", sanitize_output(warning)));
    }
    outcome
}

/// The whole scopes of the states, or only some resources.
fn work(targets: &[String], sweep: Sweep) -> Work {
    if targets.is_empty() {
        return Work::Sweep(sweep);
    }
    Work::Resources(Resources { addresses: targets.iter().cloned().collect(), ..Resources::default() })
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
    let outcome = run_cycle(&aws, &settings, &work(&args.targets, sweep)).await;
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
        return fail("no state could be read; see the gaps of the report");
    }
    report::exit_code(&report, config.scan.fail_on)
}

fn no_credentials(error: &ReadError) -> String {
    format!(
        "failed to find out which AWS account this is: {}\n\
         remedy: give credentials by the environment, a profile (AWS_PROFILE), SSO (`aws sso login`) or a role; \
         sts:GetCallerIdentity needs no permission",
        error.detail()
    )
}

pub(super) fn width(on_terminal: bool) -> usize {
    if !on_terminal {
        return DEFAULT_WIDTH;
    }
    let columns = terminal_size::terminal_size().map(|(columns, _)| usize::from(columns.0));
    columns.filter(|columns| *columns >= 60).unwrap_or(DEFAULT_WIDTH)
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

pub(super) fn write(output: Option<&Path>, text: &str) -> Result<(), String> {
    match output {
        Some(path) => {
            std::fs::write(path, text).map_err(|error| format!("failed to write {}: {error}", path.display()))
        }
        None => match std::io::stdout().write_all(text.as_bytes()) {
            // Whoever reads has seen enough (`| head`).
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
            other => other.map_err(|error| format!("failed to write the report: {error}")),
        },
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
