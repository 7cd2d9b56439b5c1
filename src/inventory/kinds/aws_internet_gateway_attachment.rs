//! `aws_internet_gateway_attachment`, id `igw-...:vpc-...`: owns `vpc_id` of its gateway.

use async_trait::async_trait;
use aws_sdk_ec2::types::InternetGateway;
use serde_json::json;

use super::aws_internet_gateway;
use super::ec2::{self, single};
use crate::aws::ReadError;
use crate::inventory::value::{attributes, text};
use crate::inventory::{Kind, ListRequest, Listed, ScopeReader};
use crate::model::{Attributes, Live, OwnedField, Owner, PriorState};

pub(super) struct AwsInternetGatewayAttachment;

const GATEWAY: &str = "aws_internet_gateway";

#[async_trait]
impl Kind for AwsInternetGatewayAttachment {
    fn name(&self) -> &'static str {
        "aws_internet_gateway_attachment"
    }

    fn actions(&self) -> &'static [&'static str] {
        &["ec2:DescribeInternetGateways"]
    }

    async fn list(&self, aws: &ScopeReader, request: &ListRequest<'_>) -> Result<Listed, ReadError> {
        if request.desired.is_empty() {
            return Ok(Listed::default());
        }
        Ok(ec2::internet_gateways(aws).await?.iter().filter_map(live).collect())
    }

    async fn read(&self, aws: &ScopeReader, prior: &PriorState<'_>) -> Result<Option<Live>, ReadError> {
        let Some((gateway, _)) = prior.id.split_once(':') else {
            return Err(ReadError::unexpected("ec2:DescribeInternetGateways", "the id is not of the form GATEWAY:VPC"));
        };
        let gateway = single::internet_gateway(aws, gateway).await?;
        Ok(gateway.and_then(|gateway| live(&gateway)).filter(|live| live.id == prior.id))
    }

    fn owned_fields(&self, attributes: &Attributes) -> Vec<OwnedField> {
        let parent_id = text(attributes, "internet_gateway_id").to_owned();
        // Only for the VPC it attaches: a gateway that lost its VPC shows that itself, as Terraform's refresh does.
        let element = attributes.get("vpc_id").cloned();
        vec![OwnedField { parent_kind: GATEWAY, parent_id, attribute: "vpc_id", element }]
    }
}

/// The attachment of a gateway, if it has one.
fn live(gateway: &InternetGateway) -> Option<Live> {
    let (id, vpc) = (gateway.internet_gateway_id()?, aws_internet_gateway::vpc(gateway)?);
    let own_id = format!("{id}:{vpc}");
    let values = json!({"id": own_id, "internet_gateway_id": id, "vpc_id": vpc});
    let owner = Owner::Parent { kind: GATEWAY, id: id.to_owned() };
    Some(Live { id: own_id, attributes: attributes(values), owner })
}
