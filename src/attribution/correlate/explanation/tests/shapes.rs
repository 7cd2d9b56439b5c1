//! Shapes that records take: groups by their names, bodies that are left out.

use super::*;

const OTHER_GROUP: &str = "sg-0fffffffffff";

/// `--group-name web`: the request has the name, which groups of other VPCs may have as well; the answer has the group's id.
#[test]
fn a_group_by_its_name() {
    let opened = |second, user, group: &str| {
        let answer = json!({"_return": true, "securityGroupRuleSet": {"items": [{"groupOwnerId": "123456789012", "groupId": group,
            "securityGroupRuleId": format!("sgr-{group}"), "isEgress": false, "ipProtocol": "tcp", "fromPort": 22, "toPort": 22, "cidrIpv4": "0.0.0.0/0"}]}});
        let request = json!({"groupName": "web", "ipPermissions": {}, "ipProtocol": "tcp", "fromPort": 22, "toPort": 22, "cidrIp": "0.0.0.0/0"});
        event(second, user, "ec2:AuthorizeSecurityGroupIngress", request, json!({"responseElements": answer}))
    };
    let revoked = |second, user, group: &str| {
        let answer = json!({"_return": true, "revokedSecurityGroupRuleSet": {"items": [{"groupId": group, "securityGroupRuleId": format!("sgr-{group}"),
            "isEgress": false, "ipProtocol": "tcp", "fromPort": 22, "toPort": 22, "cidrIpv4": "0.0.0.0/0"}]}});
        let request =
            json!({"groupName": "web", "ipProtocol": "tcp", "fromPort": 22, "toPort": 22, "cidrIp": "0.0.0.0/0"});
        event(second, user, "ec2:RevokeSecurityGroupIngress", request, json!({"responseElements": answer}))
    };
    let deleted = |second, user, group: &str| {
        let answer = json!({"responseElements": {"_return": true, "groupId": group}});
        event(second, user, "ec2:DeleteSecurityGroup", json!({"groupName": "web"}), answer)
    };
    let web = json!({"id": GROUP, "name": "web"});
    let inline =
        |removed, added| changed("aws_security_group", web.clone(), vec![elements("/ingress", removed, added)]);
    let here = rule(22, "0.0.0.0/0");
    let single = json!({"id": format!("sgr-{GROUP}"), "security_group_rule_id": format!("sgr-{GROUP}"), "security_group_id": GROUP,
        "ip_protocol": "tcp", "from_port": 22, "to_port": 22, "cidr_ipv4": "0.0.0.0/0"});
    let rule_of = |status, attributes: Value| {
        drift(status, "aws_vpc_security_group_ingress_rule", "eu-west-1", attributes, Value::Null, vec![])
    };
    let gone = drift(DriftStatus::Missing, "aws_security_group", "eu-west-1", web.clone(), Value::Null, vec![]);
    for (case, drift, own, others, name) in [
        (
            "opened",
            inline(json!([]), json!([here])),
            opened(1, "ann", GROUP),
            opened(2, "bob", OTHER_GROUP),
            "ann certain: 1-ann-AuthorizeSecurityGroupIngress[/ingress]",
        ),
        (
            "closed",
            inline(json!([here]), json!([])),
            revoked(1, "ann", GROUP),
            revoked(2, "bob", OTHER_GROUP),
            "ann certain: 1-ann-RevokeSecurityGroupIngress[/ingress]",
        ),
        (
            "a rule of its own",
            rule_of(DriftStatus::Unmanaged, single.clone()),
            opened(1, "ann", GROUP),
            opened(2, "bob", OTHER_GROUP),
            "ann certain: 1-ann-AuthorizeSecurityGroupIngress[]",
        ),
        (
            "a rule that is gone",
            rule_of(DriftStatus::Missing, single.clone()),
            revoked(1, "ann", GROUP),
            revoked(2, "bob", OTHER_GROUP),
            "ann certain: 1-ann-RevokeSecurityGroupIngress[]",
        ),
        (
            "the group that is gone",
            gone.clone(),
            deleted(1, "ann", GROUP),
            deleted(2, "bob", OTHER_GROUP),
            "ann certain: 1-ann-DeleteSecurityGroup[]",
        ),
    ] {
        assert_eq!(attributed(&drift, std::slice::from_ref(&others)), "", "{case}: another group of the name");
        assert_eq!(attributed(&drift, &[own, others]), name, "{case}");
    }
}

