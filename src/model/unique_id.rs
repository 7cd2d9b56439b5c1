//! Ids that AWS gives out once in the world.

use super::arn;

/// What stands before the hyphen: <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/resource-ids.html>, and the id formats of
/// <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/Welcome.html>'s data types. Sorted.
const PREFIXES: &[&str] = &[
    "acl",
    "ami",
    "aclassoc",
    "bgp",
    "cagw",
    "cgw",
    "cr",
    "dopt",
    "eigw",
    "eipalloc",
    "eipassoc",
    "eni",
    "eni-attach",
    "fl",
    "fleet",
    "i",
    "igw",
    "import-ami",
    "import-snap",
    "ipam",
    "ipam-pool",
    "lgw",
    "lt",
    "nat",
    "nis",
    "pcx",
    "pg",
    "pl",
    "r",
    "rtb",
    "rtbassoc",
    "sg",
    "sgr",
    "sir",
    "snap",
    "subnet",
    "subnet-cidr-assoc",
    "tgw",
    "tgw-attach",
    "tgw-rtb",
    "vgw",
    "vol",
    "vpc",
    "vpc-cidr-assoc",
    "vpce",
    "vpce-svc",
    "vpn",
];

/// Is it an ARN, or an id of EC2 (a known prefix, then 8 or 17 hexadecimal digits)? Only such a one names the same thing wherever
/// it stands. A name may look like one: who asks knows that it is not a name.
pub fn is_unique_id(id: &str) -> bool {
    let is_hex =
        |text: &str| matches!(text.len(), 8 | 17) && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    arn::is_arn(id) || id.rsplit_once('-').is_some_and(|(prefix, tail)| PREFIXES.contains(&prefix) && is_hex(tail))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_aws_gives_out() {
        for id in [
            "vpc-0123456789abcdef0",
            "i-0a1b2c3d",
            "tgw-attach-0123456789abcdef0",
            "arn:aws:iam::123456789012:policy/p",
        ] {
            assert!(is_unique_id(id), "{id}");
        }
        for name in [
            "deploy",
            "team-a",
            "app-20240115",
            "acme-logs-123456789012",
            "logs-9f8e7d6c",
            "vpc-0123",
            "vpc-0123456789ABCDEF0",
        ] {
            assert!(!is_unique_id(name), "{name}");
        }
    }
}
