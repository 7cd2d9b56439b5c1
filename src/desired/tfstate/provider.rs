//! The provider strings of a state: which provider, declared in which module, under which alias.

use crate::model::ProviderRef;

/// Parses every form that Terraform and OpenTofu have written: `provider["registry.terraform.io/hashicorp/aws"].west`,
/// `module.k.provider["..."]`, the old `provider.aws.west`, and OpenTofu's keyed alias `.by_region["eu-west-1"]`
/// (kept as part of the alias). A string of another form is kept whole as the address.
pub(super) fn parse(text: &str) -> ProviderRef {
    parse_known(text).unwrap_or_else(|| ProviderRef { module: None, address: text.to_owned(), alias: None })
}

fn parse_known(text: &str) -> Option<ProviderRef> {
    let mut rest = text;
    while let Some(after) = rest.strip_prefix("module.") {
        let after_name = after.get(after.find(['.', '['])?..)?;
        rest = skip_key(after_name)?.strip_prefix('.')?;
    }
    let module = text.get(..text.len() - rest.len()).unwrap_or_default().trim_end_matches('.');
    let (address, rest) = if let Some(quoted) = rest.strip_prefix("provider[\"") {
        quoted.split_once("\"]")?
    } else {
        let legacy = rest.strip_prefix("provider.")?;
        legacy.split_at(legacy.find('.').unwrap_or(legacy.len()))
    };
    let alias = match rest {
        "" => None,
        rest => Some(rest.strip_prefix('.')?.to_owned()),
    };
    Some(ProviderRef { module: (!module.is_empty()).then(|| module.to_owned()), address: address.to_owned(), alias })
}

/// The text after an optional `["key"]` or `[0]`.
fn skip_key(text: &str) -> Option<&str> {
    let Some(inside) = text.strip_prefix('[') else { return Some(text) };
    let (mut quoted, mut escaped) = (false, false);
    for (at, c) in inside.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            ']' if !quoted => return inside.get(at + 1..),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_understood() {
        let aws = "registry.terraform.io/hashicorp/aws";
        let tofu = "registry.opentofu.org/hashicorp/aws";
        let table = [
            (r#"provider["registry.terraform.io/hashicorp/aws"]"#, None, aws, None, true),
            (r#"provider["registry.terraform.io/hashicorp/aws"].west"#, None, aws, Some("west"), true),
            (r#"module.k.provider["registry.terraform.io/hashicorp/aws"].b"#, Some("module.k"), aws, Some("b"), true),
            (
                r#"module.provider.module.k["a.b]"].provider["registry.opentofu.org/hashicorp/aws"]"#,
                Some(r#"module.provider.module.k["a.b]"]"#),
                tofu,
                None,
                true,
            ),
            (
                r#"provider["registry.opentofu.org/hashicorp/aws"].by_region["eu-west-1"]"#,
                None,
                tofu,
                Some(r#"by_region["eu-west-1"]"#),
                true,
            ),
            ("provider.aws", None, "aws", None, true),
            ("module.k.provider.aws.west", Some("module.k"), "aws", Some("west"), true),
            (
                r#"provider["registry.terraform.io/hashicorp/random"]"#,
                None,
                "registry.terraform.io/hashicorp/random",
                None,
                false,
            ),
            (r#"provider["tf.example.com/hashicorp/aws"]"#, None, "tf.example.com/hashicorp/aws", None, true),
            ("nonsense", None, "nonsense", None, false),
            ("", None, "", None, false),
            ("module.", None, "module.", None, false),
        ];
        for (text, module, address, alias, is_aws) in table {
            let parsed = parse(text);
            assert_eq!(parsed.module.as_deref(), module, "{text}");
            assert_eq!(parsed.address, address, "{text}");
            assert_eq!(parsed.alias.as_deref(), alias, "{text}");
            assert_eq!(parsed.is_aws(), is_aws, "{text}");
        }
    }
}
