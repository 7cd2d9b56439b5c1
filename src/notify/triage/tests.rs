//! Models that answer well, badly, slowly, or not at all; what they are told, and what of their answers is shown.

use super::*;
use crate::diagnostic::Diagnostics;
use crate::notify::kit::{self, SECRET, Server};
use crate::wording::sample::EVIL_CHARACTERS;
use crate::wording::samples;

#[derive(serde::Deserialize)]
struct File {
    triage: config::RawTriage,
}

fn parsed(section: &str) -> (Option<TriageConfig>, String) {
    let mut diagnostics = Diagnostics::new("driftd.yaml");
    let File { triage } = serde_saphyr::from_str(&format!("triage: {section}\n")).unwrap();
    let config = triage.validate(&mut diagnostics);
    (config, diagnostics.into_sorted().iter().map(|one| format!("{one}\n")).collect())
}

fn openai(url: &str) -> TriageConfig {
    let key = Some(kit::secret(SECRET));
    let model = Model::OpenAi {
        url: super::super::config::Address::Plain(url.to_owned()),
        model: "small".to_owned(),
        api_key: key,
    };
    TriageConfig { model, show_values: true }
}

fn bedrock() -> TriageConfig {
    let model = "arn:aws:bedrock:eu-central-1:123456789012:inference-profile/eu.amazon.nova-micro-v1:0".to_owned();
    TriageConfig { model: Model::Bedrock { model, region: "eu-central-1".to_owned(), role: None }, show_values: true }
}

fn now() -> Timestamp {
    "2026-11-28T12:00:00Z".parse().unwrap()
}

const OPENAI: &str = r#"{"choices": [{"message": {"role": "assistant", "content": "**SSH** is open to the world. Look at who uses it."}}]}"#;
const BEDROCK: &str = r#"{"output": {"message": {"role": "assistant", "content": [{"reasoningContent": {}}, {"text": "SSH is open."}]}}, "stopReason": "end_turn"}"#;

#[test]
fn mistakes_are_found_at_their_places() {
    for good in [
        "{bedrock: {model: \"eu.amazon.nova-micro-v1:0\", region: eu-central-1}}",
        "{openai: {url: \"http://127.0.0.1:11434/v1\", model: small}, show_values: false}",
        "{openai: {url: {env: URL}, model: small, api_key: {file: key}}}",
        "{openai: {url: \"http://models.example.com\", model: m, allow_unencrypted: true}}",
    ] {
        let (config, said) = parsed(good);
        assert!(config.is_some() && said.is_empty(), "{good}: {said}");
    }
    for (bad, code) in [
        ("{bedrock: {model: m, region: eu-west-1}, openai: {url: \"https://x\", model: m}}", "config/not-one-of"),
        ("{bedrock: {model: \"\", region: eu-west-1}}", "config/empty-value"),
        ("{bedrock: {model: m, region: \"x/y\"}}", "config/not-a-region"),
        ("{openai: {url: nowhere, model: m}}", "config/not-a-url"),
        ("{openai: {url: \"http://models.example.com\", model: m}}", "config/unencrypted"),
        (
            "{openai: {url: \"http://models.example.com\", model: m, api_key: {env: KEY}, allow_unencrypted: true}}",
            "config/unencrypted",
        ),
        ("{openai: {url: \"https://x\", model: m, api_key: sk-123}}", "config/plain-secret"),
    ] {
        let (config, said) = parsed(bad);
        assert!(config.is_none() || ["config/plain-secret", "config/not-one-of"].contains(&code), "{bad}");
        assert!(said.contains(code) && !said.contains("sk-123"), "{bad}: {said}");
    }
    let (config, said) = parsed("{show_values: false}");
    assert!(config.is_none() && said.is_empty(), "nobody is asked: {said}");
    let (config, said) = parsed("{bedrock: {model: m, region: eu-west-1, role_arn: admin}}");
    assert!(config.is_some() && said.contains("config/not-a-role"), "{said}");
    assert_eq!(openai("https://x").secrets().len(), 1);
}

#[tokio::test]
async fn a_good_answer_is_a_note() {
    let server = Server::start().await;
    let tools = kit::aws::tools_at(&server.url).await;
    let item = &samples::message(1).items[0];
    server.answers(200, OPENAI);
    let model = Triage::open(&openai(&format!("{}/v1/", server.url)), &tools).await.unwrap();
    let told = model.note(item, now()).await;
    assert_eq!(told.as_deref(), Some("SSH is open to the world. Look at who uses it."));
    let request = server.requests().pop().unwrap();
    assert_eq!(request.path, "/v1/chat/completions");
    assert_eq!(request.header("authorization"), format!("Bearer {SECRET}"));
    let body = request.json();
    assert_eq!((&body["model"], &body["max_tokens"]), (&"small".into(), &150.into()));
    assert_eq!(body["messages"][1]["content"], prompt::facts(item, true));

    server.answers(200, BEDROCK);
    let model = Triage::open(&bedrock(), &tools).await.unwrap();
    assert_eq!(model.note(item, now()).await.as_deref(), Some("SSH is open."));
    let request = server.requests().pop().unwrap();
    let path = "/model/arn%3Aaws%3Abedrock%3Aeu-central-1%3A123456789012%3Ainference-profile%2Feu.amazon.nova-micro-v1%3A0/converse";
    assert_eq!(request.path, path);
    let headers: std::collections::BTreeMap<&str, &str> =
        request.headers.keys().map(|name| (name.as_str(), request.header(name.as_str()))).collect();
    let given = json!({
        "url": format!("{}{path}", server.url), "headers": headers, "body": String::from_utf8(request.body.to_vec()).unwrap(),
        "service": "bedrock", "region": "eu-central-1", "key": "AKIATEST", "secret": "hunter2", "token": null,
    });
    kit::aws::validate("signature", &given);
}

