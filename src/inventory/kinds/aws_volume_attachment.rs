//! `aws_volume_attachment`, out of the volumes' own list of attachments. The state's id is a hash of device, instance
//! and volume: an attachment is the desired one when these three are the same.

use async_trait::async_trait;
use aws_sdk_ec2::types::{Volume, VolumeAttachment, VolumeAttachmentState, VolumeState};
use serde_json::{Value, json};

use super::{aws_instance, ec2};
use crate::aws::{ReadError, not_found};
use crate::inventory::value::{attributes, text};
use crate::inventory::{Kind, ListRequest, Listed, ScopeReader};
use crate::model::{Attributes, CompareRules, Live, OwnedField, Owner, PriorState};

/// Key beside Terraform's attributes, on live attachments only: the element that the instance shows for this one.
const DEVICE: &str = "driftd:block_device";

pub(super) struct AwsVolumeAttachment;

#[async_trait]
impl Kind for AwsVolumeAttachment {
    fn name(&self) -> &'static str {
        "aws_volume_attachment"
    }

    fn actions(&self) -> &'static [&'static str] {
        &["ec2:DescribeVolumes"]
    }

    fn compare_rules(&self) -> CompareRules {
        CompareRules {
            not_returned: &["force_detach", "skip_destroy", "stop_instance_before_detaching"],
            ..CompareRules::default()
        }
    }

    /// Only what is desired: an attachment is part of its instance.
    async fn list(&self, aws: &ScopeReader, request: &ListRequest<'_>) -> Result<Listed, ReadError> {
        if request.desired.is_empty() {
            return Ok(Listed::default());
        }
        let volumes = ec2::volumes(aws).await?;
        let mut live = Vec::new();
        for desired in request.desired {
            let request = desired.attributes();
            let volume = volumes.iter().find(|volume| volume.volume_id() == Some(text(&request, "volume_id")));
            let attached = volume.and_then(|volume| Some((volume, attachment(volume, &request)?)));
            live.extend(attached.map(|(volume, attachment)| self::live(&desired.id, volume, attachment)));
        }
        Ok(live.into())
    }

    async fn exists(&self, aws: &ScopeReader, desired: &PriorState<'_>) -> Result<bool, ReadError> {
        let request = desired.attributes();
        let call = aws.ec2().describe_volumes().volume_ids(text(&request, "volume_id")).send();
        let answer = not_found(aws.call("ec2:DescribeVolumes", call).await, &["InvalidVolume.NotFound"])?;
        Ok(answer.is_some_and(|answer| answer.volumes().iter().any(|volume| attachment(volume, &request).is_some())))
    }

    /// The instance shows every attached volume in `ebs_block_device`. Sizes and tags stand on the volume, which only
    /// AWS's answer has: the desired attachment alone cannot name the element, the live one can.
    fn owned_fields(&self, attributes: &Attributes) -> Vec<OwnedField> {
        let Some(Value::Object(device)) = attributes.get(DEVICE) else { return Vec::new() };
        let mut untagged = device.clone();
        untagged.remove("tags");
        // An instance with `volume_tags` shows no tags at its devices.
        let elements = [device.clone(), untagged].into_iter().map(|device| OwnedField {
            parent_kind: "aws_instance",
            parent_id: text(attributes, "instance_id").to_owned(),
            attribute: "ebs_block_device",
            element: Some(Value::Object(device)),
        });
        elements.collect()
    }
}

/// The attachment that the desired attributes name; one that is being detached still is one, as for the provider
/// (`findVolumeAttachment`).
fn attachment<'a>(volume: &'a Volume, request: &Attributes) -> Option<&'a VolumeAttachment> {
    if matches!(volume.state(), Some(VolumeState::Available | VolumeState::Deleted)) {
        return None;
    }
    volume.attachments().iter().find(|attachment| {
        attachment.state() != Some(&VolumeAttachmentState::Detached)
            && attachment.device() == Some(text(request, "device_name"))
            && attachment.instance_id() == Some(text(request, "instance_id"))
    })
}

fn live(id: &str, volume: &Volume, attachment: &VolumeAttachment) -> Live {
    let device = aws_instance::devices::ebs(volume, attachment.device(), attachment.delete_on_termination());
    let instance = attachment.instance_id().unwrap_or_default();
    let values = json!({
        "device_name": attachment.device(),
        "id": id,
        "instance_id": instance,
        "volume_id": volume.volume_id(),
        DEVICE: device,
    });
    let owner = Owner::Parent { kind: "aws_instance", id: instance.to_owned() };
    Live { id: id.to_owned(), attributes: attributes(values), owner }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_names_make_the_attachment() {
        let attached = |state| VolumeAttachment::builder().device("/dev/sdh").instance_id("i-1").state(state).build();
        let volume = |state| Volume::builder().volume_id("vol-1").attachments(attached(state)).build();
        let request = |device: &str, instance: &str| {
            attributes(json!({"device_name": device, "instance_id": instance, "volume_id": "vol-1"}))
        };
        let there = |state, device, instance| attachment(&volume(state), &request(device, instance)).is_some();
        assert!(there(VolumeAttachmentState::Attached, "/dev/sdh", "i-1"));
        assert!(there(VolumeAttachmentState::Detaching, "/dev/sdh", "i-1"));
        assert!(!there(VolumeAttachmentState::Detached, "/dev/sdh", "i-1"));
        assert!(!there(VolumeAttachmentState::Attached, "/dev/sdi", "i-1"));
        assert!(!there(VolumeAttachmentState::Attached, "/dev/sdh", "i-2"));
    }

    #[test]
    fn only_the_live_attachment_speaks_for_the_instances_element() {
        let volume = Volume::builder().volume_id("vol-1").size(40).build();
        let attachment = VolumeAttachment::builder().device("/dev/sdh").instance_id("i-1").build();
        let parts = AwsVolumeAttachment.owned_fields(&live("vai-1", &volume, &attachment).attributes);
        assert_eq!(parts.len(), 2);
        assert_eq!(parts[0].parent_id, "i-1");
        assert_eq!(parts[0].element.as_ref().map(|element| &element["volume_size"]), Some(&json!(40)));
        assert_eq!(AwsVolumeAttachment.owned_fields(&attributes(json!({"instance_id": "i-1"}))), vec![]);
    }
}
