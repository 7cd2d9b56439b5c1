//! The `backend` or `cloud` block of a directory of Terraform code, as it is after `terraform init`.
//!
//! `.terraform/terraform.tfstate` knows the block with every `-backend-config` merged; without it the block is read from
//! the code and the options are merged here. Terraform's rules: `internal/command/meta_backend.go`.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use hcl_edit::expr::{Expression, ObjectKey};
use hcl_edit::structure::{Body, Structure};
use serde_json::Value;

use super::code::{code_files, hcl, json, read_text};
use super::{Environment, ReadError};

/// One `-backend-config` option: a pair, or a file of them.
#[derive(Clone)]
pub enum BackendConfig {
    Pair { key: String, value: String },
    File(PathBuf),
}

impl From<&str> for BackendConfig {
    fn from(setting: &str) -> Self {
        match setting.split_once('=') {
            Some((key, value)) => Self::Pair { key: key.to_owned(), value: value.to_owned() },
            None => Self::File(setting.into()),
        }
    }
}

/// Never prints a value: some are secrets.
impl fmt::Debug for BackendConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pair { key, value: _ } => write!(f, "Pair({key})"),
            Self::File(path) => write!(f, "File({})", path.display()),
        }
    }
}

/// A backend with its settings; `cloud` counts as one. Blocks and maps are flattened: `workspaces.name`.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Backend {
    pub kind: String,
    pub settings: BTreeMap<String, String>,
    /// Settings that are no literals.
    pub unknown: Vec<String>,
    pub warnings: Vec<String>,
}

impl Backend {
    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        self.settings.get(key).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// A setting without which the state cannot be found.
    pub(crate) fn need(&self, key: &str, location: &str) -> Result<String, ReadError> {
        if let Some(value) = self.get(key) {
            return Ok(value.to_owned());
        }
        let why = if self.unknown.iter().any(|name| name == key) { "is no literal" } else { "is missing" };
        let problem = format!(
            "`{key}` of backend `{}` {why}: run `terraform init` there, or give it as backend configuration",
            self.kind
        );
        Err(ReadError::bad_request(location, problem))
    }
}

/// The backend of the code in `directory`; no block at all is the local backend.
pub(crate) fn find(
    directory: &Path,
    options: &[BackendConfig],
    environment: &Environment,
) -> Result<Backend, ReadError> {
    let mut written = in_code(directory)?;
    let data = directory.join(environment.get("TF_DATA_DIR").unwrap_or(".terraform"));
    if let Some(initialised) = initialised(&data.join("terraform.tfstate")) {
        if written.kind == initialised.kind {
            let warnings = std::mem::take(&mut written.warnings);
            written = Backend { warnings, ..initialised };
        } else {
            written.warnings.push(format!(
                "the code has backend `{}` but was initialised with `{}`: the code is followed; run `terraform init`",
                written.kind, initialised.kind
            ));
        }
    }
    for option in options {
        match option {
            BackendConfig::Pair { key, value } => _ = written.settings.insert(key.clone(), value.clone()),
            BackendConfig::File(file) => merge_file(&mut written, file)?,
        }
    }
    Ok(written)
}

/// The selected workspace: `TF_WORKSPACE`, else what `terraform workspace select` noted.
pub(crate) fn workspace(directory: &Path, environment: &Environment) -> String {
    if let Some(name) = environment.get("TF_WORKSPACE") {
        return name.to_owned();
    }
    let note = directory.join(environment.get("TF_DATA_DIR").unwrap_or(".terraform")).join("environment");
    let noted = std::fs::read_to_string(note).unwrap_or_default().trim().to_owned();
    if noted.is_empty() { "default".to_owned() } else { noted }
}

/// What `terraform init` noted: `{"backend": {"type": "s3", "config": {...}}}`.
fn initialised(file: &Path) -> Option<Backend> {
    let document: Value = serde_json::from_slice(&std::fs::read(file).ok()?).ok()?;
    let backend = document.get("backend")?;
    let mut found = Backend { kind: backend.get("type")?.as_str()?.to_owned(), ..Backend::default() };
    flatten("", backend.get("config")?, &mut found.settings);
    Some(found)
}

