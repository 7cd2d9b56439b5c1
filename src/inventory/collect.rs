//! Reads one kind in one scope: lists or reads one at a time, completes what is declared, drops what nobody asked for, and looks
//! a second time, with nothing remembered, before anything is called missing.

use std::collections::HashSet;

use futures::{StreamExt as _, stream};
use jiff::Timestamp;
use serde_json::Value;

use super::value::split_reserved;
use super::{Completion, Kind, ListRequest, Listed, ScopeReader};
use crate::aws::ReadError;
use crate::inventory::kept::{Keeping, NewRead};
use crate::model::{Attributes, GapScope, Listing, Live, Owner, PriorState, Scope};

/// Resources of one kind that are completed or read at a time; the limit of the service bounds their calls.
const CONCURRENT_READS: usize = 8;

/// One kind to be read in one scope.
pub struct Request<'a> {
    pub kind: &'static dyn Kind,
    /// The declared resources of this kind and scope, no id twice.
    pub desired: Vec<PriorState<'a>>,
    pub selection: Selection<'a>,
    /// Reads of earlier cycles, and the time; `None`: nothing is kept.
    pub keeping: Option<(Keeping<'a>, Timestamp)>,
}

/// How much of the kind is read besides what is declared.
pub enum Selection<'a> {
    /// The scope as a whole, by listing.
    Scope {
        /// Resources that nobody declares are wanted, too.
        unmanaged: bool,
        /// Managed resources of the type that [`Kind::unmanaged_children_of`] names, by id.
        parents: Vec<&'a str>,
    },
    /// By listing, only what nobody declares.
    Undeclared,
    /// Each resource by a read of its own.
    Each {
        /// Resources that nobody declares.
        undeclared: Vec<PriorState<'a>>,
        /// Managed parents whose children of this kind are listed.
        parents: Vec<&'a str>,
    },
}

/// Reads one kind in one scope. Never fails: what could not be read is in the listing's gaps.
pub async fn collect(aws: &ScopeReader, request: &Request<'_>) -> Listing {
    let keeper = request.keeping.map(|(keeping, now)| Keeper {
        keeping,
        now,
        scope: Scope::new(&aws.account, &aws.region),
        kind: request.kind.name(),
    });
    let mut collector = Collector { aws, kind: request.kind, keeper, listing: Listing::default() };
    let absent = match &request.selection {
        Selection::Scope { unmanaged, parents } => {
            let listing = ListRequest::new(&request.desired, *unmanaged);
            match request.kind.list(aws, &listing).await {
                Ok(listed) => {
                    let absent = collector.take(listed, &listing).await;
                    if *unmanaged && !request.kind.lists_children() {
                        collector.children(parents, &listing).await;
                    }
                    absent
                }
                Err(error) => {
                    collector.gap(None, &error);
                    return collector.listing;
                }
            }
        }
        Selection::Undeclared => {
            let listing = ListRequest::new(&request.desired, true);
            match request.kind.list(aws, &listing).await {
                Ok(listed) => collector.take_undeclared(listed, &listing).await,
                Err(error) => {
                    collector.gap(None, &error);
                    return collector.listing;
                }
            }
            Vec::new()
        }
        Selection::Each { undeclared, parents } => {
            let listing = ListRequest::new(&request.desired, true);
            let absent = collector.read_each(aws, &request.desired, Depth::Completed).await;
            // One that is gone is no finding: nobody declares it.
            let before = collector.listing.live.len();
            let _ = collector.read_each(aws, undeclared, Depth::AsListed).await;
            let read = collector.listing.live.split_off(before);
            collector.add_undeclared(read).await;
            collector.children(parents, &listing).await;
            absent
        }
    };
    collector.listing.complete = true;
    let missing = collector.look_again(&absent).await;
    collector.listing.confirmed_missing = missing.iter().map(|prior| prior.id.to_owned()).collect();
    collector.listing
}

