//! An identity as one short text: a trail has sessions by the hundred thousand, and most of an [`Identity`] says the same
//! thing twice. What follows from the ARN is left out; credentials and times are not part of it.

use super::principal_arn;
use crate::attribution::event::{Identity, Issuer};

/// Between fields. Nobody's name has it: it is removed.
const NEXT: char = '\u{1f}';
/// "As the ARN says."
const DERIVED: &str = "~";
/// What most callers are.
const MOSTLY: &str = "AssumedRole";
/// Longer fields are cut; an IAM path may have 512 characters, a name 64.
const LONGEST: usize = 700;

/// The text of an identity, without access key, creation time and MFA.
pub(crate) fn pack(identity: &Identity) -> String {
    let derived = Derived::of(identity.arn.as_deref());
    let issuer = identity.issuer.as_ref();
    // `AROA...:session` -> `AROA...:`
    let principal = identity.principal_id.as_deref().map(|id| {
        let role = derived.session.as_deref().and_then(|session| id.strip_suffix(session));
        role.filter(|role| role.ends_with(':')).unwrap_or(id)
    });
    let role_id = role_id(identity.principal_id.as_deref());
    let fields = [
        field(Some(&identity.kind), Some(MOSTLY)),
        field(principal, None),
        field(identity.arn.as_deref(), None),
        field(identity.account.as_deref(), derived.account.as_deref()),
        field(identity.user_name.as_deref(), derived.user.as_deref()),
        field(issuer.map(|issuer| issuer.kind.as_str()), derived.role_arn.as_ref().map(|_| "Role")),
        field(issuer.and_then(|issuer| issuer.principal_id.as_deref()), role_id),
        field(issuer.and_then(|issuer| issuer.arn.as_deref()), derived.role_arn.as_deref()),
        field(issuer.and_then(|issuer| issuer.account.as_deref()), derived.account.as_deref()),
        field(issuer.and_then(|issuer| issuer.user_name.as_deref()), derived.role_name.as_deref()),
        field(identity.source_identity.as_deref(), None),
        field(identity.on_behalf_of.as_deref(), None),
        field(identity.identity_provider.as_deref(), None),
        field(identity.federated_provider.as_deref(), None),
        field(identity.delegate.as_deref(), None),
        field(identity.invoked_by.as_deref(), None),
    ];
    fields.join(&NEXT.to_string()).trim_end_matches(NEXT).to_owned()
}

/// The identity of a text.
pub(crate) fn unpack(text: &str) -> Identity {
    let mut fields = text.split(NEXT);
    let mut next = |derived: Option<&str>| match fields.next().unwrap_or_default() {
        "" => None,
        DERIVED => derived.map(str::to_owned),
        field => Some(field.to_owned()),
    };
    let kind = next(Some(MOSTLY)).unwrap_or_default();
    let principal = next(None);
    let arn = next(None);
    let derived = Derived::of(arn.as_deref());
    let principal_id = match (principal, &derived.session) {
        (Some(id), Some(session)) if id.ends_with(':') => Some(id + session),
        (id, _) => id,
    };
    let account = next(derived.account.as_deref());
    let user_name = next(derived.user.as_deref());
    let issuer = Issuer {
        kind: next(Some("Role")).unwrap_or_default(),
        principal_id: next(role_id(principal_id.as_deref())),
        arn: next(derived.role_arn.as_deref()),
        account: next(derived.account.as_deref()),
        user_name: next(derived.role_name.as_deref()),
    };
    Identity {
        issuer: (issuer != Issuer::default()).then_some(issuer),
        source_identity: next(None),
        on_behalf_of: next(None),
        identity_provider: next(None),
        federated_provider: next(None),
        delegate: next(None),
        invoked_by: next(None),
        access_key: None,
        created: None,
        mfa: None,
        kind,
        principal_id,
        arn,
        account,
        user_name,
    }
}

fn field(value: Option<&str>, derived: Option<&str>) -> String {
    match value {
        Some(value) if Some(value) == derived => DERIVED.to_owned(),
        Some(value) => value.chars().filter(|c| *c != NEXT).take(LONGEST).collect(),
        None => String::new(),
    }
}

fn role_id(principal_id: Option<&str>) -> Option<&str> {
    principal_id.and_then(|id| id.split_once(':')).map(|(id, _)| id)
}

/// What an ARN says by itself.
#[derive(Default)]
struct Derived {
    account: Option<String>,
    user: Option<String>,
    session: Option<String>,
    role_arn: Option<String>,
    role_name: Option<String>,
}

impl Derived {
    fn of(arn: Option<&str>) -> Self {
        let Some(identity) = arn.and_then(principal_arn::identity) else { return Self::default() };
        let role_arn = identity.arn.as_deref().and_then(principal_arn::role);
        Self {
            session: identity.session_name().map(str::to_owned),
            role_name: identity.role_name().map(str::to_owned),
            account: identity.account,
            user: identity.user_name,
            role_arn,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session() -> Identity {
        Identity {
            kind: "AssumedRole".to_owned(),
            principal_id: Some("AROAOPS00000000000001:session-7f3a91".to_owned()),
            arn: Some("arn:aws:sts::123456789012:assumed-role/ops/session-7f3a91".to_owned()),
            account: Some("123456789012".to_owned()),
            issuer: Some(Issuer {
                kind: "Role".to_owned(),
                principal_id: Some("AROAOPS00000000000001".to_owned()),
                arn: Some("arn:aws:iam::123456789012:role/ops".to_owned()),
                account: Some("123456789012".to_owned()),
                user_name: Some("ops".to_owned()),
            }),
            ..Identity::default()
        }
    }

    #[test]
    fn there_and_back() {
        let mut in_path = session();
        in_path.issuer.as_mut().unwrap().arn = Some("arn:aws:iam::123456789012:role/a/b/ops".to_owned());
        let mut other = session();
        other.issuer = None;
        other.source_identity = Some("carol@example.com".to_owned());
        let mut web = Identity { kind: "WebIdentityUser".to_owned(), ..Identity::default() };
        web.user_name = Some("repo:acme/infra:ref:refs/heads/main".to_owned());
        web.identity_provider = Some("token.actions.githubusercontent.com".to_owned());
        let user = principal_arn::identity("arn:aws:iam::1:user/team/Anaya").unwrap();
        for identity in [session(), in_path, other, web, user, Identity::default()] {
            assert_eq!(unpack(&pack(&identity)), identity);
        }
        assert!(pack(&session()).len() < 120, "{}", pack(&session()).len());
    }

    #[test]
    fn hostile_fields_stay_fields() {
        let mut identity = session();
        identity.user_name = Some(format!("a{NEXT}b{}", "c".repeat(1 << 20)));
        let back = unpack(&pack(&identity));
        assert_eq!(back.user_name.map(|name| name.len()), Some(LONGEST));
        assert_eq!(back.arn, identity.arn);
        unpack(&"\u{1f}".repeat(50));
        unpack("~\u{1f}~\u{1f}~\u{1f}~\u{1f}~\u{1f}~");
    }
}
