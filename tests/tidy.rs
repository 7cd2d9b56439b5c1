//! House rules as a test: what ARCHITECTURE.md promises about the structure of the source, checked by reading the files.
//! Knows nothing of what the code does. Every message names the file and what to do about it.
//!
//! Long because all rules share the reading of the sources.

#![allow(clippy::expect_used, clippy::string_slice, reason = "a test that cannot go on fails")]

#[path = "tidy/arrows.rs"]
mod arrows;
#[path = "tidy/registries.rs"]
mod registries;

use arrows::ARROWS;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// A longer file fails, unless its head says why it is one file.
const LONG: usize = 400;
/// How the head of a long file gives its reason.
const LONG_BECAUSE: [&str; 2] = ["//! Long because ", "Long because "];
/// A longer file fails, whatever it says.
const TOO_LONG: usize = 700;

/// Only these ask what is accepted.
const BASELINE_USERS: &[&str] = &["baseline", "cli", "config", "cycle", "daemon", "lib", "setup"];

/// Folder of attribution -> its neighbours that it must not name.
const ATTRIBUTION_ARROWS: &[(&str, &[&str])] = &[
    ("event", &["principal", "correlate", "source"]),
    ("principal", &["correlate", "source"]),
    ("correlate", &["source"]),
    ("source", &["principal", "correlate"]),
];

/// The pure core, and what makes code impure.
const PURE: &[&str] =
    &["baseline", "diagnostic", "diff", "judge", "life", "model", "report", "schedule", "wording", "yaml"];
const IMPURE: &[(&str, &str)] = &[
    ("async fn", "async"),
    ("async move", "async"),
    (".await", "async"),
    ("tokio", "a runtime"),
    ("SystemTime::now", "the clock"),
    ("Instant::now", "the clock"),
    ("Timestamp::now", "the clock"),
    ("Zoned::now", "the clock"),
    ("std::fs", "files"),
    ("std::env::var", "the environment"),
    ("std::net::Tcp", "the network"),
    ("std::net::Udp", "the network"),
    ("ToSocketAddrs", "the network"),
    ("std::process::Command", "processes"),
    ("Uuid::new_v4", "randomness"),
    ("Uuid::now_v7", "the clock"),
    ("aws_sdk_", "AWS"),
    ("reqwest", "the network"),
    ("sqlx", "a database"),
];

/// (file, needle): rules and baselines lie in files, and these read them; the rest gets text.
const EXCEPTIONS: &[(&str, &str)] = &[("src/baseline/load.rs", "std::fs"), ("src/judge/load.rs", "std::fs")];

#[test]
fn every_source_file_says_what_it_is_for() {
    check(sources().iter().filter(|file| !file.text.starts_with("//! ")).map(|file| {
        format!("{}: open it with `//! ` and a sentence: what it is for, and what it does not know", file.name)
    }));
}

#[test]
fn imports_follow_the_arrows() {
    let mut found = Vec::new();
    for file in sources() {
        let home = home(&file.name);
        for (module, forbidden, why) in ARROWS.iter().filter(|(module, ..)| *module == home) {
            // Sources of events are edges: AWS's clients serve them.
            let edge = file.name.starts_with("src/attribution/source/");
            let forbidden = forbidden.iter().filter(|other| !(edge && **other == "aws"));
            for other in forbidden.filter(|other| names_module(&file.code, other)) {
                found.push(format!(
                    "{}: {module} must not import {other}: {why}; move what is shared to model",
                    file.name
                ));
            }
        }
        if !BASELINE_USERS.contains(&home.as_str()) && names_module(&file.code, "baseline") {
            found.push(format!("{}: {home} must not import baseline; only {BASELINE_USERS:?} do", file.name));
        }
        if !["cli", "main", "lib"].contains(&home.as_str()) && names_module(&file.code, "cli") {
            found.push(format!("{}: nothing imports cli; move what is needed below it", file.name));
        }
    }
    check(found);
}

/// Inside attribution, too: event <- principal <- correlate, and source knows only event. The re-exports at the top are for
/// users of attribution: inside, every import names its folder.
#[test]
fn attribution_imports_follow_the_arrows() {
    let mut found = Vec::new();
    for file in sources() {
        let Some(inner) = file.name.strip_prefix("src/attribution/") else { continue };
        let Some((folder, _)) = inner.split_once('/') else { continue };
        let Some((_, forbidden)) = ATTRIBUTION_ARROWS.iter().find(|(name, _)| *name == folder) else {
            found.push(format!("{}: say in ATTRIBUTION_ARROWS which folders {folder} may use", file.name));
            continue;
        };
        for named in attribution_names(&file) {
            if forbidden.contains(&named.as_str()) {
                found.push(format!("{}: {folder} must not import {named}", file.name));
            } else if !ATTRIBUTION_ARROWS.iter().any(|(name, _)| *name == named) {
                found.push(format!(
                    "{}: import {named} from its folder: crate::attribution::FOLDER::{named}",
                    file.name
                ));
            }
        }
    }
    check(found);
}

