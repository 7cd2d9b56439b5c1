//! `aws_volume_attachment`, out of the volumes' own list of attachments. The state's id is a hash of device, instance
//! and volume: an attachment is the declared one when these three are the same.

use std::collections::HashMap;

use async_trait::async_trait;
use aws_sdk_ec2::types::{Volume, VolumeAttachment, VolumeAttachmentState, VolumeState};
use serde_json::{Value, json};

use super::aws_instance;
use super::ec2::{self, single};
use crate::aws::ReadError;
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

    /// Only what is declared: an attachment is part of its instance.
    async fn list(&self, aws: &ScopeReader, request: &ListRequest<'_>) -> Result<Listed, ReadError> {
        if request.desired.is_empty() {
            return Ok(Listed::default());
        }
        let volumes = ec2::volumes(aws).await?;
        let volumes: HashMap<_, _> = volumes.iter().filter_map(|volume| Some((volume.volume_id()?, volume))).collect();
        let attached = |prior: &PriorState<'_>| {
            let state = prior.attributes();
            live(prior.id, volumes.get(text(&state, "volume_id"))?, &state)
        };
        Ok(request.desired.iter().filter_map(attached).collect())
    }

    async fn read(&self, aws: &ScopeReader, prior: &PriorState<'_>) -> Result<Option<Live>, ReadError> {
        let state = prior.attributes();
        let id = text(&state, "volume_id");
        if id.is_empty() {
            return Err(ReadError::unexpected(
                "ec2:DescribeVolumes",
                "the id of an attachment does not contain its volume",
            ));
        }
        Ok(single::volume(aws, id).await?.and_then(|volume| live(prior.id, &volume, &state)))
    }

    fn parents(&self, attributes: &Attributes) -> Vec<(&'static str, String)> {
        vec![("aws_instance", text(attributes, "instance_id").to_owned())]
    }

    /// The instance shows every attached volume in `ebs_block_device`. Sizes and tags stand on the volume, which only
    /// AWS's answer has: the declared attachment alone cannot name the element, the live one can.
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

/// The attachment that the state names; one that is being detached still is one, as for the provider
/// (`findVolumeAttachment`).
fn attachment<'a>(volume: &'a Volume, state: &Attributes) -> Option<&'a VolumeAttachment> {
    if matches!(volume.state(), Some(VolumeState::Available | VolumeState::Deleted)) {
        return None;
    }
    volume.attachments().iter().find(|attachment| {
        attachment.state() != Some(&VolumeAttachmentState::Detached)
            && attachment.device() == Some(text(state, "device_name"))
            && attachment.instance_id() == Some(text(state, "instance_id"))
    })
}

/// The attachment that the state names, if the volume has it.
fn live(id: &str, volume: &Volume, state: &Attributes) -> Option<Live> {
    let attachment = attachment(volume, state)?;
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
    Some(Live { id: id.to_owned(), attributes: attributes(values), owner })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_names_make_the_attachment() {
        let attached = |is| VolumeAttachment::builder().device("/dev/sdh").instance_id("i-1").state(is).build();
        let volume = |is| Volume::builder().volume_id("vol-1").attachments(attached(is)).build();
        let state = |device: &str, instance: &str| {
            attributes(json!({"device_name": device, "instance_id": instance, "volume_id": "vol-1"}))
        };
        let there = |is, device, instance| attachment(&volume(is), &state(device, instance)).is_some();
        assert!(there(VolumeAttachmentState::Attached, "/dev/sdh", "i-1"));
        assert!(there(VolumeAttachmentState::Detaching, "/dev/sdh", "i-1"));
        assert!(!there(VolumeAttachmentState::Detached, "/dev/sdh", "i-1"));
        assert!(!there(VolumeAttachmentState::Attached, "/dev/sdi", "i-1"));
        assert!(!there(VolumeAttachmentState::Attached, "/dev/sdh", "i-2"));
    }

    #[test]
    fn only_the_live_attachment_owns_the_instances_element() {
        let attachment = VolumeAttachment::builder().device("/dev/sdh").instance_id("i-1").build();
        let volume = Volume::builder().volume_id("vol-1").size(40).attachments(attachment).build();
        let state = attributes(json!({"device_name": "/dev/sdh", "instance_id": "i-1"}));
        let parts = AwsVolumeAttachment.owned_fields(&live("vai-1", &volume, &state).unwrap().attributes);
        assert_eq!(parts.len(), 2);
        assert_eq!(parts[0].parent_id, "i-1");
        assert_eq!(parts[0].element.as_ref().map(|element| &element["volume_size"]), Some(&json!(40)));
        assert_eq!(AwsVolumeAttachment.owned_fields(&attributes(json!({"instance_id": "i-1"}))), vec![]);
    }
}
