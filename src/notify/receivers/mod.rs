//! The receivers, one file each. Each file owns its piece of the configuration (`Raw` -> `Config`), the form of its messages, and how they are
//! sent; it knows nothing of routes, retries or other receivers.

use std::path::Path;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Receiver, Tools};
use crate::diagnostic::{Diagnostic, Diagnostics, Position};
use crate::secret::SecretRef;

/// `module: Variant`, with the sentence that the configuration's schema shows.
macro_rules! receivers {
    ($($(#[doc = $doc:literal])* $name:ident: $variant:ident;)*) => {
        $(pub mod $name;)*

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
