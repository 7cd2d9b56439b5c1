//! Where a declared resource is read, and by whom.

use super::companions::Placed;
use crate::aws::Aws;
use crate::inventory::{Kind, Reach, kinds};
use crate::model::{Desired, DesiredState, GLOBAL, Gap, GapScope, Scope};

/// Where a resource is looked for.
pub(super) fn scope_of(resource: &Desired, aws: &Aws) -> Scope {
    Place::of(resource, aws).scope
}

/// Where a declared resource is read, and by whom.
pub(super) struct Place {
    pub scope: Scope,
    pub reader: Option<&'static dyn Kind>,
}

impl Place {
    /// What is not known is assumed: the account and region of the credentials.
    pub(super) fn of(resource: &Desired, aws: &Aws) -> Self {
        let account = resource.account.clone().unwrap_or_else(|| aws.account().to_owned());
        let reader = if resource.provider.is_aws() { kinds::get(&resource.kind) } else { None };
        let region = match reader.map(|kind| kind.reach()) {
            Some(Reach::Global) => GLOBAL.to_owned(),
            Some(Reach::Regional) => resource.region.clone().unwrap_or_else(|| aws.default_region()),
            None => resource.region.clone().unwrap_or_else(|| GLOBAL.to_owned()),
        };
        Self { scope: Scope { account, region }, reader }
    }
}

pub(super) fn placed<'a>(resource: &'a Desired, place: &'a Place) -> Placed<'a> {
    let parents = place.reader.map(|kind| kind.parents(&resource.attributes())).unwrap_or_default();
    Placed { scope: &place.scope, kind: &resource.kind, id: &resource.id, parents }
}

/// What the state itself could not say of an instance: one that was written too long ago. Another state may hold a good one.
pub(super) fn incompletely_read<'a>(desired: &'a DesiredState, resource: &Desired) -> Option<&'a Gap> {
    let source = desired.sources.get(resource.source).map(|source| source.name.as_str());
    let is_of = |scope: &GapScope| {
        scope.kind.as_deref() == Some(&*resource.kind)
            && scope.id.as_deref() == Some(&resource.id)
            && scope.source.as_deref() == source
    };
    desired.gaps.iter().find(|gap| is_of(&gap.scope))
}
