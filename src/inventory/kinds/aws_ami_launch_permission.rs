//! `aws_ami_launch_permission`: who may launch an image. AWS lists permissions per image only.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_ec2::types::{ImageAttributeName, LaunchPermission};
use futures::{StreamExt as _, stream};
use serde_json::{Value, json};

use super::{aws_ami, ec2};
use crate::aws::ReadError;
use crate::inventory::value::{attributes, text};
use crate::inventory::{Kind, ListRequest, Listed, ScopeReader};
use crate::model::{Attributes, Live, OwnedField, Owner, PriorState};

const DESCRIBE: &str = "ec2:DescribeImageAttribute";

/// The kinds of image that Terraform knows.
const IMAGES: &[&str] = &["aws_ami", "aws_ami_copy", "aws_ami_from_instance"];
/// Attributes that name who is permitted; one of them is set.
const GRANTEES: [&str; 4] = ["account_id", "group", "organization_arn", "organizational_unit_arn"];

pub(super) struct AwsAmiLaunchPermission;

#[async_trait]
impl Kind for AwsAmiLaunchPermission {
    fn name(&self) -> &'static str {
        "aws_ami_launch_permission"
    }

    fn actions(&self) -> &'static [&'static str] {
        &[DESCRIBE, aws_ami::DESCRIBE]
    }

    async fn list(&self, aws: &ScopeReader, request: &ListRequest<'_>) -> Result<Listed, ReadError> {
        let mut images: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for prior in request.desired {
            images.entry(image_of(prior)).or_default().push(prior.id.to_owned());
        }
        let reads = images.into_iter().map(|(image, ids)| async move {
            let answer = permissions(aws, &image).await;
            (image, ids, answer)
        });
        let answers: Vec<_> = stream::iter(reads).buffer_unordered(8).collect().await;
        let mut found = Listed::default();
        for (image, ids, answer) in answers {
            match answer {
                Ok(granted) => {
                    let all = granted.iter().map(|permission| live(&image, permission));
                    found.live.extend(all.filter(|live| request.declares(&live.id)));
                }
                Err(error) => found.errors.extend(ids.iter().map(|id| (Some(id.clone()), error.clone()))),
            }
        }
        Ok(found)
    }

    async fn read(&self, aws: &ScopeReader, prior: &PriorState<'_>) -> Result<Option<Live>, ReadError> {
        if let Some((_, image)) = prior.id.rsplit_once('/').filter(|(_, image)| image.starts_with("ami-")) {
            return Ok(self.list_children(aws, image).await?.into_iter().find(|live| live.id == prior.id));
        }
        let image = image_of(prior);
        let granted = permissions(aws, &image).await?;
        Ok(granted.iter().map(|permission| live(&image, permission)).find(|live| live.id == prior.id))
    }

    fn unmanaged_children_of(&self) -> &'static [&'static str] {
        IMAGES
    }

    fn lists_children(&self) -> bool {
        false
    }

    async fn list_children(&self, aws: &ScopeReader, parent: &str) -> Result<Vec<Live>, ReadError> {
        // An image that is gone has none, and need not be asked for.
        if !aws_ami::own(aws).await?.iter().any(|image| image.image_id() == Some(parent)) {
            return Ok(Vec::new());
        }
        Ok(permissions(aws, parent).await?.iter().map(|permission| unmanaged(parent, permission)).collect())
    }

    /// A permission for everyone makes the image `public`, whichever kind of image it is to Terraform. Of the others, no more than
    /// the knowledge that somebody declares them.
    fn owned_fields(&self, attributes: &Attributes) -> Vec<OwnedField> {
        let grantee = GRANTEES.map(|name| text(attributes, name)).join("");
        let public = text(attributes, "group") == "all";
        let part = |parent_kind: &'static str, attribute, element| OwnedField {
            parent_kind,
            parent_id: text(attributes, "image_id").to_owned(),
            attribute,
            element,
        };
        let known = IMAGES.iter().map(|kind| part(kind, "launch_permissions", Some(grantee.clone().into())));
        known.chain(IMAGES.iter().filter(|_| public).map(|kind| part(kind, "public", None))).collect()
    }
}

