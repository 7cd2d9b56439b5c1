//! The keys of `email`: which relay, as whom, to whom.

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use lettre::message::Mailbox;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_saphyr::Spanned;

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::notify::config::is_this_machine;
use crate::secret::config::{RawSecret, RawSecretKeys};
use crate::secret::{self, SecretRef};
use crate::wording::text::deceives;
use crate::yaml::{TextOr, position};

/// E-mail by an SMTP relay.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Raw {
    /// The relay's name, as it stands in its certificate.
    #[schemars(with = "String")]
    host: Spanned<String>,
    /// The relay's port; without it 587, 465 with `tls: implicit`, 25 with `tls: none`.
    port: Option<u16>,
    /// How the connection is encrypted; without it `implicit` on port 465, otherwise `starttls`.
    #[schemars(with = "Option<Tls>")]
    tls: Option<Spanned<Tls>>,
    /// Send without encryption to another machine, too: whoever is on the way can read and change every alert. Never with a password.
    #[serde(default)]
    allow_unencrypted: bool,
    /// Certificates (PEM) that are trusted besides the machine's own, for a relay with a private CA; relative to the configuration file.
    ca_file: Option<PathBuf>,
    /// The name of the account, as a text or a secret.
    #[schemars(with = "Option<TextOr<RawSecretKeys>>")]
    username: Option<RawSecret>,
    /// The password of the account, as a secret; it may be replaced while driftd runs.
    #[schemars(with = "Option<TextOr<RawSecretKeys>>")]
    password: Option<RawSecret>,
    /// Who sends: `driftd <driftd@example.com>`.
    #[schemars(with = "String")]
    from: Spanned<String>,
    /// Who gets it: `oncall@example.com`, `Platform team <platform@example.com>`.
    #[schemars(with = "Vec<String>")]
    to: Spanned<Vec<Spanned<String>>>,
    /// Where answers go; without it to `from`.
    #[schemars(with = "Option<String>")]
    reply_to: Option<Spanned<String>>,
    /// Which messages mail programs show as one conversation.
    #[serde(default)]
    thread: Thread,
    /// Findings that a mail shows at most; without it 10, and 50 in a digest.
    max_items: Option<usize>,
}

/// How the connection is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Tls {
    /// It begins in the clear and is encrypted before anything is said; a relay that does not offer it gets nothing.
    Starttls,
    /// It is encrypted from its first byte.
    Implicit,
    /// It is not encrypted: for a relay on this machine.
    None,
}

/// Which messages are one conversation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Thread {
    /// Those of one group on one day (UTC).
    #[default]
    Daily,
    /// Those of one group, for as long as it lasts.
    Group,
    /// None: every message stands by itself.
    None,
}

/// A valid relay, and people.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) tls: Tls,
    pub(super) ca_file: Option<PathBuf>,
    pub(super) login: Option<LoginConfig>,
    pub(super) from: Mailbox,
    pub(super) to: Vec<Mailbox>,
    pub(super) reply_to: Option<Mailbox>,
    pub(super) thread: Thread,
    pub(super) max_items: Option<usize>,
}

/// The account at the relay.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct LoginConfig {
    pub username: Username,
    pub password: SecretRef,
}

/// The account's name, which is a secret to some.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Username {
    Plain(String),
    Secret(SecretRef),
}

