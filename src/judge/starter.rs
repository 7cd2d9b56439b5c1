//! The rules that come with the program: the files of `rules/`, embedded, so that a scan needs no files.

use super::{load::parse_all, rule::RuleSet};

/// The embedded files: name and text.
pub const FILES: &[(&str, &str)] = &[
    ("rules/ec2.yaml", include_str!("../../rules/ec2.yaml")),
    ("rules/iam-identities.yaml", include_str!("../../rules/iam-identities.yaml")),
    ("rules/iam-permissions.yaml", include_str!("../../rules/iam-permissions.yaml")),
    ("rules/iam-trust.yaml", include_str!("../../rules/iam-trust.yaml")),
    ("rules/network.yaml", include_str!("../../rules/network.yaml")),
    ("rules/people.yaml", include_str!("../../rules/people.yaml")),
    ("rules/s3.yaml", include_str!("../../rules/s3.yaml")),
    ("rules/security-groups.yaml", include_str!("../../rules/security-groups.yaml")),
    ("rules/services.yaml", include_str!("../../rules/services.yaml")),
];

/// The starter rules. Empty only if an embedded file were broken, which a test rules out.
pub fn starter() -> RuleSet {
    let files: Vec<_> = FILES.iter().map(|(name, text)| (name.to_string(), text.to_string())).collect();
    parse_all(&files).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::run_cases;
    use crate::model::schema;

    #[test]
    fn the_list_is_the_folder() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/rules");
        let mut files: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| format!("rules/{}", entry.unwrap().file_name().to_str().unwrap()))
            .filter(|name| name.ends_with(".yaml"))
            .collect();
        files.sort();
        assert_eq!(FILES.iter().map(|(name, _)| name.to_string()).collect::<Vec<_>>(), files);
    }

    /// A misspelt kind or attribute would make a rule that never matches.
    #[test]
    fn cases_use_kinds_and_attributes_that_the_provider_has() {
        for rule in starter().rules {
            for case in &rule.cases {
                let kind = case.kind.as_str();
                let schema = schema::of(kind).unwrap_or_else(|| panic!("{}: no kind {kind}", rule.id));
                for name in case.desired.keys().chain(case.live.keys()) {
                    let known = schema.block.attributes.contains_key(name) || schema.block.blocks.contains_key(name);
                    assert!(known, "{}: {kind} has no {name}", rule.id);
                }
            }
            for kind in rule.matches.kind {
                assert!(schema::kinds().any(|name| kind.matches(name)), "{}: no kind is {kind}", rule.id);
            }
        }
    }

    #[test]
    fn every_starter_rule_parses_and_passes_its_cases_in_both_directions() {
        let files: Vec<_> = FILES.iter().map(|(name, text)| (name.to_string(), text.to_string())).collect();
        let rules = parse_all(&files).unwrap_or_else(|errors| {
            panic!("{}", errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
        });
        assert!(rules.rules.len() >= 32, "{} rules", rules.rules.len());
        for rule in &rules.rules {
            assert!(rule.cases.iter().any(|case| case.expect), "{} has no positive case", rule.id);
            assert!(rule.cases.iter().any(|case| !case.expect), "{} has no negative case", rule.id);
        }
        let failed: Vec<_> = run_cases(&rules)
            .into_iter()
            .filter_map(|result| Some(format!("{}: {}: {}", result.rule, result.case, result.problem?)))
            .collect();
        assert!(failed.is_empty(), "{}", failed.join("\n"));
    }
}
