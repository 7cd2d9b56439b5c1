//! Subcommands that only print: types, schema, completions, manual, and the mistakes of a configuration.

use std::fmt::Write as _;
use std::path::Path;

use clap::CommandFactory as _;
use jiff::Timestamp;

use super::args::Args;
use super::online;
use super::output::{printed, say};
use super::scan::block_on;
use super::{BAD_CONFIG, bad_config, fail, print};
use crate::config;
use crate::desired::Environment;
use crate::inventory::{Reach, kinds};
use crate::setup::Setup;
use crate::wording::text::sanitize_output;

/// The report's contract.
const REPORT_SCHEMA: &str = include_str!("../../docs/scan-report.schema.json");

#[expect(clippy::disallowed_methods, reason = "the edge: from here on the time is an argument")]
pub(super) fn check_config(named: Option<&Path>, online: bool) -> u8 {
    let Some(path) = config::find(named) else {
        say(&format!("error: no configuration found; looked at $DRIFTD_CONFIG, {}", config::PLACES.join(", ")));
        return BAD_CONFIG;
    };
    let environment = Environment::of_process();
    let config = match config::load(&path, &environment) {
        Ok(config) => config,
        Err(mistakes) => return bad_config(&mistakes),
    };
    print(&config.warnings);
    // What a scan would refuse is a mistake here, too.
    let setup = match Setup::from_config(&config, environment.clone(), Timestamp::now()) {
        Ok(setup) => setup,
        Err(mistakes) => return bad_config(&mistakes),
    };
    print(&setup.warnings);
    if online {
        return block_on(online::check(&config, setup, environment));
    }
    printed(&format!("{}: ok\n", sanitize_output(&path.display().to_string())))
}

pub(super) fn kinds(names: bool) -> u8 {
    let mut text = String::new();
    for kind in kinds::ALL {
        // Writing to a String cannot fail.
        if names {
            _ = writeln!(text, "{}", kind.name());
        } else {
            let reach = if kind.reach() == Reach::Global { "global" } else { "regional" };
            _ = writeln!(text, "{:<52} {reach:<9} {}", kind.name(), kind.actions().join(" "));
        }
    }
    printed(&text)
}

/// The contract of the JSON report, or of the configuration.
pub(super) fn schema(of_config: bool) -> u8 {
    if of_config { printed(&format!("{:#}\n", config::schema())) } else { printed(REPORT_SCHEMA) }
}

pub(super) fn completions(shell: clap_complete::Shell) -> u8 {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Args::command(), "driftd", &mut script);
    printed(&String::from_utf8_lossy(&script))
}

pub(super) fn man() -> u8 {
    let mut manual = Vec::new();
    match clap_mangen::Man::new(Args::command()).render(&mut manual) {
        Ok(()) => printed(&String::from_utf8_lossy(&manual)),
        Err(error) => fail(&format!("failed to write the manual: {error}")),
    }
}
