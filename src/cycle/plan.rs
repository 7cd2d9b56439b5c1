//! Which kinds are read in which scopes: those of the desired resources, and every kind where strangers are wanted.

use std::collections::{BTreeSet, HashMap};

use super::{ByCell, Cell, Options, kind_gap};
use crate::inventory::{Aws, Reach, kinds};
use crate::model::{Attributes, Desired, DesiredState, Drift, DriftStatus, GLOBAL, Gap, GapReason, Scope};

/// What is to be read, and what is known beforehand to be out of reach.
pub(super) struct Plan {
    pub cells: Vec<Cell>,
    /// Desired resources that cannot be read: no reader, no credentials.
    pub unreadable: Vec<Drift>,
    pub gaps: Vec<Gap>,
    pub accounts: BTreeSet<String>,
    pub regions: BTreeSet<String>,
    /// Regions that the desired buckets tell, as a bucket has one although it is listed globally.
    pub bucket_regions: BTreeSet<String>,
    /// How many desired resources were asked for. The others still own what is theirs.
    pub desired: u64,
    /// Accounts and regions in play.
    pub places: usize,
}

impl Plan {
    /// Every region in which the run's resources may log events.
    pub fn log_regions(&self, aws: &Aws) -> BTreeSet<String> {
        let mut regions: BTreeSet<String> = self.regions.union(&self.bucket_regions).cloned().collect();
        if self.regions.is_empty() {
            regions.insert(aws.default_region());
        }
        regions
    }

    /// Every account and region of the run, and the place of global services.
    pub fn scopes(&self, aws: &Aws) -> BTreeSet<Scope> {
        let mut regions = self.log_regions(aws);
        regions.insert(GLOBAL.to_owned());
        let of = |account: &String| regions.iter().map(|region| Scope::new(account, region)).collect::<Vec<_>>();
        self.accounts.iter().flat_map(of).collect()
    }
}

pub(super) async fn plan(desired: &DesiredState, options: &Options, aws: &Aws) -> Plan {
    let mut plan = Plan {
        cells: Vec::new(),
        unreadable: Vec::new(),
        gaps: Vec::new(),
        accounts: BTreeSet::new(),
        regions: options.regions.iter().cloned().collect(),
        bucket_regions: BTreeSet::new(),
        desired: 0,
        places: 1,
    };
    let mut wanted = ByCell::new();
    let mut unsupported: HashMap<(String, String), u64> = HashMap::new();
    // A source that cannot be read may declare anything: beside it nothing can be called unmanaged.
    let strangers = options.unmanaged && desired.gaps.iter().all(|gap| gap.scope.kind.is_some());
    for (index, resource) in desired.resources.iter().enumerate().filter(|(_, one)| options.wants(&one.kind)) {
        plan.desired += 1;
        if let Some(gap) = incompletely_read(desired, resource) {
            let scope = Scope::new(
                resource.account.clone().unwrap_or_else(|| aws.account().to_owned()),
                resource.region.clone().unwrap_or_else(|| GLOBAL.to_owned()),
            );
            plan.unreadable.push(unknown(index, resource, scope, format!("{}: {}", gap.reason.as_str(), gap.detail)));
            continue;
        }
        let account = resource.account.clone().unwrap_or_else(|| aws.account().to_owned());
        let region = resource.region.clone().unwrap_or_else(|| aws.default_region());
        let reader = if resource.provider.is_aws() { kinds::get(&resource.kind) } else { None };
        let region = match reader.map(|kind| kind.reach()) {
            Some(Reach::Global) => GLOBAL.to_owned(),
            Some(Reach::Regional) => region,
            None => resource.region.clone().unwrap_or_else(|| GLOBAL.to_owned()),
        };
        if region != GLOBAL && resource.provider.is_aws() {
            plan.regions.insert(region.clone());
        }
        if resource.kind.starts_with("aws_s3") {
            plan.bucket_regions.extend(resource.region.clone());
        }
        if resource.provider.is_aws() {
            plan.accounts.insert(account.clone());
        }
        if reader.is_some() {
            wanted.entry((account, region, resource.kind.to_string())).or_default().push(index);
        } else {
            let reason = format!("unsupported: no reader for {}", resource.kind);
            plan.unreadable.push(unknown(index, resource, Scope::new(account.clone(), region), reason));
            *unsupported.entry((account, resource.kind.to_string())).or_default() += 1;
        }
    }
    for ((account, kind), count) in unsupported {
        let detail = format!("no reader for {kind}: {count} not checked");
        plan.gaps.push(Gap { reason: GapReason::Unsupported, scope: kind_gap(&kind, Some(&account), None), detail });
    }
    if plan.accounts.is_empty() {
        plan.accounts.insert(aws.account().to_owned());
    }
    plan.places = plan.accounts.len().max(plan.regions.len());
    if strangers {
        everywhere(&mut wanted, &plan, options);
    }
    for ((account, region, kind), indexes) in wanted {
        let Some(kind) = kinds::get(&kind) else { continue };
        match aws.region(&account, &region).await {
            Some(clients) => {
                for (round, desired) in
                    batches_by_unique_id(indexes, |index| &desired.resources[index].id).into_iter().enumerate()
                {
                    let scope = Scope::new(&account, &region);
                    // Strangers are looked for once.
                    let strangers = strangers && round == 0;
                    plan.cells.push(Cell { scope, kind, region: clients.clone(), desired, strangers });
                }
            }
            None => unreachable_account(&mut plan, desired, &account, &region, kind.name(), &indexes),
        }
    }
    plan
}

