//! `aws_ami`: the account's own images. How an image came to be (registered, copied, taken from an instance) cannot be
//! distinguished afterwards: `aws_ami_copy` and `aws_ami_from_instance` read the same, and unmanaged resources are reported here only.

use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_ec2::types::{BlockDeviceMapping, Image, ImageState, Tag};
use serde_json::{Value, json};

use super::{ec2, network};
use crate::aws::ReadError;
use crate::inventory::value::{attributes, ec2_tags};
use crate::inventory::{Kind, ListRequest, Listed, ScopeReader};
use crate::model::{Attributes, CompareRules, Live, Owner, PriorState};

pub(super) const DESCRIBE: &str = "ec2:DescribeImages";

pub(super) struct AwsAmi;

#[async_trait]
impl Kind for AwsAmi {
    fn name(&self) -> &'static str {
        "aws_ami"
    }

    fn actions(&self) -> &'static [&'static str] {
        &[DESCRIBE]
    }

    /// The provider asks for the UEFI data of the image under an instance's name, which never answers: the state keeps
    /// what the code said. An image that was made public is worth a word, though the attribute is computed.
    fn compare_rules(&self) -> CompareRules {
        CompareRules { not_returned: &["uefi_data"], compare_computed: &["public"], ..CompareRules::default() }
    }

    async fn list(&self, aws: &ScopeReader, _request: &ListRequest<'_>) -> Result<Listed, ReadError> {
        all(aws).await
    }

    async fn read(&self, aws: &ScopeReader, prior: &PriorState<'_>) -> Result<Option<Live>, ReadError> {
        read(aws, prior.id).await
    }
}

/// The images that belong to the account; disabled ones are not listed.
pub(super) async fn own(aws: &ScopeReader) -> Result<Arc<Vec<Image>>, ReadError> {
    aws.cached(DESCRIBE, || {
        let call = aws.ec2().describe_images().owners("self").into_paginator().page_size(1000);
        aws.pages(DESCRIBE, call.items().send())
    })
    .await
}

async fn all(aws: &ScopeReader) -> Result<Listed, ReadError> {
    let images = own(aws).await?;
    Ok(images.iter().filter(|image| !is_gone(image)).map(|image| live(aws, image)).collect())
}

/// The declared images, for the kinds that do not report unmanaged ones.
pub(super) async fn declared(aws: &ScopeReader, request: &ListRequest<'_>) -> Result<Listed, ReadError> {
    if request.desired.is_empty() {
        return Ok(Listed::default());
    }
    let mut listed = all(aws).await?;
    listed.live.retain(|live| request.declares(&live.id));
    Ok(listed)
}

/// Disabled images exist, though they are not listed and the provider takes them for deleted: neither in sync nor missing.
pub(super) async fn read(aws: &ScopeReader, id: &str) -> Result<Option<Live>, ReadError> {
    let call = aws.ec2().describe_images().image_ids(id).include_disabled(true).send();
    let absent = ["InvalidAMIID.NotFound", "InvalidAMIID.Unavailable"];
    let image = ec2::first(aws, DESCRIBE, call, &absent, |answer| answer.images).await?;
    match image.filter(|image| !is_gone(image)) {
        Some(image) if image.state() == Some(&ImageState::Disabled) => {
            Err(ReadError::unexpected(DESCRIBE, "the image is disabled: it exists, but it is not listed"))
        }
        image => Ok(image.map(|image| live(aws, &image))),
    }
}

/// Images and snapshots that a backup service makes and removes.
pub(super) fn backup(tags: &[Tag]) -> Owner {
    let value = |key: &str| tags.iter().find(|tag| tag.key() == Some(key)).map(|tag| tag.value().unwrap_or_default());
    if let Some(policy) = value("aws:dlm:lifecycle-policy-id") {
        return Owner::Maker { kind: "aws_dlm_lifecycle_policy", id: policy.to_owned() };
    }
    if value("ebs.csi.aws.com/cluster").is_some() {
        return Owner::Claimed("snapshot of a Kubernetes claim");
    }
    if value("aws:backup:source-resource").is_some() {
        return Owner::Aws("made by AWS Backup");
    }
    Owner::None
}

fn is_gone(image: &Image) -> bool {
    image.state() == Some(&ImageState::Deregistered)
}

