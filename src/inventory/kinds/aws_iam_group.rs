//! `aws_iam_group`. Groups have no tags.

use async_trait::async_trait;
use serde_json::json;

use super::iam;
use super::iam::principal::{self, Principal};
use crate::aws::ReadError;
use crate::inventory::value::attributes;
use crate::inventory::{Kind, ListRequest, Listed, Reach, ScopeReader};
use crate::model::{Live, PriorState};

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

    async fn list(&self, aws: &ScopeReader, _wanted: ListRequest<'_>) -> Result<Listed, ReadError> {
        let account = iam::account(aws).await?;
        let live = account.groups.iter().map(|group| {
            let name = group.group_name().unwrap_or_default();
            let values = json!({
                "arn": group.arn(),
                "id": name,
                "name": name,
                "path": group.path(),
                "unique_id": group.group_id(),
            });
            Live { id: name.to_owned(), attributes: attributes(values), ..Live::default() }
        });
        Ok(live.collect::<Vec<_>>().into())
    }

    async fn exists(&self, aws: &ScopeReader, desired: &PriorState<'_>) -> Result<bool, ReadError> {
        principal::exists(aws, Principal::Group, &desired.id).await
    }
}
