//! The command line.

use std::path::PathBuf;

use clap::{ArgAction, Args as ClapArgs, Parser, Subcommand, ValueEnum};

pub(super) use super::notify_args::{Notify, Routes};
use crate::model::report::Severity;
use crate::report::Format;

/// Continuous cloud drift detection: what differs from Terraform, who did it, whether it matters.
#[derive(Debug, Parser)]
#[command(name = "driftd", version, about, max_term_width = 100)]
pub struct Args {
    /// Configuration file [default: $DRIFTD_CONFIG, /etc/driftd/driftd.yaml, ./config/driftd.yaml]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// More on stderr; repeat for more still
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub verbose: u8,
    /// Logs as JSON lines
    #[arg(long, global = true, env = "DRIFTD_LOG_JSON", hide_env_values = true)]
    pub log_json: bool,
    #[command(subcommand)]
    pub command: Command,
}

/// The value of `driftd schema --config`.
const NO_FILE: &str = "(no file)";

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Compare Terraform state with live AWS once and print what differs
    ///
    /// Exit codes: 0 in sync and fully seen; 2 drift; 3 no drift seen but something could not be read; 1 failed;
    /// 78 bad configuration.
    Scan(Box<Scan>),
    /// Write a file of the drift that there is, to accept it for a while: for Git, and for review
    ///
    /// Name the file in `baseline` of the configuration: what it accepts is ignored until it expires or differs in another way.
    ///
    /// Exit codes: 0 everything was seen; 3 something could not be read, and is neither added nor dropped; 1 failed; 78 bad
    /// configuration.
    Baseline(Box<Baseline>),
    /// List everything that one principal changed, each with its drift and the ways out
    ///
    /// Exit codes: 0 everything was seen; 3 something could not be read; 1 failed; 78 bad configuration.
    Who(Box<Who>),
    /// Keep watching: sweep by the schedule, read again what events touch, remember findings; stops on SIGTERM
    Run,
    /// Work with the findings that the daemon remembers
    #[command(subcommand)]
    Findings(Findings),
    /// Say everything that is known of one finding: what differs, since when, who did it, what became of it
    Explain {
        /// Its id, or the beginning of it
        id: String,
    },
    /// Work with the daemon's store
    #[command(subcommand)]
    Store(StoreCommand),
    /// Check the configuration and the rules it names, and list every mistake
    CheckConfig {
        /// Ask, too: whose credentials these are, whether every role can be assumed and every state read, and whether the store's
        /// folder can be written to
        #[arg(long)]
        online: bool,
    },
    /// Work with rules
    #[command(subcommand)]
    Rules(Rules),
    /// Work with the routes of alerts
    #[command(subcommand)]
    Routes(Routes),
    /// Work with the receivers of alerts
    #[command(subcommand)]
    Notify(Notify),
    /// List the Terraform types that are read natively
    Kinds {
        /// Names only
        #[arg(long)]
        names: bool,
    },
    /// Print the least-privilege IAM policy for a scan
    IamPolicy {
        /// Only for these types (glob, repeatable)
        #[arg(long = "kind", value_name = "GLOB")]
        kinds: Vec<String>,
    },
    /// Print the JSON Schema of the JSON report, or of the configuration
    Schema {
        /// Of the configuration, for editors
        // The name of the global option, and so its type: the value of that one comes in here, too.
        #[arg(long, num_args = 0, default_missing_value = NO_FILE)]
        config: Option<PathBuf>,
    },
    /// Print a shell's completion script
    Completions { shell: clap_complete::Shell },
    /// Print the manual page
    Man,
}

