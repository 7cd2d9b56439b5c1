//! The block devices of an instance: root, EBS, and the tags of volumes.
//!
//! The provider shows every attached volume under `ebs_block_device`, those of `aws_volume_attachment` too, and nothing
//! in the state shows which is which. But a device block of an instance can only be had at launch: a volume that was
//! attached later is another resource's, which owns its size and tags; here only that it is attached counts.

use std::collections::HashMap;

use aws_sdk_ec2::types::{Filter, Instance, InstanceBlockDeviceMapping, Volume};
use serde_json::{Map, Value, json};

use crate::aws::ReadError;
use crate::inventory::ScopeReader;
use crate::inventory::value::{attributes, own_ec2_tags};
use crate::model::{Attributes, Live};

/// Seconds within which the volumes of a launch are attached. The provider waits ten before it calls an instance
/// created, and only then attaches others.
const LAUNCH: i64 = 8;

pub(super) type Volumes = HashMap<String, Volume>;

pub(super) fn by_id(volumes: &[Volume]) -> Volumes {
    volumes.iter().filter_map(|volume| Some((volume.volume_id()?.to_owned(), volume.clone()))).collect()
}

/// The volume that an instance boots from.
pub(in super::super) fn root_volume(instance: &Instance) -> Option<&str> {
    let root = instance.block_device_mappings().iter().find(|mapping| is_root(instance, mapping))?;
    root.ebs()?.volume_id()
}

/// A volume in the form of an `ebs_block_device` element.
pub(in super::super) fn ebs(volume: &Volume, device: Option<&str>, dies: Option<bool>) -> Value {
    let mut element = device_block(volume, device, dies);
    element.insert("snapshot_id".to_owned(), json!(volume.snapshot_id()));
    Value::Object(element)
}

fn device_block(volume: &Volume, device: Option<&str>, dies: Option<bool>) -> Attributes {
    attributes(json!({
        "delete_on_termination": dies,
        "device_name": device,
        "encrypted": volume.encrypted(),
        "iops": volume.iops(),
        "kms_key_id": volume.kms_key_id(),
        "tags": own_ec2_tags(volume.tags()),
        "throughput": volume.throughput(),
        "volume_id": volume.volume_id(),
        "volume_size": volume.size(),
        "volume_type": volume.volume_type().map(|kind| kind.as_str()),
    }))
}

/// `root_block_device` and `ebs_block_device` as the provider reads them with this state at hand, and `volume_tags` unless
/// [`complete`] reads them.
pub(super) fn blocks(instance: &Instance, volumes: &Volumes, state: &Attributes) -> Result<Attributes, ReadError> {
    let empty = |name: &str| state.get(name).and_then(Value::as_object).is_none_or(Map::is_empty);
    let has_volume_tags = !empty("volume_tags");
    let mut root = None;
    let mut others = Vec::new();
    for mapping in instance.block_device_mappings() {
        let Some(ebs) = mapping.ebs() else { continue };
        let id = ebs.volume_id().unwrap_or_default();
        let Some(volume) = volumes.get(id) else {
            return Err(ReadError::unexpected(
                "ec2:DescribeVolumes",
                format!("the volumes lack {id}, which is attached"),
            ));
        };
        let mut element = self::ebs(volume, mapping.device_name(), ebs.delete_on_termination());
        if let (Some(element), true) = (element.as_object_mut(), has_volume_tags) {
            element.remove("tags");
        }
        if is_root(instance, mapping) {
            root = Some(element);
        } else {
            let known = known(state, &element).filter(|_| is_attached_later(instance, mapping));
            others.push(known.unwrap_or(element));
        }
    }
    // Code that calls the only device, the root, an `ebs_block_device`.
    if others.is_empty() {
        let root_as_other =
            root.as_ref().filter(|root| held(state).iter().any(|block| block["device_name"] == root["device_name"]));
        others.extend(root_as_other.cloned());
    }
    let root = root.map(|root| json!([root])).or_else(|| state.get("root_block_device").cloned());
    let mut read = attributes(json!({ "ebs_block_device": others, "root_block_device": root }));
    if !reads_volume_tags(state) {
        read.insert("volume_tags".to_owned(), state.get("volume_tags").cloned().unwrap_or_default());
    }
    Ok(read)
}

