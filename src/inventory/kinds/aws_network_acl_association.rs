//! `aws_network_acl_association`: which ACL a subnet has. Every move of a subnet gets a new association id.

use async_trait::async_trait;
use aws_sdk_ec2::types::NetworkAcl;
use serde_json::json;

use super::aws_default_network_acl::part_of_default;
use super::{ec2, network};
use crate::aws::ReadError;
use crate::inventory::value::{attributes, text};
use crate::inventory::{Kind, ListRequest, Listed, ScopeReader};
use crate::model::{Attributes, Live, OwnedField, Owner, PriorState};

pub(super) struct AwsNetworkAclAssociation;

#[async_trait]
impl Kind for AwsNetworkAclAssociation {
    fn name(&self) -> &'static str {
        "aws_network_acl_association"
    }

    fn actions(&self) -> &'static [&'static str] {
        &["ec2:DescribeNetworkAcls"]
    }

    async fn list(&self, aws: &ScopeReader, request: &ListRequest<'_>) -> Result<Listed, ReadError> {
        if request.desired.is_empty() {
            return Ok(Listed::default());
        }
        Ok(ec2::network_acls(aws).await?.iter().flat_map(associations).collect())
    }

    async fn read(&self, aws: &ScopeReader, prior: &PriorState<'_>) -> Result<Option<Live>, ReadError> {
        let filter = network::filter("association.association-id", prior.id);
        let call = aws.ec2().describe_network_acls().filters(filter).send();
        let acls = ec2::items(aws, "ec2:DescribeNetworkAcls", call, &[], |answer| answer.network_acls).await?;
        Ok(acls.iter().flat_map(associations).find(|live| live.id == prior.id))
    }

    fn owned_fields(&self, attributes: &Attributes) -> Vec<OwnedField> {
        let part = OwnedField {
            parent_kind: "aws_network_acl",
            parent_id: text(attributes, "network_acl_id").to_owned(),
            attribute: "subnet_ids",
            element: Some(text(attributes, "subnet_id").into()),
        };
        vec![part, part_of_default("subnet_ids", text(attributes, "subnet_id"))]
    }
}

fn associations(acl: &NetworkAcl) -> impl Iterator<Item = Live> {
    acl.associations().iter().map(|association| {
        let id = association.network_acl_association_id().unwrap_or_default();
        let acl = association.network_acl_id().unwrap_or_default();
        let values = json!({"id": id, "network_acl_id": acl, "subnet_id": association.subnet_id()});
        let owner = Owner::Parent { kind: "aws_network_acl", id: acl.to_owned() };
        Live { id: id.to_owned(), attributes: attributes(values), owner }
    })
}
