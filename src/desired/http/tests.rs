//! Tests of `desired::http`.

use std::io::Read as _;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;

/// A server that answers each path from a table and keeps the requests it saw.
pub(in crate::desired) struct Server {
    pub base: String,
    pub seen: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// `answers`: (path and query, raw response after the status line's `HTTP/1.1 `); `None` never answers.
    #[expect(clippy::disallowed_methods, reason = "a server beside the test, which ends with its runtime")]
    pub(in crate::desired) async fn start(answers: Vec<(&str, Option<String>)>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&seen);
        let answers: Vec<(String, Option<String>)> = answers.into_iter().map(|(p, a)| (p.to_owned(), a)).collect();
        tokio::spawn(async move {
            loop {
                let Ok((mut socket, _)) = listener.accept().await else { return };
                let mut request = Vec::new();
                let mut buffer = [0; 1024];
                while !request.windows(4).any(|window| window == b"\r\n\r\n") {
                    match socket.read(&mut buffer).await {
                        Ok(0) | Err(_) => break,
                        Ok(count) => request.extend_from_slice(&buffer[..count]),
                    }
                }
                let request = String::from_utf8_lossy(&request).into_owned();
                let path = request.split(' ').nth(1).unwrap_or_default().to_owned();
                log.lock().unwrap().push(request);
                match answers.iter().find(|(known, _)| *known == path).map(|(_, answer)| answer.clone()) {
                    Some(Some(answer)) => {
                        _ = socket.write_all(format!("HTTP/1.1 {answer}").as_bytes()).await;
                    }
                    Some(None) => {
                        tokio::spawn(async move {
                            let _open = socket;
                            std::future::pending::<()>().await;
                        });
                    }
                    None => _ = socket.write_all(format!("HTTP/1.1 {}", answer("404 Not Found", "")).as_bytes()).await,
                }
            }
        });
        Self { base, seen }
    }

    pub(in crate::desired) fn requests(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }
}

