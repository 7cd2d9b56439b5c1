//! The section `scan`: which resources are looked at, and what a scan's exit code counts.

use std::time::Duration;

use globset::{Glob, GlobSet, GlobSetBuilder};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_saphyr::Spanned;

use super::IgnoreTags;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::model::report::Severity;
use crate::model::schema;
use crate::yaml::{self, duration, position};

/// A valid section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScanConfig {
    /// Look for resources that no source declares.
    pub unmanaged: bool,
    /// Globs of Terraform types; empty means all.
    pub kinds: Vec<String>,
    /// Findings below it do not make `scan` exit with 2.
    pub fail_on: Option<Severity>,
    /// Tags that Terraform ignores.
    pub ignore_tags: IgnoreTags,
    /// How long a scan may take; what is left then is a gap.
    pub deadline: Duration,
}

/// Enough for a thousand accounts with slow answers.
const DEADLINE: Duration = Duration::from_secs(2 * 60 * 60);

impl Default for ScanConfig {
    fn default() -> Self {
        Self {
            unmanaged: true,
            kinds: Vec::new(),
            fail_on: None,
            ignore_tags: IgnoreTags::default(),
            deadline: DEADLINE,
        }
    }
}

impl ScanConfig {
    /// The types asked for; `None`: all.
    ///
    /// # Errors
    /// A glob that is none, or globs of which none matches a type.
    pub fn kind_filter(&self) -> Result<Option<GlobSet>, Diagnostic> {
        if self.kinds.is_empty() {
            return Ok(None);
        }
        let mut set = GlobSetBuilder::new();
        for glob in &self.kinds {
            set.add(parse(glob)?);
        }
        let set = set.build().map_err(|error| Diagnostic::error("config/not-a-pattern", error.to_string()))?;
        if schema::kinds().any(|kind| set.is_match(kind)) {
            return Ok(Some(set));
        }
        let message = format!("no Terraform type of the AWS provider matches {}", self.kinds.join(", "));
        Err(Diagnostic::error("config/no-kind-matches", message).with_hint("`driftd kinds` lists them"))
    }
}

/// The pattern.
///
/// # Errors
/// It is none.
pub fn parse(glob: &str) -> Result<Glob, Diagnostic> {
    Glob::new(glob).map_err(|error| Diagnostic::error("config/not-a-pattern", format!("{glob:?}: {}", error.kind())))
}

/// Which resources are looked at.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RawScan {
    /// Look for resources that no state declares.
    unmanaged: bool,
    /// Only Terraform types that match one of these globs; empty: all.
    #[schemars(with = "Vec<String>")]
    kinds: Vec<Spanned<String>>,
    /// Findings below this severity do not make `scan` exit with 2: critical, high, medium, low, info.
    #[schemars(with = "Option<String>")]
    fail_on: Option<Spanned<String>>,
    /// Tags that the provider's `ignore_tags` names.
    ignore_tags: RawIgnoreTags,
    /// How long a scan may take.
    #[schemars(with = "Option<String>")]
    deadline: Option<Spanned<String>>,
}

impl Default for RawScan {
    fn default() -> Self {
        Self {
            unmanaged: true,
            kinds: Vec::new(),
            fail_on: None,
            ignore_tags: RawIgnoreTags::default(),
            deadline: None,
        }
    }
}

/// Tags that Terraform ignores.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct RawIgnoreTags {
    /// Keys of tags.
    keys: Vec<String>,
    /// How keys of tags begin.
    key_prefixes: Vec<String>,
}

impl RawScan {
    /// What of it is valid; every mistake goes to `diagnostics`.
    pub fn validate(self, diagnostics: &mut Diagnostics) -> ScanConfig {
        let Self { unmanaged, kinds, fail_on, ignore_tags, deadline } = self;
        let RawIgnoreTags { keys, key_prefixes } = ignore_tags;
        for kind in &kinds {
            match parse(&kind.value).map(|glob| glob.compile_matcher()) {
                Err(mistake) => diagnostics.add(mistake, position(kind)),
                Ok(glob) if schema::kinds().any(|name| glob.is_match(name)) => {}
                Ok(_) => {
                    let message = format!("no Terraform type of the AWS provider matches {:?}", kind.value);
                    diagnostics.warning("config/unused-pattern", position(kind), message);
                }
            }
        }
        ScanConfig {
            unmanaged,
            kinds: kinds.into_iter().map(|kind| kind.value).collect(),
            fail_on: fail_on.and_then(|word| severity(&word, diagnostics)),
            ignore_tags: IgnoreTags { keys, key_prefixes },
            deadline: deadline.and_then(|text| duration(&text, diagnostics)).unwrap_or(DEADLINE),
        }
    }
}

fn severity(word: &Spanned<String>, diagnostics: &mut Diagnostics) -> Option<Severity> {
    let found = Severity::ALL.into_iter().find(|severity| severity.as_str() == word.value);
    if found.is_none() {
        let hint = yaml::suggestion(&word.value, &Severity::ALL.map(Severity::as_str));
        let mistake = Diagnostic::error("config/unknown-word", "`fail_on` is not a severity").with_hint(hint);
        diagnostics.add(mistake, position(word));
    }
    found
}
