//! `aws_snapshot_create_volume_permission`: an account that may make volumes from a snapshot. AWS lists permissions per snapshot only;
//! one that nobody declares is a part of its snapshot, which does not show it.

use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_ec2::types::{CreateVolumePermission, SnapshotAttributeName};
use serde_json::json;

use crate::aws::{ReadError, not_found};
use crate::inventory::value::{attributes, text};
use crate::inventory::{Kind, ListRequest, Listed, ScopeReader};
use crate::model::{Attributes, Live, OwnedField, Owner, PriorState};

const DESCRIBE: &str = "ec2:DescribeSnapshotAttribute";
/// The kinds of snapshot that Terraform knows.
const SNAPSHOTS: &[&str] = &["aws_ebs_snapshot", "aws_ebs_snapshot_copy", "aws_ebs_snapshot_import"];

pub(super) struct AwsSnapshotCreateVolumePermission;

#[async_trait]
impl Kind for AwsSnapshotCreateVolumePermission {
    fn name(&self) -> &'static str {
        "aws_snapshot_create_volume_permission"
    }

    fn actions(&self) -> &'static [&'static str] {
        &[DESCRIBE]
    }

    async fn list(&self, _aws: &ScopeReader, _request: &ListRequest<'_>) -> Result<Listed, ReadError> {
        Ok(Listed::one_by_one())
    }

    async fn read(&self, aws: &ScopeReader, prior: &PriorState<'_>) -> Result<Option<Live>, ReadError> {
        let snapshot = snapshot_of(prior);
        let granted = permissions(aws, &snapshot).await?;
        Ok(granted.iter().map(|permission| live(&snapshot, permission)).find(|live| live.id == prior.id))
    }

    fn unmanaged_children_of(&self) -> &'static [&'static str] {
        SNAPSHOTS
    }

    fn lists_children(&self) -> bool {
        false
    }

    async fn list_children(&self, aws: &ScopeReader, parent: &str) -> Result<Vec<Live>, ReadError> {
        Ok(permissions(aws, parent).await?.iter().map(|permission| live(parent, permission)).collect())
    }

    /// No more than the knowledge that somebody declares it.
    fn owned_fields(&self, attributes: &Attributes) -> Vec<OwnedField> {
        let part = |parent_kind: &&'static str| OwnedField {
            parent_kind,
            parent_id: text(attributes, "snapshot_id").to_owned(),
            attribute: "create_volume_permissions",
            element: Some(["account_id", "group"].map(|name| text(attributes, name)).join("").into()),
        };
        SNAPSHOTS.iter().map(part).collect()
    }
}

/// The state's snapshot, or that of the id: `snap-...-123456789012`, `all-snap-...`.
fn snapshot_of(prior: &PriorState<'_>) -> String {
    let state = prior.attributes();
    match (text(&state, "snapshot_id"), prior.id.strip_prefix("all-")) {
        ("", Some(snapshot)) => snapshot.to_owned(),
        ("", None) => prior.id.rsplit_once('-').map_or(prior.id, |(snapshot, _)| snapshot).to_owned(),
        (snapshot, _) => snapshot.to_owned(),
    }
}

/// None when the snapshot is gone.
async fn permissions(aws: &ScopeReader, snapshot: &str) -> Result<Arc<Vec<CreateVolumePermission>>, ReadError> {
    aws.cached_for(DESCRIBE, snapshot, || async {
        let attribute = SnapshotAttributeName::CreateVolumePermission;
        let call = aws.ec2().describe_snapshot_attribute().snapshot_id(snapshot).attribute(attribute);
        let answer = not_found(aws.call(DESCRIBE, call.send()).await, &["InvalidSnapshot.NotFound"])?;
        Ok(answer.and_then(|answer| answer.create_volume_permissions).unwrap_or_default())
    })
    .await
}

/// The provider's id is `SNAPSHOT-ACCOUNT`; it cannot declare a permission for everybody.
fn live(snapshot: &str, permission: &CreateVolumePermission) -> Live {
    let group = permission.group().map(|group| group.as_str());
    let id = match (permission.user_id(), group) {
        (Some(account), _) => format!("{snapshot}-{account}"),
        (None, group) => format!("{}-{snapshot}", group.unwrap_or_default()),
    };
    let mut values = attributes(json!({"account_id": permission.user_id(), "id": id, "snapshot_id": snapshot}));
    if let Some(group) = group {
        values.insert("group".to_owned(), group.into());
    }
    Live { id, attributes: values, owner: Owner::Parent { kind: SNAPSHOTS[0], id: snapshot.to_owned() } }
}

#[cfg(test)]
mod tests {
    use aws_sdk_ec2::types::PermissionGroup;

    use super::*;

    #[test]
    fn an_id_names_its_snapshot() {
        let account = live("snap-1", &CreateVolumePermission::builder().user_id("123456789012").build());
        let everybody = live("snap-1", &CreateVolumePermission::builder().group(PermissionGroup::All).build());
        assert_eq!((account.id.as_str(), everybody.id.as_str()), ("snap-1-123456789012", "all-snap-1"));
        for one in [account, everybody] {
            assert_eq!(snapshot_of(&PriorState::new(&one.id, None)), "snap-1");
        }
    }
}