impl Raw {
    /// What of it is valid; every mistake goes to `diagnostics`.
    pub(in super::super) fn validate(self, diagnostics: &mut Diagnostics) -> Option<Config> {
        let Self {
            host,
            port,
            tls,
            allow_unencrypted,
            ca_file,
            username,
            password,
            from,
            to,
            reply_to,
            thread,
            max_items,
        } = self;
        let before = diagnostics.errors();
        if !is_host(&host.value) {
            let mistake = Diagnostic::error("config/not-a-host", "this is not the name of a host");
            diagnostics.add(mistake.with_hint("write e.g. smtp.example.com, and the port as `port`"), position(&host));
        }
        let given = tls.as_ref().map(|tls| tls.value);
        let tls_at = tls.as_ref().map_or(position(&host), position);
        let tls = given.unwrap_or(if port == Some(465) { Tls::Implicit } else { Tls::Starttls });
        if tls == Tls::None && !is_this_machine(&host.value) {
            if let Some(password) = &password {
                let mistake =
                    Diagnostic::error("config/unencrypted", "a password is not sent to another machine unencrypted");
                diagnostics.add(mistake.with_hint("use `tls: starttls` or `tls: implicit`"), position(password));
            } else if !allow_unencrypted {
                let mistake =
                    Diagnostic::error("config/unencrypted", "alerts are not sent to another machine unencrypted");
                let hint = "use `tls: starttls` or `tls: implicit`, or say `allow_unencrypted: true`";
                diagnostics.add(mistake.with_hint(hint), tls_at);
            }
        }
        let login = login(username, password, diagnostics);
        if to.value.is_empty() {
            diagnostics.error("config/empty-value", position(&to), "nobody is written to: `to` is empty");
        }
        let from = mailbox(&from, diagnostics);
        let to = to.value.iter().filter_map(|one| mailbox(one, diagnostics)).collect();
        let reply_to = reply_to.and_then(|one| mailbox(&one, diagnostics));
        let port = port.unwrap_or(match tls {
            Tls::Starttls => 587,
            Tls::Implicit => 465,
            Tls::None => 25,
        });
        if diagnostics.errors() > before {
            return None;
        }
        Some(Config { host: host.value, port, tls, ca_file, login, from: from?, to, reply_to, thread, max_items })
    }
}

impl Config {
    pub(in super::super) fn secrets(&self) -> Vec<&SecretRef> {
        let username = self.login.iter().filter_map(|login| match &login.username {
            Username::Plain(_) => None,
            Username::Secret(reference) => Some(reference),
        });
        username.chain(self.login.iter().map(|login| &login.password)).collect()
    }

    pub(in super::super) fn resolve(&mut self, folder: &Path) {
        if let Some(path) = &mut self.ca_file {
            *path = folder.join(&*path);
        }
        if let Some(login) = &mut self.login {
            login.password.resolve(folder);
            if let Username::Secret(reference) = &mut login.username {
                reference.resolve(folder);
            }
        }
    }
}

fn login(
    username: Option<RawSecret>,
    password: Option<RawSecret>,
    diagnostics: &mut Diagnostics,
) -> Option<LoginConfig> {
    let (username, password) = match (username, password) {
        (Some(username), Some(password)) => (username, password),
        (None, None) => return None,
        (Some(alone), None) | (None, Some(alone)) => {
            let mistake = Diagnostic::error("config/missing-key", "a login is `username` and `password`");
            diagnostics.add(mistake.with_hint("give both, or neither"), position(&alone));
            return None;
        }
    };
    let username = match &username.value {
        TextOr::Text(name) => Some(Username::Plain(name.clone())),
        TextOr::Mapping(_) => secret::config::validate(username, diagnostics).map(Username::Secret),
    };
    let password = secret::config::validate(password, diagnostics);
    Some(LoginConfig { username: username?, password: password? })
}

/// Somebody's address, with a name before it or without. ASCII only: what else there is, not every relay passes on (RFC 6531).
fn mailbox(raw: &Spanned<String>, diagnostics: &mut Diagnostics) -> Option<Mailbox> {
    let is_clean = |text: &str| !text.chars().any(deceives);
    let parsed = raw.value.parse::<Mailbox>().ok();
    let valid = parsed.filter(|one| is_clean(&raw.value) && AsRef::<str>::as_ref(&one.email).is_ascii());
    if valid.is_none() {
        let mistake = Diagnostic::error("config/not-a-mailbox", "this is not the address of a mailbox");
        let hint = "write oncall@example.com or \"On call <oncall@example.com>\", a domain of other letters as xn--...";
        diagnostics.add(mistake.with_hint(hint), position(raw));
    }
    valid
}

