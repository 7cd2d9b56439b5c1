//! Which call began a session: an index of sign-ins and of calls that issue credentials, small enough for a trail of years.
//! Knows nothing of persons; walking from session to session is the business of [`super::chain`].
//!
//! Keys are 64 bits of SHA-256: only AWS mints access keys, role ids and event ids, so nobody can aim at somebody else's.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::stack_calls::StackCalls;
use super::{compact, principal_arn};
use crate::attribution::event::{Event, Identity, event_class};
use crate::model::arn;

/// Two different callers began sessions of the same name in the same second.
const SEVERAL: u32 = u32::MAX;
/// An access key id. (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html>)
const KEY_LENGTH: usize = 20;
/// No time: eight bytes less than an `Option`, a hundred thousand times.
const NEVER: i64 = i64::MIN;

/// Sign-ins, and calls that issued credentials. `note` every event that [`event_class::identifies`]; noting others costs nothing
/// but the ones with a `sharedEventID`, which show another account's trail who it was.
#[derive(Debug, Default)]
pub struct Sessions {
    issues: Vec<Issue>,
    /// Issued access key -> issue.
    by_key: HashMap<u64, u32>,
    /// Principal (`AROA...:session`) and the second of its beginning -> issue. Console sessions have no key that lasts.
    by_beginning: HashMap<u64, u32>,
    /// `sharedEventID` -> the issue of which an account has only half.
    by_shared: HashMap<u64, u32>,
    /// `sharedEventID` of other calls -> who made them, in the account that knows.
    callers: HashMap<u64, Arc<str>>,
    /// Principal and second of a console sign-in -> was MFA used?
    sign_ins: HashMap<u64, bool>,
    /// Second and address at which the access portal gave a role's credentials -> to whom.
    portal: HashMap<u64, Option<Arc<str>>>,
    /// Calls that set CloudFormation to work on stacks.
    stacks: StackCalls,
    /// Callers are few: each identity is kept once.
    identities: HashSet<Arc<str>>,
}

/// A call that issued credentials: who called.
#[derive(Debug)]
struct Issue {
    caller: Arc<str>,
    /// The caller's own access key; zeros: none.
    key: [u8; KEY_LENGTH],
    /// Seconds; [`NEVER`]: the caller is no session.
    created: i64,
    mfa: Option<bool>,
    /// An MFA device was named, and the call succeeded.
    device: bool,
}

/// What is known of a session's beginning.
pub(super) enum Beginning {
    By {
        caller: Box<Identity>,
        device: bool,
    },
    /// Several callers could have been it.
    Several,
    NotSeen,
}

impl Sessions {
    /// Keeps what shows who somebody is. The same event twice is the same as once; failed calls show nothing.
    pub fn note(&mut self, event: &Event) {
        if event.error.is_some() {
            return;
        }
        match (event.service(), event.name.as_str()) {
            ("sts", _) if event_class::identifies("sts", &event.name) => self.note_issue(event),
            ("signin", "ConsoleLogin") if succeeded(event) => self.note_sign_in(event),
            ("signin", "SwitchRole") if succeeded(event) => self.note_switch(event),
            ("sso", "GetRoleCredentials") => self.note_portal(event),
            ("cloudformation", _) => self.stacks.note(event),
            _ => self.note_caller(event),
        }
    }

    /// How many sessions have a known beginning.
    pub fn len(&self) -> usize {
        self.issues.len()
    }

    pub fn is_empty(&self) -> bool {
        self.issues.is_empty()
    }

    /// The call that began this session: by its access key exactly, else by principal and second.
    pub(super) fn beginning(&self, of: &Identity) -> Beginning {
        let by_key = of.access_key.as_deref().and_then(|key| self.by_key.get(&mark(&["key", key])));
        let by_beginning = || {
            let (principal, created) = (of.principal_id.as_deref()?, of.created?);
            self.by_beginning.get(&mark(&["begin", principal, &created.as_second().to_string()]))
        };
        match by_key.or_else(by_beginning) {
            Some(&SEVERAL) => Beginning::Several,
            Some(&at) => self.issues.get(at as usize).map_or(Beginning::NotSeen, Issue::beginning),
            None => Beginning::NotSeen,
        }
    }

    /// Whose call set CloudFormation to work with this session of a stack's service role.
    pub(super) fn stack_operation(&self, of: &Identity) -> Beginning {
        self.stacks.beginning(of)
    }

