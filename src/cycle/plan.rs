//! What is read where. Only which scopes there are is known for all of them beforehand; a scope's kinds are laid out when its
//! turn comes.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::companions::{Placed, parts_of_defaults, proofs, with_companions};
use super::place::{Place, incompletely_read, placed};
use super::shard::gap_scope;
use super::{Resources, Sweep, Work};
use crate::aws::Aws;
use crate::inventory::{Kind, Reach, kinds};
use crate::model::{
    Attributes, Desired, DesiredState, Drift, DriftStatus, GLOBAL, Gap, GapReason, GapScope, ResourceKey, Scope,
    UnreadSource,
};

/// Which scopes are read, what is declared there, and what is known beforehand to be out of reach.
pub(super) struct Plan {
    /// Declared resources (by index) that have a reader, by scope and kind.
    declared: BTreeMap<Scope, BTreeMap<&'static str, Vec<usize>>>,
    selection: Selection,
    /// Scopes in which a source that could not be read may declare something: nothing is called unmanaged there.
    unread: Vec<UnreadSource>,
    /// Accounts that neither the credentials nor a configured role belong to, with the number of their declared resources.
    unreachable: BTreeMap<String, u64>,
    /// Managed resources on which unmanaged children are looked for: (account, kind) -> region and id of each.
    parents: BTreeMap<(String, String), BTreeSet<(String, String)>>,
    /// Declared resources that cannot be read: no reader, or the state says too little.
    pub unreadable: Vec<Drift>,
    pub gaps: Vec<Gap>,
    pub accounts: BTreeSet<String>,
    pub regions: BTreeSet<String>,
    /// Regions that are listed in an account besides those.
    more_regions: BTreeMap<String, BTreeSet<String>>,
    /// Regions that the declared buckets show, as a bucket has one although it is listed globally.
    bucket_regions: BTreeSet<String>,
    /// How many declared resources were asked for. The others still own what is theirs.
    pub desired: u64,
}

/// What is read besides the declared resources.
enum Selection {
    Sweep(Sweep),
    Resources {
        /// Ids of resources that nobody declares, by scope and kind.
        undeclared: BTreeMap<Scope, BTreeMap<&'static str, Vec<String>>>,
        /// Kinds that are listed to find what nobody declares, each with what is declared of it there.
        listed: BTreeMap<Scope, BTreeMap<&'static str, Vec<usize>>>,
    },
}

/// One scope with its kinds.
pub(super) struct Shard {
    pub scope: Scope,
    /// Was every source read that may declare resources of the AWS provider here?
    pub sources_read: bool,
    pub tasks: Vec<ListingTask>,
}

/// One kind to be read in one scope.
pub(super) struct ListingTask {
    pub kind: &'static dyn Kind,
    /// Declared resources, by index; no id stands twice.
    pub desired: Vec<usize>,
    /// Report resources that nobody declares.
    pub unmanaged: bool,
    pub reading: Reading,
}

/// What of a kind is read in a scope.
pub(super) enum Reading {
    /// All of it, by listing.
    Whole,
    /// The declared resources and these undeclared ones, each by itself.
    Each(Vec<String>),
    /// By listing, only what nobody declares: the declared ones tell it from that.
    Undeclared,
}

/// Lays out the work.
pub(super) fn plan(work: &Work, desired: &DesiredState, aws: &Aws) -> Plan {
    let places: Vec<Place> = desired.resources.iter().map(|resource| Place::of(resource, aws)).collect();
    let mut plan = Plan {
        declared: BTreeMap::new(),
        selection: Selection::Resources { undeclared: BTreeMap::new(), listed: BTreeMap::new() },
        unread: desired.unread.clone(),
        unreachable: BTreeMap::new(),
        parents: BTreeMap::new(),
        unreadable: Vec::new(),
        // Accounts that are not known are not looked at, and nobody would hear of it.
        gaps: aws.organization_gap().into_iter().collect(),
        accounts: BTreeSet::new(),
        regions: BTreeSet::new(),
        more_regions: BTreeMap::new(),
        bucket_regions: BTreeSet::new(),
        desired: 0,
    };
    match work {
        Work::Sweep(sweep) => plan.sweep(sweep, desired, &places, aws),
        Work::Resources(resources) => plan.resources(resources, desired, &places, aws),
    }
    plan
}

