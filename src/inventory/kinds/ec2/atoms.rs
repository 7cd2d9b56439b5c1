//! Security group rules as atoms: one protocol, one port range, one source, one description. AWS, an inline `ingress`
//! block and a rule resource group the same atoms in different ways; only as atoms can they be compared.

use aws_sdk_ec2::types::{IpPermission, SecurityGroup};
use serde_json::{Value, json};

use super::cidr;
use crate::inventory::value::text;
use crate::model::{Attributes, OwnedField};

/// One rule as AWS counts rules.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::inventory::kinds) struct Atom {
    pub(in crate::inventory::kinds) rule: Rule,
    /// Empty when there is none.
    pub(in crate::inventory::kinds) description: String,
}

/// What an atom allows.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::inventory::kinds) struct Rule {
    /// `tcp`, `udp`, `icmp`, `icmpv6`, `-1` or a number.
    pub(in crate::inventory::kinds) protocol: String,
    /// Port, or ICMP type; 0 where the protocol has none.
    pub(in crate::inventory::kinds) from_port: i64,
    /// Port, or ICMP code.
    pub(in crate::inventory::kinds) to_port: i64,
    pub(in crate::inventory::kinds) source: Source,
}

/// Where traffic comes from (or goes to).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::inventory::kinds) enum Source {
    Ipv4(String),
    Ipv6(String),
    PrefixList(String),
    /// `sg-...`, or `ACCOUNT/sg-...` for a group of another account.
    Group(String),
    /// The group that has the rule.
    Itself,
}

/// The group that has the rules.
#[derive(Debug, Clone, Copy)]
pub(in crate::inventory::kinds) struct GroupRef<'a> {
    pub(in crate::inventory::kinds) group: &'a str,
    /// Its account; empty when not known.
    pub(in crate::inventory::kinds) account: &'a str,
}

impl Atom {
    /// The atom as an element of `ingress` or `egress` of `aws_security_group`, with every key, as the provider
    /// writes it (`internal/service/ec2/vpc_security_group.go`).
    pub(in crate::inventory::kinds) fn element(&self) -> Value {
        let none: [&str; 0] = [];
        let mut element = json!({
            "cidr_blocks": none,
            "description": self.description,
            "from_port": self.rule.from_port,
            "ipv6_cidr_blocks": none,
            "prefix_list_ids": none,
            "protocol": self.rule.protocol,
            "security_groups": none,
            "self": false,
            "to_port": self.rule.to_port,
        });
        let (key, value) = match &self.rule.source {
            Source::Ipv4(cidr) => ("cidr_blocks", json!([cidr])),
            Source::Ipv6(cidr) => ("ipv6_cidr_blocks", json!([cidr])),
            Source::PrefixList(id) => ("prefix_list_ids", json!([id])),
            Source::Group(id) => ("security_groups", json!([id])),
            Source::Itself => ("self", json!(true)),
        };
        element[key] = value;
        element
    }
}

impl Rule {
    /// Brings protocol and ports into the form in which EC2 answers.
    pub(in crate::inventory::kinds) fn new(protocol: &str, from_port: i64, to_port: i64, source: Source) -> Self {
        let protocol = protocol_name(protocol);
        let (from_port, to_port) = if has_ports(&protocol) { (from_port, to_port) } else { (0, 0) };
        Self { protocol, from_port, to_port, source }
    }
}

impl Source {
    /// A group by id, with its account before a slash where it is another one.
    pub(in crate::inventory::kinds) fn group(id: &str, owner: GroupRef<'_>) -> Self {
        let (account, bare) = id.split_once('/').unwrap_or(("", id));
        if bare == owner.group {
            Self::Itself
        } else if account.is_empty() || account == owner.account {
            Self::Group(bare.to_owned())
        } else {
            Self::Group(id.to_owned())
        }
    }
}

/// The atoms of what EC2 answers for one group and direction, sorted.
/// <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_IpPermission.html>
pub(in crate::inventory::kinds) fn of_permissions(group: &SecurityGroup, permissions: &[IpPermission]) -> Vec<Atom> {
    let owner = GroupRef { group: group.group_id().unwrap_or_default(), account: group.owner_id().unwrap_or_default() };
    let mut atoms = Vec::new();
    for permission in permissions {
        let mut add = |source, description: Option<&str>| {
            let port = |port: Option<i32>| i64::from(port.unwrap_or_default());
            let protocol = permission.ip_protocol().unwrap_or_default();
            let rule = Rule::new(protocol, port(permission.from_port()), port(permission.to_port()), source);
            atoms.push(Atom { rule, description: description.unwrap_or_default().to_owned() });
        };
        for range in permission.ip_ranges() {
            add(Source::Ipv4(cidr::canonical(range.cidr_ip().unwrap_or_default())), range.description());
        }
        for range in permission.ipv6_ranges() {
            add(Source::Ipv6(cidr::canonical(range.cidr_ipv6().unwrap_or_default())), range.description());
        }
        for list in permission.prefix_list_ids() {
            add(Source::PrefixList(list.prefix_list_id().unwrap_or_default().to_owned()), list.description());
        }
        for pair in permission.user_id_group_pairs() {
            let id = pair.group_id().unwrap_or_default();
            let named = match pair.user_id() {
                Some(account) if !account.is_empty() => format!("{account}/{id}"),
                _ => id.to_owned(),
            };
            add(Source::group(&named, owner), pair.description());
        }
    }
    sorted(atoms)
}

