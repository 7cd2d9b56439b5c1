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
    /// These are there, in the only account of the run, as the default provider configuration has it: to be compared, and said.
    pub assumed: Vec<&'a Desired>,
}

/// Takes out of a listing, and out of what is declared there, the resources of which it says nothing. `only_account`: no source
/// declares anything elsewhere.
pub(super) fn take_out<'a>(
    listing: &mut Listing,
    declared: &mut Vec<Declared<'a>>,
    kind: &dyn Kind,
    scope: &Scope,
    only_account: bool,
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
            if one.account.is_none()
                && own.contains(&one.id)
                && (is_unique_id(&one.id) || &*one.kind == "aws_s3_bucket")
            {
                guesses.proven.push(one);
            }
            return true;
        }
        let is_default = one.provider.alias.is_none() && one.provider.module.is_none();
        if is_there && unknown == "account" && is_default && only_account {
            guesses.assumed.push(one);
            return true;
        }
        let seen = if is_there { "something of its name is there" } else { "it is not there" };
        let reason = format!("nothing tells its {unknown}; {} {} was assumed: {seen}", scope.account, scope.region);
        let says_nothing = if unknown == "account" && confirmed_missing.contains(&one.id) {
            &mut guesses.absent
        } else {
            &mut guesses.unknown
        };
        says_nothing.push(((index, one), reason));
        false
    });
    let unknown: HashSet<&str> =
        guesses.unknown.iter().chain(&guesses.absent).map(|((_, one), _)| one.id.as_str()).collect();
    listing.live.retain(|live| !unknown.contains(live.id.as_str()));
    listing.confirmed_missing.retain(|id| !unknown.contains(id.as_str()));
    guesses
}

/// What a report says of resources that were compared in an account by guess.
pub(super) fn warning(account: &str, number: u64) -> String {
    let (resources, their) = if number == 1 { ("resource", "its") } else { ("resources", "their") };
    format!(
        "account {account}, that of the credentials, was assumed for {number} {resources}: nothing tells {their} account"
    )
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
        let outcome = |kind: &str, id: &str, is_live: bool, only_account: bool| {
            let state = format!(
                r#"{{"version": 4, "resources": [{{"mode": "managed", "type": "{kind}", "name": "x", "provider": "provider[\"registry.terraform.io/hashicorp/aws\"]",
                "instances": [{{"schema_version": 0, "attributes": {{"id": "{id}"}}}}]}}]}}"#
            );
            let state = crate::desired::tfstate::read(state.as_bytes(), "test").unwrap();
            let live: Vec<_> = is_live.then(|| Live { id: id.to_owned(), ..Live::default() }).into_iter().collect();
            let confirmed_missing = if live.is_empty() { vec![id.to_owned()] } else { Vec::new() };
            let mut listing = Listing { live, confirmed_missing, complete: true, ..Listing::default() };
            let mut declared = vec![(0, &state.resources[0])];
            let guesses = take_out(&mut listing, &mut declared, kinds::get(kind).unwrap(), &scope, only_account);
            assert_eq!(declared.len() + guesses.unknown.len() + guesses.absent.len(), 1);
            assert_eq!(guesses.proven.len(), usize::from(kind == "aws_vpc" && is_live));
            (listing.live.len(), listing.confirmed_missing.len(), guesses.unknown.len() + guesses.absent.len())
        };
        assert_eq!(outcome("aws_vpc", "vpc-0a1b2c3d", true, false), (1, 0, 0));
        assert_eq!(outcome("aws_vpc", "vpc-0a1b2c3d", false, false), (0, 0, 1));
        assert_eq!(outcome("aws_iam_user", "ops", true, false), (0, 0, 1));
        assert_eq!(outcome("aws_iam_user", "ops", true, true), (1, 0, 0), "the only account there is");
        assert_eq!(outcome("aws_iam_user", "ops", false, true), (0, 0, 1), "not there is not missing");
        assert_eq!(outcome("aws_ebs_encryption_by_default", "x", true, true), (0, 0, 1), "a region is never assumed");
        assert_eq!(outcome("aws_ebs_encryption_by_default", "x", true, false), (0, 0, 1));
    }
}
