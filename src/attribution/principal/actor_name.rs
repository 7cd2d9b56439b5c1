//! The most human name at the end of a chain, and what it is worth. Never turns a guess into a fact: a name that the caller
//! chose says so.

use super::chain::{self, Chain, End, is_sso};
use super::sanitize_input::sanitize_input;
use crate::attribution::event::Identity;
use crate::model::{ActorType, arn};

/// A name and its worth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ActorName {
    pub kind: ActorType,
    pub name: String,
    /// The caller chose the name.
    pub forgeable: bool,
    /// Only another account knows who it was.
    pub elsewhere: bool,
    pub reasons: Vec<String>,
}

/// Issuers whose tokens name a run of a CI system; what follows `oidc-provider/` in the ARN of an identity provider.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_oidc.html>
const CI: &[&str] = &[
    "token.actions.githubusercontent.com",
    "gitlab.com",
    "gitlab.",
    "app.terraform.io",
    "agent.buildkite.com",
    "oidc.circleci.com",
    "api.bitbucket.org",
    "vstoken.dev.azure.com",
    "oidc.codefresh.io",
];

/// Names whoever is behind the credentials.
pub(super) fn name(chain: &Chain) -> Option<ActorName> {
    best(chain).filter(|named| !named.name.is_empty())
}

fn best(chain: &Chain) -> Option<ActorName> {
    if let Some(set) = chain.source_identity() {
        return claimed(chain, set);
    }
    by_origin(chain)
}

/// A source identity. An identity provider's token sets it for good; whoever else assumes the role chooses it, and the record
/// that issued the session shows who that was.
fn claimed(chain: &Chain, set: &str) -> Option<ActorName> {
    let kind = if chain::is_certificate(set) { ActorType::Role } else { ActorType::Person };
    let claim = || ActorName::of(kind, set);
    let Some(setter) = chain.setter() else {
        let claim =
            claim().because("the source identity of the session: fixed since it was set, by whoever assumed the role");
        return Some(ActorName { forgeable: true, ..claim.because("the call that began the session was not seen") });
    };
    if matches!(setter.kind.as_str(), "SAMLUser" | "WebIdentityUser") {
        return Some(claim().because("the source identity that the identity provider set"));
    }
    if setter.kind == "AWSService" {
        return Some(claim().because("the subject of the certificate that began the session"));
    }
    let caller = by_origin(chain)?;
    if !caller.forgeable && caller.name.eq_ignore_ascii_case(set) && caller.kind != ActorType::Role {
        return Some(claim().because("the source identity of the session, and the name of the one who set it"));
    }
    let said = format!("the session's source identity is {}; its maker chose that", sanitize_input(set));
    if caller.kind == ActorType::Role || caller.kind == ActorType::Account {
        let claim = claim().because(said).because(format!("the session was begun by {}", caller.name));
        return Some(ActorName { forgeable: true, elsewhere: caller.elsewhere, ..claim });
    }
    Some(caller.because(said))
}

fn by_origin(chain: &Chain) -> Option<ActorName> {
    let origin = chain.origin();
    let named = match origin.kind.as_str() {
        "AssumedRole" if is_sso(origin) => ActorName::of(ActorType::Person, origin.session_name()?)
            .because("the Identity Center user of the session; Identity Center sets that name"),
        "AssumedRole" | "Role" => role(chain)?,
        "IAMUser" => ActorName::of(ActorType::IamUser, user_name(origin)?),
        "Root" => root(origin)?,
        "SAMLUser" => ActorName::of(ActorType::Person, origin.user_name.as_deref()?)
            .because("the name that the identity provider asserted by SAML"),
        "WebIdentityUser" => web_identity(origin)?,
        "FederatedUser" => federated(origin)?,
        "Directory" => ActorName::of(ActorType::Person, user_name(origin)?),
        "IdentityCenterUser" => identity_center(origin)?,
        "AWSAccount" => account(chain)?,
        "AWSService" => ActorName::of(ActorType::Service, origin.invoked_by.as_deref()?),
        _ => ActorName::of(
            ActorType::Unknown,
            user_name(origin).or(origin.arn.as_deref()).or(origin.principal_id.as_deref())?,
        ),
    };
    Some(with_federated_name(named, chain))
}

