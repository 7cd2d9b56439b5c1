//! Stories of what ends and what does not: rules, resources, hosts; and of what is kept of many events.

use super::*;

#[test]
fn a_correction_says_whom_it_replaces() {
    let late = json!({"addendum": {"reason": "UPDATED_DATA", "updatedFields": "userIdentity", "originalEventID": "1-ann-ModifyInstanceAttribute"}});
    let events = [resized(1, "ann", "m5.large", json!({})), resized(1, "bob", "m5.large", late)];
    assert_eq!(
        attributed(&instance("m5.large"), &events),
        "bob certain: 1-bob-ModifyInstanceAttribute[/instance_type]"
    );
    let drift = instance("m5.large");
    let mut collector = Collector::new(std::slice::from_ref(&drift));
    events.iter().for_each(|text| collector.accept(parse(text).unwrap()));
    let explanation = correlate(&collector, &Settings::default()).remove(0).unwrap();
    let reasons = &explanation.attributions[0].reasons;
    assert!(
        reasons.iter().any(|reason| reason.ends_with("corrects event 1-ann-ModifyInstanceAttribute, which named ann")),
        "{reasons:?}"
    );
}

#[test]
fn altering_one_rule_does_not_remove_another() {
    let drift = changed(
        "aws_security_group",
        json!({"id": GROUP}),
        vec![elements(
            "/ingress",
            json!([rule(443, "10.0.0.0/8"), rule(22, "10.0.0.0/8")]),
            json!([rule(443, "0.0.0.0/0")]),
        )],
    );
    let modify = json!({"ModifySecurityGroupRulesRequest": {"GroupId": GROUP, "SecurityGroupRule": {"tag": 1, "SecurityGroupRuleId": "sgr-0123456789ab",
        "SecurityGroupRule": {"CidrIpv4": "0.0.0.0/0", "FromPort": 443, "ToPort": 443, "IpProtocol": "tcp"}}}});
    let events = [
        event(1, "bob", "ec2:RevokeSecurityGroupIngress", authorize(22, "10.0.0.0/8"), json!({})),
        event(2, "ann", "ec2:ModifySecurityGroupRules", modify, json!({})),
    ];
    assert_eq!(
        attributed(&drift, &events),
        "ann certain: 2-ann-ModifySecurityGroupRules[/ingress]\nbob certain: 1-bob-RevokeSecurityGroupIngress[/ingress]"
    );
    let role = drift_of_inline_policies();
    let put = |second, user, name: &str| {
        event(
            second,
            user,
            "iam:PutRolePolicy",
            json!({"roleName": "web", "policyName": name, "policyDocument": "{}"}),
            json!({"awsRegion": "us-east-1"}),
        )
    };
    let delete = event(
        1,
        "bob",
        "iam:DeleteRolePolicy",
        json!({"roleName": "web", "policyName": "logs"}),
        json!({"awsRegion": "us-east-1"}),
    );
    assert_eq!(
        attributed(&role, &[delete, put(2, "ann", "other")]),
        "bob certain: 1-bob-DeleteRolePolicy[/inline_policy]"
    );
}

fn drift_of_inline_policies() -> Drift {
    let policy = json!([{"name": "logs", "policy": "{\"Statement\":[]}"}]);
    drift(
        DriftStatus::Changed,
        "aws_iam_role",
        "global",
        json!({"id": "web", "name": "web"}),
        Value::Null,
        vec![elements("/inline_policy", policy, json!([]))],
    )
}