    /// Who made a call that another account's trail has without a name.
    pub(super) fn caller(&self, shared_id: &str) -> Option<Identity> {
        self.callers.get(&mark(&["shared", shared_id])).map(|packed| compact::unpack(packed))
    }

    /// Was MFA used at the console sign-in that began this session?
    pub(super) fn sign_in_mfa(&self, of: &Identity) -> Option<bool> {
        let (principal, created) = (of.principal_id.as_deref()?, of.created?.as_second());
        // Sign-in and session are two servers' clocks.
        [0, -1, 1, -2, 2]
            .iter()
            .find_map(|slack| self.sign_ins.get(&mark(&["login", principal, &(created + slack).to_string()])).copied())
    }

    /// To whom the access portal gave credentials in this second, at this address.
    pub(super) fn portal_user(&self, created: Timestamp, ip: &str) -> Option<Identity> {
        let packed = self.portal.get(&mark(&["portal", &created.as_second().to_string(), ip]))?;
        packed.as_deref().map(compact::unpack)
    }

    /// `AssumeRole*`, `GetSessionToken`, `GetFederationToken`. Services assume roles all day: they are left out, but for IAM
    /// Roles Anywhere, whose source identity is the subject of a certificate.
    /// Across accounts it is two records with one `sharedEventID`; only the caller's account knows the caller.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/cloudtrail-integration.html>
    fn note_issue(&mut self, event: &Event) {
        let is_service = event.identity.kind == "AWSService";
        let by_certificate = event.identity.invoked_by.as_deref() == Some("rolesanywhere.amazonaws.com")
            && event.request.get("sourceIdentity").is_some();
        if is_service && !by_certificate || event.identity.kind.is_empty() {
            return;
        }
        let text = |path: &str| event.response.pointer(path).and_then(Value::as_str).filter(|text| !text.is_empty());
        let key = text("/credentials/accessKeyId").map(|key| mark(&["key", key]));
        let principal = text("/assumedRoleUser/assumedRoleId").or_else(|| text("/federatedUser/federatedUserId"));
        let role = text("/assumedRoleUser/arn").or_else(|| event.request.get("roleArn").and_then(Value::as_str));
        let caller_account = event.identity.account.as_deref();
        let crosses = event.identity.kind == "AWSAccount" || role.and_then(arn::account) != caller_account;
        let shared = event.shared_id.as_deref().filter(|_| crosses).map(|id| mark(&["shared", id]));
        let device = event.request.get("serialNumber").and_then(Value::as_str).is_some_and(|serial| !serial.is_empty());
        if key.is_none() && principal.is_none() && shared.is_none() {
            return;
        }
        let issue = self.issue(&event.identity, device);
        let known = shared
            .and_then(|shared| self.by_shared.get(&shared))
            .or_else(|| key.and_then(|key| self.by_key.get(&key)))
            .copied();
        let at = self.put(known, issue);
        self.by_key.extend(key.map(|key| (key, at)));
        self.by_shared.extend(shared.map(|shared| (shared, at)));
        if let Some(principal) = principal {
            self.begin(principal, event.time, at);
        }
    }

    /// A switch of roles in the console: the target account's record names the ARN that switched.
    /// <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-aws-console-sign-in-events.html>
    fn note_switch(&mut self, event: &Event) {
        let from = event.additional.get("SwitchFrom").and_then(Value::as_str).and_then(principal_arn::identity);
        if let (Some(from), Some(principal)) = (from, event.identity.principal_id.as_deref()) {
            let issue = self.issue(&from, false);
            let at = self.put(None, issue);
            self.begin(principal, event.time, at);
        }
    }

    fn note_sign_in(&mut self, event: &Event) {
        let used = match event.additional.get("MFAUsed").and_then(Value::as_str) {
            Some("Yes") => true,
            Some("No") => false,
            _ => return,
        };
        if let Some(principal) = event.identity.principal_id.as_deref() {
            self.sign_ins.insert(mark(&["login", principal, &event.time.as_second().to_string()]), used);
        }
    }

    /// The portal's answer is redacted: only second and address join it to the session.
    fn note_portal(&mut self, event: &Event) {
        let Some(ip) = event.source_ip.as_deref() else { return };
        let who = self.intern(compact::pack(&event.identity));
        let key = mark(&["portal", &event.time.as_second().to_string(), ip]);
        // Two users behind one address in one second: nobody.
        self.portal
            .entry(key)
            .and_modify(|known| *known = known.take().filter(|known| *known == who))
            .or_insert(Some(who));
    }

