//! A shard is one scope: its kinds are laid out when its turn comes, read, and compared as each listing arrives.

use std::sync::atomic::{AtomicUsize, Ordering};

use futures::{StreamExt as _, stream};

use super::guesses;
use super::plan::{ListingTask, Reading, Shard};
use super::read::{Context, Seen};
use crate::aws::Partition;
use crate::diff::{self, Compared};
use crate::inventory::{self, Request, ScopeReader, Selection};
use crate::model::{Arn, Coverage, GLOBAL, Gap, GapReason, GapScope, Listing, PriorState, ResourceKey, Scope, Source};

/// Kinds of one scope that are read at a time.
const CONCURRENT_KINDS: usize = 16;
/// After so many listings that timed out (each after all its retries) while nothing answered, a scope is left alone: one that does not
/// answer costs minutes for every kind.
const UNANSWERED: usize = 4;

/// Reads one scope. What could not be read is in the gaps; nothing that was read is kept.
pub(super) async fn read(shard: Shard, context: &Context<'_>) -> Seen {
    let mut seen = Seen::default();
    let Some(client) = context.aws.scope(&shard.scope).await else {
        unreachable(shard, context, &mut seen);
        return seen;
    };
    let reader = ScopeReader::new(client);
    let unanswered = AtomicUsize::new(0);
    let mut listings = stream::iter(shard.tasks)
        .map(|task| async { (list(&reader, &task, context, &unanswered).await, task) })
        .buffer_unordered(CONCURRENT_KINDS);
    while let Some((mut listing, task)) = listings.next().await {
        context.settings.ignore_tags.strip(&mut listing);
        compare(listing, task, (&shard.scope, shard.sources_read), context, &mut seen);
        context.progress.advance();
    }
    seen.answers = reader.answers();
    seen
}

async fn list(reader: &ScopeReader, task: &ListingTask, context: &Context<'_>, unanswered: &AtomicUsize) -> Listing {
    if unanswered.load(Ordering::Relaxed) >= UNANSWERED {
        let scope = gap_scope(&Scope::new(&reader.account, &reader.region), task.kind.name());
        let detail = format!("not asked: {UNANSWERED} listings timed out here, and nothing answered in between");
        return Listing { gaps: vec![Gap { reason: GapReason::Timeout, scope, detail }], ..Listing::default() };
    }
    let desired = task.desired.iter().map(|&index| context.desired.resources[index].prior()).collect();
    let parents = context.plan.parents_of(task, &Scope::new(&reader.account, &reader.region));
    let selection = match &task.reading {
        Reading::Whole => Selection::Scope { unmanaged: task.unmanaged, parents },
        Reading::Undeclared => Selection::Undeclared,
        Reading::Each(ids) => {
            Selection::Each { undeclared: ids.iter().map(|id| PriorState::new(id, None)).collect(), parents }
        }
    };
    let answers = reader.answers();
    let listing = inventory::collect(
        reader,
        &Request {
            kind: task.kind,
            desired,
            selection,
            keeping: context.keeping.map(|keeping| (keeping, (context.clock)())),
        },
    )
    .await;
    // A kind of which nothing is declared may have made no call at all.
    if reader.answers() > answers {
        unanswered.store(0, Ordering::Relaxed);
    } else if listing.gaps.iter().any(|gap| gap.reason == GapReason::Timeout) {
        unanswered.fetch_add(1, Ordering::Relaxed);
    }
    listing
}

/// Compares one listing with what is declared there.
fn compare(
    mut listing: Listing,
    task: ListingTask,
    (scope, sources_read): (&Scope, bool),
    context: &Context<'_>,
    seen: &mut Seen,
) {
    let facts = &context.facts[task.kind.name()];
    let mut declared: Vec<_> = match task.reading {
        // They were not read.
        Reading::Undeclared => Vec::new(),
        _ => task.desired.iter().map(|&index| (index, &context.desired.resources[index])).collect(),
    };
    let guesses = guesses::take_out(&mut listing, &mut declared, task.kind, scope);
    seen.namesakes.extend(guesses.namesakes);
    seen.proven.extend(guesses.proven.iter().map(|one| (one.source, one.provider.clone())));
    seen.absent.extend(guesses.absent.into_iter().map(|((index, _), reason)| (index, scope.clone(), reason)));
    for ((index, resource), reason) in guesses.unknown {
        seen.drifts.push(super::plan::unknown(index, resource, scope.clone(), reason));
        *seen.guessed.entry(resource.source).or_default() += 1;
    }
    seen.gaps.extend(listing.gaps.iter().cloned());
    let mut coverage = coverage(&listing, &task, &declared, scope, &context.desired.sources);
    let ownership = task.unmanaged.then_some(context.ownership);
    let Compared { drifts, in_sync, live, owned_fields, uncovered, not_compared, gaps, made, altered, folded } =
        diff::listing(facts, scope, &declared, listing, ownership);
    // A finding of a source that was not read now is still one; so is one of an attribute that could not be compared.
    coverage.complete &= sources_read && not_compared.gap(facts.name).is_none();
    seen.coverage.push(coverage);
    seen.drifts.extend(drifts);
    seen.in_sync += in_sync.len() as u64;
    seen.live += live;
    seen.unmapped.extend(uncovered);
    seen.not_compared.entry(facts.name).or_default().extend(not_compared);
    seen.gaps.extend(gaps);
    for ((maker, id), made) in made {
        seen.made.entry((place_of(&id, scope), maker, id)).or_default().extend(made);
    }
    seen.altered.extend(altered);
    for (reason, number) in folded {
        *seen.folded.entry(reason.to_owned()).or_default() += number;
    }
    seen.owned_fields.extend(owned_fields.into_iter().map(|field| (scope.account.clone(), field)));
}

