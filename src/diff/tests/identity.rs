//! Made anew under its old name: another thing, by its id, or by the time of its making.

use super::*;

#[test]
fn a_thing_made_anew_is_not_the_old_one() {
    let rules = CompareRules { identity: &["unique_id"], ..CompareRules::default() };
    let kinds = HashMap::from([("aws_iam_user", KindFacts { rules, ..facts("aws_iam_user") })]);
    let changed = |state: Value, found: Value| {
        let user = desired("aws_iam_user", "ci", json!({"id": "ci", "name": "ci", "unique_id": state}));
        let found = complete(vec![live("ci", json!({"name": "ci", "unique_id": found}), Owner::None)]);
        let scope = Scope::new(SCOPE.0, "global");
        let drifts = listing(&kinds["aws_iam_user"], &scope, &[(0, &user)], found, None).drifts;
        Vec::from_iter(drifts.iter().flat_map(|drift| &drift.changes).map(|change| change.path.clone()))
    };
    assert_eq!(changed(json!("AIDA1"), json!("AIDA2")), ["/unique_id"]);
    assert_eq!(changed(json!("AIDA1"), json!("AIDA1")), [""; 0]);
    // An older provider did not write it, and what AWS did not answer is no other one.
    assert_eq!(changed(Value::Null, json!("AIDA2")), [""; 0]);
    assert_eq!(changed(json!("AIDA1"), Value::Null), [""; 0]);
}

/// Where the state has no id, the time tells.
#[test]
fn a_thing_made_later_is_not_the_old_one() {
    let rules =
        CompareRules { identity: &["unique_id"], creation_time: Some("create_date"), ..CompareRules::default() };
    let kind = KindFacts { rules, ..facts("aws_iam_role") };
    let changed = |state: Value, found: &str| {
        let mut attributes = json!({"id": "ci", "name": "ci"});
        attributes.as_object_mut().unwrap().extend(state.as_object().unwrap().clone());
        let role = desired("aws_iam_role", "ci", attributes);
        let found = json!({"name": "ci", "unique_id": "AROA1", "create_date": found});
        let found = complete(vec![live("ci", found, Owner::None)]);
        let drifts = listing(&kind, &Scope::new(SCOPE.0, "global"), &[(0, &role)], found, None).drifts;
        Vec::from_iter(drifts.iter().flat_map(|drift| &drift.changes).map(|change| change.path.clone()))
    };
    let made = json!({"create_date": "2026-01-02T03:04:05Z"});
    assert_eq!(changed(made.clone(), "2026-02-02T03:04:05Z"), ["/create_date"]);
    assert_eq!(changed(made, "2026-01-02T04:04:05.000+01:00"), [""; 0], "the same moment");
    assert_eq!(changed(json!({"create_date": "long ago"}), "2026-02-02T03:04:05Z"), [""; 0]);
    let identified = json!({"create_date": "2026-01-02T03:04:05Z", "unique_id": "AROA1"});
    assert_eq!(changed(identified, "2026-02-02T03:04:05Z"), [""; 0], "its id is the same");
}