/// Does the provider read `volume_tags`? Only where the state has some, and none at the devices.
fn reads_volume_tags(state: &Attributes) -> bool {
    let some = state.get("volume_tags").and_then(Value::as_object).is_some_and(|tags| !tags.is_empty());
    some && !tags_at_devices(state)
}

/// Adds `volume_tags`, by the very call that the provider makes: where volumes differ, it shows the tag that comes last in the
/// answer (`readVolumeTags` in `internal/service/ec2/ec2_instance.go`).
pub(super) async fn complete(aws: &ScopeReader, live: &mut Live, state: &Attributes) -> Result<(), ReadError> {
    if !reads_volume_tags(state) {
        return Ok(());
    }
    let devices = ["root_block_device", "ebs_block_device"].into_iter().filter_map(|name| live.attributes.get(name));
    let ids = devices.filter_map(Value::as_array).flatten().filter_map(|device| device["volume_id"].as_str());
    let filter = Filter::builder().name("resource-id").set_values(Some(ids.map(str::to_owned).collect())).build();
    let answer = aws.call("ec2:DescribeTags", aws.ec2().describe_tags().filters(filter).send()).await?;
    let tags = answer.tags().iter().map(|tag| (tag.key().unwrap_or_default(), tag.value().unwrap_or_default()));
    live.attributes.insert("volume_tags".to_owned(), volume_tags(tags, state));
    Ok(())
}

fn is_root(instance: &Instance, mapping: &InstanceBlockDeviceMapping) -> bool {
    mapping.device_name().is_some() && mapping.device_name() == instance.root_device_name()
}

fn held(state: &Attributes) -> &[Value] {
    state.get("ebs_block_device").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// The state's element for the same volume on the same device, with the same fate.
fn known(state: &Attributes, element: &Value) -> Option<Value> {
    let same = |block: &&Value| {
        ["volume_id", "device_name", "delete_on_termination"].iter().all(|name| block[*name] == element[*name])
    };
    held(state).iter().find(same).cloned()
}

/// Attached after the launch: the interface and the root volume keep the time of the launch, restarts or not.
fn is_attached_later(instance: &Instance, mapping: &InstanceBlockDeviceMapping) -> bool {
    let of = |mapping: &InstanceBlockDeviceMapping| Some(mapping.ebs()?.attach_time()?.secs());
    let interfaces = instance
        .network_interfaces()
        .iter()
        .filter_map(|interface| Some(interface.attachment()?.attach_time()?.secs()));
    let launch = instance.block_device_mappings().iter().filter_map(of).chain(interfaces).min();
    launch.zip(of(mapping)).is_some_and(|(launch, attached)| attached - launch > LAUNCH)
}

fn tags_at_devices(state: &Attributes) -> bool {
    let root = state.get("root_block_device").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    root.iter().chain(held(state)).any(|block| block["tags"].as_object().is_some_and(|tags| !tags.is_empty()))
}

/// The tags of all volumes in one map, the last one counts. Default tags count only when the state has them here.
fn volume_tags<'a>(tags: impl Iterator<Item = (&'a str, &'a str)>, state: &Attributes) -> Value {
    let member = |name: &str, key: &str| state.get(name).and_then(|tags| tags.get(key)).cloned();
    let mut merged = Map::new();
    for (key, value) in tags.filter(|(key, _)| !key.starts_with("aws:")) {
        let value = Value::from(value);
        let is_default = member("volume_tags", key).is_none()
            && member("tags", key).is_none()
            && member("tags_all", key).as_ref() == Some(&value);
        if !is_default {
            merged.insert(key.to_owned(), value);
        }
    }
    Value::Object(merged)
}

