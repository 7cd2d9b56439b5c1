//! Reads all shards of a plan, fairly, and joins what they saw.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures::{StreamExt as _, stream};
use jiff::Timestamp;

use super::guesses::{self, Namesake};
use super::plan::{self, Plan};
use super::{Environment, Progress, Settings, shard};
use crate::aws::Aws;
use crate::desired::MovedSource;
use crate::diff::{self, Altered, Compared, KindFacts, NotCompared, OwnedFieldIndex, OwnershipIndex, UnreadOwners};
use crate::inventory::{Keeping, kinds};
use crate::model::{
    Attributes, Coverage, DesiredState, Drift, DriftStatus, Gap, GapReason, GapScope, OwnedField, ProviderRef, Scope,
};

/// Accounts that are read at a time: all of a job that replicas share, so that none waits for another. One that does not answer holds up
/// one of these places, until its time limits end.
const CONCURRENT_ACCOUNTS: usize = 10;
/// Scopes of one account that are read at a time.
const CONCURRENT_SCOPES: usize = 3;
/// After so many scopes in which calls timed out and none was answered, with no answer from another in between, an account is left alone:
/// one that does not answer would hold up a sweep for minutes in each of its regions.
const UNANSWERED: usize = 4;

/// What was seen, of one shard or of all.
#[derive(Default)]
pub(super) struct Seen {
    pub drifts: Vec<Drift>,
    pub gaps: Vec<Gap>,
    pub coverage: Vec<Coverage>,
    pub in_sync: u64,
    pub live: u64,
    /// Calls that were answered, be it by a refusal.
    pub answers: usize,
    /// See [`crate::model::Outcome::unmapped`].
    pub unmapped: BTreeSet<String>,
    /// What was not compared because it is too new, or AWS does not return it, by kind.
    pub not_compared: BTreeMap<&'static str, NotCompared>,
    /// What nobody declares and others made, by scope, kind and id of the maker.
    pub made: BTreeMap<(Scope, &'static str, String), Vec<Drift>>,
    /// What AWS made by itself and somebody altered.
    pub altered: Vec<Altered>,
    /// Resources of which nothing tells where they are, by source.
    pub guessed: BTreeMap<usize, u64>,
    /// Sources and providers whose resources are proven to be in the account that was assumed.
    pub proven: BTreeSet<(usize, ProviderRef)>,
    /// Resources (by index) that do not exist where they were looked for by guess, with where and why that says nothing by itself.
    pub absent: Vec<(usize, Scope, String)>,
    /// What there is of the names of resources whose account nothing tells.
    pub namesakes: Vec<Namesake>,
    /// See [`crate::model::Outcome::folded`].
    pub folded: BTreeMap<String, u64>,
    /// Which fields the live form of declared resources owns, with the account.
    pub owned_fields: Vec<(String, OwnedField)>,
}

/// What every shard is read with.
pub(super) struct Context<'a> {
    pub aws: &'a Aws,
    pub settings: &'a Settings,
    pub desired: &'a DesiredState,
    pub facts: &'a HashMap<&'static str, KindFacts>,
    pub ownership: &'a OwnershipIndex<'a>,
    pub progress: &'a dyn Progress,
    pub plan: &'a Plan,
    pub keeping: Option<Keeping<'a>>,
    pub clock: &'a (dyn Fn() -> Timestamp + Sync),
}

