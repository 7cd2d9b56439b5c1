//! Reading firewall rules in Terraform's forms: inline `ingress` blocks, the three rule resources, network ACLs.
//! Knows which rules admit the whole internet; does not know what is reachable in the end.

use serde_json::{Map, Value};

use crate::model::number::integer;
use crate::model::security_group_rule::{ALL_PORTS, GroupRef};
use crate::model::{SecurityGroupRule, cidr, pointer, protocol};

/// A range of ports that a rule opens to the world.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Opening {
    /// In the form of security groups; `-1` for all protocols.
    protocol: String,
    from: i64,
    to: i64,
}

/// Does `port` lie within the rule's range? `-1` as the lower end means all ports; otherwise a missing end means none. 0-0 is
/// port 0 alone: the protocol, with which it may mean all ports, is not known here.
pub fn ports_overlap(from: &Value, to: &Value, port: i64) -> bool {
    match (integer(from), integer(to)) {
        (Some(-1), _) => true,
        (Some(from), Some(to)) => from <= port && port <= to,
        _ => false,
    }
}

/// Which of `ports` (TCP) does live open to the world that desired does not?
pub fn newly_open_ports(desired: &Value, live: &Value, changes: &Value, ports: &[i64]) -> Vec<i64> {
    let (old, new) = openings(desired, live, changes);
    ports.iter().copied().filter(|port| reaches(&new, *port) && !reaches(&old, *port)).collect()
}

/// Does live open all ports of a protocol (TCP, UDP or all) to the world where desired does not?
pub fn newly_open_all(desired: &Value, live: &Value, changes: &Value) -> bool {
    let (old, new) = openings(desired, live, changes);
    new.iter().any(|opening| all_ports(opening) && !old.iter().any(|known| covers(known, opening)))
}

/// Does live open anything to the world that desired does not?
pub fn newly_open_any(desired: &Value, live: &Value, changes: &Value) -> bool {
    let (old, new) = openings(desired, live, changes);
    new.iter().any(|opening| !old.iter().any(|known| covers(known, opening)))
}

/// The openings that desired declares, and those that are live.
fn openings(desired: &Value, live: &Value, changes: &Value) -> (Vec<Opening>, Vec<Opening>) {
    let change = changes
        .as_array()
        .into_iter()
        .flatten()
        .find(|c| c.get("path").and_then(Value::as_str).is_some_and(|p| pointer::top(p) == "ingress"));
    let mut old = ingress(desired);
    let mut new = ingress(live);
    if let Some(change) = change {
        // the change counts even where the attributes are only partly known
        old.extend(elements(change.get("desired")));
        old.extend(elements(change.get("removed")));
        new = elements(change.get("live"));
        new.extend(elements(change.get("added")));
    }
    (old.iter().filter_map(|r| opening(r)).collect(), new.iter().filter_map(|r| opening(r)).collect())
}

/// The inbound rules of a resource: its `ingress` blocks, or itself when it is a rule.
fn ingress(attributes: &Value) -> Vec<&Map<String, Value>> {
    let Some(map) = attributes.as_object() else { return Vec::new() };
    if map.contains_key("ingress") {
        return elements(map.get("ingress"));
    }
    let rule = map.contains_key("protocol") || map.contains_key("ip_protocol");
    let outbound = text(map, "type") == Some("egress") || map.get("egress") == Some(&Value::Bool(true));
    if rule && !outbound { vec![map] } else { Vec::new() }
}

fn elements(list: Option<&Value>) -> Vec<&Map<String, Value>> {
    list.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object).collect()
}

/// What the rule opens to the world: a rule of a security group by its peers, an entry of a network ACL by its block.
fn opening(rule: &Map<String, Value>) -> Option<Opening> {
    let allowed = ![text(rule, "action"), text(rule, "rule_action")].contains(&Some("deny"));
    let of_acl = ["cidr_block", "ipv6_cidr_block"].iter().filter_map(|name| rule.get(*name)).any(any_world);
    let rules = SecurityGroupRule::from_attributes(rule, GroupRef::default(), None);
    let of_group = rules.into_iter().find(|rule| rule.traffic.peer.cidr().is_some_and(cidr::is_world));
    let (protocol, (from, to)) = match of_group {
        Some(rule) => (rule.traffic.protocol.clone(), rule.traffic.port_range()),
        None if of_acl => {
            let port = |name: &str| rule.get(name).and_then(integer);
            let protocol = protocol::security_group_form(text(rule, "protocol")?);
            let range = match (port("from_port"), port("to_port")) {
                _ if protocol == protocol::ALL => ALL_PORTS,
                (Some(from), Some(to)) if from >= 0 => (from, to),
                _ => ALL_PORTS,
            };
            (protocol, range)
        }
        None => return None,
    };
    (allowed && !protocol.is_empty()).then_some(Opening { protocol, from, to })
}

/// Is one of these (a CIDR or a list of them) the whole Internet?
pub fn any_world(cidrs: &Value) -> bool {
    match cidrs {
        Value::String(text) => cidr::is_world(text),
        Value::Array(items) => items.iter().any(any_world),
        _ => false,
    }
}

