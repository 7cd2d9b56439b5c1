//! IP protocols by name and number, as EC2 takes them.
//! <https://www.iana.org/assignments/protocol-numbers/protocol-numbers.xhtml>

/// EC2's number for "all protocols".
pub const ALL: &str = "-1";

/// (number, its names; the first is the one that security groups answer with, where they know one).
const PROTOCOLS: &[(&str, &[&str])] = &[
    (ALL, &["all"]),
    ("0", &["hopopt"]),
    ("1", &["icmp"]),
    ("2", &["igmp"]),
    ("3", &["ggp"]),
    ("4", &["ipv4"]),
    ("5", &["st"]),
    ("6", &["tcp"]),
    ("7", &["cbt"]),
    ("8", &["egp"]),
    ("9", &["igp"]),
    ("17", &["udp"]),
    ("27", &["rdp"]),
    ("33", &["dccp"]),
    ("41", &["ipv6"]),
    ("43", &["ipv6-route"]),
    ("44", &["ipv6-frag"]),
    ("46", &["rsvp"]),
    ("47", &["gre"]),
    ("50", &["esp"]),
    ("51", &["ah"]),
    ("58", &["icmpv6", "ipv6-icmp"]),
    ("59", &["ipv6-nonxt"]),
    ("60", &["ipv6-opts"]),
    ("88", &["eigrp"]),
    ("89", &["ospf", "ospfigp"]),
    ("103", &["pim"]),
    ("112", &["vrrp"]),
    ("115", &["l2tp"]),
    ("132", &["sctp"]),
    ("136", &["udplite"]),
];

/// Numbers that security groups answer by name; every other protocol they answer by number.
/// <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_IpPermission.html>
const NAMED_BY_SECURITY_GROUPS: &[&str] = &["1", "6", "17", "58"];

/// The form of network ACLs: the number (`-1` for all); a name that is not known stays, in lower case.
pub fn number(text: &str) -> String {
    let lower = text.to_lowercase();
    match row(&lower) {
        Some((number, _)) => number.to_owned(),
        None => lower,
    }
}

/// The form of security groups: `tcp`, `udp`, `icmp`, `icmpv6`, `-1` for all, and the number of any other protocol.
pub fn security_group_form(text: &str) -> String {
    let lower = text.to_lowercase();
    match row(&lower) {
        Some((number, names)) if NAMED_BY_SECURITY_GROUPS.contains(&number) => names[0].to_owned(),
        Some((number, _)) => number.to_owned(),
        None => lower,
    }
}

/// Are both texts known protocols, and the same one?
pub fn is_same(one: &str, other: &str) -> bool {
    let (one, other) = (one.to_lowercase(), other.to_lowercase());
    row(&one).is_some_and(|(number, _)| row(&other).is_some_and(|(other, _)| number == other))
}

/// Do rules of a security group have ports (or ICMP types) with this protocol, in the form of security groups? With any
/// other protocol EC2 opens everything and answers no ports.
pub fn has_ports(protocol: &str) -> bool {
    matches!(protocol, "tcp" | "udp" | "icmp" | "icmpv6")
}

/// By number or name, in lower case.
fn row(text: &str) -> Option<(&'static str, &'static [&'static str])> {
    PROTOCOLS.iter().find(|(number, names)| *number == text || names.contains(&text)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers() {
        for (text, acl, group) in [
            ("all", "-1", "-1"),
            ("-1", "-1", "-1"),
            ("TCP", "6", "tcp"),
            ("17", "17", "udp"),
            ("ipv6-icmp", "58", "icmpv6"),
            ("esp", "50", "50"),
            ("50", "50", "50"),
            ("253", "253", "253"),
            ("unheard-of", "unheard-of", "unheard-of"),
            ("", "", ""),
        ] {
            assert_eq!((number(text).as_str(), security_group_form(text).as_str()), (acl, group), "{text}");
        }
        assert!(is_same("6", "TCP") && is_same("esp", "50") && !is_same("253", "253") && !is_same("tcp", "udp"));
    }
}
