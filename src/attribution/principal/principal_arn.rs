//! What an ARN of IAM or STS says of its principal.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-arns>

use crate::attribution::event::Identity;
use crate::model::Arn;

/// `arn:aws:sts::1:assumed-role/ops/x` -> `arn:aws:iam::1:role/ops`. A session's ARN has lost the role's path.
pub(crate) fn role(arn: &str) -> Option<String> {
    let (before, after) = arn.split_once(":assumed-role/")?;
    Some(format!("{}:role/{}", before.replacen(":sts:", ":iam:", 1), after.split('/').next()?))
}

/// The identity that an ARN alone gives.
pub(super) fn identity(arn: &str) -> Option<Identity> {
    let parsed = Arn::parse(arn)?;
    let last = parsed.resource.rsplit('/').next().unwrap_or_default();
    let (kind, user_name) = match parsed.resource.split('/').next()? {
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
        account: parsed.account().map(str::to_owned),
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
        let anaya = identity("arn:aws:iam::1:user/team/Anaya").unwrap();
        assert_eq!((anaya.kind.as_str(), anaya.user_name.as_deref()), ("IAMUser", Some("Anaya")));
        assert_eq!(identity("arn:aws:s3:::bucket/x"), None);
        assert_eq!(identity(""), None);
    }
}
