//! The address of a receiver: a text, or a secret where a token stands in it.

use std::path::Path;

use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};
use serde_saphyr::Spanned;
use url::Url;

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::notify::{DeliveryError, Tools};
use crate::secret::config::RawSecretKeys;
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

/// The same, ready to be read.
pub enum OpenAddress {
    Plain(String),
    Secret(Box<RotatingSecret>),
}

/// The address, if it is one; every mistake goes to `diagnostics`.
pub fn address(raw: RawAddress, diagnostics: &mut Diagnostics) -> Option<Address> {
    let at = position(&raw);
    match &raw.value {
        TextOr::Mapping(_) => secret::config::validate(raw, diagnostics).map(Address::Secret),
        TextOr::Text(text) => match is_url(text) {
            true => Some(Address::Plain(text.clone())),
            false => {
                let mistake = Diagnostic::error("config/not-a-url", "this is not the URL of a receiver");
                diagnostics.add(mistake.with_hint("write e.g. https://alerts.example.com/driftd"), at);
                None
            }
        },
    }
}

/// Over TLS, or to this machine.
fn is_url(text: &str) -> bool {
    let Ok(url) = Url::parse(text) else { return false };
    matches!(url.scheme(), "https" | "http") && url.has_host() && url.username().is_empty() && url.password().is_none()
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
    /// It cannot be read, or it is no URL: another one may lie there soon.
    pub async fn get(&self, now: Timestamp) -> Result<Url, DeliveryError> {
        let parse = |text: &str| {
            // The error would repeat nothing of it; still, nothing of it is said.
            Url::parse(text.trim()).map_err(|_| DeliveryError::misconfigured("its address is not a URL"))
        };
        match self {
            Self::Plain(url) => parse(url),
            Self::Secret(rotating) => parse(secret(rotating, now).await?.expose_secret()),
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
