//! Baseline files -> entries. Parsing text is pure; only [`load`] touches files. All mistakes of all files come at once.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use jiff::civil::Date;
use serde::Deserialize;
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::Spanned;

use super::Baseline;
use super::entry::{Entry, Place, parts};
use crate::diagnostic::{self, Diagnostic, Diagnostics, Position};
use crate::judge::Ignore;
use crate::model::{DriftStatus, Severity};
use crate::yaml::{self, position};

/// The version of the file's format.
pub(super) const VERSION: u64 = 1;

const STATUSES: [DriftStatus; 3] = [DriftStatus::Changed, DriftStatus::Missing, DriftStatus::Unmanaged];

const GRAMMAR: yaml::Grammar<'_> = yaml::Grammar {
    variables: None,
    unset_variable: "baseline/bad-yaml",
    strict_booleans: true,
    use_without_unknown_keys: false,
    unknown_key: "baseline/unknown-key",
    missing_key: "baseline/missing-key",
    duplicate_key: "baseline/duplicate-key",
    unknown_word: "baseline/unknown-word",
    wrong_type: "baseline/wrong-type",
    bad_yaml: "baseline/bad-yaml",
};

/// Reads and checks baseline files.
///
/// # Errors
/// Every mistake in them.
pub fn load(paths: &[PathBuf]) -> Result<Baseline, Vec<Diagnostic>> {
    let (mut texts, mut mistakes) = (Vec::new(), Vec::new());
    for path in paths {
        let file = path.display().to_string();
        match std::fs::read_to_string(path) {
            Ok(text) => texts.push((file, text)),
            Err(error) => {
                let mistake = Diagnostic::error("baseline/unreadable", format!("failed to read a baseline: {error}"));
                let hint = "write it with `driftd baseline --output FILE`, or take it out of `baseline`";
                mistakes.push(Diagnostic { file, ..mistake.with_hint(hint) });
            }
        }
    }
    match parse(&texts) {
        Ok(entries) if mistakes.is_empty() => Ok(Baseline::new(entries)),
        Ok(_) => Err(mistakes),
        Err(found) => Err([mistakes, found].concat()),
    }
}

/// Parses files: (name, text). A finding has one entry in all of them.
///
/// # Errors
/// Every mistake in them.
pub fn parse(files: &[(String, String)]) -> Result<Vec<Entry>, Vec<Diagnostic>> {
    let (mut entries, mut found) = (Vec::new(), Vec::new());
    let mut places: BTreeMap<String, String> = BTreeMap::new();
    for (file, text) in files {
        let mut checker = Checker { diagnostics: Diagnostics::new(file) };
        for raw in checker.file(text) {
            let at = position(&raw.key);
            if let Some(first) = places.get(&raw.key.value) {
                let mistake = Diagnostic::error(
                    "baseline/duplicate-entry",
                    format!("this finding has an entry already, at {first}"),
                );
                checker.diagnostics.add(mistake.with_hint("take one of them out"), at);
            }
            places.entry(raw.key.value.clone()).or_insert_with(|| format!("{file}:{}", at.line));
            entries.extend(checker.entry(raw, file));
        }
        found.extend(checker.diagnostics.into_sorted());
    }
    diagnostic::sort(&mut found);
    if found.is_empty() { Ok(entries) } else { Err(found) }
}

/// The file, before its values are checked.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFile {
    // Required; optional here, since a piece of a file need not have it.
    version: Option<Spanned<u64>>,
    entries: Option<Vec<RawEntry>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawEntry {
    key: Spanned<String>,
    kind: Spanned<String>,
    address: Option<String>,
    source: Option<String>,
    drift: Spanned<String>,
    severity: Spanned<String>,
    #[serde(default)]
    differs: Vec<String>,
    fingerprint: Spanned<String>,
    owner: Spanned<String>,
    reason: Spanned<String>,
    accepted: Spanned<String>,
    expires: Spanned<String>,
}

/// The whole file, or a piece of it: its keys, or some entries.
enum Piece {
    File(RawFile),
    Entries(Vec<RawEntry>),
}

impl<'de> Deserialize<'de> for Piece {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PieceVisitor)
    }
}

/// By hand, since serde's `untagged` loses the position of what is wrong inside.
struct PieceVisitor;

impl<'de> Visitor<'de> for PieceVisitor {
    type Value = Piece;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a mapping with `version` and `entries`")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Piece, A::Error> {
        RawFile::deserialize(MapAccessDeserializer::new(map)).map(Piece::File)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Piece, A::Error> {
        Vec::deserialize(SeqAccessDeserializer::new(list)).map(Piece::Entries)
    }
}