/// Reads everything that the plan names, as far as the time that is left allows. Shards of one account run beside those of others, so that a slow, throttled or denied
/// account delays only itself. `proven`: what an earlier look proved, see [`Seen::proven`].
pub(super) async fn read(
    plan: &Plan,
    desired: &DesiredState,
    facts: &HashMap<&'static str, KindFacts>,
    environment: &Environment<'_>,
    proven: BTreeSet<(usize, ProviderRef)>,
    left: Duration,
) -> Seen {
    let aws = environment.aws;
    let mut ownership = OwnershipIndex::new(&desired.resources, facts, aws.account());
    let mut seen = Seen { proven, ..Seen::default() };
    {
        let context = Context {
            aws,
            settings: environment.settings,
            desired,
            facts,
            ownership: &ownership,
            progress: environment.progress,
            plan,
            keeping: environment.keeping,
            clock: environment.clock,
        };
        let accounts = plan.scopes_by_account();
        let mut unread: BTreeSet<Scope> = accounts.values().flatten().cloned().collect();
        let shards = stream::iter(accounts.into_values()).flat_map_unordered(CONCURRENT_ACCOUNTS, |scopes| {
            let (context, unanswered) = (&context, Arc::new(Unanswered::default()));
            stream::iter(scopes)
                .map(move |scope| {
                    let unanswered = Arc::clone(&unanswered);
                    async move {
                        let shard = plan.shard(scope.clone(), &desired.resources);
                        if unanswered.is_too_much() {
                            let mut seen = Seen::default();
                            shard::not_asked(shard, UNANSWERED, context, &mut seen);
                            return (seen, scope);
                        }
                        let seen = shard::read(shard, context).await;
                        unanswered.count(&seen);
                        (seen, scope)
                    }
                })
                .buffer_unordered(CONCURRENT_SCOPES)
                .boxed()
        });
        let mut shards = std::pin::pin!(shards.take_until(tokio::time::sleep(left)));
        while let Some((shard, scope)) = shards.next().await {
            unread.remove(&scope);
            seen.add(shard);
        }
        for scope in unread {
            shard::not_reached(plan.shard(scope, &desired.resources), &context, &mut seen);
        }
    }
    seen.judge_absent(desired, facts);
    seen.judge_namesakes(desired, facts);
    ownership.add_live_owned_fields(&seen.owned_fields);
    // Once per kind, whatever the number of its resources and scopes.
    seen.gaps.extend(seen.not_compared.iter().filter_map(|(kind, not_compared)| not_compared.gap(kind)));
    let sources = seen.guessed.iter().filter_map(|(&source, number)| Some((desired.sources.get(source)?, *number)));
    let guesses: Vec<Gap> = sources.map(|(source, number)| guesses::gap(&source.name, number)).collect();
    seen.gaps.extend(guesses);
    for ((scope, kind, id), made) in std::mem::take(&mut seen.made) {
        seen.drifts.push(diff::unmanaged_maker(scope, kind, &id, made));
    }
    seen.judge_altered(&ownership);
    seen.drop_owned(facts, &ownership);
    seen.fold(ownership.owned_fields());
    seen.drop_reported_twice(facts);
    seen.caution(&UnreadOwners::new(&desired.resources, facts, aws.account()));
    seen
}

/// How many scopes of one account did not answer since one did.
#[derive(Default)]
struct Unanswered(AtomicUsize);

impl Unanswered {
    fn count(&self, seen: &Seen) {
        if seen.answers > 0 {
            self.0.store(0, Ordering::Relaxed);
        } else if seen.gaps.iter().any(|gap| gap.reason == GapReason::Timeout) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn is_too_much(&self) -> bool {
        self.0.load(Ordering::Relaxed) >= UNANSWERED
    }
}

impl Seen {
    fn add(&mut self, shard: Seen) {
        let Seen {
            drifts,
            gaps,
            coverage,
            in_sync,
            live,
            answers,
            unmapped,
            not_compared,
            made,
            altered,
            guessed,
            namesakes,
            proven,
            absent,
            folded,
            owned_fields,
        } = shard;
        self.drifts.extend(drifts);
        self.gaps.extend(gaps);
        self.coverage.extend(coverage);
        self.in_sync += in_sync;
        self.live += live;
        self.answers += answers;
        self.unmapped.extend(unmapped);
        for (kind, more) in not_compared {
            self.not_compared.entry(kind).or_default().extend(more);
        }
        for (maker, more) in made {
            self.made.entry(maker).or_default().extend(more);
        }
        self.altered.extend(altered);
        for (source, number) in guessed {
            *self.guessed.entry(source).or_default() += number;
        }
        self.namesakes.extend(namesakes);
        self.proven.extend(proven);
        self.absent.extend(absent);
        for (reason, number) in folded {
            *self.folded.entry(reason).or_default() += number;
        }
        self.owned_fields.extend(owned_fields);
    }

