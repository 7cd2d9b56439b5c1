//! Amazon Resource Names, taken apart. `arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE`; the resource may hold colons itself.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html>

/// An ARN, borrowed from the text that it was read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arn<'a> {
    /// `aws`, `aws-cn`, `aws-us-gov`.
    pub partition: &'a str,
    pub service: &'a str,
    /// Empty for global services.
    pub region: &'a str,
    /// Empty where the resource's name is unique everywhere: buckets.
    pub account: &'a str,
    /// `role/team/web`, `log-group:x:*`, `bucket/key`.
    pub resource: &'a str,
}

impl<'a> Arn<'a> {
    /// `None` for a text that is no ARN.
    pub fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.splitn(6, ':');
        let mut next = || parts.next();
        (next()? == "arn").then_some(())?;
        let arn = Self { partition: next()?, service: next()?, region: next()?, account: next()?, resource: next()? };
        Some(arn)
    }

    /// The account; `None` where the ARN has none.
    pub fn account(&self) -> Option<&'a str> {
        Some(self.account).filter(|account| !account.is_empty())
    }

    /// The name at the end: `web` of `role/team/web`; `None` where it is empty.
    pub fn name(&self) -> Option<&'a str> {
        self.resource.rsplit(['/', ':']).next().filter(|name| !name.is_empty())
    }
}

/// Does the text claim to be an ARN?
pub fn is_arn(text: &str) -> bool {
    text.starts_with("arn:")
}

/// The account in an ARN.
pub fn account(text: &str) -> Option<&str> {
    Arn::parse(text)?.account()
}

/// The name at the end of an ARN; `None` for a text that is no ARN.
pub fn name(text: &str) -> Option<&str> {
    Arn::parse(text)?.name()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_an_arn() {
        let arn = Arn::parse("arn:aws-cn:logs:cn-north-1:123456789012:log-group:x:*").unwrap();
        assert_eq!((arn.partition, arn.service, arn.region), ("aws-cn", "logs", "cn-north-1"));
        assert_eq!((arn.account(), arn.resource), (Some("123456789012"), "log-group:x:*"));
        assert_eq!((account("arn:aws:s3:::bucket/key"), name("arn:aws:s3:::bucket/key")), (None, Some("key")));
        assert_eq!(
            (name("arn:aws:iam::1:role/team/web"), name("web"), name("arn:aws:iam::1:")),
            (Some("web"), None, None)
        );
        for other in ["", "arn", "arn:aws:iam::1", "sg-1", "urn:aws:iam::1:root"] {
            assert_eq!(Arn::parse(other), None, "{other}");
        }
    }
}
