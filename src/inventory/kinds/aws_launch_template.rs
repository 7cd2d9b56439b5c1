//! `aws_launch_template`: the template and its latest version, which is the one that the provider shows; a listing gives either.

mod data;

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_ec2::types::{LaunchTemplate, LaunchTemplateVersion};
use aws_sdk_iam::types::Role;
use serde_json::{Value, json};

use super::ec2::{self, single};
use super::iam::narrow;
use crate::aws::ReadError;
use crate::inventory::value::{attributes, ec2_tags};
use crate::inventory::{Kind, ListRequest, Listed, ScopeReader};
use crate::model::{CompareRules, Live, Owner, PriorState};

const VERSIONS: &str = "ec2:DescribeLaunchTemplateVersions";

pub(super) struct AwsLaunchTemplate;

#[async_trait]
impl Kind for AwsLaunchTemplate {
    fn name(&self) -> &'static str {
        "aws_launch_template"
    }

    fn actions(&self) -> &'static [&'static str] {
        &["ec2:DescribeLaunchTemplates", VERSIONS, "iam:GetRole"]
    }

    fn compare_rules(&self) -> CompareRules {
        let not_returned = &["update_default_version"];
        CompareRules { not_returned, normalize: Some(data::normalize), ..CompareRules::default() }
    }

    async fn list(&self, aws: &ScopeReader, request: &ListRequest<'_>) -> Result<Listed, ReadError> {
        let templates = ec2::launch_templates(aws).await?;
        // What nobody declares is known by what the listing shows of it.
        let versions = match request.desired {
            [] => Ok(Arc::default()),
            _ => latest_versions(aws).await,
        };
        let versions: Result<HashMap<&str, &LaunchTemplateVersion>, &ReadError> = versions.as_ref().map(|versions| {
            versions.iter().filter_map(|version| Some((version.launch_template_id()?, version))).collect()
        });
        let mut listed = Listed::default();
        for template in templates.iter() {
            let mut live = live(aws, template);
            let prior = request.prior(&live.id);
            if prior.is_none() && request.unmanaged {
                match proven(aws, template, live.owner).await {
                    Ok(owner) => live.owner = owner,
                    Err(error) => {
                        listed.errors.push((Some(live.id), error));
                        continue;
                    }
                }
            }
            match versions.as_ref().map(|versions| versions.get(live.id.as_str())) {
                Ok(Some(version)) => add_version(&mut live, version, prior.as_ref()),
                _ if prior.is_none() => {}
                Ok(None) => listed.errors.push((Some(live.id.clone()), lacks_version(&live.id))),
                Err(error) => listed.errors.push((Some(live.id.clone()), (**error).clone())),
            }
            listed.live.push(live);
        }
        Ok(listed)
    }

    async fn read(&self, aws: &ScopeReader, prior: &PriorState<'_>) -> Result<Option<Live>, ReadError> {
        let Some(template) = single::launch_template(aws, prior.id).await? else { return Ok(None) };
        let call =
            aws.ec2().describe_launch_template_versions().launch_template_id(prior.id).versions("$Latest").send();
        let version = ec2::first(aws, VERSIONS, call, &[], |answer| answer.launch_template_versions).await?;
        let mut live = live(aws, &template);
        // One that is declared is compared, whoever made it.
        if prior.attributes().is_empty() {
            live.owner = proven(aws, &template, live.owner).await?;
        }
        add_version(&mut live, &version.ok_or_else(|| lacks_version(prior.id))?, Some(prior));
        Ok(Some(live))
    }
}

fn lacks_version(id: &str) -> ReadError {
    ReadError::unexpected(VERSIONS, format!("the latest versions lack the one of {id}"))
}

/// Adds what stands in the version; the state gives the attribute that the provider may leave alone.
fn add_version(live: &mut Live, version: &LaunchTemplateVersion, prior: Option<&PriorState<'_>>) {
    live.attributes.insert("description".to_owned(), json!(version.version_description()));
    if let Some(data) = version.launch_template_data() {
        let state = prior.map(PriorState::attributes).unwrap_or_default();
        live.attributes.extend(data::map(data, &state));
    }
}

/// The latest version of every template: without a template's id, `$Latest` asks for all of them.
/// <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeLaunchTemplateVersions.html>
async fn latest_versions(aws: &ScopeReader) -> Result<Arc<Vec<LaunchTemplateVersion>>, ReadError> {
    aws.cached(VERSIONS, || {
        let call = aws.ec2().describe_launch_template_versions().versions("$Latest").into_paginator().page_size(200);
        aws.pages(VERSIONS, call.items().send())
    })
    .await
}

