//! The example configuration, its examples and its JSON Schema: they say the same, and they say everything.

#![allow(clippy::expect_used, reason = "a test that cannot go on fails")]

mod support;

use std::collections::BTreeSet;

use serde_json::Value;

fn example() -> String {
    std::fs::read_to_string(support::root().join("config/driftd.yaml")).expect("it is readable")
}

fn schema() -> Value {
    driftd::config::schema()
}

/// The file, and the file with each of its examples in place of what stands above it. A list's items are one example, the keys of a
/// mapping are one each.
fn documents() -> Vec<String> {
    let text = example();
    let lines: Vec<&str> = text.lines().collect();
    let mut documents = vec![text.clone()];
    let mut at = 0;
    while at < lines.len() {
        let length = lines[at..].iter().take_while(|line| is_example(line)).count();
        if length > 0 {
            let indent = lines[at].len() - lines[at].trim_start().len();
            let example: Vec<String> = lines[at..at + length].iter().map(|line| line.replacen('#', " ", 1)).collect();
            for one in alternatives(&example, indent + 3) {
                // `states: []` -> `states:`
                let key = lines[at - 1].split_inclusive(':').next().expect("a key stands above its examples");
                let before = lines[..at - 1].iter().map(|line| (*line).to_owned());
                let after = lines[at + length..].iter().map(|line| (*line).to_owned());
                let all: Vec<String> = before.chain([key.to_owned()]).chain(one).chain(after).collect();
                documents.push(all.join("\n"));
            }
        }
        at += length.max(1);
    }
    documents
}

fn is_example(line: &str) -> bool {
    line.trim_start().starts_with("#  ")
}

fn alternatives(example: &[String], indent: usize) -> Vec<Vec<String>> {
    let begins = |line: &String| line.len() - line.trim_start().len() == indent && !line.trim_start().starts_with('-');
    let mut all: Vec<Vec<String>> = Vec::new();
    for line in example {
        match all.last_mut() {
            Some(one) if !begins(line) => one.push(line.clone()),
            _ => all.push(vec![line.clone()]),
        }
    }
    all
}

fn parsed(document: &str) -> Value {
    serde_saphyr::from_str(document).expect("it is YAML")
}

#[test]
fn every_example_is_valid() {
    let documents = documents();
    assert!(documents.len() > 10, "the test looks in the wrong place");
    let schema = schema();
    let validator = jsonschema::validator_for(&schema).expect("the schema is one");
    for document in &documents {
        if let Err(mistakes) = driftd::config::parse("driftd.yaml", document) {
            panic!("{}", mistakes.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"));
        }
        let wrong: Vec<String> = validator.iter_errors(&parsed(document)).map(|error| error.to_string()).collect();
        assert!(wrong.is_empty(), "{wrong:#?}");
    }
}

/// What driftd refuses, an editor marks.
#[test]
fn the_schema_knows_mistakes() {
    let schema = schema();
    let validator = jsonschema::validator_for(&schema).expect("the schema is one");
    for wrong in [
        "{}",
        "version: 1\nstate: []",
        "version: 1\nscan: {kind: x}",
        "version: 1\nscan: {unmanaged: perhaps}",
        "version: 1\nstates: [{name: x}]",
        "version: 1\nstore: {url: \"postgres://u:p@h/d\"}",
        "version: 1\nlog: {format: xml}",
        "version: 1\ndaemon: {storm: 0}",
    ] {
        assert!(!validator.is_valid(&parsed(wrong)), "{wrong}");
        assert!(driftd::config::parse("f", wrong).is_err(), "{wrong}");
    }
}

#[test]
fn every_key_stands_in_the_example_with_a_comment() {
    let mut written = BTreeSet::new();
    documents().iter().for_each(|document| paths(&parsed(document), "", &mut written));
    let schema = schema();
    let mut known = BTreeSet::new();
    keys(&schema, &schema, "", &mut Vec::new(), &mut known);
    assert!(known.len() > 50, "the test looks in the wrong place");
    let missing: Vec<&String> = known.difference(&written).collect();
    assert!(missing.is_empty(), "config/driftd.yaml does not show {missing:#?}");
    let text = example();
    let uncommented: Vec<&String> = known.iter().filter(|path| !has_comment(&text, path)).collect();
    assert!(uncommented.is_empty(), "config/driftd.yaml does not explain {uncommented:#?}");
}

/// `/states/[]/name` for every key of a document.
fn paths(value: &Value, path: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                let path = format!("{path}/{key}");
                paths(value, &path, found);
                found.insert(path);
            }
        }
        Value::Array(list) => list.iter().for_each(|one| paths(one, &format!("{path}/[]"), found)),
        _ => {}
    }
}

/// The same for every key that the schema allows. `open`: definitions that are being walked, one of which holds itself.
fn keys<'s>(schema: &'s Value, root: &'s Value, path: &str, open: &mut Vec<&'s str>, found: &mut BTreeSet<String>) {
    if let Some(name) = schema["$ref"].as_str() {
        if open.contains(&name) {
            return;
        }
        // Where secrets lie is shown once, at the first of them.
        if name.ends_with("/RawSecretKeys") && path != "/store/url" {
            return;
        }
        open.push(name);
        keys(root.pointer(name.trim_start_matches('#')).expect("it is defined"), root, path, open, found);
        open.pop();
    }
    for (key, value) in schema["properties"].as_object().into_iter().flatten() {
        let path = format!("{path}/{key}");
        assert!(value["description"].is_string() || value["$ref"].is_string(), "{path} is not described");
        keys(value, root, &path, open, found);
        found.insert(path);
    }
    if schema["items"].is_object() {
        keys(&schema["items"], root, &format!("{path}/[]"), open, found);
    }
    schema["anyOf"].as_array().into_iter().flatten().for_each(|one| keys(one, root, path, open, found));
}

/// Beside the key, or in the line above.
fn has_comment(text: &str, path: &str) -> bool {
    let key = path.rsplit('/').next().unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines.iter().enumerate().any(|(at, line)| {
        let own = line.trim_start().trim_start_matches(['#', ' ', '-']);
        let is_key = own.strip_prefix(key).is_some_and(|rest| rest.starts_with(':'));
        let above = at.checked_sub(1).and_then(|above| lines.get(above)).map_or("", |line| line.trim_start());
        is_key && (own.contains("   # ") || own.contains(" # ") || (above.starts_with("# ") && !is_example(above)))
    })
}