impl Plan {
    fn sweep(&mut self, sweep: &Sweep, desired: &DesiredState, places: &[Place], aws: &Aws) {
        let wants = |kind: &str| sweep.kinds.as_ref().is_none_or(|only| only.is_match(kind));
        self.regions.extend(sweep.regions.iter().cloned());
        self.selection = Selection::Sweep(sweep.clone());
        let all = desired.resources.iter().zip(places).enumerate();
        self.parents(all.clone().map(|(_, (resource, place))| (resource, place)));
        // Strangers are looked for in every region in which anybody declares something, whichever accounts have their turn.
        if sweep.accounts.is_some() {
            let of_aws = all.clone().filter(|(_, (resource, _))| resource.provider.is_aws());
            let regions = of_aws.map(|(_, (_, place))| &place.scope.region).filter(|region| *region != GLOBAL);
            self.regions.extend(regions.cloned());
            let buckets = all.clone().filter(|(_, (resource, _))| resource.kind.starts_with("aws_s3"));
            self.bucket_regions.extend(buckets.filter_map(|(_, (resource, _))| resource.region.clone()));
        }
        let here = |place: &Place| sweep.wants(&place.scope);
        self.declare(all.filter(|(_, (resource, place))| wants(&resource.kind) && here(place)), desired, aws);
        if self.accounts.is_empty() && sweep.wants_account(aws.account()) {
            self.accounts.insert(aws.account().to_owned());
        }
        // What is declared lives nowhere in particular (IAM, buckets, other providers, nothing at all): where the buckets are, and
        // the region of the environment.
        if self.regions.is_empty() {
            self.regions.extend(self.bucket_regions.iter().cloned());
            self.regions.insert(aws.default_region());
        }
        // As for what is declared: every region for every account.
        for scope in sweep.found.iter().filter(|scope| sweep.unmanaged && aws.reaches(&scope.account)) {
            self.accounts.extend(sweep.wants_account(&scope.account).then(|| scope.account.clone()));
            self.regions.extend((scope.region != GLOBAL).then(|| scope.region.clone()));
        }
        let more = self.accounts.iter().map(|account| (account.clone(), aws.more_regions(account)));
        self.more_regions = more.map(|(account, regions)| (account, regions.iter().cloned().collect())).collect();
    }

