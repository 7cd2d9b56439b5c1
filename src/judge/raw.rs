//! Rules as they stand in a file: the YAML form and nothing else. An unknown key is an error.

use serde::Deserialize;
use serde_json::Value;
use serde_saphyr::Spanned;

use crate::model::{ActorType, Attributes, Caution, Channel, Confidence, DriftStatus};

/// One rule of a file, before its values are checked.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawRule {
    pub id: Spanned<String>,
    pub severity: Option<Spanned<String>>,
    #[serde(default)]
    pub lower: bool,
    pub ignore: Option<RawIgnore>,
    #[serde(default)]
    pub why: String,
    #[serde(rename = "match")]
    pub matches: RawMatch,
    pub when: Option<Spanned<String>>,
    #[serde(default)]
    pub cases: Vec<Case>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawIgnore {
    pub owner: Spanned<String>,
    pub reason: Spanned<String>,
    pub expires: Spanned<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawMatch {
    #[serde(default)]
    pub kind: Vec<Spanned<String>>,
    #[serde(default)]
    pub drift: Vec<Spanned<String>>,
    #[serde(default)]
    pub path: Vec<Spanned<String>>,
    #[serde(default)]
    pub account: Vec<Spanned<String>>,
    #[serde(default)]
    pub region: Vec<Spanned<String>>,
}

/// A drift made up to try the rule on.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Case {
    pub name: String,
    pub kind: String,
    #[serde(default = "changed")]
    pub drift: DriftStatus,
    #[serde(default)]
    pub desired: Attributes,
    #[serde(default)]
    pub live: Attributes,
    /// Left out, a `changed` case has one change for each top-level attribute that differs.
    pub changes: Option<Vec<CaseChange>>,
    pub account: Option<String>,
    pub region: Option<String>,
    pub address: Option<String>,
    /// Left out: no event source is configured.
    pub who: Option<CaseWho>,
    pub expect: bool,
}

/// Who did it, in a case.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CaseWho {
    pub actor: Option<CaseActor>,
    #[serde(default = "any_channel")]
    pub channel: Channel,
    #[serde(default = "certain")]
    pub confidence: Confidence,
    pub mfa: Option<bool>,
    #[serde(default)]
    pub cautions: Vec<Caution>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CaseActor {
    #[serde(rename = "type")]
    pub kind: ActorType,
    pub name: String,
    pub arn: Option<String>,
}

fn any_channel() -> Channel {
    Channel::Unknown
}

fn certain() -> Confidence {
    Confidence::Certain
}

fn changed() -> DriftStatus {
    DriftStatus::Changed
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CaseChange {
    pub path: String,
    #[serde(default)]
    pub desired: Value,
    #[serde(default)]
    pub live: Value,
    pub added: Option<Vec<Value>>,
    pub removed: Option<Vec<Value>>,
}
