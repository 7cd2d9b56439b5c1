//! `aws_ec2_tag`: one tag of something that this code does not manage as a whole. Only the desired ones are read.

use std::collections::{BTreeSet, HashSet};

use async_trait::async_trait;
use aws_sdk_ec2::types::{Filter, TagDescription};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use serde_json::json;

use crate::inventory::value::{attributes, text};
use crate::inventory::{Found, Kind, ReadError, Region, Wanted};
use crate::model::{Attributes, Desired, Live, Origin, Part, Shape};

pub(super) struct AwsEc2Tag;

/// Values of one filter: <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeTags.html>.
const FILTER_VALUES: usize = 200;

/// Kinds that show such a tag, by the prefix of the resource's id.
const TAGGED: &[(&str, &[&str])] = &[
    ("acl", &["aws_network_acl", "aws_default_network_acl"]),
    ("ami", &["aws_ami", "aws_ami_copy", "aws_ami_from_instance"]),
    ("dopt", &["aws_vpc_dhcp_options", "aws_default_vpc_dhcp_options"]),
    ("eipalloc", &["aws_eip"]),
    ("eni", &["aws_network_interface"]),
    ("i", &["aws_instance"]),
    ("igw", &["aws_internet_gateway"]),
    ("lt", &["aws_launch_template"]),
    ("nat", &["aws_nat_gateway"]),
    ("pcx", &["aws_vpc_peering_connection", "aws_vpc_peering_connection_accepter"]),
    ("rtb", &["aws_route_table", "aws_default_route_table"]),
    ("sg", &["aws_security_group", "aws_default_security_group"]),
    ("snap", &["aws_ebs_snapshot", "aws_ebs_snapshot_copy"]),
    ("subnet", &["aws_subnet", "aws_default_subnet"]),
    ("tgw", &["aws_ec2_transit_gateway"]),
    ("tgw-attach", &["aws_ec2_transit_gateway_vpc_attachment", "aws_ec2_transit_gateway_peering_attachment"]),
    ("tgw-rtb", &["aws_ec2_transit_gateway_route_table"]),
    ("vol", &["aws_ebs_volume"]),
    ("vpc", &["aws_vpc", "aws_default_vpc"]),
    ("vpce", &["aws_vpc_endpoint"]),
];

#[async_trait]
impl Kind for AwsEc2Tag {
    fn name(&self) -> &'static str {
        "aws_ec2_tag"
    }

    fn actions(&self) -> &'static [&'static str] {
        &["ec2:DescribeTags"]
    }

    fn shape(&self) -> Shape {
        Shape::default()
    }

    async fn list(&self, aws: &Region, wanted: Wanted<'_>) -> Result<Found, ReadError> {
        let resources: BTreeSet<String> =
            wanted.desired.iter().map(|one| text(&one.attributes(), "resource_id").to_owned()).collect();
        let resources: Vec<String> = resources.into_iter().collect();
        let pages: Vec<Vec<TagDescription>> = stream::iter(resources.chunks(FILTER_VALUES))
            .map(|some| read(aws, vec![filter("resource-id", some)]))
            .buffer_unordered(4)
            .try_collect()
            .await?;
        let ids: HashSet<&str> = wanted.desired.iter().map(|desired| desired.id.as_str()).collect();
        let live = pages.iter().flatten().map(live).filter(|live| ids.contains(live.id.as_str()));
        Ok(live.collect::<Vec<_>>().into())
    }

    async fn exists(&self, aws: &Region, desired: &Desired) -> Result<bool, ReadError> {
        let attributes = desired.attributes();
        let by = |filter_name, name| filter(filter_name, &[text(&attributes, name).to_owned()]);
        Ok(!read(aws, vec![by("resource-id", "resource_id"), by("key", "key")]).await?.is_empty())
    }

    fn parts(&self, attributes: &Attributes) -> Vec<Part> {
        let (resource, key) = (text(attributes, "resource_id"), text(attributes, "key"));
        let part = |parent_kind: &'static str, attribute| Part {
            parent_kind,
            parent_id: resource.to_owned(),
            attribute,
            element: Some(key.into()),
        };
        kinds_of(resource).iter().flat_map(|kind| [part(kind, "tags"), part(kind, "tags_all")]).collect()
    }
}

fn live(tag: &TagDescription) -> Live {
    let (resource, key) = (tag.resource_id().unwrap_or_default(), tag.key().unwrap_or_default());
    let id = format!("{resource},{key}");
    let values = json!({"id": id, "key": key, "resource_id": resource, "value": tag.value()});
    let kind = kinds_of(resource).first().copied().unwrap_or("a resource of EC2");
    let origin = Origin::PartOf { kind, id: resource.to_owned() };
    Live { id, attributes: attributes(values), origin }
}

/// Kinds that a resource of this id can be.
fn kinds_of(resource: &str) -> &'static [&'static str] {
    let prefix = resource.rsplit_once('-').map_or("", |(prefix, _)| prefix);
    TAGGED.iter().find(|(known, _)| *known == prefix).map_or(&[], |(_, kinds)| *kinds)
}

fn filter(name: &str, values: &[String]) -> Filter {
    Filter::builder().name(name).set_values(Some(values.to_vec())).build()
}

async fn read(aws: &Region, filters: Vec<Filter>) -> Result<Vec<TagDescription>, ReadError> {
    let call = aws.ec2.describe_tags().set_filters(Some(filters));
    aws.pages("ec2:DescribeTags", call.into_paginator().page_size(1000).items().send()).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_speaks_for_its_key() {
        let tag = attributes(json!({"resource_id": "tgw-attach-0a", "key": "Name", "value": "x"}));
        let parts = AwsEc2Tag.parts(&tag);
        assert_eq!(parts.len(), 4);
        assert!(parts.iter().all(|part| part.element == Some(json!("Name")) && part.parent_id == "tgw-attach-0a"));
        assert_eq!(kinds_of("vpc-1"), ["aws_vpc", "aws_default_vpc"]);
        assert!(kinds_of("cgw-1").is_empty());
    }
}
