//! What must be read together with a resource, so that its comparison is whole: the resources whose fields it owns a part of, and
//! those that own a part of its fields (a group with its rules, a role with its attachments, a bucket with its settings). Pure.

use std::collections::{BTreeSet, HashMap};

use crate::diff::ANY_KIND;
use crate::model::Scope;

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
