//! Configuration -> what a cycle needs. The one way from there to here, for `scan`, `who` and everything else that runs a
//! cycle. Knows no command line: that has been laid over the configuration before. Reads rule files; calls no AWS.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;
use secrecy::SecretString;

use crate::attribution::config::AttributionConfig;
use crate::attribution::source::SourceRef;
use crate::aws::{AssumeRole, AwsOptions};
use crate::baseline;
use crate::config::{Config, EventSourceConfig, QueueConfig, RetentionConfig};
use crate::cycle::{AttributionOptions, Settings, Sweep};
use crate::daemon::{self, QueueOptions};
use crate::desired::config::CodeRef;
use crate::desired::{Environment, HttpOptions, LoadOptions};
use crate::diagnostic::Diagnostic;
use crate::judge::{self, RuleSet, RulesConfig};
use crate::notify::Owners;
use crate::schedule::Schedule;
use crate::store::Retention;

/// Pause before a torn, throttled or broken read of a state is tried again.
const STATE_RETRY_DELAY: Duration = Duration::from_secs(1);

/// Pause before what AWS says is not there is looked for once more.
const SECOND_LOOK_DELAY: Duration = Duration::from_secs(3);

/// Where forges look for the owners of code.
const CODEOWNERS: [&str; 4] = ["CODEOWNERS", ".github/CODEOWNERS", ".gitlab/CODEOWNERS", "docs/CODEOWNERS"];

/// Everything that a cycle is given, but for AWS itself.
pub struct Setup {
    pub settings: Settings,
    pub sweep: Sweep,
    pub aws: AwsOptions,
    /// What can be used, but probably is not meant: entries of the baseline that have expired.
    pub warnings: Vec<Diagnostic>,
}

impl Setup {
    /// Checks what the configuration refers to (rules, folders of events, types), and makes the options of a cycle.
    /// `now` is what durations count from.
    ///
    /// # Errors
    /// Every mistake, those of the rule and baseline files among them.
    pub fn from_config(config: &Config, environment: Environment, now: Timestamp) -> Result<Self, Vec<Diagnostic>> {
        let mut mistakes = Vec::new();
        let kinds = config.scan.kind_filter().map_err(|mistake| mistakes.push(mistake)).unwrap_or_default();
        let attribution = attribution(&config.attribution, now, &mut mistakes);
        let rules = load_rules(&config.rules).map_err(|found| mistakes.extend(found)).unwrap_or_default();
        let baseline =
            baseline::load(&config.baseline.paths).map_err(|found| mistakes.extend(found)).unwrap_or_default();
        if !mistakes.is_empty() {
            return Err(mistakes);
        }
        let warnings = baseline.expired(now);
        let settings = Settings {
            states: config.states.clone(),
            load: load_options(config, environment),
            rules,
            baseline,
            ignore_tags: config.scan.ignore_tags.clone(),
            deadline: config.scan.deadline,
            attribution,
        };
        let sweep = Sweep {
            regions: config.aws.regions.clone(),
            unmanaged: config.scan.unmanaged,
            kinds,
            scopes: None,
            accounts: None,
            found: BTreeSet::new(),
            principal: None,
        };
        Ok(Self { settings, sweep, aws: aws_options(config), warnings })
    }
}

/// How the daemon works.
pub fn daemon_options(config: &Config) -> daemon::Options {
    let mut schedules: Vec<(Schedule, BTreeSet<usize>)> = Vec::new();
    for (index, state) in config.states.iter().enumerate() {
        let schedule = config.schedule.with(&state.schedule).of("sweep");
        match schedules.iter_mut().find(|(known, _)| *known == schedule) {
            Some((_, states)) => _ = states.insert(index),
            None => schedules.push((schedule, BTreeSet::from([index]))),
        }
    }
    let queue = |queue: &QueueConfig| QueueOptions {
        url: queue.url.clone(),
        region: queue.region.clone(),
        role: queue.role_arn.clone().map(|arn| AssumeRole {
            arn,
            external_id: queue.external_id.clone(),
            session_name: None,
        }),
    };
    let queues = config.events.iter().filter_map(|source| match source {
        EventSourceConfig::Sqs(config) => Some(queue(config)),
        EventSourceConfig::Lookup { .. } => None,
    });
    let lookup = config.events.iter().find_map(|source| match source {
        EventSourceConfig::Lookup { interval } => Some(*interval),
        EventSourceConfig::Sqs(_) => None,
    });
    let RetentionConfig { resolved_findings, history, scans, events, notices, proposals, audit } =
        config.store.retention;
    daemon::Options {
        schedules,
        queues: queues.collect(),
        lookup,
        settle: config.daemon.settle,
        recheck: config.daemon.recheck,
        storm: config.daemon.storm.get(),
        state_poll: config.daemon.state_poll,
        in_flight_wait: config.daemon.in_flight_wait,
        full_read_every: config.daemon.full_read_every,
        listen: config.listen,
        retention: Retention { resolved_findings, history, scans, events, notices, proposals, audit },
    }
}

