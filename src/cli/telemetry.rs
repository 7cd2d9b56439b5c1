//! Logs go to stderr: text for a person, JSON lines when asked. Values of resources are never logged.

use tracing_subscriber::EnvFilter;

/// `DRIFTD_LOG` wins over `-v`; the SDK's own chatter is shown from `-vvv` on.
pub(super) fn init(verbose: u8, json: bool) {
    let default = match verbose {
        0 => "warn",
        1 => "driftd=info,warn",
        2 => "driftd=debug,warn",
        // Not `trace` for the SDK: it would print whole bodies.
        _ => "driftd=trace,info",
    };
    let filter = EnvFilter::try_from_env("DRIFTD_LOG").unwrap_or_else(|_| EnvFilter::new(default));
    let logs = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // An error means that a test has installed one already.
    let _ = if json { logs.json().try_init() } else { logs.with_target(false).try_init() };
}