fn live(aws: &ScopeReader, template: &LaunchTemplate) -> Live {
    let id = template.launch_template_id().unwrap_or_default();
    let name = template.launch_template_name().unwrap_or_default();
    let values = json!({
        "arn": aws.arn("ec2", &format!("launch-template/{id}")),
        "default_version": template.default_version_number(),
        "id": id,
        "latest_version": template.latest_version_number(),
        "name": name,
        "name_prefix": prefix(name),
        "tags_all": ec2_tags(template.tags()),
    });
    Live { id: id.to_owned(), attributes: attributes(values), owner: owner_of(template) }
}

/// A name that ends like the unique ids that the provider makes (26 hex digits) was made of a prefix.
fn prefix(name: &str) -> Value {
    let (Some(start), true) = (name.len().checked_sub(26).filter(|start| *start > 0), name.is_ascii()) else {
        return Value::Null;
    };
    let (prefix, unique) = name.split_at(start);
    if unique.bytes().all(|byte| byte.is_ascii_hexdigit()) { prefix.into() } else { Value::Null }
}

const BY_SERVICE: Owner = Owner::Aws("launch template made by an AWS service");

/// What marks it as a service's is the operator, which only AWS sets. Services (EKS node groups, Batch, ...) make templates under
/// their service-linked roles, too; but the ARN of a session lacks the path that makes a role one, and anybody can give a role
/// such a name: see [`proven`].
fn owner_of(template: &LaunchTemplate) -> Owner {
    let is_managed = template.operator().and_then(|operator| operator.managed()) == Some(true);
    match service_role(template) {
        _ if is_managed => BY_SERVICE,
        Some(_) => Owner::Claimed("launch template of an AWS service"),
        None => Owner::None,
    }
}

/// The name of the role in whose session it was made, if it looks like a service-linked one.
fn service_role(template: &LaunchTemplate) -> Option<&str> {
    let (_, session) = template.created_by()?.split_once(":assumed-role/")?;
    session.split('/').next().filter(|role| role.starts_with("AWSServiceRoleFor"))
}

/// The role itself shows whether it is a service's: nobody but AWS makes one under that path, and no second one of its name. A role
/// that is gone proves nothing.
///
/// # Errors
/// The role cannot be read: whose the template is, nobody knows.
async fn proven(aws: &ScopeReader, template: &LaunchTemplate, owner: Owner) -> Result<Owner, ReadError> {
    let (Owner::Claimed(_), Some(name)) = (&owner, service_role(template)) else { return Ok(owner) };
    let role = narrow::role(aws, name).await?;
    Ok(if role.as_ref().as_ref().is_some_and(is_service_linked) { BY_SERVICE } else { owner })
}

fn is_service_linked(role: &Role) -> bool {
    role.path().starts_with("/aws-service-role/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_of_unique_names() {
        assert_eq!(prefix("web-20261123230511000000000001"), "web-");
        assert_eq!(prefix("web"), Value::Null);
        assert_eq!(prefix("20261123230511000000000001"), Value::Null);
        assert_eq!(prefix("a-name-that-is-longer-than-twenty-six"), Value::Null);
    }

    #[test]
    fn services_make_templates_under_their_own_roles() {
        let by = |creator: &str| owner_of(&LaunchTemplate::builder().created_by(creator).build());
        // The ARN of a session has no path: a role of that name is anybody's.
        assert!(matches!(by("arn:aws:sts::1:assumed-role/AWSServiceRoleForEvil/mallory"), Owner::Claimed(_)));
        let role = |path: &str| {
            let role = Role::builder().path(path).role_name("r").role_id("AROA1").arn("arn:aws:iam::1:role/r");
            role.create_date(aws_sdk_ec2::primitives::DateTime::from_secs(0)).build().unwrap()
        };
        assert!(is_service_linked(&role("/aws-service-role/batch.amazonaws.com/")));
        assert!(!is_service_linked(&role("/")) && !is_service_linked(&role("/x/aws-service-role/")));
        let operator = aws_sdk_ec2::types::OperatorResponse::builder().managed(true).build();
        let managed = LaunchTemplate::builder().operator(operator).build();
        assert!(matches!(owner_of(&managed), Owner::Aws(_)));
        assert_eq!(by("arn:aws:iam::1:user/ana"), Owner::None);
    }
}
