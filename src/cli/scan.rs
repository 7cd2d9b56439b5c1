//! `driftd scan`: one cycle, printed.

use std::collections::BTreeMap;
use std::io::{IsTerminal as _, Write as _};
use std::path::Path;
use std::time::Duration;

use globset::{Glob, GlobSet, GlobSetBuilder};
use jiff::Timestamp;
use secrecy::SecretString;

use super::args::{Colour, Scan};
use super::{BAD_CONFIG, bad_config, fail};
use crate::aws::{Aws, AwsOptions};
use crate::config::Config;
use crate::cycle::{self, IgnoreTags, Progress, Resources, Settings, Sweep, Work};
use crate::desired::{BackendConfig, Environment, HttpOptions, LoadOptions, StateBucket};
use crate::judge::{self, Reason, RuleSet};
use crate::model::Outcome;
use crate::model::report::Report;
use crate::model::schema;
use crate::report::{self, text::sanitize_output};

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

/// Arguments and configuration -> what a cycle needs, or the exit code of a mistake that is already told.
pub(super) async fn prepare(args: &Scan, config: &Config, needs_state: bool) -> Result<Prepared, u8> {
    let states = if args.states.is_empty() { config.states.clone() } else { args.states.clone() };
    if states.is_empty() && needs_state {
        return Err(bad_config("nothing to scan: give --state, or list `states` in the configuration"));
    }
    let globs = if args.kinds.is_empty() { &config.kinds } else { &args.kinds };
    let kinds = kind_filter(globs).map_err(|message| bad_config(&message))?;
    if kinds.as_ref().is_some_and(|only| !schema::kinds().any(|kind| only.is_match(kind))) {
        return Err(bad_config("--kind matches no Terraform type of the AWS provider"));
    }
    if let Some(bad) = args.regions.iter().find(|region| !crate::config::is_region(region)) {
        return Err(bad_config(&format!("--region {bad:?} is not a region; write e.g. eu-central-1")));
    }
    let attribution =
        super::attribution::options(args, config, Timestamp::now()).map_err(|message| bad_config(&message))?;
    let rules = rules(args, config)?;
    let regions = [config.regions.clone(), args.regions.clone()].concat();
    let aws_options = AwsOptions { region: regions.first().cloned(), roles: config.roles.clone() };
    let aws = Aws::connect(aws_options).await.map_err(|error| fail(&no_credentials(&error)))?;
    let reasons = rules.reasons();
    let settings = Settings {
        states,
        load: load_options(args),
        rules,
        ignore_tags: IgnoreTags {
            keys: config.ignore_tag_keys.clone(),
            key_prefixes: config.ignore_tag_prefixes.clone(),
        },
        attribution,
    };
    let sweep = Sweep { regions, unmanaged: config.unmanaged && !args.no_unmanaged, kinds, principal: None };
    Ok(Prepared { aws, settings, sweep, reasons })
}

/// One cycle, with progress on a terminal and warnings on stderr.
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

async fn scan(args: Scan, config: Config) -> u8 {
    let prepared = match prepare(&args, &config, true).await {
        Ok(prepared) => prepared,
        Err(code) => return code,
    };
    let Prepared { aws, settings, sweep, reasons } = prepared;
    let outcome = run_cycle(&aws, &settings, &work(&args, sweep)).await;
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
    report::exit_code(&report, args.fail_on.map(Into::into).or(config.fail_on))
}

/// The whole scope of the states, or only some resources.
fn work(args: &Scan, sweep: Sweep) -> Work {
    if args.targets.is_empty() {
        return Work::Sweep(sweep);
    }
    let addresses = args.targets.iter().cloned().collect();
    Work::Resources(Resources { addresses, ..Resources::default() })
}

fn load_options(args: &Scan) -> LoadOptions {
    let environment = Environment::of_process();
    let backend = |setting: &String| match setting.split_once('=') {
        Some((key, value)) => BackendConfig::Pair { key: key.to_owned(), value: value.to_owned() },
        None => BackendConfig::File(setting.into()),
    };
    let bearer = environment.get("DRIFTD_HTTP_BEARER_TOKEN").map(SecretString::from);
    LoadOptions {
        code_dirs: args.code.clone(),
        backend_config: args.backend_config.iter().map(backend).collect(),
        workspace: args.workspace.clone(),
        http: HttpOptions { bearer, ..HttpOptions::default() },
        environment,
        retry_delay: Duration::from_secs(1),
        ..LoadOptions::default()
    }
}

fn rules(args: &Scan, config: &Config) -> Result<RuleSet, u8> {
    let rules = if config.starter_rules { judge::starter() } else { RuleSet::default() };
    let paths = [config.rules.clone(), args.rules.clone()].concat();
    if paths.is_empty() {
        return Ok(rules);
    }
    let loaded = judge::load(&paths).map_err(|errors| {
        errors.iter().for_each(|error| eprintln!("{error}"));
        BAD_CONFIG
    })?;
    Ok(rules.overlaid_with(loaded))
}

/// `None`: every kind.
pub(super) fn kind_filter(globs: &[String]) -> Result<Option<GlobSet>, String> {
    if globs.is_empty() {
        return Ok(None);
    }
    let mut set = GlobSetBuilder::new();
    for glob in globs {
        set.add(Glob::new(glob).map_err(|error| format!("--kind {glob}: {error}"))?);
    }
    set.build().map(Some).map_err(|error| error.to_string())
}

fn no_credentials(error: &crate::aws::ReadError) -> String {
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
