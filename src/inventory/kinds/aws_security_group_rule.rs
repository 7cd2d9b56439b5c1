//! `aws_security_group_rule`. One of these may be several rules of AWS; its id is a hash, so it is found by what it
//! allows: it exists when all of its rules do. Which AWS rule it is (`security_group_rule_id`) is not looked up.

use std::collections::{BTreeMap, HashMap};

use async_trait::async_trait;
use aws_sdk_ec2::types::SecurityGroup;

use super::ec2::{self, security_group_rules, single};
use crate::aws::ReadError;
use crate::inventory::value::text;
use crate::inventory::{Kind, ListRequest, Listed, ScopeReader};
use crate::model::security_group_rule::GroupRef;
use crate::model::{Attributes, CompareRules, Live, OwnedField, Owner, PriorState, SecurityGroupRule};

pub(super) struct AwsSecurityGroupRule;

const UNREAD: &[&str] = &["security_group_rule_id", "timeouts"];

#[async_trait]
impl Kind for AwsSecurityGroupRule {
    fn name(&self) -> &'static str {
        "aws_security_group_rule"
    }

    fn actions(&self) -> &'static [&'static str] {
        &["ec2:DescribeSecurityGroups"]
    }

    fn compare_rules(&self) -> CompareRules {
        CompareRules { not_returned: UNREAD, ..CompareRules::default() }
    }

    async fn list(&self, aws: &ScopeReader, request: &ListRequest<'_>) -> Result<Listed, ReadError> {
        if request.desired.is_empty() {
            return Ok(Listed::default());
        }
        let groups = ec2::security_groups(aws).await?;
        let groups: HashMap<_, _> = groups.iter().map(|group| (group.group_id().unwrap_or_default(), group)).collect();
        let found = request.desired.iter().filter_map(|prior| {
            let known = prior.attributes();
            live(prior.id, &known, groups.get(text(&known, "security_group_id"))?)
        });
        Ok(found.collect())
    }

    async fn read(&self, aws: &ScopeReader, prior: &PriorState<'_>) -> Result<Option<Live>, ReadError> {
        let known = prior.attributes();
        let group = single::security_group(aws, text(&known, "security_group_id")).await?;
        Ok(group.and_then(|group| live(prior.id, &known, &group)))
    }

    fn owned_fields(&self, attributes: &Attributes) -> Vec<OwnedField> {
        let group = text(attributes, "security_group_id");
        let rules = SecurityGroupRule::from_attributes(attributes, GroupRef { group, account: "" }, None);
        security_group_rules::owned_fields(group, text(attributes, "type") == "egress", &rules)
    }
}

/// The rule with its live description, if the group has all of its rules, whatever their descriptions. Several rules
/// with several descriptions: the provider takes the first one that is not empty, in the order of the attributes
/// (`findRuleMatch` of `internal/service/ec2/vpc_security_group_rule.go`).
fn live(id: &str, attributes: &Attributes, group: &SecurityGroup) -> Option<Live> {
    // The provider finds a source group by its id alone.
    let by_id = |rule: &SecurityGroupRule| rule.traffic.clone().by_group_id("");
    let permissions =
        if text(attributes, "type") == "egress" { group.ip_permissions_egress() } else { group.ip_permissions() };
    let rules = security_group_rules::of_permissions(group, permissions);
    let there: BTreeMap<_, _> = rules.iter().map(|rule| (by_id(rule), rule.description.clone())).collect();
    let declared = SecurityGroupRule::from_attributes(attributes, security_group_rules::owner_of(group), None);
    let descriptions: Option<Vec<_>> = declared.iter().map(|rule| there.get(&by_id(rule))).collect();
    let descriptions = descriptions.filter(|found| !found.is_empty())?;
    let description = descriptions.into_iter().find(|description| !description.is_empty());
    let mut attributes = attributes.clone();
    attributes.retain(|name, _| !UNREAD.contains(&name.as_str()));
    attributes.insert("description".to_owned(), description.cloned().into());
    let group = group.group_id().unwrap_or_default().to_owned();
    Some(Live { id: id.to_owned(), attributes, owner: Owner::Parent { kind: "aws_security_group", id: group } })
}

#[cfg(test)]
mod tests {
    use aws_sdk_ec2::types::{IpPermission, IpRange};
    use serde_json::{Value, json};

    use super::*;
    use crate::inventory::value::attributes;

    #[test]
    fn all_rules_or_missing() {
        let range = |cidr: &str, text: &str| IpRange::builder().cidr_ip(cidr).description(text).build();
        let permission = IpPermission::builder()
            .ip_protocol("tcp")
            .from_port(443)
            .to_port(443)
            .ip_ranges(range("10.0.0.0/8", ""))
            .ip_ranges(range("192.168.0.0/16", "by hand"))
            .build();
        let group = SecurityGroup::builder().group_id("sg-1").owner_id("1").ip_permissions(permission).build();
        let found = |kind: &str, port: i64, blocks: &[&str]| {
            let rule = attributes(json!({"type": kind, "protocol": "tcp", "from_port": port, "to_port": port,
                "security_group_id": "sg-1", "cidr_blocks": blocks, "description": null}));
            live("sgrule-1", &rule, &group).map(|live| live.attributes["description"].clone())
        };
        assert_eq!(found("ingress", 443, &["10.0.0.0/8"]), Some(Value::Null));
        assert_eq!(found("ingress", 443, &["10.0.0.0/8", "192.168.0.0/16"]), Some(json!("by hand")));
        assert_eq!(found("ingress", 443, &["10.0.0.0/8", "172.16.0.0/12"]), None);
        assert_eq!(found("ingress", 444, &["10.0.0.0/8"]), None);
        assert_eq!(found("egress", 443, &["10.0.0.0/8"]), None);
        assert_eq!(found("ingress", 443, &[]), None, "a rule without a source is no rule");
    }
}
