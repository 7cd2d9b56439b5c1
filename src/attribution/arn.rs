//! What an ARN says: its name, and of IAM and STS the principal.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-arns>

use super::event::Identity;

/// The name at the end of an ARN; `None` for a text that is no ARN.
pub fn tail(text: &str) -> Option<&str> {
    text.starts_with("arn:").then(|| text.rsplit(['/', ':']).next()).flatten().filter(|tail| !tail.is_empty())
}

/// The account of an ARN.
pub fn account(arn: &str) -> Option<&str> {
    arn.split(':').nth(4).filter(|account| !account.is_empty())
}

/// `arn:aws:sts::1:assumed-role/ops/x` -> `arn:aws:iam::1:role/ops`. A session's ARN has lost the role's path.
pub fn role(arn: &str) -> Option<String> {
    let (before, after) = arn.split_once(":assumed-role/")?;
    Some(format!("{}:role/{}", before.replacen(":sts:", ":iam:", 1), after.split('/').next()?))
}

/// The identity that an ARN alone tells of.
pub fn identity(arn: &str) -> Option<Identity> {
    let resource = arn.splitn(6, ':').nth(5)?;
    let last = resource.rsplit('/').next().unwrap_or_default();
    let (kind, user_name) = match resource.split('/').next()? {
        "root" => ("Root", None),
        "user" => ("IAMUser", Some(last.to_owned())),
        "assumed-role" => ("AssumedRole", None),
        "role" => ("Role", None),
        "federated-user" => ("FederatedUser", None),
        _ => return None,
    };
    Some(Identity {
        kind: kind.to_owned(),
        arn: Some(arn.to_owned()),
        account: account(arn).map(str::to_owned),
        user_name,
        ..Identity::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_arns_say() {
        assert_eq!(role("arn:aws-cn:sts::1:assumed-role/ops/x").as_deref(), Some("arn:aws-cn:iam::1:role/ops"));
        assert_eq!(role("arn:aws:iam::1:user/x"), None);
        assert_eq!(account("arn:aws:iam::123456789012:root"), Some("123456789012"));
        let anaya = identity("arn:aws:iam::1:user/team/Anaya").unwrap();
        assert_eq!((anaya.kind.as_str(), anaya.user_name.as_deref()), ("IAMUser", Some("Anaya")));
        assert_eq!(identity("arn:aws:s3:::bucket/x"), None);
        assert_eq!(identity(""), None);
        assert_eq!((tail("arn:aws:iam::1:role/team/web"), tail("web")), (Some("web"), None));
    }
}
