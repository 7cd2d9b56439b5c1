//! One CloudTrail record, parsed once and in one form: names and payloads are normalised here, and nothing is decided.
//! Record contents: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html>.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One CloudTrail record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// `eventID`: duplicates carry the same one.
    pub id: String,
    /// `sharedEventID`: the same action as another account's trail has it.
    pub shared_id: Option<String>,
    /// When the call completed; CloudTrail knows seconds.
    pub time: Timestamp,
    /// `ec2.amazonaws.com`
    pub source: String,
    /// The API operation, without CloudTrail's renames ([`super::event_name`]).
    pub name: String,
    /// As the record has it.
    pub recorded_name: String,
    /// The account whose trail has it: `recipientAccountId`.
    pub account: String,
    pub region: String,
    pub identity: Identity,
    pub user_agent: Option<String>,
    /// An IP address, a service's name, or `AWS Internal`.
    pub source_ip: Option<String>,
    /// `sessionCredentialFromConsole`
    pub from_console: bool,
    /// `tlsDetails` are there: the caller itself, no proxy of AWS.
    pub tls: bool,
    /// `AwsApiCall`, `AwsServiceEvent`, `AwsConsoleSignIn`, ...
    pub kind: String,
    /// `errorCode`, or an error inside the answer: the call changed nothing.
    pub error: Option<String>,
    /// `None`: the record does not say.
    pub read_only: Option<bool>,
    /// `requestParameters`, in one form ([`super::payload`]).
    pub request: Value,
    /// `responseElements`, in one form.
    pub response: Value,
    /// `additionalEventData`, as it is.
    pub additional: Value,
    /// ARNs of `resources[]`.
    pub resources: Vec<String>,
    /// Late or corrected (`addendum`).
    pub late: bool,
    /// The event that this one corrects (`addendum.originalEventID` of an update).
    pub corrects: Option<String>,
    /// A payload was too big for CloudTrail and is left out (`omitted`).
    pub omitted: bool,
    pub vpc_endpoint: Option<String>,
}

/// `userIdentity`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// `IAMUser`, `AssumedRole`, `Root`, `AWSService`, ...
    pub kind: String,
    pub principal_id: Option<String>,
    pub arn: Option<String>,
    pub account: Option<String>,
    /// Empty ones are `None`.
    pub access_key: Option<String>,
    pub user_name: Option<String>,
    /// The service that made the call.
    pub invoked_by: Option<String>,
    /// The role (or user) whose session this is.
    pub issuer: Option<Issuer>,
    /// When the session began.
    pub created: Option<Timestamp>,
    /// `mfaAuthenticated`
    pub mfa: Option<bool>,
    pub source_identity: Option<String>,
    /// Identity Center user id, `onBehalfOf.userId`.
    pub on_behalf_of: Option<String>,
    /// SAML or OIDC provider of a federated sign-in.
    pub identity_provider: Option<String>,
    /// `webIdFederationData.federatedProvider` of a session.
    pub federated_provider: Option<String>,
    /// Partner account that acts by delegation, `invokedByDelegate.accountId`.
    pub delegate: Option<String>,
}

/// `sessionContext.sessionIssuer`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Issuer {
    /// `Role`, `IAMUser`, `Root`.
    pub kind: String,
    pub principal_id: Option<String>,
    pub arn: Option<String>,
    pub account: Option<String>,
    pub user_name: Option<String>,
}

impl Event {
    /// `ec2` of `ec2.amazonaws.com`.
    pub fn service(&self) -> &str {
        self.source.split('.').next().unwrap_or_default()
    }

    /// The session name of an assumed role: what follows the last slash of its ARN, or the colon of its principal id.
    pub fn session_name(&self) -> Option<&str> {
        self.identity.session_name()
    }
}

impl Identity {
    /// The session name of an assumed role.
    pub fn session_name(&self) -> Option<&str> {
        let of_arn =
            self.arn.as_deref().filter(|arn| arn.contains(":assumed-role/")).and_then(|arn| arn.rsplit('/').next());
        let of_id = || self.principal_id.as_deref().and_then(|id| id.split_once(':')).map(|(_, name)| name);
        of_arn.or_else(of_id).filter(|name| !name.is_empty())
    }

    /// The name of the role of a session.
    pub fn role_name(&self) -> Option<&str> {
        let of_arn = self
            .arn
            .as_deref()
            .and_then(|arn| arn.split_once(":assumed-role/"))
            .and_then(|(_, rest)| rest.split('/').next());
        self.issuer.as_ref().and_then(|issuer| issuer.user_name.as_deref()).or(of_arn)
    }
}
