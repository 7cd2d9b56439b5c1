//! The accounts of the organization, asked for every so often: a new one is swept at once, one that is gone is not read any more. Its findings
//! stay as they are, since nobody sees them; they end when the states do not declare them any more.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::{Current, Daemon, Stop, metrics, sweep, wait};
use crate::aws::Aws;

const TASK: &str = "organization";
/// When it could not be asked, it is asked again so much later, or sooner if the configuration says so.
const RETRY: Duration = Duration::from_secs(5 * 60);
/// Where none is configured: until the configuration changes.
const NEVER: Duration = Duration::from_secs(24 * 60 * 60);

pub(super) async fn run(daemon: Arc<Daemon>, mut stop: Stop) {
    // Before that nobody knows where anything is declared, and the first sweep is of everything.
    tokio::select! {
        () = daemon.states_known() => {}
        () = super::ended(&mut stop) => return,
    }
    loop {
        let current = daemon.current();
        tell(&daemon, &current.aws);
        let refresh = current.aws.organization_refresh();
        let failed = current.aws.organization_gap().is_some();
        let pause = refresh.map_or(NEVER, |refresh| if failed { refresh.min(RETRY) } else { refresh });
        if !wait(&mut stop, &daemon.wake.organization, pause).await {
            return;
        }
        // A reload asked already.
        if refresh.is_none() || !Arc::ptr_eq(&daemon.current(), &current) {
            continue;
        }
        tokio::select! {
            () = ask(&daemon, &current) => {}
            () = super::ended(&mut stop) => return,
        }
    }
}

async fn ask(daemon: &Daemon, current: &Arc<Current>) {
    let Some(aws) = current.aws.ask_organization_again().await else { return };
    let of = |aws: &Aws| aws.organization_accounts().into_iter().map(str::to_owned).collect::<BTreeSet<_>>();
    let (before, now) = (of(&current.aws), of(&aws));
    if !daemon.replace_aws(current, aws) {
        return;
    }
    for account in before.difference(&now) {
        let why = daemon.current().aws.why_not_reached(account);
        tracing::warn!(account, why, "an account of the organization is not read any more");
    }
    let new: BTreeSet<String> = now.difference(&before).cloned().collect();
    for account in &new {
        tracing::info!(account, "an account of the organization is new");
    }
    if !new.is_empty() {
        daemon.store_said(TASK, sweep::ask_accounts(daemon, &new).await);
    }
}

/// Says in the log, in `/readyz` and in the metrics what is known.
fn tell(daemon: &Daemon, aws: &Aws) {
    let gap = aws.organization_gap();
    if let Some(gap) = &gap {
        tracing::warn!(reason = gap.reason.as_str(), "{}", gap.detail);
    }
    let is_configured = aws.organization_refresh().is_some();
    if is_configured {
        metrics::organization(aws.organization_accounts().len(), aws.organization_left_out().len(), gap.is_none());
    }
    daemon.health.organization(is_configured.then(|| gap.map(|gap| gap.detail)));
}
