//! Rules of security groups in events: what a call authorizes, revokes or alters, one by one. Two rules that share ports or a
//! peer are two rules. Forms: <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_SecurityGroupRule.html>.

use serde_json::Value;

use super::{Event, text};
use crate::model::SecurityGroupRule;
use crate::model::number::integer;
use crate::model::protocol;
use crate::model::security_group_rule::{GroupRef, Peer, Traffic};

/// A rule that an event is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum EventRule {
    /// By its id only.
    Id(String),
    Rule(SecurityGroupRule),
}

impl EventRule {
    /// Is this the rule (or one of the rules) that Terraform has? `group` is the group it is in.
    pub(crate) fn is(&self, rule: &SecurityGroupRule, group: &str) -> bool {
        match (self, &rule.id) {
            (Self::Id(id), theirs) => theirs.as_ref() == Some(id),
            (Self::Rule(SecurityGroupRule { id: Some(id), .. }), Some(theirs)) => id == theirs,
            (Self::Rule(mine), _) => {
                let directed = !matches!((mine.egress, rule.egress), (Some(a), Some(b)) if a != b);
                // Terraform writes a group of another account as `ACCOUNT/sg-...`, events have the account beside the id.
                let by_id = |rule: &SecurityGroupRule| rule.traffic.clone().by_group_id(group);
                directed && by_id(mine) == by_id(rule)
            }
        }
    }
}

/// The rules that an event is about; `None` if it is not about rules.
pub(crate) fn of_event(event: &Event) -> Option<Vec<EventRule>> {
    if event.service() != "ec2"
        || !event.name.contains("SecurityGroup")
        || !(event.name.contains("gress") || event.name.contains("Rules"))
    {
        return None;
    }
    let egress = if event.name.contains("Egress") {
        Some(true)
    } else if event.name.contains("Ingress") {
        Some(false)
    } else {
        None
    };
    let mut rules = Vec::new();
    let request = &event.request;
    for permission in list(request.get("ipPermissions")) {
        of_permission(permission, egress, &mut rules);
    }
    if request.get("ipProtocol").is_some() {
        of_permission(request, egress, &mut rules);
    }
    // Revoked or described by id only: the answer has the values.
    let by_id =
        list(request.get("securityGroupRuleIds")).filter_map(|item| item.get("securityGroupRuleId").or(Some(item)));
    let answers =
        list(event.response.get("revokedSecurityGroupRuleSet")).chain(list(event.response.get("securityGroupRuleSet")));
    let mut answered = Vec::new();
    for answer in answers {
        one(answer, egress.or_else(|| answer.get("isEgress").and_then(flag)), &mut answered);
    }
    // The answer has the ids: by those the rules of the request are known from others that are alike.
    rules.retain(|asked| !answered.iter().any(|answer| is_answer_to(answer, asked)));
    rules.extend(answered);
    for id in by_id.filter(|id| id.is_string()) {
        rules.push(EventRule::Id(text(id)));
    }
    for item in list(request.get("securityGroupRule")).chain(list(request.get("securityGroupRuleDescription"))) {
        let id = item.get("securityGroupRuleId").map(text);
        let before = rules.len();
        if let Some(inner) = item.get("securityGroupRule").or_else(|| item.get("securityGroupRuleRequest")) {
            one(inner, egress, &mut rules);
        }
        if rules.len() == before {
            rules.extend(id.map(EventRule::Id));
        } else {
            for rule in &mut rules[before..] {
                if let EventRule::Rule(rule) = rule {
                    rule.id.clone_from(&id);
                }
            }
        }
    }
    Some(rules)
}

fn is_answer_to(answer: &EventRule, asked: &EventRule) -> bool {
    match (answer, asked) {
        (EventRule::Rule(answer), EventRule::Rule(asked)) => {
            answer.id.is_some() && answer.traffic == asked.traffic && answer.egress == asked.egress
        }
        _ => false,
    }
}

