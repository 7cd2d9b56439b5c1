//! `aws_route_table`. The main table of a VPC is the VPC's.

use async_trait::async_trait;

use super::routes;
use crate::aws::ReadError;
use crate::inventory::{Completion, Kind, ListRequest, Listed, ScopeReader};
use crate::model::{CompareRules, Live, PriorState};

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
        routes::list(aws, request, |_| true).await
    }

    async fn complete(&self, aws: &ScopeReader, _prior: &PriorState<'_>, live: &mut Live) -> Completion {
        routes::complete(aws, live).await
    }

    async fn read(&self, aws: &ScopeReader, prior: &PriorState<'_>) -> Result<Option<Live>, ReadError> {
        routes::read(aws, prior).await
    }
}