fn in_code(directory: &Path) -> Result<Backend, ReadError> {
    let files = code_files(directory);
    if files.is_empty() {
        let place = directory.display().to_string();
        return Err(ReadError::bad_request(place, "the directory has no Terraform code (*.tf): check the path"));
    }
    let mut found = None;
    let mut warnings = Vec::new();
    for file in files {
        let place = file.display().to_string();
        let text = match read_text(&file) {
            Ok(text) => text,
            Err(error) => return Err(ReadError::from_io(&place, &error)),
        };
        let outcome = if place.ends_with(".json") { of_json(&text) } else { of_hcl(&text, &place) };
        match outcome {
            Ok(backend) => found = backend.or(found), // override files come last and win
            Err(problem) => warnings.push(problem),
        }
    }
    if found.is_none() && !warnings.is_empty() {
        // The block may stand in the very file that we cannot parse: the local backend would be a guess.
        let problem = format!("no backend found, and not all code can be read: {}", warnings.join(", "));
        return Err(ReadError::bad_request(directory.display().to_string(), problem));
    }
    let found = found.unwrap_or_else(|| Backend { kind: "local".to_owned(), ..Backend::default() });
    // Syntax errors are reported with the code itself.
    Ok(found)
}

fn of_hcl(text: &str, place: &str) -> Result<Option<Backend>, String> {
    let body = hcl::parse(text, place)?;
    for settings in body.get_blocks("terraform") {
        for block in settings.body.blocks() {
            let kind = match (block.ident.as_str(), block.labels.first()) {
                ("backend", Some(label)) => label.as_str(),
                ("cloud", _) => "cloud",
                _ => continue,
            };
            let mut backend = Backend { kind: kind.to_owned(), ..Backend::default() };
            flatten_body("", &block.body, &mut backend);
            return Ok(Some(backend));
        }
    }
    Ok(None)
}

fn flatten_body(prefix: &str, body: &Body, backend: &mut Backend) {
    for structure in body {
        match structure {
            Structure::Attribute(attribute) => {
                flatten_expression(&format!("{prefix}{}", attribute.key.as_str()), &attribute.value, backend);
            }
            Structure::Block(block) => {
                flatten_body(&format!("{prefix}{}.", block.ident.as_str()), &block.body, backend)
            }
        }
    }
}

fn flatten_expression(name: &str, value: &Expression, backend: &mut Backend) {
    match value {
        Expression::Object(object) => {
            for (key, value) in object {
                let key = match key {
                    ObjectKey::Ident(key) => key.as_str().to_owned(),
                    ObjectKey::Expression(key) => hcl::text_of(key).unwrap_or_default(),
                };
                flatten_expression(&format!("{name}.{key}"), value.expr(), backend);
            }
        }
        Expression::Null(_) => {}
        value => match hcl::text_of(value) {
            Some(text) => _ = backend.settings.insert(name.to_owned(), text),
            None => backend.unknown.push(name.to_owned()),
        },
    }
}

fn of_json(text: &str) -> Result<Option<Backend>, String> {
    // Syntax errors are reported with the code itself.
    let Ok(root) = serde_json::from_str(text) else { return Ok(None) };
    for top in json::objects(root) {
        for settings in top.get("terraform").map(|raw| json::objects(raw)).unwrap_or_default() {
            let cloud = settings.get("cloud").map(|raw| ("cloud".to_owned(), *raw));
            let first = json::members(settings.get("backend").copied()).into_iter().chain(cloud).next();
            let Some((kind, raw)) = first else { continue };
            let mut backend = Backend { kind, ..Backend::default() };
            if let Ok(value) = serde_json::from_str(raw.get()) {
                flatten("", &value, &mut backend.settings);
            }
            return Ok(Some(backend));
        }
    }
    Ok(None)
}

fn flatten(name: &str, value: &Value, settings: &mut BTreeMap<String, String>) {
    let below = |key: &str| if name.is_empty() { key.to_owned() } else { format!("{name}.{key}") };
    match value {
        Value::Object(map) => map.iter().for_each(|(key, value)| flatten(&below(key), value, settings)),
        // A block of at most one.
        Value::Array(list) => list.iter().take(1).for_each(|value| flatten(name, value, settings)),
        Value::Null => {}
        Value::String(text) => _ = settings.insert(name.to_owned(), text.clone()),
        Value::Number(_) | Value::Bool(_) => _ = settings.insert(name.to_owned(), value.to_string()),
    }
}

fn merge_file(backend: &mut Backend, file: &Path) -> Result<(), ReadError> {
    let place = file.display().to_string();
    let text = read_text(file).map_err(|error| ReadError::from_io(&place, &error))?;
    let body = hcl::parse(&text, &place).map_err(|problem| ReadError::bad_request(place, problem))?;
    flatten_body("", &body, backend);
    Ok(())
}
