//! `aws_iam_user`.

use async_trait::async_trait;
use serde_json::json;

use super::iam;
use super::iam::principal::{self, Principal};
use crate::aws::ReadError;
use crate::inventory::value::{attributes, iam_tags};
use crate::inventory::{Kind, ListRequest, Listed, Reach, ScopeReader};
use crate::model::{CompareRules, Live, PriorState};

pub(super) struct AwsIamUser;

#[async_trait]
impl Kind for AwsIamUser {
    fn name(&self) -> &'static str {
        "aws_iam_user"
    }

    fn reach(&self) -> Reach {
        Reach::Global
    }

    fn actions(&self) -> &'static [&'static str] {
        &["iam:GetAccountAuthorizationDetails", "iam:GetUser"]
    }

    fn compare_rules(&self) -> CompareRules {
        CompareRules { not_returned: &["force_destroy"], ..CompareRules::default() }
    }

    async fn list(&self, aws: &ScopeReader, _wanted: ListRequest<'_>) -> Result<Listed, ReadError> {
        let account = iam::account(aws).await?;
        let live = account.users.iter().map(|user| {
            let name = user.user_name().unwrap_or_default();
            let boundary = user.permissions_boundary().and_then(|boundary| boundary.permissions_boundary_arn());
            let values = json!({
                "arn": user.arn(),
                "id": name,
                "name": name,
                "path": user.path(),
                "permissions_boundary": boundary,
                "tags_all": iam_tags(user.tags()),
                "unique_id": user.user_id(),
            });
            Live { id: name.to_owned(), attributes: attributes(values), ..Live::default() }
        });
        Ok(live.collect::<Vec<_>>().into())
    }

    async fn exists(&self, aws: &ScopeReader, desired: &PriorState<'_>) -> Result<bool, ReadError> {
        principal::exists(aws, Principal::User, &desired.id).await
    }
}
