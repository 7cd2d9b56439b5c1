//! A rule of a security group as AWS counts rules: one protocol, one port range, one peer, one description. AWS's answers, an
//! inline `ingress` block, a rule resource and an event group the same rules in different ways; only one by one can they be
//! compared. <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_SecurityGroupRule.html>

use serde_json::{Value, json};

use super::number::integer;
use super::{Attributes, cidr, protocol};

/// Every port.
pub const ALL_PORTS: (i64, i64) = (0, 65535);

/// One rule.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SecurityGroupRule {
    pub traffic: Traffic,
    /// Empty when there is none.
    pub description: String,
    /// `sgr-...`, where it is known.
    pub id: Option<String>,
    /// `None`: the source of the rule does not say.
    pub egress: Option<bool>,
}

/// What a rule allows.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Traffic {
    /// In the form of security groups: see [`protocol::security_group_form`].
    pub protocol: String,
    /// Port, or ICMP type (`-1`: all); `None` where the protocol has none.
    pub from_port: Option<i64>,
    /// Port, or ICMP code.
    pub to_port: Option<i64>,
    pub peer: Peer,
}

/// Where traffic comes from (or goes to).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Peer {
    Ipv4(String),
    Ipv6(String),
    PrefixList(String),
    /// `sg-...`, or `ACCOUNT/sg-...` for a group of another account.
    Group(String),
    /// The group that has the rule.
    Itself,
}

/// The group that has the rules.
#[derive(Debug, Clone, Copy, Default)]
pub struct GroupRef<'a> {
    /// Its id; empty when not known.
    pub group: &'a str,
    /// Its account; empty when not known.
    pub account: &'a str,
}

impl SecurityGroupRule {
    /// The rules of one element of `ingress` or `egress`, or of a rule resource of any type, in the order written there.
    /// `egress` is the direction where the attributes have no `type`.
    pub fn from_attributes(attributes: &Attributes, owner: GroupRef<'_>, egress: Option<bool>) -> Vec<Self> {
        let get = |name: &str| attributes.get(name).filter(|value| !value.is_null());
        let strings = |name: &str| match get(name) {
            Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).collect(),
            Some(Value::String(one)) if !one.is_empty() => vec![one.as_str()],
            _ => Vec::new(),
        };
        let mut peers = Vec::new();
        for name in ["cidr_blocks", "cidr_ipv4"] {
            peers.extend(strings(name).into_iter().map(Peer::ipv4));
        }
        for name in ["ipv6_cidr_blocks", "cidr_ipv6"] {
            peers.extend(strings(name).into_iter().map(Peer::ipv6));
        }
        for name in ["prefix_list_ids", "prefix_list_id"] {
            peers.extend(strings(name).into_iter().map(|id| Peer::PrefixList(id.to_owned())));
        }
        for name in ["security_groups", "source_security_group_id", "referenced_security_group_id"] {
            peers.extend(strings(name).into_iter().map(|id| Peer::group(id, owner)));
        }
        if get("self").and_then(Value::as_bool) == Some(true) {
            peers.push(Peer::Itself);
        }
        let text = |name: &str| match get(name) {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Number(number)) => number.to_string(),
            _ => String::new(),
        };
        let protocol = if get("protocol").is_some() { text("protocol") } else { text("ip_protocol") };
        let port = |name: &str| get(name).and_then(integer).or_else(|| all_icmp(&protocol, attributes));
        let (from, to) = (port("from_port"), port("to_port"));
        let rule = |peer| Self {
            traffic: Traffic::new(&protocol, from, to, peer),
            description: text("description"),
            id: Some(text("security_group_rule_id")).filter(|id| !id.is_empty()),
            egress: egress.or_else(|| get("type").map(|direction| direction == "egress")),
        };
        peers.into_iter().map(rule).collect()
    }

    /// The rule as an element of `ingress` or `egress` of `aws_security_group`, with every key, as the provider
    /// writes it (`internal/service/ec2/vpc_security_group.go`).
    pub fn element(&self) -> Value {
        let none: [&str; 0] = [];
        let mut element = json!({
            "cidr_blocks": none,
            "description": self.description,
            "from_port": self.traffic.from_port.unwrap_or_default(),
            "ipv6_cidr_blocks": none,
            "prefix_list_ids": none,
            "protocol": self.traffic.protocol,
            "security_groups": none,
            "self": false,
            "to_port": self.traffic.to_port.unwrap_or_default(),
        });
        let (key, value) = match &self.traffic.peer {
            Peer::Ipv4(cidr) => ("cidr_blocks", json!([cidr])),
            Peer::Ipv6(cidr) => ("ipv6_cidr_blocks", json!([cidr])),
            Peer::PrefixList(id) => ("prefix_list_ids", json!([id])),
            Peer::Group(id) => ("security_groups", json!([id])),
            Peer::Itself => ("self", json!(true)),
        };
        element[key] = value;
        element
    }
}

/// `aws_vpc_security_group_*_rule` has no ports where AWS says -1: all types of ICMP.
fn all_icmp(protocol: &str, attributes: &Attributes) -> Option<i64> {
    let icmp = matches!(protocol::security_group_form(protocol).as_str(), "icmp" | "icmpv6");
    (icmp && attributes.contains_key("ip_protocol")).then_some(-1)
}

impl Traffic {
    /// Brings protocol and ports into the form in which EC2 answers: ports only where the protocol has any.
    pub fn new(protocol: &str, from_port: Option<i64>, to_port: Option<i64>, peer: Peer) -> Self {
        let protocol = protocol::security_group_form(protocol);
        let has_ports = protocol::has_ports(&protocol);
        let port = |port: Option<i64>| port.filter(|_| has_ports);
        Self { from_port: port(from_port), to_port: port(to_port), protocol, peer }
    }

