//! Stories of settings that several people wrote: whose result is live, who only wrote it again, and what was another thing
//! of the same name.

use super::*;

fn lifecycle(second: u32, user: &str, rules: Value) -> String {
    let request = json!({"bucketName": "acme", "lifecycle": "", "LifecycleConfiguration": {"Rule": rules}});
    event(second, user, "s3:PutBucketLifecycle", request, json!({}))
}

fn configured(kind: &str, changes: Vec<Change>) -> Drift {
    drift(DriftStatus::Changed, kind, "global", json!({"id": "acme", "bucket": "acme"}), Value::Null, changes)
}

fn rules_of_bucket(removed: Value, added: Value) -> Drift {
    configured("aws_s3_bucket_lifecycle_configuration", vec![elements("/rule", removed, added)])
}

#[test]
fn the_name_of_one_rule_and_the_status_of_another_are_no_third() {
    let rule = |id: &str, status: &str| json!({"ID": id, "Status": status, "Filter": {"Prefix": ""}});
    let live = |id: &str, status: &str| json!({"id": id, "status": status, "filter": [{"prefix": ""}]});
    let drift = rules_of_bucket(json!([live("a", "Disabled")]), json!([live("a", "Enabled")]));
    let older = |id: &str, enabled: bool| json!({"id": id, "enabled": enabled});
    let in_bucket =
        configured("aws_s3_bucket", vec![elements("/lifecycle_rule", json!([older("a", true)]), json!([]))]);
    let events = [
        lifecycle(1, "pipeline", json!([rule("a", "Disabled"), rule("b", "Enabled")])),
        lifecycle(2, "ann", json!([rule("a", "Enabled"), rule("b", "Enabled")])),
    ];
    assert_eq!(attributed(&drift, &events), "ann certain: 2-ann-PutBucketLifecycle[/rule]");
    assert_eq!(attributed(&drift, &events[..1]), "", "the pipeline did not switch it on");
    let without = lifecycle(3, "cy", json!([rule("b", "Enabled")]));
    assert_eq!(
        attributed(&in_bucket, &[events[1].clone(), without]),
        "cy certain: 3-cy-PutBucketLifecycle[/lifecycle_rule]"
    );
    // Who adds another rule beside it writes this one again.
    let again = lifecycle(3, "bob", json!([rule("c", "Enabled"), rule("a", "Enabled")]));
    let [first, second] = events;
    assert_eq!(
        attributed(&drift, &[first, second, again]),
        "ann certain: 2-ann-PutBucketLifecycle[/rule] (bob: wrote the same again)"
    );
}

#[test]
fn who_takes_something_out_of_a_rule_did_not_write_it_again() {
    let drift = rules_of_bucket(json!([]), json!([{"id": "a", "status": "Enabled"}]));
    let events = [
        lifecycle(1, "ann", json!([{"ID": "a", "Status": "Enabled", "Expiration": {"Days": 1}}])),
        lifecycle(2, "bob", json!([{"ID": "a", "Status": "Enabled"}])),
    ];
    assert_eq!(attributed(&drift, &events), "bob certain: 2-bob-PutBucketLifecycle[/rule]");
}

#[test]
fn what_is_gone_already_is_taken_away_by_nobody_else() {
    let rule = |id: &str| json!({"ID": id, "Status": "Enabled"});
    let live = |id: &str| json!({"id": id, "status": "Enabled"});
    let drift = rules_of_bucket(json!([live("x")]), json!([live("z")]));
    let events = [
        lifecycle(1, "pipeline", json!([rule("x"), rule("y")])),
        lifecycle(2, "bob", json!([rule("y")])),
        lifecycle(3, "cy", json!([rule("y"), rule("z")])),
    ];
    assert_eq!(
        attributed(&drift, &events),
        "cy certain: 3-cy-PutBucketLifecycle[/rule]\nbob certain: 2-bob-PutBucketLifecycle[/rule] (cy: wrote the same again)"
    );
}

