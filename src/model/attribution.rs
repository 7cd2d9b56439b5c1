//! Who did it, with proof: plain data of the report; nothing here decides anything.

use serde::{Deserialize, Serialize};

/// How sure the name is. Ordered: the surest last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Confidence {
    /// No event explains the drift.
    Unknown,
    /// One of several that could have done it, or one whose values do not show it.
    Possible,
    /// The only one who touched it, but the value itself cannot be seen in the event.
    Likely,
    /// The event's value is the live value, or it created or deleted this very id.
    Certain,
}

impl Confidence {
    /// The word of the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Possible => "possible",
            Self::Likely => "likely",
            Self::Certain => "certain",
        }
    }
}

/// The way a call was made; the contract's `attribution.channel`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    Console,
    Cloudshell,
    Cli,
    Sdk,
    /// Terraform or OpenTofu: they cannot be distinguished.
    Terraform,
    Pulumi,
    Crossplane,
    Cloudformation,
    /// An AWS service, by itself or for somebody.
    AwsService,
    /// A program that says something else of itself.
    Other,
    Unknown,
}

impl Channel {
    /// The word of the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Console => "console",
            Self::Cloudshell => "cloudshell",
            Self::Cli => "cli",
            Self::Sdk => "sdk",
            Self::Terraform => "terraform",
            Self::Pulumi => "pulumi",
            Self::Crossplane => "crossplane",
            Self::Cloudformation => "cloudformation",
            Self::AwsService => "aws_service",
            Self::Other => "other",
            Self::Unknown => "unknown",
        }
    }
}

/// What sort of actor a name stands for; the contract's `actor.type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActorType {
    /// A human being, by SSO, federation, source identity or a chain that ends at one.
    Person,
    /// A role, where nothing shows who used it (or a machine did).
    Role,
    IamUser,
    Root,
    Service,
    /// A principal that the configuration lists as a pipeline, or a run of a CI system.
    Pipeline,
    /// Another account, which alone knows who it was.
    Account,
    Unknown,
}

impl ActorType {
    /// The word of the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Role => "role",
            Self::IamUser => "iam_user",
            Self::Root => "root",
            Self::Service => "service",
            Self::Pipeline => "pipeline",
            Self::Account => "account",
            Self::Unknown => "unknown",
        }
    }
}

/// Whoever is behind the credentials.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Actor {
    #[serde(rename = "type")]
    pub kind: ActorType,
    /// The most human name known.
    pub name: String,
    /// ARN of the principal whose credentials made the call.
    pub arn: Option<String>,
    /// ARNs (or names) from the person to the credentials used, first to last.
    pub chain: Vec<String>,
}

/// Something a reader must know about the actor or the way; also what rules match as `cautions`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Caution {
    /// The user agent says Terraform, and the principal is none of the pipelines that the configuration lists.
    ClaimsToBeTerraform,
    /// A principal of the pipeline list, but not from its networks or not with its tool.
    PipelineByHand,
    /// A principal of the break-glass list.
    BreakGlass,
    /// A principal of the list `automation`, or a tool that works by itself.
    Automation,
    /// The name is a session name that the caller chose freely.
    NameIsForgeable,
    /// Somebody without a name in this account: only the other account's trail has it.
    OtherAccount,
    /// The same value was set by others in the same second.
    SameSecond,
    /// Not everything that happened could be read.
    EventsIncomplete,
}

impl Caution {
    /// The word of the report and of rules.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ClaimsToBeTerraform => "claims_to_be_terraform",
            Self::PipelineByHand => "pipeline_by_hand",
            Self::BreakGlass => "break_glass",
            Self::Automation => "automation",
            Self::NameIsForgeable => "name_is_forgeable",
            Self::OtherAccount => "other_account",
            Self::SameSecond => "same_second",
            Self::EventsIncomplete => "events_incomplete",
        }
    }
}

/// A CloudTrail event as proof.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct EventRef {
    pub event_id: String,
    pub event_name: String,
    /// `ec2.amazonaws.com`
    pub event_source: String,
    /// RFC 3339, UTC; CloudTrail knows seconds.
    pub time: String,
    /// Account and region of the trail that has the event.
    pub account: String,
    pub region: String,
    /// The changes that this event explains; empty for a resource as a whole.
    pub paths: Vec<String>,
}

/// An event on the same attributes that is not blamed: it came later, was undone, or is no better an explanation.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct OtherEvent {
    #[serde(flatten)]
    pub event: EventRef,
    /// Name of its actor.
    pub actor: String,
    /// Why it is not blamed.
    pub why: String,
}

/// Who made (some of) a drift's changes, and how that is known.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attribution {
    pub confidence: Confidence,
    pub actor: Option<Actor>,
    pub channel: Channel,
    /// Time of the last event blamed; RFC 3339, UTC.
    pub time: Option<String>,
    /// An IP address, or the name of the AWS service that called.
    pub source_ip: Option<String>,
    pub user_agent: Option<String>,
    /// `None`: not known (an identity provider did the sign-in), or not applicable (a service).
    pub mfa: Option<bool>,
    pub events: Vec<EventRef>,
    /// The subcommand that the AWS CLI names, a Terraform version or run stamp, the service that acted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool: Option<String>,
    /// Why this confidence, in words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cautions: Vec<Caution>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub other_events: Vec<OtherEvent>,
}

/// One call of the person asked about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ActivityRecord {
    #[serde(flatten)]
    pub event: EventRef,
    pub actor: Actor,
    pub channel: Channel,
    pub source_ip: Option<String>,
    pub tool: Option<String>,
    pub mfa: Option<bool>,
    pub cautions: Vec<Caution>,
    /// Ids and names of what it was about, as far as the event table knows.
    pub objects: Vec<String>,
}

impl Attribution {
    /// Nobody is known, and why.
    pub fn unknown(reason: impl Into<String>) -> Self {
        Self {
            confidence: Confidence::Unknown,
            actor: None,
            channel: Channel::Unknown,
            time: None,
            source_ip: None,
            user_agent: None,
            mfa: None,
            events: Vec::new(),
            tool: None,
            reasons: vec![reason.into()],
            cautions: Vec::new(),
            other_events: Vec::new(),
        }
    }
}
