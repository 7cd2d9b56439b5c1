//! The section `states`: which sources are read, and where each may declare resources. Knows no backend.

use std::fmt;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_saphyr::Spanned;

use super::BackendConfig;
use crate::aws::config::{account_id, regions};
use crate::diagnostic::Diagnostics;
use crate::yaml::position;

/// One source, or several (a glob, a prefix), as a user names it.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct StateConfig {
    /// A path, a glob, a URL, a directory of code. May hold a password or a token.
    pub location: String,
    /// The accounts in which it may declare resources; empty: any.
    pub accounts: Vec<String>,
    /// The regions in which it may declare resources; empty: any. Resources without a region (IAM) do not count here.
    pub regions: Vec<String>,
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
        let Self { location: _, accounts, regions } = self;
        f.debug_struct("StateConfig")
            .field("location", &location)
            .field("accounts", accounts)
            .field("regions", regions)
            .finish()
    }
}

/// What `terraform init` would be given besides; so far only the command line says it.
#[derive(Debug, Clone, Default)]
pub struct CodeConfig {
    /// Directories of Terraform code for states that are not named by their directory.
    pub directories: Vec<std::path::PathBuf>,
    /// Like `terraform init -backend-config`.
    pub backend_config: Vec<BackendConfig>,
    /// The workspace of directories; `None` takes the selected one.
    pub workspace: Option<String>,
}

/// An entry of `states`: a text, or a mapping.
#[derive(Debug)]
pub enum RawState {
    Location(String),
    Scoped(RawScopedState),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawScopedState {
    location: Spanned<String>,
    #[serde(default)]
    accounts: Vec<Spanned<String>>,
    #[serde(default)]
    regions: Vec<Spanned<String>>,
}

impl<'de> Deserialize<'de> for RawState {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextOrMapping)
    }
}

/// By hand, since serde's `untagged` loses the position of what is wrong inside.
struct TextOrMapping;

impl<'de> Visitor<'de> for TextOrMapping {
    type Value = RawState;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a location, or a mapping with `location`, `accounts` and `regions`")
    }

    fn visit_str<E>(self, text: &str) -> Result<RawState, E> {
        Ok(RawState::Location(text.to_owned()))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<RawState, A::Error> {
        RawScopedState::deserialize(MapAccessDeserializer::new(map)).map(RawState::Scoped)
    }
}

/// What of the list is valid; every mistake goes to `diagnostics`.
pub fn validate(raw: Vec<Spanned<RawState>>, diagnostics: &mut Diagnostics) -> Vec<StateConfig> {
    let mut states = Vec::new();
    for entry in raw {
        let at = position(&entry);
        let (at, state) = match entry.value {
            RawState::Location(location) => (at, StateConfig::anywhere(location)),
            RawState::Scoped(RawScopedState { location, accounts, regions: names }) => {
                let accounts = accounts.into_iter().filter_map(|id| account_id(id, diagnostics)).collect();
                let state =
                    StateConfig { accounts, regions: regions(names, diagnostics), location: location.value.clone() };
                (position(&location), state)
            }
        };
        if state.location.trim().is_empty() {
            diagnostics.error("config/empty-value", at, "the location of a state is empty");
        }
        states.push(state);
    }
    states
}