#[test]
fn a_block_inside_a_rule_has_a_status_of_its_own() {
    let drift = drift(
        DriftStatus::Changed,
        "aws_s3_bucket_replication_configuration",
        "global",
        json!({"id": "acme", "bucket": "acme"}),
        json!({"rule": [{"id": "a", "status": "Enabled", "delete_marker_replication": [{"status": "Enabled"}]}]}),
        vec![change("/rule/0/delete_marker_replication/0/status", Value::Null, json!("Enabled"))],
    );
    let put = |second, user, more: Value| {
        let mut rule = json!({"ID": "a", "Status": "Enabled", "Destination": {"Bucket": "arn:aws:s3:::other-1"}});
        rule.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let request = json!({"bucketName": "acme", "replication": "", "ReplicationConfiguration": {"Rule": rule}});
        event(second, user, "s3:PutBucketReplication", request, json!({}))
    };
    let events =
        [put(1, "pipeline", json!({})), put(2, "ann", json!({"DeleteMarkerReplication": {"Status": "Enabled"}}))];
    assert_eq!(
        attributed(&drift, &events),
        "ann certain: 2-ann-PutBucketReplication[/rule/0/delete_marker_replication/0/status]"
    );
}

#[test]
fn what_was_set_on_one_that_is_gone_is_not_live() {
    let policy = r#"{"Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"*"}]}"#;
    let drift = configured("aws_s3_bucket_policy", vec![change("/policy", json!("{}"), json!(policy))]);
    let put = |second, user| {
        event(
            second,
            user,
            "s3:PutBucketPolicy",
            json!({"bucketName": "acme", "policy": "", "bucketPolicy": serde_json::from_str::<Value>(policy).unwrap()}),
            json!({}),
        )
    };
    for end in ["s3:DeleteBucketPolicy", "s3:DeleteBucket"] {
        let gone = event(2, "bob", end, json!({"bucketName": "acme"}), json!({}));
        assert_eq!(
            attributed(&drift, &[put(1, "ann"), gone.clone(), put(3, "cy")]),
            "cy certain: 3-cy-PutBucketPolicy[/policy]"
        );
        assert_eq!(
            attributed(&drift, &[put(1, "ann"), gone]),
            "ann possible: 1-ann-PutBucketPolicy[/policy] (bob: ended it or made it anew afterwards; who set it since was not seen)"
        );
    }
    let role = drift_of_session_hours();
    let home = json!({"awsRegion": "us-east-1"});
    let update = |second, user| {
        let request = json!({"roleName": "web", "maxSessionDuration": 43200});
        event(second, user, "iam:UpdateRole", request, home.clone())
    };
    let made =
        event(2, "bob", "iam:CreateRole", json!({"roleName": "web", "assumeRolePolicyDocument": "{}"}), home.clone());
    assert_eq!(
        attributed(&role, &[update(1, "ann"), made, update(3, "cy")]),
        "cy certain: 3-cy-UpdateRole[/max_session_duration]"
    );
}

fn drift_of_session_hours() -> Drift {
    let hours = change("/max_session_duration", json!(3600), json!(43200));
    drift(DriftStatus::Changed, "aws_iam_role", "global", json!({"id": "web", "name": "web"}), Value::Null, vec![hours])
}

/// The ids of events say nothing of their order: whatever they are, the answer is the same.
#[test]
fn within_a_second_no_order_is_known() {
    let size = |second, user: &str, size: &str, id: &str| resized(second, user, size, json!({"eventID": id}));
    for (one, two) in [("a", "b"), ("b", "a")] {
        // Whoever set another value in the same second came before.
        let events = [size(1, "ann", "m5.large", "0"), size(2, "cy", "t3.nano", one), size(2, "bob", "m5.large", two)];
        assert_eq!(attributed(&instance("m5.large"), &events), format!("bob certain: {two}[/instance_type]"));
        // But not, where the same was written later again.
        let events = [size(2, "cy", "t3.nano", one), size(2, "ann", "m5.large", two), size(3, "bob", "m5.large", "c")];
        let told = attributed(&instance("m5.large"), &events);
        assert!(told.contains("possible") && ["ann", "bob", "cy"].iter().all(|name| told.contains(name)), "{told}");
    }
    let hours = |user: &str, id: &str, request: Value| {
        event(1, user, "iam:UpdateRole", request, json!({"awsRegion": "us-east-1", "eventID": id}))
    };
    for (one, two) in [("a", "b"), ("b", "a")] {
        let hidden = json!({"roleName": "web", "maxSessionDuration": "****"});
        let events =
            [hours("ann", one, json!({"roleName": "web", "maxSessionDuration": 43200})), hours("bob", two, hidden)];
        assert_eq!(
            attributed(&drift_of_session_hours(), &events),
            format!(
                "ann likely: {one}[/max_session_duration] (bob: touched it in the same second; the value is hidden)"
            )
        );
    }
}

