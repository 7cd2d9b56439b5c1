//! States of older and newer AWS providers than 5.100.0, whole, against live resources in the shape of the kinds.

use serde_json::{Value, json};

use super::{Seen, UNANSWERED, Unanswered, kind_facts};
use crate::desired::tfstate;
use crate::diff::{self, Compared};
use crate::model::{Gap, GapReason, GapScope, Listing, Live, Owner, Scope};

/// A state with one instance of one type.
fn state(kind: &str, schema_version: u64, attributes: &Value) -> tfstate::State {
    let document = json!({"version": 4, "terraform_version": "1.13.3", "resources": [{
        "mode": "managed", "type": kind, "name": "x", "provider": "provider[\"registry.terraform.io/hashicorp/aws\"]",
        "instances": [{"schema_version": schema_version, "attributes": attributes, "sensitive_attributes": []}],
    }]});
    tfstate::read(document.to_string().as_bytes(), "test").unwrap()
}

fn compared(kind: &str, schema_version: u64, attributes: &Value, live: Value) -> Compared {
    let state = state(kind, schema_version, attributes);
    let Value::Object(live) = live else { panic!("no object") };
    let live = Live { id: attributes["id"].as_str().unwrap().to_owned(), attributes: live, owner: Owner::None };
    let listing = Listing { live: vec![live], complete: true, ..Listing::default() };
    diff::listing(
        &kind_facts()[kind],
        &Scope::new("111122223333", "us-east-1"),
        &[(0, &state.resources[0])],
        listing,
        None,
    )
}

fn paths(compared: &Compared) -> Vec<&str> {
    compared.drifts.iter().flat_map(|drift| &drift.changes).map(|change| change.path.as_str()).collect()
}

/// In sync, and nothing was left out.
fn assert_in_sync(kind: &str, compared: &Compared) {
    assert_eq!(paths(compared), [""; 0], "{kind}");
    assert_eq!((compared.in_sync.as_slice(), compared.not_compared.gap(kind)), (&[0][..], None), "{kind}");
}

/// Provider 2: no `tags_all`, none of the attributes of later years, and one that 5.0 removed.
#[test]
fn a_state_of_provider_2() {
    let vpc = json!({"id": "vpc-0a0a0a0a", "cidr_block": "10.0.0.0/16", "enable_classiclink": false, "ipv6_cidr_block": "",
        "instance_tenancy": "default", "enable_dns_support": true, "tags": {"Name": "main"}});
    let live = |cidr: &str, name: &str| {
        json!({"id": "vpc-0a0a0a0a", "cidr_block": cidr, "ipv6_cidr_block": null, "ipv6_netmask_length": 0,
            "enable_network_address_usage_metrics": true, "instance_tenancy": "default", "enable_dns_support": true,
            "tags_all": {"Name": name}})
    };
    assert_in_sync("aws_vpc", &compared("aws_vpc", 1, &vpc, live("10.0.0.0/16", "main")));
    assert_eq!(paths(&compared("aws_vpc", 1, &vpc, live("10.9.0.0/16", "main"))), ["/cidr_block"]);
    assert_eq!(paths(&compared("aws_vpc", 1, &vpc, live("10.0.0.0/16", "x"))), ["/tags/Name"]);

    let subnet = json!({"id": "subnet-0a0a0a0a", "cidr_block": "10.0.1.0/24", "tags": {"Name": "a"}, "timeouts": null});
    let live = json!({"id": "subnet-0a0a0a0a", "cidr_block": "10.0.1.0/24", "tags_all": {"Name": "a"},
        "private_dns_hostname_type_on_launch": "ip-name", "enable_dns64": false});
    assert_in_sync("aws_subnet", &compared("aws_subnet", 1, &subnet, live));
}

/// Keys that came later inside of blocks.
#[test]
fn blocks_of_an_older_provider() {
    let state = json!({"id": "i-0a0a0a0a", "metadata_options": [{"http_endpoint": "enabled", "http_tokens": "required"}],
        "ebs_block_device": [{"device_name": "/dev/sdb", "volume_id": "vol-0a0a0a0a", "volume_size": 8}]});
    let live = |tokens: &str, size: u64| {
        json!({"metadata_options": [{"http_endpoint": "enabled", "http_tokens": tokens, "http_protocol_ipv6": "disabled"}],
            "ebs_block_device": [{"device_name": "/dev/sdb", "volume_id": "vol-0a0a0a0a", "volume_size": size,
                "throughput": 125, "tags": {"Name": "b"}}]})
    };
    assert_in_sync("aws_instance", &compared("aws_instance", 1, &state, live("required", 8)));
    let weaker = compared("aws_instance", 1, &state, live("optional", 8));
    assert_eq!(paths(&weaker), ["/metadata_options/0/http_tokens"]);
    assert_eq!(paths(&compared("aws_instance", 1, &state, live("required", 9))), ["/ebs_block_device"]);
}

