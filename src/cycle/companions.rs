//! What must be read together with a resource, so that its comparison is whole: the resources whose fields it owns a part of, and
//! those that own a part of its fields (a group with its rules, a role with its attachments, a bucket with its settings); and what
//! proves in which account it is. Pure.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::place::Place;
use super::{Resources, guesses};
use crate::diff::ANY_KIND;
use crate::inventory::kinds;
use crate::model::{Desired, Scope};

/// A declared resource, where it is read.
pub(super) struct Placed<'a> {
    pub scope: &'a Scope,
    pub kind: &'a str,
    pub id: &'a str,
    /// The resources of which it owns a part, by kind and id.
    pub parents: Vec<(&'static str, String)>,
}

/// These resources (by index), the parents of each, and all children of them: what a parent shows and a child owns is reported by
/// the child, so neither is compared without the other.
pub(super) fn with_companions(targets: &BTreeSet<usize>, all: &[Placed<'_>]) -> BTreeSet<usize> {
    // A parent may be of any kind (whatever bears a tag), and global while its children are regional: the account decides.
    let mut by_id: HashMap<(&str, &str), Vec<usize>> = HashMap::new();
    for (index, one) in all.iter().enumerate() {
        by_id.entry((&one.scope.account, one.id)).or_default().push(index);
    }
    let parents = |child: usize| {
        let account = all[child].scope.account.as_str();
        let of = |(kind, id): &(&'static str, String)| {
            let named = by_id.get(&(account, id.as_str())).into_iter().flatten().copied();
            named.filter(|&parent| *kind == ANY_KIND || all[parent].kind == *kind).collect::<Vec<_>>()
        };
        all[child].parents.iter().flat_map(of).collect::<BTreeSet<usize>>()
    };
    let mut family: BTreeSet<usize> = targets.clone();
    targets.iter().for_each(|&target| family.extend(parents(target)));
    // Whatever is compared is compared with all that owns a part of it, down to the last child.
    let of_child: Vec<BTreeSet<usize>> = (0..all.len()).map(parents).collect();
    loop {
        let is_new = |child: &usize| !family.contains(child) && !of_child[*child].is_disjoint(&family);
        let children: Vec<usize> = (0..all.len()).filter(is_new).collect();
        if children.is_empty() {
            break;
        }
        family.extend(children);
    }
    family
}

/// Declared parts (by index) of what AWS makes by default and nobody declares (the rules of a default group), where that is looked at: it is
/// judged by what its parts are live.
pub(super) fn parts_of_defaults(resources: &Resources, placed: &[Placed<'_>]) -> Vec<usize> {
    let Resources { keys, addresses: _, kinds: listed } = resources;
    let ids = |one: &Placed<'_>| (one.scope.account.clone(), one.kind.to_owned(), one.id.to_owned());
    let declared: HashSet<_> = placed.iter().map(ids).collect();
    let keys = keys.iter().map(|key| (key.scope.account.clone(), key.kind.clone(), key.id.clone()));
    let strangers: HashSet<_> = keys.filter(|key| !declared.contains(key)).collect();
    let is_looked_at = |child: &Placed<'_>, kind: &str, id: &str| {
        let parent = (child.scope.account.clone(), kind.to_owned(), id.to_owned());
        strangers.contains(&parent)
            || listed.iter().any(|(scope, listed)| scope == child.scope && listed == kind)
                && !declared.contains(&parent)
    };
    let has_default = |kind: &str| kinds::get(&kind.replacen("aws_", "aws_default_", 1)).is_some();
    let is_part =
        |child: &Placed<'_>| child.parents.iter().any(|(kind, id)| has_default(kind) && is_looked_at(child, kind, id));
    placed.iter().enumerate().filter(|(_, child)| is_part(child)).map(|(index, _)| index).collect()
}

/// Resources (by index) that prove, where they are, the account of those targets of which nothing tells it: one for all of a source and
/// provider, as a sweep has it.
pub(super) fn proofs(targets: &BTreeSet<usize>, resources: &[Desired], places: &[Place]) -> BTreeSet<usize> {
    let of = |one: &Desired| (one.source, one.provider.clone());
    let targets = || targets.iter().filter_map(|&index| resources.get(index));
    let proven: BTreeSet<_> = targets().filter(|one| guesses::proves_account(one)).map(of).collect();
    let mut unproven: BTreeSet<_> = targets().filter(|one| one.account.is_none()).map(of).collect();
    unproven.retain(|one| !proven.contains(one));
    if unproven.is_empty() {
        return BTreeSet::new();
    }
    let mut proofs: BTreeMap<_, usize> = BTreeMap::new();
    for (index, (one, place)) in resources.iter().zip(places).enumerate() {
        if place.reader.is_some() && guesses::proves_account(one) && unproven.contains(&of(one)) {
            // One whose region is assumed may be elsewhere.
            let best = proofs.entry(of(one)).or_insert(index);
            if resources.get(*best).is_some_and(|best| best.region.is_none()) && one.region.is_some() {
                *best = index;
            }
        }
    }
    proofs.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_brings_its_group_and_the_other_rules() {
        let scope = Scope::new("123456789012", "eu-west-1");
        let group = |id: &str| vec![("aws_security_group", id.to_owned())];
        let one = |kind: &'static str, id: &'static str, parents| Placed { scope: &scope, kind, id, parents };
        let all = [
            one("aws_security_group", "sg-1", vec![]),
            one("aws_security_group_rule", "r-1", group("sg-1")),
            one("aws_security_group_rule", "r-2", group("sg-1")),
            one("aws_security_group", "sg-2", vec![]),
            one("aws_security_group_rule", "r-3", group("sg-2")),
            one("aws_ec2_tag", "sg-1,Name", vec![(ANY_KIND, "sg-1".to_owned())]),
            one("aws_vpc", "vpc-1", vec![]),
            one("aws_network_interface", "eni-1", vec![]),
            one("aws_instance", "i-1", vec![("aws_network_interface", "eni-1".to_owned())]),
            one("aws_volume_attachment", "vai-1", vec![("aws_instance", "i-1".to_owned())]),
        ];
        let family = |target: usize| with_companions(&BTreeSet::from([target]), &all).into_iter().collect::<Vec<_>>();
        assert_eq!(family(1), [0, 1, 2, 5]);
        assert_eq!(family(0), [0, 1, 2, 5]);
        assert_eq!(family(4), [3, 4]);
        assert_eq!(family(6), [6]);
        assert_eq!(family(7), [7, 8, 9], "an instance that comes in is compared with its volumes");
        assert_eq!(family(9), [8, 9]);
    }
}
