//! `certain` is earned: what others did later to the same setting, what was done before the thing was made, and who only wrote
//! again what was so already.

use super::*;

const IMAGE: &str = "ami-0a1b2c3d4e5f";

fn policy(second: u32, user: &str, document: &str) -> String {
    let request = json!({"roleName": "shop", "policyName": "inline", "policyDocument": document});
    event(second, user, "iam:PutRolePolicy", request, json!({"awsRegion": "us-east-1"}))
}

fn attached(second: u32, user: &str) -> String {
    let request = json!({"roleName": "shop", "policyArn": "arn:aws:iam::aws:policy/AdministratorAccess"});
    event(second, user, "iam:AttachRolePolicy", request, json!({"awsRegion": "us-east-1"}))
}

#[test]
fn who_writes_the_same_again_is_told_beside_the_first() {
    let live = r#"{"Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;
    let drift = drift(
        DriftStatus::Changed,
        "aws_iam_role_policy",
        "global",
        json!({"id": "shop:inline", "role": "shop", "name": "inline"}),
        Value::Null,
        vec![change("/policy", json!("{}"), json!(live))],
    );
    let events = [policy(1, "ann", live), policy(2, "bob", &live.replace(':', ": "))];
    assert_eq!(attributed(&drift, &events), "ann certain: 1-ann-PutRolePolicy[/policy] (bob: wrote the same again)");
    let between = [policy(1, "ann", live), policy(2, "cy", r#"{"Statement":[]}"#), policy(3, "bob", live)];
    assert_eq!(attributed(&drift, &between), "bob certain: 3-bob-PutRolePolicy[/policy]");
}

#[test]
fn an_attachment_and_its_role_name_the_same_person() {
    let events = [attached(1, "ann"), attached(2, "bob")];
    let arn = "arn:aws:iam::aws:policy/AdministratorAccess";
    let attachment = drift(
        DriftStatus::Unmanaged,
        "aws_iam_role_policy_attachment",
        "global",
        json!({"role": "shop", "policy_arn": arn}),
        Value::Null,
        Vec::new(),
    );
    assert_eq!(attributed(&attachment, &events), "ann certain: 1-ann-AttachRolePolicy[] (bob: did the same again)");
    let role = drift(
        DriftStatus::Changed,
        "aws_iam_role",
        "global",
        json!({"id": "shop", "name": "shop"}),
        Value::Null,
        vec![elements("/managed_policy_arns", json!([]), json!([arn]))],
    );
    assert_eq!(
        attributed(&role, &events),
        "ann certain: 1-ann-AttachRolePolicy[/managed_policy_arns] (bob: wrote the same again)"
    );
}

#[test]
fn what_ended_before_it_was_made_did_not_end_it() {
    let membership = |status| {
        let user = json!({"role": "shop", "policy_arn": "arn:aws:iam::aws:policy/AdministratorAccess"});
        drift(status, "aws_iam_role_policy_attachment", "global", user, Value::Null, Vec::new())
    };
    let detached = |second, user: &str| {
        let request = json!({"roleName": "shop", "policyArn": "arn:aws:iam::aws:policy/AdministratorAccess"});
        event(second, user, "iam:DetachRolePolicy", request, json!({"awsRegion": "us-east-1"}))
    };
    let missing = membership(DriftStatus::Missing);
    assert_eq!(attributed(&missing, &[detached(1, "ann"), attached(2, "bob")]), "");
    assert_eq!(
        attributed(&missing, &[detached(1, "ann"), attached(2, "bob"), detached(3, "cy")]),
        "cy certain: 3-cy-DetachRolePolicy[]"
    );
    // It cannot be detached twice: it was attached between, and that was not seen.
    assert_eq!(
        attributed(&missing, &[detached(1, "ann"), detached(3, "cy")]),
        "ann likely: 1-ann-DetachRolePolicy[] (cy: did the same later; what happened between was not seen)"
    );
}

#[test]
fn add_and_remove_of_one_call_are_opposite_deeds() {
    let permission = |status, account: &str| {
        let part = json!({"id": format!("{account}-{IMAGE}"), "image_id": IMAGE, "account_id": account});
        drift(status, "aws_ami_launch_permission", "eu-west-1", part, Value::Null, Vec::new())
    };
    let user = |id: &str| json!({"items": [{"userId": id}]});
    let request =
        json!({"imageId": IMAGE, "launchPermission": {"add": user("111111111111"), "remove": user("222222222222")}});
    let events = [event(1, "ann", "ec2:ModifyImageAttribute", request, json!({}))];
    let told = |status, account| attributed(&permission(status, account), &events);
    assert_eq!(told(DriftStatus::Unmanaged, "111111111111"), "ann certain: 1-ann-ModifyImageAttribute[]");
    assert_eq!(told(DriftStatus::Missing, "222222222222"), "ann certain: 1-ann-ModifyImageAttribute[]");
    assert_eq!(told(DriftStatus::Unmanaged, "222222222222"), "");
    assert_eq!(told(DriftStatus::Missing, "111111111111"), "");
}

#[test]
fn a_rule_of_another_id_is_another_rule() {
    let authorized = event(
        2,
        "bob",
        "ec2:AuthorizeSecurityGroupIngress",
        authorize(22, "10.0.0.0/8"),
        json!({"responseElements": {"securityGroupRuleSet": {"items": [{"groupId": GROUP, "securityGroupRuleId": "sgr-0000000000000002",
            "isEgress": false, "ipProtocol": "tcp", "fromPort": 22, "toPort": 22, "cidrIpv4": "10.0.0.0/8"}]}}}),
    );
    let first = json!({"id": "sgr-0000000000000001", "security_group_rule_id": "sgr-0000000000000001", "security_group_id": GROUP,
        "ip_protocol": "tcp", "from_port": 22, "to_port": 22, "cidr_ipv4": "10.0.0.0/8"});
    let revoked = event(
        1,
        "ann",
        "ec2:RevokeSecurityGroupIngress",
        json!({"groupId": GROUP, "securityGroupRuleIds": {"items": [{"securityGroupRuleId": "sgr-0000000000000001"}]}}),
        json!({}),
    );
    let missing =
        drift(DriftStatus::Missing, "aws_vpc_security_group_ingress_rule", "eu-west-1", first, Value::Null, Vec::new());
    assert_eq!(attributed(&missing, &[revoked, authorized]), "ann certain: 1-ann-RevokeSecurityGroupIngress[]");
}

#[test]
fn calls_without_number_that_do_not_bear_on_it_hide_nobody() {
    let mut events = vec![resized(1, "ann", "m5.large", json!({}))];
    for number in 0..2_100 {
        let request = json!({"resourcesSet": {"items": [{"resourceId": INSTANCE}]}, "tagSet": {"items": [{"key": "seen", "value": number.to_string()}]}});
        events.push(event(2, "tagger", "ec2:CreateTags", request, json!({"eventID": format!("t-{number}")})));
    }
    assert_eq!(of(&instance("m5.large"), events.iter()), "ann certain: 1-ann-ModifyInstanceAttribute[/instance_type]");
}

/// An instance, Ann's record, and corrections of it that say that her call failed.
pub(crate) fn corrections() -> (Drift, String, [String; 2]) {
    let addendum = |more: Value| {
        let mut all = json!({"addendum": {"reason": "UPDATED_DATA"}, "errorCode": "AccessDenied"});
        if let (Value::Object(all), Value::Object(more)) = (&mut all, more) {
            all.extend(more);
        }
        all
    };
    let written = resized(1, "ann", "m5.large", json!({}));
    let same = resized(1, "ann", "m5.large", addendum(json!({})));
    let other = json!({"eventID": "c-1", "addendum": {"reason": "UPDATED_DATA", "originalEventID": "1-ann-ModifyInstanceAttribute"}});
    let other = resized(1, "ann", "m5.large", addendum(other));
    (instance("m5.large"), written, [same, other])
}

#[test]
fn a_correction_that_says_it_failed_takes_the_name_back() {
    let (drift, written, corrections) = corrections();
    for correction in corrections {
        assert_eq!(attributed(&drift, &[written.clone(), correction]), "");
    }
}

/// An answer of AWS from before the last event would show something else: only then one look is enough.
#[test]
fn what_is_live_is_what_the_last_event_set_or_it_is_no_proof() {
    let nothing = || json!({});
    let (large, micro) = (
        |second| resized(second, "ann", "m5.large", nothing()),
        |second| resized(second, "ann", "t3.micro", nothing()),
    );
    let drift = instance("m5.large");
    assert!(is_proven(&drift, &[large(1)]));
    assert!(is_proven(&drift, &[micro(1), large(2)]), "what came before does not matter");
    assert!(is_proven(&drift, &[large(1), large(2)]), "whichever of them it was");
    // The answer is the one from before the second call, or somebody unseen did it again.
    assert!(!is_proven(&drift, &[large(1), micro(2)]), "by the same person, too");
    let at_once = resized(1, "ann", "t3.micro", json!({"eventID": "another"}));
    assert!(!is_proven(&drift, &[large(1), at_once]), "nor within one second");
    assert!(!is_proven(&drift, &[micro(1)]), "another value");
    assert!(!is_proven(&drift, &[]));
    // Each change must be proven.
    let renamed = change("/tags/Name", json!("web"), json!("mine"));
    let two = Drift { changes: vec![drift.changes[0].clone(), renamed], ..instance("m5.large") };
    assert!(!is_proven(&two, &[large(1)]), "nobody is known for the tag");
    // An unmanaged or missing one may be an older answer whatever its event says.
    let gone = Drift { status: DriftStatus::Missing, changes: Vec::new(), ..instance("m5.large") };
    let ended = event(
        1,
        "ann",
        "ec2:TerminateInstances",
        json!({"instancesSet": {"items": [{"instanceId": INSTANCE}]}}),
        nothing(),
    );
    assert!(!is_proven(&gone, &[ended]));
}

/// Is the name in doubt after these records? Those that are no events count, too.
fn doubted(drift: &Drift, records: &[String]) -> bool {
    let in_order = |records: &mut dyn Iterator<Item = &String>| {
        let mut collector = Collector::new(std::slice::from_ref(drift));
        for text in records {
            match parse(text) {
                Ok(event) => collector.accept(event),
                Err(_) => collector.unread(crate::attribution::event::unread(text)),
            }
        }
        correlate(&collector, &Settings::default()).remove(0).unwrap().doubted
    };
    let doubted = in_order(&mut records.iter());
    assert_eq!(doubted, in_order(&mut records.iter().rev()), "the order of arrival matters");
    doubted
}

/// An instance that Ann made larger, her record, and others beside it: may they have been about the same, so that her name is in doubt?
pub(crate) fn records_that_say_too_little() -> (Drift, String, Vec<(String, bool, &'static str)>) {
    let ann = || resized(5, "ann", "m5.large", json!({}));
    let bob = |second, request: Value, more: Value| event(second, "bob", "ec2:ModifyInstanceAttribute", request, more);
    let omitted = json!({"omitted": true, "originalSize": 200_000, "reason": "x"});
    let others = vec![
        (resized(7, "bob", "t3.nano", json!({"eventTime": 17})), true, "at no time"),
        (bob(7, json!({"instanceId": "i-0ffffffff"}), json!({"eventTime": 17})), false, "of another instance"),
        (bob(7, omitted.clone(), json!({})), true, "left out"),
        (bob(7, Value::Null, json!({})), true, "no parameters at all"),
        (bob(3, omitted.clone(), json!({})), false, "before"),
        (bob(7, omitted.clone(), json!({"recipientAccountId": "999999999999"})), false, "in another account"),
        (bob(7, omitted.clone(), json!({"errorCode": "AccessDenied"})), false, "refused"),
        (
            bob(7, omitted, json!({"resources": [{"ARN": "arn:aws:ec2:eu-west-1:1:instance/i-0ffffffff"}]})),
            false,
            "named",
        ),
        (event(7, "bob", "iam:UpdateAssumeRolePolicy", Value::Null, json!({})), false, "of another kind"),
        (ann().get(..300).unwrap().to_owned(), true, "cut in two"),
        ("\"junk\"".to_owned(), false, "no record at all"),
    ];
    (instance("m5.large"), ann(), others)
}

#[test]
fn a_later_record_that_says_too_little_takes_certainty() {
    let (drift, ann, others) = records_that_say_too_little();
    for (record, expected, what) in others {
        assert_eq!(doubted(&drift, &[ann.clone(), record]), expected, "{what}");
    }
}

/// A group of a default network may be called by its name alone.
#[test]
fn a_group_that_is_only_named_may_be_this_one() {
    let group = |name: &str| {
        let added = vec![elements("/ingress", json!([]), json!([rule(22, "0.0.0.0/0")]))];
        let live = json!({"id": GROUP, "name": name});
        drift(DriftStatus::Changed, "aws_security_group", "eu-west-1", json!({"id": GROUP}), live, added)
    };
    let opened = event(1, "ann", "ec2:AuthorizeSecurityGroupIngress", authorize(22, "0.0.0.0/0"), json!({}));
    let closed = event(5, "bob", "ec2:RevokeSecurityGroupIngress", json!({"groupName": "web"}), json!({}));
    assert!(doubted(&group("web"), &[opened.clone(), closed.clone()]));
    assert!(!doubted(&group("db"), &[opened, closed]), "another one's name");
}

/// A type's name in a tag, or in a kernel's, is no type.
#[test]
fn a_value_at_another_place_is_no_proof() {
    let request = json!({"instanceId": INSTANCE, "kernel": {"value": "t3.large"}});
    let named =
        attributed(&instance("t3.large"), &[event(5, "bob", "ec2:ModifyInstanceAttribute", request, json!({}))]);
    assert!(!named.contains("certain"), "{named}");
}
