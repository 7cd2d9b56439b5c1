//! `aws_security_group`. Its rules are compared one by one, see `model/security_group_rule.rs`; `name_prefix` is a part of the name.

use async_trait::async_trait;
use aws_sdk_ec2::types::SecurityGroup;
use serde_json::{Value, json};

use super::ec2::{self, security_group_rules::of_permissions, single};
use super::network;
use crate::aws::ReadError;
use crate::inventory::value::{attributes, ec2_tags};
use crate::inventory::{Kind, ListRequest, Listed, ScopeReader};
use crate::model::security_group_rule::{self, elements_of};
use crate::model::{CompareRules, Live, Owner, PriorState};

pub(super) struct AwsSecurityGroup;

#[async_trait]
impl Kind for AwsSecurityGroup {
    fn name(&self) -> &'static str {
        "aws_security_group"
    }

    fn actions(&self) -> &'static [&'static str] {
        &["ec2:DescribeSecurityGroups"]
    }

    fn compare_rules(&self) -> CompareRules {
        CompareRules {
            not_returned: &["name_prefix", "revoke_rules_on_delete", "timeouts"],
            normalize: Some(security_group_rule::normalize),
            ..CompareRules::default()
        }
    }

    async fn list(&self, aws: &ScopeReader, _request: &ListRequest<'_>) -> Result<Listed, ReadError> {
        Ok(ec2::security_groups(aws).await?.iter().map(|group| live(aws, group)).collect())
    }

    async fn read(&self, aws: &ScopeReader, prior: &PriorState<'_>) -> Result<Option<Live>, ReadError> {
        Ok(single::security_group(aws, prior.id).await?.map(|group| live(aws, &group)))
    }
}

/// What DescribeSecurityGroups returns.
pub(super) fn live(aws: &ScopeReader, group: &SecurityGroup) -> Live {
    let id = group.group_id().unwrap_or_default();
    let owner = group.owner_id().unwrap_or(&aws.account);
    let values = json!({
        "arn": format!("arn:{}:ec2:{}:{owner}:security-group/{id}", aws.partition, aws.region),
        "description": group.description(),
        "egress": elements_of(&of_permissions(group, group.ip_permissions_egress())),
        "id": id,
        "ingress": elements_of(&of_permissions(group, group.ip_permissions())),
        "name": group.group_name(),
        "owner_id": owner,
        "tags_all": ec2_tags(group.tags()),
        "vpc_id": group.vpc_id(),
    });
    let attributes = attributes(values);
    let own = match group.group_name() {
        // EC2 refuses the name to anybody else.
        Some("default") => network::made_with_vpc(
            "default security group of a VPC",
            &attributes,
            &["ingress", "egress"],
            is_made_by_aws,
        ),
        _ => owner_of(group),
    };
    Live { id: id.to_owned(), attributes, owner: network::owner_or(aws, group.owner_id(), own) }
}

/// In from its own members, out to everywhere:
/// <https://docs.aws.amazon.com/vpc/latest/userguide/default-security-group.html>.
fn is_made_by_aws(direction: &str, rule: &Value) -> bool {
    let only = |name: &str, value: Value| {
        let peers = ["cidr_blocks", "ipv6_cidr_blocks", "prefix_list_ids", "security_groups"];
        let others = peers.iter().filter(|peer| **peer != name);
        rule[name] == value
            && others.into_iter().all(|peer| rule[*peer].as_array().is_none_or(Vec::is_empty))
            && (name == "self" || rule["self"] != true)
    };
    rule["protocol"] == "-1"
        && match direction {
            "ingress" => only("self", json!(true)),
            _ => only("cidr_blocks", json!(["0.0.0.0/0"])) || only("ipv6_cidr_blocks", json!(["::/0"])),
        }
}

/// Groups that services make under names of their own: prefix and whose it is.
/// <https://docs.aws.amazon.com/emr/latest/ManagementGuide/emr-man-sec-groups.html>,
/// <https://docs.aws.amazon.com/elasticloadbalancing/latest/classic/elb-security-groups.html>
const SERVICES: &[(&str, &str)] = &[
    ("ElasticMapReduce-", "security group of EMR"),
    ("ElasticMapReduceEditors-", "security group of EMR"),
    ("default_elb_", "default security group of classic load balancers"),
    ("GlobalAccelerator", "security group of Global Accelerator"),
    ("security-group-for-inbound-nfs-d-", "security group of SageMaker"),
    ("security-group-for-outbound-nfs-d-", "security group of SageMaker"),
];

