//! `aws_default_subnet`: a subnet that AWS made and Terraform adopted. Reads like `aws_subnet`; none is
//! unmanaged under this name.

use async_trait::async_trait;
use aws_sdk_ec2::types::Subnet;

use super::aws_default_network_acl::part_of_default;
use super::ec2::{self, single};
use super::{aws_subnet, network};
use crate::aws::ReadError;
use crate::inventory::value::text;
use crate::inventory::{Kind, ListRequest, Listed, ScopeReader};
use crate::model::{Attributes, CompareRules, Live, OwnedField, PriorState};

pub(super) struct AwsDefaultSubnet;

#[async_trait]
impl Kind for AwsDefaultSubnet {
    fn name(&self) -> &'static str {
        "aws_default_subnet"
    }

    fn actions(&self) -> &'static [&'static str] {
        &["ec2:DescribeSubnets"]
    }

    fn compare_rules(&self) -> CompareRules {
        let not_returned = &["existing_default_subnet", "force_destroy"];
        CompareRules { not_returned, normalize: Some(aws_subnet::normalize), ..CompareRules::default() }
    }

    async fn list(&self, aws: &ScopeReader, request: &ListRequest<'_>) -> Result<Listed, ReadError> {
        if request.desired.is_empty() {
            return Ok(Listed::default());
        }
        let subnets = ec2::subnets(aws).await?;
        let declared = subnets.iter().filter(|subnet| subnet.subnet_id().is_some_and(|id| request.declares(id)));
        Ok(declared.map(|subnet| live(aws, subnet)).collect())
    }

    async fn read(&self, aws: &ScopeReader, prior: &PriorState<'_>) -> Result<Option<Live>, ReadError> {
        Ok(single::subnet(aws, prior.id).await?.map(|subnet| live(aws, &subnet)))
    }

    fn owned_fields(&self, attributes: &Attributes) -> Vec<OwnedField> {
        vec![part_of_default("declared_subnet_ids", text(attributes, "id"))]
    }
}

fn live(aws: &ScopeReader, subnet: &Subnet) -> Live {
    network::adopted("aws_subnet", aws_subnet::live(aws, subnet))
}
