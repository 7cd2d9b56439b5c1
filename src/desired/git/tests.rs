//! Tests of `desired::git`.

use std::io::Read as _;
use std::path::PathBuf;

use super::*;

fn environment() -> Environment {
    Environment::of_process()
}

/// A bare repository with two commits: `prod/terraform.tfstate` says `one` at tag `v1`, `two` at branch `main`.
fn repository() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let work = folder.path().join("work");
    let git = |at: &Path, arguments: &[&str]| {
        let output = std::process::Command::new("git")
            .args(["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "init.defaultBranch=main"])
            .args(arguments)
            .current_dir(at)
            .output()
            .unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    };
    git(folder.path(), &["init", "--quiet", "work"]);
    std::fs::create_dir(work.join("prod")).unwrap();
    for (text, tag) in [("one", "v1"), ("two", "v2")] {
        std::fs::write(work.join("prod/terraform.tfstate"), text).unwrap();
        git(&work, &["add", "."]);
        git(&work, &["commit", "--quiet", "-m", text]);
        git(&work, &["tag", tag]);
    }
    git(folder.path(), &["clone", "--quiet", "--bare", "work", "bare.git"]);
    let bare = folder.path().join("bare.git");
    (folder, bare)
}

async fn fetch(text: &str) -> Result<String, ReadError> {
    let mut fetched = GitState::new(text, &environment())?.fetch().await?;
    assert!(fetched.warnings.iter().any(|warning| warning.starts_with("read at commit ")));
    let mut text = String::new();
    fetched.body.read_to_string(&mut text).unwrap();
    Ok(text)
}

#[tokio::test]
async fn a_file_is_read_at_a_reference() {
    let (_folder, bare) = repository();
    let at = format!("file://{}//prod/terraform.tfstate", bare.display());
    for (query, expected) in [("", "two"), ("?ref=main", "two"), ("?ref=v1", "one")] {
        assert_eq!(fetch(&format!("{at}{query}")).await.unwrap(), expected, "{query}");
    }
    let absent = format!("file://{}//prod/other.tfstate", bare.display());
    for wrong in [format!("{at}?ref=none"), absent, "file:///no/such/place.git//x.tfstate".to_owned()] {
        let error = fetch(&wrong).await.unwrap_err();
        assert!(matches!(error, ReadError::NoState { .. }), "{error}");
        assert!(error.to_string().contains("git::file:///"), "{error}");
    }
}

#[test]
fn what_git_could_misunderstand_is_refused() {
    let wrong = [
        "https://h/r.git",
        "https://h/r.git//",
        "ext::sh -c x//y",
        "ext://h/r.git//x",
        "http://h/r.git//x",
        "https://h/r.git//x?ref=--upload-pack=x",
        "https://h/r.git//x?ref=a:b",
        "https://h/r.git//x?ref=%2Ba",
        "https://h/r.git//x?ref=",
        "not a url",
    ];
    for text in wrong {
        assert!(matches!(GitState::new(text, &environment()), Err(ReadError::BadRequest { .. })), "{text}");
    }
}

#[test]
fn secrets_are_neither_shown_nor_passed_as_arguments() {
    let state = GitState::new("https://me:hunter2@h.example/r.git//p/t.tfstate?ref=main", &environment()).unwrap();
    assert_eq!(state.location(), "git::https://h.example/r.git//p/t.tfstate@main");
    assert_eq!(state.repository.as_str(), "https://h.example/r.git");
    assert_eq!(state.credentials.as_deref(), Some("me:hunter2"));
    let error = state.refusal("fatal: Authentication failed for 'https://me:hunter2@h.example/r.git/'\n");
    assert!(matches!(error, ReadError::Denied { .. }) && !error.to_string().contains("hunter2"), "{error}");
    let ssh = GitState::new("ssh://git@h.example/r.git//t.tfstate", &environment()).unwrap();
    assert_eq!(
        (ssh.repository.as_str(), ssh.location().as_str()),
        ("ssh://git@h.example/r.git", "git::ssh://h.example/r.git//t.tfstate")
    );
}

#[test]
fn a_file_has_a_limit() {
    assert!(check_size(b"2147483648\n", "x").is_ok());
    assert!(check_size(b"2147483649\n", "x").unwrap_err().to_string().contains("larger than 2147483648 bytes"));
    assert!(check_size(b"", "x").is_err());
}
