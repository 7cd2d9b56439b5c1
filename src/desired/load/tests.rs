//! Tests of `desired::load`.

mod owners;

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;

use super::super::s3::{MemoryStore, StoreError};
use super::super::{Body, Fetched};
use super::*;
use crate::model::GapReason;

const EU: &str = "arn:aws:sqs:eu-west-1:111111111111:";

/// A state with queues of these names.
fn state(serial: u64, queues: &[&str]) -> String {
    let resource = |name: &&str| {
        format!(
            r#"{{"mode":"managed","type":"aws_sqs_queue","name":"{name}","provider":"provider[\"registry.terraform.io/hashicorp/aws\"]","instances":[{{"schema_version":0,"attributes":{{"id":"https://sqs/{name}","arn":"{EU}{name}"}}}}]}}"#
        )
    };
    let resources: Vec<String> = queues.iter().map(resource).collect();
    format!(r#"{{"version":4,"serial":{serial},"lineage":"l","resources":[{}]}}"#, resources.join(","))
}

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    folder
}

async fn load_with(requests: &[&str], store: &MemoryStore, options: &LoadOptions) -> DesiredState {
    let states: Vec<StateConfig> = requests.iter().map(|text| StateConfig::anywhere(*text)).collect();
    load(&states, options, store).await
}

async fn load_all(requests: &[&str], store: &MemoryStore) -> DesiredState {
    load_with(requests, store, &LoadOptions::default()).await
}

fn names(desired: &DesiredState) -> Vec<(&str, &str, u64)> {
    desired.sources.iter().map(|s| (s.name.as_str(), s.location.as_str(), s.resources)).collect()
}

#[tokio::test]
async fn s3_keys_prefixes_workspaces_and_locks() {
    let mut store = MemoryStore::default();
    store.put("b", "net/prod.tfstate", state(3, &["a"]));
    let lock = r#"{"ID":"1","Who":"ann@host","Created":"2026-01-02T03:04:05Z"}"#;
    store.put("b", "net/prod.tfstate.tflock", lock);
    store.put("b", "net/prod.tfstate-lock", "x");
    store.put("b", "net/dev", state(4, &["b", "c"]));
    store.put("b", "env:/blue/app", state(5, &["d"]));
    store.put("b", "ws/blue/app", state(6, &[]));
    let requests = [
        "s3://b/net/",
        "s3://b/app?workspace=blue&region=eu-west-1",
        "s3://b/app?workspace=blue&workspace_key_prefix=ws",
    ];
    let desired = load_all(&requests, &store).await;
    assert_eq!(
        names(&desired),
        [
            ("dev", "s3://b/net/dev", 2),
            ("prod", "s3://b/net/prod.tfstate", 1),
            ("env:/blue/app", "s3://b/env:/blue/app", 1),
            ("ws/blue/app", "s3://b/ws/blue/app", 0)
        ]
    );
    assert!(desired.gaps.is_empty());
    let warnings = &desired.sources[1].warnings;
    assert_eq!(warnings, &["locked by ann@host since 2026-01-02T03:04:05Z: an apply may be running"]);
}

#[tokio::test]
async fn one_bad_source_is_a_gap_and_the_others_are_read() {
    let mut store = MemoryStore::default();
    store.put("b", "good", state(1, &["a"]));
    store.put("b", "cut", state(1, &["a"]).get(..60).unwrap());
    store.0.insert(("b".to_owned(), "denied".to_owned()), Err(StoreError::Denied("AccessDenied".to_owned())));
    store.0.insert(("b".to_owned(), "who".to_owned()), Err(StoreError::NoCredentials("no profile".to_owned())));
    let requests = [
        "s3://b/good",
        "s3://b/cut",
        "s3://b/denied",
        "s3://b/who",
        "s3://b/absent",
        "s3://b/x?password=hunter2",
        "gs://me:hunter2@b/x?token=hunter2",
        "no/such/file.tfstate",
        "no/such/*.tfstate",
        "git::https://me:hunter2@h.example/r.git",
        "tfe://host/org",
        "https://me:hunter2@exa mple/x",
    ];
    let desired = load_all(&requests, &store).await;
    assert_eq!(names(&desired), [("good", "s3://b/good", 1)]);
    let gaps: Vec<_> = desired.gaps.iter().map(|gap| (gap.scope.source.as_deref().unwrap(), gap.reason)).collect();
    use GapReason::{Denied, NotConfigured, Unreadable};
    assert_eq!(
        gaps[..6],
        [
            ("cut", Unreadable),
            ("denied", Denied),
            ("who", NotConfigured),
            ("absent", Unreadable),
            ("file", Unreadable),
            ("b/x", Unreadable)
        ]
    );
    assert_eq!(gaps.len(), 11, "{gaps:?}");
    for gap in &desired.gaps {
        assert!(!format!("{gap:?}").contains("hunter2"), "{gap:?}");
    }
    let detail = |at: usize| desired.gaps[at].detail.as_str();
    assert!(detail(0).contains("ends in the middle"), "{}", detail(0));
    assert!(detail(1).contains("allow s3:GetObject"), "{}", detail(1));
}