/// What a kind's `normalize` fills up was not recorded all the same.
#[test]
fn rules_of_an_older_provider() {
    let state = json!({"id": "sg-0a0a0a0a", "ingress": [{"from_port": 443, "to_port": 443, "protocol": "tcp",
        "cidr_blocks": ["10.0.0.0/8"], "self": false}]});
    let rule = |port: u64| {
        json!({"ingress": [{"from_port": port, "to_port": port, "protocol": "tcp", "cidr_blocks": ["10.0.0.0/8"], "self": false,
            "description": "by hand", "ipv6_cidr_blocks": [], "prefix_list_ids": [], "security_groups": []}]})
    };
    assert_in_sync("aws_security_group", &compared("aws_security_group", 1, &state, rule(443)));
    let changed = compared("aws_security_group", 1, &state, rule(22));
    assert_eq!(paths(&changed), ["/ingress"]);
    let added = changed.drifts[0].changes[0].added.clone().unwrap();
    assert_eq!((&added[0]["from_port"], &added[0]["description"]), (&json!(22), &json!("by hand")));
}

/// Provider 6: `vpc` is gone, `region` is there.
#[test]
fn an_address_of_provider_6() {
    let state = json!({"id": "eipalloc-0a0a0a0a", "domain": "vpc", "public_ip": "203.0.113.9", "region": "us-east-1",
        "network_interface": "", "ipam_pool_id": null, "tags": {"Name": "nat"}, "tags_all": {"Name": "nat"}, "timeouts": null});
    let live = |interface: Value| {
        json!({"id": "eipalloc-0a0a0a0a", "domain": "vpc", "vpc": true, "public_ip": "203.0.113.9",
            "network_interface": interface, "tags_all": {"Name": "nat"}})
    };
    assert_in_sync("aws_eip", &compared("aws_eip", 0, &state, live(Value::Null)));
    assert_eq!(paths(&compared("aws_eip", 0, &state, live(json!("eni-0b")))), ["/network_interface"]);
}

/// Provider 6: schema versions 2 and 1.
#[test]
fn an_instance_and_a_template_of_provider_6() {
    let state = json!({"id": "i-0a0a0a0a", "instance_type": "t3.micro", "region": "us-east-1", "placement_group_id": "",
        "force_destroy": false, "primary_network_interface": [{"delete_on_termination": true, "network_interface_id": "eni-0a"}],
        "cpu_options": [{"amd_sev_snp": "", "core_count": 1, "nested_virtualization": "", "threads_per_core": 2}],
        "secondary_network_interface": [], "tags": {}, "tags_all": {}});
    let live = |kind: &str, group: Value| {
        json!({"instance_type": kind, "placement_group_id": group, "cpu_core_count": 1, "cpu_threads_per_core": 2,
            "primary_network_interface": [{"delete_on_termination": true, "network_interface_id": "eni-0a"}],
            "cpu_options": [{"amd_sev_snp": null, "core_count": 1, "nested_virtualization": null, "threads_per_core": 2}],
            "secondary_network_interface": [], "tags_all": {}})
    };
    assert_in_sync("aws_instance", &compared("aws_instance", 2, &state, live("t3.micro", Value::Null)));
    assert_eq!(paths(&compared("aws_instance", 2, &state, live("t3.large", Value::Null))), ["/instance_type"]);
    let moved = compared("aws_instance", 2, &state, live("t3.micro", json!("pg-0a")));
    assert_eq!(paths(&moved), ["/placement_group_id"]);

    let state = json!({"id": "lt-0a0a0a0a", "name": "web", "region": "us-east-1", "ebs_optimized": "true",
        "user_data": "aGVsbG8=", "secondary_interfaces": [], "network_performance_options": [], "tags": {}, "tags_all": {}});
    let live = |user_data: &str| {
        json!({"name": "web", "ebs_optimized": "true", "user_data": user_data, "elastic_gpu_specifications": [],
            "secondary_interfaces": [], "network_performance_options": [], "tags_all": {}})
    };
    assert_in_sync("aws_launch_template", &compared("aws_launch_template", 1, &state, live("aGVsbG8=")));
    let changed = compared("aws_launch_template", 1, &state, live("b3RoZXI="));
    assert_eq!(paths(&changed), ["/user_data"]);
    assert!(!format!("{:?}", changed.drifts).contains("b3RoZXI="), "user data is a secret");

    let state = json!({"id": "fl-0a0a0a0a", "log_destination": "arn:aws:logs:us-east-1:111122223333:log-group:flow",
        "region": "us-east-1", "tag_field_specification": [], "regional_nat_gateway_id": null});
    let live = json!({"log_destination": "arn:aws:logs:us-east-1:111122223333:log-group:flow:*", "log_group_name": "flow",
        "tag_field_specification": [], "regional_nat_gateway_id": null});
    assert_in_sync("aws_flow_log", &compared("aws_flow_log", 1, &state, live));
}