/// `driftd findings ...`
#[derive(Debug, Subcommand)]
pub enum Findings {
    /// List findings, the worst first
    List {
        /// Only in this state: open, acknowledged, snoozed, ignored, ignored_by_rule, resolved (repeatable) [default: all but resolved]
        #[arg(long = "status", value_name = "STATUS")]
        states: Vec<String>,
        /// Only of this severity (repeatable)
        #[arg(long = "severity", value_name = "SEVERITY")]
        severities: Vec<String>,
        /// Only of this Terraform type (repeatable)
        #[arg(long = "kind", value_name = "TYPE")]
        kinds: Vec<String>,
        /// Only in this account (repeatable)
        #[arg(long = "account", value_name = "ACCOUNT")]
        accounts: Vec<String>,
        /// Only in this region (repeatable)
        #[arg(long = "region", value_name = "REGION")]
        regions: Vec<String>,
        /// Only of this source (repeatable)
        #[arg(long = "source", value_name = "NAME")]
        sources: Vec<String>,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Show one finding, as JSON
    Show { id: String },
    /// Say that you know of it and take care; holds until it differs in another way
    Ack {
        id: String,
        #[arg(long, default_value = "")]
        reason: String,
        #[command(flatten)]
        who: Person,
    },
    /// Be reminded later
    Snooze {
        id: String,
        /// A time (2026-12-24T08:00:00Z), or a duration from now (8h, 3d)
        #[arg(long, value_name = "TIME")]
        until: String,
        #[arg(long, default_value = "")]
        reason: String,
        #[command(flatten)]
        who: Person,
    },
    /// Accept it for a while
    Ignore {
        id: String,
        /// Who answers for it
        #[arg(long)]
        owner: String,
        #[arg(long)]
        reason: String,
        /// A time, or a duration from now (30d)
        #[arg(long, value_name = "TIME")]
        expires: String,
        #[command(flatten)]
        who: Person,
    },
    /// Take an acknowledgement, a snooze or an ignore back
    Reopen {
        id: String,
        #[command(flatten)]
        who: Person,
    },
    /// What happened to it, oldest first
    History { id: String },
}

/// Whoever acts.
#[derive(Debug, ClapArgs)]
pub struct Person {
    /// Your name, for the audit log
    #[arg(long = "by", value_name = "NAME", env = "USER", default_value = "unknown")]
    pub by: String,
}

/// `driftd store ...`
#[derive(Debug, Subcommand)]
pub enum StoreCommand {
    /// Write a copy of a SQLite store to a new file, also while the daemon runs
    Backup { file: PathBuf },
}

impl Command {
    /// Is it `driftd schema --config`, and not `driftd --config FILE schema`?
    pub(super) fn asks_for_the_schema_of_the_configuration(&self) -> bool {
        matches!(self, Self::Schema { config: Some(file) } if file.as_os_str() == NO_FILE)
    }
}

/// `driftd rules ...`
#[derive(Debug, Subcommand)]
pub enum Rules {
    /// Run every rule's own cases
    Test {
        /// Rule files or folders [default: those of the configuration, and the built-in ones]
        paths: Vec<PathBuf>,
    },
    /// List the rules
    List,
}

/// `driftd scan ...`
#[derive(Debug, ClapArgs)]
pub struct Scan {
    /// Terraform state: a path, a glob, s3://bucket/key, https://..., tfe://host/org/workspace, git::..., or a directory
    /// of Terraform code (repeatable)
    #[arg(long = "state", value_name = "STATE")]
    pub states: Vec<String>,
    /// Also list this region (repeatable) [default: the regions of the states]
    #[arg(long = "region", value_name = "REGION")]
    pub regions: Vec<String>,
    /// Directory of Terraform code that belongs to the states (repeatable): findings name file and line
    #[arg(long = "code", value_name = "DIR")]
    pub code: Vec<PathBuf>,
    /// Backend setting as for `terraform init` (key=value or a file; repeatable)
    #[arg(long = "backend-config", value_name = "SETTING")]
    pub backend_config: Vec<String>,
    /// Workspace of a directory of code [default: TF_WORKSPACE, or the one selected there]
    #[arg(long, value_name = "NAME")]
    pub workspace: Option<String>,
    /// How the report is written
    #[arg(long, value_enum, default_value = "table")]
    pub format: FormatArg,
    /// Write the report to a file instead of stdout
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Do not look for resources that no state declares
    #[arg(long)]
    pub no_unmanaged: bool,
    /// Only these Terraform types (glob, repeatable)
    #[arg(long = "kind", value_name = "GLOB")]
    pub kinds: Vec<String>,
    /// Only this resource, with what belongs to it, each by a read of its own (Terraform address, repeatable)
    #[arg(long = "target", value_name = "ADDRESS", conflicts_with_all = ["kinds", "no_unmanaged", "regions"])]
    pub targets: Vec<String>,
    /// Exit with 2 only for findings of this severity or worse
    #[arg(long, value_enum, value_name = "SEVERITY")]
    pub fail_on: Option<SeverityArg>,
    /// More rule files or folders (repeatable)
    #[arg(long = "rules", value_name = "PATH")]
    pub rules: Vec<PathBuf>,
    /// Name who did it from CloudTrail: lookup, s3://bucket[/prefix] (a trail's logs), the path of a folder or file of
    /// logs (repeatable), or off [default: `attribution.sources` of the configuration]
    #[arg(long = "cloudtrail", value_name = "SOURCE")]
    pub cloudtrail: Vec<String>,
    /// How far back CloudTrail is read: a duration (24h, 7d), a day or a time (RFC 3339) [default: 90 days for lookup, 14
    /// for s3, everything for a path]
    #[arg(long, value_name = "WHEN")]
    pub since: Option<String>,
    /// Colour in the table [default: on a terminal]
    #[arg(long, value_enum, value_name = "WHEN")]
    pub color: Option<Colour>,
    /// List attributes of the states that no reader reads, and fail if there are any (for tests)
    #[arg(long, hide = true)]
    pub fail_on_uncovered: bool,
}

/// `driftd baseline ...`
#[derive(Debug, ClapArgs)]
#[command(
    mut_arg("output", |arg| arg.help("Write it to a file instead of stdout; one that exists is kept, unless --merge")),
    mut_arg("format", |arg| arg.hide(true)),
    mut_arg("fail_on", |arg| arg.hide(true)),
    mut_arg("color", |arg| arg.hide(true))
)]
pub struct Baseline {
    /// Who answers for what is accepted
    #[arg(long, value_name = "NAME")]
    pub owner: String,
    /// Why it is accepted
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// The last day on which it is accepted: a day (2026-12-31), or a duration from now (90d)
    #[arg(long, value_name = "WHEN")]
    pub expires: String,
    /// Take over the entries of the file of --output: what is new is added, what has expired or differs in another way is
    /// accepted anew, what is gone is dropped
    #[arg(long, requires = "output")]
    pub merge: bool,
    /// Accept what a report shows instead of scanning: a file that `driftd scan --format json` wrote
    #[arg(long, value_name = "FILE", conflicts_with_all = [
        "states", "regions", "code", "backend_config", "workspace", "no_unmanaged", "kinds", "targets", "rules", "cloudtrail",
        "since",
    ])]
    pub from: Option<PathBuf>,
    #[command(flatten)]
    pub scan: Scan,
}

