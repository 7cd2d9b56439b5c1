//! The address of a receiver: a text, or a secret where a token stands in it.

use std::net::IpAddr;
use std::path::Path;

use jiff::Timestamp;
use schemars::JsonSchema;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_saphyr::Spanned;
use url::Url;

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::notify::{DeliveryError, Tools};
use crate::secret::config::{RawSecret, RawSecretKeys};
use crate::secret::{self, RotatingSecret, SecretRef};
use crate::yaml::{TextOr, position};

/// A URL as a text, or where it lies as a secret.
pub type RawAddress = Spanned<TextOr<RawSecretKeys>>;

/// Where messages are sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    Plain(String),
    Secret(SecretRef),
}

/// The key of receivers whose URL is their credential.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RawSecretUrl {
    /// The URL that messages are posted to; a secret, since whoever has it can post.
    #[schemars(with = "TextOr<RawSecretKeys>")]
    url: RawSecret,
}

/// A URL that is a credential.
#[derive(Debug, Clone, PartialEq)]
pub struct SecretUrl {
    pub url: SecretRef,
}

impl RawSecretUrl {
    /// What of it is valid; every mistake goes to `diagnostics`.
    pub fn validate(self, diagnostics: &mut Diagnostics) -> Option<SecretUrl> {
        Some(SecretUrl { url: secret::config::validate(self.url, diagnostics)? })
    }
}

impl SecretUrl {
    pub fn secrets(&self) -> Vec<&SecretRef> {
        vec![&self.url]
    }

    /// Takes a relative path as relative to this folder.
    pub fn resolve(&mut self, folder: &Path) {
        self.url.resolve(folder);
    }

    pub fn open(&self, tools: &Tools) -> OpenAddress {
        Address::Secret(self.url.clone()).open(tools)
    }
}

/// An address that is ready to be read.
pub enum OpenAddress {
    Plain(String),
    Secret(Box<RotatingSecret>),
}

/// The address, if it is one; every mistake goes to `diagnostics`. `allow_unencrypted`: a plain one may be of another machine without TLS; one that
/// is a secret never.
pub fn address(raw: RawAddress, allow_unencrypted: bool, diagnostics: &mut Diagnostics) -> Option<Address> {
    let at = position(&raw);
    let TextOr::Text(text) = &raw.value else {
        return secret::config::validate(raw, diagnostics).map(Address::Secret);
    };
    let mistake = match url(text) {
        None => Diagnostic::error("config/not-a-url", "this is not the URL of a receiver")
            .with_hint("write e.g. https://alerts.example.com/driftd"),
        Some(url) if !allow_unencrypted && !is_encrypted(&url) => {
            Diagnostic::error("config/unencrypted", "what is told is not sent to another machine unencrypted")
                .with_hint("write https://")
        }
        Some(_) => return Some(Address::Plain(text.clone())),
    };
    diagnostics.add(mistake, at);
    None
}

fn url(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let is_anonymous = url.username().is_empty() && url.password().is_none();
    (matches!(url.scheme(), "https" | "http") && url.has_host() && is_anonymous).then_some(url)
}

/// The address of a service that gets secrets: over TLS, or on this machine.
pub fn is_safe(text: &str) -> bool {
    url(text).as_ref().is_some_and(is_encrypted)
}

/// Over TLS, or to this machine.
fn is_encrypted(url: &Url) -> bool {
    url.scheme() == "https" || (url.scheme() == "http" && url.host_str().is_some_and(is_this_machine))
}

/// Is what is sent there never on a network? The name of a host or an address of one, as it stands in a URL or without brackets.
pub fn is_this_machine(host: &str) -> bool {
    let is_loopback = |text: &str| text.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    host.eq_ignore_ascii_case("localhost") || is_loopback(host.trim_matches(['[', ']']))
}

impl Address {
    pub fn secret(&self) -> Option<&SecretRef> {
        match self {
            Self::Plain(_) => None,
            Self::Secret(reference) => Some(reference),
        }
    }

