//! Tests of `desired::tfstate`.

use proptest::prelude::*;

use super::*;
use crate::model::ProviderRef;

const PLACE: &str = "s3://states/prod.tfstate";

fn fixture(name: &str) -> Vec<u8> {
    let path = format!("{}/tests/fixtures/state/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn error_of(name: &str) -> String {
    read(fixture(name).as_slice(), PLACE).unwrap_err().to_string()
}

#[test]
fn every_bad_input_names_the_source_and_the_remedy() {
    let table = [
        ("bad/empty.tfstate", "is empty", "terraform apply"),
        ("bad/blank.tfstate", "is empty", "terraform apply"),
        ("bad/login.html", "HTML page", "check the address and the credentials"),
        ("bad/plan.tfplan", "saved plan", "terraform state pull"),
        ("bad/encrypted.tfstate", "encrypted by OpenTofu (encryption_version v0)", "tofu state pull"),
        ("bad/version3.tfstate", "state version 3, older than 4", "terraform apply -refresh-only"),
        ("bad/version5.tfstate", "state version 5, newer than 4", "upgrade driftd"),
        ("bad/backend-note.tfstate", "note about its backend", "pass the directory"),
        ("bad/show.json", "terraform show -json", "terraform state pull"),
        ("bad/other.json", "not a Terraform state", "check the path"),
        ("bad/list.json", "not a Terraform state", "check the path"),
        ("bad/text.tfstate", "is not JSON (line 1, column 1", "pass a Terraform state file"),
        ("bad/comma.tfstate", "is not JSON (line 4, column 3", "pass a Terraform state file"),
        ("bad/truncated.tfstate", "ends in the middle (line 12, column 23)", "scan again"),
        ("bad/wrong-type.tfstate", "not a valid version 4 state (line 3,", "terraform state pull"),
        ("bad/instances-object.tfstate", "not a valid version 4 state (line 9,", "terraform state pull"),
        ("bad/trailing.tfstate", "is not JSON (line 6, column 1", "pass a Terraform state file"),
    ];
    for (name, what, remedy) in table {
        let text = error_of(name);
        assert!(text.starts_with(PLACE), "{name}: {text}");
        assert!(text.contains(what), "{name}: {text}");
        assert!(text.contains(remedy), "{name}: {text}");
        assert!(!text.contains("hunter2"), "{name} shows a value: {text}");
    }
}

#[test]
fn odd_states_are_read() {
    let state = read(fixture("odd.tfstate").as_slice(), PLACE).unwrap();
    assert_eq!((state.serial, state.lineage.as_deref()), (Some(7), Some("c0ffee")));
    assert_eq!(state.terraform_version.as_deref(), Some("1.9.0"));
    let seen: Vec<_> = state.resources.iter().map(|r| (r.address.as_str(), r.id.as_str(), r.status.clone())).collect();
    assert_eq!(
        seen,
        [
            (r#"module.m["x"].module.inner[0].aws_sqs_queue.q["a.b"]"#, "q1", InstanceStatus::Ready),
            (r#"module.m["x"].module.inner[0].aws_sqs_queue.q["q\"uote"]"#, "q2", InstanceStatus::Tainted),
            ("aws_instance.web", "i-new", InstanceStatus::Ready),
            ("aws_instance.web (deposed 1a2b3c4d)", "i-old", InstanceStatus::Deposed("1a2b3c4d".to_owned())),
            ("aws_instance.half", "", InstanceStatus::Tainted),
            ("aws_instance.none", "", InstanceStatus::Ready),
            ("random_id.suffix", "abc", InstanceStatus::Ready),
            (r#"aws_vpc.by_region["eu-west-1"]"#, "vpc-1", InstanceStatus::Ready),
            ("aws_sqs_queue.twice", "t1", InstanceStatus::Ready),
            ("aws_sqs_queue.twice", "t2", InstanceStatus::Ready),
            ("aws_sqs_queue.flat", "f1", InstanceStatus::Ready),
            ("aws_security_group.flat", "sg-flat", InstanceStatus::Ready),
        ]
    );
    assert_eq!(state.warnings.len(), 2, "{:?}", state.warnings);
    assert_eq!(state.warnings[0], "aws_sqs_queue.twice stands more than once in the state");
    assert!(state.warnings[1].starts_with("2 instances were last written by Terraform 0.11"), "{}", state.warnings[1]);
    let [gap] = state.gaps.as_slice() else { panic!("{:?}", state.gaps) };
    assert_eq!((gap.scope.kind.as_deref(), gap.scope.id.as_deref()), (Some("aws_security_group"), Some("sg-flat")));
    assert!(gap.detail.contains("`ingress`"), "{}", gap.detail);

    let queue = state.resources.first().unwrap();
    assert_eq!(queue.sensitive, [crate::model::SensitivePath("/tags/k".to_owned())]);
    assert_eq!(
        queue.raw_attributes.get(),
        r#"{"id": "q1", "big": 12345678901234567890, "tags": {"k": "hunter2"}}"#,
        "the attributes stay byte for byte"
    );
    let vpc = state.resources.iter().find(|r| r.id == "vpc-1").unwrap();
    assert_eq!(
        vpc.provider,
        ProviderRef {
            module: None,
            address: "registry.opentofu.org/hashicorp/aws".to_owned(),
            alias: Some(r#"by_region["eu-west-1"]"#.to_owned())
        }
    );
    let flat = state.resources.iter().find(|r| r.id == "f1").unwrap().attributes();
    assert_eq!(flat.get("delay_seconds"), Some(&serde_json::Value::from(5)));
    assert!(state.resources.iter().find(|r| r.address == "aws_instance.half").unwrap().attributes().is_empty());
}

#[test]
fn a_state_of_terraform_1_11_is_read() {
    let bytes = fixture("terraform-1.11.tfstate");
    let state = read(bytes.as_slice(), PLACE).unwrap();
    assert!(state.resources.iter().all(|r| !r.id.is_empty() && r.provider.is_aws()), "{:?}", state.resources);
    assert!(state.resources.iter().any(|r| &*r.kind == "aws_security_group"));
    assert!(state.warnings.is_empty() && state.gaps.is_empty());
}

#[test]
fn an_identity_hints_at_the_place() {
    let place = |identity: &str| {
        let text = format!(
            r#"{{"version":4,"resources":[{{"mode":"managed","type":"aws_security_group_rule","name":"x",
            "provider":"provider[\"registry.terraform.io/hashicorp/aws\"]","instances":[{{"schema_version":2,
            "attributes":{{"id":"sgrule-1"}},"identity_schema_version":0,"identity":{identity}}}]}}]}}"#
        );
        let mut state = read(text.as_bytes(), PLACE).unwrap();
        let resource = state.resources.remove(0);
        (resource.account, resource.region)
    };
    let told = (Some("111122223333".to_owned()), Some("eu-west-1".to_owned()));
    assert_eq!(place(r#"{"account_id":"111122223333","region":"eu-west-1","id":"sgrule-1"}"#), told);
    for nothing in ["null", r#"{"account_id":null,"region":null}"#, r#"{"account_id":"x","region":1}"#, "[]"] {
        assert_eq!(place(nothing), (None, None), "{nothing}");
    }
}

#[test]
fn a_byte_order_mark_and_gzip_do_not_matter() {
    let plain = fixture("odd.tfstate");
    let marked = [b"\xef\xbb\xbf\n ".as_slice(), &plain].concat();
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut packed, &marked).unwrap();
    for bytes in [marked, packed.finish().unwrap()] {
        assert_eq!(read(bytes.as_slice(), PLACE).unwrap().resources.len(), 12);
    }
}

#[test]
fn a_state_without_resources_is_a_state() {
    for resources in ["[]", "null"] {
        let text = format!(r#"{{"resources":{resources},"version":4,"serial":1,"lineage":"l","check_results":null}}"#);
        let state = read(text.as_bytes(), PLACE).unwrap();
        assert!(state.resources.is_empty());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn mutated_bytes_never_panic(edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8), cut in any::<prop::sample::Index>()) {
        let mut bytes = fixture("odd.tfstate");
        for (at, byte) in edits {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        bytes.truncate(cut.index(bytes.len()) + 1);
        match read(bytes.as_slice(), PLACE) {
            Ok(state) => for resource in state.resources { let _ = resource.attributes(); },
            Err(error) => prop_assert!(error.to_string().starts_with(PLACE)),
        }
    }

    #[test]
    fn any_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = read(bytes.as_slice(), PLACE);
    }
}
