//! `aws_eip_association`: an address in use. It owns what the address itself says of its user.

use async_trait::async_trait;
use aws_sdk_ec2::types::Address;
use serde_json::json;

use super::{ec2, network};
use crate::aws::ReadError;
use crate::inventory::value::{attributes, text};
use crate::inventory::{Kind, ListRequest, Listed, ScopeReader};
use crate::model::{Attributes, CompareRules, Live, OwnedField, Owner, PriorState};

pub(super) struct AwsEipAssociation;

#[async_trait]
impl Kind for AwsEipAssociation {
    fn name(&self) -> &'static str {
        "aws_eip_association"
    }

    fn actions(&self) -> &'static [&'static str] {
        &["ec2:DescribeAddresses"]
    }

    fn compare_rules(&self) -> CompareRules {
        CompareRules { not_returned: &["allow_reassociation"], ..CompareRules::default() }
    }

    async fn list(&self, aws: &ScopeReader, request: &ListRequest<'_>) -> Result<Listed, ReadError> {
        if request.desired.is_empty() {
            return Ok(Listed::default());
        }
        let addresses = ec2::addresses(aws).await?;
        Ok(addresses.iter().filter_map(live).collect())
    }

    async fn read(&self, aws: &ScopeReader, prior: &PriorState<'_>) -> Result<Option<Live>, ReadError> {
        let call = aws.ec2().describe_addresses().filters(network::filter("association-id", prior.id)).send();
        let address = ec2::first(aws, "ec2:DescribeAddresses", call, &[], |answer| answer.addresses).await?;
        Ok(address.as_ref().and_then(live))
    }

    fn owned_fields(&self, attributes: &Attributes) -> Vec<OwnedField> {
        let part = |attribute| OwnedField {
            parent_kind: "aws_eip",
            parent_id: text(attributes, "allocation_id").to_owned(),
            attribute,
            element: None,
        };
        ["instance", "network_interface"].map(part).into()
    }
}

/// `None` when the address is free.
fn live(address: &Address) -> Option<Live> {
    let (id, allocation) = (address.association_id()?, address.allocation_id().unwrap_or_default());
    let values = json!({
        "allocation_id": allocation,
        "id": id,
        "instance_id": address.instance_id(),
        "network_interface_id": address.network_interface_id(),
        "private_ip_address": address.private_ip_address(),
        "public_ip": address.public_ip(),
    });
    let owner = Owner::Parent { kind: "aws_eip", id: allocation.to_owned() };
    Some(Live { id: id.to_owned(), attributes: attributes(values), owner })
}