#[tokio::test]
async fn an_unread_source_says_where_it_may_declare_resources() {
    let state = |location: &str, accounts: &[&str], regions: &[&str]| {
        let list = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        StateConfig {
            location: location.to_owned(),
            accounts: list(accounts),
            regions: list(regions),
            ..StateConfig::default()
        }
    };
    let states = [
        state("s3://b/one", &["111111111111"], &["eu-west-1"]),
        state("s3://b/two", &["111111111111", "222222222222"], &[]),
        state("s3://b/both", &["111111111111"], &["eu-west-1"]),
        state("s3://b/both", &["222222222222"], &[]),
        state("gs://b/unknown", &[], &["eu-west-1"]),
    ];
    let desired = load(&states, &LoadOptions::default(), &MemoryStore::default()).await;
    let scopes: Vec<_> =
        desired.gaps.iter().map(|gap| (gap.scope.account.as_deref(), gap.scope.region.as_deref())).collect();
    let (one, eu) = (Some("111111111111"), Some("eu-west-1"));
    assert_eq!(scopes, [(one, eu), (None, None), (None, None), (None, eu)]);
    let accounts: Vec<_> = desired.unread.iter().map(|source| (source.name.as_str(), source.accounts.len())).collect();
    assert_eq!(accounts, [("one", 1), ("two", 2), ("both", 2), ("unknown", 0)]);
    assert!(desired.unread[2].regions.is_empty(), "one of its entries says: any region");
}

