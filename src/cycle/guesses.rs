//! A resource whose account or region nothing tells is looked for where the credentials point. That it is not there says nothing,
//! and a namesake that is there is perhaps another one.

use super::shard::gap_scope;
use crate::desired::is_proof;
use crate::inventory::{Kind, Reach};
use crate::model::{Desired, Gap, GapReason, GapScope, Listing, Scope};

/// Takes out of a listing what it cannot say of resources with a guessed place; each becomes a gap.
pub(super) fn take_out(listing: &mut Listing, declared: &[(usize, &Desired)], kind: &dyn Kind, scope: &Scope) {
    let is_regional = kind.reach() == Reach::Regional;
    for (_, one) in declared {
        let unknown = match (one.account.is_none(), is_regional && one.region.is_none()) {
            (false, false) => continue,
            (true, false) => "account",
            (false, true) => "region",
            (true, true) => "account and region",
        };
        let is_there = listing.live.iter().any(|live| live.id == one.id);
        if is_there && is_proof(one) {
            continue;
        }
        listing.live.retain(|live| live.id != one.id);
        listing.confirmed_missing.retain(|id| *id != one.id);
        let Scope { account, region } = scope;
        let seen = if is_there { "something of this name is" } else { "it is not" };
        listing.gaps.push(Gap {
            reason: GapReason::NotConfigured,
            scope: GapScope { id: Some(one.id.clone()), ..gap_scope(scope, kind.name()) },
            detail: format!(
                "nothing tells the {unknown} of {}: {account} {region}, where {seen}, is a guess; name accounts and regions of its state under `states`, or give its code (--code)",
                one.address
            ),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::kinds;
    use crate::model::Live;

    #[test]
    fn a_guess_proves_nothing_unless_the_id_does() {
        let scope = Scope::new("111122223333", "us-east-1");
        let outcome = |kind: &str, id: &str, live: bool| {
            let state = format!(
                r#"{{"version": 4, "resources": [{{"mode": "managed", "type": "{kind}", "name": "x", "provider": "provider[\"registry.terraform.io/hashicorp/aws\"]",
                "instances": [{{"schema_version": 0, "attributes": {{"id": "{id}"}}}}]}}]}}"#
            );
            let state = crate::desired::tfstate::read(state.as_bytes(), "test").unwrap();
            let live: Vec<_> = live.then(|| Live { id: id.to_owned(), ..Live::default() }).into_iter().collect();
            let confirmed_missing = if live.is_empty() { vec![id.to_owned()] } else { Vec::new() };
            let mut listing = Listing { live, confirmed_missing, complete: true, ..Listing::default() };
            take_out(&mut listing, &[(0, &state.resources[0])], kinds::get(kind).unwrap(), &scope);
            (listing.live.len(), listing.confirmed_missing.len(), listing.gaps.len())
        };
        assert_eq!(outcome("aws_vpc", "vpc-0a1b2c3d", true), (1, 0, 0));
        assert_eq!(outcome("aws_vpc", "vpc-0a1b2c3d", false), (0, 0, 1));
        assert_eq!(outcome("aws_iam_user", "ops", true), (0, 0, 1));
        assert_eq!(outcome("aws_ebs_encryption_by_default", "x", true), (0, 0, 1));
    }
}
