//! `aws_vpc_security_group_egress_rule`: the twin of `aws_vpc_security_group_ingress_rule`.

use async_trait::async_trait;

use super::aws_vpc_security_group_ingress_rule as twin;
use crate::aws::ReadError;
use crate::inventory::{Kind, ListRequest, Listed, ScopeReader};
use crate::model::{Attributes, CompareRules, Live, OwnedField, PriorState};

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

    async fn list(&self, aws: &ScopeReader, request: &ListRequest<'_>) -> Result<Listed, ReadError> {
        twin::list(aws, request, true).await
    }

    async fn read(&self, aws: &ScopeReader, prior: &PriorState<'_>) -> Result<Option<Live>, ReadError> {
        twin::read(aws, prior, true).await
    }

    fn owned_fields(&self, attributes: &Attributes) -> Vec<OwnedField> {
        twin::parts(attributes, true)
    }
}