/// Beyond its limit CloudTrail leaves a body out; the list of resources still says what the call was about.
#[test]
fn a_body_that_is_left_out() {
    let bucket = json!({"resources": [{"type": "AWS::S3::Bucket", "ARN": "arn:aws:s3:::acme-logs", "accountId": "123456789012"}]});
    let elsewhere = json!({"resources": [{"type": "AWS::S3::Bucket", "ARN": "arn:aws:s3:::other-logs", "accountId": "123456789012"}]});
    let omitted = |second, user, call: &str, more: &Value| {
        let body = json!({"omitted": true, "originalSize": 102_401, "reason": "size"});
        event(second, user, &format!("s3:{call}"), body, more.clone())
    };
    let of = |kind: &str, change: Change| {
        let attributes = json!({"id": "acme-logs", "bucket": "acme-logs"});
        drift(DriftStatus::Changed, kind, "global", attributes, Value::Null, vec![change])
    };
    let policy = r#"{"Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"*"}]}"#;
    let life = |id: &str| json!([{"id": id, "status": "Enabled"}]);
    for (kind, call, change) in [
        ("aws_s3_bucket_lifecycle_configuration", "PutBucketLifecycle", elements("/rule", life("keep"), life("drop"))),
        ("aws_s3_bucket_policy", "PutBucketPolicy", change("/policy", json!("{}"), json!(policy))),
        ("aws_s3_bucket", "PutBucketTagging", change("/tags/env", json!("prod"), json!("test"))),
        ("aws_s3_bucket", "PutBucketTagging", change("/tags/env", json!("prod"), Value::Null)),
    ] {
        let path = change.path.clone();
        let drift = of(kind, change);
        let told = attributed(&drift, &[omitted(1, "ann", call, &bucket), omitted(2, "bob", call, &elsewhere)]);
        assert_eq!(told, format!("ann likely: 1-ann-{call}[{path}]"), "{kind}");
        let told = attributed(&drift, &[omitted(1, "ann", call, &bucket), omitted(2, "bob", call, &bucket)]);
        assert!(told.starts_with("bob possible") && told.contains("ann"), "{kind}: {told}");
    }
    // What is shown is not certain any more where somebody wrote later what is not shown.
    let shown = event(
        1,
        "ann",
        "s3:PutBucketPolicy",
        json!({"bucketName": "acme-logs", "bucketPolicy": serde_json::from_str::<Value>(policy).unwrap()}),
        json!({}),
    );
    let drift = of("aws_s3_bucket_policy", change("/policy", json!("{}"), json!(policy)));
    let told = attributed(&drift, &[shown, omitted(2, "bob", "PutBucketPolicy", &bucket)]);
    assert_eq!(told, "ann likely: 1-ann-PutBucketPolicy[/policy] (bob: touched it afterwards; the value is hidden)");
}

/// A new subnet is in the default network ACL of its VPC without a call that says so, and leaves its ACL when it ends.
#[test]
fn a_subnet_falls_into_its_acl() {
    let acl = |removed: &[&str], added: &[&str]| {
        let ids = |own: &[&str]| {
            let subnets = [&["subnet-0000000a"], own].concat();
            json!({"id": "acl-0a1b2c3d4e5f", "subnet_ids": subnets})
        };
        let changes = vec![elements("/subnet_ids", json!(removed), json!(added))];
        let kind = "aws_default_network_acl";
        drift(DriftStatus::Changed, kind, "eu-west-1", ids(removed), ids(added), changes)
    };
    let made = |second, user, id: &str| {
        let answer = json!({"responseElements": {"subnet": {"subnetId": id, "vpcId": "vpc-0a1b2c3d"}}});
        event(second, user, "ec2:CreateSubnet", json!({"vpcId": "vpc-0a1b2c3d", "cidrBlock": "10.0.9.0/24"}), answer)
    };
    let moved = event(
        1,
        "ci",
        "ec2:ReplaceNetworkAclAssociation",
        json!({"networkAclId": "acl-0a1b2c3d4e5f", "associationId": "aclassoc-0000000a"}),
        json!({"responseElements": {"newAssociationId": "aclassoc-0000000b"}}),
    );
    let others = [made(1, "ci", "subnet-0000000a"), moved];
    let with = |last: String| [&others[..], &[last]].concat();
    assert_eq!(
        attributed(&acl(&[], &["subnet-0000000b"]), &with(made(5, "ann", "subnet-0000000b"))),
        "ann certain: 5-ann-CreateSubnet[/subnet_ids]"
    );
    // Who may have moved it there later is told beside, and nobody is certain.
    let moved_later = event(
        9,
        "mallory",
        "ec2:ReplaceNetworkAclAssociation",
        json!({"networkAclId": "acl-0a1b2c3d4e5f", "associationId": "aclassoc-0000000c"}),
        json!({"responseElements": {"newAssociationId": "aclassoc-0000000d"}}),
    );
    let told = attributed(
        &acl(&[], &["subnet-0000000b"]),
        &with(made(5, "ann", "subnet-0000000b")).into_iter().chain([moved_later]).collect::<Vec<_>>(),
    );
    assert!(told.starts_with("ann likely") && told.contains("mallory"), "{told}");
    let ended = event(5, "ann", "ec2:DeleteSubnet", json!({"subnetId": "subnet-0000000b"}), json!({}));
    assert_eq!(
        attributed(&acl(&["subnet-0000000b"], &[]), &with(ended)),
        "ann likely: 5-ann-DeleteSubnet[/subnet_ids]"
    );
}
