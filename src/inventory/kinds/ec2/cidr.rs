//! CIDR blocks in the one form that EC2 stores: network address, lower case, IPv6 compressed.

use std::net::IpAddr;

/// `10.0.1.7/24` -> `10.0.1.0/24`, `2001:DB8:0::/32` -> `2001:db8::/32`; what is no CIDR block stays as it is.
/// EC2 zeroes the host bits of what it is given:
/// <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateNetworkAclEntry.html>.
pub(in crate::inventory::kinds) fn canonical(text: &str) -> String {
    parse(text).unwrap_or_else(|| text.to_owned())
}

fn parse(text: &str) -> Option<String> {
    let (address, length) = text.trim().split_once('/')?;
    let length: u32 = length.parse().ok()?;
    let network = match address.parse().ok()? {
        IpAddr::V4(address) => {
            let host = 32_u32.checked_sub(length)?;
            IpAddr::V4((address.to_bits() & u32::MAX.checked_shl(host).unwrap_or(0)).into())
        }
        IpAddr::V6(address) => {
            let host = 128_u32.checked_sub(length)?;
            IpAddr::V6((address.to_bits() & u128::MAX.checked_shl(host).unwrap_or(0)).into())
        }
    };
    Some(format!("{network}/{length}"))
}

#[cfg(test)]
mod tests {
    use super::canonical;

    #[test]
    fn one_form_for_one_block() {
        for (given, stored) in [
            ("10.0.1.7/24", "10.0.1.0/24"),
            ("0.0.0.0/0", "0.0.0.0/0"),
            ("203.0.113.9/32", "203.0.113.9/32"),
            ("2001:DB8:0:0::1/32", "2001:db8::/32"),
            ("::/0", "::/0"),
            ("10.0.0.0/33", "10.0.0.0/33"),
            ("pl-1", "pl-1"),
            ("", ""),
        ] {
            assert_eq!(canonical(given), stored);
        }
    }
}
