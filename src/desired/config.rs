//! The section `states`: which sources are read, and where each may declare resources. Knows no backend.

use std::fmt;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_saphyr::Spanned;

use super::BackendConfig;
use crate::aws::config::{account_id, regions};
use crate::diagnostic::{Diagnostic, Diagnostics, Position};
use crate::schedule::config::{self as schedule, RawSchedule, ScheduleOverride};
use crate::yaml::{Mapping, TextOr, position};

/// One source, or several (a glob, a prefix), as a user names it.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct StateConfig {
    /// A path, a glob, a URL, a directory of code. May hold a password or a token.
    pub location: String,
    /// The accounts in which it may declare resources; empty: any.
    pub accounts: Vec<String>,
    /// The regions in which it may declare resources; empty: any. Resources without a region (IAM) do not count here.
    pub regions: Vec<String>,
    /// What people call it.
    pub name: Option<String>,
    /// The Terraform code that belongs to it.
    pub code: Option<CodeRef>,
    /// When the daemon compares it, where that is not the schedule of all.
    pub schedule: ScheduleOverride,
    /// The team that is asked about its drift.
    pub owner: Option<String>,
}

/// Where Terraform code lies.
#[derive(Clone, PartialEq, Eq)]
pub enum CodeRef {
    /// Relative to the working directory, as the paths of states are.
    Directory(PathBuf),
    /// An address that `git clone` takes; `//directory` and `?ref=` may follow, as in a module's source. May hold a password or a token.
    Git(String),
}

impl CodeRef {
    /// `git::ADDRESS`, `https://`, `ssh://`, `git@HOST:PATH` is Git, everything else a directory.
    fn new(text: &str) -> Self {
        match text.strip_prefix("git::") {
            Some(address) => Self::Git(address.to_owned()),
            None if text.contains("://") || text.starts_with("git@") => Self::Git(text.to_owned()),
            None => Self::Directory(text.into()),
        }
    }
}

/// Never prints a secret.
impl fmt::Debug for CodeRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Directory(path) => f.debug_tuple("Directory").field(path).finish(),
            Self::Git(address) => f.debug_tuple("Git").field(&super::request::label(address)).finish(),
        }
    }
}

impl StateConfig {
    /// A source that may declare resources anywhere.
    pub fn anywhere(location: impl Into<String>) -> Self {
        Self { location: location.into(), ..Self::default() }
    }
}

/// Never prints a secret.
impl fmt::Debug for StateConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let location = super::request::label(&self.location);
        let Self { location: _, accounts, regions, name, code, schedule, owner } = self;
        f.debug_struct("StateConfig")
            .field("location", &location)
            .field("accounts", accounts)
            .field("regions", regions)
            .field("name", name)
            .field("code", code)
            .field("schedule", schedule)
            .field("owner", owner)
            .finish()
    }
}

/// What `terraform init` would be given besides; so far only the command line says it.
#[derive(Debug, Clone, Default)]
pub struct CodeConfig {
    /// Directories of Terraform code for states that are not named by their directory.
    pub directories: Vec<PathBuf>,
    /// Like `terraform init -backend-config`.
    pub backend_config: Vec<BackendConfig>,
    /// The workspace of directories; `None` takes the selected one.
    pub workspace: Option<String>,
}

/// An entry of `states`: a location, or a mapping.
pub type RawState = Spanned<TextOr<RawStateKeys>>;

/// A Terraform state that is compared.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RawStateKeys {
    /// A path, a glob, `s3://`, `https://`, `tfe://`, `git::`, or a directory of code.
    #[schemars(with = "String")]
    location: Spanned<String>,
    /// The accounts in which it may declare resources; empty: any.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    accounts: Vec<Spanned<String>>,
    /// The regions in which it may declare resources; empty: any.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    regions: Vec<Spanned<String>>,
    /// What people call it.
    #[schemars(with = "Option<String>")]
    name: Option<Spanned<String>>,
    /// The Terraform code that belongs to it: a directory, or the address of a Git repository.
    #[schemars(with = "Option<String>")]
    code: Option<Spanned<String>>,
    /// When it is compared, where that is not the schedule of all.
    #[schemars(with = "Option<TextOr<schedule::RawScheduleKeys>>")]
    schedule: Option<RawSchedule>,
    /// The team that is asked about its drift.
    #[schemars(with = "Option<String>")]
    owner: Option<Spanned<String>>,
}

impl Mapping for RawStateKeys {
    const EXPECTING: &str = "a location, or a mapping with `location`";
}

/// What of the list is valid; every mistake goes to `diagnostics`.
pub fn validate(raw: Vec<RawState>, diagnostics: &mut Diagnostics) -> Vec<StateConfig> {
    let mut states: Vec<StateConfig> = Vec::new();
    for entry in raw {
        let at = position(&entry);
        let (at, state) = match entry.value {
            TextOr::Text(location) => (at, StateConfig::anywhere(location)),
            TextOr::Mapping(keys) => keys.validate(&states, diagnostics),
        };
        if state.location.trim().is_empty() {
            diagnostics.error("config/empty-value", at, "the location of a state is empty");
        }
        states.push(state);
    }
    states
}

impl RawStateKeys {
    /// The state, and where its location stands.
    fn validate(self, before: &[StateConfig], diagnostics: &mut Diagnostics) -> (Position, StateConfig) {
        let Self { location, accounts, regions: names, name, code, schedule: due, owner } = self;
        if let Some(name) = &name
            && before.iter().any(|state| state.name.as_ref() == Some(&name.value))
        {
            let mistake = Diagnostic::error("config/duplicate-name", "another state has this name");
            diagnostics.add(mistake, position(name));
        }
        let at = position(&location);
        let state = StateConfig {
            location: location.value,
            accounts: accounts.into_iter().filter_map(|id| account_id(id, diagnostics)).collect(),
            regions: regions(names, diagnostics),
            name: not_empty("name", name, diagnostics),
            code: code_of(code, diagnostics),
            schedule: schedule::validate(due, diagnostics),
            owner: owner_of(owner, diagnostics),
        };
        (at, state)
    }
}

fn code_of(raw: Option<Spanned<String>>, diagnostics: &mut Diagnostics) -> Option<CodeRef> {
    let at = raw.as_ref().map(position);
    let code = not_empty("code", raw, diagnostics).map(|text| CodeRef::new(&text));
    if let (Some(CodeRef::Git(_)), Some(at)) = (&code, at) {
        let message = "code in a Git repository is not read yet: check it out, and name the directory";
        diagnostics.warning("config/without-effect", at, message);
    }
    code
}

fn owner_of(raw: Option<Spanned<String>>, diagnostics: &mut Diagnostics) -> Option<String> {
    if let Some(owner) = &raw {
        diagnostics.warning(
            "config/without-effect",
            position(owner),
            "nobody is told of drift yet: `owner` changes nothing",
        );
    }
    not_empty("owner", raw, diagnostics)
}

fn not_empty(key: &str, raw: Option<Spanned<String>>, diagnostics: &mut Diagnostics) -> Option<String> {
    let raw = raw?;
    if raw.value.trim().is_empty() {
        let mistake = Diagnostic::error("config/empty-value", format!("the {key} of a state is empty"));
        diagnostics.add(mistake.with_hint("leave it out"), position(&raw));
    }
    Some(raw.value)
}
