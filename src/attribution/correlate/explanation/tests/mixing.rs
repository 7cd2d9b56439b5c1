//! Stories of things that look alike and must not be taken for one another: directions, rules, names, disks, versions.

use super::*;

#[test]
fn who_adds_to_a_resource_did_not_make_it() {
    let group = drift(
        DriftStatus::Unmanaged,
        "aws_security_group",
        "eu-west-1",
        Value::Null,
        json!({"id": GROUP, "name": "web"}),
        vec![],
    );
    let create = event(
        1,
        "ann",
        "ec2:CreateSecurityGroup",
        json!({"groupName": "web"}),
        json!({"responseElements": {"groupId": GROUP}}),
    );
    let open = event(2, "bob", "ec2:AuthorizeSecurityGroupIngress", authorize(22, "0.0.0.0/0"), json!({}));
    assert_eq!(attributed(&group, &[create, open.clone()]), "ann certain: 1-ann-CreateSecurityGroup[]");
    assert_eq!(attributed(&group, &[open]), "", "older than what was read");
    let bucket = drift(
        DriftStatus::Unmanaged,
        "aws_s3_bucket",
        "global",
        Value::Null,
        json!({"id": "acme", "bucket": "acme"}),
        vec![],
    );
    let encrypt = event(1, "bob", "s3:PutBucketEncryption", json!({"bucketName": "acme"}), json!({}));
    assert_eq!(attributed(&bucket, &[encrypt]), "");
}

#[test]
fn directions_do_not_mix() {
    let egress = changed(
        "aws_security_group",
        json!({"id": GROUP}),
        vec![elements("/egress", json!([]), json!([rule(443, "0.0.0.0/0")]))],
    );
    let events = [
        event(1, "ann", "ec2:AuthorizeSecurityGroupEgress", authorize(443, "0.0.0.0/0"), json!({})),
        event(2, "bob", "ec2:AuthorizeSecurityGroupIngress", authorize(443, "0.0.0.0/0"), json!({})),
    ];
    assert_eq!(attributed(&egress, &events), "ann certain: 1-ann-AuthorizeSecurityGroupEgress[/egress]");
    let attributes = json!({"id": "sgrule-1", "security_group_id": GROUP, "type": "egress", "protocol": "tcp", "from_port": 443, "to_port": 443, "cidr_blocks": ["0.0.0.0/0"]});
    let gone = drift(DriftStatus::Missing, "aws_security_group_rule", "eu-west-1", attributes, Value::Null, vec![]);
    let events = [
        event(1, "ann", "ec2:RevokeSecurityGroupEgress", authorize(443, "0.0.0.0/0"), json!({})),
        event(2, "bob", "ec2:RevokeSecurityGroupIngress", authorize(443, "0.0.0.0/0"), json!({})),
    ];
    assert_eq!(attributed(&gone, &events), "ann certain: 1-ann-RevokeSecurityGroupEgress[]");
    let entry = json!({"rule_no": 100, "action": "allow", "protocol": "6", "from_port": 22, "to_port": 22, "cidr_block": "10.0.0.0/8"});
    let acl = changed(
        "aws_network_acl",
        json!({"id": "acl-0123456789ab"}),
        vec![elements("/ingress", json!([entry]), json!([]))],
    );
    let delete = |second, user, egress: bool| {
        event(
            second,
            user,
            "ec2:DeleteNetworkAclEntry",
            json!({"networkAclId": "acl-0123456789ab", "ruleNumber": 100, "egress": egress}),
            json!({}),
        )
    };
    assert_eq!(
        attributed(&acl, &[delete(1, "ann", false), delete(2, "bob", true)]),
        "ann certain: 1-ann-DeleteNetworkAclEntry[/ingress]"
    );
}

