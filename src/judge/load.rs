//! Rule files -> rules. Parsing text is pure; only [`load`] and [`read`] touch files. Every mistake of every file is told at once.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use glob::Pattern;
use serde_saphyr::{Location, Spanned};

use super::{
    expression::Expression,
    matching::{Match, path_globs},
    rule::{Ignore, Rule, RuleEffect, RuleSet},
    written,
};
use crate::model::{DriftStatus, report::Severity};

/// A mistake in a rule file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
#[error("{file}:{line}:{column}: {message}")]
pub struct RuleError {
    pub file: String,
    /// 1-based; 0 when the whole file is meant.
    pub line: u64,
    pub column: u64,
    pub message: String,
}

/// Reads and checks rule files; a directory stands for its `*.yaml` and `*.yml` files, in order of name.
pub fn load(paths: &[PathBuf]) -> Result<RuleSet, Vec<RuleError>> {
    let mut texts = Vec::new();
    let mut errors = Vec::new();
    for path in paths {
        read(path, &mut texts, &mut errors);
    }
    match parse_all(&texts) {
        Ok(rules) if errors.is_empty() => Ok(rules),
        Ok(_) => Err(errors),
        Err(more) => {
            errors.extend(more);
            Err(errors)
        }
    }
}

fn read(path: &Path, texts: &mut Vec<(String, String)>, errors: &mut Vec<RuleError>) {
    let mut fail = |path: &Path, error: std::io::Error| {
        let message = format!("failed to read rules: {error}");
        errors.push(RuleError { file: path.display().to_string(), line: 0, column: 0, message });
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
pub fn parse(file: &str, text: &str) -> Result<RuleSet, Vec<RuleError>> {
    parse_all(&[(file.to_string(), text.to_string())])
}

/// Parses many files: (name, text). Ids are unique over all of them.
pub fn parse_all(files: &[(String, String)]) -> Result<RuleSet, Vec<RuleError>> {
    let mut errors = Vec::new();
    let mut rules = Vec::new();
    let mut ids: BTreeMap<String, String> = BTreeMap::new();
    for (file, text) in files {
        let mut checker = Checker { file, errors: &mut errors };
        for written in checker.items(text) {
            let place = format!("{file}:{}", written.id.referenced.line());
            if let Some(first) = ids.get(&written.id.value) {
                checker.error(written.id.referenced, format!("duplicate id; the first is at {first}"));
            }
            ids.entry(written.id.value.clone()).or_insert_with(|| place.clone());
            rules.extend(checker.rule(written, place));
        }
    }
    errors.sort();
    if errors.is_empty() { Ok(RuleSet { rules }) } else { Err(errors) }
}

struct Checker<'a> {
    file: &'a str,
    errors: &'a mut Vec<RuleError>,
}

impl Checker<'_> {
    fn error(&mut self, at: Location, message: impl Into<String>) {
        self.errors.push(RuleError {
            file: self.file.to_string(),
            line: at.line(),
            column: at.column(),
            message: message.into(),
        });
    }

    /// The list items of a file. When the file as a whole does not parse, each item is parsed by itself, so that one
    /// mistake does not hide the next.
    fn items(&mut self, text: &str) -> Vec<written::Rule> {
        let whole = match yaml(text) {
            Ok(items) => return items,
            Err(error) => error,
        };
        let before = self.errors.len();
        let mut items = Vec::new();
        for chunk in chunks(text) {
            match yaml(&chunk) {
                Ok(some) => items.extend(some),
                Err(error) => self.yaml_error(&error),
            }
        }
        if self.errors.len() == before {
            self.yaml_error(&whole);
        }
        items
    }

    fn yaml_error(&mut self, error: &serde_saphyr::Error) {
        let at = error.location();
        let mut message = error.without_snippet().to_string();
        // the location goes in front of our message, not behind theirs
        if let Some(end) = message.find(" at line ") {
            message.truncate(end);
        }
        let at = at.unwrap_or(Location::UNKNOWN);
        self.error(at, message);
    }

    fn rule(&mut self, written: written::Rule, position: String) -> Option<Rule> {
        let before = self.errors.len();
        let at = written.id.referenced;
        if !is_kebab(&written.id.value) {
            self.error(at, format!("id {:?} is not kebab-case (a-z, 0-9, hyphens)", written.id.value));
        }
        if written.why.trim().is_empty() {
            self.error(at, "`why` is missing: say in a sentence why it matters");
        }
        if written.lower && written.severity.is_none() {
            self.error(at, "`lower` needs a `severity`");
        }
        let verdict = match (&written.severity, &written.ignore) {
            (Some(severity), None) => self.severity(severity).map(|severity| match written.lower {
                true => RuleEffect::Lower(severity),
                false => RuleEffect::Raise(severity),
            }),
            (None, Some(ignore)) => self.ignore(ignore),
            (Some(_), Some(_)) => {
                self.error(at, "`severity` and `ignore` exclude each other");
                None
            }
            (None, None) => {
                self.error(at, "`severity` or `ignore` is missing");
                None
            }
        };
        let matches = self.matches(&written.matches);
        let when = written.when.as_ref().and_then(|when| match Expression::compile(&when.value) {
            Ok(expression) => Some(expression),
            Err(message) => {
                self.error(when.referenced, format!("`when`: {message}"));
                None
            }
        });
        if self.errors.len() > before {
            return None;
        }
        Some(Rule {
            id: written.id.value,
            verdict: verdict?,
            why: written.why.trim().to_string(),
            position,
            matches,
            when,
            cases: written.cases,
        })
    }

    fn severity(&mut self, written: &Spanned<String>) -> Option<Severity> {
        let found = Severity::ALL.into_iter().find(|severity| severity.as_str() == written.value);
        if found.is_none() {
            let message = format!("unknown severity {:?}; use critical, high, medium, low or info", written.value);
            self.error(written.referenced, message);
        }
        found
    }

    fn ignore(&mut self, written: &written::Ignore) -> Option<RuleEffect> {
        for (name, value) in [("owner", &written.owner), ("reason", &written.reason)] {
            if value.value.trim().is_empty() {
                self.error(value.referenced, format!("`{name}` of an ignore must not be empty"));
            }
        }
        match written.expires.value.parse() {
            Ok(expires) => Some(RuleEffect::Ignore(Ignore {
                owner: written.owner.value.clone(),
                reason: written.reason.value.clone(),
                expires,
            })),
            Err(_) => {
                self.error(written.expires.referenced, "`expires` must be a day such as 2026-12-31");
                None
            }
        }
    }

    fn matches(&mut self, written: &written::Match) -> Match {
        Match {
            kind: self.globs(&written.kind),
            drift: written.drift.iter().filter_map(|word| self.drift(word)).collect(),
            path: written
                .path
                .iter()
                .filter_map(|path| path_globs(&path.value).map_err(|e| self.error(path.referenced, e)).ok())
                .collect(),
            account: self.globs(&written.account),
            region: self.globs(&written.region),
        }
    }

    fn drift(&mut self, word: &Spanned<String>) -> Option<DriftStatus> {
        let found = [DriftStatus::Changed, DriftStatus::Missing, DriftStatus::Unmanaged]
            .into_iter()
            .find(|drift| drift.as_str() == word.value);
        if found.is_none() {
            let message = format!("unknown drift {:?}; use changed, missing or unmanaged", word.value);
            self.error(word.referenced, message);
        }
        found
    }

    fn globs(&mut self, written: &[Spanned<String>]) -> Vec<Pattern> {
        written
            .iter()
            .filter_map(|glob| Pattern::new(&glob.value).map_err(|e| self.error(glob.referenced, e.to_string())).ok())
            .collect()
    }
}

