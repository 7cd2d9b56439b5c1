//! `aws_vpc_security_group_ingress_rule`: one rule of AWS by its own id. The egress twin shares everything here.

use async_trait::async_trait;
use aws_sdk_ec2::types::SecurityGroupRule;
use serde_json::{Value, json};

use super::ec2::{self, security_group_rules, single};
use crate::aws::ReadError;
use crate::inventory::value::{attributes, ec2_tags, text};
use crate::inventory::{Kind, ListRequest, Listed, ScopeReader};
use crate::model::security_group_rule::{self, GroupRef};
use crate::model::{Attributes, CompareRules, Live, OwnedField, Owner, PriorState, cidr, number::integer, protocol};

pub(super) struct AwsVpcSecurityGroupIngressRule;

pub(super) const ACTIONS: &[&str] = &["ec2:DescribeSecurityGroupRules"];

#[async_trait]
impl Kind for AwsVpcSecurityGroupIngressRule {
    fn name(&self) -> &'static str {
        "aws_vpc_security_group_ingress_rule"
    }

    fn actions(&self) -> &'static [&'static str] {
        ACTIONS
    }

    fn compare_rules(&self) -> CompareRules {
        compare_rules()
    }

    async fn list(&self, aws: &ScopeReader, request: &ListRequest<'_>) -> Result<Listed, ReadError> {
        list(aws, request, false).await
    }

    async fn read(&self, aws: &ScopeReader, prior: &PriorState<'_>) -> Result<Option<Live>, ReadError> {
        read(aws, prior, false).await
    }

    fn owned_fields(&self, attributes: &Attributes) -> Vec<OwnedField> {
        parts(attributes, false)
    }
}

pub(super) fn compare_rules() -> CompareRules {
    CompareRules { normalize: Some(normalize), ..CompareRules::default() }
}

/// The declared rules out of all rules of the region; the others are judged as parts of their groups.
pub(super) async fn list(aws: &ScopeReader, request: &ListRequest<'_>, egress: bool) -> Result<Listed, ReadError> {
    if request.desired.is_empty() {
        return Ok(Listed::default());
    }
    let rules = ec2::security_group_rules(aws).await?;
    let declared = rules.iter().filter(|rule| rule.security_group_rule_id().is_some_and(|id| request.declares(id)));
    Ok(declared.filter(|rule| is_of(rule, egress)).map(|rule| live(aws, rule)).collect())
}

/// Out of the rules of its group, so that many rules of one group cost one call. Without a known group, by its own id.
pub(super) async fn read(aws: &ScopeReader, prior: &PriorState<'_>, egress: bool) -> Result<Option<Live>, ReadError> {
    let known = prior.attributes();
    let is_it = |rule: &&SecurityGroupRule| rule.security_group_rule_id() == Some(prior.id) && is_of(rule, egress);
    match text(&known, "security_group_id") {
        "" => {
            let rule = single::security_group_rule(aws, prior.id).await?;
            Ok(rule.as_deref().filter(is_it).map(|rule| live(aws, rule)))
        }
        group => Ok(single::rules_of(aws, group).await?.iter().find(is_it).map(|rule| live(aws, rule))),
    }
}

fn is_of(rule: &SecurityGroupRule, egress: bool) -> bool {
    rule.is_egress().unwrap_or_default() == egress
}

pub(super) fn parts(attributes: &Attributes, egress: bool) -> Vec<OwnedField> {
    let group = text(attributes, "security_group_id");
    let rules = security_group_rule::SecurityGroupRule::from_attributes(
        attributes,
        GroupRef { group, account: "" },
        Some(egress),
    );
    security_group_rules::owned_fields(group, egress, &rules)
}

fn live(aws: &ScopeReader, rule: &SecurityGroupRule) -> Live {
    let id = rule.security_group_rule_id().unwrap_or_default();
    let group = rule.group_id().unwrap_or_default();
    let referenced = rule.referenced_group_info().map(|info| {
        let id = info.group_id().unwrap_or_default();
        match info.user_id() {
            Some(account) if !account.is_empty() && account != aws.account => format!("{account}/{id}"),
            _ => id.to_owned(),
        }
    });
    let values = json!({
        "arn": aws.arn("ec2", &format!("security-group-rule/{id}")),
        "cidr_ipv4": rule.cidr_ipv4(),
        "cidr_ipv6": rule.cidr_ipv6(),
        "description": rule.description(),
        "from_port": rule.from_port(),
        "id": id,
        "ip_protocol": rule.ip_protocol(),
        "prefix_list_id": rule.prefix_list_id(),
        "referenced_security_group_id": referenced,
        "security_group_id": group,
        "security_group_rule_id": id,
        "tags_all": ec2_tags(rule.tags()),
        "to_port": rule.to_port(),
    });
    let owner = Owner::Parent { kind: "aws_security_group", id: group.to_owned() };
    Live { id: id.to_owned(), attributes: attributes(values), owner }
}

fn normalize(attributes: &mut Attributes) {
    let protocol = protocol::security_group_form(text(attributes, "ip_protocol"));
    for name in ["from_port", "to_port"] {
        if attributes.contains_key(name) {
            attributes.insert(name.to_owned(), port(attributes.get(name), &protocol).into());
        }
    }
    for name in ["cidr_ipv4", "cidr_ipv6"] {
        if let Some(Value::String(block)) = attributes.get_mut(name) {
            *block = cidr::canonical(block);
        }
    }
    if attributes.contains_key("ip_protocol") {
        attributes.insert("ip_protocol".to_owned(), protocol.into());
    }
}

/// AWS answers -1 where no port was given: for ICMP that is "all types", else nothing.
fn port(value: Option<&Value>, protocol: &str) -> i64 {
    match (value, protocol) {
        (None | Some(Value::Null), "icmp" | "icmpv6") => -1,
        (value, "icmp" | "icmpv6" | "tcp" | "udp") => value.and_then(integer).unwrap_or_default(),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_that_mean_all() {
        let same = |one: Value, other: Value| {
            let (mut one, mut other) = (attributes(one), attributes(other));
            normalize(&mut one);
            normalize(&mut other);
            one == other
        };
        assert!(same(
            json!({"ip_protocol": "all", "from_port": null, "to_port": null}),
            json!({"ip_protocol": "-1", "from_port": -1, "to_port": -1}),
        ));
        assert!(same(
            json!({"ip_protocol": "icmp", "from_port": null, "to_port": null}),
            json!({"ip_protocol": "1", "from_port": -1, "to_port": -1}),
        ));
        assert!(!same(
            json!({"ip_protocol": "icmp", "from_port": 0, "to_port": 0}),
            json!({"ip_protocol": "icmp", "from_port": -1, "to_port": -1}),
        ));
        assert!(!same(json!({"ip_protocol": "tcp", "from_port": 22}), json!({"ip_protocol": "tcp", "from_port": 23})));
    }

    #[test]
    fn its_own_group_is_self_in_the_parent() {
        let rule = attributes(json!({"security_group_id": "sg-1", "referenced_security_group_id": "sg-1",
            "ip_protocol": "-1", "from_port": null, "to_port": null, "description": null}));
        let parts = parts(&rule, true);
        assert_eq!((parts.len(), parts[0].attribute), (2, "egress"));
        assert_eq!(parts[0].element.as_ref().unwrap()["self"], json!(true));
    }
}
