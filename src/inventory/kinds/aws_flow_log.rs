//! `aws_flow_log` of a VPC, subnet, interface, transit gateway or its attachment.

use async_trait::async_trait;
use aws_sdk_ec2::types::FlowLog;
use serde_json::{Value, json};

use super::ec2::{self, single};
use super::network;
use crate::aws::ReadError;
use crate::inventory::value::{attributes, ec2_tags};
use crate::inventory::{Kind, ListRequest, Listed, ScopeReader};
use crate::model::{Attributes, CompareRules, Live, Owner, PriorState};

pub(super) struct AwsFlowLog;

#[async_trait]
impl Kind for AwsFlowLog {
    fn name(&self) -> &'static str {
        "aws_flow_log"
    }

    fn actions(&self) -> &'static [&'static str] {
        &["ec2:DescribeFlowLogs"]
    }

    fn compare_rules(&self) -> CompareRules {
        CompareRules { normalize: Some(normalize), ..CompareRules::default() }
    }

    async fn list(&self, aws: &ScopeReader, _request: &ListRequest<'_>) -> Result<Listed, ReadError> {
        Ok(ec2::flow_logs(aws).await?.iter().map(|log| live(aws, log)).collect())
    }

    async fn read(&self, aws: &ScopeReader, prior: &PriorState<'_>) -> Result<Option<Live>, ReadError> {
        Ok(single::flow_log(aws, prior.id).await?.map(|log| live(aws, &log)))
    }
}

/// A log group's ARN with or without the `:*` of its streams is one destination; the provider cuts it off.
fn normalize(attributes: &mut Attributes) {
    if let Some(Value::String(destination)) = attributes.get_mut("log_destination")
        && let Some(group) = destination.strip_suffix(":*")
    {
        *destination = group.to_owned();
    }
}

/// <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_FlowLog.html>
fn live(aws: &ScopeReader, log: &FlowLog) -> Live {
    let id = log.flow_log_id().unwrap_or_default();
    let options = log.destination_options().map(|options| {
        json!([{
            "file_format": options.file_format().map(|format| format.as_str()),
            "hive_compatible_partitions": options.hive_compatible_partitions(),
            "per_hour_partition": options.per_hour_partition(),
        }])
    });
    let tag_fields = log.tag_field_specifications().iter().map(|specification| {
        let kind = specification.resource_type().map(|kind| kind.as_str());
        json!({"resource_type": kind, "tag_keys": specification.tag_keys()})
    });
    let watched = log.resource_id().unwrap_or_default();
    let of = |attribute: &str| (watched_by(watched) == attribute).then_some(watched);
    let values = json!({
        "arn": network::arn(aws, None, &format!("vpc-flow-log/{id}")),
        "deliver_cross_account_role": log.deliver_cross_account_role(),
        "destination_options": options.unwrap_or_else(|| json!([])),
        "eni_id": of("eni_id"),
        "iam_role_arn": log.deliver_logs_permission_arn(),
        "id": id,
        "log_destination": log.log_destination(),
        "log_destination_type": log.log_destination_type().map(|kind| kind.as_str()),
        "log_format": log.log_format(),
        "log_group_name": log.log_group_name(),
        "max_aggregation_interval": log.max_aggregation_interval(),
        "regional_nat_gateway_id": of("regional_nat_gateway_id"),
        "subnet_id": of("subnet_id"),
        "tag_field_specification": tag_fields.collect::<Value>(),
        "tags_all": ec2_tags(log.tags()),
        "transit_gateway_attachment_id": of("transit_gateway_attachment_id"),
        "transit_gateway_id": of("transit_gateway_id"),
        "vpc_id": of("vpc_id"),
    });
    let mut attributes = attributes(values);
    // A transit gateway's log has no traffic type; AWS answers with one all the same.
    if !watched.starts_with("tgw-") {
        attributes.insert("traffic_type".to_owned(), json!(log.traffic_type().map(|kind| kind.as_str())));
    }
    Live { id: id.to_owned(), attributes, owner: Owner::None }
}

/// The attribute under which Terraform names what is watched.
fn watched_by(id: &str) -> &'static str {
    match id {
        id if id.starts_with("vpc-") => "vpc_id",
        id if id.starts_with("tgw-attach-") => "transit_gateway_attachment_id",
        id if id.starts_with("tgw-") => "transit_gateway_id",
        id if id.starts_with("subnet-") => "subnet_id",
        id if id.starts_with("eni-") => "eni_id",
        id if id.starts_with("nat-") => "regional_nat_gateway_id",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_what_is_watched() {
        assert_eq!(watched_by("tgw-attach-1"), "transit_gateway_attachment_id");
        assert_eq!(watched_by("tgw-1"), "transit_gateway_id");
        assert_eq!(watched_by("eni-1"), "eni_id");
        assert_eq!(watched_by("nat-1"), "regional_nat_gateway_id");
    }

    #[test]
    fn a_log_group_is_one_destination_with_or_without_its_streams() {
        let mut side = attributes(json!({"log_destination": "arn:aws:logs:us-east-1:1:log-group:flow:*"}));
        normalize(&mut side);
        assert_eq!(side["log_destination"], "arn:aws:logs:us-east-1:1:log-group:flow");
    }
}