/// The atoms of one element of `ingress` or `egress`, or of an `aws_security_group_rule`, in the order written there.
pub(in crate::inventory::kinds) fn of_attributes(attributes: &Attributes, owner: GroupRef<'_>) -> Vec<Atom> {
    let strings = |name: &str| match attributes.get(name) {
        Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        Some(Value::String(one)) if !one.is_empty() => vec![one.clone()],
        _ => Vec::new(),
    };
    let mut sources = Vec::new();
    sources.extend(strings("cidr_blocks").iter().map(|block| Source::Ipv4(cidr::canonical(block))));
    sources.extend(strings("ipv6_cidr_blocks").iter().map(|block| Source::Ipv6(cidr::canonical(block))));
    sources.extend(strings("prefix_list_ids").into_iter().map(Source::PrefixList));
    sources.extend(strings("security_groups").iter().map(|id| Source::group(id, owner)));
    sources.extend(strings("source_security_group_id").iter().map(|id| Source::group(id, owner)));
    if attributes.get("self").and_then(Value::as_bool) == Some(true) {
        sources.push(Source::Itself);
    }
    let (from, to) = (integer(attributes.get("from_port")), integer(attributes.get("to_port")));
    let atom = |source| Atom {
        rule: Rule::new(text(attributes, "protocol"), from, to, source),
        description: text(attributes, "description").to_owned(),
    };
    sources.into_iter().map(atom).collect()
}

/// `ingress` and `egress` of a group, one element per atom; a missing or null attribute stays what it is.
pub(in crate::inventory::kinds) fn normalize(attributes: &mut Attributes) {
    let (group, account) = (text(attributes, "id").to_owned(), text(attributes, "owner_id").to_owned());
    let owner = GroupRef { group: &group, account: &account };
    for direction in ["ingress", "egress"] {
        let Some(Value::Array(elements)) = attributes.get(direction) else { continue };
        let atoms = elements.iter().filter_map(Value::as_object).flat_map(|element| of_attributes(element, owner));
        let atoms = elements_of(&sorted(atoms.collect()));
        attributes.insert(direction.to_owned(), atoms);
    }
}

/// The atoms as the value of `ingress` or `egress`.
pub(in crate::inventory::kinds) fn elements_of(atoms: &[Atom]) -> Value {
    atoms.iter().map(Atom::element).collect()
}

/// What a rule resource speaks for in its group: its atoms, whichever type manages the group. A source in another
/// form of account (`ACCOUNT/sg-...` with the group's own account) stands in both forms.
pub(in crate::inventory::kinds) fn parts(group: &str, egress: bool, atoms: &[Atom]) -> Vec<OwnedField> {
    let mut parts = Vec::new();
    let mut add = |atom: &Atom| {
        for parent_kind in ["aws_security_group", "aws_default_security_group"] {
            parts.push(OwnedField {
                parent_kind,
                parent_id: group.to_owned(),
                attribute: if egress { "egress" } else { "ingress" },
                element: Some(atom.element()),
            });
        }
    };
    for atom in atoms {
        add(atom);
        if let Source::Group(id) = &atom.rule.source
            && let Some((_, bare)) = id.split_once('/')
        {
            let rule = Rule { source: Source::Group(bare.to_owned()), ..atom.rule.clone() };
            add(&Atom { rule, ..atom.clone() });
        }
    }
    parts
}

/// Names and numbers of protocols that security groups know by name; everything else stays a number.
pub(in crate::inventory::kinds) fn protocol_name(protocol: &str) -> String {
    let lower = protocol.to_lowercase();
    match lower.as_str() {
        "all" => "-1",
        "1" => "icmp",
        "6" => "tcp",
        "17" => "udp",
        "58" => "icmpv6",
        other => other,
    }
    .to_owned()
}

/// Only these have ports (or ICMP types); for all others EC2 opens everything and answers none.
fn has_ports(protocol: &str) -> bool {
    matches!(protocol, "tcp" | "udp" | "icmp" | "icmpv6")
}

