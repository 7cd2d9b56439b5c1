//! `aws_vpc_dhcp_options_association`: which DHCP options a VPC has. Another set is another association.

use async_trait::async_trait;
use aws_sdk_ec2::types::Vpc;
use serde_json::json;

use super::aws_main_route_table_association::link_of_vpc;
use super::ec2::{self, single};
use crate::aws::ReadError;
use crate::inventory::value::{attributes, text};
use crate::inventory::{Kind, ListRequest, Listed, ScopeReader};
use crate::model::{Attributes, Live, OwnedField, Owner, PriorState};

pub(super) struct AwsVpcDhcpOptionsAssociation;

#[async_trait]
impl Kind for AwsVpcDhcpOptionsAssociation {
    fn name(&self) -> &'static str {
        "aws_vpc_dhcp_options_association"
    }

    fn actions(&self) -> &'static [&'static str] {
        &["ec2:DescribeVpcs"]
    }

    async fn list(&self, aws: &ScopeReader, request: &ListRequest<'_>) -> Result<Listed, ReadError> {
        if request.desired.is_empty() {
            return Ok(Listed::default());
        }
        let vpcs = ec2::vpcs(aws).await?;
        let found = request.desired.iter().filter_map(|prior| {
            let known = prior.attributes();
            let vpc = vpcs.iter().find(|vpc| vpc.vpc_id() == Some(text(&known, "vpc_id")))?;
            live(prior.id, &known, vpc)
        });
        Ok(found.collect())
    }

    async fn read(&self, aws: &ScopeReader, prior: &PriorState<'_>) -> Result<Option<Live>, ReadError> {
        let known = prior.attributes();
        let (id, options) = (text(&known, "vpc_id"), text(&known, "dhcp_options_id"));
        if id.is_empty() || options.is_empty() {
            return Err(ReadError::unexpected("ec2:DescribeVpcs", "the state names no VPC or no DHCP options"));
        }
        Ok(single::vpc(aws, id).await?.and_then(|vpc| live(prior.id, &known, &vpc)))
    }

    fn owned_fields(&self, attributes: &Attributes) -> Vec<OwnedField> {
        link_of_vpc(attributes, "dhcp_options_id")
    }
}

/// The association, if the VPC has the options that it names.
fn live(id: &str, known: &Attributes, vpc: &Vpc) -> Option<Live> {
    let (vpc_id, options) = (vpc.vpc_id()?, text(known, "dhcp_options_id"));
    let values = json!({"dhcp_options_id": options, "id": id, "vpc_id": vpc_id});
    let owner = Owner::Parent { kind: "aws_vpc", id: vpc_id.to_owned() };
    let live = Live { id: id.to_owned(), attributes: attributes(values), owner };
    (vpc.dhcp_options_id() == Some(options)).then_some(live)
}
