//! `aws_route_table`. The main table of a VPC is the VPC's.

use async_trait::async_trait;

use super::routes;
use crate::inventory::{Found, Kind, ReadError, Region, Wanted};
use crate::model::{Desired, Shape};

pub(super) struct AwsRouteTable;

#[async_trait]
impl Kind for AwsRouteTable {
    fn name(&self) -> &'static str {
        "aws_route_table"
    }

    fn actions(&self) -> &'static [&'static str] {
        routes::ACTIONS
    }

    fn shape(&self) -> Shape {
        Shape { normalise: Some(routes::normalise), ..Shape::default() }
    }

    async fn list(&self, aws: &Region, wanted: Wanted<'_>) -> Result<Found, ReadError> {
        routes::tables(aws, &wanted, |_, desired| wanted.unmanaged || desired.is_some()).await
    }

    async fn exists(&self, aws: &Region, desired: &Desired) -> Result<bool, ReadError> {
        Ok(routes::find_table(aws, &desired.id).await?.is_some())
    }
}
