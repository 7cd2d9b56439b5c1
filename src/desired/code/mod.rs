//! Terraform code at hand: where each resource is declared, what its block sets, and the regions that provider blocks
//! name literally. Knows nothing about values: nothing is evaluated.

pub(super) mod hcl;
pub(super) mod json;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::locate::ProviderRegions;
use super::tfstate::without_keys;
use crate::model::{CodePosition, Desired};

/// Deeper nests of local modules than anyone writes; stops a module that calls itself.
const MAX_MODULE_DEPTH: usize = 32;

/// What is set around a resource but is no attribute of it.
const META_ARGUMENTS: [&str; 7] =
    ["count", "for_each", "provider", "lifecycle", "depends_on", "connection", "provisioner"];

/// The resources of one root module and of its local modules.
#[derive(Debug, Default)]
pub struct CodeIndex {
    /// Address without index keys -> where and what.
    entries: HashMap<String, Entry>,
    pub provider_regions: ProviderRegions,
    pub warnings: Vec<String>,
}

#[derive(Debug, Clone)]
struct Entry {
    position: CodePosition,
    declared: BTreeSet<String>,
}

/// What one file declares.
#[derive(Debug, Default)]
struct Declarations {
    resources: Vec<ResourceBlock>,
    /// Name and literal source of module calls.
    modules: Vec<(String, String)>,
    /// Alias and literal region of AWS provider blocks.
    providers: Vec<(Option<String>, String)>,
}

#[derive(Debug)]
struct ResourceBlock {
    kind: String,
    name: String,
    line: u32,
    declared: Vec<String>,
}

impl CodeIndex {
    /// Reads every `*.tf` and `*.tf.json` of `directory` and of the modules that it calls by a local path. A file that
    /// cannot be read or parsed becomes a warning.
    pub fn of(directory: &Path) -> Self {
        let mut index = Self::default();
        index.read_module(directory, "", 0);
        index
    }

    /// Puts code position and declared names on the instances that this code declares.
    pub fn apply(&self, resources: &mut [Desired]) {
        let mut shared: BTreeMap<String, Arc<[String]>> = BTreeMap::new();
        for resource in resources {
            let address = without_keys(&resource.address);
            let Some(entry) = self.entries.get(&address) else { continue };
            let declared = shared.entry(address).or_insert_with(|| entry.declared.iter().cloned().collect());
            resource.declared = Some(Arc::clone(declared));
            resource.code = Some(entry.position.clone());
        }
    }

    /// How many of the instances this code declares.
    pub fn matches(&self, resources: &[Desired]) -> usize {
        resources.iter().filter(|resource| self.entries.contains_key(&without_keys(&resource.address))).count()
    }

    fn read_module(&mut self, directory: &Path, prefix: &str, depth: usize) {
        if depth > MAX_MODULE_DEPTH {
            self.warnings.push(format!("{}: modules are nested too deep, the rest is not read", directory.display()));
            return;
        }
        for file in code_files(directory) {
            match read_file(&file) {
                Ok(declarations) => self.add(directory, &file, prefix, depth, declarations),
                Err(problem) => self.warnings.push(problem),
            }
        }
    }

    fn add(&mut self, directory: &Path, file: &Path, prefix: &str, depth: usize, declarations: Declarations) {
        for block in declarations.resources {
            let address = format!("{prefix}{}.{}", block.kind, block.name);
            let declared = block.declared.into_iter().filter(|name| !META_ARGUMENTS.contains(&name.as_str()));
            let position =
                CodePosition { file: file.display().to_string(), line: block.line, repository: None, commit: None };
            // An override file adds to a block that stands elsewhere; the files come in order, overrides last.
            let entry = self.entries.entry(address).or_insert_with(|| Entry { position, declared: BTreeSet::new() });
            entry.declared.extend(declared);
        }
        let module = prefix.trim_end_matches('.');
        let module = (!module.is_empty()).then(|| module.to_owned());
        for (alias, region) in declarations.providers {
            self.provider_regions.insert((module.clone(), alias), region);
        }
        for (name, source) in declarations.modules {
            if source.starts_with("./") || source.starts_with("../") {
                self.read_module(&directory.join(source), &format!("{prefix}module.{name}."), depth + 1);
            }
        }
    }
}

/// The code files of one directory, sorted as Terraform reads them: override files last.
pub(super) fn code_files(directory: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(directory) else { return Vec::new() };
    let mut files: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            (name.ends_with(".tf") || name.ends_with(".tf.json") || name.ends_with(".tofu"))
                && !name.starts_with('.')
                && path.is_file()
        })
        .collect();
    files.sort_by_key(|path| {
        let stem = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let bare = stem.split('.').next().unwrap_or_default().to_owned();
        (bare == "override" || bare.ends_with("_override"), stem)
    });
    files
}

fn read_file(file: &Path) -> Result<Declarations, String> {
    let place = file.display().to_string();
    let text = read_text(file).map_err(|error| format!("{place}: {error}"))?;
    if place.ends_with(".json") { json::declarations(&text, &place) } else { hcl::declarations(&text, &place) }
}

/// A file's text without byte order mark and with plain line ends; lines stay where they are.
pub(super) fn read_text(file: &Path) -> std::io::Result<String> {
    let text = String::from_utf8_lossy(&std::fs::read(file)?).into_owned();
    Ok(text.trim_start_matches('\u{feff}').replace("\r\n", "\n"))
}

#[cfg(test)]
mod tests;
