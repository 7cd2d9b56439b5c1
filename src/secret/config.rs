//! A secret as the configuration names it: a mapping with one key. A text is refused, since a file that is read by many, kept in Git and
//! sent around must not hold one.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_saphyr::Spanned;
use url::Url;

use super::{SecretRef, VaultAuth, VaultRef};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::yaml::{Mapping, TextOr, position};

/// Where Kubernetes puts a pod's own token:
/// <https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/>.
const SERVICE_ACCOUNT_TOKEN: &str = "/var/run/secrets/kubernetes.io/serviceaccount/token";

const HINT: &str =
    "write {env: NAME}, {file: PATH}, {credential: NAME}, {vault: {...}}, {aws_secret: {id: NAME}} or {ssm: NAME}";

/// Where a secret lies; a text is there to be refused.
pub type RawSecret = Spanned<TextOr<RawSecretKeys>>;

/// Where a secret lies: exactly one of the keys.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RawSecretKeys {
    /// A variable of the environment.
    env: Option<String>,
    /// A file, relative to the configuration file.
    file: Option<PathBuf>,
    /// A credential that systemd gives the unit (`LoadCredential=`).
    #[schemars(with = "Option<String>")]
    credential: Option<Spanned<String>>,
    /// A key of a secret in Vault's key-value store, version 2.
    vault: Option<Box<RawVault>>,
    /// A secret of AWS Secrets Manager.
    aws_secret: Option<RawAwsSecret>,
    /// A parameter of the Systems Manager Parameter Store, by its name or ARN.
    ssm: Option<String>,
}

/// A secret of AWS Secrets Manager.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct RawAwsSecret {
    /// Name or ARN.
    id: String,
    /// The key of a secret that is a JSON object.
    json_key: Option<String>,
}

/// A key of a secret in Vault's key-value store, version 2.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct RawVault {
    /// Vault's URL; without it `$VAULT_ADDR`.
    #[schemars(with = "Option<String>")]
    address: Option<Spanned<String>>,
    /// The namespace, of Vault Enterprise or HCP Vault.
    namespace: Option<String>,
    /// Where the store is mounted; without it `secret`.
    mount: Option<String>,
    /// The path of the secret, without the mount.
    path: String,
    /// The key in the secret.
    key: String,
    /// The token, as a secret; without it, and without `kubernetes`, `$VAULT_TOKEN`.
    #[schemars(with = "Option<Box<RawSecretKeys>>")]
    token: Option<Box<RawSecret>>,
    /// Log in with the pod's service account.
    kubernetes: Option<RawKubernetes>,
}

/// Log in to Vault with the pod's service account.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct RawKubernetes {
    /// Vault's role.
    role: String,
    /// Where the method is mounted; without it `kubernetes`.
    mount: Option<String>,
    /// The file of the token; without it the one that Kubernetes mounts.
    token_file: Option<PathBuf>,
}

impl Mapping for RawSecretKeys {
    const EXPECTING: &str = "a mapping that says where the secret lies";
}

/// Where it lies, if that is valid; every mistake goes to `diagnostics`.
pub fn validate(raw: RawSecret, diagnostics: &mut Diagnostics) -> Option<SecretRef> {
    let at = position(&raw);
    let TextOr::Mapping(RawSecretKeys { env, file, credential, vault, aws_secret, ssm }) = raw.value else {
        let mistake = Diagnostic::error("config/plain-secret", "a secret must not stand in the configuration");
        diagnostics.add(mistake.with_hint(HINT), at);
        return None;
    };
    if let Some(name) = &credential
        && (name.value.contains('/') || name.value.starts_with('.') || name.value.is_empty())
    {
        let mistake = Diagnostic::error("config/not-a-credential", "this is not the name of a credential");
        diagnostics.add(mistake.with_hint("write the name that the unit's LoadCredential= has"), position(name));
    }
    let before = diagnostics.errors();
    let given = [
        env.map(SecretRef::Env),
        file.map(SecretRef::File),
        credential.map(|name| SecretRef::Credential(name.value)),
        vault.and_then(|vault| vault.validate(diagnostics)),
        aws_secret.map(|RawAwsSecret { id, json_key }| SecretRef::AwsSecret { id, json_key }),
        ssm.map(SecretRef::Ssm),
    ];
    let mut given = given.into_iter().flatten();
    match (given.next(), given.next()) {
        (Some(secret), None) => Some(secret),
        // What is wrong with a mapping of Vault's was said already.
        (None, _) if diagnostics.errors() > before => None,
        _ => {
            let mistake = Diagnostic::error("config/not-one-of", "a secret lies in exactly one place");
            diagnostics.add(mistake.with_hint(HINT), at);
            None
        }
    }
}

impl RawVault {
    fn validate(self, diagnostics: &mut Diagnostics) -> Option<SecretRef> {
        let Self { address, namespace, mount, path, key, token, kubernetes } = self;
        if let Some(address) = &address
            && !Url::parse(&address.value).is_ok_and(|url| matches!(url.scheme(), "https" | "http") && url.has_host())
        {
            let mistake = Diagnostic::error("config/not-a-url", "this is not the URL of a Vault");
            diagnostics.add(mistake.with_hint("write e.g. https://vault.example.com:8200"), position(address));
        }
        let auth = match (token, kubernetes) {
            (Some(token), Some(_)) => {
                let mistake = Diagnostic::error("config/not-one-of", "driftd logs in by `token` or by `kubernetes`");
                diagnostics.add(mistake.with_hint("leave one of them out"), position(&*token));
                return None;
            }
            (Some(token), None) => {
                let at = position(&*token);
                let token = validate(*token, diagnostics)?;
                if matches!(token, SecretRef::Vault(_)) {
                    let mistake = Diagnostic::error("config/not-one-of", "the token of Vault cannot lie in Vault");
                    diagnostics.add(mistake.with_hint(HINT), at);
                    return None;
                }
                VaultAuth::Token(Box::new(token))
            }
            (None, Some(RawKubernetes { role, mount, token_file })) => VaultAuth::Kubernetes {
                role,
                mount: mount.unwrap_or_else(|| "kubernetes".to_owned()),
                token_file: token_file.unwrap_or_else(|| SERVICE_ACCOUNT_TOKEN.into()),
            },
            (None, None) => VaultAuth::Token(Box::new(SecretRef::Env("VAULT_TOKEN".to_owned()))),
        };
        let mount = mount.unwrap_or_else(|| "secret".to_owned());
        let address = address.map(|address| address.value);
        Some(SecretRef::Vault(VaultRef { address, namespace, mount, path, key, auth }))
    }
}
