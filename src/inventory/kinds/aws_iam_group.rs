//! `aws_iam_group`. Groups have no tags.

use async_trait::async_trait;
use aws_sdk_iam::types::{Group, GroupDetail};
use serde_json::json;

use super::iam::{self, narrow};
use crate::aws::ReadError;
use crate::inventory::value::attributes;
use crate::inventory::{Kind, ListRequest, Listed, Reach, ScopeReader};
use crate::model::{CompareRules, Live, PriorState};

pub(super) struct AwsIamGroup;

#[async_trait]
impl Kind for AwsIamGroup {
    fn name(&self) -> &'static str {
        "aws_iam_group"
    }

    fn reach(&self) -> Reach {
        Reach::Global
    }

    fn actions(&self) -> &'static [&'static str] {
        &["iam:GetAccountAuthorizationDetails", "iam:GetGroup"]
    }

    fn compare_rules(&self) -> CompareRules {
        CompareRules { identity: &["unique_id"], ..CompareRules::default() }
    }

    async fn list(&self, aws: &ScopeReader, _request: &ListRequest<'_>) -> Result<Listed, ReadError> {
        let account = iam::account(aws).await?;
        Ok(account.groups.iter().map(live).collect())
    }

    async fn read(&self, aws: &ScopeReader, prior: &PriorState<'_>) -> Result<Option<Live>, ReadError> {
        Ok(narrow::group(aws, prior.id).await?.map(|(group, _)| live(&detail(&group))))
    }
}

fn live(group: &GroupDetail) -> Live {
    let name = group.group_name().unwrap_or_default();
    let values = json!({
        "arn": group.arn(),
        "id": name,
        "name": name,
        "path": group.path(),
        "unique_id": group.group_id(),
    });
    Live { id: name.to_owned(), attributes: attributes(values), ..Live::default() }
}

/// A group that was read by itself, in the listing's form.
fn detail(group: &Group) -> GroupDetail {
    let Group { path, group_name, group_id, arn, create_date, .. } = group.clone();
    let detail = GroupDetail::builder().path(path).group_name(group_name).group_id(group_id).arn(arn);
    detail.create_date(create_date).build()
}
