//! Log files that a trail or an organization trail writes to S3. Accounts and regions are discovered by listing; what was
//! delivered outside the window is not even listed. Objects come through a [`LogStore`].

mod bucket;
mod discover;
mod layout;
mod position;
mod read;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use futures::{StreamExt as _, stream};
use jiff::{SignedDuration, Timestamp};
use tokio::sync::Semaphore;

use super::event_sender::{EventSender, Watch, gather};
use super::problems::Problems;
use super::{EventSource, SourceError};
use crate::attribution::event::{EventSink, ResourceQuery, SessionQuery, Window};
use crate::model::{GLOBAL, Gap, GapReason, GapScope, Scope};

pub(super) use bucket::LogBucket;
use layout::{Delivered, Root};
pub use position::Position;
pub(super) use read::read_object;

/// How far back it reads when nobody says so.
const REACH: SignedDuration = SignedDuration::from_hours(14 * 24);
/// An event may lie in a file that was delivered so much later. AWS says five minutes on average and promises nothing.
const LAG: SignedDuration = SignedDuration::from_hours(24);
/// The same for a single call that began a session, where reading a day of all regions would be too dear.
const SHORT_LAG: SignedDuration = SignedDuration::from_mins(30);
/// Names have minutes, and clocks differ.
const SLACK: SignedDuration = SignedDuration::from_mins(2);
/// Folders (account and region) that are listed at a time.
const FOLDERS_AT_A_TIME: usize = 4;
/// Files that are read at a time, over all folders.
const FILES_AT_A_TIME: usize = 12;
/// With so many regions or less, all of them are read: sign-ins may be anywhere.
const FEW_REGIONS: usize = 4;

/// The body of an object, piece by piece.
pub type Pieces = BoxStream<'static, Result<Bytes, SourceError>>;

/// Some keys of a listing, in order.
#[derive(Debug, Default)]
pub struct Keys {
    pub keys: Vec<String>,
    /// There are more behind the last one.
    pub more: bool,
}

/// Lists and reads objects: `s3:ListBucket`, `s3:GetObject`.
#[async_trait]
pub trait LogStore: Send + Sync {
    /// Names of the folders directly under a prefix that ends in `/`.
    async fn folders(&self, bucket: &str, prefix: &str) -> Result<Vec<String>, SourceError>;

    /// One page of the keys that begin with `prefix` and come behind `after`.
    async fn keys(&self, bucket: &str, prefix: &str, after: &str) -> Result<Keys, SourceError>;

    /// The body, decrypted but packed as it is stored.
    async fn get(&self, bucket: &str, key: &str) -> Result<Pieces, SourceError>;
}

/// The logs under one prefix of a bucket.
pub struct S3Logs<'a> {
    store: Box<dyn LogStore + 'a>,
    bucket: String,
    prefix: String,
    /// Where global services log.
    home_region: String,
    discovered: discover::Discovered,
    /// Folder -> what was given of it already.
    given: Mutex<BTreeMap<String, Vec<Window>>>,
    position: Mutex<Position>,
    files: Semaphore,
    denials: read::Denials,
}

/// The logs of one account and region.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct LogFolder {
    /// Ends in `/`.
    prefix: String,
    scope: Scope,
}

/// Of which regions of an account logs are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Regions {
    /// The wanted ones and the home region; all of them where there are few.
    Wanted,
    All,
}

/// What to read of a folder.
#[derive(Debug, Clone, Copy)]
struct Span {
    delivered: Delivered,
    /// Everything in it counts: remember how far it was read.
    remember: bool,
}

impl<'a> S3Logs<'a> {
    /// `prefix` has no slashes at its ends; it may lead to where `AWSLogs` is, or to anywhere inside that.
    pub fn new(store: Box<dyn LogStore + 'a>, bucket: &str, prefix: &str, home_region: &str) -> Self {
        Self {
            store,
            bucket: bucket.to_owned(),
            prefix: prefix.trim_matches('/').to_owned(),
            home_region: home_region.to_owned(),
            discovered: discover::Discovered::default(),
            given: Mutex::default(),
            position: Mutex::default(),
            files: Semaphore::new(FILES_AT_A_TIME),
            denials: read::Denials::default(),
        }
    }

    /// Goes on where another run has ended: what lies before that is not read again, whatever the window.
    #[must_use]
    pub fn resumed(self, position: Position) -> Self {
        Self { position: Mutex::new(position), ..self }
    }

