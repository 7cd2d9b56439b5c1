//! What reads of single resources showed, kept between sweeps: while events tell of every change, a bucket's settings need not be asked for
//! each time. In memory only. A read is kept for the very state and the very listing that it completed; an event that touches the
//! resource ends it, and so does its age. How old what was seen is, the coverage says.

use std::collections::{BTreeSet, HashMap};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

use crate::model::{Attributes, Live, PriorState, ResourceKey, Scope};

/// Reads that may be used again. Shared by cycles.
#[derive(Debug, Default)]
pub struct KeptReads(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    /// Account and region -> kind and id -> what was read.
    reads: HashMap<Scope, HashMap<Name, Kept>>,
    /// When something was touched: a read that began before is not kept.
    touched: HashMap<Scope, HashMap<Name, Timestamp>>,
    /// The same of whole accounts, and of everything.
    accounts_touched: HashMap<String, Timestamp>,
    all_touched: Option<Timestamp>,
}

type Name = (String, String);

#[derive(Debug)]
struct Kept {
    of: u64,
    live: Live,
    read_at: Timestamp,
    logged_in: Scope,
}

/// A read to be kept.
#[derive(Debug, Clone, Copy)]
pub(super) struct NewRead<'a> {
    pub live: &'a Live,
    /// When it began.
    pub at: Timestamp,
    /// The region in which AWS logs events about the resource.
    pub logged_in: &'a str,
}

/// How far a cycle may lean on what was kept.
#[derive(Debug, Clone, Copy)]
pub struct Keeping<'a> {
    pub reads: &'a KeptReads,
    /// Nothing older than this is used.
    pub since: Timestamp,
    /// Accounts and regions whose events are heard: what logs its events elsewhere is not used.
    pub heard: &'a BTreeSet<Scope>,
}

/// Touches are remembered for so long: no read takes longer.
const LONGEST_READ: jiff::SignedDuration = jiff::SignedDuration::from_hours(2);

impl KeptReads {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The resource is another one, perhaps, since `at`.
    pub fn touch(&self, key: &ResourceKey, at: Timestamp) {
        let name = (key.kind.clone(), key.id.clone());
        let mut inner = self.inner();
        if let Some(reads) = inner.reads.get_mut(&key.scope) {
            reads.remove(&name);
        }
        let touched = inner.touched.entry(key.scope.clone()).or_default();
        touched.retain(|_, before| at.duration_since(*before) < LONGEST_READ);
        let before = touched.entry(name).or_insert(at);
        *before = at.max(*before);
    }

    /// Anything of this account may have changed since `at`: what an event was about is not known.
    pub fn touch_account(&self, account: &str, at: Timestamp) {
        let mut inner = self.inner();
        inner.reads.retain(|scope, _| scope.account != account);
        let before = inner.accounts_touched.entry(account.to_owned()).or_insert(at);
        *before = at.max(*before);
    }

    /// Anything may have changed since `at`: events were lost.
    pub fn touch_all(&self, at: Timestamp) {
        *self.inner() = Inner { all_touched: Some(at), ..Inner::default() };
    }

    /// Forgets what is too old to be used.
    pub fn drop_older(&self, since: Timestamp) {
        self.inner().reads.retain(|_, reads| {
            reads.retain(|_, kept| kept.read_at >= since);
            !reads.is_empty()
        });
    }

    /// How many reads are kept.
    pub fn len(&self) -> usize {
        self.inner().reads.values().map(HashMap::len).sum()
    }

    /// Is nothing kept?
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn put(&self, scope: &Scope, name: Name, kept: Kept) {
        let mut inner = self.inner();
        let at = inner.touched.get(scope).and_then(|touched| touched.get(&name)).copied();
        let of_account = inner.accounts_touched.get(&scope.account).copied();
        if at.max(of_account).max(inner.all_touched).is_none_or(|at| at < kept.read_at) {
            inner.reads.entry(scope.clone()).or_default().insert(name, kept);
        }
    }
}