struct Collector<'a> {
    aws: &'a ScopeReader,
    kind: &'static dyn Kind,
    keeper: Option<Keeper<'a>>,
    listing: Listing,
}

/// What is kept of one kind in one scope.
struct Keeper<'a> {
    keeping: Keeping<'a>,
    /// When this reading began.
    now: Timestamp,
    scope: Scope,
    kind: &'static str,
}

impl Keeper<'_> {
    fn get(&self, prior: &PriorState<'_>, listed: Option<&Attributes>) -> Option<(Live, Timestamp)> {
        self.keeping.get(&self.scope, self.kind, prior, listed)
    }

    /// Keeps what was read, where it is known in which region its events are logged.
    async fn put(&self, aws: &ScopeReader, prior: &PriorState<'_>, listed: Option<&Attributes>, live: &Live) {
        if let Some(region) = super::kinds::logged_in(aws, self.kind, live).await {
            let read = NewRead { live, at: self.now, logged_in: &region };
            self.keeping.put(&self.scope, self.kind, prior, listed, read);
        }
    }
}

impl Collector<'_> {
    /// Takes what was listed, completes what is declared; -> the declared resources that are not there.
    async fn take<'p>(&mut self, listed: Listed, request: &ListRequest<'p>) -> Vec<PriorState<'p>> {
        let unread: HashSet<String> = listed.errors.iter().filter_map(|(id, _)| id.clone()).collect();
        listed.errors.iter().for_each(|(id, error)| self.gap(id.as_deref(), error));
        let (declared, others): (Vec<Live>, Vec<Live>) =
            listed.live.into_iter().partition(|live| request.declares(&live.id));
        if request.unmanaged {
            let others = others.into_iter().filter(|live| !matches!(live.owner, Owner::Account(_)));
            self.add_undeclared(others.collect()).await;
        }
        let reads = declared.into_iter().filter_map(|live| Some((request.prior(&live.id)?, live)));
        let mut to_complete = Vec::new();
        for (prior, live) in reads {
            match self.keeper.as_ref().and_then(|keeper| keeper.get(&prior, Some(&live.attributes))) {
                // Whose it is, the listing says.
                Some((kept, read_at)) => self.add_kept(Live { owner: live.owner, ..kept }, read_at),
                None => to_complete.push((prior, live)),
            }
        }
        let reads: Vec<_> = to_complete
            .into_iter()
            .map(|(prior, live)| complete(self.kind, self.aws, prior, live, self.keeper.as_ref()))
            .collect();
        let completed: Vec<_> = stream::iter(reads).buffer_unordered(CONCURRENT_READS).collect().await;
        for (prior, read) in completed {
            self.add(prior, Ok(read));
        }
        let seen: HashSet<&str> = self.listing.live.iter().map(|live| live.id.as_str()).collect();
        let absent = request.desired.iter().filter(|prior| !seen.contains(prior.id) && !unread.contains(prior.id));
        let mut absent: Vec<PriorState<'p>> = absent.copied().collect();
        if !listed.one_by_one {
            return absent;
        }
        if let Some(keeper) = self.keeper.take() {
            absent.retain(|prior| match keeper.get(prior, None) {
                Some((kept, read_at)) => {
                    self.add_kept(kept, read_at);
                    false
                }
                None => true,
            });
            self.keeper = Some(keeper);
        }
        self.read_each(self.aws, &absent, Depth::Completed).await
    }

    /// Takes what an earlier cycle read.
    fn add_kept(&mut self, live: Live, read_at: Timestamp) {
        let oldest = &mut self.listing.oldest_read;
        *oldest = Some(oldest.map_or(read_at, |oldest| oldest.min(read_at)));
        self.listing.live.push(without_reserved_tags(live));
    }

    /// Takes what was listed and nobody declares.
    async fn take_undeclared(&mut self, listed: Listed, request: &ListRequest<'_>) {
        for (id, error) in &listed.errors {
            if id.as_deref().is_none_or(|id| !request.declares(id)) {
                self.gap(id.as_deref(), error);
            }
        }
        let is_undeclared = |live: &Live| !request.declares(&live.id) && !matches!(live.owner, Owner::Account(_));
        self.add_undeclared(listed.live.into_iter().filter(is_undeclared).collect()).await;
    }

    /// Adds what nobody declares, with the tags that tell who made it; what is gone meanwhile is no finding.
    async fn add_undeclared(&mut self, undeclared: Vec<Live>) {
        let (kind, aws) = (self.kind, self.aws);
        let reads = undeclared.into_iter().map(|mut live| async move {
            let completion = kind.complete_undeclared(aws, &mut live).await;
            (live, completion)
        });
        let completed: Vec<_> = stream::iter(reads.collect::<Vec<_>>()).buffered(CONCURRENT_READS).collect().await;
        let mut failed = Vec::new();
        for (live, completion) in completed {
            match completion {
                Completion::Gone => continue,
                Completion::Whole => {}
                Completion::Partly(errors) => {
                    failed.extend(errors.into_iter().map(|error| (live.id.clone(), error)));
                }
            }
            self.listing.live.push(without_reserved_tags(live));
        }
        self.one_gap(&failed);
    }

    /// Looks again, with nothing remembered, and once more when what AWS answers with has had time to catch up: one wait for all of
    /// them. -> those that AWS says do not exist.
    async fn look_again<'p>(&mut self, absent: &[PriorState<'p>]) -> Vec<PriorState<'p>> {
        let absent = self.read_each(&self.aws.fresh(), absent, Depth::Completed).await;
        let delay = self.aws.second_look_delay;
        if absent.is_empty() || delay.is_zero() {
            return absent;
        }
        tokio::time::sleep(delay).await;
        self.read_each(&self.aws.fresh(), &absent, Depth::Completed).await
    }

    /// Reads each by itself; -> those that AWS says do not exist.
    async fn read_each<'p>(&mut self, aws: &ScopeReader, all: &[PriorState<'p>], depth: Depth) -> Vec<PriorState<'p>> {
        let keeper = self.keeper.as_ref();
        let reads: Vec<_> = all.iter().copied().map(|prior| read(self.kind, aws, prior, depth, keeper)).collect();
        let reads: Vec<_> = stream::iter(reads).buffer_unordered(CONCURRENT_READS).collect().await;
        reads.into_iter().filter_map(|(prior, read)| self.add(prior, read)).collect()
    }

    /// Takes one read; -> the resource if AWS says that it does not exist.
    fn add<'p>(&mut self, prior: PriorState<'p>, read: Read) -> Option<PriorState<'p>> {
        match read {
            Ok(Some((live, errors))) => {
                errors.iter().for_each(|error| self.gap(Some(prior.id), error));
                self.listing.live.push(without_reserved_tags(live));
                None
            }
            Ok(None) => Some(prior),
            Err(error) => {
                self.gap(Some(prior.id), &error);
                None
            }
        }
    }

    /// Adds what nobody declares on these parents; one gap for all parents that could not be read: mostly it is one refusal.
    async fn children(&mut self, parents: &[&str], request: &ListRequest<'_>) {
        let reads: Vec<_> = parents.iter().map(|parent| self.kind.list_children(self.aws, parent)).collect();
        let reads: Vec<_> = stream::iter(reads).buffered(CONCURRENT_READS).collect().await;
        let mut failed = Vec::new();
        for (parent, read) in parents.iter().copied().zip(reads) {
            match read {
                Ok(children) => {
                    let read: HashSet<String> = self.listing.live.iter().map(|live| live.id.clone()).collect();
                    let new = |live: &Live| !request.declares(&live.id) && !read.contains(&live.id);
                    self.listing.live.extend(children.into_iter().filter(new).map(without_reserved_tags));
                }
                Err(error) => failed.push((parent.to_owned(), error)),
            }
        }
        self.one_gap(&failed);
    }

    /// One gap for all that failed.
    fn one_gap(&mut self, failed: &[(String, ReadError)]) {
        if let Some((first, error)) = failed.first() {
            let id = match failed.len() {
                1 => first.clone(),
                count => format!("{first} and {} more", count - 1),
            };
            self.gap(Some(&id), error);
        }
    }

    fn gap(&mut self, id: Option<&str>, error: &ReadError) {
        let gap = error.gap(GapScope {
            account: Some(self.aws.account.clone()),
            region: Some(self.aws.region.clone()),
            kind: Some(self.kind.name().to_owned()),
            id: id.map(str::to_owned),
            ..GapScope::default()
        });
        self.listing.gaps.push(gap);
    }
}

