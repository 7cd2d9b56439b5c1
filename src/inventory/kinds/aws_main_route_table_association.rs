//! `aws_main_route_table_association`: which table is a VPC's main one. Replacing it gives a new association, so the
//! old id is gone then.

use async_trait::async_trait;
use serde_json::json;

use super::{aws_route_table_association, ec2};
use crate::aws::ReadError;
use crate::inventory::value::attributes;
use crate::inventory::{Kind, ListRequest, Listed, ScopeReader};
use crate::model::{CompareRules, Live, Owner, PriorState};

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
        let mut live = Vec::new();
        if request.desired.is_empty() {
            return Ok(live.into());
        }
        for table in ec2::route_tables(aws).await?.iter() {
            let vpc = table.vpc_id().unwrap_or_default();
            let main = table.associations().iter().filter(|a| a.main() == Some(true));
            for association in main.filter(|a| aws_route_table_association::is_there(a)) {
                let id = association.route_table_association_id().unwrap_or_default();
                let values = json!({"id": id, "route_table_id": table.route_table_id(), "vpc_id": vpc});
                let owner = Owner::Parent { kind: "aws_vpc", id: vpc.to_owned() };
                live.push(Live { id: id.to_owned(), attributes: attributes(values), owner });
            }
        }
        Ok(live.into())
    }

    async fn exists(&self, aws: &ScopeReader, desired: &PriorState<'_>) -> Result<bool, ReadError> {
        let found = aws_route_table_association::find(aws, &desired.id).await?;
        Ok(found.is_some_and(|association| association.main() == Some(true)))
    }
}