/// Adds an empty cell for every kind in every scope.
fn everywhere(wanted: &mut ByCell, plan: &Plan, options: &Options) {
    for kind in kinds::ALL.iter().filter(|kind| options.wants(kind.name())) {
        for account in &plan.accounts {
            let mut add = |region: &str| {
                wanted.entry((account.clone(), region.to_owned(), kind.name().to_owned())).or_default();
            };
            match kind.reach() {
                Reach::Global => add(GLOBAL),
                Reach::Regional => plan.regions.iter().for_each(|region| add(region)),
            }
        }
    }
}

/// What the state itself could not tell of an instance: one that was written too long ago.
fn incompletely_read<'a>(desired: &'a DesiredState, resource: &Desired) -> Option<&'a Gap> {
    desired
        .gaps
        .iter()
        .find(|gap| gap.scope.kind.as_deref() == Some(&*resource.kind) && gap.scope.id.as_deref() == Some(&resource.id))
}

/// Ids of some types are not unique (an `aws_s3_object` is its key, whatever the bucket): those that share one are read
/// one after the other, so that within a cell an id names one resource.
fn batches_by_unique_id<'a>(indexes: Vec<usize>, id: impl Fn(usize) -> &'a String) -> Vec<Vec<usize>> {
    let mut seen: HashMap<&str, usize> = HashMap::new();
    let mut batches_by_unique_id = vec![Vec::new()];
    for index in indexes {
        let round = seen.entry(id(index)).or_default();
        if batches_by_unique_id.len() <= *round {
            batches_by_unique_id.push(Vec::new());
        }
        batches_by_unique_id[*round].push(index);
        *round += 1;
    }
    batches_by_unique_id
}

fn unreachable_account(
    plan: &mut Plan,
    desired: &DesiredState,
    account: &str,
    region: &str,
    kind: &'static str,
    indexes: &[usize],
) {
    let detail = format!("no credentials for account {account}: name a role for it under aws.accounts");
    plan.gaps.push(Gap {
        reason: GapReason::NotConfigured,
        scope: kind_gap(kind, Some(account), Some(region)),
        detail: detail.clone(),
    });
    for &index in indexes {
        let scope = Scope::new(account, region);
        plan.unreadable.push(unknown(index, &desired.resources[index], scope, format!("not_configured: {detail}")));
    }
}

fn unknown(index: usize, resource: &Desired, scope: Scope, reason: String) -> Drift {
    Drift {
        status: DriftStatus::Unknown,
        kind: resource.kind.to_string(),
        id: resource.id.clone(),
        scope,
        desired: Some(index),
        reason: Some(reason),
        changes: Vec::new(),
        desired_attributes: Attributes::new(),
        live_attributes: Attributes::new(),
    }
}
