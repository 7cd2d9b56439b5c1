//! What AWS provider 6 has that 5.100.0 had not, for the types that are read natively: attributes, blocks, and schema
//! versions that rose. Taken from bindings generated from the schemas of 6.0.0 to 6.66.0; the versions from the provider's
//! source. What 6 removed needs no list: its states have no such key, and a key that a state has not is not compared.
//!
//! `region` is not in it: every regional type got it with 6.0, and it says where to read, not what to compare.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use super::{Block, NestedBlock, Type};

/// The additions of one type.
#[derive(Deserialize)]
struct Additions {
    /// Its schema version, where that rose.
    #[serde(default)]
    version: Option<u64>,
    /// In the form of the embedded schema; a block that 5.100.0 has holds only what is new in it.
    #[serde(default)]
    block: Block,
}

#[expect(clippy::expect_used, reason = "the file is part of the binary, and a test reads it")]
static ADDITIONS: LazyLock<BTreeMap<String, Additions>> = LazyLock::new(|| {
    let parsed = serde_json::from_str(include_str!("../aws-provider-6.66.0.additions.json"));
    parsed.expect("the embedded additions of provider 6 are valid")
});

/// Adds a type's additions to its block; -> its schema version, where that rose.
pub(super) fn lay_over(kind: &str, block: &mut Block) -> Option<u64> {
    let additions = ADDITIONS.get(kind)?;
    merge(block, &additions.block);
    additions.version
}

fn merge(block: &mut Block, more: &Block) {
    for (name, attribute) in &more.attributes {
        match block.attributes.get_mut(name) {
            Some(known) => merge_type(&mut known.ty, &attribute.ty),
            None => _ = block.attributes.insert(name.clone(), attribute.clone()),
        }
    }
    for (name, nested) in &more.blocks {
        match block.blocks.get_mut(name) {
            Some(NestedBlock { block, .. }) => merge(block, &nested.block),
            None => _ = block.blocks.insert(name.clone(), nested.clone()),
        }
    }
}

/// Members of objects come together; for everything else the older type stays.
fn merge_type(known: &mut Type, more: &Type) {
    match (known, more) {
        (
            Type::List(known) | Type::Set(known) | Type::Map(known),
            Type::List(more) | Type::Set(more) | Type::Map(more),
        ) => {
            merge_type(known, more);
        }
        (Type::Object(known), Type::Object(more)) => {
            for (name, ty) in more {
                match known.get_mut(name) {
                    Some(known) => merge_type(known, ty),
                    None => _ = known.insert(name.clone(), ty.clone()),
                }
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Nesting, of};
    use super::*;

    #[test]
    fn every_type_is_one_of_5() {
        for kind in ADDITIONS.keys() {
            assert!(of(kind).is_some(), "{kind}");
        }
    }

    #[test]
    fn additions_lie_over_what_5_had() {
        let instance = of("aws_instance").unwrap();
        assert_eq!((instance.version, instance.version_5), (2, 1));
        assert!(instance.block.attributes["placement_group_id"].computed);
        let cpu = &instance.block.blocks["cpu_options"].block.attributes;
        assert!(cpu.contains_key("core_count") && cpu.contains_key("nested_virtualization"));
        assert_eq!(instance.block.blocks["primary_network_interface"].nesting, Nesting::List);
        let table = of("aws_route_table").unwrap();
        let Type::Set(route) = &table.block.attributes["route"].ty else { panic!("no set") };
        let Type::Object(members) = &**route else { panic!("no object") };
        assert!(members.contains_key("odb_network_arn") && members.contains_key("gateway_id"));
        assert_eq!(of("aws_launch_template").unwrap().version, 1);
        assert_eq!(of("aws_flow_log").unwrap().version, 1);
        assert_eq!(of("aws_vpc").unwrap().version, of("aws_vpc").unwrap().version_5);
    }
}