/// Where a maker is: what it made may be global.
fn place_of(maker: &str, scope: &Scope) -> Scope {
    match Arn::parse(maker) {
        Some(arn) if scope.region == GLOBAL && !arn.region.is_empty() => Scope::new(&scope.account, arn.region),
        _ => scope.clone(),
    }
}

/// What was looked at. A gap of one declared resource is in its own finding; any other one hides something.
fn coverage(
    listing: &Listing,
    task: &ListingTask,
    declared: &[(usize, &crate::model::Desired)],
    scope: &Scope,
    sources: &[Source],
) -> Coverage {
    let own = |gap: &Gap| gap.scope.id.as_ref().is_some_and(|id| declared.iter().any(|(_, one)| one.id == *id));
    let key = |id: &String| ResourceKey::new(scope.clone(), task.kind.name(), id, None);
    let undeclared: Option<Vec<&String>> = match &task.reading {
        Reading::Whole => None,
        Reading::Each(ids) => Some(ids.iter().collect()),
        Reading::Undeclared => Some(listing.live.iter().map(|live| &live.id).collect()),
    };
    let resources = undeclared.map(|undeclared| {
        let declared = declared.iter().map(|(_, one)| one.key(scope.clone(), sources));
        let mut keys: Vec<_> = declared.chain(undeclared.into_iter().map(key)).map(|key| key.to_string()).collect();
        keys.sort();
        keys
    });
    Coverage {
        scope: scope.clone(),
        kind: task.kind.name().to_owned(),
        resources,
        unmanaged: task.unmanaged,
        complete: listing.complete && listing.gaps.iter().all(own),
        oldest_read: listing.oldest_read,
    }
}

/// The scan's deadline passed before the scope was read to its end: nothing of it counts.
pub(super) fn not_reached(shard: Shard, context: &Context<'_>, seen: &mut Seen) {
    let deadline = context.settings.deadline.as_secs();
    let detail = format!("the scan's deadline of {deadline} s passed before it was read (scan.deadline)");
    not_read(shard, detail, context, seen);
}

/// Other scopes of the account did not answer.
pub(super) fn not_asked(shard: Shard, unanswered: usize, context: &Context<'_>, seen: &mut Seen) {
    let detail = format!("not asked: nothing answered in {unanswered} scopes of the account, one after the other");
    not_read(shard, detail, context, seen);
}

fn not_read(shard: Shard, detail: String, context: &Context<'_>, seen: &mut Seen) {
    let Scope { account, region } = &shard.scope;
    let reason = format!("{}: {detail}", GapReason::Timeout.as_str());
    for task in &shard.tasks {
        for &index in &task.desired {
            let resource = &context.desired.resources[index];
            seen.drifts.push(super::plan::unknown(index, resource, shard.scope.clone(), reason.clone()));
        }
        let declared: Vec<_> = task.desired.iter().map(|&index| (index, &context.desired.resources[index])).collect();
        seen.coverage.push(coverage(&Listing::default(), task, &declared, &shard.scope, &context.desired.sources));
    }
    let scope = GapScope { account: Some(account.clone()), region: Some(region.clone()), ..GapScope::default() };
    seen.gaps.push(Gap { reason: GapReason::Timeout, scope, detail });
}

/// The declared resources of an account that cannot be reached are told by the plan; of others (re-read by key, or in a region of
/// another partition) it is told here.
fn unreachable(shard: Shard, context: &Context<'_>, seen: &mut Seen) {
    let Scope { account, region } = &shard.scope;
    let is_served = context.aws.serves(region);
    let detail = if is_served {
        context.aws.why_not_reached(account)
    } else {
        let partition = Partition::of_region(region).name;
        format!(
            "region {region} is of partition {partition}, the credentials are not: scan it with credentials of its own"
        )
    };
    let reason = format!("{}: {detail}", GapReason::NotConfigured.as_str());
    for index in shard.tasks.iter().flat_map(|task| task.desired.iter().copied()) {
        let resource = &context.desired.resources[index];
        seen.drifts.push(super::plan::unknown(index, resource, shard.scope.clone(), reason.clone()));
    }
    let region = (!is_served).then(|| region.clone());
    let scope = GapScope { account: Some(account.clone()), region, ..GapScope::default() };
    seen.gaps.push(Gap { reason: GapReason::NotConfigured, scope, detail });
}

/// A gap of one kind of one scope.
pub(super) fn gap_scope(scope: &Scope, kind: &str) -> GapScope {
    GapScope {
        kind: Some(kind.to_owned()),
        account: Some(scope.account.clone()),
        region: Some(scope.region.clone()),
        ..GapScope::default()
    }
}
