//! `aws_eip_association`: an address in use. It speaks for what the address itself says of its user.

use async_trait::async_trait;
use aws_sdk_ec2::types::Filter;
use serde_json::json;

use super::ec2;
use crate::inventory::value::{attributes, text};
use crate::inventory::{Found, Kind, ReadError, Region, Wanted};
use crate::model::{Attributes, Desired, Live, Origin, Part, Shape};

pub(super) struct AwsEipAssociation;

#[async_trait]
impl Kind for AwsEipAssociation {
    fn name(&self) -> &'static str {
        "aws_eip_association"
    }

    fn actions(&self) -> &'static [&'static str] {
        &["ec2:DescribeAddresses"]
    }

    fn shape(&self) -> Shape {
        Shape { unread: &["allow_reassociation"], ..Shape::default() }
    }

    async fn list(&self, aws: &Region, _wanted: Wanted<'_>) -> Result<Found, ReadError> {
        let addresses = ec2::addresses(aws).await?;
        let live = addresses.iter().filter_map(|address| {
            let (id, allocation) = (address.association_id()?, address.allocation_id().unwrap_or_default());
            let values = json!({
                "allocation_id": allocation,
                "id": id,
                "instance_id": address.instance_id(),
                "network_interface_id": address.network_interface_id(),
                "private_ip_address": address.private_ip_address(),
                "public_ip": address.public_ip(),
            });
            let origin = Origin::PartOf { kind: "aws_eip", id: allocation.to_owned() };
            Some(Live { id: id.to_owned(), attributes: attributes(values), origin })
        });
        Ok(live.collect::<Vec<_>>().into())
    }

    async fn exists(&self, aws: &Region, desired: &Desired) -> Result<bool, ReadError> {
        let filter = Filter::builder().name("association-id").values(&desired.id).build();
        let call = aws.ec2.describe_addresses().filters(filter).send();
        Ok(!aws.call("ec2:DescribeAddresses", call).await?.addresses().is_empty())
    }

    fn parts(&self, attributes: &Attributes) -> Vec<Part> {
        let part = |attribute| Part {
            parent_kind: "aws_eip",
            parent_id: text(attributes, "allocation_id").to_owned(),
            attribute,
            element: None,
        };
        ["instance", "network_interface"].map(part).into()
    }
}
