//! Rule files -> rules. Parsing text is pure; only [`load`] and [`read`] touch files. All mistakes of all files come at once.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use glob::Pattern;
use serde_saphyr::Spanned;

use super::{
    budget::MOST_STEPS,
    expression::Expression,
    matching::{Match, path_globs},
    raw::{RawIgnore, RawMatch, RawRule},
    rule::{Ignore, Rule, RuleEffect, RuleSet},
};
use crate::diagnostic::{self, Diagnostic, Diagnostics, Position};
use crate::model::{DriftStatus, Ignored, report::Severity};
use crate::yaml::{self, position};

const GRAMMAR: yaml::Grammar<'_> = yaml::Grammar {
    variables: None,
    unset_variable: "rules/bad-yaml",
    strict_booleans: true,
    use_without_unknown_keys: false,
    unknown_key: "rules/unknown-key",
    missing_key: "rules/missing-key",
    duplicate_key: "rules/duplicate-key",
    unknown_word: "rules/unknown-word",
    wrong_type: "rules/wrong-type",
    bad_yaml: "rules/bad-yaml",
};

/// Reads and checks rule files; a directory stands for its `*.yaml` and `*.yml` files, in order of name.
///
/// # Errors
/// Every mistake in them.
pub fn load(paths: &[PathBuf]) -> Result<RuleSet, Vec<Diagnostic>> {
    let mut texts = Vec::new();
    let mut unreadable = Vec::new();
    for path in paths {
        read(path, &mut texts, &mut unreadable);
    }
    match parse_all(&texts) {
        Ok(rules) if unreadable.is_empty() => Ok(rules),
        Ok(_) => Err(unreadable),
        Err(mistakes) => Err([unreadable, mistakes].concat()),
    }
}

fn read(path: &Path, texts: &mut Vec<(String, String)>, unreadable: &mut Vec<Diagnostic>) {
    let mut fail = |path: &Path, error: std::io::Error| {
        let mistake = Diagnostic::error("rules/unreadable", format!("failed to read rules: {error}"));
        unreadable.push(Diagnostic { file: path.display().to_string(), ..mistake });
    };
    let files = if path.is_dir() {
        let entries = std::fs::read_dir(path).and_then(|entries| entries.collect::<Result<Vec<_>, _>>());
        match entries {
            Ok(entries) => {
                let mut files: Vec<_> = entries.into_iter().map(|entry| entry.path()).filter(|p| is_yaml(p)).collect();
                files.sort();
                files
            }
            Err(error) => return fail(path, error),
        }
    } else {
        vec![path.to_path_buf()]
    };
    for file in files {
        match std::fs::read_to_string(&file) {
            Ok(text) => texts.push((file.display().to_string(), text)),
            Err(error) => fail(&file, error),
        }
    }
}

fn is_yaml(path: &Path) -> bool {
    path.extension().is_some_and(|end| end == "yaml" || end == "yml")
}

/// Parses one file's text; `file` is only a name for messages.
///
/// # Errors
/// Every mistake in it.
pub fn parse(file: &str, text: &str) -> Result<RuleSet, Vec<Diagnostic>> {
    parse_all(&[(file.to_string(), text.to_string())])
}

/// Parses many files: (name, text). Ids are unique over all of them.
///
/// # Errors
/// Every mistake in them.
pub fn parse_all(files: &[(String, String)]) -> Result<RuleSet, Vec<Diagnostic>> {
    let mut found = Vec::new();
    let mut rules = Vec::new();
    let mut ids: BTreeMap<String, String> = BTreeMap::new();
    for (file, text) in files {
        let mut checker = Checker { diagnostics: Diagnostics::new(file) };
        for raw in checker.items(text) {
            let at = position(&raw.id);
            let place = format!("{file}:{}", at.line);
            if let Some(first) = ids.get(&raw.id.value) {
                checker.error("rules/duplicate-id", at, format!("duplicate id; the first is at {first}"));
            }
            ids.entry(raw.id.value.clone()).or_insert_with(|| place.clone());
            rules.extend(checker.rule(raw, place));
        }
        found.extend(checker.diagnostics.into_sorted());
    }
    diagnostic::sort(&mut found);
    if found.is_empty() { Ok(RuleSet { rules }) } else { Err(found) }
}

