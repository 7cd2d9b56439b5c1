//! `aws_ec2_tag`: one tag of something that this code does not manage as a whole. Only the declared ones are read.

use std::collections::BTreeSet;

use async_trait::async_trait;
use aws_sdk_ec2::types::{Filter, TagDescription};
use serde_json::json;

use crate::aws::ReadError;
use crate::inventory::value::{attributes, text};
use crate::inventory::{Kind, ListRequest, Listed, ScopeReader};
use crate::model::{Attributes, Live, OwnedField, Owner, PriorState};

pub(super) struct AwsEc2Tag;

const ACTION: &str = "ec2:DescribeTags";

/// Values of one filter: <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeTags.html>.
const FILTER_VALUES: usize = 200;

#[async_trait]
impl Kind for AwsEc2Tag {
    fn name(&self) -> &'static str {
        "aws_ec2_tag"
    }

    fn actions(&self) -> &'static [&'static str] {
        &[ACTION]
    }

    async fn list(&self, aws: &ScopeReader, request: &ListRequest<'_>) -> Result<Listed, ReadError> {
        let resources: BTreeSet<String> = request.desired.iter().map(resource_of).collect();
        let resources: Vec<String> = resources.into_iter().collect();
        let mut tags = Vec::new();
        for some in resources.chunks(FILTER_VALUES) {
            tags.extend(tags_of(aws, some).await?);
        }
        // The others are the resources' own.
        Ok(tags.iter().map(live).filter(|live| request.declares(&live.id)).collect())
    }

    /// Among all tags of the resource: a filter takes `*` and `?` of a key for more than themselves.
    async fn read(&self, aws: &ScopeReader, prior: &PriorState<'_>) -> Result<Option<Live>, ReadError> {
        let resource = resource_of(prior);
        let tags = aws.cached_for(ACTION, &resource, || tags_of(aws, std::slice::from_ref(&resource))).await?;
        Ok(tags.iter().map(live).find(|live| live.id == prior.id))
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

/// The state's resource, or the id up to the comma: `vpc-...,Name`.
fn resource_of(prior: &PriorState<'_>) -> String {
    let state = prior.attributes();
    match text(&state, "resource_id") {
        "" => prior.id.split_once(',').map_or(prior.id, |(resource, _)| resource).to_owned(),
        resource => resource.to_owned(),
    }
}

async fn tags_of(aws: &ScopeReader, resources: &[String]) -> Result<Vec<TagDescription>, ReadError> {
    let filter = Filter::builder().name("resource-id").set_values(Some(resources.to_vec())).build();
    let call = aws.ec2().describe_tags().filters(filter);
    aws.pages(ACTION, call.into_paginator().page_size(1000).items().send()).await
}