/// Groups that AWS makes by itself: those of EKS (it tags them with a reserved tag, see
/// <https://docs.aws.amazon.com/eks/latest/userguide/sec-group-reqs.html>). Those of GuardDuty's runtime monitoring, of
/// directories and of other services have names and tags that anybody can write.
fn owner_of(group: &SecurityGroup) -> Owner {
    let name = group.group_name().unwrap_or_default();
    let tag = |key: &str| group.tags().iter().find(|tag| tag.key() == Some(key)).and_then(|tag| tag.value());
    if let Some(cluster) = tag("aws:eks:cluster-name") {
        return Owner::Maker { kind: "aws_eks_cluster", id: cluster.to_owned() };
    }
    if tag("GuardDutyManaged") == Some("true") {
        return Owner::Claimed("security group of GuardDuty");
    }
    let cluster_tag = |tag: &aws_sdk_ec2::types::Tag| {
        let key = tag.key().unwrap_or_default();
        key == "elbv2.k8s.aws/cluster" || key.starts_with("kubernetes.io/cluster/") && tag.value() == Some("owned")
    };
    if name.starts_with("eks-remoteAccess-") || group.tags().iter().any(cluster_tag) {
        return Owner::Claimed("security group of a Kubernetes cluster");
    }
    if name.starts_with("d-") && (name.ends_with("_controllers") || name.ends_with("_workspacesMembers")) {
        return Owner::Claimed("security group of a directory");
    }
    match SERVICES.iter().find(|(prefix, _)| name.starts_with(prefix)) {
        Some((_, whose)) => Owner::Claimed(whose),
        None => Owner::None,
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_ec2::types::Tag;

    use super::*;

    #[test]
    fn what_is_not_as_aws_makes_it_was_added() {
        let rule = |protocol: &str, peer: &str, value: Value| {
            let mut rule = json!({"protocol": protocol, "self": false, "cidr_blocks": [], "security_groups": []});
            rule[peer] = value;
            rule
        };
        let itself = rule("-1", "self", json!(true));
        let world = rule("-1", "cidr_blocks", json!(["0.0.0.0/0"]));
        assert!(is_made_by_aws("ingress", &itself) && is_made_by_aws("egress", &world));
        assert!(is_made_by_aws("egress", &rule("-1", "ipv6_cidr_blocks", json!(["::/0"]))));
        assert!(!is_made_by_aws("ingress", &world) && !is_made_by_aws("egress", &rule("tcp", "self", json!(true))));
        assert!(!is_made_by_aws("ingress", &rule("-1", "security_groups", json!(["sg-1"]))));
        let owner = |ingress: Value| {
            let attributes = attributes(json!({"ingress": ingress, "egress": [world.clone()]}));
            network::made_with_vpc("x", &attributes, &["ingress", "egress"], is_made_by_aws)
        };
        assert_eq!(owner(json!([itself])), Owner::Aws("x"));
        assert_eq!(owner(json!([])), Owner::Aws("x"), "taken away is not opened");
        let added = vec![("ingress", world.clone())];
        assert_eq!(owner(json!([itself, world])), Owner::Altered { what: "x", added });
    }

    #[test]
    fn names_of_services_are_claims() {
        let named = |name: &str| owner_of(&SecurityGroup::builder().group_name(name).build());
        for name in ["ElasticMapReduce-master", "default_elb_1a2b", "eks-remoteAccess-1", "d-1_controllers"] {
            assert!(matches!(named(name), Owner::Claimed(_)), "{name}");
        }
        for name in ["web", "launch-wizard-1", "rds-ec2-1", "default-web", "d-1"] {
            assert_eq!(named(name), Owner::None, "{name}");
        }
        let tag = Tag::builder().key("aws:eks:cluster-name").value("prod").build();
        let eks = SecurityGroup::builder().group_name("eks-cluster-sg-prod-1").tags(tag).build();
        assert_eq!(owner_of(&eks), Owner::Maker { kind: "aws_eks_cluster", id: "prod".to_owned() });
    }
}
