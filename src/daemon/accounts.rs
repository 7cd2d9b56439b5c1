//! Which accounts a sweep goes to: those in which the states that are due declare something, and those in which something unmanaged was
//! found, in groups that replicas share. Pure.

use std::collections::{BTreeMap, BTreeSet};

use crate::store::NewJob;

/// Accounts of one job where replicas share the work: each job reads the states anew, and its accounts side by side.
const GROUP: usize = 10;
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
        let declared: BTreeSet<&str> = self.by_state.values().flatten().map(String::as_str).collect();
        // What could not be read may declare anywhere, and where nothing is declared nobody knows where to look: one sweep of everything.
        if self.is_partial || declared.is_empty() {
            return vec![job(String::new(), run_at)];
        }
        let left = found.iter().map(String::as_str).filter(|account| !declared.contains(account));
        let of_states = due.iter().filter_map(|state| self.by_state.get(state)).flatten().map(String::as_str);
        let wanted: BTreeSet<&str> = of_states.chain(left.clone()).collect();
        let all: BTreeSet<&str> = declared.iter().copied().chain(left).collect();
        let is_everything = wanted == all;
        let wanted = Vec::from_iter(wanted);
        let groups: Vec<String> = match shared && all.len() > 1 {
            true => wanted.chunks(GROUP).map(|group| group.join(",")).collect(),
            false if is_everything => vec![String::new()],
            false if wanted.is_empty() => Vec::new(),
            false => vec![wanted.join(",")],
        };
        groups.into_iter().map(|group| job(group, run_at)).collect()
    }

    /// The jobs of a sweep of these accounts, as far as anything is, or may be, declared there.
    pub(super) fn jobs_in(&self, accounts: &BTreeSet<String>, run_at: jiff::Timestamp) -> Vec<NewJob> {
        let all = self.all();
        let wanted = accounts.iter().map(String::as_str).filter(|account| self.is_partial || all.contains(account));
        Vec::from_iter(wanted).chunks(GROUP).map(|group| job(group.join(","), run_at)).collect()
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
        let many = Accounts { by_state: BTreeMap::from([(0, numbered(0..25))]), is_partial: false };
        assert_eq!(payloads(&many, &[0], false), [""]);
        let groups = payloads(&many, &[0], true);
        assert_eq!(groups.iter().map(|group| of_job(group).unwrap().len()).collect::<Vec<_>>(), [10, 10, 5]);
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
