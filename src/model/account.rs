//! Ids of AWS accounts. <https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-identifiers.html>

/// Is this the id of an account: twelve digits?
pub fn is_account_id(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::is_account_id;

    #[test]
    fn twelve_digits() {
        assert!(is_account_id("000000000000") && is_account_id("123456789012"));
        for other in ["", "12345678901", "1234567890123", "12345678901x", "aws"] {
            assert!(!is_account_id(other), "{other}");
        }
    }
}