    fn resources(&mut self, resources: &Resources, desired: &DesiredState, places: &[Place], aws: &Aws) {
        let Resources { keys, addresses, kinds } = resources;
        let mut targets = BTreeSet::new();
        let mut declared: BTreeSet<ResourceKey> = BTreeSet::new();
        let mut found: BTreeSet<&str> = BTreeSet::new();
        for (index, (resource, place)) in desired.resources.iter().zip(places).enumerate() {
            let key = resource.key(place.scope.clone(), &desired.sources);
            if addresses.contains(&resource.address) || keys.contains(&key) {
                targets.insert(index);
                found.insert(&resource.address);
                declared.insert(key);
            }
        }
        for address in addresses.iter().filter(|address| !found.contains(address.as_str())) {
            let detail = format!("no source declares {address}");
            self.gaps.push(Gap { reason: GapReason::Unreadable, scope: GapScope::default(), detail });
        }
        let placed: Vec<Placed> = desired.resources.iter().zip(places).map(|(one, place)| placed(one, place)).collect();
        targets.extend(parts_of_defaults(resources, &placed));
        targets.extend(proofs(&targets, &desired.resources, places));
        let family = with_companions(&targets, &placed);
        let all = desired.resources.iter().zip(places).enumerate().filter(|(index, _)| family.contains(index));
        self.parents(all.clone().map(|(_, (resource, place))| (resource, place)));
        self.declare(all, desired, aws);
        let mut undeclared: BTreeMap<Scope, BTreeMap<&'static str, Vec<String>>> = BTreeMap::new();
        for key in keys.difference(&declared) {
            let kind = kinds::get(&key.kind);
            let fits = |kind: &&&dyn Kind| (kind.reach() == Reach::Global) == (key.scope.region == GLOBAL);
            if let Some(kind) = kind.as_ref().filter(fits) {
                self.place(&key.scope);
                undeclared.entry(key.scope.clone()).or_default().entry(kind.name()).or_default().push(key.id.clone());
            } else {
                let detail = format!("no reader for {} in {}", key.kind, key.scope.region);
                let scope = GapScope { id: Some(key.id.clone()), ..gap_scope(&key.scope, &key.kind) };
                self.gaps.push(Gap { reason: GapReason::Unsupported, scope, detail });
            }
        }
        let mut listed: BTreeMap<Scope, BTreeMap<&'static str, Vec<usize>>> = BTreeMap::new();
        for (scope, name) in kinds {
            let Some(kind) =
                kinds::get(name).filter(|kind| (kind.reach() == Reach::Global) == (scope.region == GLOBAL))
            else {
                continue;
            };
            self.place(scope);
            let is_one = |(_, (one, place)): &(usize, (&Desired, &Place))| *one.kind == *name && place.scope == *scope;
            let declared = desired.resources.iter().zip(places).enumerate().filter(is_one).map(|(index, _)| index);
            listed.entry(scope.clone()).or_default().insert(kind.name(), declared.collect());
        }
        self.selection = Selection::Resources { undeclared, listed };
    }

