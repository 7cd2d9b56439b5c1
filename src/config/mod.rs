//! Configuration: file -> as written -> valid; every mistake at once, with line and column.

mod attribution;
mod since;
mod written;

use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};

use crate::attribution::source::SourceRef;
use crate::aws::AssumeRole;
use crate::model::report::Severity;

pub use attribution::AttributionConfig;
pub use since::Since;
pub use written::is_region;

/// Where a configuration is looked for when none is named, after `$DRIFTD_CONFIG`.
pub const PLACES: [&str; 2] = ["/etc/driftd/driftd.yaml", "./config/driftd.yaml"];

/// A valid configuration.
#[derive(Debug, Default)]
pub struct Config {
    /// State locations.
    pub states: Vec<String>,
    /// Regions to list besides those of the states.
    pub regions: Vec<String>,
    /// Account -> role to assume for it.
    pub roles: HashMap<String, AssumeRole>,
    /// Rule files or folders besides the built-in ones; relative to the configuration file.
    pub rules: Vec<PathBuf>,
    /// Use the built-in rules.
    pub starter_rules: bool,
    /// Look for resources that no source declares.
    pub unmanaged: bool,
    /// Globs of kinds; empty means all.
    pub kinds: Vec<String>,
    /// Findings below it do not make `scan` exit with 2.
    pub fail_on: Option<Severity>,
    /// Keys and prefixes of keys of tags that Terraform ignores.
    pub ignore_tag_keys: Vec<String>,
    pub ignore_tag_prefixes: Vec<String>,
    /// Where events are read, and who is expected to change what.
    pub attribution: AttributionConfig,
}

/// One mistake, where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    pub file: String,
    /// 1-based; 0: the file as a whole.
    pub line: u64,
    pub column: u64,
    pub message: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: error: {}", self.file, self.message),
            line => write!(f, "{}:{line}:{}: error: {}", self.file, self.column, self.message),
        }
    }
}

/// The configuration file to use: the one named, `$DRIFTD_CONFIG`, or the first of [`PLACES`] that exists.
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
/// Every mistake in it.
pub fn load(path: &Path) -> Result<Config, Vec<Mistake>> {
    let file = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|error| {
        let message = format!("failed to read it: {error}");
        vec![Mistake { file: file.clone(), line: 0, column: 0, message }]
    })?;
    let mut config = parse(&file, &text)?;
    let folder = path.parent().unwrap_or(Path::new("."));
    for rules in &mut config.rules {
        *rules = folder.join(&*rules);
    }
    for source in &mut config.attribution.sources {
        if let SourceRef::Path(path) = source {
            *path = folder.join(&*path);
        }
    }
    Ok(config)
}

/// Parses and validates the text of a configuration file. Pure.
///
/// # Errors
/// Every mistake in it.
pub fn parse(file: &str, text: &str) -> Result<Config, Vec<Mistake>> {
    written::parse(file, text)?.validate(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mistakes(text: &str) -> Vec<String> {
        parse("driftd.yaml", text).unwrap_err().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_whole_configuration() {
        let text = "version: 1\nstates:\n  - s3://b/k\naws:\n  regions: [eu-central-1]\n  accounts:\n    - id: \"012345678901\"\n      role_arn: arn:aws:iam::012345678901:role/driftd\n      external_id: x\nrules:\n  starter: false\n  paths: [../rules]\nscan:\n  unmanaged: false\n  kinds: [aws_s3_*]\n  fail_on: high\n  ignore_tags:\n    key_prefixes: [kubernetes.io/]\n";
        let config = parse("driftd.yaml", text).unwrap();
        assert_eq!(config.states, ["s3://b/k"]);
        assert_eq!(config.roles["012345678901"].external_id.as_deref(), Some("x"));
        assert_eq!(config.fail_on, Some(Severity::High));
        assert_eq!(config.ignore_tag_prefixes, ["kubernetes.io/"]);
        assert!(!config.unmanaged && !config.starter_rules);
    }

    #[test]
    fn empty_means_the_defaults() {
        let config = parse("driftd.yaml", "version: 1\n").unwrap();
        assert!(config.unmanaged && config.starter_rules && config.states.is_empty());
    }

    #[test]
    fn mistakes_name_their_place() {
        assert_eq!(mistakes("version: 1\nstate: [x]\n")[0].split(": ").next(), Some("driftd.yaml:2:1"));
        let many = mistakes(
            "version: 2\naws:\n  regions: [Frankfurt]\n  accounts:\n    - id: \"12\"\n      role_arn: nonsense\nscan:\n  kinds: [\"aws_[\"]\n",
        );
        assert_eq!(many.len(), 5, "{many:#?}");
        assert!(many[0].starts_with("driftd.yaml:1:"), "{many:#?}");
        assert!(many.iter().any(|m| m.starts_with("driftd.yaml:5:") && m.contains("twelve digits")), "{many:#?}");
    }
}
