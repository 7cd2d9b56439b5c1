//! Who holds an object, and where it is.

use super::*;

#[tokio::test]
async fn the_same_object_in_two_states_is_kept_once() {
    let mut store = MemoryStore::default();
    store.put("b", "one", state(1, &["a", "b"]));
    store.put("b", "two", state(1, &["b", "c"]));
    let desired = load_all(&["s3://b/one", "s3://b/two", "s3://b/one"], &store).await;
    assert_eq!(names(&desired).len(), 2, "the same request twice is one source");
    let owners: Vec<_> = desired.resources.iter().map(|r| (r.address.as_str(), r.source, r.also_in.clone())).collect();
    assert_eq!(
        owners,
        [("aws_sqs_queue.a", 0, vec![]), ("aws_sqs_queue.b", 0, vec![1]), ("aws_sqs_queue.c", 1, vec![])]
    );
    assert!(desired.resources.iter().all(|r| r.account.as_deref() == Some("111111111111")));
}

/// Whoever can write one state does not silence another: all are compared, each under a key of its own.
#[tokio::test]
async fn states_that_disagree_are_both_compared() {
    let mut store = MemoryStore::default();
    store.put("b", "one", state(1, &["a"]));
    store.put("b", "two", state(1, &["a"]).replace("\"id\"", "\"delay_seconds\":900,\"id\""));
    store.put("b", "three", state(7, &["a"]));
    let mut desired = load_all(&["s3://b/one", "s3://b/two", "s3://b/three"], &store).await;
    let owners: Vec<_> =
        desired.resources.iter().map(|r| (r.source, r.also_in.clone(), r.disputed_by.clone())).collect();
    assert_eq!(owners, [(0, vec![2], vec![1]), (1, vec![], vec![0])]);
    let scope = crate::model::Scope::new("111111111111", "eu-west-1");
    crate::desired::mark_copies(&mut desired.resources, |_| scope.clone());
    let keys: Vec<_> = desired.resources.iter().map(|r| r.key(scope.clone(), &desired.sources).to_string()).collect();
    assert_eq!(keys[1], format!("{}@aws_sqs_queue.a in s3://b/two", keys[0]));
}

/// The configuration's word is the last.
#[tokio::test]
async fn what_tells_no_place_is_where_its_state_says() {
    let mut store = MemoryStore::default();
    let state = |kind: &str| {
        format!(
            r#"{{"version":4,"serial":1,"lineage":"l","resources":[{{"mode":"managed","type":"{kind}","name":"a","provider":"provider[\"registry.terraform.io/hashicorp/aws\"]","instances":[{{"schema_version":0,"attributes":{{"id":"x"}}}}]}}]}}"#
        )
    };
    store.put("b", "encryption", state("aws_ebs_encryption_by_default"));
    store.put("b", "user", state("aws_iam_user"));
    let only = |location: &str, accounts: &[&str]| StateConfig {
        location: location.to_owned(),
        accounts: accounts.iter().map(|one| (*one).to_owned()).collect(),
        regions: vec!["eu-west-1".to_owned()],
        ..StateConfig::default()
    };
    let states = [only("s3://b/encryption", &["111111111111"]), only("s3://b/user", &["111111111111", "222222222222"])];
    let desired = load(&states, &LoadOptions::default(), &store).await;
    let places: Vec<_> = desired.resources.iter().map(|r| (r.account.as_deref(), r.region.as_deref())).collect();
    assert_eq!(places, [(Some("111111111111"), Some("eu-west-1")), (None, None)]);
}
