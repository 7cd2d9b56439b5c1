//! What nobody declares: who made it, what its name claims, and what hides it.

use super::*;

const STACK: &str =
    "arn:aws:cloudformation:eu-central-1:123456789012:stack/vendor/0a1b2c3d-0000-1111-2222-333344445555";

fn strangers(kind: &'static str, all: &[Desired], found: Vec<Live>) -> Compared {
    run(kind, all, complete(found))
}

fn placed(kind: &str, id: &str, region: &str) -> Desired {
    let (account, region) = (Some(SCOPE.0.to_owned()), Some(region.to_owned()));
    Desired { account, region, ..desired(kind, id, json!({"id": id})) }
}

#[test]
fn a_maker_is_reported_once_unless_it_is_declared() {
    let members = |kind, id: &str| {
        let member = |own| live(own, json!({}), Owner::Maker { kind, id: id.to_owned() });
        vec![member("vpc-0000000b"), member("vpc-0000000c")]
    };
    let group = || members("aws_autoscaling_group", "web");
    let made = strangers("aws_vpc", &[], group());
    assert_eq!((made.drifts.len(), made.made.len(), made.folded.len()), (0, 1, 0));
    let [((kind, id), what)] = Vec::from_iter(made.made).try_into().unwrap();
    let drift = unmanaged_maker(Scope::new(SCOPE.0, SCOPE.1), kind, &id, what);
    assert_eq!((drift.kind.as_str(), drift.id.as_str()), ("aws_autoscaling_group", "web"));
    assert_eq!(drift.reason.unwrap(), "no source declares it; it made 2 aws_vpc (vpc-0000000b, vpc-0000000c)");

    for (declared, found, is_known) in [
        (placed("aws_autoscaling_group", "web", SCOPE.1), group(), true),
        (placed("aws_autoscaling_group", "web", "us-west-2"), group(), false),
        (placed("aws_launch_template", "web", SCOPE.1), group(), false),
        (placed("aws_cloudformation_stack", STACK, SCOPE.1), members("aws_cloudformation_stack", STACK), true),
        (placed("aws_cloudformation_stack", "vendor", SCOPE.1), members("aws_cloudformation_stack", STACK), true),
        (placed("aws_cloudformation_stack", "other", SCOPE.1), members("aws_cloudformation_stack", STACK), false),
    ] {
        let what = format!("{} {}", declared.kind, declared.id);
        let compared = strangers("aws_vpc", &[declared], found);
        assert_eq!((compared.made.len(), compared.drifts.len()), (usize::from(!is_known), 0), "{what}");
        assert_eq!(compared.folded.values().sum::<u64>(), if is_known { 2 } else { 0 }, "{what}");
    }
    let set = json!({"id": "s,111111111111,eu-central-1", "stack_id": STACK});
    let set = Desired {
        account: Some("111111111111".to_owned()),
        ..desired("aws_cloudformation_stack_set_instance", "s", set)
    };
    let of_set = strangers("aws_vpc", &[set], members("aws_cloudformation_stack", STACK));
    assert_eq!(of_set.made.len(), 0, "a stack set makes stacks in other accounts");
    let nodes = json!({"id": "c:n", "resources": [{"autoscaling_groups": [{"name": "eks-n"}]}]});
    let nodes = Desired { account: Some(SCOPE.0.to_owned()), ..desired("aws_eks_node_group", "c:n", nodes) };
    assert_eq!(strangers("aws_vpc", &[nodes], members("aws_autoscaling_group", "eks-n")).made.len(), 0);
}

