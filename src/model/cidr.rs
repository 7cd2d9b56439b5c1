//! CIDR blocks in the one form that AWS stores: network address, lower case, IPv6 compressed.

use ipnet::IpNet;

/// `10.0.1.7/24` -> `10.0.1.0/24`, `2001:DB8:0::/32` -> `2001:db8::/32`; what is no CIDR block stays as it is.
///
/// AWS zeroes the host bits of what it is given, for rules of security groups, entries of network ACLs, routes and subnets
/// alike (<https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateNetworkAclEntry.html>,
/// <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateRoute.html>,
/// <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSubnet.html>). Where both sides come from AWS it changes nothing.
pub fn canonical(text: &str) -> String {
    text.trim().parse::<IpNet>().map_or_else(|_| text.to_owned(), |network| network.trunc().to_string())
}

/// Is this CIDR the internet, or at least half of it (`/0`, `/1`)?
pub fn is_world(text: &str) -> bool {
    text.trim().parse::<IpNet>().is_ok_and(|network| network.prefix_len() <= 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_form_for_one_block() {
        for (given, stored) in [
            ("10.0.1.7/24", "10.0.1.0/24"),
            ("0.0.0.0/0", "0.0.0.0/0"),
            ("203.0.113.9/32", "203.0.113.9/32"),
            ("2001:DB8:0:0::1/32", "2001:db8::/32"),
            ("2001:DB8:0:0::/64", "2001:db8::/64"),
            ("::/0", "::/0"),
            ("0::/0", "::/0"),
            ("10.0.0.0/16", "10.0.0.0/16"),
            ("10.0.0.0/33", "10.0.0.0/33"),
            ("pl-12345678", "pl-12345678"),
            ("10.0.0.1", "10.0.0.1"),
            ("", ""),
        ] {
            assert_eq!(canonical(given), stored);
        }
    }

    #[test]
    fn the_world_in_every_spelling() {
        for (cidr, expected) in [
            ("0.0.0.0/0", true),
            ("::/0", true),
            ("128.0.0.0/1", true),
            ("10.0.0.0/8", false),
            ("0.0.0.0/32", false),
            ("sg-1", false),
            ("x/0", false),
        ] {
            assert_eq!(is_world(cidr), expected, "{cidr}");
        }
    }
}
