//! HashiCorp Vault by its HTTP API: a login of a pod, a read of the key-value store, version 2. See
//! <https://developer.hashicorp.com/vault/api-docs/secret/kv/kv-v2> and <https://developer.hashicorp.com/vault/api-docs/auth/kubernetes>.
//! An answer's body is never repeated: it may hold the secret.

use reqwest::header::HeaderValue;
use reqwest::{RequestBuilder, StatusCode};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use url::{Host, Url};

/// One Vault.
pub(super) struct Vault<'a> {
    pub http: &'a reqwest::Client,
    /// `https://vault.example.com:8200`
    pub address: &'a str,
    pub namespace: Option<&'a str>,
}

#[derive(Deserialize)]
struct Login {
    auth: Auth,
}

#[derive(Deserialize)]
struct Auth {
    client_token: SecretString,
}

#[derive(Deserialize)]
struct Read {
    data: Version,
}

#[derive(Deserialize)]
struct Version {
    data: Map<String, Value>,
}

impl Vault<'_> {
    /// A token for a pod's own token.
    pub(super) async fn login(&self, mount: &str, role: &str, own: &SecretString) -> Result<SecretString, String> {
        let url = self.url(&["auth", mount, "login"])?;
        let body = serde_json::json!({ "role": role, "jwt": own.expose_secret() });
        let answer: Login = self.send("the login", self.http.post(url).json(&body)).await?;
        Ok(answer.auth.client_token)
    }

    /// One key of the newest version of a secret.
    pub(super) async fn read(
        &self,
        token: &SecretString,
        mount: &str,
        path: &str,
        key: &str,
    ) -> Result<SecretString, String> {
        let url = self.url(&[mount, "data", path])?;
        let mut header = HeaderValue::from_str(token.expose_secret())
            .map_err(|_| "the token of Vault has characters that no token has".to_owned())?;
        header.set_sensitive(true);
        let answer: Read = self.send("the read", self.http.get(url).header("X-Vault-Token", header)).await?;
        key_of(&answer.data.data, key)
    }

    async fn send<T: DeserializeOwned>(&self, what: &str, request: RequestBuilder) -> Result<T, String> {
        let request = match self.namespace {
            Some(namespace) => request.header("X-Vault-Namespace", namespace),
            None => request,
        };
        let failed = |error: reqwest::Error| format!("{what} failed: {}", error.without_url());
        let answer = request.send().await.map_err(failed)?;
        match answer.status() {
            status if status.is_success() => {}
            StatusCode::FORBIDDEN => {
                return Err(format!("Vault denies {what}: the token or role lacks a policy for it"));
            }
            StatusCode::NOT_FOUND => return Err("Vault has no such secret: check `mount` and `path`".to_owned()),
            status => return Err(format!("{what} failed: Vault answers {status}")),
        }
        // The parser's message could repeat a part of the answer.
        answer
            .json()
            .await
            .map_err(|_| format!("{what} failed: the answer is not Vault's: is this version 2 of the store?"))
    }

    fn url(&self, parts: &[&str]) -> Result<Url, String> {
        let unusable = || "the address of Vault is not a URL".to_owned();
        let mut url = Url::parse(self.address).map_err(|_| unusable())?;
        if url.scheme() != "https" && !is_loopback(&url) {
            return Err("tokens and secrets would go over the network in clear text: use https://".to_owned());
        }
        url.path_segments_mut()
            .map_err(|()| unusable())?
            .pop_if_empty()
            .push("v1")
            .extend(parts.iter().flat_map(|part| part.split('/').filter(|segment| !segment.is_empty())));
        Ok(url)
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// The text under a key of a secret that is a JSON object.
pub(super) fn json_key(secret: &SecretString, key: &str) -> Result<SecretString, String> {
    let object: Map<String, Value> =
        serde_json::from_str(secret.expose_secret()).map_err(|_| "it is not a JSON object".to_owned())?;
    key_of(&object, key)
}

fn key_of(object: &Map<String, Value>, key: &str) -> Result<SecretString, String> {
    match object.get(key) {
        Some(Value::String(text)) if !text.is_empty() => Ok(SecretString::from(text.as_str())),
        Some(Value::String(_)) => Err(format!("its key {key} is empty")),
        Some(Value::Number(number)) => Ok(SecretString::from(number.to_string())),
        Some(_) => Err(format!("its key {key} is not a text")),
        None => Err(format!("it has no key {key}")),
    }
}