/// More machines of a group are the same content, an administrator in a stack is another.
#[test]
fn what_a_maker_makes_later_is_another_content() {
    let scope = || Scope::new(SCOPE.0, SCOPE.1);
    let made = |members: &[(&'static str, &str)]| {
        let member = |(kind, id): &(&'static str, &str)| {
            unmanaged(&facts(kind), &scope(), live(id, json!({}), Owner::None), None)
        };
        let drift = unmanaged_maker(scope(), "aws_cloudformation_stack", STACK, members.iter().map(member).collect());
        fingerprint(&ResourceKey::new(scope(), &drift.kind, &drift.id, None), &drift)
    };
    let one = made(&[("aws_instance", "i-1")]);
    assert_eq!(made(&[("aws_instance", "i-2"), ("aws_instance", "i-3")]), one);
    assert_ne!(made(&[("aws_instance", "i-1"), ("aws_iam_user", "eve")]), one);
}

/// A bucket that is only registered somewhere is not declared by that.
#[test]
fn the_arn_of_another_object_hides_nothing() {
    let arn = "arn:aws:iam::123456789012:user/eve";
    let eve = || vec![live("eve", json!({"arn": arn}), Owner::None)];
    for (kind, unmanaged) in [("aws_lakeformation_resource", 1), ("aws_iam_user", 0)] {
        let declared = desired(kind, "x", json!({"id": "x", "arn": arn}));
        let drifts = strangers("aws_iam_user", &[declared], eve()).drifts;
        assert_eq!(drifts.iter().filter(|one| one.status == DriftStatus::Unmanaged).count(), unmanaged, "{kind}");
    }
}

/// What AWS makes with a VPC is told once somebody has opened it, unless what was added is declared, be it otherwise: that is told by
/// what declares it.
#[test]
fn what_was_added_to_a_thing_of_awss_is_told() {
    let policy = |text: &str| json!({"name": "p", "policy": text});
    let part = |text: &str| OwnedField {
        parent_kind: "aws_iam_role",
        parent_id: "base".to_owned(),
        attribute: "inline_policy",
        element: Some(policy(text)),
    };
    let told = |declared: &[Desired], live_parts: &[OwnedField]| {
        let (kinds, scope) = (kinds(), Scope::new(SCOPE.0, SCOPE.1));
        let mut ownership = OwnershipIndex::new(declared, &kinds, SCOPE.0);
        let owner = Owner::Altered { what: "default role", added: vec![("inline_policy", policy("{}"))] };
        let found = complete(vec![live("base", json!({}), owner)]);
        let compared = listing(&kinds["aws_iam_role"], &scope, &[], found, Some(&ownership));
        assert_eq!(compared.drifts, [], "nobody knows yet");
        let live_parts: Vec<_> = live_parts.iter().map(|part| (SCOPE.0.to_owned(), part.clone())).collect();
        ownership.add_live_owned_fields(&live_parts);
        let unmanaged = compared.altered.into_iter().filter(|one| !ownership.declares_added(one));
        unmanaged.filter_map(|one| one.drift.reason).collect::<Vec<_>>().concat()
    };
    assert!(told(&[], &[]).contains("the default role: AWS made it"), "{}", told(&[], &[]));
    assert_eq!(told(&[placed("aws_default_iam_role", "base", SCOPE.1)], &[]), "", "adopted");
    let child = |text: &str| {
        let child = json!({"id": "base:p", "role": "base", "name": "p", "policy": text});
        Desired { account: Some(SCOPE.0.to_owned()), ..desired("aws_iam_role_policy", "base:p", child) }
    };
    assert_eq!(told(&[child("{}")], &[]), "", "declared");
    let before = child(r#"{"Version": "2012-10-17"}"#);
    assert_eq!(told(std::slice::from_ref(&before), &[part("{}")]), "", "declared, and changed by hand");
    assert_ne!(told(&[before], &[part(r#"{"Version": "2012-10-17"}"#)]), "", "one more");
}

#[test]
fn a_claim_hides_nothing() {
    let found = vec![live("vpc-0000000b", json!({}), Owner::Claimed("security group of EMR"))];
    let drifts = strangers("aws_vpc", &[], found).drifts;
    let reason = drifts[0].reason.as_deref().unwrap();
    assert!(reason.contains("security group of EMR") && reason.contains("anybody can write that"), "{reason}");
}

#[test]
fn what_is_folded_is_counted_by_reason() {
    let found = vec![
        live("vpc-0000000b", json!({}), Owner::Aws("default VPC")),
        live("vpc-0000000c", json!({}), Owner::Parent { kind: "aws_instance", id: "i-1".to_owned() }),
    ];
    let compared = strangers("aws_vpc", &[], found);
    assert_eq!(Vec::from_iter(compared.folded), [("default VPC", 1), ("part of another resource", 1)]);
}

#[test]
fn what_was_put_on_a_declared_resource_is_told() {
    let added = || {
        let claim = Some("network interface of a Kubernetes node");
        let owner = Owner::AddedTo { kind: "aws_instance", id: "i-0a1b2c3d".to_owned(), claim };
        vec![live("eni-0a1b2c3d", json!({}), owner)]
    };
    let drifts = |declared: &[Desired]| strangers("aws_network_interface", declared, added()).drifts;
    let told = |declared: &[Desired]| drifts(declared).len();
    let of_instance = drifts(&[placed("aws_instance", "i-0a1b2c3d", SCOPE.1)]);
    let reason = of_instance[0].reason.as_deref().unwrap();
    assert!(reason.contains("of a Kubernetes node") && reason.contains("anybody can write that"), "{reason}");
    assert_eq!(told(&[]), 0, "the instance is told");
    let state = json!({"id": "i-0a1b2c3d", "network_interface": [{"network_interface_id": "eni-0a1b2c3d"}]});
    let named = Desired { account: Some(SCOPE.0.to_owned()), ..desired("aws_instance", "i-0a1b2c3d", state) };
    assert_eq!(told(&[named]), 0, "the instance's state names it");
}

/// A name that looks like an id, a namesake in another account, and one of which nobody knows where it is.
#[test]
fn a_name_hides_no_namesake() {
    let user = |id: &str| vec![live(id, json!({}), Owner::None)];
    for id in ["acme-logs-123456789012", "app-20240115", "vpc-0a1b2c3d"] {
        let others = ["aws_s3_bucket", "aws_iam_role", "aws_vpc"].map(|kind| placed(kind, id, SCOPE.1));
        assert_eq!(strangers("aws_iam_user", &others, user(id)).drifts.len(), 1, "{id}");
    }
    // Nor does a name that looks like an id, or a key that is somebody else's ARN.
    for (kind, id) in
        [("aws_iam_group", "vpc-0a1b2c3d"), ("aws_s3_bucket", "vpc-0a1b2c3d"), ("aws_s3_object", "vpc-0a1b2c3d")]
    {
        assert_eq!(strangers("aws_vpc", &[placed(kind, id, SCOPE.1)], user(id)).drifts.len(), 1, "{kind} {id}");
    }
    let arn = "arn:aws:ec2:eu-central-1:123456789012:vpc/vpc-0a1b2c3d";
    let vpc = || vec![live("vpc-0a1b2c3d", json!({"arn": arn}), Owner::None)];
    assert_eq!(strangers("aws_vpc", &[placed("aws_s3_object", arn, SCOPE.1)], vpc()).drifts.len(), 1);
    assert_eq!(strangers("aws_vpc", &[placed("aws_default_vpc", "vpc-0a1b2c3d", SCOPE.1)], vpc()).drifts.len(), 0);
    // Wanted in another scope, so not here.
    let index = |all: &[Desired]| {
        let kinds = kinds();
        let ownership = OwnershipIndex::new(all, &kinds, SCOPE.0);
        let scope = Scope::new("999999999999", "global");
        listing(&kinds["aws_iam_user"], &scope, &[], complete(user("ops")), Some(&ownership)).drifts.len()
    };
    assert_eq!(index(&[placed("aws_iam_user", "ops", SCOPE.1)]), 1, "another account's");
    assert_eq!(index(&[desired("aws_iam_user", "ops", json!({}))]), 0, "perhaps this one");
}

pub(super) const BLOCK: &str = "aws_vpc_ipv6_cidr_block_association";

/// What an IPv6 block is of its VPC, as the kind says: some with their value, some without.
pub(super) fn block_parts(_: &str, attributes: &Attributes) -> Vec<OwnedField> {
    let part = |attribute, element: Option<&str>| OwnedField {
        parent_kind: "aws_vpc",
        parent_id: attributes.get("vpc_id").and_then(Value::as_str).unwrap_or_default().to_owned(),
        attribute,
        element: element.and_then(|name| attributes.get(name).cloned()),
    };
    vec![
        part("assign_generated_ipv6_cidr_block", Some("assign_generated_ipv6_cidr_block")),
        part("ipv6_cidr_block", Some("ipv6_cidr_block")),
        part("ipv6_ipam_pool_id", None),
        part("ipv6_netmask_length", None),
    ]
}

/// A VPC speaks for the IPv6 block that its state follows, and for no other.
#[test]
fn a_second_block_of_a_declared_vpc_is_told() {
    let here = |one: Desired| Desired { account: Some(SCOPE.0.to_owned()), ..one };
    let vpc = |association: &str, declares: bool| {
        let attributes = json!({"id": "vpc-0000000a", "ipv6_association_id": association,
            "assign_generated_ipv6_cidr_block": declares, "ipv6_cidr_block": if declares { "2600:a::/56" } else { "" }});
        let declared = declares.then(|| vec!["assign_generated_ipv6_cidr_block".to_owned()].into());
        here(Desired { declared, ..desired("aws_vpc", "vpc-0000000a", attributes) })
    };
    let of_block = |letter: char| {
        json!({"vpc_id": "vpc-0000000a", "id": format!("vpc-cidr-assoc-0000000{letter}"),
            "ipv6_cidr_block": format!("2600:{letter}::/56"), "assign_generated_ipv6_cidr_block": true})
    };
    let block = |letter: char| {
        let owner = Owner::Parent { kind: "aws_vpc", id: "vpc-0000000a".to_owned() };
        live(&format!("vpc-cidr-assoc-0000000{letter}"), of_block(letter), owner)
    };
    let child = here(desired(BLOCK, "vpc-cidr-assoc-0000000a", of_block('a')));
    for declared in [vec![vpc("vpc-cidr-assoc-0000000a", true)], vec![vpc("", false), child]] {
        let told = strangers(BLOCK, &declared, vec![block('a'), block('b')]).drifts;
        let unmanaged = told.iter().filter(|one| one.status == DriftStatus::Unmanaged);
        assert_eq!(unmanaged.map(|one| one.id.as_str()).collect::<Vec<_>>(), ["vpc-cidr-assoc-0000000b"]);
    }
}
