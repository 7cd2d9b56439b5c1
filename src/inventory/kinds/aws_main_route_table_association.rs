//! `aws_main_route_table_association`: which table is a VPC's main one. Replacing it gives a new association, so the
//! old id is gone then.

use async_trait::async_trait;
use aws_sdk_ec2::types::RouteTable;
use serde_json::json;

use super::aws_route_table_association::{associations, tables_with};
use super::ec2;
use crate::aws::ReadError;
use crate::inventory::value::{attributes, text};
use crate::inventory::{Kind, ListRequest, Listed, ScopeReader};
use crate::model::{Attributes, CompareRules, Live, OwnedField, Owner, PriorState};

pub(super) struct AwsMainRouteTableAssociation;

#[async_trait]
impl Kind for AwsMainRouteTableAssociation {
    fn name(&self) -> &'static str {
        "aws_main_route_table_association"
    }

    fn actions(&self) -> &'static [&'static str] {
        &["ec2:DescribeRouteTables"]
    }

    /// The original table is only Terraform's memory: what to go back to on destroy.
    fn compare_rules(&self) -> CompareRules {
        CompareRules { not_returned: &["original_route_table_id"], ..CompareRules::default() }
    }

    async fn list(&self, aws: &ScopeReader, request: &ListRequest<'_>) -> Result<Listed, ReadError> {
        if request.desired.is_empty() {
            return Ok(Listed::default());
        }
        Ok(ec2::route_tables(aws).await?.iter().flat_map(main_associations).collect())
    }

    async fn read(&self, aws: &ScopeReader, prior: &PriorState<'_>) -> Result<Option<Live>, ReadError> {
        let tables = tables_with(aws, prior.id).await?;
        Ok(tables.iter().flat_map(main_associations).find(|live| live.id == prior.id))
    }

    fn owned_fields(&self, attributes: &Attributes) -> Vec<OwnedField> {
        link_of_vpc(attributes, "main_route_table_id")
    }
}

/// The VPC's own word on its main table is the association's to report.
pub(super) fn link_of_vpc(attributes: &Attributes, attribute: &'static str) -> Vec<OwnedField> {
    let part = |parent_kind| OwnedField {
        parent_kind,
        parent_id: text(attributes, "vpc_id").to_owned(),
        attribute,
        element: None,
    };
    ["aws_vpc", "aws_default_vpc"].map(part).into()
}

fn main_associations(table: &RouteTable) -> impl Iterator<Item = Live> {
    let vpc = table.vpc_id().unwrap_or_default();
    associations(table).filter(|association| association.main() == Some(true)).map(move |association| {
        let id = association.route_table_association_id().unwrap_or_default();
        let values = json!({"id": id, "route_table_id": table.route_table_id(), "vpc_id": vpc});
        let owner = Owner::Parent { kind: "aws_vpc", id: vpc.to_owned() };
        Live { id: id.to_owned(), attributes: attributes(values), owner }
    })
}
