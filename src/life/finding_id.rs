//! The short name of a finding, for people: in an alert, a link, `driftd explain ID`.

use sha2::{Digest as _, Sha256};

/// 16 hex digits of a hash over the finding's key: the same in every scan and every store. Of a million findings, two share an id
/// with a probability of about 1 in 37 million. A unique prefix is enough to name one.
pub fn finding_id(key: &str) -> String {
    hex::encode(&Sha256::digest(key.as_bytes())[..8])
}

#[cfg(test)]
mod tests {
    use super::finding_id;

    /// Ids stand in people's links and chats: they must never change.
    #[test]
    fn an_id_is_for_ever() {
        assert_eq!(finding_id("123456789012/eu-west-1/aws_vpc/vpc-0a1b"), "af23c902502ff209");
        assert_ne!(finding_id("a"), finding_id("b"));
    }
}