impl ActorName {
    fn of(kind: ActorType, name: &str) -> Self {
        Self { kind, name: sanitize_input(name), forgeable: false, elsewhere: false, reasons: Vec::new() }
    }

    fn because(mut self, reason: impl Into<String>) -> Self {
        self.reasons.push(reason.into());
        self
    }
}

/// Nothing led further than a role: its session's name may be a person's, but whoever made the session chose it.
fn role(chain: &Chain) -> Option<ActorName> {
    let calls_itself =
        chain.hops.iter().rev().filter(|hop| hop.kind == "AssumedRole").filter_map(Identity::session_name);
    let mail = calls_itself.clone().find(|name| is_mail(name));
    let unresolved = match chain.end {
        End::Several => "several callers began sessions of this name in the same second",
        End::TooLong => "the chain of roles is longer than ten",
        End::NotSeen | End::Known => "the call that began the session was not seen",
    };
    if let Some(name) = mail {
        let person = ActorName::of(ActorType::Person, name)
            .because("the session's name, which its maker chose")
            .because(unresolved);
        return Some(ActorName { forgeable: true, ..person });
    }
    let origin = chain.origin();
    let named = ActorName::of(ActorType::Role, role_name(origin)?);
    let named = match origin.session_name().filter(|name| !is_machine(name)) {
        Some(name) => named.because(format!("the session calls itself {}; its maker chose that", sanitize_input(name))),
        None => named,
    };
    Some(if origin.kind == "Role" { named } else { named.because(unresolved) })
}

/// The name of a role, from its session's ARN or its own.
pub(super) fn role_name(identity: &Identity) -> Option<&str> {
    let of_arn = || identity.arn.as_deref().filter(|arn| arn.contains(":role/"))?.rsplit('/').next();
    identity.role_name().or_else(of_arn)
}

fn user_name(identity: &Identity) -> Option<&str> {
    let of_arn = || identity.arn.as_deref()?.rsplit('/').next();
    identity.user_name.as_deref().or_else(of_arn)
}

fn root(origin: &Identity) -> Option<ActorName> {
    let account = origin.account.as_deref().or_else(|| origin.arn.as_deref().and_then(arn::account));
    Some(ActorName::of(ActorType::Root, &format!("root of {}", account.or(origin.principal_id.as_deref())?)))
}

/// The subject of a token: a run of a CI system, a service account of Kubernetes, somebody of another provider.
fn web_identity(origin: &Identity) -> Option<ActorName> {
    let subject = user_name(origin)?;
    let kind = if origin.identity_provider.as_deref().is_some_and(is_ci) {
        ActorType::Pipeline
    } else if is_mail(subject) && !subject.starts_with("system:serviceaccount:") {
        ActorType::Person
    } else {
        ActorType::Role
    };
    let provider = origin.identity_provider.as_deref().map_or("its provider", provider_name);
    Some(
        ActorName::of(kind, subject)
            .because(format!("the subject of the token that {} issued", sanitize_input(provider))),
    )
}

/// `arn:aws:iam::1:oidc-provider/gitlab.com` -> `gitlab.com`
fn provider_name(provider: &str) -> &str {
    provider.split_once("oidc-provider/").map_or(provider, |(_, name)| name)
}

/// Is this provider a CI system? The provider is in IAM's own ARN, so nobody makes it up.
pub(super) fn is_ci(provider: &str) -> bool {
    CI.iter().any(|ci| provider_name(provider).starts_with(ci))
}

/// `GetFederationToken`: the name is the issuer's choice, the issuer is known.
fn federated(origin: &Identity) -> Option<ActorName> {
    let chosen = origin.arn.as_deref()?.rsplit('/').next().filter(|name| !name.is_empty())?;
    let kind = if is_mail(chosen) { ActorType::Person } else { ActorType::Unknown };
    Some(ActorName {
        forgeable: true,
        ..ActorName::of(kind, chosen).because("the name of a federated user, which its maker chose")
    })
}

