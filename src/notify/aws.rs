//! What the receivers in AWS share: whose credentials they send with, what a refusal means, and a message as data that machines filter.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Value, json};
use serde_saphyr::Spanned;
use tokio::sync::OnceCell;

use super::{DeliveryError, Notice, Tools};
use crate::aws::config::{is_role_arn, not_a_region, not_a_role};
use crate::aws::{AssumeRole, Aws, ReadError, ScopeClient, is_about_signature};
use crate::diagnostic::Diagnostics;
use crate::model::GapReason;
use crate::wording::message::{Item, Message};
use crate::wording::text::{sanitize_output, shorten};
use crate::yaml::position;

/// SNS takes 256 KiB (a topic may be set to more), SQS and EventBridge take 1 MiB, queues that are some years old and many targets of rules
/// 256 KiB: what fits the smallest arrives everywhere.
pub(super) const LARGEST: usize = 256 * 1024 - 2048;

/// Characters of an error of AWS that are repeated.
const SAID: usize = 160;

/// The role to send with, if one is given; every mistake goes to `diagnostics`.
pub(super) fn role(
    role_arn: Option<Spanned<String>>,
    external_id: Option<Spanned<String>>,
    diagnostics: &mut Diagnostics,
) -> Option<AssumeRole> {
    if let (None, Some(id)) = (&role_arn, &external_id) {
        diagnostics.warning(
            "config/without-effect",
            position(id),
            "an external id belongs to a role: write `role_arn`, too",
        );
    }
    let arn = role_arn?;
    if !is_role_arn(&arn.value) {
        diagnostics.add(not_a_role(&arn.value), position(&arn));
    }
    Some(AssumeRole { arn: arn.value, external_id: external_id.map(|id| id.value), session_name: None })
}

/// The region, if one is given; a mistake goes to `diagnostics`.
pub(super) fn region(raw: Option<Spanned<String>>, diagnostics: &mut Diagnostics) -> Option<String> {
    let region = raw?;
    if let Some(mistake) = not_a_region(&region.value) {
        diagnostics.add(mistake, position(&region));
    }
    Some(region.value)
}

/// The connection that receivers of AWS send over.
pub(super) fn connection(tools: &Tools) -> Result<Arc<Aws>, String> {
    tools.aws.clone().ok_or_else(|| "there is no connection to AWS: give driftd credentials".to_owned())
}

/// The clients of one region, with a role or the base credentials; made when they are first needed.
pub(super) struct Lane {
    aws: Arc<Aws>,
    region: Option<String>,
    role: Option<AssumeRole>,
    client: OnceCell<Arc<ScopeClient>>,
}

impl Lane {
    /// `region`: `None` for that of the credentials.
    pub(super) fn new(tools: &Tools, region: Option<&str>, role: Option<&AssumeRole>) -> Result<Self, String> {
        let (region, role) = (region.map(str::to_owned), role.cloned());
        Ok(Self { aws: connection(tools)?, region, role, client: OnceCell::new() })
    }

    pub(super) async fn client(&self) -> &ScopeClient {
        let make = || async {
            let region = self.region.clone().unwrap_or_else(|| self.aws.default_region());
            self.aws.with_role(&region, self.role.as_ref()).await
        };
        self.client.get_or_init(make).await
    }
}

/// What a failed call means for the message; `target` is what was called, in words: `the topic`.
pub(super) fn error(error: &ReadError, target: &str) -> DeliveryError {
    let code = error.code.as_deref().unwrap_or(error.reason.as_str());
    let said = shorten(&sanitize_output(error.message.trim()), SAID);
    let said =
        if said.is_empty() { format!("{}: {code}", error.action) } else { format!("{}: {code}: {said}", error.action) };
    match remedy(error, code, target) {
        Some(remedy) => DeliveryError::misconfigured(format!("{said}: {remedy}")),
        None if is_about_message(error, code) => DeliveryError::refused(format!("{said}: {target} does not take it")),
        None => DeliveryError::retry(said),
    }
}

/// What somebody has to do about a failure that does not pass by itself; `None`: it may, or it is about the message.
fn remedy(error: &ReadError, code: &str, target: &str) -> Option<String> {
    let action = error.action;
    let allow =
        || format!("allow {action} on {target} (driftd iam-policy has it), in its own policy, too, where it has one");
    // The words of each service: NotFound, QueueDoesNotExist, NonExistentQueue, ResourceNotFoundException.
    let is_absent = ["NotFound", "NonExistent", "DoesNotExist"].iter().any(|word| code.contains(word));
    match error.reason {
        // The answer of STS stands in the message alone.
        GapReason::NotConfigured if error.message.contains("AccessDenied") => {
            Some("allow sts:AssumeRole on the role, in its trust policy, too".to_owned())
        }
        GapReason::NotConfigured if code == "OptInRequired" => {
            Some("the service is not enabled for the account".to_owned())
        }
        _ if code.contains("Throttl") || is_about_signature(code) => None,
        _ if code == "InvalidAccessException" => Some(format!("enable {target} in this account and region")),
        _ if code.to_lowercase().contains("kms") => Some(format!(
            "allow kms:GenerateDataKey and kms:Decrypt on the key of {target}, and see that it is enabled"
        )),
        GapReason::NotConfigured | GapReason::Throttled | GapReason::Timeout => None,
        GapReason::Denied => Some(allow()),
        _ if is_absent => Some(format!("{target} is not there: correct the configuration, or make it")),
        _ => None,
    }
}

