//! The section `rules`: which rules are used. Does not read them.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Deserialize;
use serde_saphyr::Spanned;

use crate::diagnostic::Diagnostics;
use crate::yaml::position;

/// A valid section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RulesConfig {
    /// Use the built-in rules.
    pub starter: bool,
    /// Rule files or folders besides the built-in ones; relative to the configuration file until they are resolved.
    pub paths: Vec<PathBuf>,
}

impl Default for RulesConfig {
    fn default() -> Self {
        Self { starter: true, paths: Vec::new() }
    }
}

impl RulesConfig {
    /// Takes relative paths as relative to this folder.
    pub fn resolve(&mut self, folder: &Path) {
        for path in &mut self.paths {
            *path = folder.join(&*path);
        }
    }
}

/// Which rules are used.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RawRules {
    /// Use the rules that come with the program.
    starter: bool,
    /// More rule files or folders, relative to this file.
    #[schemars(with = "Vec<PathBuf>")]
    paths: Vec<Spanned<PathBuf>>,
}

impl Default for RawRules {
    fn default() -> Self {
        Self { starter: true, paths: Vec::new() }
    }
}

impl RawRules {
    /// What of it is valid; every mistake goes to `diagnostics`.
    pub fn validate(self, diagnostics: &mut Diagnostics) -> RulesConfig {
        for path in self.paths.iter().filter(|path| path.value.as_os_str().is_empty()) {
            diagnostics.error("config/empty-value", position(path), "the path of a rule file or folder is empty");
        }
        RulesConfig { starter: self.starter, paths: self.paths.into_iter().map(|path| path.value).collect() }
    }
}
