//! One more of anything is one new file and one line: here the missing line is noticed where neither the compiler nor a
//! test beside the code would. Reads names off the source; knows nothing of what the implementations do.

use super::{check, children, read, root, sources, top_names};

/// A place where state lies that no request opens would be dead code that looks alive.
#[test]
fn every_state_file_is_opened() {
    let openers = code("src/desired/request.rs") + &code("src/desired/backend.rs");
    let all = implementors("src/desired/", "StateFile");
    assert!(all.len() > 3, "the test looks in the wrong place");
    check(all.iter().filter(|(_, name)| !constructs(&openers, name)).map(|(file, name)| {
        format!("{file}: {name} is never opened: construct it in src/desired/request.rs, for a form of its own")
    }));
}

/// A source of events has a form in which people name it, and that form opens it.
#[test]
fn every_event_source_is_opened_by_a_form_of_its_own() {
    let opener = code("src/attribution/source/open.rs");
    let all = implementors("src/attribution/source/", "EventSource");
    assert!(all.len() > 2, "the test looks in the wrong place");
    let reference = code("src/attribution/source/reference.rs");
    let variants = variants_of(&reference, "SourceRef");
    let mut found = Vec::new();
    for (file, name) in &all {
        // The arm, from one variant to the next, in which the source is made.
        let arms = opener.split("SourceRef::").skip(1).filter(|arm| constructs(arm, name));
        let arms: Vec<&str> = arms.map(|arm| arm.split(|c: char| !c.is_alphanumeric()).next().unwrap_or("")).collect();
        if arms.is_empty() {
            found.push(format!("{file}: {name} is never opened: construct it in src/attribution/source/open.rs"));
        }
        for arm in arms.iter().filter(|arm| !variants.iter().any(|variant| variant == **arm)) {
            found.push(format!("src/attribution/source/open.rs: SourceRef has no variant {arm}"));
        }
    }
    if variants.len() != all.len() {
        found.push(format!(
            "src/attribution/source: {} sources, but {} forms: {variants:?}",
            all.len(),
            variants.len()
        ));
    }
    check(found);
}

/// A kind without its line in `ALL` compiles, and its resources are `unknown` for ever.
#[test]
fn every_kind_is_registered_under_its_files_name() {
    let list = code("src/inventory/kinds/mod.rs");
    let list = list.split_once("ALL:").map_or("", |(_, rest)| rest.split("];").next().unwrap_or_default());
    let kinds: Vec<String> =
        children(&root().join("src/inventory/kinds")).into_iter().filter(|name| name.starts_with("aws_")).collect();
    assert!(kinds.len() > 50, "the test looks in the wrong place");
    let mut found = Vec::new();
    for kind in &kinds {
        let file = format!("src/inventory/kinds/{kind}.rs");
        if !list.contains(&format!("{kind}::")) {
            found.push(format!("{file}: add its line to ALL in src/inventory/kinds/mod.rs"));
        }
        let text = if root().join(&file).is_file() {
            code(&file)
        } else {
            code(&format!("src/inventory/kinds/{kind}/mod.rs"))
        };
        if !text.contains(&format!("\"{kind}\"")) {
            found.push(format!("{file}: `name()` is not {kind}: a file is named like its type"));
        }
    }
    check(found);
}

/// (file, type) of every `impl TRAIT for TYPE` under this folder, without those of tests.
fn implementors(folder: &str, name: &str) -> Vec<(String, String)> {
    let mark = format!("{name} for ");
    let mut all = Vec::new();
    for file in sources().into_iter().filter(|file| file.name.starts_with(folder) && !file.name.ends_with("tests.rs")) {
        let heads = file.code.lines().filter(|line| line.starts_with("impl")).filter_map(|line| line.split_once(&mark));
        let types = heads.filter_map(|(_, rest)| rest.split(|c: char| !c.is_alphanumeric()).next());
        all.extend(types.map(|of| (file.name.clone(), of.to_owned())));
    }
    all
}

/// `Name { ..` or `Name::new(`, and not as the end of a longer name.
fn constructs(code: &str, name: &str) -> bool {
    let begins = |at: usize| !code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
    let continues = |rest: &str| rest.starts_with("::") || rest.starts_with(" {");
    code.match_indices(name).any(|(at, _)| begins(at) && continues(&code[at + name.len()..]))
}

fn variants_of(code: &str, name: &str) -> Vec<String> {
    let body = code.split_once(&format!("enum {name} {{")).map_or("", |(_, rest)| rest);
    let body = body.split("\n}").next().unwrap_or_default();
    let heads = top_names(body).into_iter();
    heads.map(|head| head.split('(').next().unwrap_or_default().to_owned()).filter(|head| !head.is_empty()).collect()
}

fn code(name: &str) -> String {
    read(&root().join(name)).unwrap_or_else(|| panic!("{name} is readable")).code
}

#[test]
fn the_finders_find() {
    assert!(constructs("Box::new(LocalState { path })", "LocalState"));
    assert!(constructs("boxed(GitState::new(rest))", "GitState"));
    assert!(!constructs("use super::git::GitState;", "GitState"));
    assert!(!constructs("OtherGitState::new()", "GitState"));
    let code = "pub enum Form {\n    Lookup,\n    S3 {\n        bucket: String,\n    },\n    Path(PathBuf),\n}\n";
    assert_eq!(variants_of(code, "Form"), ["Lookup", "S3", "Path"]);
}
