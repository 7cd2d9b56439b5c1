//! A resource whose account or region nothing tells is looked for where the credentials point. That it is not there says nothing,
//! and a namesake that is there is perhaps another one.

use std::collections::HashSet;

use crate::desired::is_proof;
use crate::inventory::{Kind, Reach};
use crate::model::{Desired, Gap, GapReason, GapScope, Listing, Owner, Scope, is_unique_id};

/// A declared resource with its index in the run.
type Declared<'a> = (usize, &'a Desired);

/// What a listing says of resources with a guessed place.
#[derive(Default)]
pub(super) struct Guesses<'a> {
    /// It says nothing of these, each with the reason.
    pub unknown: Vec<(Declared<'a>, String)>,
    /// AWS says that these do not exist where they were looked for, each with the reason why that says nothing by itself: it does where
    /// a neighbour of theirs is [`Guesses::proven`] to be there.
    pub absent: Vec<(Declared<'a>, String)>,
    /// These are there and prove by their ids that their provider's account is the assumed one.
    pub proven: Vec<&'a Desired>,
    /// These are there, perhaps as namesakes: they are to be compared where a neighbour of theirs proves the account.
    pub namesakes: Vec<Namesake>,
}

/// A declared resource whose account nothing tells, and what there is of its name where the credentials point.
pub(super) struct Namesake {
    /// Index of the declared resource.
    pub index: usize,
    pub scope: Scope,
    /// The part of the listing that is about it.
    pub listing: Listing,
    /// Why it is unknown if nothing proves the account.
    pub reason: String,
}

/// Takes out of a listing, and out of what is declared there, the resources of which it says nothing.
pub(super) fn take_out<'a>(
    listing: &mut Listing,
    declared: &mut Vec<Declared<'a>>,
    kind: &dyn Kind,
    scope: &Scope,
) -> Guesses<'a> {
    let is_regional = kind.reach() == Reach::Regional;
    let mut guesses = Guesses::default();
    let is_placed = |one: &Desired| one.account.is_some() && (one.region.is_some() || !is_regional);
    if declared.iter().all(|(_, one)| is_placed(one)) {
        return guesses;
    }
    let there: HashSet<String> = listing.live.iter().map(|live| live.id.clone()).collect();
    let own = listing.live.iter().filter(|live| !matches!(live.owner, Owner::Account(_)));
    let own: HashSet<String> = own.map(|live| live.id.clone()).collect();
    let confirmed_missing: HashSet<String> = listing.confirmed_missing.iter().cloned().collect();
    declared.retain(|&(index, one)| {
        let unknown = match (one.account.is_none(), is_regional && one.region.is_none()) {
            (false, false) => return true,
            (true, false) => "account",
            (false, true) => "region",
            (true, true) => "account and region",
        };
        let is_there = there.contains(&one.id);
        if is_there && is_proof(one) {
            // What others share with this account is here, too, and proves nothing of the provider's.
            if proves_account(one) && own.contains(&one.id) {
                guesses.proven.push(one);
            }
            return true;
        }
        let seen = if is_there { "something of its name is there" } else { "it is not there" };
        let reason = format!("nothing tells its {unknown}; {} {} was assumed: {seen}", scope.account, scope.region);
        if is_there && unknown == "account" {
            let listing = part_of(listing, &one.id);
            guesses.namesakes.push(Namesake { index, scope: scope.clone(), listing, reason });
            return false;
        }
        let says_nothing = if unknown == "account" && confirmed_missing.contains(&one.id) {
            &mut guesses.absent
        } else {
            &mut guesses.unknown
        };
        says_nothing.push(((index, one), reason));
        false
    });
    let unknown = guesses.unknown.iter().chain(&guesses.absent).map(|((_, one), _)| one.id.as_str());
    let namesakes = guesses.namesakes.iter().flat_map(|one| &one.listing.live).map(|live| live.id.as_str());
    let unknown: HashSet<&str> = unknown.chain(namesakes).collect();
    listing.live.retain(|live| !unknown.contains(live.id.as_str()));
    listing.confirmed_missing.retain(|id| !unknown.contains(id.as_str()));
    guesses
}

/// Does a resource of which nothing tells the account prove by being there whose it is, for all of its source and provider?
pub(super) fn proves_account(one: &Desired) -> bool {
    one.account.is_none() && is_proof(one) && (is_unique_id(&one.id) || &*one.kind == "aws_s3_bucket")
}

/// What a listing says of one resource.
fn part_of(listing: &Listing, id: &str) -> Listing {
    Listing {
        live: listing.live.iter().filter(|live| live.id == id).cloned().collect(),
        gaps: listing.gaps.iter().filter(|gap| gap.scope.id.as_deref().is_none_or(|of| of == id)).cloned().collect(),
        complete: listing.complete,
        confirmed_missing: Vec::new(),
        oldest_read: listing.oldest_read,
    }
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
        let outcome = |kind: &str, id: &str, is_live: bool| {
            let state = format!(
                r#"{{"version": 4, "resources": [{{"mode": "managed", "type": "{kind}", "name": "x", "provider": "provider[\"registry.terraform.io/hashicorp/aws\"]",
                "instances": [{{"schema_version": 0, "attributes": {{"id": "{id}"}}}}]}}]}}"#
            );
            let state = crate::desired::tfstate::read(state.as_bytes(), "test").unwrap();
            let live: Vec<_> = is_live.then(|| Live { id: id.to_owned(), ..Live::default() }).into_iter().collect();
            let confirmed_missing = if live.is_empty() { vec![id.to_owned()] } else { Vec::new() };
            let mut listing = Listing { live, confirmed_missing, complete: true, ..Listing::default() };
            let mut declared = vec![(0, &state.resources[0])];
            let guesses = take_out(&mut listing, &mut declared, kinds::get(kind).unwrap(), &scope);
            let taken = guesses.unknown.len() + guesses.absent.len() + guesses.namesakes.len();
            assert_eq!(declared.len() + taken, 1);
            assert!(guesses.namesakes.iter().all(|one| one.listing.live.len() == 1));
            assert_eq!(guesses.proven.len(), usize::from(kind == "aws_vpc" && is_live));
            (listing.live.len(), listing.confirmed_missing.len(), taken)
        };
        assert_eq!(outcome("aws_vpc", "vpc-0a1b2c3d", true), (1, 0, 0));
        assert_eq!(outcome("aws_vpc", "vpc-0a1b2c3d", false), (0, 0, 1));
        assert_eq!(outcome("aws_iam_user", "ops", true), (0, 0, 1), "a namesake proves nothing");
        assert_eq!(outcome("aws_iam_account_password_policy", "iam-account-password-policy", true), (0, 0, 1));
        assert_eq!(outcome("aws_iam_user", "ops", false), (0, 0, 1), "not there is not missing");
        assert_eq!(outcome("aws_ebs_encryption_by_default", "x", true), (0, 0, 1), "a region is never assumed");
    }
}
