//! Tests of the whole comparison.

mod identity;
mod strangers;

use serde_json::{Value, json};

use super::*;
use crate::model::{InstanceStatus, Owner, ProviderRef, ResourceKey};

const SCOPE: (&str, &str) = ("123456789012", "eu-central-1");

pub(super) fn desired(kind: &str, id: &str, attributes: Value) -> Desired {
    Desired {
        address: format!("{kind}.x"),
        kind: kind.into(),
        id: id.into(),
        account: None,
        region: None,
        source: 0,
        also_in: Vec::new(),
        disputed_by: Vec::new(),
        is_copy: false,
        provider: ProviderRef { module: None, address: "aws".into(), alias: None },
        schema_version: 0,
        status: InstanceStatus::Ready,
        raw_attributes: serde_json::value::to_raw_value(&attributes).unwrap(),
        sensitive: Vec::new(),
        code: None,
        declared: None,
    }
}

fn live(id: &str, attributes: Value, owner: Owner) -> Live {
    let Value::Object(attributes) = attributes else { panic!("not an object") };
    Live { id: id.into(), attributes, owner }
}

/// Inline policies own their element in the role.
fn role_policy_parts(kind: &'static str, attributes: &Attributes) -> Vec<OwnedField> {
    let text = |name: &str| attributes[name].as_str().unwrap().to_owned();
    match kind {
        "aws_iam_role_policy" => vec![OwnedField {
            parent_kind: "aws_iam_role",
            parent_id: text("role"),
            attribute: "inline_policy",
            element: Some(json!({"name": text("name"), "policy": text("policy")})),
        }],
        _ => Vec::new(),
    }
}

fn facts(name: &'static str) -> KindFacts {
    let policies: &'static [&'static str] = match name {
        "aws_iam_role" => &["inline_policy", "assume_role_policy"],
        "aws_iam_role_policy" => &["policy"],
        _ => &[],
    };
    let parent_kinds: &'static [&'static str] = match name {
        "aws_iam_role_policy" => &["aws_iam_role"],
        "aws_vpc_ipv6_cidr_block_association" => &["aws_vpc"],
        _ => &[],
    };
    KindFacts {
        name,
        rules: CompareRules { policies, ..CompareRules::default() },
        owned_fields: if name == strangers::BLOCK { strangers::block_parts } else { role_policy_parts },
        parent_kinds,
    }
}

fn kinds() -> HashMap<&'static str, KindFacts> {
    [
        "aws_iam_role",
        "aws_iam_role_policy",
        "aws_vpc",
        "aws_default_vpc",
        "aws_vpc_ipv6_cidr_block_association",
        "aws_iam_user",
        "aws_iam_group",
        "aws_instance",
        "aws_network_interface",
        "aws_s3_bucket",
        "aws_s3_object",
    ]
    .into_iter()
    .map(|n| (n, facts(n)))
    .collect()
}

fn run(kind: &'static str, all: &[Desired], found: Listing) -> Compared {
    let kinds = kinds();
    let ownership = OwnershipIndex::new(all, &kinds, SCOPE.0);
    let wanted: Vec<_> = all.iter().enumerate().filter(|(_, d)| &*d.kind == kind).collect();
    listing(&kinds[kind], &Scope::new(SCOPE.0, SCOPE.1), &wanted, found, Some(&ownership))
}

fn one(kind: &'static str, resource: Desired, found: Listing) -> Vec<Drift> {
    run(kind, &[resource], found).drifts
}

fn complete(live: Vec<Live>) -> Listing {
    Listing { live, complete: true, ..Listing::default() }
}

fn gap(id: Option<&str>) -> Gap {
    let scope = GapScope { id: id.map(str::to_owned), ..GapScope::default() };
    Gap { reason: GapReason::Denied, scope, detail: "ec2:DescribeVpcs: UnauthorizedOperation".into() }
}