/// Whose code it is: the file of owners of each repository whose code is at hand. Where there is none, nobody's.
pub fn owners(config: &Config) -> Owners {
    let mut owners = Owners::default();
    let of_states = config.states.iter().filter_map(|state| match &state.code {
        Some(CodeRef::Directory(directory)) => Some(directory),
        _ => None,
    });
    for directory in config.code.directories.iter().chain(of_states) {
        // The file stands at the root of the repository, which is the folder itself or one above it.
        for root in directory.ancestors() {
            let files = CODEOWNERS.iter().map(|name| root.join(name));
            if let Some(text) = files.map(std::fs::read_to_string).find_map(Result::ok) {
                owners.add(&root.display().to_string(), &text);
                break;
            }
            if root.join(".git").exists() {
                break;
            }
        }
    }
    owners
}

/// The rules that are configured: a rule with the id of a built-in one replaces it.
///
/// # Errors
/// Every mistake in the files.
pub fn load_rules(config: &RulesConfig) -> Result<RuleSet, Vec<Diagnostic>> {
    let starter = if config.starter { judge::starter() } else { RuleSet::default() };
    if config.paths.is_empty() {
        return Ok(starter);
    }
    Ok(starter.overlaid_with(judge::load(&config.paths)?))
}

fn attribution(config: &AttributionConfig, now: Timestamp, mistakes: &mut Vec<Diagnostic>) -> AttributionOptions {
    let AttributionConfig { sources, since, settings } = config;
    for source in sources {
        if let SourceRef::Path(path) = source
            && !path.exists()
        {
            let message = format!("CloudTrail source {}: no such file or folder", path.display());
            let mistake = Diagnostic::error("config/no-such-event-source", message);
            mistakes.push(mistake.with_hint("write lookup, s3://bucket[/prefix], or the path of a folder or file"));
        }
    }
    let since = since.map(|since| since.before(now)).transpose().unwrap_or_else(|error| {
        mistakes.push(Diagnostic::error("config/not-a-time", format!("since: {error}")));
        None
    });
    AttributionOptions { sources: sources.clone(), since, settings: settings.clone() }
}

fn load_options(config: &Config, environment: Environment) -> LoadOptions {
    let of_states = config.states.iter().filter_map(|state| match &state.code {
        Some(CodeRef::Directory(directory)) => Some(directory.clone()),
        _ => None,
    });
    let bearer = environment.get("DRIFTD_HTTP_BEARER_TOKEN").map(SecretString::from);
    LoadOptions {
        code_dirs: config.code.directories.iter().cloned().chain(of_states).collect(),
        backend_config: config.code.backend_config.clone(),
        workspace: config.code.workspace.clone(),
        http: HttpOptions { bearer, ..HttpOptions::default() },
        environment,
        retry_delay: STATE_RETRY_DELAY,
    }
}

fn aws_options(config: &Config) -> AwsOptions {
    let role = |account: &crate::aws::config::AccountConfig| AssumeRole {
        arn: account.role_arn.clone(),
        external_id: account.external_id.clone(),
        session_name: None,
    };
    AwsOptions {
        region: config.aws.regions.first().cloned(),
        roles: config.aws.accounts.iter().map(|account| (account.id.clone(), role(account))).collect(),
        organization: config.aws.organization.clone(),
        second_look_delay: SECOND_LOOK_DELAY,
        requests_per_second: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setup(text: &str) -> Result<Setup, Vec<&'static str>> {
        let config = crate::config::parse("driftd.yaml", &format!("version: 1\n{text}")).unwrap();
        let environment: Environment =
            [("DRIFTD_HTTP_BEARER_TOKEN".to_owned(), "secret".to_owned())].into_iter().collect();
        Setup::from_config(&config, environment, "2026-02-01T00:00:00Z".parse().unwrap())
            .map_err(|found| found.iter().map(|mistake| mistake.code).collect())
    }

    #[test]
    fn a_configuration_is_all_that_a_cycle_needs() {
        let text = "states: [a, {location: b, accounts: [\"111111111111\"]}]\naws:\n  regions: [eu-west-1, us-east-1]\n  accounts: [{id: \"111111111111\", role_arn: \"arn:aws:iam::111111111111:role/x\", external_id: y}]\nscan: {unmanaged: false, kinds: [aws_vpc], ignore_tags: {keys: [k]}}\nattribution: {sources: [lookup], since: 24h}\n";
        let Setup { settings, sweep, aws, warnings: _ } = setup(text).unwrap();
        assert_eq!(settings.states[1].accounts, ["111111111111"]);
        assert_eq!((sweep.regions.len(), aws.region.as_deref()), (2, Some("eu-west-1")));
        assert_eq!(aws.roles["111111111111"].external_id.as_deref(), Some("y"));
        assert!(!sweep.unmanaged && sweep.kinds.unwrap().is_match("aws_vpc"));
        assert_eq!(settings.ignore_tags.keys, ["k"]);
        assert_eq!(settings.attribution.since.unwrap().to_string(), "2026-01-31T00:00:00Z");
        assert!(settings.rules.get("ssh-open-to-world").is_some() && settings.load.http.bearer.is_some());
    }

    #[test]
    fn every_mistake_comes_at_once() {
        let text = "rules: {paths: [no-such-rules.yaml]}\nbaseline: [no-such-baseline.yaml]\nscan: {kinds: [aws_s4_*]}\nattribution: {sources: [no-such-folder], since: 2999-01-01}\n";
        assert_eq!(
            setup(text).err().unwrap(),
            [
                "config/no-kind-matches",
                "config/no-such-event-source",
                "config/not-a-time",
                "rules/unreadable",
                "baseline/unreadable"
            ]
        );
    }
}
