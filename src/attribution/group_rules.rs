//! Rules of security groups, one by one: what an event authorizes, revokes or alters, and what Terraform writes, are compared as
//! (direction, protocol, ports, one source). Two rules that share ports or a source are two rules.
//! Shapes: <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_SecurityGroupRule.html>.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::leaves::text;
use super::{Event, leaves};

/// One rule of an event: exactly one source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventRule {
    id: Option<String>,
    /// `None`: the event does not say.
    egress: Option<bool>,
    protocol: String,
    ports: Option<(i64, i64)>,
    /// `None`: the event names the rule by its id only.
    source: Option<String>,
}

/// A rule as Terraform has it: an element of `ingress`, or a rule resource. It may have many sources.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenRule {
    id: Option<String>,
    egress: Option<bool>,
    protocol: String,
    ports: Option<(i64, i64)>,
    sources: BTreeSet<String>,
}

impl EventRule {
    /// Is this (a part of) that rule?
    pub fn is_of(&self, rule: &WrittenRule) -> bool {
        if let (Some(mine), Some(theirs)) = (&self.id, &rule.id) {
            return mine == theirs;
        }
        let directed = !matches!((self.egress, rule.egress), (Some(a), Some(b)) if a != b);
        let sourced = self.source.as_ref().is_some_and(|source| rule.sources.contains(source));
        directed && sourced && self.protocol == rule.protocol && self.ports == rule.ports
    }
}

impl WrittenRule {
    /// An element of an inline `ingress` or `egress`, or the attributes of a rule resource; `group` is the group it is in.
    pub fn of(attributes: &Map<String, Value>, group: Option<&str>, egress: Option<bool>) -> Self {
        let get = |name: &str| attributes.get(name).filter(|value| !value.is_null());
        let protocol = get("protocol").or_else(|| get("ip_protocol")).map(text).unwrap_or_default();
        let protocol = canonical_protocol(&protocol);
        let mut sources = BTreeSet::new();
        for name in [
            "cidr_blocks",
            "ipv6_cidr_blocks",
            "prefix_list_ids",
            "security_groups",
            "source_security_group_id",
            "cidr_ipv4",
            "cidr_ipv6",
            "prefix_list_id",
            "referenced_security_group_id",
        ] {
            match get(name) {
                Some(Value::Array(items)) => sources.extend(items.iter().map(|item| source(&text(item)))),
                Some(scalar) => {
                    sources.insert(source(&text(scalar)));
                }
                None => {}
            }
        }
        if get("self") == Some(&Value::Bool(true)) {
            sources.extend(group.map(source));
        }
        sources.remove("");
        Self {
            id: get("security_group_rule_id").map(text).filter(|id| !id.is_empty()),
            egress: egress.or_else(|| get("type").map(|kind| kind == "egress")),
            ports: ports(&protocol, number(get("from_port")), number(get("to_port"))),
            protocol,
            sources,
        }
    }
}

/// The rules that an event is about; `None` if it is not about rules.
pub fn of_event(event: &Event) -> Option<Vec<EventRule>> {
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
    for answer in answers {
        one(answer, egress.or_else(|| answer.get("isEgress").and_then(flag)), &mut rules);
    }
    for id in by_id.filter(|id| id.is_string()) {
        rules.push(bare(&text(id), egress));
    }
    for item in list(request.get("securityGroupRule")).chain(list(request.get("securityGroupRuleDescription"))) {
        let id = item.get("securityGroupRuleId").map(text);
        let before = rules.len();
        if let Some(inner) = item.get("securityGroupRule").or_else(|| item.get("securityGroupRuleRequest")) {
            one(inner, egress, &mut rules);
        }
        if rules.len() == before {
            rules.extend(id.as_deref().map(|id| bare(id, egress)));
        } else {
            rules[before..].iter_mut().for_each(|rule| rule.id.clone_from(&id));
        }
    }
    Some(rules)
}

fn bare(id: &str, egress: Option<bool>) -> EventRule {
    EventRule { id: Some(id.to_owned()), egress, protocol: String::new(), ports: None, source: None }
}

/// One element of `ipPermissions`: as many rules as it has sources.
fn of_permission(permission: &Value, egress: Option<bool>, rules: &mut Vec<EventRule>) {
    let protocol = canonical_protocol(&permission.get("ipProtocol").map(text).unwrap_or_default());
    let ports = ports(&protocol, number(permission.get("fromPort")), number(permission.get("toPort")));
    let mut add = |text: String| {
        rules.push(EventRule { id: None, egress, protocol: protocol.clone(), ports, source: Some(source(&text)) })
    };
    for (holder, key) in
        [("ipRanges", "cidrIp"), ("ipv6Ranges", "cidrIpv6"), ("prefixListIds", "prefixListId"), ("groups", "groupId")]
    {
        list(permission.get(holder)).filter_map(|item| item.get(key)).for_each(|value| add(text(value)));
    }
    if let Some(value) = permission.get("cidrIp").or_else(|| permission.get("sourceSecurityGroupId")) {
        add(text(value));
    }
}

