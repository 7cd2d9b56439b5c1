//! Children that no reader reads still own their piece of a parent: an interface shows the groups that an
//! attachment resource gave it. By the state alone, from the documentation of each type in the AWS provider.

use serde_json::Value;

use crate::model::{Attributes, OwnedField};

/// Child type, parent type, child's attribute that names the parent, parent's attribute, child's attribute that is the
/// element (`None`: the whole attribute).
type Row = (&'static str, &'static str, &'static str, &'static str, Option<&'static str>);

const CHILDREN: &[Row] = &[
    ("aws_network_interface_attachment", "aws_network_interface", "network_interface_id", "attachment", None),
    (
        "aws_network_interface_sg_attachment",
        "aws_network_interface",
        "network_interface_id",
        "security_groups",
        Some("security_group_id"),
    ),
    // Both ids are ACCOUNT:NAME.
    ("aws_s3control_access_point_policy", "aws_s3_access_point", "id", "policy", None),
    ("aws_vpc_endpoint_policy", "aws_vpc_endpoint", "vpc_endpoint_id", "policy", None),
    (
        "aws_vpc_endpoint_security_group_association",
        "aws_vpc_endpoint",
        "vpc_endpoint_id",
        "security_group_ids",
        Some("security_group_id"),
    ),
    ("aws_vpc_endpoint_subnet_association", "aws_vpc_endpoint", "vpc_endpoint_id", "subnet_configuration", None),
    ("aws_vpc_endpoint_subnet_association", "aws_vpc_endpoint", "vpc_endpoint_id", "subnet_ids", Some("subnet_id")),
    ("aws_vpc_ipv6_cidr_block_association", "aws_vpc", "vpc_id", "assign_generated_ipv6_cidr_block", None),
    ("aws_vpc_ipv6_cidr_block_association", "aws_vpc", "vpc_id", "ipv6_cidr_block", None),
    ("aws_vpc_ipv6_cidr_block_association", "aws_vpc", "vpc_id", "ipv6_cidr_block_network_border_group", None),
    (
        "aws_vpn_gateway_route_propagation",
        "aws_route_table",
        "route_table_id",
        "propagating_vgws",
        Some("vpn_gateway_id"),
    ),
    (
        "aws_vpn_gateway_route_propagation",
        "aws_default_route_table",
        "route_table_id",
        "propagating_vgws",
        Some("vpn_gateway_id"),
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
    rows.filter_map(|&(_, parent_kind, id, attribute, element)| {
        let element = match element {
            Some(name) => Some(Value::from(text(name)?)),
            None => None,
        };
        Some(OwnedField { parent_kind, parent_id: text(id)?.to_owned(), attribute, element })
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::schema;

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
    fn every_name_is_the_providers() {
        for (child, parent, id, attribute, element) in CHILDREN {
            let child_schema = schema::of(child).unwrap_or_else(|| panic!("{child}"));
            let has = |name: &str| child_schema.block.attributes.contains_key(name);
            assert!(has(id) && element.is_none_or(has), "{child}: {id}, {element:?}");
            let parent_schema = schema::of(parent).unwrap_or_else(|| panic!("{parent}"));
            let block = &parent_schema.block;
            assert!(
                block.attributes.contains_key(*attribute) || block.blocks.contains_key(*attribute),
                "{parent}.{attribute}"
            );
        }
    }
}
