//! Entries -> the text of a baseline file: sorted, every text in quotes, the same bytes for the same entries. Knows no files.

use std::fmt::Write as _;

use super::Entry;
use super::load::VERSION;
use crate::judge::Ignore;
use crate::wording::text::deceives;

const HEADER: &str = "\
# driftd baseline: drift that is accepted for a while. `baseline` in driftd.yaml names this file; review it like code.
# An entry holds for the content that it was given for, to the end of the day `expires` (UTC). When more differs, the drift counts again.
# To renew an entry, set its `expires` to a later day; to end it, take it out. `driftd baseline --merge --output THIS_FILE` adds what is
# new, accepts anew what has expired and drops what is gone. It keeps no comments: say it in `reason`.
";

/// The file. Entries are sorted by key.
pub fn write(entries: &[Entry]) -> String {
    let mut sorted: Vec<&Entry> = entries.iter().collect();
    sorted.sort_by(|a, b| a.key.cmp(&b.key));
    let mut text = format!("{HEADER}version: {VERSION}\n");
    text.push_str(if sorted.is_empty() { "entries: []\n" } else { "entries:\n" });
    sorted.into_iter().for_each(|entry| add(&mut text, entry));
    text
}

/// Has the text a comment that [`write()`] would not write again?
pub fn has_other_comments(text: &str) -> bool {
    let is_ours = |line: &str| HEADER.lines().any(|own| own == line);
    text.lines().any(|line| line.trim_start().starts_with('#') && !is_ours(line))
}

fn add(text: &mut String, entry: &Entry) {
    let Entry { key, fingerprint, kind, address, source, drift, severity, differs, ignore, accepted, place: _ } = entry;
    let Ignore { owner, reason, expires } = ignore;
    // Writing to a String cannot fail.
    _ = writeln!(text, "  - key: {}\n    kind: {kind}", quoted(key));
    for (name, value) in [("address", address), ("source", source)] {
        if let Some(value) = value {
            _ = writeln!(text, "    {name}: {}", quoted(value));
        }
    }
    _ = writeln!(text, "    drift: {}\n    severity: {}", drift.as_str(), severity.as_str());
    if !differs.is_empty() {
        let differs: Vec<String> = differs.iter().map(|one| quoted(one)).collect();
        _ = writeln!(text, "    differs: [{}]", differs.join(", "));
    }
    _ = writeln!(text, "    fingerprint: {}", quoted(fingerprint));
    _ = writeln!(text, "    owner: {}\n    reason: {}", quoted(owner), quoted(reason));
    _ = writeln!(text, "    accepted: {accepted}\n    expires: {expires}");
}

/// A text of YAML in double quotes; what deceives a reader is escaped.
fn quoted(text: &str) -> String {
    let mut safe = String::with_capacity(text.len() + 2);
    safe.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => safe.extend(['\\', c]),
            '\n' => safe.push_str("\\n"),
            '\t' => safe.push_str("\\t"),
            c if deceives(c) => _ = write!(safe, "\\U{:08x}", u32::from(c)),
            c => safe.push(c),
        }
    }
    safe.push('"');
    safe
}
