//! When a sweep may lean on reads of earlier ones: where events are heard, by account and region, and as long as none is known to be lost. Events
//! that are lost without a trace make what was kept no older than the configuration allows.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

use crate::cycle::{Keeping, KeptReads, Mark};
use crate::model::{Outcome, ResourceKey, Scope};

/// Kept reads, and when events were heard last.
#[derive(Default)]
pub(super) struct Kept {
    reads: KeptReads,
    heard: Mutex<BTreeMap<Scope, Timestamp>>,
}

/// What one sweep may use.
pub(super) struct Usable<'a> {
    reads: &'a KeptReads,
    since: Timestamp,
    heard: BTreeSet<Scope>,
}

impl Usable<'_> {
    pub(super) fn keeping(&self) -> Keeping<'_> {
        Keeping { reads: self.reads, since: self.since, heard: &self.heard }
    }
}

impl Kept {
    /// An event that changes something was heard in this account and region, and may have changed these. One that is about nothing that
    /// is known may be about anything in the account; associations of route tables are seen by their VPC, which no event names.
    pub(super) fn heard(&self, scope: Scope, event_name: &str, touched: &BTreeSet<Mark>, now: Timestamp) {
        let account = scope.account.clone();
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).insert(scope, now);
        let keys = touched.iter().filter_map(|mark| match mark {
            Mark::Resource(key) => Some(key),
            Mark::Kind(..) => None,
        });
        let before = keys.clone().count();
        keys.for_each(|key| self.reads.touch(key, now));
        if before == 0 || event_name.contains("RouteTableAssociation") {
            self.reads.touch_account(&account, now);
        }
    }

    /// Events were lost, or may have been.
    pub(super) fn had_a_gap(&self, now: Timestamp) {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.reads.touch_all(now);
    }

    /// What is not in sync is read at every sweep: a finding is never older than its sweep.
    pub(super) fn forget_findings(&self, outcome: &Outcome) {
        for key in outcome.findings.iter().map(crate::model::Finding::resource_key) {
            self.reads.touch(&ResourceKey { address: None, ..key }, outcome.started_at);
        }
    }

    /// What a sweep may use now; `None`: nothing is kept. A cycle of single resources keeps what it reads, and uses nothing.
    pub(super) fn usable(&self, now: Timestamp, every: Duration, is_sweep: bool) -> Option<Usable<'_>> {
        let since = now.checked_sub(every).ok().filter(|_| !every.is_zero())?;
        self.reads.drop_older(since);
        let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        let heard = heard.iter().filter(|(_, at)| is_sweep && **at >= since).map(|(scope, _)| scope.clone());
        Some(Usable { reads: &self.reads, since, heard: heard.collect() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::ToSpan as _;

    #[test]
    fn only_where_events_are_heard() {
        let kept = Kept::default();
        let at = |minutes: i64| Timestamp::UNIX_EPOCH + minutes.minutes();
        let hour = Duration::from_secs(60 * 60);
        let usable = |now, is_sweep| kept.usable(at(now), hour, is_sweep).unwrap().heard;
        let scope = |account, region| Scope::new(account, region);
        let heard = |scope, now| kept.heard(scope, "RunInstances", &BTreeSet::new(), at(now));
        heard(scope("111111111111", "us-east-1"), 0);
        heard(scope("222222222222", "us-east-1"), 30);
        assert_eq!((usable(40, true).len(), usable(80, true).len(), usable(40, false).len()), (2, 1, 0));
        // The trail of the other region is silent.
        assert!(!usable(40, true).contains(&scope("222222222222", "eu-west-1")));
        kept.had_a_gap(at(41));
        assert_eq!(usable(42, true).len(), 0);
        assert!(kept.usable(at(42), Duration::ZERO, true).is_none());
    }
}
