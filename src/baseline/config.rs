//! The section `baseline`: which files hold accepted drift. Does not read them.

use std::path::{Path, PathBuf};

use serde_saphyr::Spanned;

use crate::diagnostic::Diagnostics;
use crate::yaml::position;

/// A valid section.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BaselineConfig {
    /// Relative to the configuration file until they are resolved.
    pub paths: Vec<PathBuf>,
}

impl BaselineConfig {
    /// Takes relative paths as relative to this folder.
    pub fn resolve(&mut self, folder: &Path) {
        for path in &mut self.paths {
            *path = folder.join(&*path);
        }
    }
}

/// What of it is valid; every mistake goes to `diagnostics`.
pub fn validate(paths: Vec<Spanned<PathBuf>>, diagnostics: &mut Diagnostics) -> BaselineConfig {
    for path in paths.iter().filter(|path| path.value.as_os_str().is_empty()) {
        diagnostics.error("config/empty-value", position(path), "the path of a baseline file is empty");
    }
    BaselineConfig { paths: paths.into_iter().map(|path| path.value).collect() }
}
