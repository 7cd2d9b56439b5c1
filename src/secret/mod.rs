//! Secrets of the configuration: the file says where each lies, and never what it is. A reference is read when it is needed, and again when
//! it was replaced, so that a password can be changed while the program runs.

pub mod config;
mod resolve;
mod rotating;
mod vault;

use std::fmt;
use std::path::{Path, PathBuf};

pub use resolve::{Resolver, SecretError};
pub use rotating::RotatingSecret;

/// Where a secret lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretRef {
    /// A variable of the environment.
    Env(String),
    /// A file; relative to the configuration file until it is resolved. Line ends at its end are not part of the secret.
    File(PathBuf),
    /// A credential that systemd gives the unit: a file of this name in `$CREDENTIALS_DIRECTORY`.
    Credential(String),
    Vault(VaultRef),
    /// A secret of AWS Secrets Manager.
    AwsSecret {
        /// Name or ARN.
        id: String,
        /// The key of a secret that is a JSON object.
        json_key: Option<String>,
    },
    /// A parameter of the Systems Manager Parameter Store, by its name or ARN.
    Ssm(String),
}

impl SecretRef {
    /// The secret without which this one cannot be read: Vault's token.
    pub fn leads_to(&self) -> Option<&Self> {
        match self {
            Self::Vault(VaultRef { auth: VaultAuth::Token(token), .. }) => Some(token),
            _ => None,
        }
    }
}

/// One key of a secret in Vault's key-value store, version 2.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VaultRef {
    /// `None`: `$VAULT_ADDR`.
    pub address: Option<String>,
    /// Of Vault Enterprise or HCP Vault.
    pub namespace: Option<String>,
    /// Where the store is mounted.
    pub mount: String,
    pub path: String,
    pub key: String,
    pub auth: VaultAuth,
}

/// How driftd proves to Vault who it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VaultAuth {
    /// With a token, which lies anywhere but in Vault.
    Token(Box<SecretRef>),
    /// With the token of the pod's service account.
    Kubernetes {
        role: String,
        /// Where the method is mounted.
        mount: String,
        /// The file of the service account's token.
        token_file: PathBuf,
    },
}

impl SecretRef {
    /// Takes relative paths as relative to this folder.
    pub fn resolve(&mut self, folder: &Path) {
        match self {
            Self::File(path) => *path = folder.join(&*path),
            Self::Vault(VaultRef { auth: VaultAuth::Token(token), .. }) => token.resolve(folder),
            Self::Env(_) | Self::Credential(_) | Self::Vault(_) | Self::AwsSecret { .. } | Self::Ssm(_) => {}
        }
    }
}

/// Where it lies, for messages: `environment variable X`.
impl fmt::Display for SecretRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(f, "environment variable {name}"),
            Self::File(path) => write!(f, "file {}", path.display()),
            Self::Credential(name) => write!(f, "credential {name}"),
            Self::Vault(VaultRef { mount, path, key, .. }) => write!(f, "Vault {mount}/{path}, key {key}"),
            Self::AwsSecret { id, json_key: None } => write!(f, "AWS secret {id}"),
            Self::AwsSecret { id, json_key: Some(key) } => write!(f, "AWS secret {id}, key {key}"),
            Self::Ssm(name) => write!(f, "SSM parameter {name}"),
        }
    }
}