#[test]
fn ended_and_made_in_one_second() {
    let policy = json!({"id": "acme", "bucket": "acme"});
    let unmanaged = drift(DriftStatus::Unmanaged, "aws_s3_bucket", "global", Value::Null, policy, vec![]);
    let bucket = |second, user: &str, call: &str, id: &str| {
        event(second, user, call, json!({"bucketName": "acme"}), json!({"eventID": id}))
    };
    for (one, two) in [("a", "b"), ("b", "a")] {
        let events = [bucket(1, "ann", "s3:DeleteBucket", one), bucket(1, "bob", "s3:CreateBucket", two)];
        assert_eq!(attributed(&unmanaged, &events), format!("bob certain: {two}[]"));
    }
}

/// The pipeline took the default rule of a new group away and wrote its own, alike, in one second; somebody revoked that by its id.
#[test]
fn revoked_by_id_what_was_written_alike_in_one_second() {
    let everywhere = json!({"cidr_blocks": ["0.0.0.0/0"], "protocol": "-1", "from_port": 0, "to_port": 0});
    let drift =
        changed("aws_security_group", json!({"id": GROUP}), vec![elements("/egress", json!([everywhere]), json!([]))]);
    let permission = json!({"items": [{"ipProtocol": "-1", "ipRanges": {"items": [{"cidrIp": "0.0.0.0/0"}]}}]});
    let by_tuple = json!({"groupId": GROUP, "ipPermissions": permission});
    let answer = json!({"securityGroupRuleSet": {"items": [{"groupId": GROUP, "securityGroupRuleId": "sgr-0a1b2c3d",
        "isEgress": true, "ipProtocol": "-1", "fromPort": -1, "toPort": -1, "cidrIpv4": "0.0.0.0/0"}]}});
    for (one, two) in [("a", "b"), ("b", "a")] {
        for name in ["securityGroupRuleIds", "securityGroupRuleIdSet"] {
            let by_id = json!({"groupId": GROUP, name: {"items": [{"securityGroupRuleId": "sgr-0a1b2c3d"}]}});
            let events = [
                event(1, "ci", "ec2:RevokeSecurityGroupEgress", by_tuple.clone(), json!({"eventID": one})),
                event(
                    1,
                    "ci",
                    "ec2:AuthorizeSecurityGroupEgress",
                    by_tuple.clone(),
                    json!({"eventID": two, "responseElements": answer}),
                ),
                event(9, "bob", "ec2:RevokeSecurityGroupEgress", by_id, json!({"eventID": "c"})),
            ];
            assert_eq!(attributed(&drift, &events), "bob certain: c[/egress]", "{name}");
        }
    }
}

