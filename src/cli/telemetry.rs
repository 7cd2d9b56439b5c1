//! Logs go to stderr: text for a person, JSON lines when asked. Values of resources are never logged.

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;

/// The SDK's and its HTTP client's warnings: what matters of them stands in our own errors.
const QUIET: &str = "warn,aws_=off,hyper=off,h2=off,rustls=off,reqwest=off";

/// `DRIFTD_LOG` wins over `-v`; the SDK's own warnings are shown from `-v` on, its chatter from `-vvv` on.
pub(super) fn init(verbose: u8, json: bool) {
    let default = match verbose {
        0 => QUIET,
        1 => "driftd=info,warn",
        2 => "driftd=debug,warn",
        // Not `trace` for the SDK: it would print whole bodies.
        _ => "driftd=trace,info",
    };
    let filter = EnvFilter::try_from_env("DRIFTD_LOG").unwrap_or_else(|_| EnvFilter::new(default));
    // NO_COLOR and a dumb TERM are the library's to know.
    let colour = std::io::stderr().is_terminal()
        && anstream::AutoStream::choice(&std::io::stderr()) != anstream::ColorChoice::Never;
    // Escape sequences in messages are spelled out by the formatter.
    let logs = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(colour).with_writer(std::io::stderr);
    // An error means that a test has installed one already.
    let _ = if json { logs.json().try_init() } else { logs.with_target(false).try_init() };
}