/// The state's image, or the first two parts of the id: `ami-...-123456789012`.
fn image_of(prior: &PriorState<'_>) -> String {
    let state = prior.attributes();
    match text(&state, "image_id") {
        "" => prior.id.splitn(3, '-').take(2).collect::<Vec<_>>().join("-"),
        image => image.to_owned(),
    }
}

/// None when the image is gone.
async fn permissions(aws: &ScopeReader, image: &str) -> Result<Arc<Vec<LaunchPermission>>, ReadError> {
    aws.cached_for(DESCRIBE, image, || {
        let call = aws.ec2().describe_image_attribute().image_id(image).attribute(ImageAttributeName::LaunchPermission);
        let absent = &["InvalidAMIID.NotFound", "InvalidAMIID.Unavailable"];
        ec2::items(aws, DESCRIBE, call.send(), absent, |answer| answer.launch_permissions)
    })
    .await
}

/// The provider's id: image, then the account, or `group-`, `org-`, `ou-` and the name.
fn live(image: &str, permission: &LaunchPermission) -> Live {
    let group = permission.group().map(|group| group.as_str());
    let (organization, unit) = (permission.organization_arn(), permission.organizational_unit_arn());
    let id = match (permission.user_id(), group, organization, unit) {
        (Some(account), ..) => format!("{image}-{account}"),
        (_, Some(group), ..) => format!("{image}-group-{group}"),
        (_, _, Some(arn), _) => format!("{image}-org-{arn}"),
        (.., unit) => format!("{image}-ou-{}", unit.unwrap_or_default()),
    };
    let values: Value = json!({
        "account_id": permission.user_id(),
        "group": group,
        "id": id,
        "image_id": image,
        "organization_arn": organization,
        "organizational_unit_arn": unit,
    });
    Live { id, attributes: attributes(values), owner: Owner::Parent { kind: "aws_ami", id: image.to_owned() } }
}

/// One that nobody declares has the id that `terraform import` takes: who, then the image.
fn unmanaged(image: &str, permission: &LaunchPermission) -> Live {
    let live = live(image, permission);
    let grantee = GRANTEES.map(|name| text(&live.attributes, name)).join("");
    Live { id: format!("{grantee}/{image}"), ..live }
}

#[cfg(test)]
mod tests {
    use aws_sdk_ec2::types::PermissionGroup;

    use super::*;

    #[test]
    fn ids_as_the_provider_makes_them() {
        let id = |permission| live("ami-1", &permission).id;
        assert_eq!(id(LaunchPermission::builder().user_id("123456789012").build()), "ami-1-123456789012");
        assert_eq!(id(LaunchPermission::builder().group(PermissionGroup::All).build()), "ami-1-group-all");
        let arn = "arn:aws:organizations::1:organization/o-1";
        assert_eq!(id(LaunchPermission::builder().organization_arn(arn).build()), format!("ami-1-org-{arn}"));
        let arn = "arn:aws:organizations::1:ou/o-1/ou-2";
        assert_eq!(id(LaunchPermission::builder().organizational_unit_arn(arn).build()), format!("ami-1-ou-{arn}"));
    }

    #[test]
    fn the_id_begins_with_the_image() {
        assert_eq!(image_of(&PriorState::new("ami-1-group-all", None)), "ami-1");
        assert_eq!(image_of(&PriorState::new("ami-1-123456789012", None)), "ami-1");
    }

    #[test]
    fn everyone_makes_an_image_public() {
        let parts = |value| AwsAmiLaunchPermission.owned_fields(&attributes(value));
        let public = |value| parts(value).iter().filter(|part| part.attribute == "public").count();
        assert_eq!(public(json!({"image_id": "ami-1", "account_id": "1"})), 0);
        assert_eq!(public(json!({"image_id": "ami-1", "group": "all"})), 3);
    }

    #[test]
    fn an_unmanaged_one_is_known_again_when_it_is_declared() {
        let permission = LaunchPermission::builder().user_id("123456789012").build();
        let (declared, found) = (live("ami-1", &permission), unmanaged("ami-1", &permission));
        assert_eq!((declared.id.as_str(), found.id.as_str()), ("ami-1-123456789012", "123456789012/ami-1"));
        let parts = |live: &Live| AwsAmiLaunchPermission.owned_fields(&live.attributes);
        assert_eq!(parts(&declared), parts(&found));
    }
}
