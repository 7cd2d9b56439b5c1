//! `aws_egress_only_internet_gateway`.

use async_trait::async_trait;
use aws_sdk_ec2::types::EgressOnlyInternetGateway;
use serde_json::json;

use super::ec2;
use crate::aws::ReadError;
use crate::inventory::value::{attributes, ec2_tags};
use crate::inventory::{Kind, ListRequest, Listed, ScopeReader};
use crate::model::{Live, Owner, PriorState};

pub(super) struct AwsEgressOnlyInternetGateway;

#[async_trait]
impl Kind for AwsEgressOnlyInternetGateway {
    fn name(&self) -> &'static str {
        "aws_egress_only_internet_gateway"
    }

    fn actions(&self) -> &'static [&'static str] {
        &["ec2:DescribeEgressOnlyInternetGateways"]
    }

    async fn list(&self, aws: &ScopeReader, _request: &ListRequest<'_>) -> Result<Listed, ReadError> {
        Ok(ec2::egress_only_internet_gateways(aws).await?.iter().map(live).collect())
    }

    async fn read(&self, aws: &ScopeReader, prior: &PriorState<'_>) -> Result<Option<Live>, ReadError> {
        let call = aws.ec2().describe_egress_only_internet_gateways().egress_only_internet_gateway_ids(prior.id).send();
        let (action, absent) = ("ec2:DescribeEgressOnlyInternetGateways", ["InvalidGatewayID.NotFound"]);
        let gateways = ec2::items(aws, action, call, &absent, |answer| answer.egress_only_internet_gateways).await?;
        // An unknown id is answered with an empty list, too, and so is any other on some endpoints: compare it.
        let is_it = |gateway: &&EgressOnlyInternetGateway| gateway.egress_only_internet_gateway_id() == Some(prior.id);
        Ok(gateways.iter().find(is_it).map(live))
    }
}

fn live(gateway: &EgressOnlyInternetGateway) -> Live {
    let id = gateway.egress_only_internet_gateway_id().unwrap_or_default();
    let values = json!({
        "id": id,
        "tags_all": ec2_tags(gateway.tags()),
        "vpc_id": gateway.attachments().first().and_then(|attachment| attachment.vpc_id()),
    });
    Live { id: id.to_owned(), attributes: attributes(values), owner: Owner::None }
}