fn vpc() -> Desired {
    desired(
        "aws_vpc",
        "vpc-0000000a",
        json!({"id": "vpc-0000000a", "cidr_block": "10.0.0.0/16", "tags": {"a": "1"}, "tags_all": {"a": "1"}}),
    )
}

#[test]
fn equal_is_in_sync() {
    let found = complete(vec![live(
        "vpc-0000000a",
        json!({"cidr_block": "10.0.0.0/16", "tags_all": {"a": "1"}, "instance_tenancy": null}),
        Owner::None,
    )]);
    let compared = run("aws_vpc", &[vpc()], found);
    assert_eq!((compared.drifts.len(), compared.in_sync), (0, vec![0]));
}

#[test]
fn a_tag_is_one_change_at_its_key() {
    let found = complete(vec![live(
        "vpc-0000000a",
        json!({"cidr_block": "10.0.0.0/16", "tags_all": {"a": "2", "b": "3"}}),
        Owner::None,
    )]);
    let drifts = one("aws_vpc", vpc(), found);
    let changes: Vec<_> = drifts[0].changes.iter().map(|c| (c.path.as_str(), &c.desired, &c.live)).collect();
    assert_eq!(changes, [("/tags/a", &json!("1"), &json!("2")), ("/tags/b", &Value::Null, &json!("3"))]);
}

#[test]
fn a_tag_emptied_is_not_a_tag_removed() {
    let found = |tags: Value| complete(vec![live("vpc-0000000a", json!({"tags_all": tags}), Owner::None)]);
    let change = |tags| one("aws_vpc", vpc(), found(tags))[0].changes[0].clone();
    let (emptied, removed) = (change(json!({"a": ""})), change(json!({})));
    assert_eq!((emptied.path.as_str(), &emptied.desired, &emptied.live), ("/tags/a", &json!("1"), &json!("")));
    assert_eq!((removed.path.as_str(), &removed.desired, &removed.live), ("/tags/a", &json!("1"), &Value::Null));
}

#[test]
fn a_deposed_object_that_is_gone_is_as_it_should_be() {
    let deposed = Desired { status: InstanceStatus::Deposed("1a2b3c4d".to_owned()), ..vpc() };
    let gone = Listing { confirmed_missing: vec!["vpc-0000000a".to_owned()], ..complete(vec![]) };
    let compared = run("aws_vpc", std::slice::from_ref(&deposed), gone);
    assert_eq!((compared.drifts.as_slice(), compared.in_sync.as_slice()), (&[][..], &[0][..]));
    assert_eq!(one("aws_vpc", deposed, complete(vec![]))[0].status, DriftStatus::Unknown, "not seen is not gone");
}

#[test]
fn missing_only_after_a_second_look() {
    let kind = |listing: Listing| one("aws_vpc", vpc(), listing)[0].status;
    let confirmed = vec!["vpc-0000000a".to_owned()];
    assert_eq!(kind(Listing { confirmed_missing: confirmed.clone(), ..complete(vec![]) }), DriftStatus::Missing);
    assert_eq!(kind(complete(vec![])), DriftStatus::Unknown);
    assert_eq!(
        kind(Listing { confirmed_missing: confirmed, complete: false, ..Listing::default() }),
        DriftStatus::Unknown
    );
    assert_eq!(kind(Listing { gaps: vec![gap(None)], ..Listing::default() }), DriftStatus::Unknown);
}

#[test]
fn what_was_half_read_is_never_in_sync() {
    let attributes = json!({"cidr_block": "10.0.0.0/16"});
    for id in [None, Some("vpc-0000000a")] {
        let found = complete(vec![live("vpc-0000000a", attributes.clone(), Owner::None)]);
        let drifts = one("aws_vpc", vpc(), Listing { gaps: vec![gap(id)], ..found });
        assert_eq!(drifts[0].status, DriftStatus::Unknown);
        assert_eq!(drifts[0].reason.as_deref(), Some("denied: ec2:DescribeVpcs: UnauthorizedOperation"));
    }
    // A change that was seen is a change all the same.
    let found = complete(vec![live("vpc-0000000a", json!({"cidr_block": "10.1.0.0/16"}), Owner::None)]);
    let drifts = one("aws_vpc", vpc(), Listing { gaps: vec![gap(Some("vpc-0000000a"))], ..found });
    assert_eq!(drifts[0].status, DriftStatus::Changed);
}

