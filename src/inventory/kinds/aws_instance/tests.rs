//! Cases of single attributes: addresses, groups, interfaces, templates.

use std::collections::HashMap;

use aws_sdk_ec2::types::{
    GroupIdentifier, InstanceNetworkInterfaceAssociation, InstanceNetworkInterfaceAttachment, InstanceState,
    LaunchTemplate, Tag,
};

use super::described::public_address;
use super::*;

fn instance(state: InstanceStateName, ip_owner: Option<&str>) -> Instance {
    let association = InstanceNetworkInterfaceAssociation::builder().set_ip_owner_id(ip_owner.map(str::to_owned));
    let interface = InstanceNetworkInterface::builder()
        .network_interface_id("eni-1")
        .attachment(InstanceNetworkInterfaceAttachment::builder().device_index(0).build())
        .set_association(ip_owner.map(|_| association.build()))
        .build();
    Instance::builder()
        .instance_id("i-1")
        .subnet_id("subnet-1")
        .vpc_id("vpc-1")
        .state(InstanceState::builder().name(state).build())
        .network_interfaces(interface)
        .security_groups(GroupIdentifier::builder().group_id("sg-1").group_name("web").build())
        .build()
}

#[test]
fn a_public_address_is_known_only_of_what_runs_with_amazons() {
    let associated = |state, owner| {
        let instance = instance(state, owner);
        public_address(&instance, primary(&instance))
    };
    assert_eq!(associated(InstanceStateName::Running, Some("amazon")), Some(true.into()));
    assert_eq!(associated(InstanceStateName::Running, None), Some(false.into()));
    assert_eq!(associated(InstanceStateName::Running, Some("123456789012")), None);
    assert_eq!(associated(InstanceStateName::Stopped, None), None);
}

#[test]
fn names_of_groups_in_the_default_vpc_only() {
    let instance = instance(InstanceStateName::Running, None);
    let default = HashSet::from(["vpc-1".to_owned()]);
    assert_eq!(security_groups(&instance, &default)["security_groups"], json!(["web"]));
    assert_eq!(security_groups(&instance, &HashSet::new())["security_groups"], json!([]));
    assert_eq!(security_groups(&instance, &HashSet::new())["vpc_security_group_ids"], json!(["sg-1"]));
}

#[test]
fn only_interfaces_that_the_code_names() {
    let instance = instance(InstanceStateName::Running, None);
    let blocks = |state: Value| network_interfaces(&instance, &attributes(state))["network_interface"].clone();
    assert_eq!(blocks(json!({"network_interface": []})), json!([]));
    assert_eq!(blocks(json!({"network_interface": [{"device_index": 1}]})), json!([]));
    let named = blocks(json!({"network_interface": [{"device_index": 0}]}));
    assert_eq!(named[0]["network_interface_id"], "eni-1");
}

#[test]
fn a_primary_interface_where_the_state_has_one() {
    let instance = instance(InstanceStateName::Running, None);
    let blocks = |state: Value| interfaces_of_6(&instance, &attributes(state))["primary_network_interface"].clone();
    assert_eq!(blocks(json!({"primary_network_interface": []})), json!([]));
    let held = json!({"primary_network_interface": [{"network_interface_id": "eni-0"}]});
    assert_eq!(blocks(held)[0]["network_interface_id"], "eni-1");
}

#[test]
fn a_word_for_a_version_stays_while_it_is_true() {
    let tag = |key: &str, value: &str| Tag::builder().key(key).value(value).build();
    let instance = Instance::builder().tags(tag(TEMPLATE_ID, "lt-1")).tags(tag(TEMPLATE_VERSION, "2")).build();
    let related = |default, latest| Related {
        volumes: Ok(HashMap::new()),
        default_vpcs: Ok(HashSet::new()),
        templates: Ok(vec![
            LaunchTemplate::builder()
                .launch_template_id("lt-1")
                .default_version_number(default)
                .latest_version_number(latest)
                .build(),
        ]),
        spot: Ok(Vec::new()),
        credits: HashMap::new(),
    };
    let version = |word: &str, default, latest| {
        let state = attributes(json!({"launch_template": [{"id": "lt-1", "version": word}]}));
        launch_template(&instance, &related(default, latest), &state).unwrap()["launch_template"][0]["version"].clone()
    };
    assert_eq!(version("$Default", 2, 3), "$Default");
    assert_eq!(version("$Default", 1, 2), "2");
    assert_eq!(version("$Latest", 1, 2), "$Latest");
    assert_eq!(version("2", 1, 3), "2");
}

#[test]
fn terminated_is_gone() {
    let running = instance(InstanceStateName::Running, None);
    let stopped = instance(InstanceStateName::Stopped, None);
    let gone = instance(InstanceStateName::Terminated, None);
    let reservation = Reservation::builder().instances(running).instances(stopped).instances(gone).build();
    assert_eq!(all(&[reservation]).count(), 2);
}
