//! `aws_iam_policy`: a customer-managed policy in its default version. Description and tags have no bulk form: one call
//! each.

use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_iam::types::{ManagedPolicyDetail, Policy, PolicyVersion};
use serde_json::json;

use super::iam::{self, document, one};
use crate::aws::ReadError;
use crate::inventory::value::{attributes, iam_tags};
use crate::inventory::{Completion, Kind, ListRequest, Listed, Reach, ScopeReader};
use crate::model::{Attributes, CompareRules, Live, PriorState};

pub(super) struct AwsIamPolicy;

#[async_trait]
impl Kind for AwsIamPolicy {
    fn name(&self) -> &'static str {
        "aws_iam_policy"
    }

    fn reach(&self) -> Reach {
        Reach::Global
    }

    fn actions(&self) -> &'static [&'static str] {
        &["iam:GetAccountAuthorizationDetails", "iam:GetPolicy", "iam:GetPolicyVersion"]
    }

    /// `name_prefix` is what the provider cuts out of the name.
    fn compare_rules(&self) -> CompareRules {
        // How long Terraform waits.
        let not_returned = &["delay_after_policy_creation_in_ms", "name_prefix"];
        CompareRules { identity: &["policy_id"], not_returned, policies: &["policy"], ..CompareRules::default() }
    }

    async fn list(&self, aws: &ScopeReader, _request: &ListRequest<'_>) -> Result<Listed, ReadError> {
        let account = iam::account(aws).await?;
        Ok(account.policies.iter().map(live).collect())
    }

    async fn complete(&self, aws: &ScopeReader, _prior: &PriorState<'_>, live: &mut Live) -> Completion {
        let read = policy(aws, &live.id).await;
        Completion::extend(live, read.map(|policy| policy.as_ref().as_ref().map(details)))
    }

    async fn complete_undeclared(&self, aws: &ScopeReader, live: &mut Live) -> Completion {
        let id = live.id.clone();
        self.complete(aws, &PriorState::new(&id, None), live).await
    }

    async fn read(&self, aws: &ScopeReader, prior: &PriorState<'_>) -> Result<Option<Live>, ReadError> {
        let read = policy(aws, prior.id).await?;
        let Some(policy) = read.as_ref() else { return Ok(None) };
        Ok(Some(live(&detail(policy, default_version(aws, policy).await?))))
    }
}

/// What the account's details show.
fn live(policy: &ManagedPolicyDetail) -> Live {
    let arn = policy.arn().unwrap_or_default();
    let default = policy.policy_version_list().iter().find(|version| {
        version.is_default_version() || version.version_id().is_some_and(|id| policy.default_version_id() == Some(id))
    });
    let mut values = attributes(json!({
        "arn": arn,
        "attachment_count": policy.attachment_count(),
        "id": arn,
        "name": policy.policy_name().or_else(|| arn.rsplit('/').next()),
        "path": policy.path(),
    }));
    if let Some(text) = default.and_then(|version| document(version.document())) {
        values.insert("policy".to_owned(), text.into());
    }
    Live { id: arn.to_owned(), attributes: values, ..Live::default() }
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_Policy.html>: only GetPolicy has description and tags.
fn details(policy: &Policy) -> Attributes {
    attributes(json!({
        "description": policy.description(),
        "name": policy.policy_name(),
        "policy_id": policy.policy_id(),
        "tags_all": iam_tags(policy.tags()),
    }))
}

async fn policy(aws: &ScopeReader, arn: &str) -> Result<Arc<Option<Policy>>, ReadError> {
    one(aws, "iam:GetPolicy", arn, aws.iam().get_policy().policy_arn(arn).send(), |answer| answer.policy).await
}

/// That it does not exist does not mean that the policy is gone: it may be the default no longer.
async fn default_version(aws: &ScopeReader, policy: &Policy) -> Result<PolicyVersion, ReadError> {
    const ACTION: &str = "iam:GetPolicyVersion";
    let version = policy.default_version_id().unwrap_or_default();
    let call = aws.iam().get_policy_version().policy_arn(policy.arn().unwrap_or_default()).version_id(version);
    let answer = aws.call(ACTION, call.send()).await?;
    answer.policy_version.ok_or_else(|| ReadError::unexpected(ACTION, "the answer lacks the version"))
}

/// A policy that was read by itself, in the listing's form.
fn detail(policy: &Policy, version: PolicyVersion) -> ManagedPolicyDetail {
    ManagedPolicyDetail::builder()
        .set_arn(policy.arn().map(str::to_owned))
        .set_attachment_count(policy.attachment_count())
        .set_default_version_id(policy.default_version_id().map(str::to_owned))
        .set_path(policy.path().map(str::to_owned))
        .set_policy_name(policy.policy_name().map(str::to_owned))
        .policy_version_list(version)
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_version_counts() {
        let version = |id: &str, text: &str, default| {
            PolicyVersion::builder().version_id(id).document(text).is_default_version(default).build()
        };
        let policy = ManagedPolicyDetail::builder()
            .arn("arn:aws:iam::1:policy/p")
            .policy_version_list(version("v2", "%7B%22v%22%3A2%7D", false))
            .policy_version_list(version("v1", "%7B%22v%22%3A1%7D", true))
            .build();
        assert_eq!(live(&policy).attributes["policy"], json!(r#"{"v":1}"#));
        let bare = ManagedPolicyDetail::builder().arn("arn:aws:iam::1:policy/p").build();
        assert!(!live(&bare).attributes.contains_key("policy"), "an absent document is not an empty one");
    }
}