/// Takes AWS's own tags out of `tags_all`; what they say of the owner stays.
fn without_reserved_tags(mut live: Live) -> Live {
    let Some(tags) = live.attributes.get_mut("tags_all") else { return live };
    let reserved = split_reserved(tags);
    // https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-properties-resource-tags.html
    // A group that a stack made is the stack's, and so are its machines.
    if let (Owner::None | Owner::Claimed(_) | Owner::Maker { .. }, Some(Value::String(id))) =
        (&live.owner, reserved.get("aws:cloudformation:stack-id"))
    {
        live.owner = Owner::Maker { kind: "aws_cloudformation_stack", id: id.clone() };
    }
    live
}

/// How much of a resource is read by itself: an undeclared one as a listing shows it, a declared one in full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Depth {
    AsListed,
    Completed,
}

/// What was read of one resource, with the reads that failed.
type Read = Result<Option<(Live, Vec<ReadError>)>, ReadError>;

/// One resource as a sweep shows it. `None`: AWS says that it does not exist.
async fn read<'p>(
    kind: &dyn Kind,
    aws: &ScopeReader,
    prior: PriorState<'p>,
    depth: Depth,
    keeper: Option<&Keeper<'_>>,
) -> (PriorState<'p>, Read) {
    let action = kind.actions().first().copied().unwrap_or_default();
    let unexpected = |message| Err(ReadError::unexpected(action, message));
    if prior.is_partial() {
        return (prior, unexpected("the state holds no id or attributes of it: it was only partially created"));
    }
    let live = match kind.read(aws, &prior).await {
        Ok(Some(live)) if live.id != prior.id => return (prior, unexpected("the answer is about another resource")),
        Ok(Some(live)) if depth == Depth::AsListed => return (prior, Ok(Some((live, Vec::new())))),
        Ok(Some(live)) => live,
        Ok(None) => return (prior, Ok(None)),
        Err(error) => return (prior, Err(error)),
    };
    match complete(kind, aws, prior, live, None).await {
        // AWS contradicts itself, as it does for seconds after a change: that proves nothing.
        (prior, None) => (prior, unexpected("one call shows it, another says that it does not exist")),
        (prior, read) => {
            if let (Some(keeper), Some((live, errors))) = (keeper, &read)
                && errors.is_empty()
            {
                keeper.put(aws, &prior, None, live).await;
            }
            (prior, Ok(read))
        }
    }
}

/// Completes one resource; -> it and what of it could not be read, or `None` if it is gone.
async fn complete<'p>(
    kind: &dyn Kind,
    aws: &ScopeReader,
    prior: PriorState<'p>,
    mut live: Live,
    keeper: Option<&Keeper<'_>>,
) -> (PriorState<'p>, Option<(Live, Vec<ReadError>)>) {
    let listed = keeper.map(|_| live.attributes.clone());
    let read = match kind.complete(aws, &prior, &mut live).await {
        Completion::Whole => {
            if let Some(keeper) = keeper {
                keeper.put(aws, &prior, listed.as_ref(), &live).await;
            }
            Some((live, Vec::new()))
        }
        Completion::Partly(errors) => Some((live, errors)),
        Completion::Gone => None,
    };
    (prior, read)
}