#[test]
fn a_half_made_resource_is_unknown() {
    let found = complete(vec![live("vpc-0000000a", json!({"cidr_block": "10.0.0.0/16"}), Owner::None)]);
    let half = desired("aws_vpc", "vpc-0000000a", Value::Null);
    assert_eq!(one("aws_vpc", half, found.clone())[0].status, DriftStatus::Unknown);
    // Nothing recorded is nothing that could have changed, and no proof that nothing did.
    let cut = json!({"id": "vpc-0000000a", "arn": "arn:aws:ec2:eu-west-1:123456789012:vpc/vpc-0000000a", "tags": {}});
    assert_eq!(one("aws_vpc", desired("aws_vpc", "vpc-0000000a", cut), found)[0].status, DriftStatus::Unknown);
}

#[test]
fn of_a_newer_provider_the_known_attributes_are_compared() {
    let newer = |cidr: &str| {
        let attributes = json!({"id": "vpc-0000000a", "region": "eu-central-1", "cidr_block": "10.0.0.0/16",
            "instance_tenancy": ["of", "another", "shape"], "shiny": {"new": true}});
        let newer = Desired { schema_version: 99, ..desired("aws_vpc", "vpc-0000000a", attributes) };
        let attributes = json!({"cidr_block": cidr, "instance_tenancy": "default"});
        run("aws_vpc", &[newer], complete(vec![live("vpc-0000000a", attributes, Owner::None)]))
    };
    let same = newer("10.0.0.0/16");
    assert_eq!((same.drifts.as_slice(), same.in_sync.as_slice()), (&[][..], &[0][..]));
    let gap = same.not_compared.gap("aws_vpc").unwrap();
    for named in ["99", "`instance_tenancy`", "`shiny`"] {
        assert!(gap.detail.contains(named), "{}", gap.detail);
    }
    assert_eq!(newer("10.1.0.0/16").drifts[0].changes[0].path, "/cidr_block");
}

/// What nobody knows may be a secret: it is not shown of a missing resource, either.
#[test]
fn of_a_newer_provider_only_known_attributes_are_shown() {
    let attributes =
        json!({"id": "r", "name": "r", "inline_policy": [{"name": "p", "policy": "{}", "shiny": "s3cr3t"}]});
    let found = Listing { confirmed_missing: vec!["r".to_owned()], ..complete(vec![]) };
    let drifts = one("aws_iam_role", desired("aws_iam_role", "r", attributes), found);
    assert_eq!(drifts[0].status, DriftStatus::Missing);
    assert_eq!(drifts[0].desired_attributes["inline_policy"], json!([{"name": "p", "policy": "{}"}]));
}

#[test]
fn what_the_state_has_not_is_not_compared_and_null_is() {
    let changes = |attributes: Value| {
        let found = json!({"cidr_block": "10.0.0.0/16", "instance_tenancy": "dedicated", "tags_all": {"a": "2"}});
        let resource = desired("aws_vpc", "vpc-0000000a", attributes);
        let drifts = one("aws_vpc", resource, complete(vec![live("vpc-0000000a", found, Owner::None)]));
        Vec::from_iter(drifts.iter().flat_map(|drift| &drift.changes).map(|change| change.path.clone()))
    };
    assert_eq!(changes(json!({"id": "x"})), [""; 0]);
    assert_eq!(changes(json!({"instance_tenancy": null})), ["/instance_tenancy"]);
    // Either of the two is enough, and both are one.
    assert_eq!(changes(json!({"tags": {"a": "1"}})), ["/tags/a"]);
    assert_eq!(changes(json!({"tags_all": {"a": "1"}})), ["/tags_all/a"]);
    assert_eq!(changes(json!({"tags": {"a": "1"}, "tags_all": {"a": "1"}})), ["/tags/a"]);
    assert_eq!(changes(json!({"tags": {"a": "2"}})), [""; 0]);
    assert_eq!(changes(json!({"tags": null})), ["/tags/a"]);
}

