//! Who opened, altered, described and revoked rules of security groups.

use super::*;

#[test]
fn two_people_on_one_group_each_get_their_own() {
    let drift = changed(
        "aws_security_group",
        json!({"id": GROUP}),
        vec![elements(
            "/ingress",
            json!([rule(443, "10.0.0.0/8")]),
            json!([rule(22, "0.0.0.0/0"), rule(3389, "0.0.0.0/0")]),
        )],
    );
    let events = [
        event(1, "ann", "ec2:AuthorizeSecurityGroupIngress", authorize(22, "0.0.0.0/0"), json!({})),
        event(2, "bob", "ec2:AuthorizeSecurityGroupIngress", authorize(3389, "0.0.0.0/0"), json!({})),
        event(3, "cy", "ec2:RevokeSecurityGroupIngress", authorize(443, "10.0.0.0/8"), json!({})),
        event(4, "dan", "ec2:AuthorizeSecurityGroupIngress", authorize(8080, "0.0.0.0/0"), json!({})),
        event(5, "dan", "ec2:RevokeSecurityGroupIngress", authorize(8080, "0.0.0.0/0"), json!({})),
    ];
    assert_eq!(
        attributed(&drift, &events),
        "cy certain: 3-cy-RevokeSecurityGroupIngress[/ingress]\nbob certain: 2-bob-AuthorizeSecurityGroupIngress[/ingress]\n\
         ann certain: 1-ann-AuthorizeSecurityGroupIngress[/ingress]"
    );
}

/// Opened by one, described anew by another: a new rule is the first one's, a new description the other's.
#[test]
fn a_rule_described_anew() {
    let mut described = rule(22, "0.0.0.0/0");
    described["description"] = json!("office");
    let element = |removed| {
        changed("aws_security_group", json!({"id": GROUP}), vec![elements("/ingress", removed, json!([described]))])
    };
    let mut words = authorize(22, "0.0.0.0/0");
    words["ipPermissions"]["items"][0] = json!({"ipProtocol": "tcp", "fromPort": 22, "toPort": 22,
        "ipRanges": {"items": [{"cidrIp": "0.0.0.0/0", "description": "office"}]}});
    let opened =
        |second, words: &Value| event(second, "alice", "ec2:AuthorizeSecurityGroupIngress", words.clone(), Value::Null);
    let anew = event(9, "bob", "ec2:UpdateSecurityGroupRuleDescriptionsIngress", words.clone(), Value::Null);
    let plain = || opened(1, &authorize(22, "0.0.0.0/0"));
    let (new, old) = (element(json!([])), element(json!([rule(22, "0.0.0.0/0")])));
    let alice = "alice certain: 1-alice-AuthorizeSecurityGroupIngress[/ingress]";
    let bob = "bob certain: 9-bob-UpdateSecurityGroupRuleDescriptionsIngress[/ingress]";
    assert_eq!(attributed(&new, &[opened(1, &words)]), alice);
    assert_eq!(attributed(&new, &[plain(), anew.clone()]), alice, "the door matters, not its name");
    assert_eq!(attributed(&old, &[plain(), anew]), bob);
    assert_eq!(attributed(&old, &[plain()]), "", "she opened it under another description");
}

#[test]
fn a_rule_altered_in_one_call_has_one_author() {
    let drift = changed(
        "aws_security_group",
        json!({"id": GROUP}),
        vec![elements("/ingress", json!([rule(443, "10.0.0.0/8")]), json!([rule(443, "0.0.0.0/0")]))],
    );
    let modify = json!({"ModifySecurityGroupRulesRequest": {"GroupId": GROUP, "SecurityGroupRule": {"tag": 1, "SecurityGroupRuleId": "sgr-0123456789ab",
        "SecurityGroupRule": {"CidrIpv4": "0.0.0.0/0", "FromPort": 443, "ToPort": 443, "IpProtocol": "tcp"}}}});
    let events = [event(1, "ann", "ec2:ModifySecurityGroupRules", modify, json!({}))];
    assert_eq!(attributed(&drift, &events), "ann certain: 1-ann-ModifySecurityGroupRules[/ingress]");
}

#[test]
fn a_revoked_rule_by_its_id_only() {
    let desired = json!({"id": "sgrule-1", "security_group_id": GROUP, "type": "ingress", "from_port": 443, "to_port": 443, "protocol": "tcp", "cidr_blocks": ["10.0.0.0/8"]});
    let drift = drift(DriftStatus::Missing, "aws_security_group_rule", "eu-west-1", desired, Value::Null, vec![]);
    let revoke = |second, user, port: u16| {
        let response = json!({"_return": true, "revokedSecurityGroupRuleSet": {"items": [{"cidrIpv4": "10.0.0.0/8", "fromPort": port, "toPort": port, "ipProtocol": "tcp", "groupId": GROUP}]}});
        event(
            second,
            user,
            "ec2:RevokeSecurityGroupIngress",
            json!({"groupId": GROUP, "securityGroupRuleIds": {"items": [{"securityGroupRuleId": "sgr-0123456789ab"}]}}),
            json!({"responseElements": response}),
        )
    };
    assert_eq!(
        attributed(&drift, &[revoke(1, "ann", 443), revoke(2, "bob", 22)]),
        "ann certain: 1-ann-RevokeSecurityGroupIngress[]"
    );
    let whole = event(3, "cy", "ec2:DeleteSecurityGroup", json!({"groupId": GROUP}), json!({}));
    assert_eq!(attributed(&drift, &[whole]), "cy certain: 3-cy-DeleteSecurityGroup[]");
}
