//! `aws_default_subnet`: a subnet that AWS made and Terraform adopted. Reads like `aws_subnet`; a stranger is never
//! unmanaged under this name.

use async_trait::async_trait;

use super::{aws_subnet, ec2, network};
use crate::inventory::{Found, Kind, ReadError, Region, Wanted};
use crate::model::{Desired, Shape};

pub(super) struct AwsDefaultSubnet;

#[async_trait]
impl Kind for AwsDefaultSubnet {
    fn name(&self) -> &'static str {
        "aws_default_subnet"
    }

    fn actions(&self) -> &'static [&'static str] {
        &["ec2:DescribeSubnets"]
    }

    fn shape(&self) -> Shape {
        let unread = &["existing_default_subnet", "force_destroy"];
        Shape { unread, normalise: Some(aws_subnet::normalise), ..Shape::default() }
    }

    async fn list(&self, aws: &Region, wanted: Wanted<'_>) -> Result<Found, ReadError> {
        if wanted.desired.is_empty() {
            return Ok(Found::default());
        }
        let subnets = ec2::subnets(aws).await?;
        let adopted =
            subnets.iter().filter(|s| s.subnet_id().is_some_and(|id| network::desired(&wanted, id).is_some()));
        Ok(adopted.map(|subnet| aws_subnet::live(aws, subnet)).collect::<Vec<_>>().into())
    }

    async fn exists(&self, aws: &Region, desired: &Desired) -> Result<bool, ReadError> {
        aws_subnet::exists(aws, desired).await
    }
}
