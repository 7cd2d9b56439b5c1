//! The receivers, one file each. Each file owns its piece of the configuration (`Raw` -> `Config`), the form of its messages, and how they are
//! sent; it knows nothing of routes, retries or other receivers.

pub mod discord;
pub mod email;
pub mod eventbridge;
pub mod exec;
pub mod pagerduty;
pub mod security_hub;
pub mod slack;
pub mod slack_webhook;
pub mod sns;
pub mod sqs;
pub mod teams;
pub mod webhook;

use std::path::Path;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Receiver, Tools};
use crate::diagnostic::{Diagnostic, Diagnostics, Position};
use crate::secret::SecretRef;

/// `module: Variant`, with the sentence that the configuration's schema shows.
macro_rules! receivers {
    ($($(#[doc = $doc:literal])* $name:ident: $variant:ident;)*) => {
        /// The kinds of receivers, each with what it needs.
        #[derive(Debug, Default, Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields, default)]
        pub struct RawKinds {
            $($(#[doc = $doc])* $name: Option<$name::Raw>,)*
        }

        /// A valid receiver.
        #[derive(Debug, Clone, PartialEq)]
        pub enum ReceiverKind {
            $($(#[doc = $doc])* $variant($name::Config),)*
        }

        /// The keys of the kinds.
        pub const KINDS: &[&str] = &[$(stringify!($name)),*];

        impl RawKinds {
            /// Every kind that is given, valid or not; mistakes go to `diagnostics`.
            fn all(self, diagnostics: &mut Diagnostics) -> Vec<Option<ReceiverKind>> {
                let mut given = Vec::new();
                $(if let Some(raw) = self.$name {
                    given.push(raw.validate(diagnostics).map(ReceiverKind::$variant));
                })*
                given
            }
        }

        impl ReceiverKind {
            /// Its key in the configuration.
            pub fn as_str(&self) -> &'static str {
                match self {
                    $(Self::$variant(_) => stringify!($name),)*
                }
            }

            /// The secrets that it refers to.
            pub fn secrets(&self) -> Vec<&SecretRef> {
                match self {
                    $(Self::$variant(config) => config.secrets(),)*
                }
            }

            /// Takes relative paths as relative to this folder.
            pub fn resolve(&mut self, folder: &Path) {
                match self {
                    $(Self::$variant(config) => config.resolve(folder),)*
                }
            }

            /// Ready to be sent to. Calls nobody.
            ///
            /// # Errors
            /// Why it cannot be used, with the way out.
            pub fn open(&self, name: &str, tools: &Tools) -> Result<Box<dyn Receiver>, String> {
                match self {
                    $(Self::$variant(config) => $name::open(config, name, tools),)*
                }
            }
        }
    };
}

receivers! {
    /// A Discord channel, by its webhook: one living message per group.
    discord: Discord;
    /// E-mail by an SMTP relay, threaded, as HTML and text.
    email: Email;
    /// An event bus of Amazon EventBridge.
    eventbridge: EventBridge;
    /// A command that gets the notice as JSON on its standard input.
    exec: Exec;
    /// A service of PagerDuty, by its Events API v2: triggers, acknowledges and resolves.
    pagerduty: PagerDuty;
    /// AWS Security Hub: a finding of its own for every finding, archived when the drift is over.
    security_hub: SecurityHub;
    /// A topic of Amazon SNS: text for people, JSON for machines, or what Amazon Q Developer posts into Slack and Teams.
    sns: Sns;
    /// A queue of Amazon SQS.
    sqs: Sqs;
    /// A channel or chat of Microsoft Teams, by the URL of a workflow.
    teams: Teams;
    /// A Slack channel, by a bot: one living message per group, with its history in a thread, and buttons.
    slack: Slack;
    /// A Slack channel, by an incoming webhook.
    slack_webhook: SlackWebhook;
    /// Any HTTP endpoint: a CloudEvents 1.0 envelope, signed as Standard Webhooks says.
    webhook: Webhook;
}

impl RawKinds {
    /// The one kind that is given.
    pub(super) fn validate(self, at: Position, diagnostics: &mut Diagnostics) -> Option<ReceiverKind> {
        let mut given = self.all(diagnostics);
        if given.len() != 1 {
            let mistake = Diagnostic::error("config/not-one-of", "a receiver is of exactly one kind")
                .with_hint(format!("write one of {}", KINDS.join(", ")));
            diagnostics.add(mistake, at);
            return None;
        }
        given.pop().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notify::config::{RawNotify, RawReceiver};

    /// What stands in a page for people to copy.
    #[derive(Deserialize)]
    struct Example {
        receivers: Vec<RawReceiver>,
    }

    #[test]
    fn every_receiver_has_a_page_whose_example_is_valid() {
        for kind in KINDS {
            let page = format!("{}/docs/receivers/{kind}.md", env!("CARGO_MANIFEST_DIR"));
            let text = std::fs::read_to_string(&page).unwrap_or_else(|error| panic!("write {page}: {error}"));
            let example = text.split("\n```yaml\n").nth(1).and_then(|rest| rest.split("```").next());
            let example = example.unwrap_or_else(|| panic!("{page} has no example in YAML"));
            let Example { receivers } =
                serde_saphyr::from_str(example).unwrap_or_else(|error| panic!("{page}: {error}"));
            let mut diagnostics = Diagnostics::new("driftd.yaml");
            let config = RawNotify { receivers, ..RawNotify::default() }.validate(true, &mut diagnostics);
            assert_eq!(diagnostics.errors(), 0, "{page}");
            let given: Vec<&str> = config.receivers.iter().map(|receiver| receiver.kind.as_str()).collect();
            assert!(given.contains(kind), "{page} shows {given:?}");
        }
    }
}