    /// The same with its peer group by id alone, for comparing: the group's own id for itself, without an account.
    #[must_use]
    pub fn by_group_id(self, group: &str) -> Self {
        let peer = match self.peer {
            Peer::Itself if !group.is_empty() => Peer::Group(group.to_owned()),
            Peer::Group(id) => Peer::Group(bare(&id).to_owned()),
            peer => peer,
        };
        Self { peer, ..self }
    }

    /// Every port that is opened: all of them where the rule has none.
    pub fn port_range(&self) -> (i64, i64) {
        match (self.from_port, self.to_port) {
            (Some(from), Some(to)) if from >= 0 => (from, to),
            _ => ALL_PORTS,
        }
    }
}

impl Peer {
    pub fn ipv4(block: &str) -> Self {
        Self::Ipv4(cidr::canonical(block))
    }

    pub fn ipv6(block: &str) -> Self {
        Self::Ipv6(cidr::canonical(block))
    }

    /// A group by id, with its account before a slash where it is another one.
    pub fn group(id: &str, owner: GroupRef<'_>) -> Self {
        let account = id.split_once('/').map_or("", |(account, _)| account);
        if !owner.group.is_empty() && bare(id) == owner.group {
            Self::Itself
        } else if account.is_empty() || account == owner.account {
            Self::Group(bare(id).to_owned())
        } else {
            Self::Group(id.to_owned())
        }
    }

    /// The CIDR block, if it is one.
    pub fn cidr(&self) -> Option<&str> {
        match self {
            Self::Ipv4(block) | Self::Ipv6(block) => Some(block),
            Self::PrefixList(_) | Self::Group(_) | Self::Itself => None,
        }
    }
}

/// `ACCOUNT/sg-...` -> `sg-...`
fn bare(id: &str) -> &str {
    id.split_once('/').map_or(id, |(_, group)| group)
}

/// Sorted, each once.
pub fn sorted(mut rules: Vec<SecurityGroupRule>) -> Vec<SecurityGroupRule> {
    rules.sort_unstable();
    rules.dedup();
    rules
}

/// The rules as the value of `ingress` or `egress`.
pub fn elements_of(rules: &[SecurityGroupRule]) -> Value {
    rules.iter().map(SecurityGroupRule::element).collect()
}

/// `ingress` and `egress` of a group, one element per rule; a missing or null attribute stays what it is.
pub fn normalize(attributes: &mut Attributes) {
    let text = |name: &str| attributes.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (group, account) = (text("id"), text("owner_id"));
    let owner = GroupRef { group: &group, account: &account };
    for direction in ["ingress", "egress"] {
        let Some(Value::Array(elements)) = attributes.get(direction) else { continue };
        let elements = elements.iter().filter_map(Value::as_object);
        let rules = elements.flat_map(|element| SecurityGroupRule::from_attributes(element, owner, None));
        let rules = elements_of(&sorted(rules.collect()));
        attributes.insert(direction.to_owned(), rules);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(attributes: Value) -> Vec<SecurityGroupRule> {
        let Value::Object(attributes) = attributes else { panic!() };
        SecurityGroupRule::from_attributes(&attributes, GroupRef { group: "sg-1", account: "" }, None)
    }

    #[test]
    fn a_description_a_port_and_all_icmp_count() {
        let one = |protocol: &str, port: i64, description: &str| {
            rules(json!({"protocol": protocol, "from_port": port, "to_port": port, "cidr_blocks": ["0.0.0.0/0"],
                         "description": description}))
        };
        assert_ne!(one("tcp", 22, ""), one("tcp", 22, "x"));
        assert_ne!(one("tcp", 22, ""), one("tcp", 23, ""));
        assert_ne!(one("icmp", -1, ""), one("icmp", 0, ""));
        assert_eq!(one("-1", 0, ""), one("all", -1, ""));
        assert_eq!(one("58", 8, ""), one("icmpv6", 8, ""));
        assert_eq!(one("50", 0, ""), one("50", 65535, ""));
    }

    #[test]
    fn one_rule_per_peer_of_every_rule_resource() {
        let inline = rules(json!({"protocol": "6", "from_port": 443, "to_port": 443, "cidr_blocks": ["10.0.1.7/24"],
            "ipv6_cidr_blocks": ["2001:DB8::/32"], "security_groups": ["1/sg-2"], "self": true}));
        let peers: Vec<Peer> = inline.into_iter().map(|rule| rule.traffic.peer).collect();
        let expected =
            [Peer::ipv4("10.0.1.0/24"), Peer::ipv6("2001:db8::/32"), Peer::Group("1/sg-2".into()), Peer::Itself];
        assert_eq!(peers, expected);
        let single = rules(json!({"ip_protocol": "icmp", "from_port": null, "cidr_ipv4": "10.0.1.7/24",
            "security_group_rule_id": "sgr-1", "type": "egress"}));
        assert_eq!((single.len(), single[0].egress, single[0].id.as_deref()), (1, Some(true), Some("sgr-1")));
        assert_eq!((single[0].traffic.from_port, single[0].traffic.port_range()), (Some(-1), ALL_PORTS));
        assert!(rules(json!({"protocol": "tcp", "from_port": 1, "to_port": 1, "self": false})).is_empty());
    }

    #[test]
    fn groups_by_id_alone() {
        let of = |peer| Traffic::new("-1", None, None, peer).by_group_id("sg-1").peer;
        assert_eq!(of(Peer::Itself), Peer::Group("sg-1".into()));
        assert_eq!(of(Peer::Group("222222222222/sg-3".into())), Peer::Group("sg-3".into()));
        assert_eq!(of(Peer::ipv4("10.0.0.0/8")), Peer::ipv4("10.0.0.0/8"));
    }
}
