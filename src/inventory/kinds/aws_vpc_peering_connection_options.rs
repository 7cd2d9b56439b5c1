//! `aws_vpc_peering_connection_options`: the DNS options of a peering connection, which shows them too.

use async_trait::async_trait;
use aws_sdk_ec2::types::VpcPeeringConnection;
use serde_json::json;

use super::aws_vpc_peering_connection as peering;
use super::ec2::{self, single};
use crate::aws::ReadError;
use crate::inventory::value::attributes;
use crate::inventory::{Kind, ListRequest, Listed, ScopeReader};
use crate::model::{Live, Owner, PriorState};

pub(super) struct AwsVpcPeeringConnectionOptions;

#[async_trait]
impl Kind for AwsVpcPeeringConnectionOptions {
    fn name(&self) -> &'static str {
        "aws_vpc_peering_connection_options"
    }

    fn actions(&self) -> &'static [&'static str] {
        &["ec2:DescribeVpcPeeringConnections"]
    }

    async fn list(&self, aws: &ScopeReader, request: &ListRequest<'_>) -> Result<Listed, ReadError> {
        if request.desired.is_empty() {
            return Ok(Listed::default());
        }
        let all = ec2::vpc_peering_connections(aws).await?;
        Ok(all.iter().filter(|peering| peering::is_there(peering)).map(live).collect())
    }

    async fn read(&self, aws: &ScopeReader, prior: &PriorState<'_>) -> Result<Option<Live>, ReadError> {
        let connection = single::vpc_peering_connection(aws, prior.id).await?;
        Ok(connection.filter(|connection| peering::is_there(connection)).map(|connection| live(&connection)))
    }
}

fn live(connection: &VpcPeeringConnection) -> Live {
    let id = connection.vpc_peering_connection_id().unwrap_or_default();
    let values = json!({
        "accepter": peering::options(connection.accepter_vpc_info()),
        "id": id,
        "requester": peering::options(connection.requester_vpc_info()),
        "vpc_peering_connection_id": id,
    });
    let owner = Owner::Parent { kind: "aws_vpc_peering_connection", id: id.to_owned() };
    Live { id: id.to_owned(), attributes: attributes(values), owner }
}
