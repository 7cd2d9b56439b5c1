//! The states: asked often, cheaply, whether they were written. What one declares otherwise than before is marked, with what was found
//! of it: so that a finding that the code took up closes within a minute.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::accounts::Accounts;
use super::{Current, Daemon, Stop, marks, metrics, sources, sweep, wait};
use crate::cycle::WatchIndex;
use crate::desired::{self, Loaded, StateBucket};
use crate::model::ResourceKey;
use crate::store::{FindingFilter, StoreError};

const TASK: &str = "states";

pub(super) async fn run(daemon: Arc<Daemon>, mut stop: Stop) {
    loop {
        let current = daemon.current();
        let watching = watch(&daemon, &current);
        tokio::select! {
            () = watching => {}
            () = super::ended(&mut stop) => return,
        }
    }
}

/// Watches the states of one configuration, until there is another one.
async fn watch(daemon: &Arc<Daemon>, current: &Arc<Current>) {
    let bucket = StateBucket::new(&current.aws);
    if let Some(known) = daemon.store_said(TASK, daemon.store.finding_list(&FindingFilter::default()).await) {
        daemon.watch_findings(known.iter().filter(|one| !one.is_resolved()).map(|one| &one.finding));
    }
    let (settings, poll) = (&current.settings, current.options.state_poll);
    // Never true: the caller watches for the end.
    let (_sender, mut never) = tokio::sync::watch::channel(false);
    let mut is_first = true;
    loop {
        let mut loaded = desired::open(&settings.states, &settings.load, &bucket).await;
        desired::mark_copies(&mut loaded.desired.resources, |resource| WatchIndex::scope_of(resource, &current.aws));
        let mut index = WatchIndex::new(&loaded.desired, &current.aws);
        let accounts = accounts_of(&loaded, current);
        // Only what tells whether they were written is kept of them.
        loaded.desired.resources = Vec::new();
        metrics::declared(index.len());
        let before = daemon.index();
        // What only a fork of the provider declares will never be read.
        let unread = loaded.desired.unread.iter().any(|unread| !unread.foreign_only);
        // What one that cannot be read declares is known from before; what the others declare newly is known at once.
        if unread {
            index.keep(&before);
        }
        let changed = if before.is_empty() { BTreeSet::new() } else { index.changed_since(&before) };
        daemon.set_accounts(accounts);
        daemon.set_index(index);
        if std::mem::take(&mut is_first) {
            let is_start = !daemon.are_states_known();
            daemon.store_said(TASK, sweep_new(daemon, &loaded, is_start).await);
        }
        daemon.states_are_known();
        daemon.health.states_read(&loaded.desired.gaps);
        metrics::unread_states(loaded.desired.unread.iter().filter(|unread| !unread.foreign_only).count());
        if !changed.is_empty() {
            daemon.store_said(TASK, mark(daemon, current, changed).await);
        }
        loop {
            if !wait(&mut never, &daemon.wake.states, poll).await || !Arc::ptr_eq(&daemon.current(), current) {
                return;
            }
            if unread || !loaded.moved().await.is_empty() {
                break;
            }
        }
    }
}

/// Where the states of the configuration declare something.
fn accounts_of(loaded: &Loaded<'_>, current: &Current) -> Accounts {
    let mut by_state: BTreeMap<usize, BTreeSet<String>> = BTreeMap::new();
    let requests: Vec<_> = loaded.requests().collect();
    let of_aws = loaded.desired.resources.iter().filter(|resource| resource.provider.is_aws());
    for resource in of_aws {
        let account = WatchIndex::scope_of(resource, &current.aws).account;
        for request in requests.get(resource.source).into_iter().copied().flatten() {
            let accounts = by_state.entry(*request).or_default();
            if !accounts.contains(&account) {
                accounts.insert(account.clone());
            }
        }
    }
    Accounts { by_state, is_partial: loaded.desired.unread.iter().any(|unread| !unread.foreign_only) }
}

/// A source that nobody compared yet, was written while nobody watched, or is configured no more does not wait for its schedule.
async fn sweep_new(daemon: &Daemon, loaded: &Loaded<'_>, is_start: bool) -> Result<(), StoreError> {
    let known = daemon.store.source_list().await?;
    let read = &loaded.desired.sources;
    let is_gone = loaded.desired.unread.is_empty() && sources::removed(read, &known).next().is_some();
    let sources = sources::to_be_swept(read, &known);
    let of_source = loaded.requests().enumerate().filter(|(source, _)| is_gone || sources.contains(source));
    let states: BTreeSet<usize> = of_source.flat_map(|(_, requests)| requests.iter().copied()).collect();
    // At the start one that another replica asked for, or has begun, is that sweep; after a reload it may be one of what was before.
    if states.is_empty() || is_start && sweep::is_asked(daemon).await? {
        return Ok(());
    }
    sweep::ask(daemon, &states).await
}

async fn mark(daemon: &Daemon, current: &Current, changed: BTreeSet<ResourceKey>) -> Result<(), StoreError> {
    tracing::info!(resources = changed.len(), "states declare otherwise than before");
    let now = daemon.now();
    let not_before = now.checked_add(current.options.settle).unwrap_or(now);
    daemon.store.mark_upsert(&marks::of_keys(changed, not_before, now)).await?;
    daemon.wake.marks.notify_one();
    Ok(())
}