#[test]
fn rules_that_share_ports_are_not_one() {
    let attributes = json!({"id": "sgrule-1", "security_group_id": GROUP, "type": "ingress", "protocol": "tcp", "from_port": 443, "to_port": 443, "cidr_blocks": ["10.0.0.0/8"]});
    let gone = drift(DriftStatus::Missing, "aws_security_group_rule", "eu-west-1", attributes, Value::Null, vec![]);
    let from_group = json!({"groupId": GROUP, "ipPermissions": {"items": [{"ipProtocol": "tcp", "fromPort": 443, "toPort": 443,
        "groups": {"items": [{"groupId": "sg-0fffffffffff"}]}, "ipRanges": {}}]}});
    let events = [
        event(1, "ann", "ec2:RevokeSecurityGroupIngress", authorize(443, "10.0.0.0/8"), json!({})),
        event(2, "bob", "ec2:RevokeSecurityGroupIngress", from_group, json!({})),
    ];
    assert_eq!(attributed(&gone, &events), "ann certain: 1-ann-RevokeSecurityGroupIngress[]");
    let mut own = rule(443, "");
    own["cidr_blocks"] = json!([]);
    own["self"] = json!(true);
    let opened =
        changed("aws_security_group", json!({"id": GROUP}), vec![elements("/ingress", json!([]), json!([own]))]);
    assert_eq!(
        attributed(
            &opened,
            &[event(1, "bob", "ec2:AuthorizeSecurityGroupIngress", authorize(443, "0.0.0.0/0"), json!({}))]
        ),
        ""
    );
}

#[test]
fn what_is_gone_cannot_go_again() {
    let attributes = json!({"id": "sgrule-1", "security_group_id": GROUP, "type": "ingress", "protocol": "tcp", "from_port": 443, "to_port": 443, "cidr_blocks": ["10.0.0.0/8"]});
    let gone = drift(DriftStatus::Missing, "aws_security_group_rule", "eu-west-1", attributes, Value::Null, vec![]);
    let revoke = event(1, "ann", "ec2:RevokeSecurityGroupIngress", authorize(443, "10.0.0.0/8"), json!({}));
    let delete = event(2, "bob", "ec2:DeleteSecurityGroup", json!({"groupId": GROUP}), json!({}));
    assert_eq!(attributed(&gone, &[revoke, delete]), "ann certain: 1-ann-RevokeSecurityGroupIngress[]");
    let policy = drift(
        DriftStatus::Missing,
        "aws_s3_bucket_policy",
        "global",
        json!({"id": "acme", "bucket": "acme"}),
        Value::Null,
        vec![],
    );
    let delete = |second, user| {
        event(second, user, "s3:DeleteBucketPolicy", json!({"bucketName": "acme", "policy": ""}), json!({}))
    };
    assert_eq!(
        attributed(&policy, &[delete(1, "ann"), delete(2, "bob")]),
        "ann certain: 1-ann-DeleteBucketPolicy[] (bob: did the same again)"
    );
}

#[test]
fn who_writes_all_again_changed_only_the_rest() {
    let drift = changed(
        "aws_s3_bucket",
        json!({"id": "acme", "bucket": "acme"}),
        vec![change("/tags/env", json!("prod"), json!("x")), change("/tags/owner", Value::Null, json!("bob"))],
    );
    let put = |second, user, tags: Value| {
        event(
            second,
            user,
            "s3:PutBucketTagging",
            json!({"bucketName": "acme", "tagging": [""], "Tagging": {"TagSet": {"Tag": tags}}}),
            json!({}),
        )
    };
    let events = [
        put(1, "ann", json!([{"Key": "env", "Value": "x"}])),
        put(2, "bob", json!([{"Key": "env", "Value": "x"}, {"Key": "owner", "Value": "bob"}])),
    ];
    assert_eq!(
        attributed(&drift, &events),
        "bob certain: 2-bob-PutBucketTagging[/tags/owner]\nann certain: 1-ann-PutBucketTagging[/tags/env] (bob: wrote the same again)"
    );
    let lifecycle = event(
        3,
        "cy",
        "s3:PutBucketLifecycle",
        json!({"bucketName": "acme", "LifecycleConfiguration": {"Rule": {"Filter": {"Tag": {"Key": "env", "Value": "x"}}}}}),
        json!({}),
    );
    assert_eq!(attributed(&drift, &[lifecycle]), "");
}

