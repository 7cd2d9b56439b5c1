//! What must be read together with a resource, so that its comparison is whole: the resources whose fields it owns a part of, and
//! those that own a part of its fields (a group with its rules, a role with its attachments, a bucket with its settings). Pure.

use std::collections::{BTreeSet, HashMap};

use crate::diff::ANY_KIND;
use crate::model::{OwnedField, Scope};

/// A declared resource, where it is read.
pub(super) struct Placed<'a> {
    pub scope: &'a Scope,
    pub kind: &'a str,
    pub id: &'a str,
    /// The fields of other resources that it owns.
    pub owned_fields: Vec<OwnedField>,
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
        let of = |field: &OwnedField| {
            let named = by_id.get(&(account, field.parent_id.as_str())).into_iter().flatten().copied();
            let kind = field.parent_kind;
            named.filter(|&parent| kind == ANY_KIND || all[parent].kind == kind).collect::<Vec<_>>()
        };
        all[child].owned_fields.iter().flat_map(of).collect::<BTreeSet<usize>>()
    };
    let mut family: BTreeSet<usize> = targets.clone();
    targets.iter().for_each(|&target| family.extend(parents(target)));
    let children: Vec<usize> = (0..all.len()).filter(|&child| !parents(child).is_disjoint(&family)).collect();
    family.extend(children);
    family
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_brings_its_group_and_the_other_rules() {
        let scope = Scope::new("123456789012", "eu-west-1");
        let field = |group: &str| OwnedField {
            parent_kind: "aws_security_group",
            parent_id: group.to_owned(),
            attribute: "ingress",
            element: None,
        };
        let one = |kind: &'static str, id: &'static str, owned_fields| Placed { scope: &scope, kind, id, owned_fields };
        let tag = OwnedField { parent_kind: ANY_KIND, parent_id: "sg-1".to_owned(), attribute: "tags", element: None };
        let all = [
            one("aws_security_group", "sg-1", vec![]),
            one("aws_security_group_rule", "r-1", vec![field("sg-1")]),
            one("aws_security_group_rule", "r-2", vec![field("sg-1")]),
            one("aws_security_group", "sg-2", vec![]),
            one("aws_security_group_rule", "r-3", vec![field("sg-2")]),
            one("aws_ec2_tag", "sg-1,Name", vec![tag]),
            one("aws_vpc", "vpc-1", vec![]),
        ];
        let family = |target: usize| with_companions(&BTreeSet::from([target]), &all).into_iter().collect::<Vec<_>>();
        assert_eq!(family(1), [0, 1, 2, 5]);
        assert_eq!(family(0), [0, 1, 2, 5]);
        assert_eq!(family(4), [3, 4]);
        assert_eq!(family(6), [6]);
    }
}
