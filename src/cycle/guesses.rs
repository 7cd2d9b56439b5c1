//! A resource whose account or region nothing tells is looked for where the credentials point. That it is not there says nothing,
//! and a namesake that is there is perhaps another one.

use crate::desired::is_proof;
use crate::inventory::{Kind, Reach};
use crate::model::{Desired, Gap, GapReason, GapScope, Listing, Scope};

/// A declared resource with its index in the run.
type Declared<'a> = (usize, &'a Desired);

/// Takes out of a listing, and out of what is declared there, the resources of which it says nothing, each with the reason.
pub(super) fn take_out<'a>(
    listing: &mut Listing,
    declared: &mut Vec<Declared<'a>>,
    kind: &dyn Kind,
    scope: &Scope,
) -> Vec<(Declared<'a>, String)> {
    let is_regional = kind.reach() == Reach::Regional;
    let mut guessed = Vec::new();
    declared.retain(|&(index, one)| {
        let unknown = match (one.account.is_none(), is_regional && one.region.is_none()) {
            (false, false) => return true,
            (true, false) => "account",
            (false, true) => "region",
            (true, true) => "account and region",
        };
        let is_there = listing.live.iter().any(|live| live.id == one.id);
        if is_there && is_proof(one) {
            return true;
        }
        listing.live.retain(|live| live.id != one.id);
        listing.confirmed_missing.retain(|id| *id != one.id);
        let seen = if is_there { "something of its name is there" } else { "it is not there" };
        let reason = format!("nothing tells its {unknown}; {} {} was assumed: {seen}", scope.account, scope.region);
        guessed.push(((index, one), reason));
        false
    });
    guessed
}

/// One gap for all resources of a source of which nothing tells where they are.
pub(super) fn gap(source: &str, number: u64) -> Gap {
    let (resources, their) = if number == 1 { ("resource", "its") } else { ("resources", "their") };
    Gap {
        reason: GapReason::NotConfigured,
        scope: GapScope { source: Some(source.to_owned()), ..GapScope::default() },
        detail: format!(
            "nothing tells the account or region of {number} {resources}, and what was assumed proves nothing: name {their} accounts and regions under `states` in the configuration, or give the code (--code)"
        ),
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
            let mut declared = vec![(0, &state.resources[0])];
            let guessed = take_out(&mut listing, &mut declared, kinds::get(kind).unwrap(), &scope);
            assert_eq!(declared.len() + guessed.len(), 1);
            (listing.live.len(), listing.confirmed_missing.len(), guessed.len())
        };
        assert_eq!(outcome("aws_vpc", "vpc-0a1b2c3d", true), (1, 0, 0));
        assert_eq!(outcome("aws_vpc", "vpc-0a1b2c3d", false), (0, 0, 1));
        assert_eq!(outcome("aws_iam_user", "ops", true), (0, 0, 1));
        assert_eq!(outcome("aws_ebs_encryption_by_default", "x", true), (0, 0, 1));
    }
}
