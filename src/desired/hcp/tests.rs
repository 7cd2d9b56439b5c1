//! Tests of `desired::hcp`.

use std::io::Read as _;

use super::super::http::tests::{Server, answer};
use super::*;

const WORKSPACE: &str = r#"{"data":{"id":"ws-1","type":"workspaces","attributes":{"locked":true,"name":"prod"}}}"#;

fn environment(host: &str) -> Environment {
    [(token_variable(host), "hunter2".to_owned())].into_iter().collect()
}

async fn fetch(server: &Server, workspace: &str) -> Result<(String, Vec<String>), ReadError> {
    let host = server.base.trim_start_matches("http://");
    let options = HttpOptions::default();
    let workspace = Workspace::new(host, "org", workspace, &options, &environment(host))?;
    let mut fetched = workspace.fetch().await?;
    let mut text = String::new();
    fetched.body.read_to_string(&mut text).unwrap();
    Ok((text, fetched.warnings))
}

#[tokio::test]
async fn a_workspace_leads_to_its_state() {
    let version = r#"{"data":{"id":"sv-1","attributes":{"serial":3,"hosted-state-download-url":"/v1/object/abc"}}}"#;
    let html = "<html>";
    let server = Server::start(vec![
        ("/api/v2/organizations/org/workspaces/prod", Some(answer("200 OK", WORKSPACE))),
        ("/api/v2/workspaces/ws-1/current-state-version", Some(answer("200 OK", version))),
        ("/v1/object/abc", Some(answer("200 OK", "{\"version\":4}"))),
        ("/api/v2/organizations/org/workspaces/new", Some(answer("200 OK", &WORKSPACE.replace("ws-1", "ws-new")))),
        ("/api/v2/organizations/org/workspaces/denied", Some(answer("401 Unauthorized", ""))),
        ("/api/v2/organizations/org/workspaces/page", Some(answer("200 OK", html))),
    ])
    .await;
    let (text, warnings) = fetch(&server, "prod").await.unwrap();
    assert_eq!((text.as_str(), warnings.len()), ("{\"version\":4}", 1));
    assert!(server.requests().iter().all(|request| request.contains("authorization: Bearer hunter2")));
    let table = [
        ("absent", "no such workspace"),
        ("new", "has no state yet"),
        ("denied", "use a token that may read"),
        ("page", "not that of HCP Terraform's API"),
    ];
    for (workspace, expected) in table {
        let text = fetch(&server, workspace).await.unwrap_err().to_string();
        assert!(text.contains(expected) && text.contains(&format!("/org/{workspace}")), "{text}");
        assert!(!text.contains("hunter2"), "{text}");
    }
}

#[test]
fn without_a_token_the_error_names_the_variable() {
    let made = Workspace::new("tfe.my-firm.example", "o", "w", &HttpOptions::default(), &Environment::default());
    let text = made.err().map(|error| error.to_string()).unwrap_or_default();
    assert!(text.contains("TF_TOKEN_tfe_my__firm_example") && text.contains("terraform login"), "{text}");
}

#[test]
fn tokens_are_found_where_terraform_keeps_them() {
    use secrecy::ExposeSecret as _;
    let home = tempfile::tempdir().unwrap();
    let path = home.path().to_string_lossy().into_owned();
    let environment: Environment = [("HOME".to_owned(), path)].into_iter().collect();
    let found = |host: &str| token(host, &environment).map(|token| token.expose_secret().to_owned());
    assert_eq!(found("a.example"), None);
    std::fs::create_dir(home.path().join(".terraform.d")).unwrap();
    std::fs::write(
        home.path().join(".terraform.d/credentials.tfrc.json"),
        r#"{"credentials":{"a.example":{"token":"login"}}}"#,
    )
    .unwrap();
    assert_eq!(found("a.example").as_deref(), Some("login"));
    std::fs::write(home.path().join(".terraformrc"), "credentials \"a.example\" {\n  token = \"rc\"\n}\n").unwrap();
    assert_eq!(found("a.example").as_deref(), Some("rc"));
    assert_eq!(found("b.example"), None);
}

#[tokio::test]
async fn the_token_stays_with_its_host() {
    let archive = Server::start(vec![("/object", Some(answer("200 OK", "{}")))]).await;
    let version =
        |url: &str| format!(r#"{{"data":{{"id":"sv-1","attributes":{{"hosted-state-download-url":"{url}"}}}}}}"#);
    let server = Server::start(vec![
        ("/api/v2/organizations/org/workspaces/prod", Some(answer("200 OK", WORKSPACE))),
        (
            "/api/v2/workspaces/ws-1/current-state-version",
            Some(answer("200 OK", &version(&format!("{}/object", archive.base)))),
        ),
    ])
    .await;
    // Another host is never asked in clear text, and over TLS without the token.
    let error = fetch(&server, "prod").await.unwrap_err().to_string();
    assert!(error.contains("not reached by https"), "{error}");
    assert!(archive.requests().is_empty());
    let redirected =
        format!("302 Found\r\nLocation: {}/object\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", archive.base);
    let server = Server::start(vec![
        ("/api/v2/organizations/org/workspaces/prod", Some(answer("200 OK", WORKSPACE))),
        ("/api/v2/workspaces/ws-1/current-state-version", Some(answer("200 OK", &version("/here")))),
        ("/here", Some(redirected)),
    ])
    .await;
    assert_eq!(fetch(&server, "prod").await.unwrap().0, "{}");
    assert!(!archive.requests()[0].contains("authorization"), "{:?}", archive.requests());
}

#[tokio::test]
async fn an_endless_answer_is_refused() {
    let server = Server::start(vec![(
        "/api/v2/organizations/org/workspaces/prod",
        Some("200 OK\r\nContent-Length: 99999999999\r\n\r\n{".to_owned()),
    )])
    .await;
    let error = fetch(&server, "prod").await.unwrap_err().to_string();
    assert!(error.contains("larger than 16777216 bytes"), "{error}");
}
