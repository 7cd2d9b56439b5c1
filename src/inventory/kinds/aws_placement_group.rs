//! `aws_placement_group`. One that nobody declares costs nothing and opens nothing: unmanaged ones are looked for only
//! where a source declares groups of its own.

use async_trait::async_trait;
use aws_sdk_ec2::types::{PlacementGroup, PlacementGroupState};
use serde_json::json;

use super::ec2::single;
use crate::aws::ReadError;
use crate::inventory::value::{attributes, ec2_tags};
use crate::inventory::{Kind, ListRequest, Listed, ScopeReader};
use crate::model::{Live, Owner, PriorState};

pub(super) struct AwsPlacementGroup;

#[async_trait]
impl Kind for AwsPlacementGroup {
    fn name(&self) -> &'static str {
        "aws_placement_group"
    }

    fn actions(&self) -> &'static [&'static str] {
        &["ec2:DescribePlacementGroups"]
    }

    async fn list(&self, aws: &ScopeReader, request: &ListRequest<'_>) -> Result<Listed, ReadError> {
        if request.desired.is_empty() {
            return Ok(Listed::default());
        }
        let answer = aws.call("ec2:DescribePlacementGroups", aws.ec2().describe_placement_groups().send()).await?;
        let there = answer.placement_groups().iter().filter(|group| is_there(group));
        Ok(there.map(|group| live(aws, group)).collect())
    }

    async fn read(&self, aws: &ScopeReader, prior: &PriorState<'_>) -> Result<Option<Live>, ReadError> {
        let group = single::placement_group(aws, prior.id).await?;
        Ok(group.filter(|group| is_there(group)).map(|group| live(aws, &group)))
    }
}

fn is_there(group: &PlacementGroup) -> bool {
    group.state() != Some(&PlacementGroupState::Deleted)
}

fn live(aws: &ScopeReader, group: &PlacementGroup) -> Live {
    let name = group.group_name().unwrap_or_default();
    let values = json!({
        "arn": aws.arn("ec2", &format!("placement-group/{name}")),
        "id": name,
        "name": name,
        "partition_count": group.partition_count(),
        "placement_group_id": group.group_id(),
        "spread_level": group.spread_level().map(|level| level.as_str()),
        "strategy": group.strategy().map(|strategy| strategy.as_str()),
        "tags_all": ec2_tags(group.tags()),
    });
    // Made by a service on the account's behalf.
    let service = group.operator().and_then(|operator| operator.managed()) == Some(true);
    let owner = if service { Owner::Aws("placement group of an AWS service") } else { Owner::None };
    Live { id: name.to_owned(), attributes: attributes(values), owner }
}