    /// What does not exist where it was looked for by guess is missing where a neighbour (of the same source and provider) proves the
    /// place, and unknown elsewhere.
    fn judge_absent(&mut self, desired: &DesiredState, facts: &HashMap<&'static str, KindFacts>) {
        for (index, scope, reason) in std::mem::take(&mut self.absent) {
            let resource = &desired.resources[index];
            let is_proven = self.proven.contains(&(resource.source, resource.provider.clone()));
            match facts.get(&*resource.kind).filter(|_| is_proven) {
                Some(kind) => match diff::missing(kind, &scope, index, resource) {
                    Some(drift) => self.drifts.push(drift),
                    None => self.in_sync += 1,
                },
                None => {
                    self.drifts.push(plan::unknown(index, resource, scope, reason));
                    *self.guessed.entry(resource.source).or_default() += 1;
                }
            }
        }
    }

    /// What bears the name of a resource whose account nothing tells is that resource where a neighbour proves the account, and
    /// nobody knows elsewhere.
    fn judge_namesakes(&mut self, desired: &DesiredState, facts: &HashMap<&'static str, KindFacts>) {
        for Namesake { index, scope, listing, reason } in std::mem::take(&mut self.namesakes) {
            let resource = &desired.resources[index];
            let is_proven = self.proven.contains(&(resource.source, resource.provider.clone()));
            let Some(kind) = facts.get(&*resource.kind).filter(|_| is_proven) else {
                self.drifts.push(plan::unknown(index, resource, scope, reason));
                *self.guessed.entry(resource.source).or_default() += 1;
                continue;
            };
            let Compared {
                drifts,
                in_sync,
                live: _,
                owned_fields,
                uncovered,
                not_compared,
                gaps,
                made: _,
                altered: _,
                folded: _,
            } = diff::listing(kind, &scope, &[(index, resource)], listing, None);
            self.drifts.extend(drifts);
            self.in_sync += in_sync.len() as u64;
            self.unmapped.extend(uncovered);
            self.not_compared.entry(kind.name).or_default().extend(not_compared);
            self.gaps.extend(gaps);
            self.owned_fields.extend(owned_fields.into_iter().map(|field| (scope.account.clone(), field)));
        }
    }

    /// What AWS made by itself and somebody altered is unmanaged, unless children declare that, as they are live.
    fn judge_altered(&mut self, ownership: &OwnershipIndex<'_>) {
        for altered in std::mem::take(&mut self.altered) {
            match ownership.declares_added(&altered) {
                true => *self.folded.entry(altered.what.to_owned()).or_default() += 1,
                false => self.drifts.push(altered.drift),
            }
        }
    }

    /// Does anything differ from what a state says, or is it in none?
    pub(super) fn has_drift(&self) -> bool {
        self.drifts.iter().any(|drift| drift.status != DriftStatus::Unknown)
    }

