//! Without a trail that logs, nobody is told of changes: queues stay silent, and their silence looks like peace. So the trails are asked.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;

use super::{Current, Daemon, Stop, wait};
use crate::model::Scope;

/// How often the trails are asked: one call for the list, one for each until one logs.
const LOOK: Duration = Duration::from_secs(15 * 60);

pub(super) async fn run(daemon: Arc<Daemon>, mut stop: Stop) {
    let nothing = Notify::new();
    loop {
        let current = daemon.current();
        // The event history needs no trail.
        if !current.options.queues.is_empty()
            && let Some(logs) = logs(&current).await
        {
            daemon.health.trail(logs);
        }
        if !wait(&mut stop, &nothing, LOOK).await {
            return;
        }
    }
}

/// Does a trail of this account and region log, or why does none? `None`: nobody may say.
async fn logs(current: &Current) -> Option<Result<(), String>> {
    let scope = Scope::new(current.aws.account(), current.aws.default_region());
    // An emulator's trails log nothing, and its events come all the same.
    let client = current.aws.scope(&scope).await.filter(|client| !client.is_emulated())?;
    let asked = client.call("cloudtrail:DescribeTrails", client.cloudtrail().describe_trails().send()).await;
    // A permission of its own, which not everybody gives.
    let trails = asked
        .inspect_err(|error| tracing::debug!(error = error.detail(), "trails cannot be asked"))
        .ok()?
        .trail_list
        .unwrap_or_default();
    if trails.is_empty() {
        return Some(Err(format!(
            "no trail of account {} logs in {}: without one no queue hears of changes",
            scope.account, scope.region
        )));
    }
    let mut stopped = Vec::new();
    for arn in trails.iter().filter_map(|trail| trail.trail_arn.as_deref()) {
        let asked = client.cloudtrail().get_trail_status().name(arn).send();
        match client.call("cloudtrail:GetTrailStatus", asked).await {
            Ok(status) if status.is_logging == Some(true) => match status.latest_delivery_error {
                None => return Some(Ok(())),
                Some(error) if error.is_empty() => return Some(Ok(())),
                Some(error) => stopped.push(format!("{arn} cannot deliver: {error}")),
            },
            Ok(_) => stopped.push(format!("{arn} does not log")),
            // Another account's, or denied: it may log.
            Err(_) => return None,
        }
    }
    Some(Err(format!("no trail logs, so that nobody hears of changes: {}", stopped.join("; "))))
}
