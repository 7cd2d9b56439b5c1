//! Tests of `desired::code`.

use super::*;

/// Writes files below a temporary folder.
fn code(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    folder
}

fn seen(index: &CodeIndex, address: &str) -> Option<(String, u32, Vec<String>)> {
    let entry = index.entries.get(address)?;
    let file = Path::new(&entry.position.file).file_name()?.to_string_lossy().into_owned();
    Some((file, entry.position.line, entry.declared.iter().cloned().collect()))
}

fn names(text: &[&str]) -> Vec<String> {
    text.iter().map(|name| (*name).to_owned()).collect()
}

const MAIN: &str = r#"
provider "aws" {
  region = "eu-west-1"
}

provider "aws" {
  alias  = "west"
  region = "us-west-2"
}

provider "aws" {
  alias  = "computed"
  region = var.region
}

resource "aws_security_group" "web" {
  count       = 2
  name        = "web-${var.env}"
  description = <<-EOT
    resource "aws_vpc" "not_me" {}
  EOT

  dynamic "ingress" {
    for_each = var.rules
    content {}
  }
  egress {}
  lifecycle {
    ignore_changes = [tags]
  }
}

module "net" {
  source = "./modules/net"
}

module "far" {
  source = "terraform-aws-modules/vpc/aws"
}
"#;

#[test]
fn blocks_are_found_with_line_and_names() {
    let net = "resource \"aws_vpc\" \"main\" {\n  cidr_block = \"10.0.0.0/16\"\n}\nmodule \"self\" {\n  source = \"../net\"\n}\n";
    for text in [MAIN.to_owned(), format!("\u{feff}{}", MAIN.replace('\n', "\r\n"))] {
        let folder = code(&[("main.tf", &text), ("modules/net/main.tf", net)]);
        let index = CodeIndex::of(folder.path());
        let web = Some(("main.tf".to_owned(), 16, names(&["description", "egress", "ingress", "name"])));
        assert_eq!(seen(&index, "aws_security_group.web"), web);
        let vpc = Some(("main.tf".to_owned(), 1, names(&["cidr_block"])));
        assert_eq!(seen(&index, "module.net.aws_vpc.main"), vpc);
        assert_eq!(seen(&index, "aws_vpc.not_me"), None);
        let regions: Vec<_> = index.provider_regions.into_iter().collect();
        assert_eq!(
            regions,
            [((None, None), "eu-west-1".to_owned()), ((None, Some("west".to_owned())), "us-west-2".to_owned())]
        );
        assert_eq!(index.warnings.len(), 1, "a module that calls itself ends: {:?}", index.warnings);
    }
}

#[test]
fn a_syntax_error_is_a_warning_with_its_place() {
    let folder = code(&[
        ("bad.tf", "resource \"aws_vpc\" \"a\" {\n  cidr_block = \n}\n"),
        ("bad.tf.json", "{\n  \"resource\": oops\n}"),
        ("good.tf", "resource \"aws_vpc\" \"b\" {}\n"),
    ]);
    let index = CodeIndex::of(folder.path());
    assert!(seen(&index, "aws_vpc.b").is_some());
    let [hcl, json] = index.warnings.as_slice() else { panic!("{:?}", index.warnings) };
    assert!(hcl.contains("bad.tf:2:"), "{hcl}");
    assert!(json.contains("bad.tf.json:2:"), "{json}");
    assert!(!hcl.contains('\n') && !json.contains('\n'));
}

#[test]
fn json_code_and_overrides_count() {
    let json = r#"{
  "//": "comment",
  "provider": {"aws": [{"region": "eu-west-1"}, {"alias": "w", "region": "${var.r}"}]},
  "resource": {
    "aws_sqs_queue": {
      "q": {
        "name": "q", "count": 1, "dynamic": {"policy": {}}
      },
      "r": [{"name": "r"}]
    }
  },
  "module": {"m": {"source": "./m"}}
}"#;
    let folder = code(&[
        ("main.tf.json", json),
        ("m/x.tf", "resource \"aws_vpc\" \"v\" {}"),
        ("a_override.tf", "resource \"aws_sqs_queue\" \"q\" {\n  delay_seconds = 1\n}\n"),
    ]);
    let index = CodeIndex::of(folder.path());
    assert_eq!(
        seen(&index, "aws_sqs_queue.q"),
        Some(("main.tf.json".to_owned(), 6, names(&["delay_seconds", "name", "policy"])))
    );
    assert_eq!(seen(&index, "aws_sqs_queue.r").unwrap().1, 9);
    assert!(seen(&index, "module.m.aws_vpc.v").is_some());
    assert_eq!(index.provider_regions.len(), 1);
}

proptest::proptest! {
    #[test]
    fn mutated_code_never_panics(edits in proptest::collection::vec((0usize..MAIN.len(), 32u8..127), 0..6), cut in 0usize..MAIN.len()) {
        let mut bytes = MAIN.as_bytes().to_vec();
        for (at, byte) in edits {
            bytes[at] = byte;
        }
        bytes.truncate(cut);
        let text = String::from_utf8(bytes).unwrap();
        let _ = hcl::declarations(&text, "x.tf");
        let _ = json::declarations(&text, "x.tf.json");
    }
}
