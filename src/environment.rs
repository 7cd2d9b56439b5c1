//! The process environment as a value, so that tests and the configuration can say what it is. Knows no variable by name.

use std::collections::BTreeMap;
use std::fmt;

/// Environment variables. Never prints a value: some are secrets.
#[derive(Clone, Default)]
pub struct Environment(BTreeMap<String, String>);

impl Environment {
    /// That of this process; variables that are not Unicode are left out.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads it as a whole")]
    pub fn of_process() -> Self {
        std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect()
    }

    /// The value, `None` when unset or empty (as Terraform treats it).
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }
}

impl FromIterator<(String, String)> for Environment {
    fn from_iter<T: IntoIterator<Item = (String, String)>>(variables: T) -> Self {
        Self(variables.into_iter().collect())
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "Environment({} variables)", self.0.len())
    }
}
