//! `aws_iam_user`.

use async_trait::async_trait;
use aws_sdk_iam::types::{User, UserDetail};
use serde_json::json;

use super::iam::{self, narrow};
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
        CompareRules { identity: &["unique_id"], not_returned: &["force_destroy"], ..CompareRules::default() }
    }

    async fn list(&self, aws: &ScopeReader, _request: &ListRequest<'_>) -> Result<Listed, ReadError> {
        let account = iam::account(aws).await?;
        Ok(account.users.iter().map(live).collect())
    }

    async fn read(&self, aws: &ScopeReader, prior: &PriorState<'_>) -> Result<Option<Live>, ReadError> {
        let user = narrow::user(aws, prior.id).await?;
        Ok(user.as_ref().as_ref().map(|user| live(&detail(user))))
    }
}

fn live(user: &UserDetail) -> Live {
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
}

/// A user that was read by itself, in the listing's form.
fn detail(user: &User) -> UserDetail {
    UserDetail::builder()
        .arn(user.arn())
        .path(user.path())
        .set_permissions_boundary(user.permissions_boundary().cloned())
        .set_tags(Some(user.tags().to_vec()))
        .user_id(user.user_id())
        .user_name(user.user_name())
        .build()
}
