//! Configuration: finds the file, parses it, has every part check its own piece, resolves relative paths. All mistakes come
//! at once, with line and column. What a section means is in the `config.rs` of the part that owns it.

pub mod daemon;
pub mod events;
mod schema;
mod server;
pub mod store;
pub mod watch;

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Deserialize;
use serde_saphyr::Spanned;

use crate::attribution::config::{AttributionConfig, RawAttribution};
use crate::aws::config::{AwsConfig, LimitsConfig, RawAws, RawLimits};
use crate::baseline::{self, BaselineConfig};
use crate::cycle::config::{RawScan, ScanConfig};
use crate::desired::config::{self as states, CodeConfig, RawState, StateConfig};
use crate::diagnostic::{Diagnostic, Diagnostics, Position};
use crate::environment::Environment;
use crate::judge::config::{RawRules, RulesConfig};
use crate::notify::config::{NotifyConfig, RawLinks, RawNotify, RawReceiver, RawRoute, RawTimeWindow};
use crate::notify::triage::config::RawTriage;
use crate::schedule::Schedule;
use crate::schedule::config::{self as schedule, RawSchedule, RawScheduleKeys, ScheduleConfig};
use crate::secret::SecretRef;
use crate::yaml::{self, TextOr, Variables};

pub use daemon::DaemonConfig;
pub use events::{EventSourceConfig, QueueConfig};
pub use schema::schema;
pub use server::{LogConfig, LogFormat};
pub use store::{RetentionConfig, StoreConfig, StoreLocation};

use daemon::RawDaemon;
use events::RawEventSource;
use server::RawLog;
use store::RawStore;

/// Where a configuration is looked for when none is named, after `$DRIFTD_CONFIG`.
pub const PLACES: [&str; 2] = ["/etc/driftd/driftd.yaml", "./config/driftd.yaml"];

/// The version of the file's format that is read.
const VERSION: u64 = 1;

const GRAMMAR: yaml::Grammar<'_> = yaml::Grammar {
    variables: None,
    unset_variable: "config/unset-variable",
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
#[derive(Debug, Clone)]
pub struct Config {
    /// Sources of desired state.
    pub states: Vec<StateConfig>,
    pub aws: AwsConfig,
    /// Paths are relative to the working directory: those of a file were resolved when it was loaded.
    pub rules: RulesConfig,
    /// Files of accepted drift. For paths see `rules`.
    pub baseline: BaselineConfig,
    pub scan: ScanConfig,
    /// Where events are read, and who is expected to change what. For paths see `rules`.
    pub attribution: AttributionConfig,
    /// When states are compared, unless one says otherwise: see [`Config::schedule_of`].
    pub schedule: ScheduleConfig,
    /// Where the daemon hears of changes as they happen; empty: sweeps alone find them.
    pub events: Vec<EventSourceConfig>,
    pub daemon: DaemonConfig,
    /// Paths are relative to the working directory: see `rules`.
    pub store: StoreConfig,
    /// Where the daemon serves its pages and metrics.
    pub listen: SocketAddr,
    /// Who is told what.
    pub notify: NotifyConfig,
    pub limits: LimitsConfig,
    pub log: LogConfig,
    /// No section of the file: set by the command line.
    pub code: CodeConfig,
    /// What the file says, but probably does not mean.
    pub warnings: Vec<Diagnostic>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            states: Vec::new(),
            aws: AwsConfig::default(),
            rules: RulesConfig::default(),
            baseline: BaselineConfig::default(),
            scan: ScanConfig::default(),
            attribution: AttributionConfig::default(),
            schedule: ScheduleConfig::default(),
            events: Vec::new(),
            daemon: DaemonConfig::default(),
            store: StoreConfig::default(),
            listen: server::LISTEN,
            notify: NotifyConfig::default(),
            limits: LimitsConfig::default(),
            log: LogConfig::default(),
            code: CodeConfig::default(),
            warnings: Vec::new(),
        }
    }
}

impl Config {
    /// When the daemon compares a state.
    pub fn schedule_of(&self, state: &StateConfig) -> Schedule {
        self.schedule.with(&state.schedule).of(state.name.as_deref().unwrap_or(&state.location))
    }
}

/// driftd's configuration; unknown keys are errors.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct RawConfig {
    /// The version of this file's format: 1.
    // Required; optional here, since a piece of a file need not have it.
    #[schemars(with = "u64")]
    version: Option<Spanned<u64>>,
    /// Terraform states that are compared.
    #[serde(default)]
    #[schemars(with = "Vec<TextOr<states::RawStateKeys>>")]
    states: Vec<RawState>,
    #[serde(default)]
    aws: RawAws,
    #[serde(default)]
    rules: RawRules,
    /// Files of accepted drift, as `driftd baseline` writes them, relative to this file.
    #[serde(default)]
    #[schemars(with = "Vec<PathBuf>")]
    baseline: Vec<Spanned<PathBuf>>,
    #[serde(default)]
    scan: RawScan,
    #[serde(default)]
    attribution: RawAttribution,
    /// When states are compared: a cron expression, or a mapping.
    #[schemars(with = "Option<TextOr<RawScheduleKeys>>")]
    schedule: Option<RawSchedule>,
    /// Where the daemon hears of changes as they happen; empty: sweeps alone find them.
    #[serde(default)]
    #[schemars(with = "Vec<RawEventSource>")]
    events: Vec<Spanned<RawEventSource>>,
    #[serde(default)]
    daemon: RawDaemon,
    #[serde(default)]
    store: RawStore,
    /// The address and port on which the daemon serves its pages and metrics.
    #[schemars(with = "Option<String>")]
    listen: Option<Spanned<String>>,
    /// Where alerts go.
    #[serde(default)]
    receivers: Vec<RawReceiver>,
    /// Who is told what; without it every receiver is told everything.
    route: Option<RawRoute>,
    /// Hours of the week that routes name in `mute`.
    #[serde(default)]
    #[schemars(with = "Vec<RawTimeWindow>")]
    time_windows: Vec<Spanned<RawTimeWindow>>,
    /// Pages that messages link to.
    #[serde(default)]
    links: RawLinks,
    /// A language model that writes notes on findings; null: nobody is asked.
    triage: Option<RawTriage>,
    #[serde(default)]
    limits: RawLimits,
    #[serde(default)]
    log: RawLog,
}