/// One element of `ipPermissions`: as many rules as it has peers.
fn of_permission(permission: &Value, egress: Option<bool>, rules: &mut Vec<EventRule>) {
    let mut add = |peer, of: &Value| rules.push(EventRule::Rule(rule(permission, peer, of, egress)));
    for (holder, key) in
        [("ipRanges", "cidrIp"), ("ipv6Ranges", "cidrIpv6"), ("prefixListIds", "prefixListId"), ("groups", "groupId")]
    {
        for item in list(permission.get(holder)) {
            if let Some(peer) = peer(item, key) {
                add(peer, item);
            }
        }
    }
    // The older calls have one peer beside the protocol.
    if let Some(peer) = peer(permission, "cidrIp").or_else(|| peer(permission, "sourceSecurityGroupId")) {
        add(peer, permission);
    }
}

/// One rule as the newer calls and answers have it.
fn one(answer: &Value, egress: Option<bool>, rules: &mut Vec<EventRule>) {
    let of = ["cidrIpv4", "cidrIpv6", "prefixListId", "referencedGroupId"].iter().find_map(|key| peer(answer, key));
    let referenced = || peer(answer.get("referencedGroupInfo")?, "groupId");
    let Some(peer) = of.or_else(referenced) else { return };
    let id = answer.get("securityGroupRuleId").map(text);
    rules.push(EventRule::Rule(SecurityGroupRule { id, ..rule(answer, peer, answer, egress) }));
}

/// Protocol and ports stand in `permission`, the description beside the peer.
fn rule(permission: &Value, peer: Peer, beside: &Value, egress: Option<bool>) -> SecurityGroupRule {
    let protocol = permission.get("ipProtocol").map(text).unwrap_or_default();
    let is_icmp = matches!(protocol::security_group_form(&protocol).as_str(), "icmp" | "icmpv6");
    // ICMP without a type means all types.
    let port = |name: &str| permission.get(name).and_then(integer).or(is_icmp.then_some(-1));
    SecurityGroupRule {
        traffic: Traffic::new(&protocol, port("fromPort"), port("toPort"), peer),
        description: beside.get("description").map(text).unwrap_or_default(),
        id: None,
        egress,
    }
}

/// The peer that a member names.
fn peer(of: &Value, key: &str) -> Option<Peer> {
    let text = text(of.get(key).filter(|value| !value.is_null())?);
    Some(match key {
        "cidrIp" | "cidrIpv4" if text.contains(':') => Peer::ipv6(&text),
        "cidrIp" | "cidrIpv4" => Peer::ipv4(&text),
        "cidrIpv6" => Peer::ipv6(&text),
        "prefixListId" => Peer::PrefixList(text),
        _ => Peer::group(&text, GroupRef::default()),
    })
}

fn list(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    let items: Vec<&Value> = match value {
        Some(Value::Array(items)) => items.iter().collect(),
        Some(one @ (Value::Object(_) | Value::String(_))) => vec![one],
        _ => Vec::new(),
    };
    items.into_iter()
}