/// What a file of a folder of attribution names of attribution itself: by the whole path, or by `super`s that lead there.
fn attribution_names(file: &File) -> Vec<String> {
    let inner = file.name.trim_start_matches("src/attribution/");
    let depth = inner.matches('/').count() - usize::from(inner.ends_with("/mod.rs"));
    let up = "super::".repeat(depth + 1);
    let mut named = Vec::new();
    for prefix in ["crate::attribution::", "driftd::attribution::", up.as_str()] {
        for (at, _) in file.code.match_indices(prefix) {
            // More `super`s before it lead further up, and belong to an inner module of a test.
            if prefix == up && file.code[..at].ends_with("super::") {
                continue;
            }
            let rest = &file.code[at + prefix.len()..];
            match rest.strip_prefix('{').and_then(|rest| rest.split_once(';')) {
                Some((group, _)) => named.extend(top_names(group)),
                None => named.extend(top_names(rest.split([';', ' ', '(', ',', ')', '\n']).next().unwrap_or_default())),
            }
        }
    }
    named.retain(|name| !name.is_empty() && name != "super" && name != "*");
    named
}

#[test]
fn the_core_is_pure() {
    let mut found = Vec::new();
    for file in sources().iter().filter(|file| is_pure(&file.name)) {
        if file.name.ends_with("/tests.rs") {
            continue;
        }
        let allowed = |needle: &str| EXCEPTIONS.contains(&(file.name.as_str(), needle));
        for (needle, what) in IMPURE.iter().filter(|(needle, _)| file.code.contains(needle) && !allowed(needle)) {
            found.push(format!("{}: `{needle}`: the core must not touch {what}; take it as an argument", file.name));
        }
    }
    check(found);
}

/// Attribution is pure but for its sources of events.
fn is_pure(name: &str) -> bool {
    let who = name.starts_with("src/attribution/") && !name.starts_with("src/attribution/source/");
    who || PURE.contains(&home(name).as_str())
}

/// A file without a `mod` line is never compiled, and nobody notices.
#[test]
fn mod_lines_equal_the_files() {
    let mut found = Vec::new();
    for file in sources() {
        let Some(folder) = module_folder(&file.name) else { continue };
        let declared: BTreeSet<String> = file.code.lines().filter_map(declared_module).collect();
        let present: BTreeSet<String> = children(&folder);
        for lost in present.difference(&declared) {
            found.push(format!("{}: add `mod {lost};`, or delete {}/{lost}", file.name, folder.display()));
        }
        for lost in declared.difference(&present) {
            found.push(format!("{}: `mod {lost};` has no file under {}", file.name, folder.display()));
        }
    }
    check(found);
}

#[test]
fn nothing_is_left_to_do() {
    // Put together here, so that this file does not find itself.
    let marks = [
        concat!("TO", "DO"),
        concat!("FIX", "ME"),
        concat!("to", "do!("),
        concat!("unimplemen", "ted!("),
        concat!("#[ign", "ore"),
    ];
    let mut found = Vec::new();
    for file in files(&["src", "tests", "benches", "demo"], &["rs", "py", "sh", "tf"]) {
        for mark in marks.iter().filter(|mark| file.text.contains(**mark)) {
            found.push(format!("{}: `{mark}`: finish it, or leave it out", file.name));
        }
    }
    check(found);
}

/// What works only on the machine of whoever wrote it.
#[test]
fn no_path_of_somebodys_machine() {
    let places = [concat!("/wo", "rk/"), concat!("/ro", "ot/"), concat!("/ho", "me/"), concat!("/Use", "rs/")];
    let mut found = Vec::new();
    let endings = ["rs", "py", "sh", "tf", "toml", "md", "yaml", "yml", "json", "jsonl"];
    let mut all = files(&["src", "tests", "benches", "demo", "docs", "config", "rules"], &endings);
    all.extend(top_level());
    for file in all {
        for place in places.iter().filter(|place| file.text.contains(**place)) {
            found.push(format!(
                "{}: `{place}`: a path of one machine; make it relative, or ask the environment",
                file.name
            ));
        }
    }
    check(found);
}