    fn note_caller(&mut self, event: &Event) {
        let known = !matches!(event.identity.kind.as_str(), "AWSAccount" | "AWSService" | "");
        if let (true, Some(shared)) = (known, event.shared_id.as_deref()) {
            let who = self.intern(compact::pack(&event.identity));
            self.callers.insert(mark(&["shared", shared]), who);
        }
    }

    fn issue(&mut self, caller: &Identity, device: bool) -> Issue {
        let key = caller.access_key.as_deref().and_then(|key| key.as_bytes().try_into().ok());
        Issue {
            caller: self.intern(compact::pack(caller)),
            key: key.unwrap_or([0; KEY_LENGTH]),
            created: caller.created.map_or(NEVER, Timestamp::as_second),
            mfa: caller.mfa,
            device,
        }
    }

    /// The other half of a call, or a new one.
    fn put(&mut self, known: Option<u32>, issue: Issue) -> u32 {
        if let Some((at, known)) = known.and_then(|at| Some((at, self.issues.get_mut(at as usize)?))) {
            known.learn(issue);
            return at;
        }
        // Four billion sessions do not fit into memory anyway.
        let at = u32::try_from(self.issues.len()).unwrap_or(SEVERAL);
        self.issues.push(issue);
        at
    }

    /// Remembers which call began a principal's session in this second. Two halves of one call, or the same caller twice,
    /// are one; different callers leave it open.
    fn begin(&mut self, principal: &str, time: Timestamp, at: u32) {
        let key = mark(&["begin", principal, &time.as_second().to_string()]);
        let Some(&known) = self.by_beginning.get(&key).filter(|known| **known != at) else {
            self.by_beginning.entry(key).or_insert(at);
            return;
        };
        let better = match (self.issues.get(known as usize), self.issues.get(at as usize)) {
            (Some(old), Some(new)) if old.same_caller(new) => {
                if new.rank() > old.rank() {
                    at
                } else {
                    known
                }
            }
            _ => SEVERAL,
        };
        self.by_beginning.insert(key, better);
    }

    fn intern(&mut self, text: String) -> Arc<str> {
        if let Some(known) = self.identities.get(text.as_str()) {
            return Arc::clone(known);
        }
        let text: Arc<str> = text.into();
        self.identities.insert(Arc::clone(&text));
        text
    }

    /// Bytes in use, nearly.
    #[cfg(test)]
    fn bytes(&self) -> usize {
        let entries = self.by_key.capacity() + self.by_beginning.capacity() + self.by_shared.capacity();
        let identities: usize = self.identities.iter().map(|text| text.len() + 32).sum();
        entries * 17 + self.issues.capacity() * size_of::<Issue>() + self.identities.capacity() * 17 + identities
    }
}

impl Issue {
    fn beginning(&self) -> Beginning {
        let mut caller = compact::unpack(&self.caller);
        caller.access_key = (self.key != [0; KEY_LENGTH]).then(|| String::from_utf8_lossy(&self.key).into_owned());
        caller.created = Timestamp::from_second(self.created).ok();
        caller.mfa = self.mfa;
        Beginning::By { caller: Box::new(caller), device: self.device }
    }

    /// How much it shows: another account's half says nothing, a switch of roles an ARN, the caller's own record everything.
    fn rank(&self) -> u8 {
        let caller = compact::unpack(&self.caller);
        if caller.kind == "AWSAccount" { 0 } else { 1 + u8::from(caller.principal_id.is_some()) }
    }

    fn same_caller(&self, other: &Self) -> bool {
        let (one, two) = (compact::unpack(&self.caller), compact::unpack(&other.caller));
        let half = one.kind == "AWSAccount" || two.kind == "AWSAccount";
        one.arn.is_some() && one.arn == two.arn || half && one.account.is_some() && one.account == two.account
    }

    fn learn(&mut self, other: Self) {
        let device = self.device || other.device;
        if other.rank() > self.rank() {
            *self = other;
        }
        self.device = device;
    }
}

fn succeeded(event: &Event) -> bool {
    // `{"ConsoleLogin": "Success"}`; bodies have their first letters lowered.
    event.response.as_object().is_some_and(|said| said.values().any(|word| word == "Success"))
}

fn mark(parts: &[&str]) -> u64 {
    let digest = Sha256::digest(parts.join("\0").as_bytes());
    digest.iter().take(8).fold(0, |bits, byte| bits << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests;