pub(in crate::desired) fn answer(status: &str, body: &str) -> String {
    format!("{status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
}

fn redirect(to: &str) -> String {
    format!("302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
}

fn environment(pairs: &[(&str, &str)]) -> Environment {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

async fn fetch(url: &str, options: &HttpOptions, variables: &[(&str, &str)]) -> Result<String, ReadError> {
    let mut fetched = HttpState::new(url, options, &environment(variables))?.fetch().await?;
    let mut text = String::new();
    fetched.body.read_to_string(&mut text).unwrap();
    Ok(text)
}

#[tokio::test]
async fn every_status_is_understood() {
    let server = Server::start(vec![
        ("/ok", Some(answer("200 OK", "{}"))),
        ("/204", Some(answer("204 No Content", ""))),
        ("/401", Some(answer("401 Unauthorized", "hunter2"))),
        ("/403?token=hunter2", Some(answer("403 Forbidden", "hunter2"))),
        ("/429", Some(answer("429 Too Many Requests", ""))),
        ("/500", Some(answer("500 Internal Server Error", "hunter2"))),
        ("/418", Some(answer("418 I'm a teapot", ""))),
        ("/redirect", Some(redirect("ok"))),
        ("/loop", Some(redirect("/loop"))),
        ("/cut", Some("200 OK\r\nContent-Length: 99\r\n\r\n{".to_owned())),
        ("/slow", None),
    ])
    .await;
    let options = HttpOptions { read_timeout: Duration::from_millis(200), ..HttpOptions::default() };
    for path in ["/ok", "/redirect"] {
        assert_eq!(fetch(&format!("{}{path}", server.base), &options, &[]).await.unwrap(), "{}", "{path}");
    }
    use crate::model::GapReason;
    let table = [
        ("/204", GapReason::Unreadable, "nothing was ever applied there, or the address is wrong"),
        ("/404", GapReason::Unreadable, "nothing was ever applied there, or the address is wrong"),
        ("/401", GapReason::Denied, "TF_HTTP_USERNAME"),
        ("/403?token=hunter2", GapReason::Denied, "TF_HTTP_USERNAME"),
        ("/429", GapReason::Throttled, "scan again later"),
        ("/500", GapReason::Failed, "look at the server's log"),
        ("/418", GapReason::Failed, "HTTP 418"),
        ("/loop", GapReason::Failed, "more than 5 redirects"),
        ("/cut", GapReason::Failed, "check the network"),
        ("/slow", GapReason::Timeout, "check the network and the address"),
    ];
    for (path, reason, remedy) in table {
        let url = format!("{}{path}", server.base.replace("http://", "http://me:hunter2@"));
        let error = fetch(&url, &options, &[]).await.unwrap_err();
        let text = error.to_string();
        assert_eq!(error.reason(), reason, "{path}: {text}");
        assert!(text.contains(remedy), "{path}: {text}");
        let place = format!("{}{}", server.base, path.split('?').next().unwrap());
        assert!(text.contains(&place), "{path} is not named: {text}");
        assert!(!text.contains("hunter2"), "{path} shows a secret: {text}");
    }
}

#[tokio::test]
async fn nobody_there_is_a_failure_to_retry() {
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let error = fetch(&format!("http://{free}/s?token=hunter2"), &HttpOptions::default(), &[]).await.unwrap_err();
    assert!(error.is_transient() && !error.to_string().contains("hunter2"), "{error}");
}

#[tokio::test]
async fn credentials_stay_with_their_origin() {
    let other = Server::start(vec![("/state", Some(answer("200 OK", "{}")))]).await;
    let elsewhere = redirect(&format!("{}/state", other.base));
    let server = Server::start(vec![
        ("/away", Some(elsewhere)),
        ("/here", Some(redirect("/state"))),
        ("/state", Some(answer("200 OK", "{}"))),
    ])
    .await;
    let options = HttpOptions { headers: vec![("X-Token".to_owned(), "hunter2".into())], ..HttpOptions::default() };
    for path in ["/away", "/here"] {
        let url = format!("{}{path}", server.base.replace("http://", "http://me:s%20cret@"));
        fetch(&url, &options, &[]).await.unwrap();
    }
    let (here, there) = (server.requests(), other.requests());
    assert_eq!((here.len(), there.len()), (3, 1));
    for request in here {
        assert!(
            request.contains("authorization: Basic bWU6cyBjcmV0") && request.contains("x-token: hunter2"),
            "{request}"
        );
    }
    assert!(!there[0].contains("authorization") && !there[0].contains("x-token"), "{}", there[0]);
}

fn sent(url: &str, options: &HttpOptions, variables: &[(&str, &str)]) -> Vec<String> {
    let headers = credentials(&Url::parse(url).unwrap(), options, &environment(variables)).unwrap();
    headers.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect()
}

#[test]
fn credentials_come_from_url_options_or_environment() {
    let none = HttpOptions::default();
    let bearer = HttpOptions { bearer: Some("t".into()), ..HttpOptions::default() };
    let gitlab = "https://gitlab.example.com/api/v4/projects/1/terraform/state/prod";
    let basic = [("TF_HTTP_USERNAME", "u"), ("TF_HTTP_PASSWORD", "p")];
    let ci = [("CI_SERVER_HOST", "gitlab.example.com"), ("CI_JOB_TOKEN", "j")];
    assert_eq!(sent("https://a:b@h/s", &none, &basic), ["authorization: Basic YTpi"]);
    assert_eq!(sent("https://h/s", &none, &basic), ["authorization: Basic dTpw"]);
    assert_eq!(sent("https://h/s", &bearer, &[]), ["authorization: Bearer t"]);
    assert_eq!(sent(gitlab, &none, &ci), ["job-token: j"]);
    assert_eq!(
        sent(gitlab, &none, &[("GITLAB_HOST", "gitlab.example.com"), ("GITLAB_TOKEN", "g")]),
        ["private-token: g"]
    );
    // Tokens of GitLab go nowhere else.
    assert!(sent(gitlab, &none, &[("GITLAB_TOKEN", "g"), ("CI_JOB_TOKEN", "j")]).is_empty());
    assert!(sent("https://gitlab.example.com/other", &none, &ci).is_empty());
    assert!(sent("https://evil.example.com/api/v4/projects/1/terraform/state/x", &none, &ci).is_empty());
}

#[test]
fn bad_tls_settings_say_what_to_correct() {
    let table = [
        HttpOptions {
            ca_certificate: Some("hunter2-----BEGIN CERTIFICATE-----x".to_owned()),
            ..HttpOptions::default()
        },
        HttpOptions { client_certificate: Some("hunter2".to_owned()), ..HttpOptions::default() },
        HttpOptions {
            client_certificate: Some("hunter2".to_owned()),
            client_private_key: Some("hunter2".into()),
            ..HttpOptions::default()
        },
    ];
    for options in table {
        let Err(error) = HttpState::new("https://h/s", &options, &Environment::default()) else { panic!("accepted") };
        let text = error.to_string();
        assert!(text.starts_with("https://h/s: ") && !text.contains("hunter2"), "{text}");
    }
    let options = HttpOptions { skip_cert_verification: true, ..HttpOptions::default() };
    assert!(HttpState::new("https://h/s", &options, &Environment::default()).is_ok());
}

#[test]
fn credentials_never_go_in_clear_text() {
    let none = HttpOptions::default();
    let bearer = HttpOptions { bearer: Some("t".into()), ..HttpOptions::default() };
    let header = HttpOptions { headers: vec![("PRIVATE-TOKEN".to_owned(), "t".into())], ..HttpOptions::default() };
    let made = |url: &str, options: &HttpOptions, variables: &[(&str, &str)]| {
        HttpState::new(url, options, &environment(variables)).map(|_| ()).map_err(|error| error.to_string())
    };
    let basic = [("TF_HTTP_USERNAME", "u"), ("TF_HTTP_PASSWORD", "hunter2")];
    let gitlab = "http://gitlab.example.com/api/v4/projects/1/terraform/state/prod";
    let ci = [("CI_SERVER_HOST", "gitlab.example.com"), ("CI_JOB_TOKEN", "hunter2")];
    for refused in [
        made("http://h.example/s", &none, &basic),
        made("http://a:hunter2@h.example/s", &none, &[]),
        made("http://h.example/s", &bearer, &[]),
        made("http://h.example/s", &header, &[]),
        made(gitlab, &none, &ci),
        made("http://localhost.evil.example/s", &bearer, &[]),
    ] {
        let error = refused.unwrap_err();
        assert!(error.contains("DRIFTD_HTTP_ALLOW_CLEARTEXT=true") && !error.contains("hunter2"), "{error}");
    }
    let allowed = [("TF_HTTP_USERNAME", "u"), ("DRIFTD_HTTP_ALLOW_CLEARTEXT", "true")];
    for (url, options, variables) in [
        ("http://h.example/s", &none, &[][..]),
        ("https://h.example/s", &bearer, &basic),
        ("http://localhost:8080/s", &bearer, &basic),
        ("http://127.0.0.2/s", &bearer, &[]),
        ("http://[::1]/s", &bearer, &[]),
        ("http://h.example/s", &none, &allowed),
    ] {
        assert_eq!(made(url, options, variables), Ok(()), "{url}");
    }
}

#[tokio::test]
async fn a_body_has_a_limit() {
    let server = Server::start(vec![
        ("/said", Some("200 OK\r\nContent-Length: 99999999999\r\n\r\n{".to_owned())),
        ("/sent", Some(format!("200 OK\r\nConnection: close\r\n\r\n{}", "x".repeat(100)))),
    ])
    .await;
    let client = HttpOptions::default().client(&Environment::default()).unwrap();
    for (path, limit, fits) in [("/said", 1000, false), ("/sent", 99, false), ("/sent", 100, true)] {
        let url = Url::parse(&format!("{}{path}", server.base)).unwrap();
        let response = get(&client, &url, &HeaderMap::new(), "p").await.unwrap();
        match body_at_most(response, "p", limit).await {
            Ok(_) => assert!(fits, "{path}"),
            Err(error) => {
                assert!(!fits && error.to_string().contains(&format!("larger than {limit} bytes")), "{error}")
            }
        }
    }
}
