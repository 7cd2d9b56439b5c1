//! `aws_vpc_security_group_egress_rule`: the twin of `aws_vpc_security_group_ingress_rule`.

use async_trait::async_trait;

use super::aws_vpc_security_group_ingress_rule as twin;
use crate::inventory::{Kind, ListRequest, Listed, ReadError, Region};
use crate::model::{Attributes, CompareRules, Desired, OwnedField};

pub(super) struct AwsVpcSecurityGroupEgressRule;

#[async_trait]
impl Kind for AwsVpcSecurityGroupEgressRule {
    fn name(&self) -> &'static str {
        "aws_vpc_security_group_egress_rule"
    }

    fn actions(&self) -> &'static [&'static str] {
        twin::ACTIONS
    }

    fn compare_rules(&self) -> CompareRules {
        twin::compare_rules()
    }

    async fn list(&self, aws: &Region, request: ListRequest<'_>) -> Result<Listed, ReadError> {
        twin::list(aws, request, true).await
    }

    async fn exists(&self, aws: &Region, desired: &Desired) -> Result<bool, ReadError> {
        twin::exists(aws, desired, true).await
    }

    fn owned_fields(&self, attributes: &Attributes) -> Vec<OwnedField> {
        twin::parts(attributes, true)
    }
}
