//! Configuration: finds the file, parses it, has every part check its own piece, resolves relative paths. All mistakes come
//! at once, with line and column. What a section means is in the `config.rs` of the part that owns it.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_saphyr::Spanned;

use crate::attribution::config::{AttributionConfig, RawAttribution};
use crate::aws::config::{AwsConfig, RawAws};
use crate::cycle::config::{RawScan, ScanConfig};
use crate::desired::config::{self as states, CodeConfig, RawState, StateConfig};
use crate::diagnostic::{Diagnostic, Diagnostics, Position};
use crate::judge::config::{RawRules, RulesConfig};
use crate::yaml;

/// Where a configuration is looked for when none is named, after `$DRIFTD_CONFIG`.
pub const PLACES: [&str; 2] = ["/etc/driftd/driftd.yaml", "./config/driftd.yaml"];

/// The version of the file's format that is read.
const VERSION: u64 = 1;

const GRAMMAR: yaml::Grammar = yaml::Grammar {
    strict_booleans: false,
    use_without_unknown_keys: true,
    unknown_key: "config/unknown-key",
    missing_key: "config/missing-key",
    duplicate_key: "config/duplicate-key",
    unknown_word: "config/unknown-word",
    wrong_type: "config/wrong-type",
    bad_yaml: "config/bad-yaml",
};

/// A valid configuration.
#[derive(Debug, Clone, Default)]
pub struct Config {
    /// Sources of desired state.
    pub states: Vec<StateConfig>,
    pub aws: AwsConfig,
    /// Paths are relative to the working directory: those of a file were resolved when it was loaded.
    pub rules: RulesConfig,
    pub scan: ScanConfig,
    /// Where events are read, and who is expected to change what. For paths see `rules`.
    pub attribution: AttributionConfig,
    /// No section of the file: set by the command line.
    pub code: CodeConfig,
    /// What the file says, but probably does not mean.
    pub warnings: Vec<Diagnostic>,
}

/// The file's keys; unknown ones are errors.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawConfig {
    /// Required; optional here, since a piece of a file need not have it.
    version: Option<Spanned<u64>>,
    #[serde(default)]
    states: Vec<Spanned<RawState>>,
    #[serde(default)]
    aws: RawAws,
    #[serde(default)]
    rules: RawRules,
    #[serde(default)]
    scan: RawScan,
    #[serde(default)]
    attribution: RawAttribution,
}

/// The configuration file to use: the one named, `$DRIFTD_CONFIG`, or the first of [`PLACES`] that exists.
#[expect(clippy::disallowed_methods, reason = "where the configuration lies is asked once, at the start")]
pub fn find(named: Option<&Path>) -> Option<PathBuf> {
    if let Some(path) = named {
        return Some(path.to_owned());
    }
    if let Some(path) = std::env::var_os("DRIFTD_CONFIG").filter(|path| !path.is_empty()) {
        return Some(path.into());
    }
    PLACES.iter().map(PathBuf::from).find(|path| path.is_file())
}

/// Reads and validates a configuration file.
///
/// # Errors
/// Every mistake in it, warnings among them.
pub fn load(path: &Path) -> Result<Config, Vec<Diagnostic>> {
    let file = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|error| {
        let mistake = Diagnostic::error("config/unreadable", format!("failed to read it: {error}"));
        vec![Diagnostic { file: file.clone(), ..mistake }]
    })?;
    let mut config = parse(&file, &text)?;
    let folder = path.parent().unwrap_or(Path::new("."));
    config.rules.resolve(folder);
    config.attribution.resolve(folder);
    Ok(config)
}

/// Parses and validates the text of a configuration file. Pure.
///
/// # Errors
/// Every mistake in it, warnings among them.
pub fn parse(file: &str, text: &str) -> Result<Config, Vec<Diagnostic>> {
    let mut diagnostics = Diagnostics::new(file);
    // With one mistake in the parser's eyes the sections are parsed, and checked, one by one.
    let starts_section = |line: &str| line.starts_with(|c: char| !c.is_whitespace() && !"#-%}]".contains(c));
    let pieces: Vec<RawConfig> = yaml::parse_in_pieces(text, &GRAMMAR, starts_section, &mut diagnostics);
    let unparsed = diagnostics.errors() > 0;
    let mut versions = 0;
    let mut config = Config::default();
    for piece in pieces {
        let RawConfig { version, states, aws, rules, scan, attribution } = piece;
        versions += version.iter().len();
        check_version(version.as_ref(), &mut diagnostics);
        config = Config {
            states: states::validate(states, &mut diagnostics),
            aws: aws.validate(&mut diagnostics),
            rules: rules.validate(&mut diagnostics),
            scan: scan.validate(&mut diagnostics),
            attribution: attribution.validate(&mut diagnostics),
            ..config
        };
    }
    if versions == 0 && !unparsed {
        let mistake = Diagnostic::error("config/missing-key", "the key `version` is missing");
        diagnostics.add(mistake.with_hint(format!("write `version: {VERSION}`")), Position::WHOLE_FILE);
    }
    if diagnostics.errors() > 0 {
        return Err(diagnostics.into_sorted());
    }
    Ok(Config { warnings: diagnostics.into_sorted(), ..config })
}

fn check_version(version: Option<&Spanned<u64>>, diagnostics: &mut Diagnostics) {
    if let Some(version) = version
        && version.value != VERSION
    {
        let message = format!("version {} is not known", version.value);
        let mistake = Diagnostic::error("config/unknown-version", message);
        diagnostics.add(mistake.with_hint(format!("this driftd reads version {VERSION}")), yaml::position(version));
    }
}

#[cfg(test)]
mod tests;