    /// Takes up declared resources: those with a reader are to be read, of the others it is reported why not.
    fn declare<'a>(
        &mut self,
        resources: impl Iterator<Item = (usize, (&'a Desired, &'a Place))>,
        desired: &DesiredState,
        aws: &Aws,
    ) {
        let mut unsupported: BTreeMap<(String, String), u64> = BTreeMap::new();
        for (index, (resource, place)) in resources {
            self.desired += 1;
            if let Some(gap) = incompletely_read(desired, resource) {
                let reason = format!("{}: {}", gap.reason.as_str(), gap.detail);
                self.unreadable.push(unknown(index, resource, place.scope.clone(), reason));
                continue;
            }
            if resource.provider.is_aws() {
                self.place(&place.scope);
            }
            if resource.kind.starts_with("aws_s3") {
                self.bucket_regions.extend(resource.region.clone());
            }
            match place.reader {
                _ if resource.provider.is_aws() && !aws.reaches(&place.scope.account) => {
                    *self.unreachable.entry(place.scope.account.clone()).or_default() += 1;
                    let reason = format!("not_configured: no credentials for account {}", place.scope.account);
                    self.unreadable.push(unknown(index, resource, place.scope.clone(), reason));
                }
                Some(kind) => {
                    let kinds = self.declared.entry(place.scope.clone()).or_default();
                    kinds.entry(kind.name()).or_default().push(index);
                }
                None => {
                    let reason = format!("unsupported: no reader for {}", resource.kind);
                    self.unreadable.push(unknown(index, resource, place.scope.clone(), reason));
                    let key = (place.scope.account.clone(), resource.kind.to_string());
                    *unsupported.entry(key).or_default() += 1;
                }
            }
        }
        for (account, count) in &self.unreachable {
            let detail = format!("{}; {count} not checked", aws.why_not_reached(account));
            let scope = GapScope { account: Some(account.clone()), ..GapScope::default() };
            self.gaps.push(Gap { reason: GapReason::NotConfigured, scope, detail });
        }
        for ((account, kind), count) in unsupported {
            let detail = format!("no reader for {kind}: {count} not checked");
            let scope = GapScope { account: Some(account), kind: Some(kind), ..GapScope::default() };
            self.gaps.push(Gap { reason: GapReason::Unsupported, scope, detail });
        }
    }

    fn parents<'a>(&mut self, resources: impl Iterator<Item = (&'a Desired, &'a Place)>) {
        let kinds: BTreeSet<&str> = kinds::ALL.iter().flat_map(|kind| kind.unmanaged_children_of()).copied().collect();
        for (resource, place) in resources.filter(|(one, _)| kinds.contains(&*one.kind) && !one.id.is_empty()) {
            let key = (place.scope.account.clone(), resource.kind.to_string());
            self.parents.entry(key).or_default().insert((place.scope.region.clone(), resource.id.clone()));
        }
    }

    fn place(&mut self, scope: &Scope) {
        self.accounts.insert(scope.account.clone());
        if scope.region != GLOBAL {
            self.regions.insert(scope.region.clone());
        }
    }

    /// The scopes to read, by account: every account is to have its turn.
    pub(super) fn scopes_by_account(&self) -> BTreeMap<String, Vec<Scope>> {
        let mut scopes: BTreeSet<Scope> = self.declared.keys().cloned().collect();
        match &self.selection {
            Selection::Sweep(sweep) => {
                let reachable = self.accounts.iter().filter(|account| !self.unreachable.contains_key(*account));
                for account in reachable.filter(|_| sweep.unmanaged) {
                    let more = self.more_regions.get(account).into_iter().flatten();
                    let regions = self.regions.iter().chain(more).map(String::as_str).chain([GLOBAL]);
                    let wanted = regions.map(|region| Scope::new(account, region));
                    scopes.extend(wanted.filter(|scope| sweep.wants(scope)));
                }
            }
            Selection::Resources { undeclared, listed } => {
                scopes.extend(undeclared.keys().chain(listed.keys()).cloned())
            }
        }
        let mut by_account: BTreeMap<String, Vec<Scope>> = BTreeMap::new();
        scopes.into_iter().for_each(|scope| by_account.entry(scope.account.clone()).or_default().push(scope));
        by_account
    }

    /// How many listings there will be, for progress.
    pub(super) fn listings(&self, resources: &[Desired]) -> u64 {
        self.scopes_by_account()
            .into_values()
            .flatten()
            .map(|scope| self.shard(scope, resources).tasks.len() as u64)
            .sum()
    }

    /// Lays out the kinds of one scope.
    pub(super) fn shard(&self, scope: Scope, resources: &[Desired]) -> Shard {
        let none = BTreeMap::new();
        let declared = self.declared.get(&scope).unwrap_or(&none);
        let readable = self.unread.iter().all(|unread| !unread.may_declare_in(&scope));
        let mut tasks = Vec::new();
        for kind in kinds::ALL {
            let here = (kind.reach() == Reach::Global) == (scope.region == GLOBAL);
            let declared = declared.get(kind.name()).map(Vec::as_slice).unwrap_or_default();
            let (unmanaged, undeclared) = match &self.selection {
                Selection::Sweep(sweep) => {
                    let asked = sweep.kinds.as_ref().is_none_or(|only| only.is_match(kind.name()));
                    (sweep.unmanaged && readable && asked && here, None)
                }
                Selection::Resources { undeclared, listed } => {
                    if let Some(desired) =
                        listed.get(&scope).and_then(|kinds| kinds.get(kind.name())).filter(|_| readable && here)
                    {
                        let desired = desired.clone();
                        tasks.push(ListingTask { kind: *kind, desired, unmanaged: true, reading: Reading::Undeclared });
                    }
                    let ids = undeclared.get(&scope).and_then(|kinds| kinds.get(kind.name()));
                    (readable && here, Some(ids.cloned().unwrap_or_default()))
                }
            };
            let mut batches = batches_by_unique_id(declared, |index| &resources[index].id).into_iter();
            let first = batches.next().unwrap_or_default();
            let reading = |undeclared: Option<Vec<String>>| undeclared.map_or(Reading::Whole, Reading::Each);
            let (singly, some) = (undeclared.is_some(), undeclared.as_ref().is_some_and(|ids| !ids.is_empty()));
            let task = ListingTask { kind: *kind, desired: first, unmanaged, reading: reading(undeclared) };
            let children = singly && !self.parents_of(&task, &scope).is_empty();
            if !task.desired.is_empty() || some || children || (!singly && unmanaged) {
                tasks.push(task);
                // Resources that nobody declares are looked for once.
                tasks.extend(batches.map(|desired| ListingTask {
                    kind: *kind,
                    desired,
                    unmanaged: false,
                    reading: reading(singly.then(Vec::new)),
                }));
            }
        }
        let unread = |unread: &&UnreadSource| !unread.foreign_only && unread.may_declare_in(&scope);
        let sources_read = !self.unread.iter().any(|one| unread(&one));
        Shard { scope, sources_read, tasks }
    }

    /// The managed resources on which unmanaged ones of the task's kind are looked for.
    pub(super) fn parents_of(&self, task: &ListingTask, scope: &Scope) -> Vec<&str> {
        let kinds = task.kind.unmanaged_children_of().iter().filter(|_| task.unmanaged);
        let parents = kinds.filter_map(|kind| self.parents.get(&(scope.account.clone(), (*kind).to_owned())));
        let here = |region: &str| region == scope.region || region == GLOBAL || scope.region == GLOBAL;
        parents.flatten().filter(|(region, _)| here(region)).map(|(_, id)| id.as_str()).collect()
    }

    /// Every region that is looked at in some account.
    pub(super) fn all_regions(&self) -> BTreeSet<String> {
        self.regions.iter().chain(self.more_regions.values().flatten()).cloned().collect()
    }

    /// Every region in which the cycle's resources may log events.
    pub(super) fn log_regions(&self, aws: &Aws) -> BTreeSet<String> {
        let mut regions = self.all_regions();
        regions.extend(self.bucket_regions.iter().cloned());
        if self.regions.is_empty() {
            regions.insert(aws.default_region());
        }
        regions
    }

    /// Every account and region of the cycle, and the place of global services.
    pub(super) fn event_scopes(&self, aws: &Aws) -> BTreeSet<Scope> {
        let mut regions = self.log_regions(aws);
        regions.insert(GLOBAL.to_owned());
        let of = |account: &String| regions.iter().map(|region| Scope::new(account, region)).collect::<Vec<_>>();
        self.accounts.iter().flat_map(of).collect()
    }
}

/// Ids of some types are not unique (an `aws_s3_object` is its key, whatever the bucket): those that share one are read
/// one after the other, so that within a listing an id names one resource.
fn batches_by_unique_id<'a>(indexes: &[usize], id: impl Fn(usize) -> &'a str) -> Vec<Vec<usize>> {
    let mut seen: HashMap<&str, usize> = HashMap::new();
    let mut batches: Vec<Vec<usize>> = Vec::new();
    for &index in indexes {
        let batch = seen.entry(id(index)).or_default();
        if batches.len() <= *batch {
            batches.push(Vec::new());
        }
        batches[*batch].push(index);
        *batch += 1;
    }
    batches
}

/// A declared resource that was not seen.
pub(super) fn unknown(index: usize, resource: &Desired, scope: Scope, reason: String) -> Drift {
    Drift {
        status: DriftStatus::Unknown,
        kind: resource.kind.to_string(),
        id: resource.id.clone(),
        scope,
        desired: Some(index),
        reason: Some(reason),
        changes: Vec::new(),
        made: Vec::new(),
        desired_attributes: Attributes::new(),
        live_attributes: Attributes::new(),
    }
}
