//! `aws_iam_instance_profile`. Tags have no bulk form: one call each.

use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_iam::types::InstanceProfile;
use serde_json::json;

use super::iam::{PAGE, one};
use crate::aws::ReadError;
use crate::inventory::value::{attributes, iam_tags, time};
use crate::inventory::{Completion, Kind, ListRequest, Listed, Reach, ScopeReader};
use crate::model::{CompareRules, Live, Owner, PriorState};

pub(super) struct AwsIamInstanceProfile;

#[async_trait]
impl Kind for AwsIamInstanceProfile {
    fn name(&self) -> &'static str {
        "aws_iam_instance_profile"
    }

    fn reach(&self) -> Reach {
        Reach::Global
    }

    fn actions(&self) -> &'static [&'static str] {
        &["iam:GetInstanceProfile", "iam:ListInstanceProfiles"]
    }

    /// `name_prefix` is what the provider cuts out of the name.
    fn compare_rules(&self) -> CompareRules {
        CompareRules {
            identity: &["unique_id"],
            creation_time: Some("create_date"),
            not_returned: &["name_prefix"],
            ..CompareRules::default()
        }
    }

    async fn list(&self, aws: &ScopeReader, _request: &ListRequest<'_>) -> Result<Listed, ReadError> {
        let call = aws.iam().list_instance_profiles().max_items(PAGE).into_paginator();
        let profiles = aws.pages("iam:ListInstanceProfiles", call.items().send()).await?;
        Ok(profiles.iter().map(live).collect())
    }

    async fn complete(&self, aws: &ScopeReader, _prior: &PriorState<'_>, live: &mut Live) -> Completion {
        let tags = |profile: &InstanceProfile| attributes(json!({ "tags_all": iam_tags(profile.tags()) }));
        let read = profile(aws, &live.id).await;
        Completion::extend(live, read.map(|profile| profile.as_ref().as_ref().map(tags)))
    }

    async fn complete_undeclared(&self, aws: &ScopeReader, live: &mut Live) -> Completion {
        let id = live.id.clone();
        self.complete(aws, &PriorState::new(&id, None), live).await
    }

    async fn read(&self, aws: &ScopeReader, prior: &PriorState<'_>) -> Result<Option<Live>, ReadError> {
        Ok(profile(aws, prior.id).await?.as_ref().as_ref().map(live))
    }
}

fn live(profile: &InstanceProfile) -> Live {
    let name = profile.instance_profile_name();
    let values = json!({
        "arn": profile.arn(),
        "create_date": time(Some(profile.create_date())),
        "id": name,
        "name": name,
        "path": profile.path(),
        "role": profile.roles().first().map(|role| role.role_name()),
        "unique_id": profile.instance_profile_id(),
    });
    Live { id: name.to_owned(), attributes: attributes(values), owner: owner_of(name) }
}

/// A managed node group of EKS makes `eks-<UUID>`:
/// <https://docs.aws.amazon.com/eks/latest/userguide/using-service-linked-roles-eks-nodegroups.html>.
fn owner_of(name: &str) -> Owner {
    match name.strip_prefix("eks-").map(uuid::Uuid::try_parse) {
        Some(Ok(_)) => Owner::Claimed("instance profile of an EKS node group"),
        _ => Owner::None,
    }
}

async fn profile(aws: &ScopeReader, name: &str) -> Result<Arc<Option<InstanceProfile>>, ReadError> {
    let call = aws.iam().get_instance_profile().instance_profile_name(name).send();
    one(aws, "iam:GetInstanceProfile", name, call, |answer| answer.instance_profile).await
}