#[test]
fn files_stay_small() {
    let mut found = Vec::new();
    for file in files(&["src", "tests", "benches", "demo"], &["rs", "py"]) {
        let lines = file.text.lines().count();
        let head = file.text.lines().take_while(|line| line.starts_with("//!") || file.name.ends_with(".py")).take(20);
        let says_why = head.into_iter().any(|line| LONG_BECAUSE.iter().any(|because| line.starts_with(because)));
        if lines > TOO_LONG {
            found.push(format!("{}: {lines} lines; split it: {TOO_LONG} is the most", file.name));
        } else if lines > LONG && !says_why {
            found.push(format!(
                "{}: {lines} lines; split it, or say why it is one file: a line `//! Long because ...` in its head",
                file.name
            ));
        }
    }
    check(found);
}

/// A code that somebody reads in a message can be looked up, and none is explained that no longer exists.
#[test]
fn every_code_of_a_diagnostic_is_explained() {
    let page = fs::read_to_string(root().join("docs/diagnostics.md")).expect("docs/diagnostics.md is readable");
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).map(str::to_owned);
    let explained: Vec<String> = rows.collect();
    let mut sorted = explained.clone();
    sorted.sort();
    sorted.dedup();
    assert_eq!(explained, sorted, "docs/diagnostics.md: keep the codes sorted, each once");
    let product = sources().into_iter().filter(|file| !file.name.ends_with("/tests.rs"));
    let used: BTreeSet<String> = product.flat_map(|file| codes(&file.code)).collect();
    let explained: BTreeSet<String> = explained.into_iter().collect();
    let mut found = Vec::new();
    for code in used.difference(&explained) {
        found.push(format!("docs/diagnostics.md: explain `{code}`"));
    }
    for code in explained.difference(&used) {
        found.push(format!("docs/diagnostics.md: no code says `{code}` any more; take its row out"));
    }
    check(found);
}

/// String literals of the form `area/kebab-words`.
fn codes(code: &str) -> Vec<String> {
    let is_code = |text: &&str| {
        let rest = ["baseline/", "cli/", "config/", "rules/"].iter().find_map(|area| text.strip_prefix(area));
        rest.is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'))
    };
    code.split('"').filter(is_code).map(str::to_owned).collect()
}

/// "Why is this here?" has an answer above every dependency.
#[test]
fn every_dependency_says_why() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).expect("Cargo.toml is readable");
    let mut found = Vec::new();
    let (mut inside, mut before) = (false, "");
    for line in manifest.lines() {
        if line.starts_with('[') {
            inside = line.contains("dependencies");
        } else if let Some((name, _)) = line.split_once('=')
            && inside
            && !line.starts_with([' ', '#'])
            && !before.starts_with('#')
        {
            found.push(format!("Cargo.toml: say in a comment above `{}` what it is for", name.trim()));
        }
        before = line;
    }
    check(found);
}

struct File {
    /// Path from the package's root, with `/`.
    name: String,
    text: String,
    /// The text without comments and without its tests.
    code: String,
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn sources() -> Vec<File> {
    let found = files(&["src"], &["rs"]);
    assert!(found.len() > 5, "no sources under src/: the test looks in the wrong place");
    found
}

/// All files with one of these endings under these folders, in order.
fn files(folders: &[&str], endings: &[&str]) -> Vec<File> {
    let mut paths = Vec::new();
    for folder in folders {
        walk(&root().join(folder), &mut paths);
    }
    paths.sort();
    let wanted = |path: &PathBuf| path.extension().is_some_and(|e| endings.iter().any(|wanted| e == *wanted));
    paths.iter().filter(|path| wanted(path)).filter_map(|path| read(path)).collect()
}

fn top_level() -> Vec<File> {
    let names = [
        "README.md",
        "ARCHITECTURE.md",
        "CONTRIBUTING.md",
        "CHANGELOG.md",
        "Makefile",
        "Cargo.toml",
        "deny.toml",
        "clippy.toml",
        ".ci/run",
    ];
    names.iter().filter_map(|name| read(&root().join(name))).collect()
}

fn walk(folder: &Path, paths: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let (path, name) = (entry.path(), entry.file_name());
        if name.to_string_lossy().starts_with(['.', '_']) || name == "out" {
            continue;
        }
        if path.is_dir() { walk(&path, paths) } else { paths.push(path) }
    }
}