#[test]
fn names_of_policies_and_roles_do_not_mix() {
    let gone = drift(
        DriftStatus::Missing,
        "aws_iam_role_policy",
        "global",
        json!({"id": "web:web", "role": "web", "name": "web", "policy": "{}"}),
        Value::Null,
        vec![],
    );
    let delete = |user, name: &str| {
        event(
            1,
            user,
            "iam:DeleteRolePolicy",
            json!({"roleName": "web", "policyName": name}),
            json!({"awsRegion": "us-east-1"}),
        )
    };
    assert_eq!(attributed(&gone, &[delete("bob", "other")]), "");
    assert_eq!(attributed(&gone, &[delete("ann", "web")]), "ann certain: 1-ann-DeleteRolePolicy[]");
}

#[test]
fn disks_are_objects_of_their_own() {
    let attributes = json!({"id": INSTANCE, "root_block_device": [{"volume_id": "vol-0aaaaaaaaaaa", "device_name": "/dev/xvda"}],
        "ebs_block_device": [{"volume_id": "vol-0bbbbbbbbbbb", "device_name": "/dev/sdb"}]});
    let named = changed("aws_instance", attributes.clone(), vec![change("/tags/Name", json!("web"), json!("web-2"))]);
    let tag = |second, user, id: &str| {
        event(
            second,
            user,
            "ec2:CreateTags",
            json!({"resourcesSet": {"items": [{"resourceId": id}]}, "tagSet": {"items": [{"key": "Name", "value": "web-2"}]}}),
            json!({}),
        )
    };
    assert_eq!(
        attributed(&named, &[tag(1, "ann", INSTANCE), tag(2, "script", "vol-0aaaaaaaaaaa")]),
        "ann certain: 1-ann-CreateTags[/tags/Name]"
    );
    let root = changed(
        "aws_instance",
        attributes,
        vec![
            change("/root_block_device/0/volume_size", json!(8), json!(50)),
            change("/root_block_device/0/tags/Name", Value::Null, json!("web-2")),
        ],
    );
    let grow = |second, user, id: &str| {
        event(second, user, "ec2:ModifyVolume", json!({"ModifyVolumeRequest": {"VolumeId": id, "Size": 50}}), json!({}))
    };
    let events = [
        grow(1, "ann", "vol-0aaaaaaaaaaa"),
        grow(2, "bob", "vol-0bbbbbbbbbbb"),
        tag(3, "cy", "vol-0aaaaaaaaaaa"),
        tag(4, "dan", INSTANCE),
    ];
    assert_eq!(
        attributed(&root, &events),
        "cy certain: 3-cy-CreateTags[/root_block_device/0/tags/Name]\nann certain: 1-ann-ModifyVolume[/root_block_device/0/volume_size]"
    );
}

#[test]
fn a_version_counts_when_it_is_the_default() {
    let arn = "arn:aws:iam::123456789012:policy/ops";
    let document = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})
        .to_string();
    let policy = drift(
        DriftStatus::Changed,
        "aws_iam_policy",
        "global",
        json!({"id": arn, "arn": arn}),
        Value::Null,
        vec![change("/policy", json!("{}"), json!(document))],
    );
    let home = |mut more: Value| {
        more["awsRegion"] = json!("us-east-1");
        more
    };
    let upload = event(
        1,
        "ann",
        "iam:CreatePolicyVersion",
        json!({"policyArn": arn, "policyDocument": document}),
        home(json!({"responseElements": {"policyVersion": {"versionId": "v3"}}})),
    );
    let switch =
        event(2, "bob", "iam:SetDefaultPolicyVersion", json!({"policyArn": arn, "versionId": "v3"}), home(json!({})));
    assert_eq!(attributed(&policy, &[upload, switch]), "bob certain: 2-bob-SetDefaultPolicyVersion[/policy]");
}