/// One rule as the newer calls and answers have it.
fn one(rule: &Value, egress: Option<bool>, rules: &mut Vec<EventRule>) {
    let protocol = canonical_protocol(&rule.get("ipProtocol").map(text).unwrap_or_default());
    let of = ["cidrIpv4", "cidrIpv6", "prefixListId", "referencedGroupId"].iter().find_map(|key| rule.get(*key));
    let referenced = rule.get("referencedGroupInfo").and_then(|info| info.get("groupId"));
    let Some(value) = of.or(referenced) else { return };
    rules.push(EventRule {
        id: rule.get("securityGroupRuleId").map(text),
        egress,
        ports: ports(&protocol, number(rule.get("fromPort")), number(rule.get("toPort"))),
        protocol,
        source: Some(source(&text(value))),
    });
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

fn number(value: Option<&Value>) -> Option<i64> {
    let value = value?;
    value.as_i64().or_else(|| value.as_f64().map(|float| float as i64)).or_else(|| value.as_str()?.parse().ok())
}

/// All ports in one form: protocol "all" has none, and 0 to 65535 or -1 mean every one.
fn ports(protocol: &str, from: Option<i64>, to: Option<i64>) -> Option<(i64, i64)> {
    let pair = (from.unwrap_or(-1), to.unwrap_or(-1));
    match pair {
        _ if protocol == "all" => None,
        (-1, -1) => None,
        (0, 0) if protocol != "tcp" && protocol != "udp" && !protocol.starts_with("icmp") => None,
        pair => Some(pair),
    }
}

fn canonical_protocol(text: &str) -> String {
    leaves::protocol(text).map_or_else(|| text.to_ascii_lowercase(), str::to_owned)
}

/// A group of another account stands as `account/group` in Terraform.
fn source(text: &str) -> String {
    let text = text.trim().to_ascii_lowercase();
    match text.rsplit_once('/') {
        Some((_, group)) if group.starts_with("sg-") => group.to_owned(),
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn written(value: Value, egress: Option<bool>) -> WrittenRule {
        let Value::Object(map) = value else { panic!() };
        WrittenRule::of(&map, Some("sg-own00000"), egress)
    }

    fn rules(name: &str, request: Value, response: Value) -> Vec<EventRule> {
        let record = json!({"eventID": "e", "eventTime": "2026-01-01T00:00:00Z", "eventSource": "ec2.amazonaws.com", "eventName": name,
            "requestParameters": request, "responseElements": response});
        of_event(&super::super::record::parse(&record.to_string()).unwrap()).unwrap()
    }

    #[test]
    fn a_rule_is_its_ports_and_one_source() {
        let request = json!({"groupId": "sg-own00000", "ipPermissions": {"items": [
            {"ipProtocol": "tcp", "fromPort": 22, "toPort": 22, "ipRanges": {"items": [{"cidrIp": "10.0.0.0/8"}]}, "groups": {}},
            {"ipProtocol": "tcp", "fromPort": 443, "toPort": 443, "ipRanges": {"items": [{"cidrIp": "0.0.0.0/0"}]}, "ipv6Ranges": {"items": [{"cidrIpv6": "::/0"}]}, "groups": {"items": [{"groupId": "sg-other000"}]}}]}});
        let rules = rules("AuthorizeSecurityGroupIngress", request, Value::Null);
        let opens = |rule: Value| rules.iter().any(|mine| mine.is_of(&written(rule.clone(), Some(false))));
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
            assert!(!rules.iter().any(|mine| mine.is_of(&written(other.clone(), egress))), "{other}");
        }
    }

    #[test]
    fn ids_decide_where_both_have_them() {
        let response = json!({"revokedSecurityGroupRuleSet": {"items": [{"securityGroupRuleId": "sgr-1", "cidrIpv4": "10.0.0.0/8", "ipProtocol": "-1", "isEgress": true}]}});
        let rules = rules("RevokeSecurityGroupEgress", json!({"groupId": "sg-own00000"}), response);
        let rule = |id: &str| {
            written(json!({"security_group_rule_id": id, "ip_protocol": "-1", "cidr_ipv4": "10.0.0.0/8"}), Some(true))
        };
        assert!(rules[0].is_of(&rule("sgr-1")) && !rules[0].is_of(&rule("sgr-2")));
        assert!(rules[0].is_of(&written(
            json!({"protocol": "all", "from_port": 0, "to_port": 0, "cidr_blocks": ["10.0.0.0/8"]}),
            Some(true)
        )));
    }
}