/// Checks the rules of one file.
struct Checker {
    diagnostics: Diagnostics,
}

impl Checker {
    fn error(&mut self, code: &'static str, at: Position, message: impl Into<String>) {
        self.diagnostics.error(code, at, message);
    }

    /// The list items of a file.
    fn items(&mut self, text: &str) -> Vec<RawRule> {
        let starts_item = |line: &str| line.starts_with("- ") || line == "-";
        let lists: Vec<Vec<RawRule>> = yaml::parse_in_pieces(text, &GRAMMAR, starts_item, &mut self.diagnostics);
        lists.into_iter().flatten().collect()
    }

    fn rule(&mut self, raw: RawRule, place: String) -> Option<Rule> {
        let before = self.diagnostics.errors();
        let at = position(&raw.id);
        if !is_kebab(&raw.id.value) {
            let message = format!("id {:?} is not kebab-case (a-z, 0-9, hyphens)", raw.id.value);
            self.error("rules/bad-id", at, message);
        }
        if raw.id.value == Ignored::BASELINE {
            self.error("rules/bad-id", at, "this id stands for what baseline files accept: take another one");
        }
        if raw.why.trim().is_empty() {
            self.error("rules/no-why", at, "`why` is missing: say in a sentence why it matters");
        }
        if raw.lower && raw.severity.is_none() {
            self.error("rules/lower-without-severity", at, "`lower` needs a `severity`");
        }
        let verdict = match (&raw.severity, &raw.ignore) {
            (Some(severity), None) => self.severity(severity).map(|severity| match raw.lower {
                true => RuleEffect::Lower(severity),
                false => RuleEffect::Raise(severity),
            }),
            (None, Some(ignore)) => self.ignore(ignore),
            (Some(_), Some(_)) => {
                self.error("rules/two-effects", at, "`severity` and `ignore` exclude each other");
                None
            }
            (None, None) => {
                self.error("rules/no-effect", at, "`severity` or `ignore` is missing");
                None
            }
        };
        let matches = self.matches(&raw.matches);
        let when = raw.when.as_ref().and_then(|when| match Expression::compile(&when.value) {
            Ok(expression) => Some(expression),
            Err(message) => {
                self.error("rules/bad-expression", position(when), format!("`when`: {message}"));
                None
            }
        });
        if self.diagnostics.errors() > before {
            return None;
        }
        Some(Rule {
            id: raw.id.value,
            verdict: verdict?,
            why: raw.why.trim().to_string(),
            position: place,
            matches,
            when,
            most_steps: MOST_STEPS,
            cases: raw.cases,
        })
    }

    fn severity(&mut self, raw: &Spanned<String>) -> Option<Severity> {
        let known = Severity::ALL.map(Severity::as_str);
        let found = Severity::ALL.into_iter().find(|severity| severity.as_str() == raw.value);
        if found.is_none() {
            self.unknown_word("severity", raw, &known);
        }
        found
    }

    fn ignore(&mut self, raw: &RawIgnore) -> Option<RuleEffect> {
        for (name, value) in [("owner", &raw.owner), ("reason", &raw.reason)] {
            if value.value.trim().is_empty() {
                let message = format!("`{name}` of an ignore must not be empty");
                self.error("rules/empty-value", position(value), message);
            }
        }
        match raw.expires.value.parse() {
            Ok(expires) => Some(RuleEffect::Ignore(Ignore {
                owner: raw.owner.value.clone(),
                reason: raw.reason.value.clone(),
                expires,
            })),
            Err(_) => {
                let message = "`expires` must be a day such as 2026-12-31";
                self.error("rules/not-a-day", position(&raw.expires), message);
                None
            }
        }
    }

    fn matches(&mut self, raw: &RawMatch) -> Match {
        let RawMatch { kind, drift, path, account, region } = raw;
        Match {
            kind: self.globs(kind),
            drift: drift.iter().filter_map(|word| self.drift(word)).collect(),
            path: path
                .iter()
                .filter_map(|path| {
                    let globs = path_globs(&path.value);
                    globs.map_err(|message| self.error("rules/bad-path", position(path), message)).ok()
                })
                .collect(),
            account: self.globs(account),
            region: self.globs(region),
        }
    }