/// A broker with one IAM user federates many people: the federated name says more, if it is a person's.
fn with_federated_name(named: ActorName, chain: &Chain) -> ActorName {
    let federated = chain.hops.iter().rev().find(|hop| hop.kind == "FederatedUser");
    let Some(chosen) = federated.and_then(|hop| hop.arn.as_deref()).and_then(|arn| arn.rsplit('/').next()) else {
        return named;
    };
    if named.forgeable {
        named
    } else if is_mail(chosen) {
        let issuer = named.name;
        let person =
            ActorName::of(ActorType::Person, chosen).because(format!("the federated name that {issuer} chose"));
        ActorName { forgeable: true, ..person }
    } else {
        named.because(format!("as federated user {}", sanitize_input(chosen)))
    }
}

fn identity_center(origin: &Identity) -> Option<ActorName> {
    let by_id = || origin.on_behalf_of.as_deref().map(|id| format!("Identity Center user {id}"));
    let name = origin.user_name.clone().or_else(by_id)?;
    Some(ActorName::of(ActorType::Person, &name))
}

fn account(chain: &Chain) -> Option<ActorName> {
    let origin = chain.origin();
    let id = origin.account.as_deref().or(origin.principal_id.as_deref())?;
    let mail = chain.hops.iter().rev().filter(|hop| hop.kind == "AssumedRole").filter_map(Identity::session_name);
    let named = match mail.into_iter().find(|name| is_mail(name)) {
        Some(name) => ActorName { forgeable: true, ..ActorName::of(ActorType::Person, name) }
            .because("the session's name, which its maker chose"),
        None => ActorName::of(ActorType::Account, &format!("account {id}")),
    };
    let reason = format!("only the trail of account {} shows who it was", sanitize_input(id));
    Some(ActorName { elsewhere: true, ..named.because(reason) })
}

/// Looks like the mail address of a human being.
pub(super) fn is_mail(name: &str) -> bool {
    let allowed = |c: char| c.is_alphanumeric() || "._+-='%".contains(c);
    name.split_once('@').is_some_and(|(who, at)| {
        !who.is_empty()
            && at.trim_matches('.').contains('.')
            && who.chars().chain(at.chars()).all(allowed)
            && !at.ends_with(".gserviceaccount.com")
            && name.chars().count() <= 254
    })
}

/// Names that programs give their sessions.
pub(super) fn is_machine(name: &str) -> bool {
    let starts = [
        "i-0",
        "botocore-session-",
        "aws-go-sdk-",
        "aws-sdk-",
        "eks-",
        "AWSCLI-Session",
        "session-",
        "terraform",
        "AWSCloudFormation",
        "GitHubActions",
    ];
    // Timestamps, task ids, UUIDs: half of it digits or more, or hexadecimal throughout.
    let digits = name.bytes().filter(u8::is_ascii_digit).count();
    let is_hex = name.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-') && name.len() >= 8;
    starts.iter().any(|start| name.starts_with(start)) || digits * 2 >= name.len() || is_hex
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mail_addresses_and_machines() {
        for mail in ["alice@example.com", "a.b+c@x.co.uk", "jürgen@example.de"] {
            assert!(is_mail(mail), "{mail}");
        }
        let long = format!("{}@example.com", "a".repeat(300));
        for other in [
            "alice",
            "@example.com",
            "alice@",
            "alice@corp",
            "a@b@c.d",
            "<b>@x.y",
            "a b@x.y",
            "x@p.iam.gserviceaccount.com",
            "a@.",
            &long,
        ] {
            assert!(!is_mail(other), "{other}");
        }
        for machine in [
            "i-0abc1234def567890",
            "botocore-session-1767225600",
            "1767225a9c4e",
            "aws-go-sdk-1722375070115152000",
            "deadbeefcafe",
            "eks-node-x",
            "6f1b2c3d-0000-4000-8000-abcdefabcdef",
            "1767225600",
            "",
        ] {
            assert!(is_machine(machine), "{machine}");
        }
        assert!(!is_machine("JohnDoe-EC2-dev") && !is_machine("jane.doe"));
        assert!(is_ci("arn:aws:iam::1:oidc-provider/token.actions.githubusercontent.com"));
        assert!(
            is_ci("arn:aws:iam::1:oidc-provider/gitlab.acme.com")
                && !is_ci("arn:aws:iam::1:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/X")
        );
    }
}
