//! Why a document is not a readable Terraform state. Every text names the document and the way out; none quotes a value
//! of the document, because a state is full of secrets.

use serde_json::error::Category;
use thiserror::Error;

/// Why a state cannot be read. `location` is where the document came from, free of secrets; lines and columns are
/// 1-based.
#[derive(Debug, Error)]
pub enum StateError {
    #[error(
        "{location} is empty: no state was written yet, or it was cut off; run `terraform apply` or restore a backup"
    )]
    Empty { location: String },
    #[error(
        "{location} is an HTML page, not a Terraform state: probably a login or error page; check the address and the credentials"
    )]
    Html { location: String },
    #[error(
        "{location} is an error message of S3 ({code}) that was saved in place of the state: check the address and the permissions, and download it again"
    )]
    S3Error { location: String, code: String },
    #[error("{location} {what}, not a Terraform state that can be read: {remedy}")]
    Disguised { location: String, what: &'static str, remedy: &'static str },
    #[error(
        "{location} is encrypted by SOPS, not a Terraform state that can be read: pass a decrypted copy (`sops --decrypt`)"
    )]
    Sops { location: String },
    #[error("{location} is a state of Pulumi, not of Terraform: driftd cannot read it; check the path")]
    Pulumi { location: String },
    #[error(
        "{location} is a ZIP archive, most likely a saved plan: pass the state itself (`terraform state pull > terraform.tfstate`)"
    )]
    Plan { location: String },
    #[error(
        "{location} is encrypted by OpenTofu (encryption_version {encryption_version}): driftd has no key for it; pass a decrypted copy (`tofu state pull`)"
    )]
    Encrypted { location: String, encryption_version: String },
    #[error(
        "{location} has state version {version}, older than 4, as Terraform {written_by} wrote it: with Terraform 0.12 or 0.13 run `terraform state pull > terraform.tfstate` and pass that copy, or upgrade the state itself with `terraform refresh`"
    )]
    TooOld { location: String, version: u64, written_by: &'static str },
    #[error("{location} has state version {version}, newer than 4: this driftd cannot read it yet; upgrade driftd")]
    TooNew { location: String, version: u64 },
    #[error(
        "{location} is Terraform's note about its backend, not a state: pass the directory of the code instead, driftd then reads the backend"
    )]
    BackendNote { location: String },
    #[error(
        "{location} is the output of `terraform show -json`, not a state: pass the state itself (`terraform state pull > terraform.tfstate`)"
    )]
    Shown { location: String },
    #[error("{location} is JSON but not a Terraform state (no version 4 `resources`): check the path")]
    NotAState { location: String },
    #[error("{location} is not JSON (line {line}, column {column}: {detail}): pass a Terraform state file")]
    NotJson { location: String, line: usize, column: usize, detail: String },
    #[error(
        "{location} ends in the middle (line {line}, column {column}): it was cut off or is being written; scan again or restore a backup"
    )]
    Truncated { location: String, line: usize, column: usize },
    #[error(
        "{location} is not a valid version 4 state (line {line}, column {column}: a field has an unexpected type): write it anew with `terraform state pull`"
    )]
    Malformed { location: String, line: usize, column: usize },
    #[error("{location} is larger than {limit} bytes: split the state or scan it from a local copy in parts")]
    TooLarge { location: String, limit: u64 },
    #[error("{location} has {what} ({place}), which no Terraform writes: restore a backup, or pull the state anew")]
    Value { location: String, place: String, what: &'static str },
    #[error("{location} cannot be decoded ({cause}): it is damaged; restore a backup, or pull the state anew")]
    Damaged { location: String, cause: std::io::Error },
    #[error("reading {location} failed: {cause}; scan again")]
    Read { location: String, cause: std::io::Error },
}

impl StateError {
    /// The document may have been read while it was being written: worth reading again.
    pub fn is_torn(&self) -> bool {
        matches!(self, Self::Truncated { .. } | Self::Read { .. } | Self::Empty { .. })
    }

    /// What serde said, without the values that serde's data errors quote.
    pub(super) fn from_json(location: &str, error: serde_json::Error) -> Self {
        let (location, line, column) = (location.to_owned(), error.line(), error.column());
        match error.classify() {
            Category::Eof => Self::Truncated { location, line, column },
            Category::Data => Self::Malformed { location, line, column },
            Category::Syntax if unreadable_value(&error).is_some() => {
                let place = format!("line {line}, column {column}");
                Self::Value { location, place, what: unreadable_value(&error).unwrap_or_default() }
            }
            Category::Syntax => {
                let text = error.to_string();
                let detail = text.split(" at line ").next().unwrap_or_default().to_owned();
                Self::NotJson { location, line, column, detail }
            }
            Category::Io => Self::from_io(&location, error.into()),
        }
    }

    /// Bytes that cannot be unpacked or decoded stay so; everything else may go away.
    pub(super) fn from_io(location: &str, cause: std::io::Error) -> Self {
        use std::io::ErrorKind::{InvalidData, InvalidInput};
        let location = location.to_owned();
        match cause.kind() {
            InvalidData | InvalidInput => Self::Damaged { location, cause },
            _ => Self::Read { location, cause },
        }
    }
}

/// What of valid-looking JSON a parser with limits refuses, in words.
pub(super) fn unreadable_value(error: &serde_json::Error) -> Option<&'static str> {
    let text = error.to_string();
    let table = [
        ("number out of range", "a number that is out of range"),
        ("lone leading surrogate", "text that is no Unicode (a lone surrogate)"),
        ("unexpected end of hex escape", "text that is no Unicode (a lone surrogate)"),
        ("invalid unicode code point", "text that is no Unicode"),
        ("recursion limit exceeded", "values that are nested deeper than 127 levels"),
    ];
    table.iter().find(|(start, _)| text.starts_with(start)).map(|(_, what)| *what)
}