#[test]
fn an_added_element_is_shown_with_what_the_state_does_not_know() {
    let role = desired("aws_iam_role", "r", json!({"id": "r", "inline_policy": [{"name": "own"}]}));
    let inline = json!([{"name": "own", "policy": policy("a:B")}, {"name": "hand", "policy": policy("a:C")}]);
    let found = complete(vec![live("r", json!({"inline_policy": inline}), Owner::None)]);
    let change = &one("aws_iam_role", role, found)[0].changes[0];
    let added = change.added.as_ref().unwrap();
    assert_eq!((added.len(), &added[0]["name"]), (1, &json!("hand")));
    assert!(added[0].get("policy").is_some(), "{added:?}");
    assert_eq!(change.removed.as_deref(), Some(&[][..]));
}

#[test]
fn user_data_is_never_shown() {
    let kinds = HashMap::from([("aws_instance", facts("aws_instance"))]);
    let with = |text: &str| json!({"id": "i-0000000a", "user_data": text});
    let state = [desired("aws_instance", "i-0000000a", with("password=old"))];
    let found = complete(vec![live("i-0000000a", with("password=new"), Owner::None)]);
    let wanted = [(0, &state[0])];
    let compared = listing(&kinds["aws_instance"], &Scope::new(SCOPE.0, SCOPE.1), &wanted, found, None);
    let drift = &compared.drifts[0];
    assert_eq!((&drift.changes[0].desired, &drift.changes[0].live), (&json!("(sensitive)"), &json!("(sensitive)")));
    assert!(!format!("{drift:?}").contains("password"), "{drift:?}");
    let gone = Listing { confirmed_missing: vec!["i-0000000a".to_owned()], ..complete(vec![]) };
    let compared = listing(&kinds["aws_instance"], &Scope::new(SCOPE.0, SCOPE.1), &wanted, gone, None);
    assert_eq!(compared.drifts[0].desired_attributes["user_data"], "(sensitive)");
}

#[test]
fn unmanaged_resources() {
    let unmanaged = |owner| {
        let found = complete(vec![live("vpc-0000000b", json!({"arn": null}), owner)]);
        run("aws_vpc", &[], found).drifts.len()
    };
    assert_eq!(unmanaged(Owner::None), 1);
    assert_eq!(unmanaged(Owner::Aws("default VPC")), 0);
    assert_eq!(unmanaged(Owner::Parent { kind: "aws_instance", id: "i-1".into() }), 0);
    // The same object under another type's name is managed; an equal name of another kind is not.
    let default = desired("aws_default_vpc", "vpc-0000000b", json!({"id": "vpc-0000000b"}));
    let found = || complete(vec![live("vpc-0000000b", json!({}), Owner::None)]);
    assert_eq!(run("aws_vpc", &[default], found()).drifts.len(), 0);
    let role = desired("aws_iam_role", "deploy", json!({"id": "deploy"}));
    let user = complete(vec![live("deploy", json!({}), Owner::None)]);
    assert_eq!(run("aws_iam_user", &[role], user).drifts.len(), 1);
}

fn policy(action: &str) -> String {
    json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}]}).to_string()
}

