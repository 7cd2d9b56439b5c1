//! A reference -> the secret. Keeps nothing.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;

use super::vault;
use super::{SecretRef, VaultAuth, VaultRef};
use crate::aws::Aws;
use crate::environment::Environment;

/// One request to Vault.
const TIMEOUT: Duration = Duration::from_secs(10);
/// More than any password, key or certificate has.
const LARGEST_FILE: u64 = 1 << 20;

/// Why a secret could not be read. Says where it lies, and nothing of what it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("failed to read the secret ({place}): {problem}")]
pub struct SecretError {
    pub place: String,
    /// A lowercase fragment, with the way out.
    pub problem: String,
}

/// The way to every place where a secret can lie.
pub struct Resolver {
    environment: Environment,
    aws: Option<Arc<Aws>>,
    http: reqwest::Client,
}

impl Resolver {
    /// Without `aws` what lies there cannot be read.
    ///
    /// # Errors
    /// No HTTP client can be made: the machine has no certificates.
    pub fn new(environment: Environment, aws: Option<Arc<Aws>>) -> Result<Self, reqwest::Error> {
        // A redirect would carry Vault's token elsewhere.
        let http = reqwest::Client::builder().timeout(TIMEOUT).redirect(reqwest::redirect::Policy::none()).build()?;
        Ok(Self { environment, aws, http })
    }

    /// Reads the secret as it is now.
    ///
    /// # Errors
    /// It is not there, may not be read, or is empty.
    pub async fn read(&self, reference: &SecretRef) -> Result<SecretString, SecretError> {
        let read = match reference {
            SecretRef::Vault(vault) => self.vault(vault).await,
            other => self.elsewhere(other).await,
        };
        read.map_err(|problem| SecretError { place: reference.to_string(), problem })
    }

    /// The environment that secrets are read from.
    pub fn environment(&self) -> &Environment {
        &self.environment
    }

    /// The file that holds it, if one does.
    pub(super) fn file(&self, reference: &SecretRef) -> Option<std::path::PathBuf> {
        match reference {
            SecretRef::File(path) => Some(path.clone()),
            SecretRef::Credential(name) => Some(Path::new(self.environment.get("CREDENTIALS_DIRECTORY")?).join(name)),
            SecretRef::Env(_) | SecretRef::Vault(_) | SecretRef::AwsSecret { .. } | SecretRef::Ssm(_) => None,
        }
    }

    /// Everything but Vault, whose token lies in one of these places.
    async fn elsewhere(&self, reference: &SecretRef) -> Result<SecretString, String> {
        match reference {
            SecretRef::Env(name) => {
                self.environment.get(name).map(SecretString::from).ok_or_else(|| "it is not set, or empty".to_owned())
            }
            SecretRef::File(path) => file(path).await,
            SecretRef::Credential(_) => match self.file(reference) {
                Some(path) => file(&path).await,
                None => {
                    Err("there are no credentials: systemd sets CREDENTIALS_DIRECTORY for a unit with LoadCredential="
                        .to_owned())
                }
            },
            SecretRef::AwsSecret { id, json_key } => {
                let secret = self.aws()?.secret(id).await.map_err(|error| error.detail())?;
                match json_key {
                    Some(key) => vault::json_key(&secret, key),
                    None => Ok(secret),
                }
            }
            SecretRef::Ssm(name) => self.aws()?.parameter(name).await.map_err(|error| error.detail()),
            SecretRef::Vault(_) => Err("the token of Vault cannot lie in Vault".to_owned()),
        }
    }

    async fn vault(&self, reference: &VaultRef) -> Result<SecretString, String> {
        let address = reference.address.as_deref().or_else(|| self.environment.get("VAULT_ADDR"));
        let address = address.ok_or_else(|| "no address of Vault: give `address`, or set VAULT_ADDR".to_owned())?;
        let vault = vault::Vault { http: &self.http, address, namespace: reference.namespace.as_deref() };
        let token = match &reference.auth {
            VaultAuth::Token(token) => self.elsewhere(token).await.map_err(|problem| format!("{token}: {problem}"))?,
            VaultAuth::Kubernetes { role, mount, token_file } => {
                let own = file(token_file).await.map_err(|problem| format!("{}: {problem}", token_file.display()))?;
                vault.login(mount, role, &own).await?
            }
        };
        vault.read(&token, &reference.mount, &reference.path, &reference.key).await
    }

    fn aws(&self) -> Result<&Aws, String> {
        self.aws.as_deref().ok_or_else(|| "AWS is not connected".to_owned())
    }
}

/// The text of a file, without the line ends that editors put at its end.
async fn file(path: &Path) -> Result<SecretString, String> {
    let size = tokio::fs::metadata(path).await.map_err(|error| error.to_string())?.len();
    if size > LARGEST_FILE {
        return Err("it is larger than 1 MiB: is it the right file?".to_owned());
    }
    let mut text = tokio::fs::read_to_string(path).await.map_err(|error| error.to_string())?;
    text.truncate(text.trim_end_matches(['\r', '\n']).len());
    if text.is_empty() { Err("it is empty".to_owned()) } else { Ok(SecretString::from(text)) }
}
