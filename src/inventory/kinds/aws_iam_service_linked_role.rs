//! `aws_iam_service_linked_role`: a role that a service makes for itself, mostly without anybody asking. An
//! unmanaged one is AWS's.

use async_trait::async_trait;
use aws_sdk_iam::types::{Role, RoleDetail};
use serde_json::json;

use super::aws_iam_role;
use super::iam::{self, narrow};
use crate::aws::ReadError;
use crate::inventory::value::{attributes, iam_tags, time};
use crate::inventory::{Kind, ListRequest, Listed, Reach, ScopeReader};
use crate::model::{CompareRules, Live, Owner, PriorState};

pub(super) struct AwsIamServiceLinkedRole;

#[async_trait]
impl Kind for AwsIamServiceLinkedRole {
    fn name(&self) -> &'static str {
        "aws_iam_service_linked_role"
    }

    fn reach(&self) -> Reach {
        Reach::Global
    }

    fn actions(&self) -> &'static [&'static str] {
        &["iam:GetAccountAuthorizationDetails", "iam:GetRole", "iam:ListRoles"]
    }

    fn compare_rules(&self) -> CompareRules {
        CompareRules { identity: &["unique_id"], creation_time: Some("create_date"), ..CompareRules::default() }
    }

    async fn list(&self, aws: &ScopeReader, request: &ListRequest<'_>) -> Result<Listed, ReadError> {
        if request.desired.is_empty() {
            return Ok(Listed::default());
        }
        let account = iam::account(aws).await?;
        let listed = iam::roles(aws).await;
        let mut found = Listed::default();
        for role in &account.roles {
            let Some(mut live) = live(role) else { continue };
            match listed.as_ref().ok().and_then(|roles| roles.get(role.role_name().unwrap_or_default())) {
                Some(role) => describe(&mut live, role),
                None if listed.is_ok() && request.declares(&live.id) => {
                    found.errors.push((Some(live.id.clone()), aws_iam_role::unlisted()));
                }
                None => {}
            }
            found.live.push(live);
        }
        if let Err(error) = listed {
            found.errors.push((None, error));
        }
        Ok(found)
    }

    async fn read(&self, aws: &ScopeReader, prior: &PriorState<'_>) -> Result<Option<Live>, ReadError> {
        let name = prior.id.rsplit('/').next().unwrap_or_default();
        let read = narrow::role(aws, name).await?;
        let Some(role) = read.as_ref() else { return Ok(None) };
        match live(&aws_iam_role::detail(role, Vec::new(), Vec::new())) {
            Some(mut live) if live.id == prior.id => {
                describe(&mut live, role);
                Ok(Some(live))
            }
            _ => Err(ReadError::unexpected("iam:GetRole", format!("the role of this name is {}", role.arn()))),
        }
    }
}

/// What the account's details lack.
fn describe(live: &mut Live, role: &Role) {
    if let Some(description) = aws_iam_role::more(role).remove("description") {
        live.attributes.insert("description".to_owned(), description);
    }
}

/// The ARN says it all, as in `internal/service/iam/service_linked_role.go`:
/// `role/aws-service-role/SERVICE/NAME`, where a suffix stands behind the name's only underscore.
fn live(role: &RoleDetail) -> Option<Live> {
    let service = role.path()?.strip_prefix("/aws-service-role/")?.strip_suffix('/')?;
    let name = role.role_name()?;
    let suffix = name.split_once('_').map(|(_, suffix)| suffix).filter(|suffix| !suffix.contains('_'));
    let arn = role.arn()?;
    let values = json!({
        "arn": arn,
        "aws_service_name": service,
        "create_date": time(role.create_date()),
        "custom_suffix": suffix,
        "id": arn,
        "name": name,
        "path": role.path(),
        "tags_all": iam_tags(role.tags()),
        "unique_id": role.role_id(),
    });
    let owner = Owner::Aws("service-linked role");
    Some(Live { id: arn.to_owned(), attributes: attributes(values), owner })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn service_and_suffix_come_from_path_and_name() {
        let role = |path: &str, name: &str| RoleDetail::builder().path(path).role_name(name).arn("arn").build();
        let table = "AWSServiceRoleForApplicationAutoScaling_DynamoDBTable";
        let found = live(&role("/aws-service-role/dynamodb.application-autoscaling.amazonaws.com/", table)).unwrap();
        assert_eq!(found.attributes["aws_service_name"], json!("dynamodb.application-autoscaling.amazonaws.com"));
        assert_eq!(found.attributes["custom_suffix"], json!("DynamoDBTable"));
        let plain = live(&role("/aws-service-role/ecs.amazonaws.com/", "AWSServiceRoleForECS")).unwrap();
        assert_eq!(plain.attributes["custom_suffix"], json!(null));
        assert!(live(&role("/service-role/", "mine")).is_none());
    }
}
