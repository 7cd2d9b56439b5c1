//! Every place where a secret can lie: variables, files and their rotation, a Vault, and AWS as moto plays it. Secrets never show in errors.

#![allow(clippy::expect_used, reason = "a test that cannot go on fails")]

mod support;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;

use driftd::aws::{Aws, AwsOptions};
use driftd::environment::Environment;
use driftd::secret::{Resolver, RotatingSecret, SecretRef, VaultAuth, VaultRef};
use jiff::Timestamp;
use secrecy::ExposeSecret as _;

fn environment(variables: &[(&str, &str)]) -> Environment {
    variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(work)
}

fn resolver(variables: &[(&str, &str)]) -> Resolver {
    // As the program does at its start.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    Resolver::new(environment(variables), None).expect("an HTTP client")
}

/// The secret, or what the error says.
fn read(resolver: &Resolver, reference: &SecretRef) -> Result<String, String> {
    let read = block_on(resolver.read(reference));
    read.map(|secret| secret.expose_secret().to_owned()).map_err(|error| error.to_string())
}

fn variables_files_and_credentials() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    std::fs::write(at("password"), "hunter2\r\n\n").expect("writable");
    std::fs::write(at("empty"), "\n").expect("writable");
    let resolver =
        resolver(&[("PASSWORD", "hunter2"), ("CREDENTIALS_DIRECTORY", folder.path().to_str().expect("UTF-8"))]);
    for reference in [
        SecretRef::Env("PASSWORD".to_owned()),
        SecretRef::File(at("password")),
        SecretRef::Credential("password".to_owned()),
    ] {
        assert_eq!(read(&resolver, &reference).expect("it is there"), "hunter2");
    }
    for (reference, problem) in [
        (SecretRef::Env("NONE".to_owned()), "environment variable NONE): it is not set, or empty"),
        (SecretRef::File(at("empty")), "it is empty"),
        (SecretRef::File(at("none")), "No such file"),
        (SecretRef::Credential("none".to_owned()), "No such file"),
        (SecretRef::Ssm("x".to_owned()), "AWS is not connected"),
    ] {
        let error = read(&resolver, &reference).expect_err("it is not there");
        assert!(error.contains(problem), "{error}");
    }
}

/// A file that is replaced is read anew at once; one that is gone for a moment leaves what was.
fn a_file_is_followed() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("password");
    std::fs::write(&path, "first").expect("writable");
    let secret = RotatingSecret::new(SecretRef::File(path.clone()), Arc::new(resolver(&[])));
    let now = Timestamp::UNIX_EPOCH;
    let get = || block_on(secret.get(now)).map(|secret| secret.expose_secret().to_owned());
    assert_eq!(get().expect("it is there"), "first");
    std::fs::write(folder.path().join("new"), "other").expect("writable");
    std::fs::rename(folder.path().join("new"), &path).expect("it is renamed");
    assert_eq!(get().expect("it is there"), "other");
    std::fs::remove_file(&path).expect("it is removed");
    assert_eq!(get().expect("what was read before"), "other");
    std::fs::write(&path, "third").expect("writable");
    assert_eq!(get().expect("it is there"), "third");
}

/// A Vault of a few answers; `asked` gets the head and the body of each request.
struct FakeVault {
    address: String,
    asked: Arc<std::sync::Mutex<Vec<String>>>,
}

impl FakeVault {
    #[expect(clippy::disallowed_methods, reason = "a server that ends with the test's process")]
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = format!("http://{}", listener.local_addr().expect("it is bound"));
        let asked: Arc<std::sync::Mutex<Vec<String>>> = Arc::default();
        let seen = asked.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let request = request(&stream);
                let (status, body) = answer(&request);
                seen.lock().expect("nobody panicked").push(request);
                let length = body.len();
                let head = format!("HTTP/1.1 {status} X\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
                let _ = (&stream).write_all(format!("{head}{body}").as_bytes());
            }
        });
        Self { address, asked }
    }

    fn calls(&self) -> Vec<String> {
        std::mem::take(&mut *self.asked.lock().expect("nobody panicked"))
    }
}

fn request(stream: &TcpStream) -> String {
    let mut reader = BufReader::new(stream);
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) <= 2 {
            break;
        }
        if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().expect("a number");
        }
        head.push_str(&line);
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).expect("the whole body");
    head + &String::from_utf8(body).expect("text")
}