/// Device tags under one name: `tags_all` where the state has it (since 5.39), else `tags`; default tags are in the
/// former.
pub(super) fn normalize(values: &mut Attributes) {
    for name in ["root_block_device", "ebs_block_device"] {
        let Some(Value::Array(blocks)) = values.get_mut(name) else { continue };
        for block in blocks.iter_mut().filter_map(Value::as_object_mut) {
            let all = block.remove("tags_all").filter(|all| all.as_object().is_some_and(|all| !all.is_empty()));
            if let Some(all) = all {
                block.insert("tags".to_owned(), all);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_ec2::types::{EbsInstanceBlockDevice, Tag};
    use aws_smithy_types::DateTime;

    use super::*;

    fn mapping(device: &str, volume: &str, attached: i64) -> InstanceBlockDeviceMapping {
        let ebs = EbsInstanceBlockDevice::builder()
            .volume_id(volume)
            .attach_time(DateTime::from_secs(attached))
            .delete_on_termination(false)
            .build();
        InstanceBlockDeviceMapping::builder().device_name(device).ebs(ebs).build()
    }

    fn volume(id: &str, size: i32, tags: &[(&str, &str)]) -> Volume {
        let tags = tags.iter().map(|(key, value)| Tag::builder().key(*key).value(*value).build()).collect();
        Volume::builder().volume_id(id).size(size).set_tags(Some(tags)).build()
    }

    fn instance(second_attached: i64) -> Instance {
        Instance::builder()
            .root_device_name("/dev/sda1")
            .block_device_mappings(mapping("/dev/sda1", "vol-root", 1000))
            .block_device_mappings(mapping("/dev/sdh", "vol-data", second_attached))
            .build()
    }

    fn read(attached: i64, state: Value) -> Attributes {
        let volumes = by_id(&[volume("vol-root", 8, &[("Name", "r")]), volume("vol-data", 100, &[("Name", "d")])]);
        blocks(&instance(attached), &volumes, &attributes(state)).unwrap()
    }

    #[test]
    fn a_volume_attached_later_counts_only_as_attached() {
        let held = json!({"ebs_block_device": [
            {"device_name": "/dev/sdh", "volume_id": "vol-data", "delete_on_termination": false, "volume_size": 40}
        ]});
        assert_eq!(read(1001, held.clone())["ebs_block_device"][0]["volume_size"], 100);
        assert_eq!(read(5000, held)["ebs_block_device"][0]["volume_size"], 40);
        // Not in the state yet: as AWS has it, for the attachment to explain.
        assert_eq!(read(5000, json!({}))["ebs_block_device"][0]["volume_size"], 100);
    }

    #[test]
    fn the_root_stands_apart_unless_the_code_calls_it_otherwise() {
        let root_only = Instance::builder()
            .root_device_name("/dev/sda1")
            .block_device_mappings(mapping("/dev/sda1", "vol-root", 1000))
            .build();
        let volumes = by_id(&[volume("vol-root", 8, &[])]);
        let read = |state| blocks(&root_only, &volumes, &attributes(state)).unwrap();
        assert_eq!(read(json!({}))["root_block_device"][0]["volume_size"], 8);
        assert_eq!(read(json!({}))["ebs_block_device"], json!([]));
        let as_other = read(json!({"ebs_block_device": [{"device_name": "/dev/sda1"}]}));
        assert_eq!(as_other["ebs_block_device"][0]["volume_id"], "vol-root");
        assert!(blocks(&root_only, &Volumes::new(), &Attributes::new()).is_err());
    }

    #[test]
    fn volume_tags_only_where_the_state_has_them() {
        assert_eq!(read(1001, json!({}))["volume_tags"], Value::Null);
        let state = json!({"volume_tags": {"Name": "r"}, "tags": {}, "tags_all": {"team": "x"}});
        let read = read(1001, state);
        assert_eq!(read.get("volume_tags"), None, "left to a call of its own");
        assert_eq!(read["root_block_device"][0].get("tags"), None);
    }

    #[test]
    fn of_several_volumes_the_last_tag_counts() {
        let state = attributes(json!({"volume_tags": {"Name": "r"}, "tags_all": {"team": "x"}}));
        let shown = |tags: &[(&'static str, &'static str)]| volume_tags(tags.iter().copied(), &state);
        assert_eq!(shown(&[("Name", "x"), ("team", "x"), ("aws:a", "b"), ("Name", "r")]), json!({"Name": "r"}));
        assert_eq!(shown(&[("Name", "r"), ("Name", "x")]), json!({"Name": "x"}));
        assert_eq!(shown(&[("team", "y")]), json!({"team": "y"}));
    }

    #[test]
    fn tags_of_devices_have_one_name() {
        let mut values =
            attributes(json!({"root_block_device": [{"tags": {"a": "1"}, "tags_all": {"a": "1", "team": "x"}}]}));
        normalize(&mut values);
        assert_eq!(values["root_block_device"], json!([{"tags": {"a": "1", "team": "x"}}]));
        let mut old = attributes(json!({"root_block_device": [{"tags": {"a": "1"}}]}));
        normalize(&mut old);
        assert_eq!(old["root_block_device"], json!([{"tags": {"a": "1"}}]));
    }
}