    fn drift(&mut self, word: &Spanned<String>) -> Option<DriftStatus> {
        const STATUSES: [DriftStatus; 3] = [DriftStatus::Changed, DriftStatus::Missing, DriftStatus::Unmanaged];
        let found = STATUSES.into_iter().find(|drift| drift.as_str() == word.value);
        if found.is_none() {
            self.unknown_word("drift", word, &STATUSES.map(DriftStatus::as_str));
        }
        found
    }

    fn unknown_word(&mut self, what: &str, word: &Spanned<String>, known: &[&str]) {
        let mistake = Diagnostic::error("rules/unknown-word", format!("unknown {what} {:?}", word.value));
        self.diagnostics.add(mistake.with_hint(yaml::suggestion(&word.value, known)), position(word));
    }

    fn globs(&mut self, raw: &[Spanned<String>]) -> Vec<Pattern> {
        raw.iter()
            .filter_map(|glob| {
                let pattern = Pattern::new(&glob.value);
                pattern.map_err(|error| self.error("rules/not-a-pattern", position(glob), error.to_string())).ok()
            })
            .collect()
    }
}

fn is_kebab(id: &str) -> bool {
    id.starts_with(|c: char| c.is_ascii_lowercase())
        && !id.ends_with('-')
        && id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mistake_has_its_position() {
        let text = r#"# rules
- id: Bad_Id
  severity: terrible
  why: x
  match: {kind: [aws_vpc], drift: [unknown], path: [tags]}
  when: lvie.x == 1
- id: typo
  sevirity: high
  why: x
  match: {kind: [aws_vpc]}
- id: two
  severity: high
  ignore: {owner: a, reason: b, expires: 2026-01-01}
  why: x
  match: {}
- id: forever
  ignore: {owner: "", reason: b, expires: never}
  why: x
  match: {}
- id: no-reason
  ignore: {owner: a, expires: 2026-01-01}
  why: x
  match: {}
- id: two
  severity: low
  why: ""
  match: {}
"#;
        let errors = parse("r.yaml", text).unwrap_err();
        let found: Vec<_> = errors.iter().map(ToString::to_string).collect();
        insta::assert_snapshot!(found.join("\n"));
    }

    #[test]
    fn no_rule_is_called_baseline() {
        let errors = parse("r.yaml", "- {id: baseline, severity: low, why: x, match: {}}\n").unwrap_err();
        assert_eq!((errors.len(), errors[0].code), (1, "rules/bad-id"));
    }

    #[test]
    fn an_empty_file_has_no_rules_and_broken_yaml_is_an_error() {
        assert!(parse("r.yaml", "# nothing\n").unwrap().rules.is_empty());
        assert_eq!(parse("r.yaml", "- id: [\n").unwrap_err().len(), 1);
        assert_eq!(parse("r.yaml", "rules: 1\n").unwrap_err().len(), 1);
    }

    #[test]
    fn a_folder_is_read_in_order_and_a_missing_file_is_a_mistake() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["b", "a"] {
            let rule = format!("- {{id: {name}, severity: low, why: x, match: {{}}}}\n");
            std::fs::write(folder.path().join(format!("{name}.yaml")), rule).unwrap();
        }
        std::fs::write(folder.path().join("README.md"), "no rule").unwrap();
        let rules = load(&[folder.path().to_path_buf()]).unwrap();
        assert_eq!(rules.rules.iter().map(|rule| rule.id.as_str()).collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(load(&[folder.path().join("none.yaml")]).unwrap_err().len(), 1);
    }

    #[test]
    fn users_overrule_a_starter_rule_by_its_id() {
        let ours =
            parse("a", "- {id: x, severity: high, why: x, match: {}}\n- {id: y, severity: high, why: x, match: {}}\n");
        let theirs = parse("b", "- {id: x, severity: info, why: x, match: {}}\n").unwrap();
        let both = ours.unwrap().overlaid_with(theirs);
        assert_eq!(both.rules.len(), 2);
        assert_eq!(both.get("x").unwrap().verdict, RuleEffect::Raise(Severity::Info));
    }
}
