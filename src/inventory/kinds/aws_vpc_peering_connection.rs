//! `aws_vpc_peering_connection`. Both ends see one connection: Terraform's view of it turns around at the accepter's.

use async_trait::async_trait;
use aws_sdk_ec2::types::{VpcPeeringConnection, VpcPeeringConnectionVpcInfo};
use serde_json::{Value, json};

use super::ec2::{self, single};
use crate::aws::ReadError;
use crate::inventory::value::{attributes, ec2_tags};
use crate::inventory::{Kind, ListRequest, Listed, ScopeReader};
use crate::model::{CompareRules, Live, Owner, PriorState};

pub(super) struct AwsVpcPeeringConnection;

#[async_trait]
impl Kind for AwsVpcPeeringConnection {
    fn name(&self) -> &'static str {
        "aws_vpc_peering_connection"
    }

    fn actions(&self) -> &'static [&'static str] {
        &["ec2:DescribeVpcPeeringConnections"]
    }

    fn compare_rules(&self) -> CompareRules {
        CompareRules { not_returned: &["auto_accept"], ..CompareRules::default() }
    }

    async fn list(&self, aws: &ScopeReader, _request: &ListRequest<'_>) -> Result<Listed, ReadError> {
        let all = ec2::vpc_peering_connections(aws).await?;
        Ok(all.iter().filter(|peering| is_there(peering)).map(|peering| live(aws, peering)).collect())
    }

    async fn read(&self, aws: &ScopeReader, prior: &PriorState<'_>) -> Result<Option<Live>, ReadError> {
        let peering = single::vpc_peering_connection(aws, prior.id).await?;
        Ok(peering.filter(|peering| is_there(peering)).map(|peering| live(aws, &peering)))
    }
}

/// Over for good: <https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-basics.html#vpc-peering-lifecycle>
pub(super) fn is_there(peering: &VpcPeeringConnection) -> bool {
    let code = peering.status().and_then(|status| status.code()).map(|code| code.as_str()).unwrap_or_default();
    !matches!(code, "deleted" | "deleting" | "expired" | "failed" | "rejected")
}

/// The options of one end, as a block; none before the connection was accepted.
pub(super) fn options(end: Option<&VpcPeeringConnectionVpcInfo>) -> Value {
    match end.and_then(|end| end.peering_options()) {
        Some(options) => {
            json!([{"allow_remote_vpc_dns_resolution": options.allow_dns_resolution_from_remote_vpc().unwrap_or_default()}])
        }
        None => json!([]),
    }
}

fn live(aws: &ScopeReader, peering: &VpcPeeringConnection) -> Live {
    let id = peering.vpc_peering_connection_id().unwrap_or_default();
    let (accepter, requester) = (peering.accepter_vpc_info(), peering.requester_vpc_info());
    let owner = |end: Option<&VpcPeeringConnectionVpcInfo>| end.and_then(|end| end.owner_id()).map(str::to_owned);
    let ours = |end| owner(end).as_ref() == Some(&aws.account);
    let (own, peer) = if ours(accepter) && !ours(requester) { (accepter, requester) } else { (requester, accepter) };
    let values = json!({
        "accept_status": peering.status().and_then(|status| status.code()).map(|code| code.as_str()),
        "accepter": options(accepter),
        "id": id,
        "peer_owner_id": owner(peer),
        "peer_region": accepter.and_then(|end| end.region()),
        "peer_vpc_id": peer.and_then(|end| end.vpc_id()),
        "requester": options(requester),
        "tags_all": ec2_tags(peering.tags()),
        "vpc_id": own.and_then(|end| end.vpc_id()),
    });
    // Requested by this account in another region: it is listed, and judged, there.
    let elsewhere = requester.and_then(|end| end.region()).is_some_and(|region| region != aws.region);
    let owner = if ours(requester) && elsewhere {
        Owner::Parent { kind: "aws_vpc_peering_connection", id: id.to_owned() }
    } else {
        Owner::None
    };
    Live { id: id.to_owned(), attributes: attributes(values), owner }
}
