//! What the configuration says of Slack: the bot's token, a channel, and who may press which buttons.

use std::collections::BTreeSet;
use std::path::Path;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_saphyr::Spanned;

use super::api::{API_URL, Api};
use super::text::is_id;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::notify::Tools;
use crate::secret::config::{RawSecret, RawSecretKeys};
use crate::secret::{self, RotatingSecret, SecretRef};
use crate::yaml::{TextOr, position};

/// A Slack channel, by a bot.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Raw {
    /// The bot token, `xoxb-...`.
    #[schemars(with = "TextOr<RawSecretKeys>")]
    token: RawSecret,
    /// The channel's id, `C0123456789`: at the bottom of the channel's details in Slack.
    #[schemars(with = "String")]
    channel: Spanned<String>,
    /// Mention who changed something, where their name is an e-mail address that Slack knows.
    #[serde(default)]
    mention_actors: bool,
    /// Buttons that acknowledge, snooze and ignore; without, there are none.
    #[schemars(with = "Option<RawButtons>")]
    buttons: Option<Spanned<RawButtons>>,
    /// Slack's Web API, where it is not https://slack.com/api: https://slack-gov.com/api.
    #[schemars(with = "Option<String>")]
    api_url: Option<Spanned<String>>,
}

/// How presses of buttons come back: over Socket Mode, or as signed requests to the daemon; one of the two.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct RawButtons {
    /// The app-level token for Socket Mode, `xapp-...`: the daemon needs no public address.
    #[schemars(with = "Option<TextOr<RawSecretKeys>>")]
    app_token: Option<RawSecret>,
    /// The app's signing secret: Slack sends presses to the daemon's `/slack/interactivity`.
    #[schemars(with = "Option<TextOr<RawSecretKeys>>")]
    signing_secret: Option<RawSecret>,
    /// Who may press them; nobody, unless it says so.
    #[serde(default)]
    allow: RawAllow,
}

/// Who may press buttons: everybody that one of the lists names.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct RawAllow {
    /// Ids of Slack user groups, `S0123456789`.
    #[schemars(with = "Vec<String>")]
    user_groups: Vec<Spanned<String>>,
    /// E-mail addresses of members of the workspace.
    #[schemars(with = "Vec<String>")]
    emails: Vec<Spanned<String>>,
}

/// A valid channel.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    pub(super) token: SecretRef,
    pub(super) channel: String,
    pub(super) mention_actors: bool,
    pub(super) buttons: Option<Buttons>,
    pub(super) api_url: String,
}

/// Valid buttons.
#[derive(Debug, Clone, PartialEq)]
pub struct Buttons {
    pub door: Door,
    pub allow: Allow,
}

/// By what a press is known to come from Slack.
#[derive(Debug, Clone, PartialEq)]
pub enum Door {
    /// An app-level token.
    Socket(SecretRef),
    /// A signing secret.
    Http(SecretRef),
}

/// Who may press buttons.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Allow {
    pub user_groups: BTreeSet<String>,
    /// In lowercase.
    pub emails: BTreeSet<String>,
}

impl Door {
    pub fn secret(&self) -> &SecretRef {
        match self {
            Self::Socket(secret) | Self::Http(secret) => secret,
        }
    }

    fn secret_mut(&mut self) -> &mut SecretRef {
        match self {
            Self::Socket(secret) | Self::Http(secret) => secret,
        }
    }
}

impl Raw {
    /// What of it is valid; every mistake goes to `diagnostics`.
    pub(in crate::notify::receivers) fn validate(self, diagnostics: &mut Diagnostics) -> Option<Config> {
        let Self { token, channel, mention_actors, buttons, api_url } = self;
        let token = secret::config::validate(token, diagnostics);
        id(
            &channel,
            &['C', 'G', 'D'],
            "write the channel's id, C0123456789: it stands at the bottom of its details",
            diagnostics,
        );
        let buttons = match buttons {
            Some(buttons) => Some(validated(buttons, diagnostics)?),
            None => None,
        };
        if let Some(url) = &api_url
            && !url::Url::parse(&url.value).is_ok_and(|url| matches!(url.scheme(), "https" | "http") && url.has_host())
        {
            let mistake = Diagnostic::error("config/not-a-url", "this is not the URL of Slack's Web API");
            diagnostics.add(mistake.with_hint("write https://slack-gov.com/api, or leave it out"), position(url));
        }
        let api_url = api_url.map_or_else(|| API_URL.to_owned(), |url| url.value);
        Some(Config { token: token?, channel: channel.value, mention_actors, buttons, api_url })
    }
}

