//! `aws_vpn_gateway`. A deleted one stays in AWS's listing for a while.

use async_trait::async_trait;
use aws_sdk_ec2::types::{AttachmentStatus, VpnGateway};
use serde_json::json;

use super::ec2::single;
use super::network;
use crate::aws::ReadError;
use crate::inventory::value::{attributes, ec2_tags};
use crate::inventory::{Kind, ListRequest, Listed, ScopeReader};
use crate::model::{Live, Owner, PriorState};

pub(super) struct AwsVpnGateway;

const ACTION: &str = "ec2:DescribeVpnGateways";

#[async_trait]
impl Kind for AwsVpnGateway {
    fn name(&self) -> &'static str {
        "aws_vpn_gateway"
    }

    fn actions(&self) -> &'static [&'static str] {
        &[ACTION]
    }

    /// AWS answers with all of them at once: this listing has no pages.
    async fn list(&self, aws: &ScopeReader, _request: &ListRequest<'_>) -> Result<Listed, ReadError> {
        let answer = aws.call(ACTION, aws.ec2().describe_vpn_gateways().send()).await?;
        let there = answer.vpn_gateways().iter().filter(|gateway| is_there(gateway));
        Ok(there.map(|gateway| live(aws, gateway)).collect())
    }

    async fn read(&self, aws: &ScopeReader, prior: &PriorState<'_>) -> Result<Option<Live>, ReadError> {
        let gateway = single::vpn_gateway(aws, prior.id).await?;
        Ok(gateway.filter(|gateway| is_there(gateway)).map(|gateway| live(aws, &gateway)))
    }
}

fn is_there(gateway: &VpnGateway) -> bool {
    !gateway.state().is_some_and(|state| network::gone(state.as_str()))
}

fn live(aws: &ScopeReader, gateway: &VpnGateway) -> Live {
    let id = gateway.vpn_gateway_id().unwrap_or_default();
    let attached = gateway.vpc_attachments().iter().find(|one| one.state() == Some(&AttachmentStatus::Attached));
    let values = json!({
        "amazon_side_asn": gateway.amazon_side_asn().unwrap_or_default().to_string(),
        "arn": network::arn(aws, None, &format!("vpn-gateway/{id}")),
        "id": id,
        "tags_all": ec2_tags(gateway.tags()),
        "vpc_id": attached.and_then(|attachment| attachment.vpc_id()),
    });
    let mut attributes = attributes(values);
    // AWS mostly keeps the zone to itself: Terraform then keeps what was declared.
    if let Some(zone) = gateway.availability_zone().filter(|zone| !zone.is_empty()) {
        attributes.insert("availability_zone".to_owned(), json!(zone));
    }
    Live { id: id.to_owned(), attributes, owner: Owner::None }
}