fn yaml(text: &str) -> Result<Vec<written::Rule>, serde_saphyr::Error> {
    let options = serde_saphyr::options! { strict_booleans: true };
    Ok(serde_saphyr::from_str_with_options::<Option<Vec<written::Rule>>>(text, options)?.unwrap_or_default())
}

/// The text of each top-level list item, on its own lines still: the lines of the others are blank.
fn chunks(text: &str) -> Vec<String> {
    let lines: Vec<&str> = text.lines().collect();
    let starts: Vec<usize> =
        lines.iter().enumerate().filter(|(_, line)| line.starts_with("- ") || *line == &"-").map(|(n, _)| n).collect();
    starts
        .iter()
        .enumerate()
        .map(|(index, start)| {
            let end = starts.get(index + 1).copied().unwrap_or(lines.len());
            let own = lines.get(*start..end).unwrap_or_default().join("\n");
            format!("{}{own}\n", "\n".repeat(*start))
        })
        .collect()
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
        let told: Vec<_> = errors.iter().map(ToString::to_string).collect();
        insta::assert_snapshot!(told.join("\n"));
    }

    #[test]
    fn an_empty_file_has_no_rules_and_broken_yaml_is_an_error() {
        assert!(parse("r.yaml", "# nothing\n").unwrap().rules.is_empty());
        assert_eq!(parse("r.yaml", "- id: [\n").unwrap_err().len(), 1);
        assert_eq!(parse("r.yaml", "rules: 1\n").unwrap_err().len(), 1);
    }

    #[test]
    fn a_folder_is_read_in_order_and_a_missing_file_is_told() {
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