/// A number of a state: 443, 443.0 or (very old states) "443"; 0 when there is none.
pub(in crate::inventory::kinds) fn integer(value: Option<&Value>) -> i64 {
    match value {
        Some(Value::Number(number)) =>
        {
            #[expect(clippy::cast_possible_truncation, reason = "ports and types are small whole numbers")]
            number.as_i64().or_else(|| number.as_f64().map(|float| float as i64)).unwrap_or_default()
        }
        Some(Value::String(text)) => text.parse().unwrap_or_default(),
        _ => 0,
    }
}

fn sorted(mut atoms: Vec<Atom>) -> Vec<Atom> {
    atoms.sort_unstable();
    atoms.dedup();
    atoms
}

#[cfg(test)]
mod tests {
    use aws_sdk_ec2::types::{IpRange, UserIdGroupPair};

    use super::*;
    use crate::inventory::value::attributes;

    fn group(permissions: Vec<IpPermission>) -> SecurityGroup {
        SecurityGroup::builder().group_id("sg-1").owner_id("111").set_ip_permissions(Some(permissions)).build()
    }

    fn range(cidr: &str, description: &str) -> IpRange {
        IpRange::builder().cidr_ip(cidr).description(description).build()
    }

    fn tcp(port: i32) -> aws_sdk_ec2::types::builders::IpPermissionBuilder {
        IpPermission::builder().ip_protocol("tcp").from_port(port).to_port(port)
    }

    #[test]
    fn grouping_and_order_mean_nothing() {
        let live = group(vec![
            tcp(443).ip_ranges(range("10.1.0.0/16", "a")).ip_ranges(range("10.2.0.0/16", "b")).build(),
            tcp(443).ip_ranges(range("10.3.0.0/16", "a")).build(),
        ]);
        let mut state = attributes(json!({"id": "sg-1", "owner_id": "111", "ingress": [
            {"cidr_blocks": ["10.2.0.0/16"], "description": "b", "from_port": 443, "protocol": "6", "to_port": 443},
            {"cidr_blocks": ["10.3.0.0/16", "10.1.0.0/16"], "description": "a", "from_port": 443, "protocol": "tcp",
             "to_port": 443, "ipv6_cidr_blocks": null, "self": false, "security_groups": []},
        ]}));
        normalize(&mut state);
        assert_eq!(state["ingress"], elements_of(&of_permissions(&live, live.ip_permissions())));
        assert_eq!(state["ingress"].as_array().map(Vec::len), Some(3));
        let once = state.clone();
        normalize(&mut state);
        assert_eq!(state, once, "normalising twice is normalising once");
    }

    #[test]
    fn itself_other_groups_and_other_accounts() {
        let pair = |user: &str, id: &str| UserIdGroupPair::builder().user_id(user).group_id(id).build();
        let live = group(vec![
            IpPermission::builder()
                .ip_protocol("-1")
                .user_id_group_pairs(pair("111", "sg-1"))
                .user_id_group_pairs(pair("111", "sg-2"))
                .user_id_group_pairs(pair("222", "sg-3"))
                .build(),
        ]);
        let mut state = attributes(json!({"id": "sg-1", "owner_id": "111", "ingress": [{
            "from_port": 0, "to_port": 0, "protocol": "all", "self": true, "description": "",
            "security_groups": ["222/sg-3", "111/sg-2"],
        }]}));
        normalize(&mut state);
        assert_eq!(state["ingress"], elements_of(&of_permissions(&live, live.ip_permissions())));
    }

    #[test]
    fn a_description_a_port_and_all_icmp_count() {
        let atoms = |value| of_attributes(&attributes(value), GroupRef { group: "sg-1", account: "" });
        let one = |protocol: &str, port: i64, description: &str| {
            atoms(json!({"protocol": protocol, "from_port": port, "to_port": port, "cidr_blocks": ["0.0.0.0/0"],
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
    fn a_rule_speaks_for_its_atoms() {
        let rule = attributes(json!({
            "type": "ingress", "protocol": "tcp", "from_port": 80, "to_port": 80, "description": null,
            "cidr_blocks": ["10.0.0.0/8", "192.168.0.0/16"], "self": false, "source_security_group_id": null,
        }));
        let atoms = of_attributes(&rule, GroupRef { group: "sg-1", account: "" });
        let parts = parts("sg-1", false, &atoms);
        assert_eq!(parts.len(), 4);
        let mut parent = attributes(json!({"id": "sg-1", "ingress": [{
            "protocol": "tcp", "from_port": 80, "to_port": 80, "description": "",
            "cidr_blocks": ["192.168.0.0/16", "10.0.0.0/8"],
        }]}));
        normalize(&mut parent);
        for element in parent["ingress"].as_array().unwrap() {
            let said =
                |part: &&OwnedField| part.parent_kind == "aws_security_group" && part.element.as_ref() == Some(element);
            assert_eq!(parts.iter().filter(said).count(), 1);
        }
    }
}
