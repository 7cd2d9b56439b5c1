//! The keys `listen` and `log`: how the daemon is reached, and how it speaks.

use std::net::{Ipv4Addr, SocketAddr};

use schemars::JsonSchema;
use serde::Deserialize;
use serde_saphyr::Spanned;

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::yaml::position;

/// Of this machine only.
pub(super) const LISTEN: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 8080);

/// A valid section `log`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LogConfig {
    pub format: LogFormat,
}

/// How a line of the log is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// A JSON object a line, for collectors of logs.
    Json,
}

/// How the log is written.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawLog {
    /// Text for people, or JSON lines for collectors of logs.
    format: LogFormat,
}

impl RawLog {
    pub(super) fn validate(self) -> LogConfig {
        let Self { format } = self;
        LogConfig { format }
    }
}

/// The address; the standard one if it is none.
pub(super) fn listen(raw: Option<Spanned<String>>, diagnostics: &mut Diagnostics) -> SocketAddr {
    let Some(raw) = raw else { return LISTEN };
    raw.value.parse().unwrap_or_else(|_| {
        let mistake =
            Diagnostic::error("config/not-an-address", format!("{:?} is not an address and a port", raw.value))
                .with_hint("write 127.0.0.1:8080, or 0.0.0.0:8080 or [::]:8080 for every interface");
        diagnostics.add(mistake, position(&raw));
        LISTEN
    })
}