/// `driftd who ...`
#[derive(Debug, ClapArgs)]
pub struct Who {
    /// A person's name, a user, a role, a session name, an ARN, an access key or a source address; `*` and `?` are wildcards
    #[arg(long, value_name = "PRINCIPAL")]
    pub principal: String,
    #[command(flatten)]
    pub scan: Scan,
}

/// `--color`
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Colour {
    Auto,
    Always,
    Never,
}

/// `--format`
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FormatArg {
    Table,
    Json,
    Markdown,
    Html,
    Sarif,
    Junit,
}

impl From<FormatArg> for Format {
    fn from(arg: FormatArg) -> Self {
        match arg {
            FormatArg::Table => Self::Table,
            FormatArg::Json => Self::Json,
            FormatArg::Markdown => Self::Markdown,
            FormatArg::Html => Self::Html,
            FormatArg::Sarif => Self::Sarif,
            FormatArg::Junit => Self::Junit,
        }
    }
}

/// `--fail-on`
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SeverityArg {
    Critical,
    High,
    Medium,
    Low,
    Info,
}

impl From<SeverityArg> for Severity {
    fn from(arg: SeverityArg) -> Self {
        match arg {
            SeverityArg::Critical => Self::Critical,
            SeverityArg::High => Self::High,
            SeverityArg::Medium => Self::Medium,
            SeverityArg::Low => Self::Low,
            SeverityArg::Info => Self::Info,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    /// What `driftd [SUBCOMMAND] --help` prints on a terminal of 100 columns.
    fn help(subcommand: Option<&str>) -> String {
        let mut command = Args::command().term_width(100);
        command.build();
        let command = match subcommand {
            Some(name) => command.find_subcommand_mut(name).unwrap(),
            None => &mut command,
        };
        command.render_long_help().to_string()
    }

    #[test]
    fn help_reads_well() {
        insta::assert_snapshot!("driftd_help", help(None));
        insta::assert_snapshot!("driftd_scan_help", help(Some("scan")));
        insta::assert_snapshot!("driftd_baseline_help", help(Some("baseline")));
        insta::assert_snapshot!("driftd_who_help", help(Some("who")));
    }
}