#[test]
fn a_bucket_of_provider_6() {
    let state = json!({"id": "b", "bucket": "b", "region": "us-east-1", "bucket_region": "us-east-1", "tags": {},
        "bucket_namespace": "global", "tags_all": {}});
    // Where it is managed from is not where it lies: with such a state the reader leaves `region` out.
    let live = |region: &str| json!({"bucket": "b", "bucket_region": region, "tags_all": {}});
    assert_in_sync("aws_s3_bucket", &compared("aws_s3_bucket", 0, &state, live("us-east-1")));
    assert_eq!(paths(&compared("aws_s3_bucket", 0, &state, live("eu-west-1"))), ["/bucket_region"]);
    let state = json!({"id": "b", "bucket": "b", "region": "us-east-1", "tags": {}, "tags_all": {}});
    let live = |region: &str| json!({"bucket": "b", "region": region, "bucket_region": region, "tags_all": {}});
    assert_in_sync("aws_s3_bucket", &compared("aws_s3_bucket", 0, &state, live("us-east-1")));
    let remade = compared("aws_s3_bucket", 0, &state, live("eu-west-1"));
    assert_eq!(paths(&remade), ["/region"], "made anew in another region, as provider 5 shows it");

    let kind = "aws_s3_bucket_server_side_encryption_configuration";
    let rule = |blocked: Option<Value>| {
        let mut rule = json!({"apply_server_side_encryption_by_default": [{"sse_algorithm": "AES256", "kms_master_key_id": ""}],
            "bucket_key_enabled": false});
        if let Some(blocked) = blocked {
            rule["blocked_encryption_types"] = blocked;
        }
        json!({"id": "b", "rule": [rule]})
    };
    let live = || rule(Some(json!(["SSE-C"])));
    for held in [None, Some(Value::Null), Some(json!([])), Some(json!(["SSE-C"]))] {
        assert_in_sync(kind, &compared(kind, 0, &rule(held), live()));
    }
    let opened = compared(kind, 0, &rule(Some(json!(["SSE-C"]))), rule(Some(json!(["NONE"]))));
    assert_eq!(paths(&opened), ["/rule"]);
}

/// "1" and "0" of provider 5 against the words of provider 6.
#[test]
fn nullable_switches() {
    let state = |flag: &str| json!({"id": "lt-0a0a0a0a", "ebs_optimized": flag});
    let of = |held: &str, live: Value| {
        let compared = compared("aws_launch_template", 0, &state(held), json!({"ebs_optimized": live}));
        paths(&compared).len()
    };
    assert_eq!((of("1", json!("true")), of("0", json!("false")), of("", Value::Null)), (0, 0, 0));
    assert_eq!((of("1", json!("false")), of("0", json!("true")), of("", json!("true"))), (1, 1, 1));
}

#[test]
fn an_account_in_which_nothing_answers_is_left_alone() {
    let seen = |answers, reason: Option<GapReason>| Seen {
        answers,
        gaps: Vec::from_iter(reason.map(|reason| Gap { reason, scope: GapScope::default(), detail: String::new() })),
        ..Seen::default()
    };
    let hangs = seen(0, Some(GapReason::Timeout));
    let is_too_much = |scopes: &[&Seen]| {
        let unanswered = Unanswered::default();
        scopes.iter().for_each(|scope| unanswered.count(scope));
        unanswered.is_too_much()
    };
    let all = [&hangs; UNANSWERED];
    assert!(is_too_much(&all));
    assert!(!is_too_much(&all[1..]));
    let between = |one: &Seen| {
        let mut scopes = [&hangs; 2 * UNANSWERED - 1];
        scopes[UNANSWERED - 1] = one;
        is_too_much(&scopes)
    };
    // With nothing in it: that is an answer, too.
    for answered in [seen(1, None), seen(3, Some(GapReason::Timeout)), seen(1, Some(GapReason::Denied))] {
        assert!(!between(&answered), "some regions hang, and not the account");
    }
    assert!(between(&seen(0, None)), "no call was made there");
}