    /// How far was read without a failure.
    pub fn position(&self) -> Position {
        self.position.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Gives everything in the window, of the wanted accounts and regions.
    async fn everything(
        &self,
        scopes: &BTreeSet<Scope>,
        regions: Regions,
        window: Window,
        sink: &mut dyn EventSink,
    ) -> Vec<Gap> {
        let mut problems = Problems::new(self.name());
        let folders = self.folders(scopes, regions, &mut problems).await;
        let new = self.not_given(folders, window);
        let span = Span { delivered: Delivered::of(window, SLACK, LAG), remember: true };
        let reads = new.into_iter().map(|folder| (folder, vec![span])).collect();
        let windows = [window];
        let gaps = gather(&windows, None, sink, |events| async move {
            self.read(reads, &events, &mut problems).await;
            problems.into_gaps()
        });
        gaps.await
    }

    /// The folders that have not given this window yet; from now on they have.
    fn not_given(&self, folders: Vec<LogFolder>, window: Window) -> Vec<LogFolder> {
        let mut given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        let is_new = |folder: &LogFolder| {
            let given = given.entry(folder.prefix.clone()).or_default();
            let is_new = !given.iter().any(|given| given.covers(&window));
            if is_new {
                given.push(window);
            }
            is_new
        };
        folders.into_iter().filter(is_new).collect()
    }

    fn has_given(&self, folder: &LogFolder, window: Window) -> bool {
        let given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        given.get(&folder.prefix).is_some_and(|given| given.iter().any(|given| given.covers(&window)))
    }

    /// What to read of these folders for these sessions.
    fn moments(&self, sessions: &BTreeSet<SessionQuery>, folders: Vec<LogFolder>) -> Vec<(LogFolder, Vec<Span>)> {
        let mut reads = Vec::new();
        for folder in folders {
            let of_account = sessions.iter().filter(|session| session.scope.account == folder.scope.account);
            let moments = of_account.map(SessionQuery::beginning).filter(|moment| !self.has_given(&folder, *moment));
            let delivered = Delivered::merged(moments.map(|moment| Delivered::of(moment, SLACK, SHORT_LAG)));
            let spans = delivered.into_iter().map(|delivered| Span { delivered, remember: false }).collect();
            reads.push((folder, spans));
        }
        reads
    }

    async fn read(&self, reads: Vec<(LogFolder, Vec<Span>)>, events: &EventSender, problems: &mut Problems) {
        let mut done = stream::iter(reads)
            .map(|(folder, spans)| async move {
                let mut problems = Problems::new(self.name());
                for span in spans {
                    self.read_folder(&folder, span, events, &mut problems).await;
                }
                problems
            })
            .buffer_unordered(FOLDERS_AT_A_TIME);
        while let Some(more) = done.next().await {
            problems.extend(more);
        }
    }

    /// What a prefix that leads into one region leaves out of somebody's activity.
    fn narrowed(&self) -> Vec<Gap> {
        let mut problems = Problems::new(self.name());
        if let Some(region) = Root::parse(&self.prefix).ok().and_then(|root| root.region) {
            let detail = format!(
                "{}: the prefix leads to {region} alone: what was done in other regions was not read",
                self.name()
            );
            problems.add(GapReason::NotConfigured, GapScope::default(), detail);
        }
        problems.into_gaps()
    }

    fn real_region<'r>(&'r self, region: &'r str) -> &'r str {
        if region == GLOBAL { &self.home_region } else { region }
    }
}

#[async_trait]
impl EventSource for S3Logs<'_> {
    fn name(&self) -> String {
        layout::location(&self.bucket, &self.prefix)
    }

    fn default_reach(&self) -> Option<SignedDuration> {
        Some(REACH)
    }

    async fn about(&self, resources: &BTreeSet<ResourceQuery>, window: Window, sink: &mut dyn EventSink) -> Vec<Gap> {
        let scopes = resources.iter().map(|resource| resource.scope.clone()).collect();
        self.everything(&scopes, Regions::Wanted, window, sink).await
    }

    async fn writes(&self, scopes: &BTreeSet<Scope>, window: Window, sink: &mut dyn EventSink) -> Vec<Gap> {
        self.everything(scopes, Regions::Wanted, window, sink).await
    }

    async fn activity(&self, scopes: &BTreeSet<Scope>, window: Window, sink: &mut dyn EventSink) -> Vec<Gap> {
        let mut gaps = self.everything(scopes, Regions::All, window, sink).await;
        gaps.extend(self.narrowed());
        gaps
    }

    async fn sessions(&self, sessions: &BTreeSet<SessionQuery>, sink: &mut dyn EventSink) -> Vec<Gap> {
        let windows: Vec<Window> = sessions.iter().map(SessionQuery::beginning).collect();
        let watch = std::sync::Arc::new(Watch::new(sessions));
        let mut problems = Problems::new(self.name());
        // Most sessions begin where they are used, or in the home region; the others are worth a look at every region.
        let accounts: BTreeSet<&str> = sessions.iter().map(|session| session.scope.account.as_str()).collect();
        let mut folders = Vec::new();
        for account in accounts {
            folders.extend(self.folders_of(account, &mut problems).await);
        }
        let likely = |folder: &LogFolder| {
            folder.scope.region == self.home_region
                || sessions.iter().any(|session| {
                    session.scope.account == folder.scope.account
                        && self.real_region(&session.scope.region) == folder.scope.region
                })
        };
        let (near, far): (Vec<_>, Vec<_>) = folders.into_iter().partition(likely);
        let gaps = gather(&windows, Some(watch.clone()), sink, |events| async move {
            self.read(self.moments(sessions, near), &events, &mut problems).await;
            self.read(self.moments(&watch.unseen(), far), &events, &mut problems).await;
            problems.into_gaps()
        });
        gaps.await
    }
}

/// The younger of two places in a listing.
fn later(a: String, b: Option<String>) -> String {
    match b {
        Some(b) if b > a => b,
        _ => a,
    }
}

/// The last moment whose files a span may hold, as a key: everything behind it is younger.
fn is_behind(key: &str, folder: &LogFolder, until: Timestamp) -> bool {
    key > layout::end_of_day(&folder.prefix, until).as_str()
}

#[cfg(test)]
mod tests;