#[test]
fn groups_taken_off_a_machine_and_shared_images() {
    let off = changed(
        "aws_instance",
        json!({"id": INSTANCE}),
        vec![elements("/vpc_security_group_ids", json!(["sg-0fffffffffff"]), json!([]))],
    );
    let modify = event(
        1,
        "ann",
        "ec2:ModifyInstanceAttribute",
        json!({"instanceId": INSTANCE, "groupSet": {"items": [{"groupId": GROUP}]}}),
        json!({}),
    );
    assert_eq!(attributed(&off, &[modify]), "ann certain: 1-ann-ModifyInstanceAttribute[/vpc_security_group_ids]");
    let image = json!({"id": "x", "image_id": "ami-0123456789ab", "account_id": "210987654321"});
    let share = |second, user, how: &str, account: &str| {
        event(
            second,
            user,
            "ec2:ModifyImageAttribute",
            json!({"imageId": "ami-0123456789ab", "launchPermission": {how: {"items": [{"userId": account}]}}, "attributeType": "launchPermission"}),
            json!({}),
        )
    };
    let shared =
        drift(DriftStatus::Unmanaged, "aws_ami_launch_permission", "eu-west-1", Value::Null, image.clone(), vec![]);
    assert_eq!(
        attributed(&shared, &[share(1, "ann", "add", "210987654321"), share(2, "bob", "add", "999999999999")]),
        "ann certain: 1-ann-ModifyImageAttribute[]"
    );
}

#[test]
fn whole_settings_that_share_a_value() {
    let rule = |methods: Value, origin: &str| json!({"allowed_methods": methods, "allowed_origins": [origin], "allowed_headers": [], "max_age_seconds": 3000});
    let drift = changed(
        "aws_s3_bucket_cors_configuration",
        json!({"id": "acme", "bucket": "acme"}),
        vec![elements(
            "/cors_rule",
            json!([rule(json!(["GET"]), "https://example.com")]),
            json!([rule(json!(["GET", "PUT"]), "*")]),
        )],
    );
    let put = |second, user, methods: Value, origin: &str| {
        let rule = json!({"AllowedMethod": methods, "AllowedOrigin": origin, "MaxAgeSeconds": 3000});
        event(
            second,
            user,
            "s3:PutBucketCors",
            json!({"bucketName": "acme", "cors": "", "CORSConfiguration": {"CORSRule": rule}}),
            json!({}),
        )
    };
    let events = [put(1, "pipeline", json!("GET"), "https://example.com"), put(2, "ann", json!(["GET", "PUT"]), "*")];
    assert_eq!(attributed(&drift, &events), "ann certain: 2-ann-PutBucketCors[/cors_rule]");
}

#[test]
fn a_policy_of_aws_is_not_ours_of_the_same_name() {
    let mine = "arn:aws:iam::123456789012:policy/ReadOnlyAccess";
    let drift = drift(
        DriftStatus::Changed,
        "aws_iam_policy_attachment",
        "global",
        json!({"id": "ReadOnlyAccess", "policy_arn": mine}),
        Value::Null,
        vec![elements("/roles", json!([]), json!(["web"]))],
    );
    let attach = |second, user, arn: &str| {
        event(
            second,
            user,
            "iam:AttachRolePolicy",
            json!({"roleName": "web", "policyArn": arn}),
            json!({"awsRegion": "us-east-1"}),
        )
    };
    let events = [attach(1, "ann", mine), attach(2, "bob", "arn:aws:iam::aws:policy/ReadOnlyAccess")];
    assert_eq!(attributed(&drift, &events), "ann certain: 1-ann-AttachRolePolicy[/roles]");
}