    /// Takes back what rests on states that were written while AWS was read, and again.
    pub(super) fn doubt(&mut self, moved: &[MovedSource], desired: &DesiredState) {
        let of = |source: usize| moved.iter().find(|one| one.source == source);
        let may_declare = |scope: &Scope| moved.iter().any(|one| one.declares.may_declare_in(scope));
        self.drifts.retain(|drift| drift.status != DriftStatus::Unmanaged || !may_declare(&drift.scope));
        for drift in self.drifts.iter_mut().filter(|drift| drift.status != DriftStatus::Unknown) {
            let source = drift.desired.and_then(|index| desired.resources.get(index)).map(|resource| resource.source);
            // What was added to a parent may be declared by a child in the state that moved.
            let by_child = moved
                .iter()
                .find(|one| drift.status == DriftStatus::Changed && one.declares.may_declare_in(&drift.scope));
            if let Some(MovedSource { how, .. }) = source.and_then(of).or(by_child) {
                drift.status = DriftStatus::Unknown;
                drift.reason = Some(format!("a state was written while AWS was read ({how})"));
                drift.changes.clear();
                drift.desired_attributes.clear();
                drift.live_attributes.clear();
            }
        }
        for coverage in self.coverage.iter_mut().filter(|coverage| may_declare(&coverage.scope)) {
            coverage.complete = false;
        }
        self.gaps.extend(moved.iter().map(|one| Gap {
            reason: GapReason::Unreadable,
            scope: GapScope { source: Some(one.declares.name.clone()), ..GapScope::default() },
            detail: format!("written while AWS was read ({}): an apply is running", one.how),
        }));
    }

    /// An unmanaged child that another resource declares after all, now that the live form of all is known, is none.
    fn drop_owned(&mut self, facts: &HashMap<&'static str, KindFacts>, ownership: &OwnershipIndex<'_>) {
        self.drop_children(facts, |kind, drift| ownership.is_owned(kind, &drift.scope.account, &drift.live_attributes));
    }

    /// An unmanaged child that a changed parent shows as added (one more policy of a role) is reported once, as Terraform's refresh
    /// does: by the parent.
    fn drop_reported_twice(&mut self, facts: &HashMap<&'static str, KindFacts>) {
        let added = OwnedFieldIndex::added(&self.drifts);
        self.drop_children(facts, |kind, child| {
            let parts = (kind.owned_fields)(kind.name, &child.live_attributes);
            parts.iter().any(|part| {
                let rules = facts.get(part.parent_kind).map(|parent| parent.rules).unwrap_or_default();
                added.contains(&child.scope.account, part, &rules)
            })
        });
    }

    fn drop_children(
        &mut self,
        facts: &HashMap<&'static str, KindFacts>,
        is_told: impl Fn(&KindFacts, &Drift) -> bool,
    ) {
        self.drifts.retain(|drift| {
            let kind = facts.get(drift.kind.as_str()).filter(|kind| !kind.parent_kinds.is_empty());
            drift.status != DriftStatus::Unmanaged || !kind.is_some_and(|kind| is_told(kind, drift))
        });
    }

    /// Takes out of parents what their children own; a parent of which nothing is left is in sync, or unknown if it was not
    /// read as a whole.
    fn fold(&mut self, owned_fields: &OwnedFieldIndex) {
        let before = self.drifts.len();
        self.drifts.retain_mut(|drift| {
            if !owned_fields.explain(drift) {
                return true;
            }
            drift.status = DriftStatus::Unknown;
            drift.desired_attributes.clear();
            drift.live_attributes.clear();
            drift.reason.is_some()
        });
        self.in_sync += (before - self.drifts.len()) as u64;
        for drift in self.drifts.iter_mut().filter(|drift| drift.status == DriftStatus::Changed) {
            drift.reason = None;
        }
    }

    /// Says of changed resources where a child that no reader reads may be what changed.
    fn caution(&mut self, unread: &UnreadOwners) {
        self.gaps.extend(self.drifts.iter().flat_map(|drift| unread.cautions(drift)));
    }
}

/// What the comparison needs to know of every kind.
pub(super) fn kind_facts() -> HashMap<&'static str, KindFacts> {
    let owned_fields = |name: &'static str, attributes: &Attributes| {
        kinds::get(name).map(|kind| kind.owned_fields(attributes)).unwrap_or_default()
    };
    let facts = kinds::ALL.iter().map(|kind| {
        let parent_kinds = kind.unmanaged_children_of();
        let (name, rules) = (kind.name(), kind.compare_rules());
        (name, KindFacts { name, rules, owned_fields, parent_kinds })
    });
    facts.collect()
}

#[cfg(test)]
mod tests;
