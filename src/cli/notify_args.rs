//! The arguments of `driftd routes` and `driftd notify`.

use clap::Subcommand;

/// `driftd routes ...`
#[derive(Debug, Subcommand)]
pub enum Routes {
    /// Say who would be told of a finding, and why: of one that the daemon knows, or of a made-up one
    Test {
        /// A finding that the daemon knows: its id, or the beginning of it
        #[arg(long, value_name = "ID")]
        finding: Option<String>,
        /// Its severity
        #[arg(long, value_name = "SEVERITY")]
        severity: Option<String>,
        /// Its Terraform type
        #[arg(long, value_name = "TYPE")]
        kind: Option<String>,
        /// Another label of it, e.g. source=prod or tags.team=payments (repeatable)
        #[arg(long = "label", value_name = "NAME=VALUE")]
        labels: Vec<String>,
    },
}

/// `driftd notify ...`
#[derive(Debug, Subcommand)]
pub enum Notify {
    /// Send a message to a receiver, to see whether it arrives
    ///
    /// Exit codes: 0 the receiver has it; 1 it does not; 78 bad configuration.
    Test {
        /// Its name in the configuration
        receiver: String,
    },
}
