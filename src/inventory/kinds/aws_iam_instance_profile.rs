//! `aws_iam_instance_profile`. Tags have no bulk form: one call each, for the desired ones.

use async_trait::async_trait;
use aws_sdk_iam::types::InstanceProfile;
use serde_json::json;

use super::iam::{PAGE, single, with_details};
use crate::aws::ReadError;
use crate::inventory::value::{attributes, iam_tags, time};
use crate::inventory::{Kind, ListRequest, Listed, Reach, ScopeReader};
use crate::model::{Attributes, CompareRules, Live, Owner, PriorState};

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
        CompareRules { not_returned: &["name_prefix"], ..CompareRules::default() }
    }

    async fn list(&self, aws: &ScopeReader, request: &ListRequest<'_>) -> Result<Listed, ReadError> {
        let call = aws.iam().list_instance_profiles().max_items(PAGE).into_paginator();
        let profiles = aws.pages("iam:ListInstanceProfiles", call.items().send()).await?;
        let live = profiles.iter().map(live).collect();
        Ok(with_details(live, request, |name| details(aws, name)).await)
    }

    async fn exists(&self, aws: &ScopeReader, desired: &PriorState<'_>) -> Result<bool, ReadError> {
        Ok(details(aws, desired.id.clone()).await?.is_some())
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
        Some(Ok(_)) => Owner::Aws("instance profile of an EKS node group"),
        _ => Owner::None,
    }
}

async fn details(aws: &ScopeReader, name: String) -> Result<Option<Attributes>, ReadError> {
    let call = aws.iam().get_instance_profile().instance_profile_name(name).send();
    let answer = single(aws, "iam:GetInstanceProfile", call).await?;
    let Some(profile) = answer.and_then(|answer| answer.instance_profile) else { return Ok(None) };
    Ok(Some(attributes(json!({ "tags_all": iam_tags(profile.tags()) }))))
}
