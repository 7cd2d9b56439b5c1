//! Which directory of code belongs to which state.

use std::path::PathBuf;

use super::LoadOptions;
use crate::desired::code::CodeIndex;
use crate::desired::{ObjectStore, request};
use crate::model::Desired;

/// The code directories that were given beside the states.
pub(super) struct Codes {
    indices: Vec<(PathBuf, Vec<String>, CodeIndex)>,
}

impl Codes {
    pub(super) async fn new(options: &LoadOptions, store: &dyn ObjectStore) -> Self {
        let mut indices = Vec::new();
        for directory in &options.code_dirs {
            // Which states it writes, as far as its backend says; not reading it is no fault here.
            let opened = request::open_directory(directory, options, store).await.unwrap_or_default();
            let locations = opened.files.iter().map(|file| file.location()).collect();
            indices.push((directory.clone(), locations, CodeIndex::of(directory)));
        }
        Self { indices }
    }

    /// The code whose backend is this state, or whose folder holds it; else the one code that declares most of it.
    pub(super) fn belonging_to(&self, location: &str, resources: &[Desired]) -> Option<&CodeIndex> {
        let by_backend = self.indices.iter().find(|(_, states, _)| states.iter().any(|state| state == location));
        let by_folder = || self.indices.iter().find(|(folder, ..)| PathBuf::from(location).starts_with(folder));
        if let Some((_, _, code)) = by_backend.or_else(by_folder) {
            return Some(code);
        }
        let mut counted: Vec<_> = self.indices.iter().map(|(_, _, code)| (code.matches(resources), code)).collect();
        counted.sort_by_key(|(count, _)| std::cmp::Reverse(*count));
        match counted.as_slice() {
            [(0, _), ..] | [] => None,
            [(best, _), (second, _), ..] if best == second => None,
            [(_, code), ..] => Some(code),
        }
    }
}