/// A name of the DNS or an IP address; with neither a scheme nor a port.
fn is_host(text: &str) -> bool {
    let is_name = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte));
    text.parse::<IpAddr>().is_ok() || (!text.is_empty() && text.len() <= 253 && is_name(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(yaml: &str) -> (Option<Config>, Vec<String>) {
        let mut diagnostics = Diagnostics::new("driftd.yaml");
        let config = serde_saphyr::from_str::<Raw>(yaml).unwrap().validate(&mut diagnostics);
        let told = diagnostics.into_sorted();
        (config, told.iter().map(|one| format!("{} {}", one.code, one.message)).collect())
    }

    #[test]
    fn the_connection_is_encrypted_unless_it_stays_on_this_machine() {
        let people = "from: driftd@example.com\nto: [oncall@example.com]\n";
        for (yaml, expected) in [
            ("host: smtp.example.com\n", Ok((Tls::Starttls, 587))),
            ("host: smtp.example.com\nport: 465\n", Ok((Tls::Implicit, 465))),
            ("host: smtp.example.com\nport: 2525\n", Ok((Tls::Starttls, 2525))),
            ("host: smtp.example.com\ntls: implicit\n", Ok((Tls::Implicit, 465))),
            ("host: localhost\ntls: none\n", Ok((Tls::None, 25))),
            ("host: \"::1\"\ntls: none\nusername: a\npassword: {env: X}\n", Ok((Tls::None, 25))),
            ("host: relay\ntls: none\nallow_unencrypted: true\n", Ok((Tls::None, 25))),
            ("host: relay\ntls: none\n", Err("config/unencrypted alerts")),
            (
                "host: relay\ntls: none\nallow_unencrypted: true\nusername: a\npassword: {env: X}\n",
                Err("config/unencrypted a password"),
            ),
        ] {
            let (config, told) = read(&format!("{yaml}{people}"));
            match expected {
                Ok(expected) => assert_eq!(config.map(|config| (config.tls, config.port)), Some(expected), "{told:?}"),
                Err(start) => assert!(config.is_none() && told.iter().all(|one| one.starts_with(start)), "{told:?}"),
            }
        }
    }

    #[test]
    fn every_mistake_is_said() {
        let yaml = "host: smtp://relay:25\nusername: a\nfrom: \"driftd\\r\\nBcc: x <a@example.com>\"\n\
                    to: [oncall, \"ö@example.com\", \"Ü <ok@example.com>\"]\nreply_to: a@b@c\n";
        let (config, told) = read(yaml);
        assert_eq!(config, None);
        let codes: Vec<&str> = told.iter().filter_map(|one| one.split_whitespace().next()).collect();
        let mailbox = "config/not-a-mailbox";
        assert_eq!(codes, ["config/not-a-host", "config/missing-key", mailbox, mailbox, mailbox, mailbox], "{told:?}");
        let (_, told) = read("host: relay\nfrom: a@example.com\nto: []\npassword: hunter2\nusername: {env: USER}\n");
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(!told.concat().contains("hunter2"), "{told:?}");
        assert!(serde_saphyr::from_str::<Raw>("host: a\nfrom: a@b.c\nto: []\ntls: ssl\n").is_err());
    }

    #[test]
    fn secrets_and_paths_are_known() {
        let (config, told) = read(
            "host: relay\nca_file: ca.pem\nusername: {env: USER}\npassword: {file: secret}\nfrom: a@example.com\nto: [b@example.com]\n",
        );
        let mut config = config.unwrap_or_else(|| panic!("{told:?}"));
        config.resolve(Path::new("/etc/driftd"));
        assert_eq!(config.ca_file, Some("/etc/driftd/ca.pem".into()));
        let secrets = [&SecretRef::Env("USER".to_owned()), &SecretRef::File("/etc/driftd/secret".into())];
        assert_eq!(config.secrets(), secrets);
    }
}