/// Checks the entries of one file.
struct Checker {
    diagnostics: Diagnostics,
}

impl Checker {
    fn file(&mut self, text: &str) -> Vec<RawEntry> {
        // The keys of the file, and the entries, which stand at most two spaces further in.
        let starts_piece = |line: &str| {
            let own = line.trim_start_matches(' ');
            let indent = line.len() - own.len();
            indent == 0 && own.starts_with(|c: char| c.is_ascii_alphabetic()) || indent <= 2 && own.starts_with("- ")
        };
        let before = self.diagnostics.errors();
        let pieces: Vec<Piece> = yaml::parse_in_pieces(text, &GRAMMAR, starts_piece, &mut self.diagnostics);
        let unparsed = self.diagnostics.errors() > before;
        let (mut versions, mut entries) = (0, Vec::new());
        for piece in pieces {
            match piece {
                Piece::File(RawFile { version, entries: own }) => {
                    versions += version.iter().len();
                    version.iter().for_each(|version| self.version(version));
                    entries.extend(own.into_iter().flatten());
                }
                Piece::Entries(own) => entries.extend(own),
            }
        }
        if versions == 0 && !unparsed {
            let mistake = Diagnostic::error("baseline/missing-key", "the key `version` is missing");
            self.diagnostics.add(mistake.with_hint(format!("write `version: {VERSION}`")), Position::WHOLE_FILE);
        }
        entries
    }

    fn version(&mut self, version: &Spanned<u64>) {
        if version.value != VERSION {
            let message = format!("version {} is not known", version.value);
            let mistake = Diagnostic::error("baseline/unknown-version", message);
            self.diagnostics.add(mistake.with_hint(format!("this driftd reads version {VERSION}")), position(version));
        }
    }

    fn entry(&mut self, raw: RawEntry, file: &str) -> Option<Entry> {
        let RawEntry {
            key,
            kind,
            address,
            source,
            drift,
            severity,
            differs,
            fingerprint,
            owner,
            reason,
            accepted,
            expires,
        } = raw;
        match parts(&key.value) {
            None => self.error(
                "baseline/bad-key",
                &key,
                "this is no finding's key",
                "write ACCOUNT/REGION/TYPE/ID, as `driftd scan --format json` shows it",
            ),
            Some([.., of_key, _]) if of_key != kind.value => {
                let hint = format!("the key is of {of_key}: correct one of them");
                self.error("baseline/bad-key", &kind, "`kind` is not that of the key", &hint);
            }
            Some(_) => {}
        }
        if fingerprint.value.len() != 32 || !fingerprint.value.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            let hint = "write the finding's, 32 hex digits, as `driftd scan --format json` shows it";
            self.error("baseline/not-a-fingerprint", &fingerprint, "this is no finding's fingerprint", hint);
        }
        for (name, value, hint) in
            [("owner", &owner, "say who answers for it"), ("reason", &reason, "say why it is accepted")]
        {
            if value.value.trim().is_empty() {
                self.error("baseline/empty-value", value, &format!("`{name}` must not be empty"), hint);
            }
        }
        let status = STATUSES.into_iter().find(|status| status.as_str() == drift.value);
        if status.is_none() {
            let hint = yaml::suggestion(&drift.value, &STATUSES.map(DriftStatus::as_str));
            self.error("baseline/unknown-word", &drift, "this word is not known here", &hint);
        }
        let worst = Severity::ALL.into_iter().find(|one| one.as_str() == severity.value);
        if worst.is_none() {
            let hint = yaml::suggestion(&severity.value, &Severity::ALL.map(Severity::as_str));
            self.error("baseline/unknown-word", &severity, "this word is not known here", &hint);
        }
        let (accepted, expires) = (self.day("accepted", &accepted), self.day("expires", &expires));
        Some(Entry {
            ignore: Ignore { owner: owner.value, reason: reason.value, expires: expires? },
            accepted: accepted?,
            drift: status?,
            severity: worst?,
            place: Place { file: file.to_owned(), position: position(&key) },
            key: key.value,
            fingerprint: fingerprint.value,
            kind: kind.value,
            address,
            source,
            differs,
        })
    }

    fn day(&mut self, name: &str, text: &Spanned<String>) -> Option<Date> {
        let day = text.value.parse().ok().filter(|_| text.value.len() == "2026-12-31".len());
        if day.is_none() {
            self.error("baseline/not-a-day", text, &format!("`{name}` is not a day"), "write it as 2026-12-31");
        }
        day
    }

    fn error(&mut self, code: &'static str, at: &Spanned<String>, message: &str, hint: &str) {
        self.diagnostics.add(Diagnostic::error(code, message).with_hint(hint), position(at));
    }
}
