//! Children that no reader reads still own their piece of a parent: an interface shows the groups that an
//! attachment resource gave it. By the state alone, from the documentation of each type in the AWS provider.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::Value;

use super::KindFacts;
use crate::model::{Attributes, Desired, Drift, DriftStatus, Gap, GapReason, GapScope, OwnedField, Scope, pointer};

/// Child type, parent type, child's attribute that names the parent, parent's attribute, what of it the child sets.
type Row = (&'static str, &'static str, &'static str, &'static str, Part);

/// What a child sets of its parent's attribute.
#[derive(Debug, Clone, Copy)]
enum Part {
    /// The element, or the whole value, that stands in this attribute of the child.
    Value(&'static str),
    /// An element made of several attributes of the child: its keys, and where their values stand.
    Block(&'static [(&'static str, &'static str)]),
    /// All of it; the child's state does not show what.
    Whole,
}

const CHILDREN: &[Row] = &[
    (
        "aws_network_interface_attachment",
        "aws_network_interface",
        "network_interface_id",
        "attachment",
        Part::Block(&[
            ("attachment_id", "attachment_id"),
            ("device_index", "device_index"),
            ("instance", "instance_id"),
        ]),
    ),
    (
        "aws_network_interface_sg_attachment",
        "aws_network_interface",
        "network_interface_id",
        "security_groups",
        Part::Value("security_group_id"),
    ),
    // Both ids are ACCOUNT:NAME.
    ("aws_s3control_access_point_policy", "aws_s3_access_point", "id", "policy", Part::Value("policy")),
    ("aws_vpc_endpoint_policy", "aws_vpc_endpoint", "vpc_endpoint_id", "policy", Part::Value("policy")),
    (
        "aws_vpc_endpoint_security_group_association",
        "aws_vpc_endpoint",
        "vpc_endpoint_id",
        "security_group_ids",
        Part::Value("security_group_id"),
    ),
    // `subnet_ids` tells of every subnet; its addresses are AWS's to choose.
    ("aws_vpc_endpoint_subnet_association", "aws_vpc_endpoint", "vpc_endpoint_id", "subnet_configuration", Part::Whole),
    (
        "aws_vpc_endpoint_subnet_association",
        "aws_vpc_endpoint",
        "vpc_endpoint_id",
        "subnet_ids",
        Part::Value("subnet_id"),
    ),
    (
        "aws_vpn_gateway_route_propagation",
        "aws_route_table",
        "route_table_id",
        "propagating_vgws",
        Part::Value("vpn_gateway_id"),
    ),
    (
        "aws_vpn_gateway_route_propagation",
        "aws_default_route_table",
        "route_table_id",
        "propagating_vgws",
        Part::Value("vpn_gateway_id"),
    ),
];

/// A group on an interface is a group of the instance whose primary interface it is: the documented way to add one to an
/// instance. Here the desired instances with that interface are the parents.
pub(super) fn owned_fields_of_instances<'a>(
    kind: &str,
    attributes: &Attributes,
    instances: impl Iterator<Item = (&'a str, Attributes)>,
) -> Vec<OwnedField> {
    let text = |name: &str| attributes.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let (true, Some(interface), Some(group)) =
        (kind == "aws_network_interface_sg_attachment", text("network_interface_id"), text("security_group_id"))
    else {
        return Vec::new();
    };
    let mine = instances.filter(|(_, instance)| {
        instance.get("primary_network_interface_id").and_then(Value::as_str) == Some(interface) //
    });
    mine.map(|(id, _)| OwnedField {
        parent_kind: "aws_instance",
        parent_id: id.to_owned(),
        attribute: "vpc_security_group_ids",
        element: Some(Value::from(group)),
    })
    .collect()
}

/// What a resource of a type without a reader owns.
pub(super) fn owned_fields(kind: &str, attributes: &Attributes) -> Vec<OwnedField> {
    let text = |name: &str| attributes.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let rows = CHILDREN.iter().filter(|row| row.0 == kind);
    rows.filter_map(|&(_, parent_kind, id, attribute, part)| {
        let element = match part {
            Part::Value(name) => Some(attributes.get(name).filter(|value| !value.is_null())?.clone()),
            Part::Block(keys) => {
                let member = |(key, name): &(&str, &str)| {
                    ((*key).to_owned(), attributes.get(*name).cloned().unwrap_or_default())
                };
                Some(Value::Object(keys.iter().map(member).collect()))
            }
            Part::Whole => None,
        };
        Some(OwnedField { parent_kind, parent_id: text(id)?.to_owned(), attribute, element })
    })
    .collect()
}

/// Which attributes of declared resources belong to declared children that no reader reads.
#[derive(Debug, Default)]
pub struct UnreadOwners(BTreeMap<(String, &'static str, String, &'static str), BTreeSet<String>>);

impl UnreadOwners {
    /// `account`: that of resources which name none.
    pub fn new(resources: &[Desired], kinds: &HashMap<&'static str, KindFacts>, account: &str) -> Self {
        let mut owners = Self::default();
        for child in resources.iter().filter(|one| !kinds.contains_key(&*one.kind)) {
            let account = child.account.as_deref().unwrap_or(account);
            for part in owned_fields(&child.kind, &child.attributes()) {
                let key = (account.to_owned(), part.parent_kind, part.parent_id, part.attribute);
                owners.0.entry(key).or_default().insert(child.address.clone());
            }
        }
        owners
    }

    /// The changes of a resource that may be a child's, which nobody read: one gap for each attribute.
    pub fn cautions(&self, drift: &Drift) -> Vec<Gap> {
        if drift.status != DriftStatus::Changed {
            return Vec::new();
        }
        let Scope { account, region } = &drift.scope;
        let changed: BTreeSet<String> = drift.changes.iter().map(|change| pointer::top(&change.path)).collect();
        let mine = self.0.iter().filter(|((of, kind, id, attribute), _)| {
            of == account && *kind == drift.kind && *id == drift.id && changed.contains(*attribute)
        });
        let caution = |((_, kind, id, attribute), children): (&(String, &str, String, &str), &BTreeSet<String>)| Gap {
            reason: GapReason::Unsupported,
            scope: GapScope {
                account: Some(account.clone()),
                region: Some(region.clone()),
                kind: Some((*kind).to_owned()),
                id: Some(id.clone()),
                ..GapScope::default()
            },
            detail: format!(
                "`{attribute}` differs and may belong to {}, which has no reader: another value than its state has",
                children.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
            ),
        };
        mine.map(caution).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::diff::tests::desired;
    use crate::model::{Change, schema};

    #[test]
    fn a_group_on_a_primary_interface_is_the_instances() {
        let object = |value: Value| value.as_object().cloned().unwrap();
        let child = object(json!({"network_interface_id": "eni-1", "security_group_id": "sg-2"}));
        let instances = || {
            [("i-1", "eni-1"), ("i-2", "eni-2")]
                .into_iter()
                .map(|(id, interface)| (id, object(json!({"primary_network_interface_id": interface}))))
        };
        let owned_fields = owned_fields_of_instances("aws_network_interface_sg_attachment", &child, instances());
        assert_eq!(owned_fields.len(), 1);
        assert_eq!((owned_fields[0].parent_id.as_str(), owned_fields[0].element.clone()), ("i-1", Some(json!("sg-2"))));
        assert!(owned_fields_of_instances("aws_network_interface_attachment", &child, instances()).is_empty());
    }

    #[test]
    fn what_an_unread_child_may_own_is_named() {
        let child = Desired {
            address: "aws_vpc_endpoint_policy.s3".to_owned(),
            ..desired("aws_vpc_endpoint_policy", "vpce-1", json!({"vpc_endpoint_id": "vpce-1", "policy": "{}"}))
        };
        let owners = UnreadOwners::new(&[child], &HashMap::new(), "123456789012");
        let cautions = |id: &str, path: &str| {
            let change = Change {
                path: path.to_owned(),
                desired: json!("{}"),
                live: json!("[]"),
                added: None,
                removed: None,
                sensitive: false,
                declared: None,
            };
            owners.cautions(&Drift {
                status: DriftStatus::Changed,
                kind: "aws_vpc_endpoint".to_owned(),
                id: id.to_owned(),
                scope: Scope::new("123456789012", "eu-central-1"),
                desired: Some(0),
                reason: None,
                changes: vec![change],
                made: Vec::new(),
                desired_attributes: Attributes::new(),
                live_attributes: Attributes::new(),
            })
        };
        let found = cautions("vpce-1", "/policy");
        assert_eq!((found.len(), found[0].scope.id.as_deref()), (1, Some("vpce-1")));
        assert!(found[0].detail.contains("aws_vpc_endpoint_policy.s3"), "{}", found[0].detail);
        assert!(cautions("vpce-1", "/tags/a").is_empty() && cautions("vpce-2", "/policy").is_empty());
    }

    #[test]
    fn every_name_is_the_providers() {
        for (child, parent, id, attribute, part) in CHILDREN {
            let child_schema = schema::of(child).unwrap_or_else(|| panic!("{child}"));
            let has = |name: &str| child_schema.block.attributes.contains_key(name);
            let all = match part {
                Part::Value(name) => has(name),
                Part::Block(keys) => keys.iter().all(|(_, name)| has(name)),
                Part::Whole => true,
            };
            assert!(has(id) && all, "{child}: {id}, {part:?}");
            let parent_schema = schema::of(parent).unwrap_or_else(|| panic!("{parent}"));
            let block = &parent_schema.block;
            assert!(
                block.attributes.contains_key(*attribute) || block.blocks.contains_key(*attribute),
                "{parent}.{attribute}"
            );
        }
    }
}
