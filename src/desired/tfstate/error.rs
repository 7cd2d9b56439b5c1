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
        "{location} is a ZIP archive, most likely a saved plan: pass the state itself (`terraform state pull > terraform.tfstate`)"
    )]
    Plan { location: String },
    #[error(
        "{location} is encrypted by OpenTofu (encryption_version {encryption_version}): driftd has no key for it; pass a decrypted copy (`tofu state pull`)"
    )]
    Encrypted { location: String, encryption_version: String },
    #[error(
        "{location} has state version {version}, older than 4: run `terraform apply -refresh-only` with Terraform 0.12 or later to upgrade it"
    )]
    TooOld { location: String, version: u64 },
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
            Category::Syntax => {
                let text = error.to_string();
                let detail = text.split(" at line ").next().unwrap_or_default().to_owned();
                Self::NotJson { location, line, column, detail }
            }
            Category::Io => Self::Read { location, cause: error.into() },
        }
    }
}