impl Keeping<'_> {
    /// What was read of this resource, and when; `listed`: as the listing showed it, if there is one.
    pub(super) fn get(
        &self,
        scope: &Scope,
        kind: &str,
        prior: &PriorState<'_>,
        listed: Option<&Attributes>,
    ) -> Option<(Live, Timestamp)> {
        let inner = self.reads.inner();
        let kept = inner.reads.get(scope)?.get(&(kind.to_owned(), prior.id.to_owned()))?;
        let is_heard = self.heard.contains(&kept.logged_in);
        let is_it = kept.read_at >= self.since && kept.of == signature(prior, listed);
        (is_heard && is_it).then(|| (kept.live.clone(), kept.read_at))
    }

    /// Keeps what a read showed. What the listing shows by itself is not worth it.
    pub(super) fn put(
        &self,
        scope: &Scope,
        kind: &str,
        prior: &PriorState<'_>,
        listed: Option<&Attributes>,
        read: NewRead<'_>,
    ) {
        let NewRead { live, at: read_at, logged_in } = read;
        if listed != Some(&live.attributes) {
            let logged_in = Scope::new(&scope.account, logged_in);
            let kept = Kept { of: signature(prior, listed), live: live.clone(), read_at, logged_in };
            self.reads.put(scope, (kind.to_owned(), prior.id.to_owned()), kept);
        }
    }
}

/// Tells apart what a read was made for.
fn signature(prior: &PriorState<'_>, listed: Option<&Attributes>) -> u64 {
    let mut hasher = DefaultHasher::new();
    prior.raw().hash(&mut hasher);
    listed.map(|listed| serde_json::to_string(listed).unwrap_or_default()).hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::GLOBAL;
    use jiff::ToSpan as _;

    #[test]
    fn a_read_is_kept_for_what_it_was_made_for_until_it_is_touched() {
        let scope = Scope::new("123456789012", "us-east-1");
        let at = |minutes: i64| Timestamp::UNIX_EPOCH + minutes.minutes();
        let heard = BTreeSet::from([scope.clone()]);
        let (prior, listed) = (PriorState::new("i-1", None), Attributes::new());
        let other = Attributes::from_iter([("a".to_owned(), true.into())]);
        let live = Live { id: "i-1".to_owned(), attributes: other.clone(), ..Live::default() };
        let reads = KeptReads::default();
        let keeping = |since| Keeping { reads: &reads, since: at(since), heard: &heard };
        let get = |since| keeping(since).get(&scope, "aws_instance", &prior, Some(&listed)).map(|(_, at)| at);
        let read = |minutes| NewRead { live: &live, at: at(minutes), logged_in: "us-east-1" };
        let put = |minutes| keeping(0).put(&scope, "aws_instance", &prior, Some(&listed), read(minutes));
        let key = ResourceKey::new(scope.clone(), "aws_instance", "i-1", None);

        put(10);
        assert_eq!((get(10), get(11)), (Some(at(10)), None), "not when it is too old");
        assert_eq!(keeping(0).get(&scope, "aws_instance", &prior, Some(&other)), None, "the listing shows another");
        assert_eq!(keeping(0).get(&scope, "aws_vpc", &prior, Some(&listed)), None);
        // Another region of the account is heard: that says nothing of this one.
        let elsewhere = BTreeSet::from([Scope::new("123456789012", "eu-west-1")]);
        let unheard = Keeping { heard: &elsewhere, ..keeping(0) };
        assert_eq!(unheard.get(&scope, "aws_instance", &prior, Some(&listed)), None);
        // What is listed globally counts where its events are logged.
        let (global, bucket) = (Scope::new("123456789012", GLOBAL), PriorState::new("b", None));
        keeping(0).put(&global, "aws_s3_bucket_acl", &bucket, None, NewRead { logged_in: "eu-west-1", ..read(10) });
        let of_bucket = |keeping: Keeping<'_>| keeping.get(&global, "aws_s3_bucket_acl", &bucket, None).is_some();
        assert_eq!((of_bucket(unheard), of_bucket(keeping(0))), (true, false));
        reads.touch(&ResourceKey::new(global.clone(), "aws_s3_bucket_acl", "b", None), at(11));

        reads.touch(&key, at(20));
        assert_eq!(get(0), None);
        // A read that had begun before the event may show what was before.
        put(20);
        assert_eq!(get(0), None);
        put(21);
        assert_eq!(get(0), Some(at(21)));
        reads.touch_account("111111111111", at(25));
        assert_eq!(get(0), Some(at(21)), "another account");
        reads.touch_account("123456789012", at(25));
        put(25);
        assert_eq!(get(0), None);
        reads.touch_all(at(30));
        put(29);
        assert!(reads.is_empty());

        keeping(0).put(&scope, "aws_instance", &prior, Some(&other), read(40));
        assert!(reads.is_empty(), "a listing is read each time anyhow");
    }
}
