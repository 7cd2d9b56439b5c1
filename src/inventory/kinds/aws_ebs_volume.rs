//! `aws_ebs_volume`. A volume that dies with its instance, or that an instance boots from, is part of the instance;
//! one that outlives it stands for itself.

use std::collections::HashSet;

use async_trait::async_trait;
use aws_sdk_ec2::types::{Filter, Reservation, Volume, VolumeState};
use serde_json::json;

use super::aws_instance;
use super::ec2::{self, single};
use crate::aws::ReadError;
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
        // Only what nobody declares needs its owner.
        let roots = if request.unmanaged { roots(&ec2::reservations(aws).await?) } else { HashSet::new() };
        let there = volumes.iter().filter(|volume| !is_gone(volume));
        Ok(there.map(|volume| live(aws, volume, &roots)).collect())
    }

    async fn read(&self, aws: &ScopeReader, prior: &PriorState<'_>) -> Result<Option<Live>, ReadError> {
        let volume = single::volume(aws, prior.id).await?;
        let Some(volume) = volume.filter(|volume| !is_gone(volume)) else { return Ok(None) };
        let roots = roots(&users(aws, &volume).await?);
        Ok(Some(live(aws, &volume, &roots)))
    }
}

/// The instances that a volume is attached to, where its attachments alone do not show its owner. By a filter, which leaves out
/// what does not exist instead of failing.
async fn users(aws: &ScopeReader, volume: &Volume) -> Result<Vec<Reservation>, ReadError> {
    let attachments = volume.attachments();
    let ids: Vec<String> = attachments.iter().filter_map(|attachment| attachment.instance_id.clone()).collect();
    if ids.is_empty() || attachments.iter().any(|attachment| attachment.delete_on_termination() == Some(true)) {
        return Ok(Vec::new());
    }
    let filter = Filter::builder().name("instance-id").set_values(Some(ids)).build();
    let call = aws.ec2().describe_instances().filters(filter).into_paginator().items().send();
    aws.pages("ec2:DescribeInstances", call).await
}

fn is_gone(volume: &Volume) -> bool {
    volume.state() == Some(&VolumeState::Deleted)
}

/// The volumes that instances boot from.
fn roots(reservations: &[Reservation]) -> HashSet<String> {
    let roots = aws_instance::all(reservations).filter_map(aws_instance::devices::root_volume);
    roots.map(str::to_owned).collect()
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
        "volume_initialization_rate": volume.volume_initialization_rate(),
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
        return Owner::Claimed("volume of a Kubernetes claim");
    }
    let of_cluster = |tag: &aws_sdk_ec2::types::Tag| {
        tag.key().is_some_and(|key| key.starts_with("kubernetes.io/cluster/")) && tag.value() == Some("owned")
    };
    if volume.tags().iter().any(of_cluster) { Owner::Claimed("volume of a Kubernetes cluster") } else { Owner::None }
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
        assert_eq!(owner_of(&claim, &root), Owner::Claimed("volume of a Kubernetes cluster"));
    }
}
