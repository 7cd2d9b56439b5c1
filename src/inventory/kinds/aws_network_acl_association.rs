//! `aws_network_acl_association`: which ACL a subnet has. Every move of a subnet gets a new association id.

use async_trait::async_trait;
use aws_sdk_ec2::types::Filter;
use serde_json::json;

use super::ec2;
use crate::aws::ReadError;
use crate::inventory::value::{attributes, text};
use crate::inventory::{Kind, ListRequest, Listed, ScopeReader};
use crate::model::{Attributes, CompareRules, Live, OwnedField, Owner, PriorState};

pub(super) struct AwsNetworkAclAssociation;

#[async_trait]
impl Kind for AwsNetworkAclAssociation {
    fn name(&self) -> &'static str {
        "aws_network_acl_association"
    }

    fn actions(&self) -> &'static [&'static str] {
        &["ec2:DescribeNetworkAcls"]
    }

    fn compare_rules(&self) -> CompareRules {
        CompareRules::default()
    }

    async fn list(&self, aws: &ScopeReader, _wanted: ListRequest<'_>) -> Result<Listed, ReadError> {
        let acls = ec2::network_acls(aws).await?;
        let associations = acls.iter().flat_map(|acl| acl.associations());
        let live = associations.map(|association| {
            let id = association.network_acl_association_id().unwrap_or_default();
            let acl = association.network_acl_id().unwrap_or_default();
            let values = json!({"id": id, "network_acl_id": acl, "subnet_id": association.subnet_id()});
            let owner = Owner::Parent { kind: "aws_network_acl", id: acl.to_owned() };
            Live { id: id.to_owned(), attributes: attributes(values), owner }
        });
        Ok(live.collect::<Vec<_>>().into())
    }

    async fn exists(&self, aws: &ScopeReader, desired: &PriorState<'_>) -> Result<bool, ReadError> {
        let filter = Filter::builder().name("association.association-id").values(&desired.id).build();
        let call = aws.ec2().describe_network_acls().filters(filter).send();
        Ok(!aws.call("ec2:DescribeNetworkAcls", call).await?.network_acls().is_empty())
    }

    fn owned_fields(&self, attributes: &Attributes) -> Vec<OwnedField> {
        let part = OwnedField {
            parent_kind: "aws_network_acl",
            parent_id: text(attributes, "network_acl_id").to_owned(),
            attribute: "subnet_ids",
            element: Some(text(attributes, "subnet_id").into()),
        };
        vec![part]
    }
}
