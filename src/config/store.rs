//! The section `store`: where the daemon remembers, and for how long. Stands here, since the store knows nothing of how it is configured.

use std::path::{Path, PathBuf};
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_saphyr::Spanned;

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::secret::SecretRef;
use crate::secret::config::{self as secret, RawSecret, RawSecretKeys};
use crate::yaml::{duration, position};

/// Where a SQLite file lies when neither the file nor systemd (`$STATE_DIRECTORY`) says so.
const FOLDER: &str = "/var/lib/driftd";
const FILE: &str = "driftd.db";

/// A valid section.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StoreConfig {
    pub location: StoreLocation,
    pub retention: RetentionConfig,
}

/// Where the store is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum StoreLocation {
    /// `driftd.db` in systemd's `$STATE_DIRECTORY`, else in `/var/lib/driftd`.
    #[default]
    Standard,
    /// A SQLite file; relative to the configuration file until it is resolved.
    Sqlite(PathBuf),
    /// The URL of a PostgreSQL database, which holds a password.
    Postgres(SecretRef),
}

impl StoreLocation {
    /// The SQLite file, if it is one. `state_directory` is `$STATE_DIRECTORY`, of which systemd may list several, with colons.
    pub fn sqlite(&self, state_directory: Option<&str>) -> Option<PathBuf> {
        match self {
            Self::Standard => {
                let folder = state_directory.and_then(|list| list.split(':').find(|folder| !folder.is_empty()));
                Some(Path::new(folder.unwrap_or(FOLDER)).join(FILE))
            }
            Self::Sqlite(path) => Some(path.clone()),
            Self::Postgres(_) => None,
        }
    }
}

/// How long each sort of record is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetentionConfig {
    /// Since they were resolved.
    pub resolved_findings: Duration,
    /// Steps of findings that are kept themselves.
    pub history: Duration,
    pub scans: Duration,
    /// CloudTrail's records.
    pub events: Duration,
    /// Notices that were sent or given up.
    pub notices: Duration,
    /// Proposals that are not open.
    pub proposals: Duration,
    /// Who did what to a finding.
    pub audit: Duration,
}

impl Default for RetentionConfig {
    fn default() -> Self {
        let days = |days: u64| Duration::from_secs(days * 24 * 60 * 60);
        Self {
            resolved_findings: days(180),
            history: days(365),
            scans: days(30),
            events: days(90),
            notices: days(90),
            proposals: days(180),
            audit: days(730),
        }
    }
}

impl StoreConfig {
    /// Takes relative paths as relative to this folder.
    pub fn resolve(&mut self, folder: &Path) {
        match &mut self.location {
            StoreLocation::Standard => {}
            StoreLocation::Sqlite(path) => *path = folder.join(&*path),
            StoreLocation::Postgres(url) => url.resolve(folder),
        }
    }
}

/// Where the daemon remembers: `path` or `url`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RawStore {
    /// A SQLite file, relative to this file; not on a network file system.
    #[schemars(with = "Option<String>")]
    path: Option<Spanned<PathBuf>>,
    /// `postgres://USER:PASSWORD@HOST/DATABASE?sslmode=verify-full`, as a secret, for several replicas.
    #[schemars(with = "Option<RawSecretKeys>")]
    url: Option<RawSecret>,
    /// How long each sort of record is kept.
    retention: RawRetention,
}

/// How long each sort of record is kept.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct RawRetention {
    /// Findings, since they were resolved.
    #[schemars(with = "Option<String>")]
    resolved_findings: Option<Spanned<String>>,
    /// Steps of findings that are kept themselves.
    #[schemars(with = "Option<String>")]
    history: Option<Spanned<String>>,
    /// Scans.
    #[schemars(with = "Option<String>")]
    scans: Option<Spanned<String>>,
    /// CloudTrail's records.
    #[schemars(with = "Option<String>")]
    events: Option<Spanned<String>>,
    /// Notices that were sent or given up.
    #[schemars(with = "Option<String>")]
    notices: Option<Spanned<String>>,
    /// Proposals that are not open.
    #[schemars(with = "Option<String>")]
    proposals: Option<Spanned<String>>,
    /// Who did what to a finding.
    #[schemars(with = "Option<String>")]
    audit: Option<Spanned<String>>,
}

impl RawStore {
    /// What of it is valid; every mistake goes to `diagnostics`.
    pub fn validate(self, diagnostics: &mut Diagnostics) -> StoreConfig {
        let Self { path, url, retention } = self;
        if let (Some(_), Some(url)) = (&path, &url) {
            let mistake = Diagnostic::error("config/not-one-of", "a store is either a `path` or a `url`");
            diagnostics.add(mistake.with_hint("leave one of them out"), position(url));
        }
        if let Some(path) = path.as_ref().filter(|path| path.value.as_os_str().is_empty()) {
            diagnostics.error("config/empty-value", position(path), "the path of the store is empty");
        }
        let url = url.and_then(|url| secret::validate(url, diagnostics));
        let location = match (path, url) {
            (_, Some(url)) => StoreLocation::Postgres(url),
            (Some(path), None) => StoreLocation::Sqlite(path.value),
            (None, None) => StoreLocation::Standard,
        };
        StoreConfig { location, retention: retention.validate(diagnostics) }
    }
}

impl RawRetention {
    fn validate(self, diagnostics: &mut Diagnostics) -> RetentionConfig {
        let Self { resolved_findings, history, scans, events, notices, proposals, audit } = self;
        let default = RetentionConfig::default();
        let mut or = |raw: Option<Spanned<String>>, default: Duration| {
            raw.and_then(|text| duration(&text, diagnostics)).unwrap_or(default)
        };
        RetentionConfig {
            resolved_findings: or(resolved_findings, default.resolved_findings),
            history: or(history, default.history),
            scans: or(scans, default.scans),
            events: or(events, default.events),
            notices: or(notices, default.notices),
            proposals: or(proposals, default.proposals),
            audit: or(audit, default.audit),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_where_systemd_says() {
        let standard = StoreLocation::Standard;
        for (directory, path) in [
            (None, "/var/lib/driftd/driftd.db"),
            (Some(""), "/var/lib/driftd/driftd.db"),
            (Some("/var/lib/private/driftd:/x"), "/var/lib/private/driftd/driftd.db"),
        ] {
            assert_eq!(standard.sqlite(directory), Some(path.into()), "{directory:?}");
        }
        assert_eq!(StoreLocation::Sqlite("x.db".into()).sqlite(Some("/y")), Some("x.db".into()));
        assert_eq!(StoreLocation::Postgres(SecretRef::Env("URL".to_owned())).sqlite(Some("/y")), None);
    }
}