    /// Takes a relative path as relative to this folder.
    pub fn resolve(&mut self, folder: &Path) {
        if let Self::Secret(reference) = self {
            reference.resolve(folder);
        }
    }

    pub fn open(&self, tools: &Tools) -> OpenAddress {
        match self {
            Self::Plain(url) => OpenAddress::Plain(url.clone()),
            Self::Secret(reference) => {
                OpenAddress::Secret(Box::new(RotatingSecret::new(reference.clone(), tools.secrets.clone())))
            }
        }
    }
}

impl OpenAddress {
    /// The URL as it is now.
    ///
    /// # Errors
    /// It cannot be read, is no URL, or is unencrypted: another one may lie there soon.
    pub async fn get(&self, now: Timestamp) -> Result<Url, DeliveryError> {
        // Nothing of the address is said.
        let parse = |text: &str| {
            url(text.trim()).ok_or_else(|| DeliveryError::misconfigured("its address is not the URL of a receiver"))
        };
        match self {
            Self::Plain(text) => parse(text),
            Self::Secret(rotating) => {
                let url = parse(secret(rotating, now).await?.expose_secret())?;
                let unencrypted = || {
                    DeliveryError::misconfigured(
                        "its address is a secret, and would go to another machine unencrypted: make it https://",
                    )
                };
                is_encrypted(&url).then_some(url).ok_or_else(unencrypted)
            }
        }
    }
}

/// A secret of a receiver as it is now.
///
/// # Errors
/// It cannot be read, which may pass.
pub async fn secret(rotating: &RotatingSecret, now: Timestamp) -> Result<SecretString, DeliveryError> {
    rotating.get(now).await.map_err(|error| DeliveryError::retry(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notify::kit;

    #[test]
    fn nothing_goes_to_another_machine_in_clear_text() {
        let read = |text: &str, allow_unencrypted: bool| {
            let raw: RawAddress = serde_saphyr::from_str(text).unwrap();
            let mut diagnostics = Diagnostics::new("driftd.yaml");
            let found = address(raw, allow_unencrypted, &mut diagnostics);
            let told = diagnostics.into_sorted();
            assert_eq!(found.is_none(), !told.is_empty(), "{text}");
            told.first().map_or("", |one| one.code)
        };
        for (text, expected) in [
            ("https://alerts.example.com/x", ""),
            ("http://localhost:8080/x", ""),
            ("http://127.0.0.1:8080", ""),
            ("\"http://[::1]:8080\"", ""),
            ("http://alerts.example.com/x", "config/unencrypted"),
            ("http://127.0.0.1.example.com", "config/unencrypted"),
            ("ftp://alerts.example.com", "config/not-a-url"),
            ("https://a:b@alerts.example.com", "config/not-a-url"),
        ] {
            assert_eq!(read(text, false), expected, "{text}");
        }
        assert_eq!(read("http://alerts.example.com/x", true), "");
        assert_eq!(read("file:///x", true), "config/not-a-url");
    }

    #[tokio::test]
    async fn a_secret_address_is_never_sent_in_clear_text() {
        let tools = kit::tools().await;
        for (text, is_taken) in [
            ("https://alerts.example.com/hunter2\n", true),
            ("http://127.0.0.1:1/hunter2", true),
            ("http://alerts.example.com/hunter2", false),
            ("https://u:hunter2@alerts.example.com", false),
            ("hunter2", false),
        ] {
            let open = Address::Secret(kit::secret(text)).open(&tools);
            match open.get(kit::notice(&crate::wording::samples::message(1)).now).await {
                Ok(url) => assert!(is_taken, "{url}"),
                Err(error) => {
                    kit::is_clean(text, &error);
                    assert!(!is_taken && matches!(error, DeliveryError::Retry { .. }), "{text}: {error:?}");
                }
            }
        }
    }
}
