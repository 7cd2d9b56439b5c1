//! `aws_network_acl_rule`: one entry of an ACL. Its id is a hash, so it is found by ACL, direction and number.

use std::collections::HashMap;

use async_trait::async_trait;
use aws_sdk_ec2::types::{NetworkAcl, NetworkAclEntry};
use serde_json::{Value, json};

use super::ec2::entries::Entry;
use super::ec2::{self, entries, single};
use crate::aws::ReadError;
use crate::inventory::value::{self, text};
use crate::inventory::{Kind, ListRequest, Listed, ScopeReader};
use crate::model::{Attributes, CompareRules, Live, OwnedField, Owner, PriorState, number::integer};

pub(super) struct AwsNetworkAclRule;

#[async_trait]
impl Kind for AwsNetworkAclRule {
    fn name(&self) -> &'static str {
        "aws_network_acl_rule"
    }

    fn actions(&self) -> &'static [&'static str] {
        &["ec2:DescribeNetworkAcls"]
    }

    fn compare_rules(&self) -> CompareRules {
        CompareRules { normalize: Some(normalize), ..CompareRules::default() }
    }

    async fn list(&self, aws: &ScopeReader, request: &ListRequest<'_>) -> Result<Listed, ReadError> {
        if request.desired.is_empty() {
            return Ok(Listed::default());
        }
        let acls = ec2::network_acls(aws).await?;
        let acls: HashMap<_, _> = acls.iter().map(|acl| (acl.network_acl_id().unwrap_or_default(), acl)).collect();
        let found = request.desired.iter().filter_map(|prior| {
            let known = prior.attributes();
            live(prior.id, &known, acls.get(text(&known, "network_acl_id"))?)
        });
        Ok(found.collect())
    }

    async fn read(&self, aws: &ScopeReader, prior: &PriorState<'_>) -> Result<Option<Live>, ReadError> {
        let known = prior.attributes();
        let acl = single::network_acl(aws, text(&known, "network_acl_id")).await?;
        Ok(acl.and_then(|acl| live(prior.id, &known, &acl)))
    }

    fn owned_fields(&self, attributes: &Attributes) -> Vec<OwnedField> {
        let parent = |parent_kind| OwnedField {
            parent_kind,
            parent_id: text(attributes, "network_acl_id").to_owned(),
            attribute: if egress(attributes) { "egress" } else { "ingress" },
            element: Some(entries::of_attributes(attributes).element()),
        };
        ["aws_network_acl", "aws_default_network_acl"].map(parent).into()
    }
}

fn live(id: &str, desired: &Attributes, acl: &NetworkAcl) -> Option<Live> {
    let acl_id = acl.network_acl_id().unwrap_or_default();
    let entry = find(desired, acl)?;
    let mut attributes = members(&entries::of_live(entry));
    let (ports, icmp) = (entry.port_range(), entry.icmp_type_code());
    attributes.extend(value::attributes(json!({
        "from_port": ports.and_then(|ports| ports.from()),
        "icmp_code": icmp.and_then(|icmp| icmp.code()),
        "icmp_type": icmp.and_then(|icmp| icmp.r#type()),
        "to_port": ports.and_then(|ports| ports.to()),
    })));
    // What AWS does not answer the provider leaves as it was, whatever the protocol: `internal/service/ec2/vpc_network_acl_rule.go`.
    let mut keep = |names: [&str; 2]| {
        let state = names.map(|name| (name.to_owned(), desired.get(name).cloned().unwrap_or_default()));
        attributes.extend(state);
    };
    if ports.is_none() {
        keep(["from_port", "to_port"]);
    }
    if icmp.is_none() {
        keep(["icmp_code", "icmp_type"]);
    }
    attributes.extend(value::attributes(json!({"egress": egress(desired), "id": id, "network_acl_id": acl_id})));
    let owner = Owner::Parent { kind: "aws_network_acl", id: acl_id.to_owned() };
    Some(Live { id: id.to_owned(), attributes, owner })
}

fn find<'a>(desired: &Attributes, acl: &'a NetworkAcl) -> Option<&'a NetworkAclEntry> {
    let number = desired.get("rule_number").and_then(integer).unwrap_or_default();
    acl.entries().iter().find(|entry| {
        entry.egress().unwrap_or_default() == egress(desired) && entry.rule_number().map(i64::from) == Some(number)
    })
}