fn read(path: &Path) -> Option<File> {
    let text = fs::read_to_string(path).ok()?;
    let name = path.strip_prefix(root()).ok()?.to_string_lossy().replace('\\', "/");
    let product = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let uncommented = product.lines().map(|line| if line.trim_start().starts_with("//") { "" } else { line });
    let code = uncommented.collect::<Vec<_>>().join("\n");
    Some(File { name, text, code })
}

/// `model` for src/model/live.rs, `cycle` for src/cycle.rs.
fn home(name: &str) -> String {
    let inner = name.trim_start_matches("src/");
    inner.split('/').next().unwrap_or_default().trim_end_matches(".rs").to_owned()
}

/// Does this code name that module of ours: `crate::x`, `crate::{.., x::..}`, `driftd::x`?
fn names_module(code: &str, module: &str) -> bool {
    let continues = |rest: &str| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_');
    for prefix in ["crate::", "driftd::"] {
        for (at, _) in code.match_indices(prefix) {
            let rest = &code[at + prefix.len()..];
            if rest.strip_prefix(module).is_some_and(continues) {
                return true;
            }
            let group = rest.strip_prefix('{').and_then(|rest| rest.split_once(';')).map_or("", |(group, _)| group);
            if top_names(group).iter().any(|name| name == module) {
                return true;
            }
        }
    }
    false
}

/// `a::{b, c}, d}` -> a, d.
fn top_names(group: &str) -> Vec<String> {
    let (mut depth, mut names, mut name) = (0_usize, Vec::new(), String::new());
    for c in group.chars() {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => names.push(std::mem::take(&mut name)),
            c if depth == 0 && !c.is_whitespace() => name.push(c),
            _ => {}
        }
    }
    names.push(name);
    names.iter().filter_map(|name| name.split("::").next()).map(str::to_owned).collect()
}

/// The folder whose files this file declares; `None` for a leaf.
fn module_folder(name: &str) -> Option<PathBuf> {
    let path = root().join(name);
    match name {
        "src/main.rs" => None,
        _ if name == "src/lib.rs" || name.ends_with("/mod.rs") => path.parent().map(Path::to_owned),
        _ => Some(path.with_extension("")).filter(|folder| folder.is_dir()),
    }
}

fn declared_module(line: &str) -> Option<String> {
    let rest = line.trim_start();
    let rest = match rest.strip_prefix("pub(").and_then(|rest| rest.split_once(") ")) {
        Some((_, rest)) => rest,
        None => rest.strip_prefix("pub ").unwrap_or(rest),
    };
    rest.strip_prefix("mod ")?.strip_suffix(';').map(str::to_owned)
}

fn children(folder: &Path) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for entry in fs::read_dir(folder).expect("a module's folder is readable").flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.path().join("mod.rs").is_file() {
            names.insert(name);
        } else if let Some(stem) = name.strip_suffix(".rs")
            && !["lib", "main", "mod"].contains(&stem)
        {
            names.insert(stem.to_owned());
        }
    }
    names
}

fn check(found: impl IntoIterator<Item = String>) {
    let found: Vec<String> = found.into_iter().collect();
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
}

#[test]
fn the_arrow_finder_finds() {
    assert!(names_module("use crate::inventory::Aws;", "inventory"));
    assert!(names_module("use crate::{model::{Live, cli}, inventory};", "inventory"));
    assert!(!names_module("use crate::{model::{Live, cli}, inventory};", "cli"));
    assert!(!names_module("use crate::inventory_of::x;", "inventory"));
    assert_eq!(declared_module("pub mod live;").as_deref(), Some("live"));
    assert_eq!(declared_module("pub(in crate::desired) mod tests;").as_deref(), Some("tests"));
    assert_eq!(home("src/model/live.rs"), "model");
    let named =
        |name: &str, code: &str| attribution_names(&File { name: name.into(), text: String::new(), code: code.into() });
    let code = "use super::super::principal::Person;\nuse super::record;\nuse crate::attribution::{event::{Event, parse}, source};";
    assert_eq!(named("src/attribution/event/x.rs", code), ["event", "source", "principal"]);
    assert_eq!(
        named("src/attribution/event/mod.rs", "pub use record::Event; fn x(y: super::correlate::Z) {}"),
        ["correlate"]
    );
    assert_eq!(
        named("src/attribution/source/s3/read.rs", "use super::super::log;\nuse super::super::super::event::x;"),
        ["event"]
    );
}