fn live(aws: &ScopeReader, image: &Image) -> Live {
    let id = image.image_id().unwrap_or_default();
    let mut values = attributes(json!({
        "architecture": image.architecture().map(|architecture| architecture.as_str()),
        // Without account, as the provider writes it.
        "arn": format!("arn:{}:ec2:{}::image/{id}", aws.partition, aws.region),
        "boot_mode": image.boot_mode().map(|mode| mode.as_str()),
        "deprecation_time": image.deprecation_time(),
        "description": image.description(),
        "ena_support": image.ena_support(),
        "hypervisor": image.hypervisor().map(|hypervisor| hypervisor.as_str()),
        "id": id,
        "image_location": image.image_location(),
        "image_owner_alias": image.image_owner_alias(),
        "image_type": image.image_type().map(|kind| kind.as_str()),
        "imds_support": image.imds_support().map(|support| support.as_str()),
        "kernel_id": image.kernel_id(),
        "last_launched_time": image.last_launched_time(),
        "name": image.name(),
        "owner_id": image.owner_id(),
        "platform": image.platform().map(|platform| platform.as_str()),
        "platform_details": image.platform_details(),
        "public": image.public(),
        "ramdisk_id": image.ramdisk_id(),
        "root_device_name": image.root_device_name(),
        "sriov_net_support": image.sriov_net_support(),
        "tags_all": ec2_tags(image.tags()),
        "tpm_support": image.tpm_support().map(|support| support.as_str()),
        "usage_operation": image.usage_operation(),
        "virtualization_type": image.virtualization_type().map(|kind| kind.as_str()),
    }));
    values.extend(devices(image));
    let owner = match network::owner(aws, image.owner_id()) {
        Owner::None => backup(image.tags()),
        other => other,
    };
    Live { id: id.to_owned(), attributes: values, owner }
}

fn devices(image: &Image) -> Attributes {
    let mappings = image.block_device_mappings();
    let root = mappings.iter().find(|mapping| mapping.device_name() == image.root_device_name());
    let ephemeral = |mapping: &BlockDeviceMapping| {
        let name = mapping.virtual_name()?;
        Some(json!({"device_name": mapping.device_name(), "virtual_name": name}))
    };
    attributes(json!({
        "ebs_block_device": mappings.iter().filter_map(ebs).collect::<Vec<_>>(),
        "ephemeral_block_device": mappings.iter().filter_map(ephemeral).collect::<Vec<_>>(),
        "root_snapshot_id": root.and_then(|root| root.ebs()).and_then(|ebs| ebs.snapshot_id()),
    }))
}

fn ebs(mapping: &BlockDeviceMapping) -> Option<Value> {
    let ebs = mapping.ebs()?;
    Some(json!({
        "delete_on_termination": ebs.delete_on_termination(),
        "device_name": mapping.device_name(),
        "encrypted": ebs.encrypted(),
        "iops": ebs.iops(),
        "outpost_arn": ebs.outpost_arn(),
        "snapshot_id": ebs.snapshot_id(),
        "throughput": ebs.throughput(),
        "volume_size": ebs.volume_size(),
        "volume_type": ebs.volume_type().map(|kind| kind.as_str()),
    }))
}

#[cfg(test)]
mod tests {
    use aws_sdk_ec2::types::EbsBlockDevice;

    use super::*;

    #[test]
    fn devices_are_ebs_or_ephemeral() {
        let ebs = EbsBlockDevice::builder().snapshot_id("snap-1").volume_size(8).build();
        let image = Image::builder()
            .root_device_name("/dev/sda1")
            .block_device_mappings(BlockDeviceMapping::builder().device_name("/dev/sda1").ebs(ebs).build())
            .block_device_mappings(
                BlockDeviceMapping::builder().device_name("/dev/sdb").virtual_name("ephemeral0").build(),
            )
            .build();
        let devices = devices(&image);
        assert_eq!(devices["root_snapshot_id"], "snap-1");
        assert_eq!(devices["ebs_block_device"][0]["volume_size"], 8);
        assert_eq!(devices["ebs_block_device"].as_array().map(Vec::len), Some(1));
        let ephemeral = json!([{"device_name": "/dev/sdb", "virtual_name": "ephemeral0"}]);
        assert_eq!(devices["ephemeral_block_device"], ephemeral);
    }
}
