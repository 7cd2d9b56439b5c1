//! One real object, several states that hold it.

use std::collections::{HashMap, HashSet};

use super::locate;
use crate::model::{Desired, Scope, id_is_unique};

/// Joins what several states hold alike: one instance stays, the others become its `also_in`. Where they differ, all stay and are
/// compared: whoever can write one state must not silence another. Only where account and region are known: two unknown
/// accounts are not the same one.
pub(super) fn join(resources: &mut Vec<Desired>) {
    let mut owners: HashMap<(String, String, String, Option<String>), Vec<usize>> = HashMap::new();
    let mut kept: Vec<Desired> = Vec::with_capacity(resources.len());
    for mut resource in resources.drain(..) {
        let Some(key) = identity(&resource) else {
            kept.push(resource);
            continue;
        };
        let same = owners.entry(key).or_default();
        let twin = same.iter().copied().find(|&at| is_twin(&kept[at], &resource));
        if let Some(twin) = twin {
            let twin = &mut kept[twin];
            if !twin.also_in.contains(&resource.source) {
                twin.also_in.push(resource.source);
            }
            // What one of the states calls a secret is one.
            twin.sensitive.extend(resource.sensitive);
            continue;
        }
        for &at in same.iter() {
            let other = &mut kept[at];
            // Twice in one state is no dispute: both stay, as Terraform sees it.
            if other.source != resource.source {
                other.disputed_by.push(resource.source);
                resource.disputed_by.push(other.source);
            }
        }
        same.push(kept.len());
        kept.push(resource);
    }
    *resources = kept;
}

/// Marks all but the first of the resources whose keys would be the same; `scope` is where each is looked for.
pub(crate) fn mark_copies(resources: &mut [Desired], scope: impl Fn(&Desired) -> Scope) {
    let mut keys = HashSet::new();
    for resource in resources {
        resource.is_copy = !keys.insert(resource.key(scope(resource), &[]));
    }
}

/// The same object in another state, as that one has it, too.
fn is_twin(one: &Desired, other: &Desired) -> bool {
    one.source != other.source
        && one.status == other.status
        && one.schema_version == other.schema_version
        && (one.raw_attributes.get() == other.raw_attributes.get() || one.attributes() == other.attributes())
}

/// Kind, id, account and region, where all of them are known.
fn identity(resource: &Desired) -> Option<(String, String, String, Option<String>)> {
    if !id_is_unique(&resource.kind, &resource.id) {
        return None;
    }
    let is_known = resource.region.is_some() || locate::is_global(&resource.kind);
    let account = resource.account.clone()?;
    (is_known && resource.provider.is_aws() && !resource.id.is_empty())
        .then(|| (resource.kind.to_string(), resource.id.clone(), account, resource.region.clone()))
}
