//! One real object, several states that hold it.

use std::collections::HashMap;

use super::locate;
use crate::model::{Desired, id_is_unique};

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
            let also_in = &mut kept[twin].also_in;
            if !also_in.contains(&resource.source) {
                also_in.push(resource.source);
            }
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
        resource.is_copy = !same.is_empty();
        same.push(kept.len());
        kept.push(resource);
    }
    *resources = kept;
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
