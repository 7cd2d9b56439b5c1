//! Sources that come, move while nobody watches, and go: what is new is swept, what is configured no more takes its findings with it. So
//! does a place that the configuration does not cover any more.

use std::collections::BTreeSet;

use jiff::SignedDuration;

use super::{Current, Daemon};
use crate::life;
use crate::model::{Finding, Outcome, Source};
use crate::store::{Apply, KnownSource, StoreError};

/// Those of the sources (by index) that were never compared, or were written since they were.
pub(super) fn to_be_swept(read: &[Source], known: &[KnownSource]) -> BTreeSet<usize> {
    let is_known = |source: &Source| {
        known.iter().any(|one| {
            one.name == source.name
                && one.last_compared.is_some()
                && one.serial == source.serial.and_then(|serial| i64::try_from(serial).ok())
                && one.lineage == source.lineage
        })
    };
    read.iter().enumerate().filter(|(_, source)| !is_known(source)).map(|(index, _)| index).collect()
}

/// Replicas get a new configuration one after the other: so long after its last read a source is everybody's no more.
const OTHERS: SignedDuration = SignedDuration::from_mins(30);

/// Those that are configured no more, if all that are were read.
pub(super) fn removed<'a>(read: &[Source], known: &'a [KnownSource]) -> impl Iterator<Item = &'a KnownSource> {
    known.iter().filter(|known| !read.iter().any(|source| source.name == known.name))
}

/// Closes what still bears the name of a source that was taken out of the configuration, after a sweep that looked there. A source that
/// merely cannot be read keeps its findings; beside one, nobody knows which are gone.
pub(super) async fn close_removed(daemon: &Daemon, outcome: &Outcome) -> Result<(), StoreError> {
    // What is doubted of a source that was read is no doubt about others.
    let was_read = |name: &String| outcome.sources.iter().any(|source| source.name == *name);
    if outcome.gaps.iter().filter_map(|gap| gap.scope.source.as_ref()).any(|name| !was_read(name)) {
        return Ok(());
    }
    let declared = daemon.index().scopes();
    let was_looked_for = |finding: &Finding| {
        let of_account = |account: &String| *account == finding.account;
        outcome.accounts.iter().any(of_account) || !declared.iter().any(|scope| of_account(&scope.account))
    };
    let known = daemon.store.source_list().await?;
    let still_declared = daemon.index().declared();
    for source in removed(&outcome.sources, &known) {
        // Another cycle, or another replica with another configuration, read it since this one began, or minutes ago.
        let patience = if daemon.store.is_shared() { OTHERS } else { SignedDuration::ZERO };
        if outcome.started_at.duration_since(source.last_read) <= patience {
            continue;
        }
        let mut known = daemon.store.finding_of_source(&source.name).await?;
        let all = known.len();
        // What could not be seen now may be declared under another name of its source.
        known.retain(|one| {
            was_looked_for(&one.finding) && one.life.not_seen.is_none() && !still_declared.contains(&one.finding.key)
        });
        let is_all = known.len() == all;
        let now = daemon.now();
        let changes = life::close_source(&known, &source.name, None, now);
        let alerts = daemon.alerts(&changes, now);
        match daemon.store.apply(&Apply { changes: Some(&changes), alerts: &alerts, ..Apply::at(now) }).await {
            Ok(()) if is_all => daemon.store.source_remove(&source.name).await?,
            // Somebody was faster: the next sweep closes what is left.
            Ok(()) | Err(StoreError::Conflict { .. }) => {}
            Err(error) => return Err(error),
        }
        tracing::info!(source = source.name, findings = changes.findings.len(), "a source is configured no more");
    }
    Ok(())
}

/// Closes what nobody declares and the configuration does not look for any more. An account that can be reached is looked at as long as
/// something unmanaged is known there; one that cannot be reached, and in which nothing is declared, will never be looked at again.
pub(super) async fn close_unwatched(daemon: &Daemon, current: &Current, outcome: &Outcome) -> Result<(), StoreError> {
    let declared: BTreeSet<String> = daemon.index().scopes().into_iter().map(|scope| scope.account).collect();
    let may_declare = daemon.accounts().is_partial;
    let is_watched = |finding: &Finding| {
        // While the organization cannot be asked nobody knows which accounts are reached.
        let is_reached = current.aws.organization_gap().is_some()
            || current.aws.reaches(&finding.account)
            || may_declare
            || declared.contains(finding.account.as_str());
        // What made others is found by those, of whatever kind they are.
        let is_kind = |kind: &str| current.sweep.kinds.as_ref().is_none_or(|only| only.is_match(kind));
        current.sweep.unmanaged && is_reached && (life::is_maker(&finding.kind) || is_kind(&finding.kind))
    };
    let patience = if daemon.store.is_shared() { OTHERS } else { SignedDuration::ZERO };
    let mut known = daemon.store.finding_unmanaged().await?;
    known
        .retain(|one| !is_watched(&one.finding) && outcome.started_at.duration_since(one.life.last_checked) > patience);
    if known.is_empty() {
        return Ok(());
    }
    let now = daemon.now();
    let changes = life::close_unwatched(&known, now);
    let alerts = daemon.alerts(&changes, now);
    match daemon.store.apply(&Apply { changes: Some(&changes), alerts: &alerts, ..Apply::at(now) }).await {
        // Somebody was faster: the next sweep closes what is left.
        Err(StoreError::Conflict { .. }) => Ok(()),
        closed => {
            tracing::info!(findings = changes.findings.len(), "what is not looked for any more was closed");
            closed
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::life::tests::world;
    use jiff::Timestamp;

    #[test]
    fn what_was_written_while_nobody_watched_is_swept() {
        let known = |name: &str, serial, compared: bool| KnownSource {
            name: name.to_owned(),
            location: String::new(),
            serial: Some(serial),
            lineage: Some("l".to_owned()),
            stamp: None,
            last_read: Timestamp::UNIX_EPOCH,
            last_compared: compared.then_some(Timestamp::UNIX_EPOCH),
        };
        let read = |name: &str, serial| Source { lineage: Some("l".to_owned()), ..world::source(name, serial) };
        let known = [known("same", 4, true), known("moved", 4, true), known("only-read", 4, false)];
        let read = [read("same", 4), read("moved", 5), read("only-read", 4), read("new", 1)];
        assert_eq!(Vec::from_iter(to_be_swept(&read, &known)), [1, 2, 3]);
        assert_eq!(removed(&read, &known).count(), 0);
        assert_eq!(removed(&read[1..], &known).map(|one| one.name.as_str()).collect::<Vec<_>>(), ["same"]);
    }
}
