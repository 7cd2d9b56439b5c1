//! A resource whose account or region is not known was looked for where the credentials point. Where several places are in play,
//! "not there" says nothing about elsewhere.

use super::shard::gap_scope;
use crate::inventory::{Kind, Reach};
use crate::model::{Desired, Gap, GapReason, GapScope, Listing, Scope};

/// Turns the `missing` of resources with a guessed place into gaps. `several_places`: the cycle spans several accounts or
/// regions.
pub(super) fn downgrade_missing(
    listing: &mut Listing,
    declared: &[(usize, &Desired)],
    kind: &dyn Kind,
    scope: &Scope,
    several_places: bool,
) {
    let regional = kind.reach() == Reach::Regional;
    for (_, one) in declared {
        let guessed = one.account.is_none() || (regional && one.region.is_none());
        let elsewhere = several_places || one.provider.alias.is_some() || one.provider.module.is_some();
        if !guessed || !elsewhere {
            continue;
        }
        if let Some(at) = listing.confirmed_missing.iter().position(|id| *id == one.id) {
            listing.confirmed_missing.swap_remove(at);
            let Scope { account, region } = scope;
            listing.gaps.push(Gap {
                reason: GapReason::NotConfigured,
                scope: GapScope { id: Some(one.id.clone()), ..gap_scope(scope, kind.name()) },
                detail: format!(
                    "{}: its account and region are not known, and it is not in {account} {region}",
                    one.address
                ),
            });
        }
    }
}
