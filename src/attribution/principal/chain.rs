//! From the credentials that made a call back to where they come from: session by session, across accounts.
//! Knows no names and decides nothing but when to stop.

use super::channel::is_long_lived;
use super::sessions::{Beginning, Sessions};
use crate::attribution::event::{Event, Identity, SessionQuery};
use crate::model::{Scope, arn};

/// Nobody chains more roles; a longer chain is a loop.
const MOST_HOPS: usize = 10;

/// How the walk ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// At somebody, or at something that is no session.
    Known,
    /// The call that began the last session was not seen.
    NotSeen,
    /// Several callers began sessions of this name in this second.
    Several,
    TooLong,
}

/// Identities from the credentials used to the origin.
#[derive(Debug, Clone)]
pub(super) struct Chain {
    pub hops: Vec<Identity>,
    /// An MFA device was named at one of the calls.
    pub device: bool,
    pub end: End,
    /// The caller is known by another account's record of the same call.
    pub named_by_other_account: bool,
}

impl Chain {
    /// Where the credentials come from.
    pub(super) fn origin(&self) -> &Identity {
        // There is at least the identity of the event.
        self.hops.last().unwrap_or(&self.hops[0])
    }

    /// Somebody's name that was set once and could not be changed since. Whoever may assume the role sets it, to any text that
    /// the role's trust policy lets pass.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_monitor.html>
    pub(super) fn source_identity(&self) -> Option<&str> {
        self.hops.iter().find_map(|hop| hop.source_identity.as_deref())
    }

    /// Who began the session in which the source identity was set, if that was seen.
    pub(super) fn setter(&self) -> Option<&Identity> {
        let first = self.hops.iter().rposition(|hop| hop.source_identity.is_some())?;
        self.hops.get(first + 1)
    }
}

/// Walks back as far as is known.
pub(super) fn walk(event: &Event, sessions: &Sessions) -> Chain {
    let foreign = event.identity.kind == "AWSAccount";
    let named = event.shared_id.as_deref().filter(|_| foreign).and_then(|shared| sessions.caller(shared));
    let mut chain = Chain {
        named_by_other_account: named.is_some(),
        hops: vec![named.unwrap_or_else(|| event.identity.clone())],
        device: false,
        end: End::Known,
    };
    while is_session(chain.origin()) {
        match beginning(chain.origin(), sessions) {
            Beginning::By { .. } if chain.hops.len() > MOST_HOPS => {
                chain.end = End::TooLong;
                break;
            }
            Beginning::By { caller, device } => {
                chain.device |= device;
                chain.hops.push(*caller);
            }
            Beginning::Several => {
                chain.end = End::Several;
                break;
            }
            Beginning::NotSeen => {
                chain.end = match by_issuer(chain.origin()) {
                    // A federated user carries its issuer with it.
                    Some(issuer) => {
                        chain.hops.push(issuer);
                        End::Known
                    }
                    None if matches!(chain.origin().kind.as_str(), "AssumedRole" | "FederatedUser") => End::NotSeen,
                    None => End::Known,
                };
                break;
            }
        }
    }
    chain
}

fn beginning(of: &Identity, sessions: &Sessions) -> Beginning {
    if is_of_stack(of) { sessions.stack_operation(of) } else { sessions.beginning(of) }
}

/// The session whose issuing call was not seen and would show more.
pub(super) fn unresolved_session(event: &Event, chain: &Chain) -> Option<SessionQuery> {
    let last = chain.origin();
    if last.kind == "AWSAccount" {
        return callers_half(event, chain);
    }
    if chain.end != End::NotSeen || is_of_stack(last) {
        return None;
    }
    let account = last.account.as_deref().or_else(|| last.arn.as_deref().and_then(arn::account))?;
    // Each request of a console session has a key of its own, which nobody issued.
    let used_in_console = chain.hops.len() == 1 && event.from_console;
    Some(SessionQuery {
        scope: Scope::new(account, event.region.clone()),
        access_key: last.access_key.clone().filter(|_| !used_in_console),
        principal_id: last.principal_id.clone().filter(|id| id.contains(':'))?,
        created: last.created?,
    })
}

/// The caller of another account: its own account's trail has the call with its name.
fn callers_half(event: &Event, chain: &Chain) -> Option<SessionQuery> {
    let [.., session, caller] = chain.hops.as_slice() else { return None };
    Some(SessionQuery {
        scope: Scope::new(caller.account.as_deref()?, event.region.clone()),
        access_key: session.access_key.clone(),
        principal_id: session.principal_id.clone().filter(|id| id.contains(':'))?,
        created: session.created?,
    })
}

/// Has it the form of a certificate's subject? IAM Roles Anywhere makes that the source identity; others may choose such a text.
/// <https://docs.aws.amazon.com/rolesanywhere/latest/userguide/authentication-create-session.html>
pub(super) fn is_certificate(source_identity: &str) -> bool {
    let names = ["CN=", "O=", "OU=", "C=", "L=", "ST=", "SERIALNUMBER=", "UID="];
    names.iter().any(|name| source_identity.starts_with(name))
}

/// Are these credentials that some other call issued, to somebody who is not named here?
fn is_session(identity: &Identity) -> bool {
    match identity.kind.as_str() {
        "AssumedRole" => !is_sso(identity) && !is_service_linked(identity),
        "FederatedUser" => true,
        // GetSessionToken, AssumeRoot.
        "IAMUser" | "Root" => identity.access_key.is_some() && !is_long_lived(identity),
        _ => false,
    }
}

/// A role of a permission set; only Identity Center can make sessions of it, and it names them after the user. The reserved
/// path cannot be chosen by anybody, a role's name can: where the role's ARN is not recorded (a switch of roles has only the
/// session's, which has lost the path), it is a role like any other.
/// <https://docs.aws.amazon.com/singlesignon/latest/userguide/referencingpermissionsets.html>
pub(super) fn is_sso(identity: &Identity) -> bool {
    let named = identity.role_name().is_some_and(|name| name.starts_with("AWSReservedSSO_"));
    let arn = identity.issuer.as_ref().and_then(|issuer| issuer.arn.as_deref());
    named && arn.is_some_and(|arn| arn.contains(":role/aws-reserved/sso.amazonaws.com/"))
}

/// A role that only one service of AWS can assume.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/using-service-linked-roles.html>
pub(super) fn is_service_linked(identity: &Identity) -> bool {
    match identity.issuer.as_ref().and_then(|issuer| issuer.arn.as_deref()) {
        Some(arn) => arn.contains(":role/aws-service-role/"),
        None => {
            identity.invoked_by.is_some()
                && identity.role_name().is_some_and(|name| name.starts_with("AWSServiceRoleFor"))
        }
    }
}

/// A stack's service role: CloudFormation itself assumed it, and calls the session after itself.
fn is_of_stack(identity: &Identity) -> bool {
    identity.invoked_by.as_deref() == Some("cloudformation.amazonaws.com")
        && identity.session_name() == Some("AWSCloudFormation")
}

fn by_issuer(identity: &Identity) -> Option<Identity> {
    let issuer = identity.issuer.as_ref().filter(|_| identity.kind == "FederatedUser")?;
    Some(Identity {
        kind: issuer.kind.clone(),
        principal_id: issuer.principal_id.clone(),
        arn: issuer.arn.clone(),
        account: issuer.account.clone(),
        user_name: issuer.user_name.clone(),
        ..Identity::default()
    })
}
