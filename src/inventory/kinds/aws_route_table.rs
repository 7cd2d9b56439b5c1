//! `aws_route_table`. The main table of a VPC is the VPC's.

use async_trait::async_trait;

use super::routes;
use crate::aws::ReadError;
use crate::inventory::{Kind, ListRequest, Listed, ScopeReader};
use crate::model::{CompareRules, PriorState};

pub(super) struct AwsRouteTable;

#[async_trait]
impl Kind for AwsRouteTable {
    fn name(&self) -> &'static str {
        "aws_route_table"
    }

    fn actions(&self) -> &'static [&'static str] {
        routes::ACTIONS
    }

    fn compare_rules(&self) -> CompareRules {
        CompareRules { normalize: Some(routes::normalize), ..CompareRules::default() }
    }

    async fn list(&self, aws: &ScopeReader, request: &ListRequest<'_>) -> Result<Listed, ReadError> {
        routes::tables(aws, &request, |_, desired| request.unmanaged || desired.is_some()).await
    }

    async fn exists(&self, aws: &ScopeReader, desired: &PriorState<'_>) -> Result<bool, ReadError> {
        Ok(routes::find_table(aws, &desired.id).await?.is_some())
    }
}