#[test]
fn what_makes_a_resource_does_not_end_it() {
    let logging = json!({"id": "acme", "bucket": "acme", "target_bucket": "acme-logs", "target_prefix": "web/"});
    let gone = drift(DriftStatus::Missing, "aws_s3_bucket_logging", "global", logging, Value::Null, vec![]);
    let put = |second, user, status: Value| {
        event(
            second,
            user,
            "s3:PutBucketLogging",
            json!({"bucketName": "acme", "logging": "", "BucketLoggingStatus": status}),
            json!({}),
        )
    };
    let on = put(1, "pipeline", json!({"LoggingEnabled": {"TargetBucket": "acme-logs", "TargetPrefix": "web/"}}));
    assert_eq!(attributed(&gone, std::slice::from_ref(&on)), "");
    assert_eq!(attributed(&gone, &[on, put(2, "ann", json!({"xmlns": "x"}))]), "ann certain: 2-ann-PutBucketLogging[]");
    let association = json!({"id": "rtbassoc-0123456789ab", "route_table_id": "rtb-0123456789ab", "subnet_id": "subnet-0123456789ab"});
    let gone =
        drift(DriftStatus::Missing, "aws_route_table_association", "eu-west-1", association, Value::Null, vec![]);
    let replace = |second, user, old: &str, table: &str, new: &str| {
        event(
            second,
            user,
            "ec2:ReplaceRouteTableAssociation",
            json!({"associationId": old, "routeTableId": table}),
            json!({"responseElements": {"newAssociationId": new}}),
        )
    };
    let made = replace(1, "pipeline", "rtbassoc-0000000000aa", "rtb-0123456789ab", "rtbassoc-0123456789ab");
    assert_eq!(attributed(&gone, std::slice::from_ref(&made)), "");
    let moved = replace(2, "ann", "rtbassoc-0123456789ab", "rtb-0fffffffffff", "rtbassoc-0000000000bb");
    assert_eq!(attributed(&gone, &[made, moved]), "ann certain: 2-ann-ReplaceRouteTableAssociation[]");
}

#[test]
fn what_goes_down_with_its_host() {
    let attachment =
        json!({"id": "vai-1", "volume_id": "vol-0123456789ab", "instance_id": INSTANCE, "device_name": "/dev/sdf"});
    let gone = drift(DriftStatus::Missing, "aws_volume_attachment", "eu-west-1", attachment, Value::Null, vec![]);
    let terminate = json!({"instancesSet": {"items": [{"instanceId": INSTANCE}]}});
    assert_eq!(
        attributed(&gone, &[event(5, "ann", "ec2:TerminateInstances", terminate, json!({}))]),
        "ann certain: 5-ann-TerminateInstances[]"
    );
}

#[test]
fn of_a_resource_written_every_minute_the_newest_events_are_kept() {
    let drift = instance("m5.large");
    let mut collector = Collector::new(std::slice::from_ref(&drift));
    for number in 0..5_000_u32 {
        let late = resized(
            number % 60,
            "automation",
            if number == 4_999 { "m5.large" } else { "t3.nano" },
            json!({"eventID": format!("e{number}"),
            "eventTime": format!("2026-01-{:02}T{:02}:{:02}:{:02}Z", 1 + number / 1440, number / 60 % 24, number % 60, number % 60)}),
        );
        collector.accept(parse(&late).unwrap());
    }
    assert!(collector.events_of(0).count() <= 2_000);
    let omitted: Vec<_> = collector.omitted_events().collect();
    assert!(matches!(omitted.as_slice(), [(0, detail)] if detail.contains("were left out")), "{omitted:?}");
    let explanation = correlate(&collector, &Settings::default()).remove(0).unwrap();
    assert_eq!(explanation.attributions[0].events[0].event_id, "e4999");
}

