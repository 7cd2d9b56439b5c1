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
        (
            "bad/version3.tfstate",
            "state version 3, older than 4",
            "with Terraform 0.12 or 0.13 run `terraform state pull",
        ),
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
        assert_eq!(read(bytes.as_slice(), PLACE).unwrap().resources.len(), 11);
    }
}

#[test]
fn what_lies_in_a_states_place_is_named() {
    let gzip = |bytes: &[u8]| {
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        std::io::Write::write_all(&mut packed, bytes).unwrap();
        packed.finish().unwrap()
    };
    let sops = br#"{"version": "ENC[AES256_GCM,data:AA==,type:int]", "resources": [], "sops": {"version": "3.8.1"}}"#;
    let attributes = |text: &str| {
        let provider = r#"provider[\"registry.terraform.io/hashicorp/aws\"]"#;
        format!(
            r#"{{"version":4,"serial":1,"lineage":"l","resources":[{{"mode":"managed","type":"aws_vpc","name":"hunter2","provider":"{provider}","instances":[{{"schema_version":1,"attributes":{text}}}]}}]}}"#
        )
        .into_bytes()
    };
    let mut cut = gzip(&vec![b' '; 100_000]);
    cut[20] ^= 0xff;
    let table: [(Vec<u8>, &str, &str); 21] = [
        (b"\0GITCRYPT\0\x01".to_vec(), "is encrypted by git-crypt", "unlock the repository"),
        (b"version https://git-lfs.github.com/spec/v1\noid x".to_vec(), "Git LFS pointer", "git lfs pull"),
        (b"$ANSIBLE_VAULT;1.1;AES256\n".to_vec(), "Ansible Vault", "ansible-vault view"),
        (sops.to_vec(), "is encrypted by SOPS", "sops --decrypt"),
        (br#"{"data": "ENC[x]", "sops": {}}"#.to_vec(), "is encrypted by SOPS", "sops --decrypt"),
        (
            b"<?xml version=\"1.0\"?><Error><Code>NoSuchKey</Code></Error>".to_vec(),
            "S3 (NoSuchKey)",
            "check the address",
        ),
        (b"<Error>\n<Code>\x1b[31m</Code></Error>".to_vec(), "HTML page", "check the address"),
        (b"<?xml version=\"1.0\"?><a/>".to_vec(), "XML document", "check the address"),
        (br#"{"version": 3, "deployment": {"resources": []}}"#.to_vec(), "state of Pulumi", "check the path"),
        (br#"{"version": 3, "checkpoint": {"stack": "x"}}"#.to_vec(), "state of Pulumi", "check the path"),
        (b"\x28\xb5\x2f\xfd\0\0".to_vec(), "packed by zstd", "unpack it"),
        (br#"{"version": 2}"#.to_vec(), "as Terraform 0.6 or older wrote it", "terraform refresh"),
        (br#"{"version": 3}"#.to_vec(), "as Terraform 0.7 to 0.11 wrote it", "terraform refresh"),
        (br#"{"version": 0}"#.to_vec(), "not a Terraform state", "check the path"),
        (br#"{"version": 4, "serial": 1e999}"#.to_vec(), "a number that is out of range (line 1", "restore a backup"),
        (attributes(r#"{"id":"a","n":1e999}"#), "a number that is out of range (in aws_vpc.", "restore a backup"),
        (attributes(r#"{"id":"a","n":"\udc00"}"#), "a lone surrogate", "restore a backup"),
        (attributes(r#"{"id":"a","n":"\ud800x"}"#), "a lone surrogate", "restore a backup"),
        (attributes(&format!("{{\"n\":{}{}}}", "[".repeat(300), "]".repeat(300))), "nested deeper", "restore a backup"),
        (attributes("[1]"), "attributes that are no map", "restore a backup"),
        (cut, "cannot be decoded", "restore a backup"),
    ];
    for (bytes, what, remedy) in &table {
        let packed = (!bytes.starts_with(&[0x1f, 0x8b])).then(|| gzip(bytes));
        for bytes in [Some(bytes.clone()), packed].into_iter().flatten() {
            let text = read(bytes.as_slice(), PLACE).unwrap_err().to_string();
            assert!(text.contains(what) && text.contains(remedy), "{what}: {text}");
            assert!(!text.contains('\u{1b}'), "{text}");
        }
    }
}

#[test]
fn utf16_is_decoded() {
    let plain = String::from_utf8(fixture("odd.tfstate")).unwrap();
    let little: Vec<u8> = format!("\u{feff}{plain}").encode_utf16().flat_map(u16::to_le_bytes).collect();
    let big: Vec<u8> = format!("\u{feff}{plain}").encode_utf16().flat_map(u16::to_be_bytes).collect();
    for bytes in [little, big] {
        assert_eq!(read(bytes.as_slice(), PLACE).unwrap().resources.len(), 11);
    }
}

#[test]
fn a_bomb_ends_with_its_limit() {
    let text = format!(r#"{{"version":4,"resources":[],"x":"{}"}}"#, "a".repeat(100_000));
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    std::io::Write::write_all(&mut packed, text.as_bytes()).unwrap();
    let packed = packed.finish().unwrap();
    assert!(packed.len() < 1000);
    for bytes in [packed.as_slice(), text.as_bytes()] {
        let error = read_at_most(bytes, PLACE, 5000).unwrap_err().to_string();
        assert!(error.contains("larger than 5000 bytes"), "{error}");
        assert!(read_at_most(bytes, PLACE, 200_000).is_ok());
    }
}

#[test]
fn other_providers_are_only_counted() {
    let resource = |kind: &str, provider: &str, instance: &str| {
        format!(r#"{{"mode":"managed","type":"{kind}","name":"x","provider":"{provider}","instances":[{instance}]}}"#)
    };
    let new = |address: &str| format!(r#"provider[\"{address}\"]"#);
    let secret = r#"{"attributes":{"id":"hunter2"}}"#;
    let flat = r#"{"attributes_flat":{"id":"hunter2","keepers.#":"1"}}"#;
    let resources = [
        resource("random_string", &new("registry.terraform.io/hashicorp/random"), &format!("{secret},{secret}")),
        resource("null_resource", "provider.null", flat),
        resource("aws_vpc", &new("registry.terraform.io/-/aws"), r#"{"attributes":{"id":"vpc-1"}}"#),
        resource("aws_vpc", &new("registry.terraform.io/acme/aws"), r#"{"attributes":{"id":"vpc-2"}}"#),
        resource("terraform_data", &new("terraform.io/builtin/terraform"), secret),
    ];
    let text = format!(r#"{{"version":4,"serial":1,"lineage":"l","resources":[{}]}}"#, resources.join(","));
    let state = read(text.as_bytes(), PLACE).unwrap();
    assert!(!format!("{state:?}").contains("hunter2"));
    assert_eq!(state.resources.iter().map(|r| r.id.as_str()).collect::<Vec<_>>(), ["vpc-1"]);
    let counted =
        |counts: &BTreeMap<String, u64>| counts.iter().map(|(name, n)| format!("{name} {n}")).collect::<Vec<_>>();
    assert_eq!(counted(&state.other_providers), ["null 1", "registry.terraform.io/hashicorp/random 2"]);
    assert_eq!(counted(&state.foreign_providers), ["registry.terraform.io/acme/aws 1"]);
    assert!(state.gaps.is_empty());
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