/// An empty filter and none are the same to the rules of comparison: what the pipeline wrote fits both sides, and it did not make them differ.
#[test]
fn who_wrote_what_the_state_recorded_did_not_change_it() {
    let filter = change("/rule/0/filter", json!([{"prefix": ""}]), json!([]));
    let drift = drift(
        DriftStatus::Changed,
        "aws_s3_bucket_lifecycle_configuration",
        "global",
        json!({"id": "acme", "bucket": "acme"}),
        Value::Null,
        vec![filter],
    );
    let put = |second, user: &str, rule: Value| {
        let request = json!({"bucketName": "acme", "LifecycleConfiguration": {"Rule": rule}});
        event(second, user, "s3:PutBucketLifecycle", request, json!({"awsRegion": "us-east-1"}))
    };
    let days = json!({"Days": 30});
    let events = [
        put(1, "ci", json!({"ID": "a", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": days})),
        put(5, "bob", json!({"ID": "a", "Status": "Enabled", "Prefix": "", "Expiration": days})),
    ];
    assert_eq!(attributed(&drift, &events), "bob certain: 5-bob-PutBucketLifecycle[/rule/0/filter]");
    // A prefix that moved into a filter: the one beside it is not in it.
    let filter = change("/rule/0/filter", json!([]), json!([{"prefix": "tmp/"}]));
    let moved = Drift { changes: vec![filter], ..drift };
    let events = [
        put(1, "ci", json!({"ID": "a", "Status": "Enabled", "Prefix": "tmp/", "Expiration": days})),
        put(5, "bob", json!({"ID": "a", "Status": "Enabled", "Filter": {"Prefix": "tmp/"}, "Expiration": days})),
    ];
    assert_eq!(attributed(&moved, &events), "bob certain: 5-bob-PutBucketLifecycle[/rule/0/filter]");
}

#[test]
fn a_user_and_a_role_of_one_name_are_two() {
    let role = json!({"userIdentity": {"type": "AssumedRole", "principalId": "AROAdeploy:x1234567", "accountId": "123456789012",
        "arn": "arn:aws:sts::123456789012:assumed-role/deploy/x1234567", "accessKeyId": "ASIADEPLOY",
        "sessionContext": {"attributes": {"creationDate": "2026-01-02T09:00:00Z"}, "sessionIssuer": {"type": "Role",
            "principalId": "AROAdeploy", "arn": "arn:aws:iam::123456789012:role/deploy", "userName": "deploy"}}}, "eventID": "r"});
    let events = [resized(1, "deploy", "m5.large", json!({})), resized(1, "deploy", "m5.large", role)];
    let told = attributed(&instance("m5.large"), &events);
    assert!(told.contains("possible") && told.contains("did the same in the same second"), "{told}");
}

#[test]
fn who_moves_a_rule_and_who_moves_it_back() {
    let drift = changed(
        "aws_security_group",
        json!({"id": GROUP}),
        vec![elements("/ingress", json!([]), json!([rule(22, "0.0.0.0/0")]))],
    );
    let answer = |id: &str| {
        json!({"responseElements": {"securityGroupRuleSet": {"items": [{"groupId": GROUP, "securityGroupRuleId": id,
            "isEgress": false, "ipProtocol": "tcp", "fromPort": 22, "toPort": 22, "cidrIpv4": "0.0.0.0/0"}]}}})
    };
    let opened = |id| event(1, "ann", "ec2:AuthorizeSecurityGroupIngress", authorize(22, "0.0.0.0/0"), answer(id));
    let moved = |second, user, port: u16| {
        let request = json!({"ModifySecurityGroupRulesRequest": {"GroupId": GROUP, "SecurityGroupRule": {"tag": 1, "SecurityGroupRuleId": "sgr-0000000000000001",
            "SecurityGroupRule": {"CidrIpv4": "0.0.0.0/0", "FromPort": port, "ToPort": port, "IpProtocol": "tcp"}}}});
        event(second, user, "ec2:ModifySecurityGroupRules", request, json!({}))
    };
    let (own, other) = ("sgr-0000000000000001", "sgr-0000000000000002");
    assert_eq!(
        attributed(&drift, &[opened(own), moved(2, "bob", 2222), moved(3, "cy", 22)]),
        "cy certain: 3-cy-ModifySecurityGroupRules[/ingress]"
    );
    let ann = "ann certain: 1-ann-AuthorizeSecurityGroupIngress[/ingress]";
    assert_eq!(attributed(&drift, &[opened(other), moved(2, "bob", 2222)]), ann, "another rule");
    // Revoked by id alone, and yet there: somebody unseen opened it again.
    let by_id = json!({"groupId": GROUP, "securityGroupRuleIds": {"items": [{"securityGroupRuleId": own}]}});
    let revoked =
        event(2, "bob", "ec2:RevokeSecurityGroupIngress", by_id, json!({"responseElements": {"_return": true}}));
    let told = attributed(&drift, &[opened(own), revoked.clone()]);
    assert!(told.starts_with("ann possible") && told.contains("bob"), "{told}");
    let gone = changed(
        "aws_security_group",
        json!({"id": GROUP}),
        vec![elements("/ingress", json!([rule(22, "0.0.0.0/0")]), json!([]))],
    );
    assert_eq!(attributed(&gone, &[opened(own), revoked]), "bob certain: 2-bob-RevokeSecurityGroupIngress[/ingress]");
    // The console describes rules by their ids.
    let mut described = rule(22, "0.0.0.0/0");
    described["description"] = json!("office");
    let anew = changed(
        "aws_security_group",
        json!({"id": GROUP}),
        vec![elements("/ingress", json!([rule(22, "0.0.0.0/0")]), json!([described]))],
    );
    let words = json!({"UpdateSecurityGroupRuleDescriptionsIngressRequest": {"GroupId": GROUP,
        "SecurityGroupRuleDescription": {"tag": 1, "SecurityGroupRuleId": own, "Description": "office"}}});
    let call = event(2, "bob", "ec2:UpdateSecurityGroupRuleDescriptionsIngress", words, json!({}));
    assert_eq!(
        attributed(&anew, &[opened(own), call]),
        "bob certain: 2-bob-UpdateSecurityGroupRuleDescriptionsIngress[/ingress]"
    );
}

#[test]
fn a_tag_of_another_value_was_not_removed() {
    let drift = changed(
        "aws_ebs_volume",
        json!({"id": "vol-0123456789ab"}),
        vec![change("/tags/env", json!("prod"), Value::Null)],
    );
    let untag = |second, user, tag: Value| {
        let request =
            json!({"resourcesSet": {"items": [{"resourceId": "vol-0123456789ab"}]}, "tagSet": {"items": [tag]}});
        event(second, user, "ec2:DeleteTags", request, json!({}))
    };
    let other = untag(1, "bob", json!({"key": "env", "value": "test"}));
    for tag in [json!({"key": "env"}), json!({"key": "env", "value": "prod"})] {
        let told = attributed(&drift, &[other.clone(), untag(2, "ann", tag)]);
        assert_eq!(told, "ann certain: 2-ann-DeleteTags[/tags/env]");
    }
    assert!(!attributed(&drift, &[other]).contains("certain"), "nothing shows that it had that value");
}

#[test]
fn calls_that_are_about_it_are_kept_before_others() {
    let drift = changed(
        "aws_security_group",
        json!({"id": GROUP}),
        vec![elements("/ingress", json!([]), json!([rule(22, "0.0.0.0/0")]))],
    );
    let mut events = vec![event(1, "ann", "ec2:AuthorizeSecurityGroupIngress", authorize(22, "0.0.0.0/0"), json!({}))];
    for number in 0..2_100 {
        let by_id = json!({"groupId": GROUP, "securityGroupRuleIds": {"items": [{"securityGroupRuleId": format!("sgr-{number:016}")}]}});
        let more = json!({"eventID": format!("r-{number}"), "responseElements": {"_return": true}});
        events.push(event(2, "machine", "ec2:RevokeSecurityGroupIngress", by_id, more));
    }
    let mut collector = Collector::new(std::slice::from_ref(&drift));
    events.iter().for_each(|text| collector.accept(parse(text).unwrap()));
    assert_eq!(collector.omitted_events().count(), 1);
    let explanation = correlate(&collector, &Settings::default()).remove(0).unwrap();
    let [attribution] = explanation.attributions.as_slice() else { panic!("{explanation:#?}") };
    assert_eq!(
        (attribution.actor.as_ref().unwrap().name.as_str(), attribution.confidence),
        ("ann", Confidence::Likely)
    );
}

#[test]
fn who_takes_one_of_several_away_did_not_end_all() {
    let policy = "arn:aws:iam::123456789012:policy/ops";
    let list = drift(
        DriftStatus::Changed,
        "aws_iam_policy_attachment",
        "global",
        json!({"id": "ops", "policy_arn": policy}),
        Value::Null,
        vec![elements("/roles", json!([]), json!(["web"]))],
    );
    let call = |second, user, name: &str, role: &str| {
        let request = json!({"roleName": role, "policyArn": policy});
        event(second, user, name, request, json!({"awsRegion": "us-east-1"}))
    };
    let attached = call(1, "ann", "iam:AttachRolePolicy", "web");
    let detached = |role| call(2, "bob", "iam:DetachRolePolicy", role);
    assert_eq!(attributed(&list, &[attached.clone(), detached("api")]), "ann certain: 1-ann-AttachRolePolicy[/roles]");
    let told = attributed(&list, &[attached, detached("web")]);
    assert!(told.starts_with("ann possible") && told.contains("bob"), "{told}");
}
