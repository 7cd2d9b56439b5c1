//! What the last sweeps of all accounts saw, for the metrics: where there are many accounts, each sweep is one of some of them. In memory
//! only, and of this process's own sweeps.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;

use crate::model::Outcome;

/// Findings that no rule ignores, by severity and status.
pub(super) type Findings = BTreeMap<(&'static str, &'static str), u64>;

/// By account, what its last sweep saw.
#[derive(Default)]
pub(super) struct LastSweeps(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    findings: BTreeMap<String, Findings>,
    /// When the last sweep ended in which nothing was left out.
    complete: BTreeMap<String, Timestamp>,
}

/// Of all accounts together.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Total {
    pub findings: Findings,
    /// Since when nothing is left out in any of them; `None`: something was, in every sweep so far.
    pub complete: Option<Timestamp>,
}

impl LastSweeps {
    /// Takes up a sweep of these accounts, or of everything. `declared` are the accounts in which anything is declared.
    pub(super) fn add(
        &self,
        outcome: &Outcome,
        accounts: Option<&BTreeSet<String>>,
        declared: &BTreeSet<String>,
    ) -> Total {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_declared = |account: &String| declared.contains(account);
        inner.findings.retain(|one, _| accounts.is_some_and(|swept| !swept.contains(one) && is_declared(one)));
        inner.complete.retain(|one, _| is_declared(one));
        for finding in outcome.findings.iter().filter(|finding| finding.ignored.is_none()) {
            let of_account = inner.findings.entry(finding.account.clone()).or_default();
            *of_account.entry((finding.severity.as_str(), finding.drift.as_str())).or_default() += 1;
        }
        if outcome.gaps.is_empty() {
            let swept = accounts.unwrap_or(declared).iter();
            inner.complete.extend(swept.map(|account| (account.clone(), outcome.finished_at)));
        }
        let mut findings = Findings::new();
        for (what, number) in inner.findings.values().flatten() {
            *findings.entry(*what).or_default() += number;
        }
        let complete = match accounts {
            None => outcome.gaps.is_empty().then_some(outcome.finished_at),
            Some(_) if declared.iter().all(|account| inner.complete.contains_key(account)) => {
                inner.complete.values().min().copied()
            }
            Some(_) => None,
        };
        Total { findings, complete }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::life::tests::world;
    use crate::model::{DriftStatus, Finding, Gap, GapReason, GapScope};

    #[test]
    fn the_last_sweep_of_each_account_counts() {
        let sweeps = LastSweeps::default();
        let declared: BTreeSet<String> = ["1", "2", "3"].map(str::to_owned).into();
        let of = |accounts: &[&str]| accounts.iter().map(|&one| one.to_owned()).collect::<BTreeSet<String>>();
        let outcome = |minutes, accounts: &[&str]| {
            let finding = |account: &&str| Finding {
                account: (*account).to_owned(),
                ..world::finding("aws_vpc", "vpc-0000000a", DriftStatus::Changed, "x")
            };
            world::sweep(minutes, accounts.iter().map(finding).collect())
        };
        let sum = |total: &Total| total.findings.values().sum::<u64>();

        let first = sweeps.add(&outcome(0, &["1", "2"]), Some(&of(&["1", "2"])), &declared);
        assert_eq!((sum(&first), first.complete), (2, None), "the third was not swept yet");
        let second = outcome(1, &["3"]);
        let total = sweeps.add(&second, Some(&of(&["3"])), &declared);
        assert_eq!(sum(&total), 3);
        let oldest = outcome(0, &[]).finished_at;
        assert_eq!(total.complete, Some(oldest), "as long as all of them were seen");
        let mut gaps = outcome(2, &[]);
        gaps.gaps.push(Gap { reason: GapReason::Denied, scope: GapScope::default(), detail: String::new() });
        let total = sweeps.add(&gaps, Some(&of(&["1", "2"])), &declared);
        assert_eq!((sum(&total), total.complete), (1, Some(oldest)), "what was left out makes nothing newer");
        let fewer = sweeps.add(&outcome(3, &[]), Some(&of(&["1", "2"])), &of(&["1", "2"]));
        assert_eq!(sum(&fewer), 0, "nothing is declared there any more");
        let all = sweeps.add(&outcome(4, &["1"]), None, &declared);
        assert_eq!((sum(&all), all.complete), (1, Some(outcome(4, &[]).finished_at)));
    }
}
