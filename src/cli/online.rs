//! `driftd check-config --online`: is what the configuration names there, and may driftd read it? One line for each answer.

use std::sync::Arc;

use futures::{StreamExt as _, stream};

use super::output::{print, say};
use super::{BAD_CONFIG, fail};
use crate::aws::Aws;
use crate::config::{Config, StoreLocation};
use crate::desired::{self, StateBucket};
use crate::environment::Environment;
use crate::secret::Resolver;
use crate::setup::Setup;
use crate::wording::text::sanitize_output;

/// Accounts that are asked at a time who driftd is there.
const CONCURRENT_ACCOUNTS: usize = 8;

/// What was asked, and what is wrong with it.
struct Check {
    what: String,
    outcome: Result<(), String>,
}

impl Check {
    fn new(what: impl Into<String>, outcome: Result<(), String>) -> Self {
        Self { what: what.into(), outcome }
    }
}

/// Asks everything, and prints it.
pub(super) async fn check(config: &Config, setup: Setup, environment: Environment) -> u8 {
    let mut checks = Vec::new();
    let aws = match Aws::connect(setup.aws).await {
        Ok(aws) => {
            checks.push(Check::new(format!("credentials of account {}", aws.account()), Ok(())));
            Some(Arc::new(aws))
        }
        Err(error) => {
            // The SDK lists what it tried in lines of its own.
            let detail = error.detail().split_whitespace().collect::<Vec<_>>().join(" ");
            checks.push(Check::new("credentials of AWS", Err(detail)));
            None
        }
    };
    if let Some(aws) = &aws {
        checks.extend(organization(aws).await);
        for account in &config.aws.accounts {
            let outcome = aws.identify(&account.id).await.map_err(|error| error.detail());
            checks.push(Check::new(format!("role {}", account.role_arn), outcome));
        }
        let bucket = StateBucket::new(aws);
        for desired::Probe { location, outcome } in desired::probe(&config.states, &setup.settings.load, &bucket).await
        {
            checks.push(Check::new(format!("state {location}"), outcome.map_err(|error| error.to_string())));
        }
    }
    checks.push(store(config, environment, aws).await);
    tell(&checks)
}

/// Whether the organization can be asked, and then whether the role of each of its accounts can be assumed.
async fn organization(aws: &Aws) -> Vec<Check> {
    if aws.organization_refresh().is_none() {
        return Vec::new();
    }
    if let Some(gap) = aws.organization_gap() {
        return vec![Check::new("accounts of the organization", Err(gap.detail))];
    }
    let (accounts, left_out) = (aws.organization_accounts(), aws.organization_left_out());
    let left: Vec<String> = left_out.iter().map(|(account, why)| format!("{account}: {why}")).collect();
    let left = if left.is_empty() { String::new() } else { format!("; left out: {}", left.join(", ")) };
    let found = Check::new(format!("{} accounts of the organization{left}", accounts.len()), Ok(()));
    let identified = stream::iter(accounts).map(|account| async move {
        let outcome = aws.identify(account).await.map_err(|error| error.detail());
        Check::new(format!("account {account} of the organization"), outcome)
    });
    let identified: Vec<Check> = identified.buffered(CONCURRENT_ACCOUNTS).collect().await;
    [found].into_iter().chain(identified).collect()
}

async fn store(config: &Config, environment: Environment, aws: Option<Arc<Aws>>) -> Check {
    if let StoreLocation::Postgres(url) = &config.store.location {
        let what = format!("URL of the store ({url})");
        let resolver = match Resolver::new(environment, aws) {
            Ok(resolver) => resolver,
            Err(error) => return Check::new(what, Err(error.to_string())),
        };
        return Check::new(what, resolver.read(url).await.map(|_| ()).map_err(|error| error.problem));
    }
    let path = config.store.location.sqlite(environment.get("STATE_DIRECTORY")).unwrap_or_default();
    let folder = path.parent().unwrap_or(&path);
    // Nobody sees the file, and it is gone at once.
    let outcome = tempfile::tempfile_in(folder).map(|_| ());
    Check::new(
        format!("folder of the store {}", folder.display()),
        outcome.map_err(|error| format!("it cannot be written to: {error}: make it, or set `store.path`")),
    )
}

/// Prints every check; the exit code.
fn tell(checks: &[Check]) -> u8 {
    let mut failed = 0_usize;
    for Check { what, outcome } in checks {
        let line = match outcome {
            Ok(()) => format!("ok: {}\n", sanitize_output(what)),
            Err(problem) => {
                failed += 1;
                format!("failed: {}: {}\n", sanitize_output(what), sanitize_output(problem))
            }
        };
        if let Err(error) = print(&line) {
            return fail(&error);
        }
    }
    if failed == 0 {
        return 0;
    }
    say(&format!("error: {failed} of {} checks failed", checks.len()));
    BAD_CONFIG
}
