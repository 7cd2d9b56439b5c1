//! `aws_ebs_volume`. A volume that dies with its instance, or that an instance boots from, is part of the instance;
//! one that outlives it stands for itself.

use std::collections::HashSet;

use async_trait::async_trait;
use aws_sdk_ec2::types::{Volume, VolumeState};
use serde_json::json;

use super::{aws_instance, ec2};
use crate::aws::{ReadError, not_found};
use crate::inventory::value::{attributes, ec2_tags, time};
use crate::inventory::{Kind, ListRequest, Listed, ScopeReader};
use crate::model::{CompareRules, Live, Owner, PriorState};

pub(super) struct AwsEbsVolume;

#[async_trait]
impl Kind for AwsEbsVolume {
    fn name(&self) -> &'static str {
        "aws_ebs_volume"
    }

    fn actions(&self) -> &'static [&'static str] {
        &["ec2:DescribeVolumes", "ec2:DescribeInstances"]
    }

    fn compare_rules(&self) -> CompareRules {
        CompareRules { not_returned: &["final_snapshot"], ..CompareRules::default() }
    }

    async fn list(&self, aws: &ScopeReader, request: &ListRequest<'_>) -> Result<Listed, ReadError> {
        let volumes = ec2::volumes(aws).await?;
        let is_desired = |volume: &Volume| request.desired.iter().any(|d| Some(d.id.as_str()) == volume.volume_id());
        let mut found = Listed::default();
        let roots = if request.unmanaged { roots(aws).await? } else { HashSet::new() };
        for volume in volumes.iter().filter(|volume| !is_gone(volume)) {
            if request.unmanaged || is_desired(volume) {
                found.live.push(live(aws, volume, &roots));
            }
        }
        Ok(found)
    }

    async fn exists(&self, aws: &ScopeReader, desired: &PriorState<'_>) -> Result<bool, ReadError> {
        let call = aws.ec2().describe_volumes().volume_ids(&desired.id).send();
        let answer = not_found(aws.call("ec2:DescribeVolumes", call).await, &["InvalidVolume.NotFound"])?;
        Ok(answer.is_some_and(|answer| answer.volumes().iter().any(|volume| !is_gone(volume))))
    }
}

fn is_gone(volume: &Volume) -> bool {
    volume.state() == Some(&VolumeState::Deleted)
}

/// The volumes that instances boot from.
async fn roots(aws: &ScopeReader) -> Result<HashSet<String>, ReadError> {
    let reservations = ec2::reservations(aws).await?;
    let roots = aws_instance::all(&reservations).filter_map(aws_instance::devices::root_volume);
    Ok(roots.map(str::to_owned).collect())
}

fn live(aws: &ScopeReader, volume: &Volume, roots: &HashSet<String>) -> Live {
    let id = volume.volume_id().unwrap_or_default();
    let values = json!({
        "arn": aws.arn("ec2", &format!("volume/{id}")),
        "availability_zone": volume.availability_zone(),
        "create_time": time(volume.create_time()),
        "encrypted": volume.encrypted(),
        "id": id,
        "iops": volume.iops(),
        "kms_key_id": volume.kms_key_id(),
        "multi_attach_enabled": volume.multi_attach_enabled(),
        "outpost_arn": volume.outpost_arn(),
        "size": volume.size(),
        "snapshot_id": volume.snapshot_id(),
        "tags_all": ec2_tags(volume.tags()),
        "throughput": volume.throughput(),
        "type": volume.volume_type().map(|kind| kind.as_str()),
    });
    Live { id: id.to_owned(), attributes: attributes(values), owner: owner_of(volume, roots) }
}

fn owner_of(volume: &Volume, roots: &HashSet<String>) -> Owner {
    let is_root = volume.volume_id().is_some_and(|id| roots.contains(id));
    let owner =
        volume.attachments().iter().find(|attachment| is_root || attachment.delete_on_termination() == Some(true));
    if let Some(instance) = owner.and_then(|attachment| attachment.instance_id()) {
        return Owner::Parent { kind: "aws_instance", id: instance.to_owned() };
    }
    if volume.operator().and_then(|operator| operator.managed()) == Some(true) {
        return Owner::Aws("volume managed by an AWS service");
    }
    // Persistent volumes, made and deleted by the cluster:
    // https://docs.aws.amazon.com/eks/latest/userguide/ebs-csi.html
    if volume.tags().iter().any(|tag| tag.key() == Some("ebs.csi.aws.com/cluster")) {
        return Owner::Aws("volume of a Kubernetes claim");
    }
    let cluster =
        volume.tags().iter().find_map(|tag| match (tag.key()?.strip_prefix("kubernetes.io/cluster/"), tag.value()) {
            (Some(name), Some("owned")) => Some(name),
            _ => None,
        });
    match cluster {
        Some(name) => Owner::Parent { kind: "aws_eks_cluster", id: name.to_owned() },
        None => Owner::None,
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_ec2::types::{Tag, VolumeAttachment};

    use super::*;

    #[test]
    fn what_dies_with_its_instance_is_part_of_it() {
        let attached = |dies| {
            let attachment = VolumeAttachment::builder().instance_id("i-1").delete_on_termination(dies).build();
            Volume::builder().volume_id("vol-1").attachments(attachment).build()
        };
        let part = Owner::Parent { kind: "aws_instance", id: "i-1".to_owned() };
        let root = HashSet::from(["vol-1".to_owned()]);
        assert_eq!(owner_of(&attached(true), &HashSet::new()), part);
        assert_eq!(owner_of(&attached(false), &HashSet::new()), Owner::None);
        assert_eq!(owner_of(&attached(false), &root), part);
        assert_eq!(owner_of(&Volume::builder().volume_id("vol-1").build(), &root), Owner::None);
        let tag = Tag::builder().key("kubernetes.io/cluster/prod").value("owned").build();
        let claim = Volume::builder().volume_id("vol-2").tags(tag).build();
        assert_eq!(owner_of(&claim, &root), Owner::Parent { kind: "aws_eks_cluster", id: "prod".to_owned() });
    }
}
