//! What a state tells that driftd does not know or cannot read: schema versions and attributes of providers newer than the
//! newest known one. Everything else of such a resource is compared; what is not compared is one gap per kind, which names it.

use std::collections::BTreeSet;

use serde_json::Value;

use super::canonical::is_empty;
use super::shape;
use crate::model::schema::{Block, NEWEST_PROVIDER_VERSION, Schema, Type};
use crate::model::{Attributes, Gap, GapReason, GapScope};

/// Attributes of provider 6 that AWS's API (as of the SDK in use) does not return, set or not: nothing can be said of them
/// where a state sets them. What Terraform alone knows is excused by the kinds (`CompareRules::not_returned`).
const NOT_READ: &[(&str, &[&str])] = &[("aws_instance", &["secondary_network_interface.private_ip_address_count"])];

/// Names that every type may have and that are no attributes to compare: time limits are Terraform's own, `region` (since
/// provider 6) is where a resource is read.
const ALWAYS_KNOWN: &[&str] = &["id", "region", "tags", "tags_all", "timeouts"];

/// What providers before 5.100.0 had and later ones removed, of the types that have no `region`: on them nothing else tells an
/// old attribute from a new one.
const REMOVED: &[(&str, &str)] = &[("aws_iam_access_key", "ses_smtp_password"), ("aws_iam_instance_profile", "roles")];

/// Takes out what stands at a dotted path, in every element of the lists on its way.
pub(super) fn remove(attributes: &mut Attributes, path: &str) {
    match path.split_once('.') {
        None => {
            attributes.remove(path);
        }
        Some((first, rest)) => match attributes.get_mut(first) {
            Some(Value::Object(block)) => remove(block, rest),
            Some(Value::Array(blocks)) => {
                blocks.iter_mut().filter_map(Value::as_object_mut).for_each(|block| remove(block, rest));
            }
            _ => {}
        },
    }
}

/// What is not compared of one kind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NotCompared {
    /// Attributes that no known provider has, or in a shape that none has.
    pub unknown: BTreeSet<String>,
    /// Schema versions that no known provider writes.
    pub versions: BTreeSet<u64>,
    /// See [`NOT_READ`].
    pub not_read: BTreeSet<String>,
}

impl NotCompared {
    /// Of one resource, whose attributes are in the schema's shape. Those of another shape have to be left out: see
    /// [`shape::misfits`].
    pub fn of(kind: &str, schema: &Schema, version: u64, attributes: &Attributes) -> Self {
        let mut found = Self { not_read: not_read(kind, attributes), ..Self::default() };
        if version > schema.version {
            found.versions.insert(version);
        }
        if is_written_by_6(kind, schema, version, attributes) {
            unknown_keys(&schema.block, attributes, "", &mut found.unknown);
            found.unknown.retain(|name| !REMOVED.contains(&(kind, name)));
            found.unknown.extend(shape::misfits(&schema.block, attributes));
        }
        found
    }

    pub fn extend(&mut self, other: Self) {
        self.unknown.extend(other.unknown);
        self.versions.extend(other.versions);
        self.not_read.extend(other.not_read);
    }

    /// One gap for all of it; `None` when everything is compared.
    pub fn gap(&self, kind: &str) -> Option<Gap> {
        let list = |names: &BTreeSet<String>| Vec::from_iter(names.iter().map(|name| format!("`{name}`"))).join(", ");
        let mut parts = Vec::new();
        if !self.versions.is_empty() {
            let versions = Vec::from_iter(self.versions.iter().map(u64::to_string)).join(", ");
            parts.push(format!("schema version {versions} is newer than AWS provider {NEWEST_PROVIDER_VERSION}"));
        }
        if !self.unknown.is_empty() {
            let known = format!("unknown to AWS provider {NEWEST_PROVIDER_VERSION}");
            parts.push(format!("not compared: {} ({known}; upgrade driftd)", list(&self.unknown)));
        } else if !self.versions.is_empty() {
            parts.push("every attribute is known and compared as before; upgrade driftd".to_owned());
        }
        if !self.not_read.is_empty() {
            parts.push(format!("not compared: {} (AWS does not return it)", list(&self.not_read)));
        }
        let scope = GapScope { kind: Some(kind.to_owned()), ..GapScope::default() };
        (!parts.is_empty()).then(|| Gap { reason: GapReason::Unsupported, scope, detail: parts.join("; ") })
    }
}

/// Older providers' attributes that 5.100.0 dropped are not new. Types without regions bear no mark of provider 6: there every
/// unknown attribute counts, but for [`REMOVED`].
fn is_written_by_6(kind: &str, schema: &Schema, version: u64, attributes: &Attributes) -> bool {
    let has_no_region = kind.starts_with("aws_iam_") || kind == "aws_s3_account_public_access_block";
    has_no_region || schema.is_written_by_6(version, attributes)
}

fn unknown_keys(block: &Block, attributes: &Attributes, path: &str, found: &mut BTreeSet<String>) {
    for (name, value) in attributes {
        let below = || format!("{path}{name}.");
        match (block.attributes.get(name), block.blocks.get(name)) {
            (Some(attribute), _) => unknown_members(&attribute.ty, value, &below(), found),
            (_, Some(nested)) => {
                for object in items(value).filter_map(Value::as_object) {
                    unknown_keys(&nested.block, object, &below(), found);
                }
            }
            (None, None) if path.is_empty() && ALWAYS_KNOWN.contains(&name.as_str()) => {}
            (None, None) => _ = found.insert(format!("{path}{name}")),
        }
    }
}

