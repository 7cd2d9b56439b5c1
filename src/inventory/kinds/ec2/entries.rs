//! Network ACL entries in one form: protocol numbers, no port where the protocol has none. Knows both the inline
//! blocks of `aws_network_acl` and the single `aws_network_acl_rule`.

use aws_sdk_ec2::types::{NetworkAcl, NetworkAclEntry};
use serde_json::{Value, json};

use crate::inventory::value::text;
use crate::model::{Attributes, cidr, number::integer, protocol};

/// The rules that AWS puts at the end of every ACL and nobody can change, IPv4 and IPv6:
/// <https://docs.aws.amazon.com/vpc/latest/userguide/default-network-acl.html>.
const LAST: [i32; 2] = [32767, 32768];

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::inventory::kinds) struct Entry {
    pub(in crate::inventory::kinds) number: i64,
    /// `allow` or `deny`.
    pub(in crate::inventory::kinds) action: String,
    /// A number, or `-1`.
    pub(in crate::inventory::kinds) protocol: String,
    pub(in crate::inventory::kinds) cidr: String,
    pub(in crate::inventory::kinds) ipv6_cidr: String,
    /// First and last port; 0 where the protocol has none.
    pub(in crate::inventory::kinds) ports: (i64, i64),
    /// ICMP type and code; 0 where the protocol has none.
    pub(in crate::inventory::kinds) icmp: (i64, i64),
}

impl Entry {
    /// One form per meaning.
    fn canonical(self) -> Self {
        let protocol = protocol::number(&self.protocol);
        let icmp = matches!(protocol.as_str(), "1" | "58");
        Self {
            action: self.action.to_lowercase(),
            cidr: cidr::canonical(&self.cidr),
            ipv6_cidr: cidr::canonical(&self.ipv6_cidr),
            ports: if icmp || protocol == "-1" { (0, 0) } else { self.ports },
            icmp: if icmp { self.icmp } else { (0, 0) },
            protocol,
            ..self
        }
    }

    /// The entry as an element of `ingress` or `egress` of `aws_network_acl`, with every key.
    pub(in crate::inventory::kinds) fn element(&self) -> Value {
        json!({
            "action": self.action,
            "cidr_block": self.cidr,
            "from_port": self.ports.0,
            "icmp_code": self.icmp.1,
            "icmp_type": self.icmp.0,
            "ipv6_cidr_block": self.ipv6_cidr,
            "protocol": self.protocol,
            "rule_no": self.number,
            "to_port": self.ports.1,
        })
    }
}

