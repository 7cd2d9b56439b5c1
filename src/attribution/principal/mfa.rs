//! Was MFA used? Yes, no, or not known: `mfaAuthenticated: "false"` is no "no", because sessions by Identity Center, SAML and
//! roles always say so. A "no" is said only where AWS itself did the sign-in.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-multifactorauthpresent>

use super::chain::Chain;
use super::channel::{is_long_lived, service};
use super::sessions::Sessions;
use crate::attribution::event::Event;

/// `None`: an identity provider knows, nobody knows, or it is a service.
pub(super) fn mfa(event: &Event, chain: &Chain, sessions: &Sessions) -> Option<bool> {
    // Any sign of MFA on the way is one: a role's session keeps nothing of how its user signed in.
    if chain.device || chain.hops.iter().any(|hop| hop.mfa == Some(true)) {
        return Some(true);
    }
    let origin = chain.origin();
    let signed_in = sessions.sign_in_mfa(origin);
    if signed_in == Some(true) {
        return Some(true);
    }
    if !matches!(origin.kind.as_str(), "IAMUser" | "Root") {
        return None;
    }
    // What a service does for somebody says nothing of how that one signed in.
    let service_acts = event.identity.invoked_by.as_deref().is_some_and(|by| service(by).is_some());
    let for_somebody = chain.hops.len() == 1 && service_acts && !event.from_console;
    let says_no = signed_in == Some(false) || !for_somebody && origin.mfa == Some(false);
    (is_long_lived(origin) && !for_somebody || says_no).then_some(false)
}