fn unknown_members(ty: &Type, value: &Value, path: &str, found: &mut BTreeSet<String>) {
    match ty {
        Type::List(inner) | Type::Set(inner) => items(value).for_each(|item| unknown_members(inner, item, path, found)),
        Type::Object(types) => {
            for (name, member) in value.as_object().into_iter().flatten() {
                match types.get(name) {
                    Some(ty) => unknown_members(ty, member, &format!("{path}{name}."), found),
                    None => _ = found.insert(format!("{path}{name}")),
                }
            }
        }
        _ => {}
    }
}

fn not_read(kind: &str, attributes: &Attributes) -> BTreeSet<String> {
    let names = NOT_READ.iter().filter(|(owner, _)| *owner == kind).flat_map(|(_, names)| *names);
    let is_set = |path: &&&str| {
        let (first, rest) = path.split_once('.').map_or((**path, None), |(first, rest)| (first, Some(rest)));
        let mut values = attributes.get(first).into_iter().flat_map(items);
        values.any(|value| !is_empty(rest.map_or(value, |name| value.get(name).unwrap_or(&Value::Null))))
    };
    names.filter(is_set).map(|name| (*name).to_owned()).collect()
}

/// The elements of a list; what is no list is one element.
fn items(value: &Value) -> impl Iterator<Item = &Value> {
    let (list, one) = match value {
        Value::Array(items) => (items.as_slice(), None),
        other => (&[][..], Some(other)),
    };
    list.iter().chain(one)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::schema;

    fn of(kind: &str, version: u64, attributes: Value) -> NotCompared {
        NotCompared::of(kind, &schema::of(kind).unwrap(), version, attributes.as_object().unwrap())
    }

    #[test]
    fn what_is_unknown_goes_from_every_block() {
        let mut attributes = json!({"a": 1, "list": [{"x": 1, "y": 2}, {"x": 3}], "block": {"x": 4, "z": 5}});
        let attributes = attributes.as_object_mut().unwrap();
        ["a", "list.x", "block.x", "none.x"].iter().for_each(|path| remove(attributes, path));
        assert_eq!(serde_json::Value::Object(attributes.clone()), json!({"list": [{"y": 2}, {}], "block": {"z": 5}}));
    }

    fn unknown(kind: &str, version: u64, attributes: Value) -> Vec<String> {
        of(kind, version, attributes).unknown.into_iter().collect()
    }

    #[test]
    fn what_is_new_is_named_and_what_is_old_is_not() {
        assert_eq!(unknown("aws_vpc", 1, json!({"id": "x", "enable_classiclink": false})), [""; 0]);
        assert_eq!(unknown("aws_vpc", 1, json!({"id": "x", "region": "us-east-1", "shiny": null})), ["shiny"]);
        assert_eq!(unknown("aws_vpc", 9, json!({"shiny": 1, "timeouts": null})), ["shiny"]);
        assert_eq!(unknown("aws_iam_role", 0, json!({"shiny": 1, "tags": {}})), ["shiny"]);
        assert_eq!(unknown("aws_iam_access_key", 0, json!({"ses_smtp_password": "x"})), [""; 0]);
        let nested =
            json!({"region": "us-east-1", "cpu_options": [{"core_count": 1, "shiny": 1}], "tags": {"shiny": "1"}});
        assert_eq!(unknown("aws_instance", 2, nested), ["cpu_options.shiny"]);
        let route = json!({"region": "us-east-1", "route": [{"cidr_block": "x", "odb_network_arn": "", "shiny": ""}]});
        assert_eq!(unknown("aws_route_table", 0, route), ["route.shiny"]);
    }

    #[test]
    fn every_attribute_of_6_is_known() {
        let eip = json!({"id": "e", "region": "us-east-1", "tags": {}, "domain": "vpc", "timeouts": null});
        assert_eq!(of("aws_eip", 0, eip).gap("aws_eip"), None);
        let template = json!({"region": "us-east-1", "secondary_interfaces": [], "network_performance_options": []});
        assert_eq!(of("aws_launch_template", 1, template).gap("aws_launch_template"), None);
        let bucket = json!({"region": "us-east-1", "bucket_region": "us-east-1", "bucket_namespace": "global"});
        assert_eq!(of("aws_s3_bucket", 0, bucket).gap("aws_s3_bucket"), None);
    }

    #[test]
    fn what_aws_does_not_return_is_a_gap_where_it_is_set() {
        let with = |count: Value| {
            of("aws_instance", 2, json!({"secondary_network_interface": [{"private_ip_address_count": count}]}))
        };
        assert_eq!(with(Value::Null).gap("aws_instance"), None);
        let gap = with(json!(2)).gap("aws_instance").unwrap();
        assert!(gap.detail.contains("`secondary_network_interface.private_ip_address_count`"), "{}", gap.detail);
    }

    #[test]
    fn one_gap_for_all_resources_of_a_kind() {
        let mut all = of("aws_vpc", 7, json!({"a": 1}));
        all.extend(of("aws_vpc", 8, json!({"b": 1})));
        let gap = all.gap("aws_vpc").unwrap();
        assert_eq!((gap.scope.kind.as_deref(), gap.scope.id), (Some("aws_vpc"), None));
        assert!(gap.detail.contains("`a`, `b`") && gap.detail.contains("7, 8"), "{}", gap.detail);
        assert_eq!(NotCompared::default().gap("aws_vpc"), None);
    }

    #[test]
    fn names_of_the_tables_are_the_providers() {
        for (kind, names) in NOT_READ {
            let block = schema::of(kind).unwrap();
            for name in *names {
                let first = name.split('.').next().unwrap();
                assert!(
                    block.block.attributes.contains_key(first) || block.block.blocks.contains_key(first),
                    "{kind}.{name}"
                );
            }
        }
    }
}