fn validated(raw: Spanned<RawButtons>, diagnostics: &mut Diagnostics) -> Option<Buttons> {
    let at = position(&raw);
    let RawButtons { app_token, signing_secret, allow: RawAllow { user_groups, emails } } = raw.value;
    if user_groups.is_empty() && emails.is_empty() {
        let text = "nobody may press these buttons: name user groups or e-mail addresses under `allow`";
        diagnostics.warning("config/nobody-may-press", at, text);
    }
    for group in &user_groups {
        id(group, &['S'], "write the id of a user group, S0123456789: the end of its address in Slack", diagnostics);
    }
    for email in &emails {
        if !is_email(&email.value) {
            let mistake = Diagnostic::error("config/not-a-mailbox", "this is not an e-mail address");
            diagnostics.add(mistake.with_hint("write e.g. alice@example.com"), position(email));
        }
    }
    let allow = Allow {
        user_groups: user_groups.into_iter().map(|group| group.value).collect(),
        emails: emails.into_iter().map(|email| email.value.to_lowercase()).collect(),
    };
    let door = match (app_token, signing_secret) {
        (Some(token), None) => Door::Socket(secret::config::validate(token, diagnostics)?),
        (None, Some(key)) => Door::Http(secret::config::validate(key, diagnostics)?),
        _ => {
            let mistake = Diagnostic::error("config/not-one-of", "presses come over exactly one way");
            let hint = "write `app_token` for Socket Mode, or `signing_secret` for requests to the daemon";
            diagnostics.add(mistake.with_hint(hint), at);
            return None;
        }
    };
    Some(Buttons { door, allow })
}

/// An id of Slack's with one of these letters at its beginning.
fn id(text: &Spanned<String>, letters: &[char], hint: &str, diagnostics: &mut Diagnostics) {
    if !text.value.starts_with(letters) || !is_id(&text.value) {
        let mistake = Diagnostic::error("config/not-a-slack-id", format!("{:?} is not an id of Slack", text.value));
        diagnostics.add(mistake.with_hint(hint), position(text));
    }
}

/// Good enough to ask Slack whose it is.
pub(super) fn is_email(text: &str) -> bool {
    let is_dull = |c: char| c.is_ascii_graphic() && !matches!(c, '<' | '>' | '"' | ',' | ';' | '\\' | '(' | ')');
    let Some((local, domain)) = text.split_once('@') else { return false };
    let parts = !local.is_empty() && domain.contains('.') && !domain.starts_with('.') && !domain.contains('@');
    parts && text.len() <= 254 && text.chars().all(is_dull)
}

impl Config {
    pub(in crate::notify::receivers) fn secrets(&self) -> Vec<&SecretRef> {
        let door = self.buttons.as_ref().map(|buttons| buttons.door.secret());
        std::iter::once(&self.token).chain(door).collect()
    }

    pub(in crate::notify::receivers) fn resolve(&mut self, folder: &Path) {
        self.token.resolve(folder);
        if let Some(buttons) = &mut self.buttons {
            buttons.door.secret_mut().resolve(folder);
        }
    }

    pub fn buttons(&self) -> Option<&Buttons> {
        self.buttons.as_ref()
    }

    pub fn channel(&self) -> &str {
        &self.channel
    }

    /// Slack, by the bot's token.
    pub fn api(&self, tools: &Tools) -> Api {
        self.api_by(&self.token, tools)
    }

    /// Slack, by another token.
    pub fn api_by(&self, token: &SecretRef, tools: &Tools) -> Api {
        Api::new(tools.http.clone(), &self.api_url, RotatingSecret::new(token.clone(), tools.secrets.clone()))
    }
}
