//! Places of resources that say nothing of their own: those of what they are part of, in whatever source that stands (a rule is
//! where its group is), and what the configuration says of their source. Pure; what nothing shows stays `None`.

use std::collections::HashMap;

use serde_json::Value;

use super::locate::is_global;
use crate::model::{Attributes, Desired, is_unique_id};

/// Attributes that name what a resource is part of: the same account, the same region.
const PART_OF: &[&str] = &[
    "allocation_id",
    "instance_id",
    "network_acl_id",
    "network_interface_id",
    "route_table_id",
    "security_group_id",
    "volume_id",
];

/// Attributes that name a neighbour: the same region, but shared by another account perhaps.
const BESIDE: &[&str] = &[
    "dhcp_options_id",
    "image_id",
    "internet_gateway_id",
    "prefix_list_id",
    // A tag on a shared subnet is each account's own.
    "resource_id",
    "snapshot_id",
    "subnet_id",
    "transit_gateway_attachment_id",
    "transit_gateway_id",
    "transit_gateway_route_table_id",
    // The consumer's, where a service accepts it.
    "vpc_endpoint_id",
    "vpc_id",
];

/// Attributes that name the IAM principal or the bucket that a resource is a part of, and the type of that.
const NAMED: &[(&str, &str, &str)] = &[
    ("aws_iam_", "group", "aws_iam_group"),
    ("aws_iam_", "role", "aws_iam_role"),
    ("aws_iam_", "user", "aws_iam_user"),
    ("aws_s3_", "bucket", "aws_s3_bucket"),
];

/// Fills in what references show.
pub(super) fn locate(resources: &mut [Desired]) {
    let known = Known::of(resources);
    let found: Vec<_> = resources.iter().map(|resource| known.place(resource)).collect();
    for (resource, (account, region)) in resources.iter_mut().zip(found) {
        resource.account = resource.account.take().or(account);
        resource.region = resource.region.take().or(region);
    }
}

/// Does the resource, found where it was looked for by guess, prove by that that it is there? An id that AWS gives out once, a
/// bucket's name, or a part of something with such an id.
pub(crate) fn is_proof(resource: &Desired) -> bool {
    let attributes = resource.attributes();
    is_unique_id(&resource.id)
        || is_access_key(&resource.id)
        || resource.kind.starts_with("aws_s3_") && &*resource.kind != "aws_s3_account_public_access_block"
        || PART_OF.iter().chain(BESIDE).filter_map(|name| text(&attributes, name)).any(is_unique_id)
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids>
fn is_access_key(id: &str) -> bool {
    id.starts_with("AKIA") && id.len() >= 16
}

/// Places by unique id, and by the source, provider configuration, type and name of what has no such id. `None`: there are several.
struct Known<'a> {
    by_id: HashMap<&'a str, Option<Place<'a>>>,
    by_name: HashMap<Name<'a>, Option<Place<'a>>>,
}

/// Account and region.
type Place<'a> = (Option<&'a str>, Option<&'a str>);
/// Source, module and alias of the provider configuration, type, name: another configuration exists to be another place.
type Name<'a> = (usize, Option<&'a str>, Option<&'a str>, &'a str, &'a str);

impl<'a> Known<'a> {
    fn of(resources: &'a [Desired]) -> Self {
        let mut known = Self { by_id: HashMap::new(), by_name: HashMap::new() };
        for resource in resources.iter().filter(|one| one.account.is_some() || one.region.is_some()) {
            let place = (resource.account.as_deref(), resource.region.as_deref());
            let entry = if is_unique_id(&resource.id) {
                known.by_id.entry(&resource.id).or_insert(Some(place))
            } else if NAMED.iter().any(|(.., kind)| *kind == &*resource.kind) {
                known.by_name.entry(name_of(resource, &resource.kind, &resource.id)).or_insert(Some(place))
            } else {
                continue;
            };
            *entry = entry.filter(|known| *known == place);
        }
        known
    }

    /// Account and region, as far as they are not known yet.
    fn place(&self, resource: &Desired) -> (Option<String>, Option<String>) {
        let wants_region = resource.region.is_none() && !is_global(&resource.kind);
        if !resource.provider.is_aws() || resource.account.is_some() && !wants_region {
            return (None, None);
        }
        let attributes = resource.attributes();
        let by_id = |names: &'static [&'static str]| {
            names.iter().filter_map(|name| text(&attributes, name)).filter_map(|id| *self.by_id.get(id)?)
        };
        let by_name = NAMED
            .iter()
            .filter(|(prefix, ..)| resource.kind.starts_with(prefix))
            .filter_map(|(_, name, kind)| *self.by_name.get(&name_of(resource, kind, text(&attributes, name)?))?);
        let owners: Vec<Place<'_>> = by_id(PART_OF).chain(by_name).collect();
        let account = owners.iter().find_map(|(account, _)| account.map(str::to_owned));
        let region = owners.into_iter().chain(by_id(BESIDE)).find_map(|(_, region)| region.map(str::to_owned));
        (account, region.filter(|_| wants_region))
    }
}