fn reaches(openings: &[Opening], port: i64) -> bool {
    openings.iter().any(|o| matches!(o.protocol.as_str(), "-1" | "tcp") && o.from <= port && port <= o.to)
}

fn all_ports(opening: &Opening) -> bool {
    matches!(opening.protocol.as_str(), "-1" | "tcp" | "udp") && opening.from <= 1 && opening.to >= 65535
}

fn covers(known: &Opening, opening: &Opening) -> bool {
    (known.protocol == "-1" || known.protocol == opening.protocol)
        && known.from <= opening.from
        && known.to >= opening.to
}

fn text<'a>(map: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    map.get(name).and_then(Value::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_what_is_new_counts() {
        let rule = |from: i64, to: i64, cidr: &str| json!({"protocol": "tcp", "from_port": from, "to_port": to, "cidr_blocks": [cidr]});
        let group = |rules: Value| json!({"ingress": rules});
        let web = rule(443, 443, "0.0.0.0/0");
        let ssh = rule(22, 22, "0.0.0.0/0");
        let old = group(json!([web]));
        let new = group(json!([web, ssh]));
        assert_eq!(newly_open_ports(&old, &new, &json!([]), &[22, 443]), [22]);
        assert!(newly_open_ports(&new, &new, &json!([]), &[22, 443]).is_empty());
        assert!(newly_open_any(&old, &new, &json!([])) && !newly_open_all(&old, &new, &json!([])));
        // a new description of an old opening opens nothing
        let mut described = web.clone();
        described["description"] = json!("x");
        assert!(!newly_open_any(&old, &group(json!([described])), &json!([])));
        // the change alone is enough
        let change = json!([{"path": "/ingress", "desired": [web], "live": [web, ssh], "added": [ssh], "removed": []}]);
        assert_eq!(newly_open_ports(&json!({}), &json!({}), &change, &[22]), [22]);
        // rule resources and unmanaged ones
        let vpc_rule = json!({"ip_protocol": "-1", "cidr_ipv6": "::/0"});
        assert!(newly_open_all(&json!({}), &vpc_rule, &json!([])));
        let egress = json!({"type": "egress", "protocol": "-1", "cidr_blocks": ["0.0.0.0/0"]});
        assert!(!newly_open_any(&json!({}), &egress, &json!([])));
        assert!(!newly_open_any(&old, &group(json!([web, rule(22, 22, "10.0.0.0/8")])), &json!([])));
    }

    #[test]
    fn what_an_entry_of_a_network_acl_opens() {
        let entry = |protocol: &str, (from, to): (Value, Value)| {
            json!({"action": "allow", "cidr_block": "0.0.0.0/0", "ipv6_cidr_block": "", "protocol": protocol,
                   "from_port": from, "to_port": to})
        };
        let ports = |from: i64, to: i64| (json!(from), json!(to));
        let none = || (Value::Null, Value::Null);
        let tcp = |from: i64, to: i64| ("tcp".to_owned(), from, to);
        for (protocol, ports, expected) in [
            ("6", ports(22, 22), tcp(22, 22)),
            ("tcp", (json!("22"), json!("80")), tcp(22, 80)),
            ("tcp", ports(0, 0), tcp(0, 0)),
            ("tcp", ports(0, 65535), tcp(0, 65535)),
            ("tcp", ports(-1, -1), tcp(0, 65535)),
            ("tcp", none(), tcp(0, 65535)),
            ("tcp", (json!(22), Value::Null), tcp(0, 65535)),
            ("17", ports(53, 53), ("udp".to_owned(), 53, 53)),
            ("1", ports(0, 0), ("icmp".to_owned(), 0, 0)),
            ("50", ports(0, 0), ("50".to_owned(), 0, 0)),
            ("-1", ports(0, 0), ("-1".to_owned(), 0, 65535)),
            ("all", ports(22, 22), ("-1".to_owned(), 0, 65535)),
        ] {
            let one = entry(protocol, ports);
            let found = opening(one.as_object().unwrap()).map(|found| (found.protocol, found.from, found.to));
            assert_eq!(found, Some(expected), "{one}");
        }
        // inline or as a resource of its own, what is let in counts, and only from the whole internet
        let ssh = entry("6", ports(22, 22));
        for (change, is_open) in [
            (json!({}), true),
            (json!({"action": "deny"}), false),
            (json!({"cidr_block": "10.0.0.0/8"}), false),
            (json!({"cidr_block": "", "ipv6_cidr_block": "::/0"}), true),
            (json!({"protocol": ""}), false),
        ] {
            let mut one = ssh.clone();
            one.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
            let mut alone = one.clone();
            alone["rule_action"] = alone["action"].take();
            for acl in [json!({"ingress": [one]}), alone] {
                assert_eq!(newly_open_any(&json!({}), &acl, &json!([])), is_open, "{acl}");
                assert_eq!(newly_open_ports(&json!({}), &acl, &json!([]), &[22, 443]) == [22], is_open, "{acl}");
            }
        }
        let mut outbound = ssh;
        outbound["egress"] = json!(true);
        assert!(!newly_open_any(&json!({}), &outbound, &json!([])));
    }
}
