//! `aws_customer_gateway`. A deleted one stays in AWS's listing for a while.

use async_trait::async_trait;
use aws_sdk_ec2::types::CustomerGateway;
use serde_json::json;

use super::ec2::single;
use super::network;
use crate::aws::ReadError;
use crate::inventory::value::{attributes, ec2_tags};
use crate::inventory::{Kind, ListRequest, Listed, ScopeReader};
use crate::model::{Live, Owner, PriorState};

pub(super) struct AwsCustomerGateway;

const ACTION: &str = "ec2:DescribeCustomerGateways";

#[async_trait]
impl Kind for AwsCustomerGateway {
    fn name(&self) -> &'static str {
        "aws_customer_gateway"
    }

    fn actions(&self) -> &'static [&'static str] {
        &[ACTION]
    }

    /// AWS answers with all of them at once: this listing has no pages.
    async fn list(&self, aws: &ScopeReader, _request: &ListRequest<'_>) -> Result<Listed, ReadError> {
        let answer = aws.call(ACTION, aws.ec2().describe_customer_gateways().send()).await?;
        let there = answer.customer_gateways().iter().filter(|gateway| is_there(gateway));
        Ok(there.map(|gateway| live(aws, gateway)).collect())
    }

    async fn read(&self, aws: &ScopeReader, prior: &PriorState<'_>) -> Result<Option<Live>, ReadError> {
        let gateway = single::customer_gateway(aws, prior.id).await?;
        Ok(gateway.filter(|gateway| is_there(gateway)).map(|gateway| live(aws, &gateway)))
    }
}

fn is_there(gateway: &CustomerGateway) -> bool {
    !network::gone(gateway.state().unwrap_or_default())
}

fn live(aws: &ScopeReader, gateway: &CustomerGateway) -> Live {
    let id = gateway.customer_gateway_id().unwrap_or_default();
    let values = json!({
        "arn": network::arn(aws, None, &format!("customer-gateway/{id}")),
        "bgp_asn": gateway.bgp_asn(),
        "bgp_asn_extended": gateway.bgp_asn_extended(),
        "certificate_arn": gateway.certificate_arn(),
        "device_name": gateway.device_name(),
        "id": id,
        "ip_address": gateway.ip_address(),
        "tags_all": ec2_tags(gateway.tags()),
        "type": gateway.r#type(),
    });
    Live { id: id.to_owned(), attributes: attributes(values), owner: Owner::None }
}