/// What EC2 answers for one entry.
/// <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_NetworkAclEntry.html>
pub(in crate::inventory::kinds) fn of_live(entry: &NetworkAclEntry) -> Entry {
    let number = |value: Option<i32>| i64::from(value.unwrap_or_default());
    let (ports, icmp) = (entry.port_range(), entry.icmp_type_code());
    Entry {
        number: number(entry.rule_number()),
        action: entry.rule_action().map(|action| action.as_str().to_owned()).unwrap_or_default(),
        protocol: entry.protocol().unwrap_or_default().to_owned(),
        cidr: entry.cidr_block().unwrap_or_default().to_owned(),
        ipv6_cidr: entry.ipv6_cidr_block().unwrap_or_default().to_owned(),
        ports: (number(ports.and_then(|p| p.from())), number(ports.and_then(|p| p.to()))),
        icmp: (number(icmp.and_then(|i| i.r#type())), number(icmp.and_then(|i| i.code()))),
    }
    .canonical()
}

/// An element of `ingress` or `egress`, or an `aws_network_acl_rule` (other names for number and action).
pub(in crate::inventory::kinds) fn of_attributes(attributes: &Attributes) -> Entry {
    let number = |name: &str| attributes.get(name).and_then(integer).unwrap_or_default();
    let either = |one: &'static str, other: &'static str| if attributes.contains_key(one) { one } else { other };
    Entry {
        number: number(either("rule_no", "rule_number")),
        action: text(attributes, either("action", "rule_action")).to_owned(),
        protocol: text(attributes, "protocol").to_owned(),
        cidr: text(attributes, "cidr_block").to_owned(),
        ipv6_cidr: text(attributes, "ipv6_cidr_block").to_owned(),
        ports: (number("from_port"), number("to_port")),
        icmp: (number("icmp_type"), number("icmp_code")),
    }
    .canonical()
}

/// The entries of one direction that people can change, as the value of `ingress` or `egress`.
pub(in crate::inventory::kinds) fn elements_of(acl: &NetworkAcl, egress: bool) -> Value {
    let own = |entry: &&NetworkAclEntry| {
        entry.egress().unwrap_or_default() == egress && !entry.rule_number().is_some_and(|n| LAST.contains(&n))
    };
    let mut entries: Vec<Entry> = acl.entries().iter().filter(own).map(of_live).collect();
    entries.sort_unstable();
    entries.iter().map(Entry::element).collect()
}

/// `ingress` and `egress` of an ACL in one form; a missing or null attribute stays what it is.
pub(in crate::inventory::kinds) fn normalize(attributes: &mut Attributes) {
    for direction in ["ingress", "egress"] {
        let Some(Value::Array(elements)) = attributes.get(direction) else { continue };
        let mut entries: Vec<Entry> = elements.iter().filter_map(Value::as_object).map(of_attributes).collect();
        entries.sort_unstable();
        attributes.insert(direction.to_owned(), entries.iter().map(Entry::element).collect());
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_ec2::types::{IcmpTypeCode, PortRange, RuleAction};

    use super::*;
    use crate::inventory::value::attributes;

    fn live(number: i32) -> aws_sdk_ec2::types::builders::NetworkAclEntryBuilder {
        NetworkAclEntry::builder().rule_number(number).rule_action(RuleAction::Allow).egress(false)
    }

    #[test]
    fn names_nulls_and_order_mean_nothing() {
        let acl = NetworkAcl::builder()
            .entries(live(32767).protocol("-1").cidr_block("0.0.0.0/0").build())
            .entries(
                live(200)
                    .protocol("1")
                    .ipv6_cidr_block("::/0")
                    .icmp_type_code(IcmpTypeCode::builder().r#type(8).code(-1).build())
                    .build(),
            )
            .entries(
                live(100)
                    .protocol("6")
                    .cidr_block("10.0.0.0/8")
                    .port_range(PortRange::builder().from(22).to(23).build())
                    .build(),
            )
            .build();
        let mut state = attributes(json!({"ingress": [
            {"rule_no": 100, "action": "ALLOW", "protocol": "tcp", "cidr_block": "10.0.0.0/8", "from_port": 22,
             "to_port": 23, "icmp_type": null, "icmp_code": null, "ipv6_cidr_block": ""},
            {"rule_no": 200, "action": "allow", "protocol": "icmp", "cidr_block": "", "from_port": 5, "to_port": 5,
             "icmp_type": 8, "icmp_code": -1, "ipv6_cidr_block": "0::/0"},
        ]}));
        normalize(&mut state);
        assert_eq!(state["ingress"], elements_of(&acl, false));
        assert_eq!(elements_of(&acl, true), json!([]));
    }

    #[test]
    fn a_rule_resource_is_an_element() {
        let rule = attributes(json!({"rule_number": 100, "rule_action": "deny", "protocol": "all", "egress": true,
            "cidr_block": "0.0.0.0/0", "from_port": null, "to_port": null}));
        let element = attributes(json!({"rule_no": 100, "action": "deny", "protocol": "-1",
            "cidr_block": "0.0.0.0/0", "from_port": 0, "to_port": 0}));
        assert_eq!(of_attributes(&rule), of_attributes(&element));
    }
}
