//! `aws_ec2_tag`: one tag of something that this code does not manage as a whole. Only the desired ones are read.

use std::collections::{BTreeSet, HashSet};

use async_trait::async_trait;
use aws_sdk_ec2::types::{Filter, TagDescription};
use serde_json::json;

use crate::aws::ReadError;
use crate::inventory::value::{attributes, text};
use crate::inventory::{Kind, ListRequest, Listed, ScopeReader};
use crate::model::{Attributes, CompareRules, Live, OwnedField, Owner, PriorState};

pub(super) struct AwsEc2Tag;

/// Values of one filter: <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeTags.html>.
const FILTER_VALUES: usize = 200;

#[async_trait]
impl Kind for AwsEc2Tag {
    fn name(&self) -> &'static str {
        "aws_ec2_tag"
    }

    fn actions(&self) -> &'static [&'static str] {
        &["ec2:DescribeTags"]
    }

    fn compare_rules(&self) -> CompareRules {
        CompareRules::default()
    }

    async fn list(&self, aws: &ScopeReader, request: &ListRequest<'_>) -> Result<Listed, ReadError> {
        let resources: BTreeSet<String> =
            request.desired.iter().map(|one| text(&one.attributes(), "resource_id").to_owned()).collect();
        let resources: Vec<String> = resources.into_iter().collect();
        let mut tags = Vec::new();
        for some in resources.chunks(FILTER_VALUES) {
            tags.extend(read(aws, vec![filter("resource-id", some)]).await?);
        }
        let ids: HashSet<&str> = request.desired.iter().map(|desired| desired.id.as_str()).collect();
        let live = tags.iter().map(live).filter(|live| ids.contains(live.id.as_str()));
        Ok(live.collect::<Vec<_>>().into())
    }

    async fn exists(&self, aws: &ScopeReader, desired: &PriorState<'_>) -> Result<bool, ReadError> {
        let attributes = desired.attributes();
        let by = |filter_name, name| filter(filter_name, &[text(&attributes, name).to_owned()]);
        Ok(!read(aws, vec![by("resource-id", "resource_id"), by("key", "key")]).await?.is_empty())
    }

    fn owned_fields(&self, attributes: &Attributes) -> Vec<OwnedField> {
        // Whatever kind it is that has the tag.
        let part = |attribute| OwnedField {
            parent_kind: "*",
            parent_id: text(attributes, "resource_id").to_owned(),
            attribute,
            element: Some(text(attributes, "key").into()),
        };
        ["tags", "tags_all"].map(part).into()
    }
}

fn live(tag: &TagDescription) -> Live {
    let (resource, key) = (tag.resource_id().unwrap_or_default(), tag.key().unwrap_or_default());
    let id = format!("{resource},{key}");
    let values = json!({"id": id, "key": key, "resource_id": resource, "value": tag.value()});
    let owner = Owner::Parent { kind: "*", id: resource.to_owned() };
    Live { id, attributes: attributes(values), owner }
}

fn filter(name: &str, values: &[String]) -> Filter {
    Filter::builder().name(name).set_values(Some(values.to_vec())).build()
}

async fn read(aws: &ScopeReader, filters: Vec<Filter>) -> Result<Vec<TagDescription>, ReadError> {
    let call = aws.ec2().describe_tags().set_filters(Some(filters));
    aws.pages("ec2:DescribeTags", call.into_paginator().page_size(1000).items().send()).await
}