/// Deleted and made anew under its old name: named is who made the one that is there, by the id that the answer shows.
#[test]
fn who_made_it_anew() {
    let of = |kind: &str, what: Value, path: &str, old: &str, new: &str| {
        drift(DriftStatus::Changed, kind, "global", what.clone(), what, vec![change(path, json!(old), json!(new))])
    };
    let answer = |value: Value| json!({"responseElements": value});
    let (user, policy) =
        (json!({"id": "ci", "name": "ci"}), json!({"id": "arn:aws:iam::123456789012:policy/read", "name": "read"}));
    for (drift, deleted, made, request, answered) in [
        (
            of("aws_iam_user", user, "/unique_id", "AIDAOLD00000000000001", "AIDANEW00000000000001"),
            ("iam:DeleteUser", json!({"userName": "ci"})),
            "iam:CreateUser",
            json!({"userName": "ci"}),
            (|id| json!({"user": {"userName": "ci", "userId": format!("AIDA{id}00000000000001"), "arn": "arn:aws:iam::123456789012:user/ci"}}))
                as fn(&str) -> Value,
        ),
        (
            of("aws_iam_policy", policy, "/policy_id", "ANPAOLD00000000000001", "ANPANEW00000000000001"),
            ("iam:DeletePolicy", json!({"policyArn": "arn:aws:iam::123456789012:policy/read"})),
            "iam:CreatePolicy",
            json!({"policyName": "read", "policyDocument": "{}"}),
            |id| json!({"policy": {"policyName": "read", "policyId": format!("ANPA{id}00000000000001"), "arn": "arn:aws:iam::123456789012:policy/read"}}),
        ),
    ] {
        let events = [
            event(1, "ci", made, request.clone(), answer(answered("OLD"))),
            event(5, "bob", deleted.0, deleted.1, json!({})),
            event(7, "ann", made, request, answer(answered("NEW"))),
        ];
        let call = made.split_once(':').unwrap().1;
        let told = attributed(&drift, &events);
        assert!(told.starts_with(&format!("ann certain: 7-ann-{call}[")), "{told}");
    }
}

/// The pipeline takes a tag away and puts it back, then a person takes it away.
#[test]
fn a_tag_that_was_there_and_back() {
    let role = json!({"id": "app", "name": "app", "arn": "arn:aws:iam::123456789012:role/app"});
    let drift = drift(
        DriftStatus::Changed,
        "aws_iam_role",
        "global",
        role.clone(),
        role,
        vec![change("/tags/owner", json!("web"), Value::Null)],
    );
    let tags = json!([{"key": "owner", "value": "web"}]);
    let untag = || json!({"roleName": "app", "tagKeys": ["owner"]});
    let events = [
        event(1, "ci", "iam:CreateRole", json!({"roleName": "app", "tags": tags}), json!({})),
        event(20, "ci", "iam:UntagRole", untag(), json!({})),
        event(22, "ci", "iam:TagRole", json!({"roleName": "app", "tags": tags}), json!({})),
        event(23, "ann", "iam:UntagRole", untag(), json!({})),
    ];
    assert_eq!(attributed(&drift, &events), "ann certain: 23-ann-UntagRole[/tags/owner]");
}

/// A VPC's IPv6 block goes by the id of its association; an IPv4 block that went before is another one.
#[test]
fn the_block_that_went() {
    let vpc = json!({"id": "vpc-0a1b2c3d", "ipv6_association_id": "vpc-cidr-assoc-0000000b"});
    let drift = drift(
        DriftStatus::Changed,
        "aws_vpc",
        "eu-west-1",
        vpc,
        json!({"id": "vpc-0a1b2c3d", "ipv6_association_id": ""}),
        vec![change("/ipv6_cidr_block", json!("2600:b::/56"), json!(""))],
    );
    let gone = |second, user, association: &str| {
        let answer = json!({"responseElements": {"vpcId": "vpc-0a1b2c3d"}});
        event(second, user, "ec2:DisassociateVpcCidrBlock", json!({"associationId": association}), answer)
    };
    let events = [gone(1, "bob", "vpc-cidr-assoc-0000000a"), gone(5, "mallory", "vpc-cidr-assoc-0000000b")];
    assert_eq!(attributed(&drift, &events), "mallory certain: 5-mallory-DisassociateVpcCidrBlock[/ipv6_cidr_block]");
}