/// Was it read, and found wrong? Without an answer, or after an error of AWS's own, it may have arrived or not.
fn is_about_message(error: &ReadError, code: &str) -> bool {
    let passes = matches!(error.reason, GapReason::NotConfigured | GapReason::Throttled | GapReason::Timeout);
    let is_answer = matches!(error.status, Some(300..=499));
    is_answer && !passes && !code.contains("Throttl") && !is_about_signature(code)
}

/// The message for machines: its own keys, and the ids by which a repetition and a group are known.
pub(super) fn data(notice: &Notice<'_>, message: &Message) -> String {
    let mut data = json!(message);
    if let Value::Object(keys) = &mut data {
        keys.insert("id".to_owned(), notice.id.into());
        keys.insert("group".to_owned(), notice.group.into());
    }
    plain_characters(&data.to_string())
}

/// SNS and SQS take the characters of XML 1.0 alone, and refuse a message with any other.
pub(super) fn plain_characters(text: &str) -> String {
    let is_plain =
        |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
    text.chars().map(|c| if is_plain(c) { c } else { char::REPLACEMENT_CHARACTER }).collect()
}

/// What filters of topics and readers of queues see without opening the message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Attribute {
    pub name: &'static str,
    /// `String`; `String.Array`: a JSON array, any of which a filter may match.
    pub data_type: &'static str,
    pub value: String,
}

impl Attribute {
    /// Each counts for the size of its message.
    pub(super) fn size(&self) -> usize {
        self.name.len() + self.data_type.len() + self.value.len()
    }
}

/// The most values of one attribute, and characters of each: a filter is for places and kinds, not for a list of everything.
const VALUES: usize = 50;
const VALUE: usize = 100;

pub(super) fn attributes(message: &Message) -> Vec<Attribute> {
    let one = |name, value: &str| Attribute { name, data_type: "String", value: value.to_owned() };
    let all = |name, of: fn(&Item) -> Option<&str>| {
        let values = message.items.iter().filter_map(of).filter(|value| !value.is_empty());
        let values: BTreeSet<String> = values.map(|value| shorten(&plain_characters(value), VALUE)).collect();
        let values: Vec<String> = values.into_iter().take(VALUES).collect();
        (!values.is_empty()).then(|| Attribute { name, data_type: "String.Array", value: json!(values).to_string() })
    };
    let of_group = [
        one("severity", message.severity.as_str()),
        one("occasion", message.occasion.as_str()),
        one("status", message.status.as_str()),
    ];
    let of_items = [
        all("account", |item| Some(&item.account)),
        all("region", |item| Some(&item.region)),
        all("kind", |item| Some(&item.kind)),
        all("source", |item| item.source.as_deref()),
    ];
    of_group.into_iter().chain(of_items.into_iter().flatten()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wording::samples;

    #[test]
    fn an_error_passes_or_says_the_way_out() {
        let failed = |code: &str, reason, status: u16, message: &str| ReadError {
            reason,
            action: "sns:Publish",
            code: Some(code.to_owned()),
            status: Some(status),
            message: message.to_owned(),
        };
        let said = |read: &ReadError| match error(read, "the topic") {
            DeliveryError::Retry { why, after: None } => format!("retry: {why}"),
            DeliveryError::Retry { why, after: Some(_) } => format!("later: {why}"),
            DeliveryError::Refused { why } => format!("refused: {why}"),
        };
        for (code, reason, status, expected) in [
            (
                "AuthorizationError",
                GapReason::Denied,
                403,
                "later: sns:Publish: AuthorizationError: x: allow sns:Publish on the topic",
            ),
            ("NotFound", GapReason::Failed, 404, "later: sns:Publish: NotFound: x: the topic is not there"),
            ("KMSThrottling", GapReason::Failed, 400, "retry: "),
            (
                "KMS.DisabledException",
                GapReason::Failed,
                400,
                "later: sns:Publish: KMS.DisabledException: x: allow kms:",
            ),
            (
                "InvalidParameter",
                GapReason::Failed,
                400,
                "refused: sns:Publish: InvalidParameter: x: the topic does not take it",
            ),
            ("ExpiredToken", GapReason::NotConfigured, 403, "retry: "),
            ("InvalidSignatureException", GapReason::Denied, 403, "retry: sns:Publish: InvalidSignatureException"),
            ("InternalError", GapReason::Failed, 500, "retry: "),
            ("OptInRequired", GapReason::NotConfigured, 403, "later: "),
        ] {
            let told = said(&failed(code, reason, status, "x"));
            assert!(told.starts_with(expected), "{code}: {told}");
        }
        let long = failed("InvalidParameter", GapReason::Failed, 400, &"x\u{1b}".repeat(2000));
        assert!(said(&long).len() < 500 && !said(&long).contains('\u{1b}'));
    }

    #[test]
    fn attributes_say_where_and_what() {
        let shown = |message: &Message| {
            let all = attributes(message);
            all.iter().map(|one| format!("{}={}", one.name, one.value)).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(
            shown(&samples::message(12)),
            r#"severity=critical occasion=opened status=open account=["111111111111"] region=["eu-central-1"] kind=["aws_security_group"] source=["prod"]"#
        );
        for (name, message) in samples::messages() {
            let all = attributes(&message);
            // SQS takes ten; SNS hands on no more to a queue.
            assert!(all.len() <= 10 && all.iter().all(|one| !one.value.is_empty()), "{name}");
            assert_eq!(plain_characters(&shown(&message)), shown(&message), "{name}");
        }
        assert_eq!(plain_characters("a\u{1}b\u{ffff}c\u{1f600}\n"), "a\u{fffd}b\u{fffd}c\u{1f600}\n");
    }
}