#[tokio::test]
async fn a_failure_costs_the_note_and_nothing_else() {
    let server = Server::start().await;
    let tools = kit::aws::tools_at(&server.url).await;
    let item = &samples::message(1).items[0];
    for config in [openai(&server.url), bedrock()] {
        let mut model = Triage::open(&config, &tools).await.unwrap();
        for status in [301, 400, 401, 403, 404, 429, 500, 503] {
            server.answers(status, OPENAI);
            assert_eq!(model.note(item, now()).await, None, "{status}");
        }
        for body in ["", "<html>", "[]", "{}", r#"{"choices": []}"#, r#"{"output": {"message": {"content": []}}}"#] {
            server.answers(200, body);
            assert_eq!(model.note(item, now()).await, None, "{body}");
        }
        server.answers(0, "");
        model.patience = Duration::from_millis(50);
        assert_eq!(model.note(item, now()).await, None, "silence");
        assert!(server.requests().len() > 10);
    }
    let without = Tools { aws: None, ..tools };
    assert!(Triage::open(&bedrock(), &without).await.is_err());
}

#[tokio::test]
async fn a_server_that_wants_the_newer_limit_gets_it() {
    let server = Server::start().await;
    server.answers(400, "{}");
    let model = Triage::open(&openai(&server.url), &kit::tools().await).await.unwrap();
    model.note(&samples::message(1).items[0], now()).await;
    let bodies: Vec<Value> = server.requests().iter().map(kit::Request::json).collect();
    assert_eq!(bodies.len(), 2);
    assert!(bodies[0]["max_tokens"].is_u64() && bodies[1]["max_completion_tokens"].is_u64());
    assert!(bodies[1]["max_tokens"].is_null());
}

#[test]
fn the_model_is_told_little() {
    for (name, message) in samples::messages() {
        for item in &message.items {
            let (all, paths) = (prompt::facts(item, true), prompt::facts(item, false));
            assert!(all.len() < 20_000 && !all.contains(EVIL_CHARACTERS), "{name}");
            for facts in [&all, &paths] {
                for personal in ["alice@example.com", "203.0.113.7", "111111111111/", "https://git.example.com"] {
                    assert!(!facts.contains(personal), "{name}: {personal}: {facts}");
                }
            }
        }
    }
    let item = &samples::message(1).items[0];
    assert!(prompt::facts(item, true).contains("0.0.0.0/0"));
    let paths = prompt::facts(item, false);
    assert!(!paths.contains("0.0.0.0/0") && paths.contains("/ingress"), "{paths}");
    let hostile = prompt::facts(&samples::hostile().items[0], true);
    assert!(serde_json::from_str::<Value>(&hostile).is_ok(), "one object, whatever a name is");
}

#[test]
fn an_answer_is_shown_plain_and_short() {
    for (answer, shown) in [
        ("  One.\n\nTwo. ", Some("One. Two.")),
        ("# Note\n- **open** to `all`\n> so\n```sh\nx\n```", Some("Note open to all so x")),
        ("See [this](https://evil.example)", None),
        ("Mail admin@evil.example", None),
        ("go to www.evil.example", None),
        ("log in at evil.example/x now", None),
        (
            "The rule (0.0.0.0/0) in modules/net.tf opens 22/tcp",
            Some("The rule (0.0.0.0/0) in modules/net.tf opens 22/tcp"),
        ),
        ("...", None),
        ("", None),
    ] {
        assert_eq!(prompt::cleaned(answer).as_deref(), shown, "{answer}");
    }
    assert!(!prompt::cleaned("a\u{1b}[31m b\u{202e}c").unwrap().contains(EVIL_CHARACTERS));
    let long = prompt::cleaned(&"This is a sentence of some length. ".repeat(20)).unwrap();
    assert!(long.chars().count() <= 300 && long.ends_with('.') && !long.ends_with(".."), "{long}");
    let words = prompt::cleaned(&"word ".repeat(200)).unwrap();
    assert!(words.chars().count() <= 300 && words.ends_with("word..."), "{words}");
    assert!(prompt::cleaned(&"ü".repeat(1000)).unwrap().chars().count() <= 300);
}
