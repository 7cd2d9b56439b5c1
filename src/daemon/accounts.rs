//! Which accounts a sweep goes to: those in which the states that are due declare something, and those in which something unmanaged was
//! found, in groups that replicas share. Pure.

use std::collections::{BTreeMap, BTreeSet};

use crate::store::NewJob;

/// Accounts of one job where replicas share the work: each job reads the states anew, and its accounts side by side.
const SHARED_GROUP: usize = 10;
/// Of many accounts as many are in one job as make no more jobs than these, as all of them read all states,
const SHARED_JOBS: usize = 32;
/// but no more than this. What a job saw is kept when it ends: one of all accounts would take hours, hold a million listings in memory, and
/// be lost as a whole when its daemon is killed. (They are the job's key, too, and an index of PostgreSQL takes no more than two hundred.)
const LARGEST_GROUP: usize = 100;
/// The task that takes these jobs.
pub(super) const SWEEP: &str = "sweep";
const ATTEMPTS: u32 = 5;

/// Where the states declare something.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Accounts {
    /// By the state's place in the configuration.
    pub by_state: BTreeMap<usize, BTreeSet<String>>,
    /// Some states could not be read: they may declare anywhere.
    pub is_partial: bool,
}

impl Accounts {
    /// The jobs of a sweep of what these states declare. `found`: accounts in which something unmanaged was found; nobody else may look
    /// there, so each sweep does. `shared`: several replicas take them.
    pub(super) fn jobs(
        &self,
        due: &BTreeSet<usize>,
        found: &BTreeSet<String>,
        shared: bool,
        run_at: jiff::Timestamp,
    ) -> Vec<NewJob> {
        let declared = self.all();
        // Where nothing is declared nobody knows where to look: one sweep of everything.
        if declared.is_empty() {
            return vec![job(String::new(), run_at)];
        }
        let left = found.iter().map(String::as_str).filter(|account| !declared.contains(account));
        let all: BTreeSet<&str> = declared.iter().copied().chain(left.clone()).collect();
        let wanted: Vec<&str> = match self.is_partial {
            // What could not be read may declare anywhere: everything is swept.
            true => all.iter().copied().collect(),
            false => {
                let of_due = due.iter().filter_map(|state| self.by_state.get(state)).flatten();
                Vec::from_iter(of_due.map(String::as_str).chain(left).collect::<BTreeSet<_>>())
            }
        };
        let size = match shared {
            true => wanted.len().div_ceil(SHARED_JOBS).clamp(SHARED_GROUP, LARGEST_GROUP),
            false => LARGEST_GROUP,
        };
        let groups: Vec<String> = match wanted.len() > size || shared && all.len() > 1 && !self.is_partial {
            true => wanted.chunks(size).map(|group| group.join(",")).collect(),
            false if wanted.len() == all.len() => vec![String::new()],
            false if wanted.is_empty() => Vec::new(),
            false => vec![wanted.join(",")],
        };
        groups.into_iter().map(|group| job(group, run_at)).collect()
    }

    /// The jobs of a sweep of these accounts, as far as anything is, or may be, declared there.
    pub(super) fn jobs_in(&self, accounts: &BTreeSet<String>, run_at: jiff::Timestamp) -> Vec<NewJob> {
        let all = self.all();
        let wanted = accounts.iter().map(String::as_str).filter(|account| self.is_partial || all.contains(account));
        Vec::from_iter(wanted).chunks(LARGEST_GROUP).map(|group| job(group.join(","), run_at)).collect()
    }

    fn all(&self) -> BTreeSet<&str> {
        self.by_state.values().flatten().map(String::as_str).collect()
    }
}

/// A sweep of a group of accounts; an empty one: of everything.
fn job(group: String, run_at: jiff::Timestamp) -> NewJob {
    NewJob {
        key: if group.is_empty() { SWEEP.to_owned() } else { format!("{SWEEP}/{group}") },
        kind: SWEEP.to_owned(),
        queue: None,
        payload: group,
        priority: 0,
        run_at,
        max_attempts: ATTEMPTS,
    }
}

