//! argv -> config -> one subcommand -> exit code.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "the one module that talks to a terminal")]

mod args;
mod baseline;
mod findings;
mod iam_policy;
mod info;
mod notify;
mod notify_args;
mod online;
mod output;
mod overlay;
mod rules;
mod run;
mod scan;
mod telemetry;
mod who;

use std::path::Path;
use std::process::ExitCode;

use clap::Parser as _;

use crate::config::{self, Config};
use crate::diagnostic::Diagnostic;
use crate::environment::Environment;

pub use args::{Args, Command};

/// Exit code for a scan or command that failed.
const FAILED: u8 = 1;
/// `EX_CONFIG` of sysexits.h.
const BAD_CONFIG: u8 = 78;

/// Runs the program.
pub fn main() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => return usage(&error),
    };
    // The daemon's log is as its configuration says.
    if !matches!(args.command, Command::Run) {
        telemetry::init(args.verbose, args.log_json);
    }
    // The process-wide default; ring is banned (deny.toml). An error means that it was installed already.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let of_config = args.command.asks_for_the_schema_of_the_configuration();
    let code = match args.command {
        Command::Scan(scan) => with_config(args.config.as_deref(), |config| scan::run(*scan, config)),
        Command::Baseline(baseline) => with_config(args.config.as_deref(), |config| baseline::run(*baseline, config)),
        Command::Who(who) => with_config(args.config.as_deref(), |config| who::run(*who, config)),
        Command::Run => run::run(args.config.as_deref(), args.verbose, args.log_json),
        Command::Findings(command) => with_config(args.config.as_deref(), |config| findings::run(command, &config)),
        Command::Explain { id } => with_config(args.config.as_deref(), |config| findings::explain(&id, &config)),
        Command::Store(command) => with_config(args.config.as_deref(), |config| findings::store(&command, &config)),
        Command::CheckConfig { online } => info::check_config(args.config.as_deref(), online),
        Command::Rules(command) => with_config(args.config.as_deref(), |config| rules::run(&command, config)),
        Command::Routes(command) => with_config(args.config.as_deref(), |config| notify::routes(command, &config)),
        Command::Notify(command) => with_config(args.config.as_deref(), |config| notify::notify(command, config)),
        Command::Kinds { names } => info::kinds(names),
        Command::IamPolicy { kinds } => with_config(args.config.as_deref(), |config| iam_policy::run(&kinds, config)),
        Command::Schema { config: _ } => info::schema(of_config),
        Command::Completions { shell } => info::completions(shell),
        Command::Man => info::man(),
    };
    ExitCode::from(code)
}

/// Help or version, or what is wrong with the arguments. clap's own exit code for the latter is 2, which means drift here.
fn usage(error: &clap::Error) -> ExitCode {
    // Nobody may be listening any more.
    let _ = error.print();
    ExitCode::from(if error.use_stderr() { BAD_CONFIG } else { 0 })
}

/// Loads the configuration, if there is one, and goes on with it.
fn with_config(named: Option<&Path>, go: impl FnOnce(Config) -> u8) -> u8 {
    let Some(path) = config::find(named) else { return go(Config::default()) };
    match config::load(&path, &Environment::of_process()) {
        Ok(config) => {
            print(&config.warnings);
            go(config)
        }
        Err(mistakes) => bad_config(&mistakes),
    }
}

/// Says why it failed.
fn fail(message: &str) -> u8 {
    output::say(&format!("error: {message}"));
    FAILED
}

/// Says what is not as it should be in what was asked.
fn bad_config(mistakes: &[Diagnostic]) -> u8 {
    print(mistakes);
    BAD_CONFIG
}

fn print(diagnostics: &[Diagnostic]) {
    for diagnostic in diagnostics {
        output::say(&diagnostic.to_string());
    }
}