fn flag(value: &Value) -> Option<bool> {
    value.as_bool().or_else(|| value.as_str().map(|word| word == "true"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const GROUP: &str = "sg-own00000";

    fn written(value: Value, egress: Option<bool>) -> Vec<SecurityGroupRule> {
        let Value::Object(map) = value else { panic!() };
        SecurityGroupRule::from_attributes(&map, GroupRef { group: GROUP, account: "" }, egress)
    }

    fn is_of(rule: &EventRule, written: &[SecurityGroupRule]) -> bool {
        written.iter().any(|written| rule.is(written, GROUP))
    }

    fn rules(name: &str, request: Value, response: Value) -> Vec<EventRule> {
        let record = json!({"eventID": "e", "eventTime": "2026-01-01T00:00:00Z", "eventSource": "ec2.amazonaws.com", "eventName": name,
            "requestParameters": request, "responseElements": response});
        of_event(&super::super::parse(&record.to_string()).unwrap()).unwrap()
    }

    #[test]
    fn a_rule_is_its_ports_and_one_source() {
        let request = json!({"groupId": "sg-own00000", "ipPermissions": {"items": [
            {"ipProtocol": "tcp", "fromPort": 22, "toPort": 22, "ipRanges": {"items": [{"cidrIp": "10.0.0.0/8"}]}, "groups": {}},
            {"ipProtocol": "tcp", "fromPort": 443, "toPort": 443, "ipRanges": {"items": [{"cidrIp": "0.0.0.0/0"}]}, "ipv6Ranges": {"items": [{"cidrIpv6": "::/0"}]}, "groups": {"items": [{"groupId": "sg-other000"}]}}]}});
        let rules = rules("AuthorizeSecurityGroupIngress", request, Value::Null);
        let opens = |rule: Value| rules.iter().any(|mine| is_of(mine, &written(rule.clone(), Some(false))));
        assert!(opens(
            json!({"protocol": "tcp", "from_port": 22, "to_port": 22, "cidr_blocks": ["10.0.0.0/8", "192.168.0.0/16"]})
        ));
        assert!(opens(json!({"ip_protocol": "6", "from_port": 443, "to_port": 443, "cidr_ipv6": "::/0"})));
        assert!(opens(
            json!({"protocol": "tcp", "from_port": 443, "to_port": 443, "security_groups": ["123456789012/sg-other000"]})
        ));
        for other in [
            json!({"protocol": "tcp", "from_port": 22, "to_port": 22, "cidr_blocks": ["0.0.0.0/0"]}),
            json!({"protocol": "tcp", "from_port": 443, "to_port": 443, "self": true}),
            json!({"protocol": "udp", "from_port": 443, "to_port": 443, "cidr_blocks": ["0.0.0.0/0"]}),
            json!({"type": "egress", "protocol": "tcp", "from_port": 443, "to_port": 443, "cidr_blocks": ["0.0.0.0/0"]}),
        ] {
            let egress = other.get("type").map(|_| true).or(Some(false));
            assert!(!rules.iter().any(|mine| is_of(mine, &written(other.clone(), egress))), "{other}");
        }
    }

    #[test]
    fn ids_decide_where_both_have_them() {
        let response = json!({"revokedSecurityGroupRuleSet": {"items": [{"securityGroupRuleId": "sgr-1", "cidrIpv4": "10.0.0.0/8", "ipProtocol": "-1", "isEgress": true}]}});
        let rules = rules("RevokeSecurityGroupEgress", json!({"groupId": "sg-own00000"}), response);
        let rule = |id: &str| {
            written(json!({"security_group_rule_id": id, "ip_protocol": "-1", "cidr_ipv4": "10.0.0.0/8"}), Some(true))
        };
        assert!(is_of(&rules[0], &rule("sgr-1")) && !is_of(&rules[0], &rule("sgr-2")));
        let inline = json!({"protocol": "all", "from_port": 0, "to_port": 0, "cidr_blocks": ["10.0.0.0/8"]});
        assert!(is_of(&rules[0], &written(inline, Some(true))));
        let by_id = self::rules("RevokeSecurityGroupEgress", json!({"securityGroupRuleIds": ["sgr-1"]}), Value::Null);
        assert!(is_of(&by_id[0], &rule("sgr-1")) && !is_of(&by_id[0], &rule("sgr-2")));
    }

    /// The request has what the caller wrote, the resource what EC2 made of it: host bits are zeroed, protocols are named, and a
    /// protocol without ports has none, whatever was given.
    #[test]
    fn requests_are_compared_in_the_form_that_ec2_stores() {
        let request = json!({"groupId": GROUP, "ipPermissions": [
            {"ipProtocol": "6", "fromPort": 22, "toPort": 22, "ipRanges": [{"cidrIp": "10.0.1.7/24"}]},
            {"ipProtocol": "50", "fromPort": 0, "toPort": 65535, "ipv6Ranges": [{"cidrIpv6": "2001:DB8:0::/32"}]},
            {"ipProtocol": "icmp", "groups": [{"groupId": GROUP, "userId": "123456789012"}]}]});
        let rules = rules("AuthorizeSecurityGroupIngress", request, Value::Null);
        for rule in [
            json!({"protocol": "tcp", "from_port": 22, "to_port": 22, "cidr_blocks": ["10.0.1.0/24"]}),
            json!({"protocol": "50", "from_port": 0, "to_port": 0, "ipv6_cidr_blocks": ["2001:db8::/32"]}),
            json!({"protocol": "icmp", "from_port": -1, "to_port": -1, "self": true}),
        ] {
            assert!(rules.iter().any(|mine| is_of(mine, &written(rule.clone(), Some(false)))), "{rule}");
        }
    }
}