#[tokio::test]
async fn a_glob_and_a_local_lock() {
    let files = folder(&[
        ("a/terraform.tfstate", &state(1, &["a"])),
        ("b/terraform.tfstate", &state(2, &["b"])),
        ("b/.terraform.tfstate.lock.info", r#"{"Who":"bob@host","Created":"now"}"#),
    ]);
    let at = |name: &str| files.path().join(name).display().to_string();
    let desired = load_all(&[&at("*/terraform.tfstate"), &at("a/terraform.tfstate")], &MemoryStore::default()).await;
    let found: Vec<_> = desired.sources.iter().map(|s| (s.name.as_str(), s.serial, s.warnings.len())).collect();
    assert_eq!(found, [("a/terraform", Some(1), 0), ("b/terraform", Some(2), 1)]);
}

async fn directory(
    files: &[(&str, &str)],
    store: &MemoryStore,
    options: &LoadOptions,
) -> (DesiredState, tempfile::TempDir) {
    let files = folder(files);
    let desired = load_with(&[&files.path().display().to_string()], store, options).await;
    (desired, files)
}

#[tokio::test]
async fn a_directory_leads_to_its_backend_and_its_code() {
    let main = "terraform {\n  backend \"s3\" {\n    bucket = \"b\"\n    key    = \"k\"\n    assume_role = {\n      role_arn = \"arn:aws:iam::111111111111:role/r\"\n    }\n  }\n}\n\nresource \"aws_sqs_queue\" \"a\" {\n  name = \"a\"\n}\n";
    let mut store = MemoryStore::default();
    store.put("b", "k", state(1, &["a"]));
    store.put("b", "env:/blue/k", state(2, &["a"]));
    store.put("b", "merged", state(3, &["a"]));
    let none = LoadOptions::default();

    let (desired, _files) = directory(&[("main.tf", main)], &store, &none).await;
    assert_eq!(desired.sources[0].location, "s3://b/k");
    let queue = &desired.resources[0];
    let code = queue.code.as_ref().unwrap();
    assert!(code.file.ends_with("main.tf") && code.line == 11, "{code:?}");
    assert_eq!(queue.declared.as_deref(), Some(["name".to_owned()].as_slice()));

    let blue = [("main.tf", main), (".terraform/environment", "blue\n")];
    assert_eq!(directory(&blue, &store, &none).await.0.sources[0].location, "s3://b/env:/blue/k");

    let note =
        r#"{"version":3,"backend":{"type":"s3","config":{"bucket":"b","key":"merged","role_arn":null},"hash":1}}"#;
    let initialised = [("main.tf", main), (".terraform/terraform.tfstate", note)];
    assert_eq!(directory(&initialised, &store, &none).await.0.sources[0].serial, Some(3));

    let pair = BackendConfig::Pair { key: "key".to_owned(), value: "merged".to_owned() };
    let options = LoadOptions { backend_config: vec![pair], ..LoadOptions::default() };
    let partial = [("main.tf.json", r#"{"terraform":{"backend":{"s3":{"bucket":"b"}}}}"#)];
    assert_eq!(directory(&partial, &store, &options).await.0.sources[0].serial, Some(3));
    let missing = directory(&partial, &store, &none).await.0;
    assert!(
        missing.gaps[0].detail.contains("`key` of backend `s3` is missing: run `terraform init`"),
        "{:?}",
        missing.gaps
    );

    let other = [("main.tf", "terraform {\n  backend \"gcs\" {}\n}\n")];
    let gap = &directory(&other, &store, &none).await.0.gaps[0];
    assert_eq!(gap.reason, GapReason::NotConfigured);
    assert!(gap.detail.contains("backend `gcs`") && gap.detail.contains("terraform state pull"), "{}", gap.detail);

    let variable = [("main.tf", "terraform {\n  backend \"s3\" {\n    bucket = var.b\n    key = \"k\"\n  }\n}\n")];
    let gap = &directory(&variable, &store, &none).await.0.gaps[0];
    assert!(gap.detail.contains("`bucket` of backend `s3` is no literal"), "{}", gap.detail);

    let cloud = [(
        "main.tf",
        "terraform {\n  cloud {\n    organization = \"o\"\n    workspaces {\n      name = \"w\"\n    }\n  }\n}\n",
    )];
    let gap = &directory(&cloud, &store, &none).await.0.gaps[0];
    assert!(
        gap.detail.contains("tfe://app.terraform.io/o/w") && gap.detail.contains("TF_TOKEN_app_terraform_io"),
        "{}",
        gap.detail
    );

    assert!(directory(&[("readme.md", "")], &store, &none).await.0.gaps[0].detail.contains("no Terraform code"));
}

#[tokio::test]
async fn the_local_backend_knows_workspaces() {
    let main = "resource \"aws_sqs_queue\" \"a\" {}\n";
    let (one, two) = (state(1, &["a"]), state(2, &["a"]));
    let files = [
        ("main.tf", main),
        ("terraform.tfstate", one.as_str()),
        ("terraform.tfstate.d/blue/terraform.tfstate", two.as_str()),
    ];
    let store = MemoryStore::default();
    let blue = LoadOptions { workspace: Some("blue".to_owned()), ..LoadOptions::default() };
    assert_eq!(directory(&files, &store, &LoadOptions::default()).await.0.sources[0].serial, Some(1));
    assert_eq!(directory(&files, &store, &blue).await.0.sources[0].serial, Some(2));
}

#[tokio::test]
async fn code_beside_the_states_goes_to_the_state_it_belongs_to() {
    let backend = |key: &str| {
        format!(
            "terraform {{\n  backend \"s3\" {{\n    bucket = \"b\"\n    key = \"{key}\"\n  }}\n}}\nresource \"aws_sqs_queue\" \"a\" {{}}\n"
        )
    };
    let files = folder(&[("one/main.tf", &backend("one")), ("two/main.tf", &backend("two"))]);
    let mut store = MemoryStore::default();
    for key in ["one", "two", "three"] {
        store.put("b", key, state(1, &["a"]).replace(EU, &format!("{EU}{key}")).replace("sqs/a", key));
    }
    let code_dirs = ["one", "two"].map(|name| files.path().join(name)).to_vec();
    let options = LoadOptions { code_dirs, ..LoadOptions::default() };
    let desired = load_with(&["s3://b/two", "s3://b/one", "s3://b/three"], &store, &options).await;
    let parents: Vec<_> = desired
        .resources
        .iter()
        .map(|r| r.code.as_ref().and_then(|code| Path::new(&code.file).parent()?.file_name()?.to_str()))
        .collect();
    assert_eq!(parents, [Some("two"), Some("one"), None], "two equally good ones decide nothing");
}

/// Answers with one text after the other, then with the last one for ever.
struct Changing {
    texts: Vec<String>,
    stamps: bool,
    reads: AtomicUsize,
    stamp: AtomicUsize,
}

#[async_trait]
impl StateFile for Changing {
    fn location(&self) -> String {
        "place".to_owned()
    }

    async fn fetch(&self) -> Result<Fetched, ReadError> {
        let at = self.reads.fetch_add(1, Ordering::Relaxed).min(self.texts.len() - 1);
        Ok(Fetched::from(Body::from(self.texts[at].clone().into_bytes())))
    }

    async fn stamp(&self) -> Option<String> {
        self.stamps.then(|| self.stamp.fetch_add(1, Ordering::Relaxed).to_string())
    }
}

async fn read_changing(texts: &[&str], stamps: bool) -> (Result<State, ReadError>, usize) {
    let texts = texts.iter().map(|text| (*text).to_owned()).collect();
    let file = Changing { texts, stamps, reads: AtomicUsize::new(0), stamp: AtomicUsize::new(0) };
    let outcome = read_settled(&file, Duration::ZERO).await;
    (outcome, file.reads.into_inner())
}

#[tokio::test]
async fn a_torn_state_is_read_again() {
    let whole = state(9, &["a"]);
    let torn = whole.get(..80).unwrap();
    let (outcome, reads) = read_changing(&[torn, "", &whole], false).await;
    assert_eq!((outcome.unwrap().serial, reads), (Some(9), 3));
    let (outcome, reads) = read_changing(&[torn], false).await;
    assert!(outcome.unwrap_err().to_string().contains("ends in the middle"));
    assert_eq!(reads, 3);
    let (outcome, reads) = read_changing(&["nonsense", &whole], false).await;
    assert!(outcome.is_err() && reads == 1, "what is no state does not become one");
    let (outcome, reads) = read_changing(&[&whole], true).await;
    assert_eq!((outcome.unwrap().warnings.len(), reads), (1, 3), "a state that never rests is a warning");
}

#[tokio::test]
async fn an_http_source_is_read_and_named_without_secrets() {
    use super::super::http::tests::{Server, answer};
    let server = Server::start(vec![
        ("/prod.tfstate?token=hunter2", Some(answer("200 OK", &state(1, &["a"])))),
        ("/page", Some(answer("200 OK", "<html>"))),
    ])
    .await;
    let url = |path: &str| format!("{}{path}", server.base.replace("http://", "http://me:hunter2@"));
    let desired = load_all(&[&url("/prod.tfstate?token=hunter2"), &url("/page")], &MemoryStore::default()).await;
    assert_eq!(names(&desired), [("prod", format!("{}/prod.tfstate", server.base).as_str(), 1)]);
    assert!(desired.gaps[0].detail.contains("HTML page") && !format!("{desired:?}").contains("hunter2"));
}

#[tokio::test]
async fn a_fork_of_the_provider_is_one_gap_and_nothing_is_unmanaged() {
    let fork = state(1, &["a", "b"]).replace("hashicorp/aws", "acme/aws");
    let mut store = MemoryStore::default();
    store.put("b", "fork", fork);
    store.put("b", "good", state(1, &["c"]));
    let desired = load_all(&["s3://b/fork", "s3://b/good"], &store).await;
    let [gap] = desired.gaps.as_slice() else { panic!("{:?}", desired.gaps) };
    assert_eq!((gap.reason, gap.scope.source.as_deref()), (GapReason::Unsupported, Some("fork")));
    assert_eq!(
        gap.detail,
        "provider registry.terraform.io/acme/aws is not hashicorp/aws: 2 resources not compared, and nothing is called unmanaged where it may declare resources"
    );
    assert_eq!((desired.resources.len(), desired.sources.len(), desired.unread.len()), (1, 2, 1));
    assert_eq!((desired.sources[0].resources, desired.sources[0].foreign_providers.values().sum()), (2, 2));
}

#[tokio::test]
async fn files_are_checked_without_anybody_else() {
    let folder = folder(&[("old.tfstate", r#"{"version": 3}"#), ("good.tfstate", &state(1, &["a"]))]);
    let at = |name: &str| folder.path().join(name).display().to_string();
    let locations = [at("old.tfstate"), at("good.tfstate"), at("none.tfstate"), at("*.x"), "s3://b/x".to_owned()];
    let states = locations.map(StateConfig::anywhere);
    let details: Vec<String> =
        check_local(&states, &LoadOptions::default()).await.into_iter().map(|gap| gap.detail).collect();
    assert_eq!(details.len(), 3, "{details:?}");
    for (detail, expected) in details.iter().zip(["state version 3", "no state at", "matches no file"]) {
        assert!(detail.contains(expected), "{details:?}");
    }
}