fn answer(request: &str) -> (u16, &'static str) {
    let first = request.lines().next().unwrap_or_default();
    let lower = request.to_lowercase();
    if first.starts_with("POST /v1/auth/k8s/login ") {
        let right = request.contains("\"role\":\"driftd\"") && request.contains("\"jwt\":\"pod-token\"");
        return if right { (200, r#"{"auth": {"client_token": "hunter3"}}"#) } else { (400, "{}") };
    }
    if !lower.contains("x-vault-token: hunter3") {
        return (403, r#"{"errors": ["permission denied for hunter2"]}"#);
    }
    match first {
        "GET /v1/secret/data/driftd/db HTTP/1.1" => {
            (200, r#"{"data": {"data": {"url": "hunter2", "list": []}, "metadata": {"version": 3}}}"#)
        }
        "GET /v1/old/data/driftd/db HTTP/1.1" => (200, r#"{"data": {"url": "hunter2"}}"#),
        "GET /v1/secret/data/moved HTTP/1.1" => (307, ""),
        _ => (404, r#"{"errors": []}"#),
    }
}

fn a_vault() {
    let vault = FakeVault::start();
    let secret = |mount: &str, path: &str, key: &str, auth: VaultAuth| {
        let (mount, path, key) = (mount.to_owned(), path.to_owned(), key.to_owned());
        SecretRef::Vault(VaultRef { address: None, namespace: Some("platform".to_owned()), mount, path, key, auth })
    };
    let token = || VaultAuth::Token(Box::new(SecretRef::Env("VAULT_TOKEN".to_owned())));
    let resolver = resolver(&[("VAULT_ADDR", &vault.address), ("VAULT_TOKEN", "hunter3"), ("WRONG", "hunter4")]);
    assert_eq!(read(&resolver, &secret("secret", "driftd/db", "url", token())).expect("it is there"), "hunter2");
    assert!(vault.calls()[0].to_lowercase().contains("x-vault-namespace: platform"));

    let folder = tempfile::tempdir().expect("a folder");
    let token_file = folder.path().join("token");
    std::fs::write(&token_file, "pod-token\n").expect("writable");
    let pod = VaultAuth::Kubernetes { role: "driftd".to_owned(), mount: "k8s".to_owned(), token_file };
    assert_eq!(read(&resolver, &secret("secret", "driftd/db", "url", pod)).expect("it is there"), "hunter2");

    let wrong = VaultAuth::Token(Box::new(SecretRef::Env("WRONG".to_owned())));
    let none = VaultAuth::Token(Box::new(SecretRef::Env("NONE".to_owned())));
    for (reference, problem) in [
        (secret("secret", "driftd/db", "url", wrong), "Vault denies the read"),
        (secret("secret", "driftd/db", "url", none), "environment variable NONE: it is not set"),
        (secret("secret", "driftd/none", "url", token()), "Vault has no such secret"),
        (secret("secret", "driftd/db", "none", token()), "it has no key none"),
        (secret("secret", "driftd/db", "list", token()), "its key list is not a text"),
        (secret("old", "driftd/db", "url", token()), "is this version 2 of the store?"),
        (secret("secret", "moved", "url", token()), "Vault answers 307"),
    ] {
        let error = read(&resolver, &reference).expect_err("it cannot be read");
        assert!(error.contains(problem) && !error.contains("hunter"), "{error}");
    }
    let elsewhere = self::resolver(&[("VAULT_ADDR", "http://vault.example.com"), ("VAULT_TOKEN", "hunter3")]);
    let error = read(&elsewhere, &secret("secret", "driftd/db", "url", token())).expect_err("nothing is sent");
    assert!(error.contains("clear text"), "{error}");
}

/// What lies elsewhere is read again when it is five minutes old, and not before.
fn a_vault_is_asked_again_after_a_while() {
    let vault = FakeVault::start();
    let auth = VaultAuth::Token(Box::new(SecretRef::Env("VAULT_TOKEN".to_owned())));
    let (mount, path, key) = ("secret".to_owned(), "driftd/db".to_owned(), "url".to_owned());
    let reference = SecretRef::Vault(VaultRef { address: None, namespace: None, mount, path, key, auth });
    let resolver = resolver(&[("VAULT_ADDR", &vault.address), ("VAULT_TOKEN", "hunter3")]);
    let secret = RotatingSecret::new(reference, Arc::new(resolver));
    for (second, calls) in [(0, 1), (299, 0), (300, 1), (301, 0)] {
        block_on(secret.get(Timestamp::from_second(second).expect("a time"))).expect("it is there");
        assert_eq!(vault.calls().len(), calls, "{second}");
    }
}

/// One call of AWS's JSON protocol, as its own tools send it.
fn tell_moto(endpoint: &str, target: &str, body: &str) {
    let mut stream = TcpStream::connect(endpoint.trim_start_matches("http://")).expect("moto listens");
    let service = if target.starts_with("AmazonSSM") { "ssm" } else { "secretsmanager" };
    let signed = format!("AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/{service}/aws4_request, Signature=x");
    let length = body.len();
    write!(stream, "POST / HTTP/1.1\r\nHost: x\r\nX-Amz-Target: {target}\r\nAuthorization: {signed}\r\nContent-Type: application/x-amz-json-1.1\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}").expect("it is sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

fn aws(world: &support::World) {
    tell_moto(&world.moto, "secretsmanager.CreateSecret", r#"{"Name": "driftd/plain", "SecretString": "hunter2"}"#);
    let object = r#"{"Name": "driftd/object", "SecretString": "{\"url\": \"hunter2\"}"}"#;
    tell_moto(&world.moto, "secretsmanager.CreateSecret", object);
    let parameter = r#"{"Name": "/driftd/url", "Value": "hunter2", "Type": "SecureString"}"#;
    tell_moto(&world.moto, "AmazonSSM.PutParameter", parameter);
    let aws = block_on(Aws::connect(AwsOptions::default())).expect("moto answers");
    let resolver = Resolver::new(Environment::default(), Some(Arc::new(aws))).expect("an HTTP client");
    let secret =
        |id: &str, key: Option<&str>| SecretRef::AwsSecret { id: id.to_owned(), json_key: key.map(str::to_owned) };
    for reference in
        [secret("driftd/plain", None), secret("driftd/object", Some("url")), SecretRef::Ssm("/driftd/url".to_owned())]
    {
        assert_eq!(read(&resolver, &reference).expect("it is there"), "hunter2");
    }
    for (reference, problem) in [
        (secret("driftd/none", None), "ResourceNotFoundException"),
        (secret("driftd/plain", Some("url")), "it is not a JSON object"),
        (secret("driftd/object", Some("none")), "it has no key none"),
        (secret("arn:aws-cn:secretsmanager:cn-north-1:123456789012:secret:x", None), "another partition"),
        (SecretRef::Ssm("/driftd/none".to_owned()), "ParameterNotFound"),
    ] {
        let error = read(&resolver, &reference).expect_err("it cannot be read");
        assert!(error.contains(problem) && !error.contains("hunter"), "{error}");
    }
}

fn check_config(endpoint: &str, config: &Path, state_directory: &Path) -> (Option<i32>, String) {
    let done = std::process::Command::new(env!("CARGO_BIN_EXE_driftd"))
        .env_remove("DRIFTD_CONFIG")
        .env("AWS_ENDPOINT_URL", endpoint)
        .env("STATE_DIRECTORY", state_directory)
        .args(["--config", config.to_str().expect("UTF-8"), "check-config", "--online"])
        .output()
        .expect("driftd starts");
    (done.status.code(), String::from_utf8_lossy(&done.stdout).into_owned())
}

/// Each answer is a line, and one that is no ends with 78.
fn online(world: &support::World) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("driftd.yaml");
    let good = format!(
        "version: 1\nstates: [\"{}\"]\naws: {{accounts: [{{id: \"123456789012\", role_arn: \"arn:aws:iam::123456789012:role/driftd\"}}]}}\n",
        world.state.display()
    );
    std::fs::write(&file, &good).expect("writable");
    let endpoint = world.door(0).endpoint;
    let (code, said) = check_config(endpoint, &file, folder.path());
    assert_eq!(code, Some(0), "{said}");
    for line in [
        "ok: credentials of account 123456789012\n",
        "ok: role arn:aws:iam::123456789012:role/driftd\n",
        "ok: state ",
        "ok: folder of the store ",
    ] {
        assert!(said.contains(line), "{line} in {said}");
    }
    let bad = "version: 1\nstates: [none.tfstate, s3://no-such-bucket/x]\nstore: {url: {ssm: /driftd/url2}}\n";
    std::fs::write(&file, bad).expect("writable");
    let (code, said) = check_config(endpoint, &file, folder.path());
    assert_eq!(code, Some(78), "{said}");
    for line in ["failed: state none.tfstate: ", "failed: state s3://no-such-bucket/x: ", "ParameterNotFound"] {
        assert!(said.contains(line), "{line} in {said}");
    }
    let (code, said) = check_config(endpoint, Path::new("/dev/null"), folder.path());
    assert_eq!((code, said.as_str()), (Some(78), ""), "an empty file is a mistake before anything is asked");
    let nowhere = folder.path().join("nowhere");
    std::fs::write(&file, &good).expect("writable");
    let (code, said) = check_config(endpoint, &file, &nowhere);
    assert!(code == Some(78) && said.contains("it cannot be written to"), "{said}");
}

/// One test, since the environment is that of the process.
#[test]
fn every_place_where_a_secret_lies() {
    let world = support::World::recorded("shop", 1);
    support::point_aws_at(&world.moto);
    variables_files_and_credentials();
    a_file_is_followed();
    a_vault();
    a_vault_is_asked_again_after_a_while();
    aws(&world);
    online(&world);
}