fn name_of<'a>(resource: &'a Desired, kind: &'a str, name: &'a str) -> Name<'a> {
    let provider = &resource.provider;
    (resource.source, provider.module.as_deref(), provider.alias.as_deref(), kind, name)
}

fn text<'a>(attributes: &'a Attributes, name: &str) -> Option<&'a str> {
    attributes.get(name).and_then(Value::as_str).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::desired::tfstate;

    fn resources(all: &[(&str, Value)]) -> Vec<Desired> {
        let of = |(kind, attributes): &(&str, Value)| {
            json!({"mode": "managed", "type": kind, "name": "x", "provider": "provider[\"registry.terraform.io/hashicorp/aws\"]",
                "instances": [{"schema_version": 0, "attributes": attributes}]})
        };
        let state = json!({"version": 4, "resources": all.iter().map(of).collect::<Vec<_>>()});
        tfstate::read(state.to_string().as_bytes(), "test").unwrap().resources
    }

    #[test]
    fn a_part_is_where_its_whole_is() {
        let mut all = resources(&[
            ("aws_security_group", json!({"id": "sg-0a1b2c3d4e5f60718"})),
            ("aws_security_group_rule", json!({"id": "sgrule-1", "security_group_id": "sg-0a1b2c3d4e5f60718"})),
            ("aws_iam_user", json!({"id": "ops", "name": "ops"})),
            ("aws_iam_user_policy_attachment", json!({"id": "ops-1", "user": "ops"})),
            ("aws_iam_user_policy_attachment", json!({"id": "dev-1", "user": "dev"})),
            ("aws_route_table", json!({"id": "rtb-0a1b2c3d", "vpc_id": "vpc-0a1b2c3d"})),
        ]);
        for one in &mut all {
            let is_known = matches!(&*one.kind, "aws_security_group" | "aws_iam_user");
            (one.account, one.region) =
                if is_known { (Some("111122223333".to_owned()), Some("eu-west-1".to_owned())) } else { (None, None) };
        }
        locate(&mut all);
        let places: Vec<_> = all.iter().map(|one| (one.account.as_deref(), one.region.as_deref())).collect();
        let (account, region) = (Some("111122223333"), Some("eu-west-1"));
        assert_eq!(
            places,
            [(account, region), (account, region), (account, region), (account, None), (None, None), (None, None)]
        );
    }

    /// Another provider configuration is another place; two places for one id are none.
    #[test]
    fn what_is_ambiguous_shows_nothing() {
        let mut all = resources(&[
            ("aws_iam_user", json!({"id": "ops", "name": "ops"})),
            ("aws_iam_user_policy_attachment", json!({"id": "ops-1", "user": "ops"})),
            ("aws_security_group", json!({"id": "sg-0a1b2c3d"})),
            ("aws_security_group", json!({"id": "sg-0a1b2c3d"})),
            ("aws_security_group_rule", json!({"id": "sgrule-1", "security_group_id": "sg-0a1b2c3d"})),
        ]);
        for one in &mut all {
            (one.account, one.region) = (None, None);
        }
        all[1].provider.alias = Some("dev".to_owned());
        all[0].account = Some("111122223333".to_owned());
        (all[2].region, all[3].region) = (Some("eu-west-1".to_owned()), Some("us-east-1".to_owned()));
        locate(&mut all);
        assert_eq!((&all[1].account, &all[4].region), (&None, &None));
    }

    #[test]
    fn what_proves_its_place_by_being_there() {
        for (kind, attributes, expected) in [
            ("aws_vpc", json!({"id": "vpc-0a1b2c3d"}), true),
            ("aws_s3_bucket_policy", json!({"id": "logs"}), true),
            ("aws_security_group_rule", json!({"id": "sgrule-1", "security_group_id": "sg-0a1b2c3d"}), true),
            ("aws_iam_access_key", json!({"id": "AKIAIOSFODNN7EXAMPLE"}), true),
            ("aws_iam_role", json!({"id": "deploy"}), false),
            ("aws_ebs_encryption_by_default", json!({"id": "terraform-20260101"}), false),
            ("aws_s3_account_public_access_block", json!({"id": "111122223333"}), false),
        ] {
            assert_eq!(is_proof(&resources(&[(kind, attributes)])[0]), expected, "{kind}");
        }
    }
}