impl Config {
    /// The secrets that it refers to, and what leads to them.
    pub fn secrets(&self) -> Vec<&SecretRef> {
        let mut secrets = match &self.store.location {
            StoreLocation::Postgres(url) => vec![url],
            StoreLocation::Standard | StoreLocation::Sqlite(_) => Vec::new(),
        };
        secrets.extend(self.notify.secrets());
        let tokens: Vec<_> = secrets.iter().filter_map(|secret| secret.leads_to()).collect();
        secrets.extend(tokens);
        secrets
    }
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

/// Reads and validates a configuration file, with the variables of this environment.
///
/// # Errors
/// Every mistake in it, warnings among them.
pub fn load(path: &Path, environment: &Environment) -> Result<Config, Vec<Diagnostic>> {
    from_text(path, std::fs::read_to_string(path), environment)
}

/// The configuration of a file that was read, or not.
fn from_text(path: &Path, text: io::Result<String>, environment: &Environment) -> Result<Config, Vec<Diagnostic>> {
    let file = path.display().to_string();
    let text = text.map_err(|error| {
        let mistake = Diagnostic::error("config/unreadable", format!("failed to read it: {error}"));
        vec![Diagnostic { file: file.clone(), ..mistake }]
    })?;
    let mut config = parse_with(&file, &text, environment)?;
    let folder = path.parent().unwrap_or(Path::new("."));
    config.rules.resolve(folder);
    config.baseline.resolve(folder);
    config.attribution.resolve(folder);
    config.store.resolve(folder);
    config.notify.resolve(folder);
    Ok(config)
}

/// Parses and validates the text of a configuration file in which no variable is set. Pure.
///
/// # Errors
/// Every mistake in it, warnings among them.
pub fn parse(file: &str, text: &str) -> Result<Config, Vec<Diagnostic>> {
    parse_with(file, text, &Environment::default())
}

/// Parses and validates the text of a configuration file. Pure.
///
/// # Errors
/// Every mistake in it, warnings among them. None repeats the value of a variable.
pub fn parse_with(file: &str, text: &str, environment: &Environment) -> Result<Config, Vec<Diagnostic>> {
    let variables = Variables::new(environment);
    let redact = |found: Diagnostic| Diagnostic {
        message: variables.redact(&found.message),
        hint: found.hint.as_deref().map(|hint| variables.redact(hint)),
        ..found
    };
    let parsed = validate(file, text, &yaml::Grammar { variables: Some(&variables), ..GRAMMAR });
    match parsed {
        Ok(config) => Ok(Config { warnings: config.warnings.into_iter().map(redact).collect(), ..config }),
        Err(mistakes) => Err(mistakes.into_iter().map(redact).collect()),
    }
}

fn validate(file: &str, text: &str, grammar: &yaml::Grammar<'_>) -> Result<Config, Vec<Diagnostic>> {
    let mut diagnostics = Diagnostics::new(file);
    // With one mistake in the parser's eyes the sections are parsed, and checked, one by one.
    let starts_section = |line: &str| line.starts_with(|c: char| !c.is_whitespace() && !"#-%}]".contains(c));
    let pieces: Vec<RawConfig> = yaml::parse_in_pieces(text, grammar, starts_section, &mut diagnostics);
    let unparsed = diagnostics.errors() > 0;
    let mut versions = 0;
    let mut notify = RawNotify::default();
    let mut config = Config::default();
    for piece in pieces {
        let RawConfig {
            version,
            states,
            aws,
            rules,
            baseline,
            scan,
            attribution,
            schedule,
            events,
            daemon,
            store,
            listen,
            receivers,
            route,
            time_windows,
            links,
            triage,
            limits,
            log,
        } = piece;
        versions += version.iter().len();
        notify.add(RawNotify { receivers, route, time_windows, links, triage });
        check_version(version.as_ref(), &mut diagnostics);
        config = Config {
            states: states::validate(states, &mut diagnostics),
            aws: aws.validate(&mut diagnostics),
            rules: rules.validate(&mut diagnostics),
            baseline: baseline::validate(baseline, &mut diagnostics),
            scan: scan.validate(&mut diagnostics),
            attribution: attribution.validate(&mut diagnostics),
            schedule: ScheduleConfig::default().with(&schedule::validate(schedule, &mut diagnostics)),
            events: events::validate(events, &mut diagnostics),
            daemon: daemon.validate(&mut diagnostics),
            store: store.validate(&mut diagnostics),
            listen: server::listen(listen, &mut diagnostics),
            limits: limits.validate(),
            log: log.validate(),
            ..config
        };
    }
    // What a route names may stand in a piece that could not be parsed.
    config.notify = notify.validate(!unparsed, &mut diagnostics);
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