fn egress(attributes: &Attributes) -> bool {
    attributes.get("egress").and_then(Value::as_bool).unwrap_or_default()
}

fn normalize(attributes: &mut Attributes) {
    attributes.extend(members(&entries::of_attributes(attributes)));
}

/// The attributes of the rule that have several spellings. Ports and ICMP types are compared as they are: what one protocol has
/// and another has not stays in the state when the protocol changes.
fn members(entry: &Entry) -> Attributes {
    value::attributes(json!({
        "cidr_block": entry.cidr,
        "ipv6_cidr_block": entry.ipv6_cidr,
        "protocol": entry.protocol,
        "rule_action": entry.action,
        "rule_number": entry.number,
    }))
}

#[cfg(test)]
mod tests {
    use aws_sdk_ec2::types::{IcmpTypeCode, PortRange, RuleAction};

    use super::*;

    #[test]
    fn found_by_number_and_direction() {
        let entry = NetworkAclEntry::builder()
            .rule_number(100)
            .egress(true)
            .protocol("6")
            .rule_action(RuleAction::Deny)
            .cidr_block("0.0.0.0/0")
            .port_range(PortRange::builder().from(22).to(22).build())
            .build();
        let acl = NetworkAcl::builder().network_acl_id("acl-1").entries(entry).build();
        let mut desired = value::attributes(json!({"id": "nacl-9", "network_acl_id": "acl-1", "rule_number": 100,
            "egress": true, "protocol": "tcp", "rule_action": "deny", "cidr_block": "0.0.0.0/0", "from_port": 22,
            "to_port": 22, "icmp_code": null, "icmp_type": null, "ipv6_cidr_block": ""}));
        let found = live("nacl-9", &desired, &acl).unwrap();
        normalize(&mut desired);
        assert_eq!(found.attributes, desired);
        desired.insert("egress".to_owned(), json!(false));
        assert!(find(&desired, &acl).is_none());
    }

    #[test]
    fn another_protocol_is_one_change() {
        let rule = |protocol: &str, more: Value| {
            let mut rule = value::attributes(json!({"id": "nacl-9", "network_acl_id": "acl-1", "rule_number": 100,
                "egress": false, "protocol": protocol, "rule_action": "allow", "cidr_block": "10.0.0.0/8",
                "from_port": null, "to_port": null, "icmp_code": null, "icmp_type": null, "ipv6_cidr_block": ""}));
            rule.extend(value::attributes(more));
            rule
        };
        let entry = |protocol: &str| {
            NetworkAclEntry::builder()
                .rule_number(100)
                .egress(false)
                .protocol(protocol)
                .rule_action(RuleAction::Allow)
                .cidr_block("10.0.0.0/8")
        };
        let changed = |mut state: Attributes, entry: NetworkAclEntry| {
            let acl = NetworkAcl::builder().network_acl_id("acl-1").entries(entry).build();
            let mut found = live("nacl-9", &state, &acl).unwrap().attributes;
            [&mut state, &mut found].into_iter().for_each(normalize);
            found.into_iter().filter(|(name, value)| state[name] != *value).map(|(name, _)| name).collect::<Vec<_>>()
        };
        let https = || rule("tcp", json!({"from_port": 443, "to_port": 443}));
        let ping = || rule("icmp", json!({"icmp_type": 8, "icmp_code": -1}));
        let everything = || rule("all", json!({"from_port": 0, "to_port": 0}));
        let ports = PortRange::builder().from(443).to(443).build();
        let any = IcmpTypeCode::builder().r#type(-1).code(-1).build();
        assert_eq!(changed(https(), entry("-1").build()), ["protocol"]);
        assert_eq!(changed(ping(), entry("-1").build()), ["protocol"]);
        assert_eq!(changed(everything(), entry("-1").build()), [""; 0]);
        assert_eq!(changed(https(), entry("6").port_range(ports.clone()).build()), [""; 0]);
        assert_eq!(changed(everything(), entry("6").port_range(ports).build()), ["from_port", "protocol", "to_port"]);
        assert_eq!(changed(ping(), entry("1").icmp_type_code(any).build()), ["icmp_type"]);
    }
}