/// The accounts of a job; `None`: all.
pub(super) fn of_job(payload: &str) -> Option<BTreeSet<String>> {
    (!payload.is_empty()).then(|| payload.split(',').map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sweep_goes_where_the_states_that_are_due_declare() {
        let numbered = |numbers: std::ops::Range<u32>| numbers.map(|number| format!("{number:012}")).collect();
        let accounts = |is_partial| Accounts {
            by_state: BTreeMap::from([(0, numbered(0..1)), (1, numbered(0..2)), (2, BTreeSet::new())]),
            is_partial,
        };
        let with = |accounts: &Accounts, due: &[usize], found: &[&str], shared| -> Vec<String> {
            let due = BTreeSet::from_iter(due.iter().copied());
            let found = found.iter().map(|&account| account.to_owned()).collect();
            let jobs = accounts.jobs(&due, &found, shared, jiff::Timestamp::UNIX_EPOCH);
            jobs.into_iter().map(|job| job.payload).collect()
        };
        let payloads = |accounts: &Accounts, due: &[usize], shared| with(accounts, due, &[], shared);
        let one = "000000000000";
        let both = "000000000000,000000000001";
        let known = accounts(false);
        assert_eq!(payloads(&known, &[0], false), [one]);
        assert_eq!(payloads(&known, &[0, 1], false), [""]);
        assert_eq!(payloads(&known, &[2], false), [""; 0], "nothing is declared, nothing is swept");
        assert_eq!(payloads(&known, &[1], true), [both]);
        assert_eq!(payloads(&accounts(true), &[0], false), [""], "what was not read may declare anywhere");
        assert_eq!(payloads(&accounts(true), &[0], true), [""]);
        assert_eq!(payloads(&Accounts::default(), &[0], true), [""]);
        let sizes = |accounts: u32, is_partial, shared| -> Vec<usize> {
            let many = Accounts { by_state: BTreeMap::from([(0, numbered(0..accounts))]), is_partial };
            payloads(&many, &[0], shared).iter().map(|group| of_job(group).map_or(0, |group| group.len())).collect()
        };
        assert_eq!(sizes(25, false, true), [10, 10, 5]);
        assert_eq!(sizes(25, false, false), [0], "all of a few in one job");
        assert_eq!(sizes(250, false, false), [100, 100, 50]);
        assert_eq!(
            sizes(250, true, false),
            [100, 100, 50],
            "one unreadable state of many makes no endless job of them"
        );
        assert_eq!(sizes(1000, false, true).len(), 32, "each job reads all states");
        assert_eq!(sizes(9999, false, true)[0], 100);
        assert_eq!(of_job(""), None);
        // Where nothing is declared any more, what was found there is looked at by every sweep; elsewhere by those of its states.
        let left = "000000000009";
        assert_eq!(with(&known, &[0], &[left, "000000000001"], false), [format!("{one},{left}")]);
        assert_eq!(with(&known, &[2], &[left], false), [left]);
        assert_eq!(with(&known, &[0, 1], &[left], false), [""]);
        assert_eq!(with(&known, &[0, 1], &[left], true), [format!("{both},{left}")]);
        let nowhere = Accounts { by_state: BTreeMap::from([(0, BTreeSet::new())]), is_partial: false };
        assert_eq!(with(&nowhere, &[0], &[left], true), [""]);
    }

    #[test]
    fn accounts_that_are_new_are_swept_where_anything_may_be_declared() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
        let known = |is_partial| Accounts { by_state: BTreeMap::from([(0, names(&["1", "2"]))]), is_partial };
        let payloads = |accounts: Accounts, new: &[&str]| -> Vec<String> {
            let jobs = accounts.jobs_in(&names(new), jiff::Timestamp::UNIX_EPOCH);
            jobs.into_iter().map(|job| job.payload).collect()
        };
        assert_eq!(payloads(known(false), &["2", "3"]), ["2"]);
        assert_eq!(payloads(known(false), &["3"]), [""; 0], "never a sweep of everything");
        assert_eq!(payloads(known(true), &["2", "3"]), ["2,3"], "what was not read may declare anywhere");
    }
}