#[test]
fn an_inline_policy_by_hand_is_seen_and_a_managed_one_is_the_childs() {
    let role = desired("aws_iam_role", "r", json!({"id": "r", "name": "r", "inline_policy": []}));
    let child = desired(
        "aws_iam_role_policy",
        "r:own",
        json!({"id": "r:own", "role": "r", "name": "own", "policy": policy("a:B")}),
    );
    let all = [role, child];
    let own = json!({"name": "own", "policy": policy("a:B").replace("\"a:B\"", "[\"a:B\"]")});
    let by_hand = json!({"name": "hand", "policy": policy("*")});
    let fold = |inline: Value| {
        let kinds = kinds();
        let ownership = OwnershipIndex::new(&all, &kinds, SCOPE.0);
        let found = complete(vec![live("r", json!({"name": "r", "inline_policy": inline}), Owner::None)]);
        let mut drifts = run("aws_iam_role", &all, found).drifts;
        drifts.retain_mut(|drift| !ownership.owned_fields().explain(drift));
        drifts
    };
    assert_eq!(fold(json!([own])), []);
    let drifts = fold(json!([own, by_hand]));
    assert_eq!(drifts[0].changes[0].added.as_ref().unwrap().len(), 1);
    assert_eq!(drifts[0].changes[0].added.as_ref().unwrap()[0]["name"], "hand");

    // As a resource of its own kind: unmanaged on a managed role, folded on an unmanaged one, silent when owned.
    let unmanaged = |role: &str, name: &str| {
        let owner = Owner::Parent { kind: "aws_iam_role", id: role.into() };
        let attributes = json!({"role": role, "name": name, "policy": policy("a:B")});
        let found = complete(vec![live(&format!("{role}:{name}"), attributes, owner)]);
        let drifts = run("aws_iam_role_policy", &all, found).drifts;
        drifts.iter().filter(|drift| drift.status == DriftStatus::Unmanaged).count()
    };
    assert_eq!((unmanaged("r", "hand"), unmanaged("other", "hand")), (1, 0));
}

#[test]
fn fingerprints_are_stable_and_distinguish_drifts() {
    let with = |cidr: &str| {
        let found = complete(vec![live("vpc-0000000a", json!({"cidr_block": cidr}), Owner::None)]);
        {
            let drift = &one("aws_vpc", vpc(), found)[0];
            fingerprint(&ResourceKey::new(drift.scope.clone(), "aws_vpc", &drift.id, Some("aws_vpc.x")), drift)
        }
    };
    assert_eq!(with("10.1.0.0/16"), with("10.1.0.0/16"));
    assert_ne!(with("10.1.0.0/16"), with("10.2.0.0/16"));
    assert_eq!(with("10.1.0.0/16").len(), 32);
}

#[test]
fn the_reader_must_cover_what_people_can_set() {
    let found = complete(vec![live("vpc-0000000a", json!({"tags_all": {"a": "1"}}), Owner::None)]);
    let compared = run("aws_vpc", &[vpc()], found);
    assert_eq!(compared.uncovered.into_iter().collect::<Vec<_>>(), ["aws_vpc.cidr_block"]);
}

#[test]
fn a_child_owns_the_value_it_sets_and_no_other() {
    let mut index = OwnedFieldIndex::default();
    let element = Some(json!("vpc-0000000a"));
    let part =
        OwnedField { parent_kind: "aws_internet_gateway", parent_id: "igw-1".into(), attribute: "vpc_id", element };
    index.add(SCOPE.0, &part, &CompareRules::default());
    let explained = |desired: &str, live: &str| {
        let change = Change {
            path: "/vpc_id".into(),
            desired: desired.into(),
            live: live.into(),
            added: None,
            removed: None,
            sensitive: false,
            declared: None,
        };
        let mut drift = Drift {
            status: DriftStatus::Changed,
            kind: "aws_internet_gateway".into(),
            id: "igw-1".into(),
            scope: Scope::new(SCOPE.0, SCOPE.1),
            desired: Some(0),
            reason: None,
            changes: vec![change],
            made: Vec::new(),
            desired_attributes: Attributes::new(),
            live_attributes: Attributes::new(),
        };
        index.explain(&mut drift)
    };
    assert!(explained("", "vpc-0000000a"), "attached since the gateway was last refreshed");
    assert!(!explained("vpc-0000000a", "") && !explained("vpc-0000000a", "vpc-0000000b"), "somebody detached it");
}
