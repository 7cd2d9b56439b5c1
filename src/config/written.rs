//! The configuration as it is written, and the step from there to a valid one.

use std::collections::HashMap;
use std::path::PathBuf;

use serde::Deserialize;
use serde_saphyr::Spanned;

use super::{Config, Mistake, attribution};
use crate::inventory::AssumeRole;
use crate::model::account::is_account_id;
use crate::model::arn;
use crate::model::report::Severity;

/// The file's keys; unknown ones are errors.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    version: Spanned<u64>,
    #[serde(default)]
    states: Vec<String>,
    #[serde(default)]
    aws: WrittenAws,
    #[serde(default)]
    rules: WrittenRules,
    #[serde(default)]
    scan: WrittenScan,
    #[serde(default)]
    attribution: attribution::Written,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenAws {
    #[serde(default)]
    regions: Vec<Spanned<String>>,
    #[serde(default)]
    accounts: Vec<WrittenAccount>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenAccount {
    id: Spanned<String>,
    role_arn: Spanned<String>,
    external_id: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct WrittenRules {
    starter: bool,
    paths: Vec<PathBuf>,
}

impl Default for WrittenRules {
    fn default() -> Self {
        Self { starter: true, paths: Vec::new() }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct WrittenScan {
    unmanaged: bool,
    kinds: Vec<Spanned<String>>,
    fail_on: Option<Severity>,
    ignore_tags: WrittenIgnoreTags,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct WrittenIgnoreTags {
    keys: Vec<String>,
    key_prefixes: Vec<String>,
}

impl Default for WrittenScan {
    fn default() -> Self {
        Self { unmanaged: true, kinds: Vec::new(), fail_on: None, ignore_tags: WrittenIgnoreTags::default() }
    }
}

pub(super) fn parse(file: &str, text: &str) -> Result<Written, Vec<Mistake>> {
    serde_saphyr::from_str(text).map_err(|error| {
        let (line, column) = error.location().map_or((0, 0), |at| (at.line(), at.column()));
        // The snippet that follows the first line repeats the file's text; the position is enough.
        let message = error.without_snippet().to_string();
        let message = message.split_once(": ").map_or(message.as_str(), |(_, rest)| rest).to_owned();
        vec![Mistake { file: file.to_owned(), line, column, message }]
    })
}

impl Written {
    pub(super) fn validate(self, file: &str) -> Result<Config, Vec<Mistake>> {
        let mut mistakes = Vec::new();
        let mut wrong = |at: (u64, u64), message: String| {
            mistakes.push(Mistake { file: file.to_owned(), line: at.0, column: at.1, message });
        };
        if self.version.value != 1 {
            wrong(
                position(&self.version),
                format!("version {} is not known; this driftd reads version 1", self.version.value),
            );
        }
        for region in &self.aws.regions {
            if !is_region(&region.value) {
                wrong(position(region), format!("{:?} is not a region; write e.g. eu-central-1", region.value));
            }
        }
        let mut roles = HashMap::new();
        for account in &self.aws.accounts {
            let id = &account.id.value;
            if !is_account_id(id) {
                wrong(position(&account.id), format!("{id:?} is not an account id: twelve digits, in quotes"));
            }
            if !account.role_arn.value.starts_with("arn:") || !account.role_arn.value.contains(":role/") {
                let message = format!("{:?} is not the ARN of a role", account.role_arn.value);
                wrong(position(&account.role_arn), message);
            } else if arn::account(&account.role_arn.value) != Some(id.as_str()) {
                wrong(position(&account.role_arn), format!("the role is not one of account {id}"));
            }
            let role = AssumeRole {
                arn: account.role_arn.value.clone(),
                external_id: account.external_id.clone(),
                session_name: None,
            };
            if roles.insert(id.clone(), role).is_some() {
                wrong(position(&account.id), format!("account {id} is configured twice"));
            }
        }
        for kind in &self.scan.kinds {
            if let Err(error) = globset::Glob::new(&kind.value) {
                wrong(position(kind), format!("not a pattern: {error}"));
            }
        }
        let attribution = self.attribution.validate(&mut wrong);
        if !mistakes.is_empty() {
            return Err(mistakes);
        }
        Ok(Config {
            states: self.states,
            regions: self.aws.regions.into_iter().map(|region| region.value).collect(),
            roles,
            rules: self.rules.paths,
            starter_rules: self.rules.starter,
            unmanaged: self.scan.unmanaged,
            kinds: self.scan.kinds.into_iter().map(|kind| kind.value).collect(),
            fail_on: self.scan.fail_on,
            ignore_tag_keys: self.scan.ignore_tags.keys,
            ignore_tag_prefixes: self.scan.ignore_tags.key_prefixes,
            attribution,
        })
    }
}

/// Does it look like a region's name? `eu-central-1`, `us-gov-west-1`, `cn-north-1`.
pub fn is_region(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    parts.len() >= 3
        && parts
            .iter()
            .all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()))
        && parts.last().is_some_and(|last| last.bytes().all(|b| b.is_ascii_digit()))
}

pub(super) fn position<T>(spanned: &Spanned<T>) -> (u64, u64) {
    (spanned.referenced.line(), spanned.referenced.column())
}
