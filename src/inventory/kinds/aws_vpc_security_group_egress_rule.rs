//! `aws_vpc_security_group_egress_rule`: the twin of `aws_vpc_security_group_ingress_rule`.

use async_trait::async_trait;

use super::aws_vpc_security_group_ingress_rule as twin;
use crate::inventory::{Found, Kind, ReadError, Region, Wanted};
use crate::model::{Attributes, Desired, Part, Shape};

pub(super) struct AwsVpcSecurityGroupEgressRule;

#[async_trait]
impl Kind for AwsVpcSecurityGroupEgressRule {
    fn name(&self) -> &'static str {
        "aws_vpc_security_group_egress_rule"
    }

    fn actions(&self) -> &'static [&'static str] {
        twin::ACTIONS
    }

    fn shape(&self) -> Shape {
        twin::shape()
    }

    async fn list(&self, aws: &Region, wanted: Wanted<'_>) -> Result<Found, ReadError> {
        twin::list(aws, wanted, true).await
    }

    async fn exists(&self, aws: &Region, desired: &Desired) -> Result<bool, ReadError> {
        twin::exists(aws, desired, true).await
    }

    fn parts(&self, attributes: &Attributes) -> Vec<Part> {
        twin::parts(attributes, true)
    }
}
