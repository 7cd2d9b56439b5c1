//! `aws_iam_policy`: a customer-managed policy in its default version. Description and tags have no bulk form: one call
//! each, for the desired ones.

use async_trait::async_trait;
use aws_sdk_iam::types::ManagedPolicyDetail;
use serde_json::json;

use super::iam::{self, document, single, with_details};
use crate::aws::ReadError;
use crate::inventory::value::{attributes, iam_tags};
use crate::inventory::{Kind, ListRequest, Listed, Reach, ScopeReader};
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
        &["iam:GetAccountAuthorizationDetails", "iam:GetPolicy"]
    }

    /// `name_prefix` is what the provider cuts out of the name.
    fn compare_rules(&self) -> CompareRules {
        CompareRules { not_returned: &["name_prefix"], policies: &["policy"], ..CompareRules::default() }
    }

    async fn list(&self, aws: &ScopeReader, request: &ListRequest<'_>) -> Result<Listed, ReadError> {
        let account = iam::account(aws).await?;
        let live = account.policies.iter().map(live).collect();
        Ok(with_details(live, request, |arn| details(aws, arn)).await)
    }

    async fn exists(&self, aws: &ScopeReader, desired: &PriorState<'_>) -> Result<bool, ReadError> {
        let call = aws.iam().get_policy().policy_arn(&desired.id).send();
        Ok(single(aws, "iam:GetPolicy", call).await?.is_some())
    }
}

/// What the account's details tell.
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
async fn details(aws: &ScopeReader, arn: String) -> Result<Option<Attributes>, ReadError> {
    let answer = single(aws, "iam:GetPolicy", aws.iam().get_policy().policy_arn(arn).send()).await?;
    let Some(policy) = answer.and_then(|answer| answer.policy) else { return Ok(None) };
    Ok(Some(attributes(json!({
        "description": policy.description(),
        "name": policy.policy_name(),
        "policy_id": policy.policy_id(),
        "tags_all": iam_tags(policy.tags()),
    }))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_iam::types::PolicyVersion;

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
